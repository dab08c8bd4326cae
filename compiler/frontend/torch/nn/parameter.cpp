// nn.Parameter and nn.UninitializedParameter.
#include "compiler/frontend/torch/nn/parameter.h"

#include <unordered_set>

#include "compiler/frontend/torch/nn/families.h"
#include "compiler/frontend/torch/nn/operation.h"

namespace lathe::torch {
namespace {

/// False when an input of the graph stands behind `value`.
bool is_made_of_constants(const Graph& graph, ValueId value) {
  std::vector<ValueId> waiting{value};
  std::unordered_set<ValueId> seen;
  while (!waiting.empty()) {
    const ValueId at = waiting.back();
    waiting.pop_back();
    if (!at.valid() || !seen.insert(at).second) continue;
    const lathe::Value& row = graph.value(at);
    if (!row.producer.valid()) return false;
    const Node& node = graph.node(row.producer);
    waiting.insert(waiting.end(), node.operands.begin(), node.operands.end());
  }
  return true;
}

/// nn.Parameter(data, requires_grad): a tensor, not an instance.
Result<Value> make_parameter(NativeCall& call, Operation& operation) {
  Tracer& tracer = operation.tracer();
  if (call.is_none("data")) {
    return Value(tracer.add_parameter({ElementType::F32, {Dim(0)}}, {}, true, call.where));
  }
  LATHE_TRY(const TensorId data, operation.tensor(call.argument("data"), "`data`"));
  LATHE_TRY(const bool requires_grad, call.truth("requires_grad"));
  const ElementType element = tracer.type(data).element;
  if (requires_grad && !is_float(element)) {
    return call
        .error_at(call.place("data"), DiagnosticKind::ElementTypeMismatch, "RuntimeError",
                  fmt::format("nn.Parameter needs floating-point numbers to have gradients, `data` is {}",
                              torch_dtype_name(element)))
        .note("give requires_grad=False, or register it as a buffer")
        .emit();
  }
  if (tracer.is_parameter(data)) return Value(data);
  return Value(as_weights(call.evaluator, data, true, call.where));
}

Result<Value> make_uninitialized(NativeCall& call, Operation& operation) {
  return operation.unsupported(fmt::format("nn.{}; lazy layers of torch.nn are supported", call.row.name));
}

constexpr NativeFunctionRow kParameter[] = {
    {"__new__", "cls, data=None, requires_grad=True", tensor_function<make_parameter>}};
constexpr NativeFunctionRow kUninitialized[] = {
    {"__new__", "cls, *args, **kwargs", tensor_function<make_uninitialized>}};

constexpr NativeClassRow kClasses[] = {
    {"Parameter", "torch.Tensor", kParameter},
    {"UninitializedParameter", "torch.nn.Parameter", kUninitialized},
    {"UninitializedBuffer", "torch.Tensor", kUninitialized},
};

}  // namespace

TensorId as_weights(Evaluator& evaluator, TensorId tensor, bool is_parameter, LocationId where) {
  Tracer& tracer = tracer_of(evaluator);
  const TensorType type = tracer.type(tensor);
  if (!type.is_static() || tracer.is_parameter(tensor)) return tensor;
  if (const std::optional<Initialization> random = tracer.random_initialization(tensor)) {
    return tracer.add_parameter(type, *random, is_parameter, where);
  }
  const Result<ValueId> value = tracer.value(tensor);
  if (!value.ok() || !is_made_of_constants(tracer.module().graph, *value)) return tensor;
  return tracer.add_parameter(type, {.kind = Initialization::Kind::Computed, .bound = 0, .computed = *value},
                              is_parameter, where);
}

std::span<const NativeClassRow> parameter_classes() { return kClasses; }

}  // namespace lathe::torch
