// Tensors that depend on constants alone, computed while the program is traced: for item(), int(x), tolist().
#include <fmt/format.h>

#include "compiler/frontend/torch/tensor/operations.h"
#include "compiler/frontend/torch/tensor/tracer_internals.h"
#include "compiler/interp/graph_bindings.h"
#include "compiler/interp/graph_interpreter.h"
#include "compiler/interp/graph_node.h"

namespace lathe::torch {
namespace {

/// Most bytes of one tensor, and most nodes, that are computed for one question.
constexpr uint64_t kByteLimit = uint64_t{16} << 20;
constexpr size_t kNodeLimit = 20'000;

enum class Obstacle : uint8_t { Input, Weights, Size };

/// Computes values of a graph from constants and keeps them.
class ConstantEvaluation {
 public:
  using Cache = std::unordered_map<ValueId, std::shared_ptr<const HostTensor>>;
  ConstantEvaluation(const Module& module, Cache& cache) : module_(module), cache_(cache) {}

  std::shared_ptr<const HostTensor> value_of(ValueId wanted) {
    std::vector<ValueId> stack{wanted};
    while (!stack.empty()) {
      const ValueId at = stack.back();
      if (cache_.contains(at)) {
        stack.pop_back();
        continue;
      }
      const lathe::Value& value = module_.graph.value(at);
      if (!value.producer.valid()) return fail(Obstacle::Input);
      if (!fits(value.type)) return fail(Obstacle::Size);
      const Node& node = module_.graph.node(value.producer);
      if (const auto* structural = form<Structural>(*node.op)) {
        if (!run_structural(*structural, node)) return nullptr;
        continue;
      }
      const size_t before = stack.size();
      for (const ValueId operand : node.operands) {
        if (operand.valid() && !cache_.contains(operand)) stack.push_back(operand);
      }
      if (stack.size() != before) continue;
      if (++nodes_ > kNodeLimit || !run(value.producer)) return fail(Obstacle::Size);
    }
    return cache_.at(wanted);
  }

  [[nodiscard]] Obstacle obstacle() const { return obstacle_; }

 private:
  std::nullptr_t fail(Obstacle obstacle) {
    obstacle_ = obstacle;
    return nullptr;
  }

  static bool fits(const Type& type) {
    const TensorType* tensor = type.as_tensor();
    if (tensor == nullptr || !tensor->is_static()) return false;
    const Dim count = tensor->element_count();
    const auto bytes = count.is_constant() ? storage_bytes(tensor->element, count.constant()) : std::nullopt;
    return bytes && *bytes <= kByteLimit;
  }

  bool run_structural(const Structural& structural, const Node& node) {
    if (structural.kind == Structural::Kind::Constant) {
      const ConstantData& data = module_.constants[std::get<ConstantId>(node.attributes[0])];
      auto host = interp::to_host(data);
      if (!host) {
        fail(Obstacle::Weights);
        return false;
      }
      cache_[node.results[0]] = std::make_shared<const HostTensor>(*std::move(host));
      return true;
    }
    const bool of_shape = structural.kind == Structural::Kind::ShapeOf;
    if (!of_shape || !module_.graph.tensor(node.operands[0]).is_static()) {
      fail(of_shape ? Obstacle::Size : Obstacle::Input);
      return false;
    }
    std::vector<int64_t> sizes;
    for (const Dim& size : module_.graph.tensor(node.operands[0]).dims) sizes.push_back(size.constant());
    auto host = interp::to_host(constant_from_integers(module_.graph.tensor(node.results[0]), sizes));
    cache_[node.results[0]] = std::make_shared<const HostTensor>(*std::move(host));
    return true;
  }

  bool run(NodeId id) {
    const Node& node = module_.graph.node(id);
    Diagnostics ignored;
    const interp::SymbolBindings no_symbols(module_, ignored);
    std::vector<const HostTensor*> operands;
    for (const ValueId operand : node.operands) {
      operands.push_back(operand.valid() ? cache_.at(operand).get() : nullptr);
    }
    interp::NodeCall call{
        .op = node.op, .operands = operands, .location = node.location, .name = node.name, .byte_limit = kByteLimit};
    for (const Attribute& attribute : node.attributes) {
      auto concrete = no_symbols.concrete(attribute);
      if (!concrete) return false;
      call.attributes.push_back(*std::move(concrete));
    }
    Result<std::vector<HostTensor>> results = interp::run_node(call, ignored);
    if (!results) return false;
    for (size_t i = 0; i < results->size(); ++i) {
      cache_[node.results[i]] = std::make_shared<const HostTensor>(std::move((*results)[i]));
    }
    return true;
  }

  const Module& module_;
  Cache& cache_;
  size_t nodes_ = 0;
  Obstacle obstacle_ = Obstacle::Input;
};

std::string_view reason(Obstacle obstacle) {
  switch (obstacle) {
    case Obstacle::Input: return "its elements depend on the model's input";
    case Obstacle::Weights: return "its elements depend on weights, whose data is not there";
    case Obstacle::Size: return "its elements depend on sizes or on too much data";
  }
  return {};
}

}  // namespace

Result<ConstantData> Tracer::known(TensorId tensor, LocationId where) {
  LATHE_TRY(const ValueId wanted, value(tensor));
  ConstantEvaluation evaluation(module(), internals_->known);
  const std::shared_ptr<const HostTensor> host = evaluation.value_of(wanted);
  if (host == nullptr) {
    return evaluator()
        .error(where, DiagnosticKind::UndecidedBranch, "RuntimeError",
               "the numbers in a tensor {} are wanted here, but {}", shape_text(tensor), reason(evaluation.obstacle()))
        .note("Python code is executed when the model is compiled; a tensor's elements are only known when it runs")
        .emit();
  }
  return interp::to_constant(HostTensor(*host));
}

Result<std::optional<ConstantData>> Tracer::known_if_constant(TensorId tensor) {
  LATHE_TRY(const ValueId wanted, value(tensor));
  const std::shared_ptr<const HostTensor> host = ConstantEvaluation(module(), internals_->known).value_of(wanted);
  if (host == nullptr) return std::optional<ConstantData>();
  return std::optional(interp::to_constant(HostTensor(*host)));
}

Result<Value> Tracer::element(Evaluator& evaluator, TensorId tensor) {
  const LocationId where = here();
  const Dim count = type(tensor).element_count();
  if (module().symbols.prove_eq(count, 1) == Answer::No) {
    return evaluator
        .error(where, DiagnosticKind::BadArgument, "RuntimeError",
               "a single number or truth value is wanted here, the tensor {} has {} elements", shape_text(tensor),
               count.python_text())
        .emit();
  }
  LATHE_TRY(const ValueId graph_value, value(tensor));
  const lathe::Value& row = module().graph.value(graph_value);
  const bool integer = is_integer(this->element(tensor));
  if (integer && row.known && row.known->size() == 1 && row.known->front().valid()) return Value(row.known->front());
  LATHE_TRY(const ConstantData data, known(tensor, where));
  if (is_float(data.type.element)) return Value(element_as_double(data, 0));
  if (data.type.element == ElementType::Boolean) return Value(element_as_integer(data, 0) != 0);
  return Value(Dim(element_as_integer(data, 0)));
}

}  // namespace lathe::torch
