// Writing kernels statement by statement.
#include "ir/kernel/builder.h"

#include <algorithm>

#include <fmt/format.h>

#include "ir/base/result.h"

namespace lathe::kernel {

KernelBuilder::KernelBuilder(std::string name, LocationId where) : where_(where) {
  kernel_.name = std::move(name);
  kernel_.where = where;
  open_.emplace_back();
}

Dim KernelBuilder::size(std::string_view name, const Dim& lower, const Dim& upper) {
  if (kernel_.sizes.find(name) == nullptr) kernel_.sizes.declare(name, lower, upper);
  return Dim::symbol(name);
}

BufferId KernelBuilder::buffer(Buffer buffer) {
  for (const Buffer& other : kernel_.buffers) LATHE_CHECK(other.name != buffer.name);
  buffer.alignment = std::max(buffer.alignment, std::max(info(buffer.element).bits / 8, 1u));
  return kernel_.buffers.push_back(std::move(buffer));
}

std::string KernelBuilder::unique_variable(std::string_view name) {
  std::string unique = fmt::format("%{}", name);
  for (int i = 1; std::find(variables_.begin(), variables_.end(), unique) != variables_.end(); ++i) {
    unique = fmt::format("%{}.{}", name, i);
  }
  variables_.push_back(unique);
  return unique;
}

StatementId KernelBuilder::append(StatementKind kind) {
  const StatementId id = kernel_.statements.push_back({std::move(kind), where_});
  open_.back().statements.push_back(id);
  return id;
}

Dim KernelBuilder::open_for(const ForOptions& options) {
  std::vector<ValueId> arguments;
  return open_for(options, {}, arguments);
}

Dim KernelBuilder::open_for(const ForOptions& options, std::span<const ValueId> initial,
                            std::vector<ValueId>& arguments) {
  LATHE_CHECK(options.kind != LoopKind::Parallel || initial.empty());
  ForStatement loop{.variable = unique_variable(options.name),
                    .begin = options.begin,
                    .end = options.end,
                    .step = options.step,
                    .kind = options.kind,
                    .grain = options.grain,
                    .carried = {},
                    .body = {}};
  arguments.clear();
  for (const ValueId value : initial) {
    arguments.push_back(kernel_.values.push_back(type(value)));
    loop.carried.push_back({.argument = arguments.back(), .initial = value, .yielded = {}, .result = {}});
  }
  const std::string variable = loop.variable;
  const StatementId id = append(std::move(loop));
  open_.push_back({.owner = id, .in_else = false, .statements = {}});
  return Dim::symbol(variable);
}

std::vector<ValueId> KernelBuilder::close_for(std::span<const ValueId> yielded) {
  LATHE_CHECK(open_.size() > 1);
  auto* loop = std::get_if<ForStatement>(&kernel_.statements[open_.back().owner].kind);
  LATHE_CHECK(loop != nullptr && loop->carried.size() == yielded.size());
  std::vector<ValueId> results;
  for (size_t i = 0; i < yielded.size(); ++i) {
    LATHE_CHECK(type(yielded[i]) == type(loop->carried[i].argument));
    loop->carried[i].yielded = yielded[i];
    loop->carried[i].result = kernel_.values.push_back(type(yielded[i]));
    results.push_back(loop->carried[i].result);
  }
  loop->body = std::move(open_.back().statements);
  open_.pop_back();
  return results;
}

void KernelBuilder::open_if(std::vector<Condition> conditions) {
  const StatementId id = append(IfStatement{.conditions = std::move(conditions), .then_block = {}, .else_block = {}});
  open_.push_back({.owner = id, .in_else = false, .statements = {}});
}

void KernelBuilder::open_else() {
  OpenBlock& block = open_.back();
  LATHE_CHECK(block.owner.valid() && !block.in_else);
  auto* branch = std::get_if<IfStatement>(&kernel_.statements[block.owner].kind);
  LATHE_CHECK(branch != nullptr);
  branch->then_block = std::move(block.statements);
  block.statements.clear();
  block.in_else = true;
}

void KernelBuilder::close_if() {
  OpenBlock& block = open_.back();
  LATHE_CHECK(block.owner.valid());
  auto* branch = std::get_if<IfStatement>(&kernel_.statements[block.owner].kind);
  LATHE_CHECK(branch != nullptr);
  (block.in_else ? branch->else_block : branch->then_block) = std::move(block.statements);
  open_.pop_back();
}

ValueId KernelBuilder::let(ValueType type, Operation operation) {
  const ValueId result = kernel_.values.push_back(type);
  append(LetStatement{.result = result, .operation = std::move(operation)});
  return result;
}

ValueId KernelBuilder::constant(ElementType element, double value, uint32_t lanes) {
  return constant(ScalarValue::of(element, value), lanes);
}

ValueId KernelBuilder::constant(const ScalarValue& value, uint32_t lanes) {
  return let({value.type, lanes}, ConstantOperation{value});
}

ValueId KernelBuilder::constant_like(ValueId like, double value) {
  return constant(type(like).element, value, type(like).lanes);
}

ValueId KernelBuilder::load(BufferId buffer, const Dim& index, const LoadOptions& options) {
  const ElementType element = kernel_.buffers[buffer].element;
  return let({element, options.lanes}, LoadOperation{.buffer = buffer,
                                                     .index = index,
                                                     .lane_stride = options.lane_stride,
                                                     .active = options.active,
                                                     .fill = ScalarValue::of(element, options.fill)});
}

void KernelBuilder::store(BufferId buffer, const Dim& index, ValueId value, const StoreOptions& options) {
  LATHE_CHECK(kernel_.buffers[buffer].element == type(value).element);
  append(StoreStatement{
      .buffer = buffer, .index = index, .value = value, .lane_stride = options.lane_stride, .active = options.active});
}

ValueId KernelBuilder::broadcast(ValueId value, uint32_t lanes) {
  if (type(value).lanes == lanes) return value;
  LATHE_CHECK(type(value).lanes == 1);
  return let({type(value).element, lanes}, BroadcastOperation{value});
}

ValueId KernelBuilder::reduce(ReduceKind kind, ValueId value) {
  return let({type(value).element, 1}, ReduceOperation{kind, value});
}

ValueId KernelBuilder::index(ElementType element, const Dim& index, uint32_t lanes, const Dim& lane_stride) {
  return let({element, lanes}, IndexOperation{index, lane_stride});
}

ValueId KernelBuilder::shuffle(ValueId first, ValueId second, std::vector<uint32_t> lanes) {
  LATHE_CHECK(type(first) == type(second));
  const ValueType result{type(first).element, static_cast<uint32_t>(lanes.size())};
  return let(result, ShuffleOperation{first, second, std::move(lanes)});
}

Dim KernelBuilder::bind(std::string_view name, ValueId value, const Dim& lower, const Dim& upper, BindMode mode) {
  LATHE_CHECK(type(value).lanes == 1 && is_integer(type(value).element));
  const std::string symbol = unique_variable(name);
  append(BindStatement{.symbol = symbol, .value = value, .lower = lower, .upper = upper, .mode = mode});
  return Dim::symbol(symbol);
}

ValueId KernelBuilder::apply(ScalarOp op, std::span<const ValueId> operands) {
  LATHE_CHECK(!operands.empty() && operands.size() == info(op).arity && info(op).result != ScalarResult::Declared);
  std::array<ElementType, 3> types{};
  ScalarOperation operation{.op = op};
  const uint32_t lanes = type(operands[0]).lanes;
  for (size_t i = 0; i < operands.size(); ++i) {
    LATHE_CHECK(type(operands[i]).lanes == lanes);
    types[i] = type(operands[i]).element;
    operation.operands[i] = operands[i];
  }
  const auto result = result_type(op, std::span(types).first(operands.size()), ElementType::F32);
  LATHE_CHECK(result.has_value());
  return let({*result, lanes}, operation);
}

ValueId KernelBuilder::cast(ValueId a, ElementType element) {
  if (type(a).element == element) return a;
  return let({element, type(a).lanes}, ScalarOperation{.op = ScalarOp::Cast, .operands = {a}});
}

ValueId KernelBuilder::bitcast(ValueId a, ElementType element) {
  if (type(a).element == element) return a;
  LATHE_CHECK(info(type(a).element).bits == info(element).bits);
  return let({element, type(a).lanes}, ScalarOperation{.op = ScalarOp::Bitcast, .operands = {a}});
}

ValueId KernelBuilder::evaluate(const ScalarExpression& expression, std::span<const ValueId> arguments,
                                uint32_t lanes) {
  std::vector<ValueId> values;
  values.reserve(expression.nodes.size());
  for (const ScalarNode& node : expression.nodes) {
    if (node.op == ScalarOp::Argument) {
      const ValueId argument = arguments[node.argument];
      LATHE_CHECK(type(argument) == (ValueType{node.type, lanes}));
      values.push_back(argument);
      continue;
    }
    if (node.op == ScalarOp::Constant) {
      values.push_back(constant(node.immediate, lanes));
      continue;
    }
    ScalarOperation operation{.op = node.op};
    for (size_t i = 0; i < info(node.op).arity; ++i) operation.operands[i] = values[node.operands[i].index];
    values.push_back(let({node.type, lanes}, operation));
  }
  return values[expression.result.index];
}

namespace {

/// Moves parameters before locals and renames the buffers that accesses mention.
void order_buffers(Kernel& kernel) {
  std::vector<BufferId> moved(kernel.buffers.size());
  IdVector<BufferId, Buffer> ordered;
  for (const bool local : {false, true}) {
    for (uint32_t i = 0; i < kernel.buffers.size(); ++i) {
      const Buffer& buffer = kernel.buffers[BufferId(i)];
      if ((buffer.access == Access::Local) == local) moved[i] = ordered.push_back(buffer);
    }
  }
  kernel.buffers = std::move(ordered);
  for (Statement& statement : kernel.statements) {
    if (auto* store = std::get_if<StoreStatement>(&statement.kind)) store->buffer = moved[store->buffer.index];
    auto* let = std::get_if<LetStatement>(&statement.kind);
    auto* load = let != nullptr ? std::get_if<LoadOperation>(&let->operation) : nullptr;
    if (load != nullptr) load->buffer = moved[load->buffer.index];
  }
}

}  // namespace

Kernel KernelBuilder::finish() && {
  LATHE_CHECK(open_.size() == 1);
  kernel_.body = std::move(open_.back().statements);
  order_buffers(kernel_);
  return std::move(kernel_);
}

}  // namespace lathe::kernel
