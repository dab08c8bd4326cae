// Attributes of tensors that are no methods.
#include "compiler/frontend/torch/tensor/tensor_attributes.h"

#include <algorithm>
#include <iterator>

#include "compiler/frontend/torch/tensor/operations.h"

namespace lathe::torch {
namespace {

using Property = Result<Value> (*)(Tracer&, TensorId);
struct PropertyRow {
  std::string_view name;
  Property get;
};

Result<Value> wrap(Result<TensorId> tensor) {
  if (!tensor) return Failure{};
  return Value(*tensor);
}

Result<Value> always_none(Tracer&, TensorId) { return Value(NoneValue{}); }
Result<Value> always_false(Tracer&, TensorId) { return Value(false); }
Result<Value> always_true(Tracer&, TensorId) { return Value(true); }
Result<Value> device(Tracer& tracer, TensorId) { return cpu_device(tracer.evaluator()); }
Result<Value> dtype(Tracer& tracer, TensorId x) { return tracer.dtype_value(tracer.element(x)); }
Result<Value> alias(Tracer& tracer, TensorId x) { return Value(tracer.add_alias(x)); }
Result<Value> itself(Tracer&, TensorId x) { return Value(x); }
Result<Value> rank(Tracer& tracer, TensorId x) { return integer(tracer.rank(x)); }
Result<Value> requires_grad(Tracer& tracer, TensorId x) { return Value(tracer.is_parameter(x)); }
Result<Value> shape(Tracer& tracer, TensorId x) { return tracer.size_value(tracer.dims(x)); }

Result<Value> item_size(Tracer& tracer, TensorId x) { return integer(info(tracer.element(x)).bits / 8); }
Result<Value> byte_count(Tracer& tracer, TensorId x) {
  return Value(tracer.type(x).element_count() * Dim(info(tracer.element(x)).bits / 8));
}

Result<Value> reversed_axes(Tracer& tracer, TensorId x) {
  std::vector<int64_t> permutation;
  for (int axis = tracer.rank(x); axis-- > 0;) permutation.push_back(axis);
  return wrap(permute_operation(tracer, x, permutation));
}

Result<Value> matrix_transpose(Tracer& tracer, TensorId x) {
  if (tracer.rank(x) >= 2) return wrap(transpose_operation(tracer, x, -2, -1));
  return tensor_error(tracer, DiagnosticKind::RankMismatch, "RuntimeError",
                      "`.mT` needs at least two axes, the tensor is " + tracer.shape_text(x))
      .emit();
}

constexpr PropertyRow kProperties[] = {
    {"H", matrix_transpose},
    {"T", reversed_axes},
    {"data", alias},
    {"device", device},
    {"dtype", dtype},
    {"grad", always_none},
    {"grad_fn", always_none},
    {"is_cpu", always_true},
    {"is_cuda", always_false},
    {"is_leaf", always_true},
    {"is_meta", always_false},
    {"is_mkldnn", always_false},
    {"is_mps", always_false},
    {"is_nested", always_false},
    {"is_quantized", always_false},
    {"is_sparse", always_false},
    {"itemsize", item_size},
    {"layout", always_none},
    {"mH", matrix_transpose},
    {"mT", matrix_transpose},
    {"nbytes", byte_count},
    {"ndim", rank},
    {"real", itself},
    {"requires_grad", requires_grad},
    {"shape", shape},
};

}  // namespace

std::optional<Result<Value>> tensor_property(Tracer& tracer, TensorId tensor, std::string_view name) {
  const auto* row = std::find_if(std::begin(kProperties), std::end(kProperties),
                                 [&](const PropertyRow& property) { return property.name == name; });
  if (row == std::end(kProperties)) return std::nullopt;
  return row->get(tracer, tensor);
}

}  // namespace lathe::torch
