// Putting expansions into the blocks of a kernel.
#include "compiler/lower/expand_math.h"

#include <map>

namespace lathe::lower {
namespace {

using kernel::Block;
using kernel::Kernel;
using kernel::LetStatement;
using kernel::ScalarOperation;
using kernel::StatementId;
using kernel::ValueType;
using KernelValue = kernel::ValueId;

class Expander {
 public:
  explicit Expander(Kernel kernel) : kernel_(std::move(kernel)) {}

  Kernel run() && {
    const size_t count = kernel_.statements.size();
    for (size_t i = 0; i < count; ++i) {
      const StatementId id(i);
      if (const auto* loop = std::get_if<kernel::ForStatement>(&kernel_.statements[id].kind)) {
        Block body = rewritten(loop->body);
        std::get<kernel::ForStatement>(kernel_.statements[id].kind).body = std::move(body);
      } else if (const auto* branch = std::get_if<kernel::IfStatement>(&kernel_.statements[id].kind)) {
        Block then_block = rewritten(branch->then_block);
        Block else_block = rewritten(std::get<kernel::IfStatement>(kernel_.statements[id].kind).else_block);
        auto& changed = std::get<kernel::IfStatement>(kernel_.statements[id].kind);
        changed.then_block = std::move(then_block);
        changed.else_block = std::move(else_block);
      }
    }
    kernel_.body = rewritten(kernel_.body);
    return std::move(kernel_);
  }

 private:
  // By value: the table that holds the block grows meanwhile.
  Block rewritten(Block block) {
    Block result;
    for (StatementId id : block) {
      if (!expand(id, result)) result.push_back(id);
    }
    return result;
  }

  bool expand(StatementId id, Block& block) {
    const auto* let = std::get_if<LetStatement>(&kernel_.statements[id].kind);
    if (let == nullptr) return false;
    const auto* scalar = std::get_if<ScalarOperation>(&let->operation);
    if (scalar == nullptr || info(scalar->op).exactness != Exactness::Approximate) return false;
    const KernelValue result = let->result;
    const ScalarOperation operation = *scalar;
    const ValueType type = kernel_.values[result];
    if (!is_float(type.element) || type.element == ElementType::F64) return false;
    const ScalarExpression* expansion = find(operation.op);
    if (expansion == nullptr) return false;
    where_ = kernel_.statements[id].where;
    write(*expansion, operation, type, result, block);
    return true;
  }

  const ScalarExpression* find(ScalarOp op) {
    auto found = expansions_.find(op);
    if (found == expansions_.end()) found = expansions_.emplace(op, math_expansion(op)).first;
    return found->second ? &*found->second : nullptr;
  }

  void let(KernelValue result, kernel::Operation operation, Block& block) {
    block.push_back(kernel_.statements.push_back({LetStatement{result, std::move(operation)}, where_}));
  }

  KernelValue value(ElementType element, uint32_t lanes) { return kernel_.values.push_back({element, lanes}); }

  KernelValue cast(KernelValue from, ElementType element, Block& block) {
    const ValueType type = kernel_.values[from];
    if (type.element == element) return from;
    const KernelValue to = value(element, type.lanes);
    let(to, ScalarOperation{ScalarOp::Cast, {from}}, block);
    return to;
  }

  void write(const ScalarExpression& expansion, const ScalarOperation& operation, ValueType type, KernelValue result,
             Block& block) {
    std::vector<KernelValue> values(expansion.nodes.size());
    const bool narrow = type.element != ElementType::F32;
    for (size_t i = 0; i < expansion.nodes.size(); ++i) {
      const ScalarId id(i);
      const ScalarNode& node = expansion.nodes[id];
      if (node.op == ScalarOp::Argument) {
        values[i] = cast(operation.operands[node.argument], ElementType::F32, block);
        continue;
      }
      values[i] = id == expansion.result && !narrow ? result : value(node.type, type.lanes);
      if (node.op == ScalarOp::Constant) {
        let(values[i], kernel::ConstantOperation{node.immediate}, block);
        continue;
      }
      ScalarOperation each{node.op, {}};
      for (size_t k = 0; k < info(node.op).arity; ++k) each.operands[k] = values[node.operands[k].index];
      let(values[i], each, block);
    }
    if (narrow) let(result, ScalarOperation{ScalarOp::Cast, {values[expansion.result.index]}}, block);
  }

  Kernel kernel_;
  std::map<ScalarOp, std::optional<ScalarExpression>> expansions_;
  LocationId where_;
};

}  // namespace

Kernel expand_math(const Kernel& kernel) { return Expander(kernel).run(); }

}  // namespace lathe::lower
