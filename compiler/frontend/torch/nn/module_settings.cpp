// The methods of nn.Module that change modes, places and dtypes. Lathe compiles for one place; training mode matters.
#include "compiler/frontend/torch/nn/families.h"
#include "compiler/frontend/torch/nn/layer.h"

namespace lathe::torch {
namespace {

Result<Value> train(NativeCall& call) {
  LATHE_TRY(const ObjectId self, self_of(call));
  LATHE_TRY(const bool mode, call.truth("mode"));
  LATHE_TRY_VOID(set_training(call.evaluator, self, mode));
  return Value(self);
}

Result<Value> eval(NativeCall& call) {
  LATHE_TRY(const ObjectId self, self_of(call));
  LATHE_TRY_VOID(set_training(call.evaluator, self, false));
  return Value(self);
}

Result<Value> itself(NativeCall& call) {
  LATHE_TRY(const ObjectId self, self_of(call));
  return Value(self);
}

Result<Value> nothing(NativeCall&) { return Value(NoneValue{}); }

/// Keeps parameters as they are, and says so when they would change.
Result<Value> keep_dtype(NativeCall& call, ElementType wanted) {
  LATHE_TRY(const ObjectId self, self_of(call));
  LATHE_TRY(const std::vector<StateEntry> all, state_entries(call.evaluator, self));
  for (const StateEntry& entry : all) {
    const ElementType element = tracer_of(call.evaluator).type(entry.tensor).element;
    if (!is_float(element) || element == wanted) continue;
    call.evaluator.unsupported(call.where, fmt::format("a change of parameters from {} to {}",
                                                       torch_dtype_name(element), torch_dtype_name(wanted)));
    break;
  }
  return Value(self);
}

Result<Value> to_float(NativeCall& call) { return keep_dtype(call, ElementType::F32); }
Result<Value> to_double(NativeCall& call) { return keep_dtype(call, ElementType::F64); }
Result<Value> to_half(NativeCall& call) { return keep_dtype(call, ElementType::F16); }
Result<Value> to_bfloat16(NativeCall& call) { return keep_dtype(call, ElementType::BF16); }

/// to(device), to(dtype), to(device, dtype), to(other)
Result<Value> to(NativeCall& call) {
  std::vector<Value> candidates{call.argument("dtype")};
  if (const auto* items = call.evaluator.heap().as<TupleObject>(call.argument("args"))) {
    candidates.insert(candidates.end(), items->items.begin(), items->items.end());
  }
  for (const Value& candidate : candidates) {
    const std::optional<ElementType> element = tracer_of(call.evaluator).dtype(candidate);
    if (element && is_float(*element)) return keep_dtype(call, *element);
  }
  return itself(call);
}

Result<Value> type(NativeCall& call) {
  const std::optional<ElementType> element = tracer_of(call.evaluator).dtype(call.argument("dst_type"));
  return element ? keep_dtype(call, *element) : itself(call);
}

/// Weights come from a file that is given to Lathe, so what a program loads is not read.
Result<Value> load_state_dict(NativeCall& call) {
  LATHE_TRY_VOID(self_of(call));
  return Value(NoneValue{});
}

Result<Value> hook(NativeCall& call) {
  return call.evaluator.unsupported(call.where, fmt::format("hooks (`{}`)", call.row.name));
}

constexpr NativeFunctionRow kMethods[] = {
    {"train", "self, mode=True", train},
    {"eval", "self", eval},
    {"requires_grad_", "self, requires_grad=True", itself},
    {"to", "self, *args, device=None, dtype=None, non_blocking=False, memory_format=None", to},
    {"cuda", "self, device=None", itself},
    {"cpu", "self", itself},
    {"xpu", "self, device=None", itself},
    {"ipu", "self, device=None", itself},
    {"to_empty", "self, *, device=None, recurse=True", itself},
    {"float", "self", to_float},
    {"double", "self", to_double},
    {"half", "self", to_half},
    {"bfloat16", "self", to_bfloat16},
    {"type", "self, dst_type", type},
    {"zero_grad", "self, set_to_none=True", nothing},
    {"share_memory", "self", itself},
    {"compile", "self, *args, **kwargs", nothing},
    {"load_state_dict", "self, state_dict, strict=True, assign=False", load_state_dict},
    {"register_forward_hook", "self, *args, **kwargs", hook},
    {"register_forward_pre_hook", "self, *args, **kwargs", hook},
    {"register_full_backward_hook", "self, *args, **kwargs", hook},
    {"register_backward_hook", "self, *args, **kwargs", hook},
    {"register_state_dict_pre_hook", "self, *args, **kwargs", hook},
    {"register_load_state_dict_post_hook", "self, *args, **kwargs", hook},
    {"_register_load_state_dict_pre_hook", "self, *args, **kwargs", hook},
    {"_register_state_dict_hook", "self, *args, **kwargs", hook},
};

}  // namespace

std::span<const NativeFunctionRow> module_setting_methods() { return kMethods; }

}  // namespace lathe::torch
