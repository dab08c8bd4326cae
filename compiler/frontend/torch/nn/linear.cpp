// Linear, Bilinear and Identity.
#include <cmath>

#include "compiler/frontend/torch/nn/compute.h"
#include "compiler/frontend/torch/nn/families.h"
#include "compiler/frontend/torch/nn/layer.h"
#include "compiler/frontend/torch/nn/state.h"
#include "compiler/frontend/torch/tensor/operations.h"

namespace lathe::torch {
namespace {

/// "8*12*12"
std::string factors_text(const Shape& dims, size_t first) {
  std::string text;
  for (size_t axis = first; axis < dims.size(); ++axis) {
    if (!text.empty()) text += "*";
    const std::string factor = dims[axis].python_text();
    text += dims[axis].is_constant() || dims[axis].as_symbol() != nullptr ? factor : "(" + factor + ")";
  }
  return text;
}

Dim product_from(const Shape& dims, size_t first) {
  Dim result = 1;
  for (size_t axis = first; axis < dims.size(); ++axis) result *= dims[axis];
  return result;
}

/// "432 = 12 * 6 * 6" for a number that is known to be a product; else the number.
std::string with_factors(const Operation& operation, const Dim& dim) {
  const OriginTable& origins = operation.tracer().module().origins;
  const std::string number = dim.python_text();
  for (OriginId id = dim.origin(); id.valid();) {
    const Origin& origin = origins[id];
    if (origin.rule == OriginRule::Product) {
      std::string text;
      size_t count = 0;
      for (const Dim& factor : origin.parents) {
        if (factor.is_constant(1)) continue;
        text += fmt::format("{}{}", count++ == 0 ? "" : " * ", factor.python_text());
      }
      return count > 1 ? fmt::format("{} = {}", number, text) : number;
    }
    if (origin.rule != OriginRule::Copied || origin.parents.empty()) break;
    id = origin.parents[0].origin();
  }
  return number;
}

/// Linear's number of features, with what may have been forgotten.
Status require_features(const Operation& operation, ValueId x, const Dim& wanted) {
  const Shape dims = operation.dims(x);
  const Dim& have = dims.back();
  const bool is_map = dims.size() > 2;
  const std::string message =
      fmt::format("{} wants {}{}, its input has {}: {}", operation.name(), counted(wanted, "feature"),
                  is_map ? " on the last axis" : "", with_factors(operation, have), python_shape(dims));
  const SymbolTable& symbols = operation.symbols();
  if (symbols.prove_eq(have, wanted) != Answer::No) {
    return operation.require_equal(DiagnosticKind::FeatureMismatch, "RuntimeError", have, wanted, message);
  }
  auto fault = operation.error(DiagnosticKind::FeatureMismatch, "RuntimeError", "{}", message);
  operation.note_sizes(have, wanted);
  const size_t rank = dims.size();
  if (rank > 2 && symbols.prove_eq(product_from(dims, 1), wanted) == Answer::Yes) {
    return std::move(fault)
        .note(fmt::format("flattened from axis 1 on it has {} = {} features, which is what the {} wants",
                          factors_text(dims, 1), wanted.python_text(), operation.name()))
        .emit();
  }
  if (rank > 1 && symbols.prove_eq(product_from(dims, 0), wanted) == Answer::Yes) {
    return std::move(fault)
        .note(fmt::format("all of it has {} = {} features: a batch axis may be missing", factors_text(dims, 0),
                          wanted.python_text()))
        .emit();
  }
  for (size_t axis = 0; axis + 1 < rank; ++axis) {
    if (rank > 2 && axis > 0 && symbols.prove_eq(dims[axis], wanted) == Answer::Yes) {
      return std::move(fault)
          .note(fmt::format("axis {} has {} elements: it must be moved to the end first", axis, wanted.python_text()))
          .emit();
    }
  }
  const OriginTable& origins = operation.tracer().module().origins;
  if (rank > 3 && product_from(dims, 1).is_constant()) {
    // A feature map: a flatten is missing, and would not be enough.
    return std::move(fault)
        .note(fmt::format("flattened from axis 1 on it has {} = {} features, still not {}", factors_text(dims, 1),
                          product_from(dims, 1).python_text(), wanted.python_text()))
        .explain(origins, have)
        .explain(origins, wanted)
        .emit();
  }
  return std::move(fault).explain(origins, have).explain(origins, wanted).emit();
}

// -------------------------------------------------------------------------------------------------------------- layers

Status make_linear(LayerBuilder& layer) {
  LATHE_TRY(const int64_t in, layer.size("in_features"));
  LATHE_TRY(const int64_t out, layer.size("out_features"));
  LATHE_TRY(const bool bias, layer.flag("bias"));
  layer.keep({"in_features", "out_features"});
  const ElementType element = layer.element();
  LATHE_TRY_VOID(layer.parameter("weight", {out, in}, fan_in_uniform(in), element));
  if (bias) return layer.parameter("bias", {out}, fan_in_uniform(in), element);
  layer.absent_parameter("bias");
  return {};
}

Result<Value> run_linear(LayerCall& layer) {
  LATHE_TRY(TensorId input, layer.input_tensor());
  if (module_state(layer.evaluator()).flattened == layer.self()) {
    LATHE_TRY(input, flatten_operation(layer.tracer(), input, 1, -1));
  }
  LATHE_TRY(const ValueId x, layer.tracer().value(input));
  LATHE_TRY(const ValueId weight, layer.parameter("weight"));
  LATHE_TRY(const ValueId bias, layer.parameter("bias"));
  return layer.result(linear(layer, x, weight, bias));
}

Result<std::string> linear_text(LayerCall& layer) {
  LATHE_TRY(const int64_t in, layer.integer("in_features"));
  LATHE_TRY(const int64_t out, layer.integer("out_features"));
  LATHE_TRY(const bool no_bias, layer.is_none("bias"));
  return fmt::format("in_features={}, out_features={}, bias={}", in, out, no_bias ? "False" : "True");
}

Status make_bilinear(LayerBuilder& layer) {
  LATHE_TRY(const int64_t first, layer.size("in1_features", 1));
  LATHE_TRY(const int64_t second, layer.size("in2_features", 1));
  LATHE_TRY(const int64_t out, layer.size("out_features"));
  LATHE_TRY(const bool bias, layer.flag("bias"));
  layer.keep({"in1_features", "in2_features", "out_features"});
  const Initialization initialization = fan_in_uniform(first);
  LATHE_TRY_VOID(layer.parameter("weight", {out, first, second}, initialization, layer.element()));
  if (bias) return layer.parameter("bias", {out}, initialization, layer.element());
  layer.absent_parameter("bias");
  return {};
}

Result<Value> run_bilinear(LayerCall& layer) {
  LATHE_TRY(const ValueId first, layer.input("input1"));
  LATHE_TRY(const ValueId second, layer.input("input2"));
  LATHE_TRY(const ValueId weight, layer.parameter("weight"));
  LATHE_TRY(const ValueId bias, layer.parameter("bias"));
  return layer.result(bilinear(layer, first, second, weight, bias));
}

Result<std::string> bilinear_text(LayerCall& layer) {
  LATHE_TRY(const int64_t first, layer.integer("in1_features"));
  LATHE_TRY(const int64_t second, layer.integer("in2_features"));
  LATHE_TRY(const int64_t out, layer.integer("out_features"));
  LATHE_TRY(const bool no_bias, layer.is_none("bias"));
  return fmt::format("in1_features={}, in2_features={}, out_features={}, bias={}", first, second, out,
                     no_bias ? "False" : "True");
}

Status make_identity(LayerBuilder&) { return {}; }
Result<Value> run_identity(LayerCall& layer) { return layer.argument("input"); }

constexpr NativeFunctionRow kLinear[] = {
    {"__init__", "self, in_features, out_features, bias=True, device=None, dtype=None", constructor<make_linear>},
    {"forward", "self, input", forward<run_linear>},
    {"extra_repr", "self", layer_text<linear_text>},
};
constexpr NativeFunctionRow kBilinear[] = {
    {"__init__", "self, in1_features, in2_features, out_features, bias=True, device=None, dtype=None",
     constructor<make_bilinear>},
    {"forward", "self, input1, input2", forward<run_bilinear>},
    {"extra_repr", "self", layer_text<bilinear_text>},
};
constexpr NativeFunctionRow kIdentity[] = {
    {"__init__", "self, *args, **kwargs", constructor<make_identity>},
    {"forward", "self, input", forward<run_identity>},
};

constexpr NativeClassRow kClasses[] = {
    {"Linear", "torch.nn.Module", kLinear},
    {"Bilinear", "torch.nn.Module", kBilinear},
    {"Identity", "torch.nn.Module", kIdentity},
};

// ----------------------------------------------------------------------------------------------------------- functions

Result<Value> function_linear(NativeCall& call, Operation& operation) {
  LATHE_TRY(const ValueId x, operation.value(call.argument("input")));
  LATHE_TRY(const ValueId weight, operation.value(call.argument("weight"), "`weight`"));
  LATHE_TRY(const ValueId bias, operation.optional_value(call.argument("bias"), "`bias`"));
  return operation.result(linear(operation, x, weight, bias));
}

Result<Value> function_bilinear(NativeCall& call, Operation& operation) {
  LATHE_TRY(const ValueId first, operation.value(call.argument("input1"), "`input1`"));
  LATHE_TRY(const ValueId second, operation.value(call.argument("input2"), "`input2`"));
  LATHE_TRY(const ValueId weight, operation.value(call.argument("weight"), "`weight`"));
  LATHE_TRY(const ValueId bias, operation.optional_value(call.argument("bias"), "`bias`"));
  return operation.result(bilinear(operation, first, second, weight, bias));
}

constexpr NativeFunctionRow kFunctions[] = {
    {"linear", "input, weight, bias=None", tensor_function<function_linear>},
    {"bilinear", "input1, input2, weight, bias=None", tensor_function<function_bilinear>},
};

}  // namespace

Result<ValueId> linear(const Operation& operation, ValueId x, ValueId weight, ValueId bias) {
  const Shape shape = operation.dims(weight);
  if (shape.empty() || shape.size() > 2) {
    return operation
        .error(DiagnosticKind::RankMismatch, "RuntimeError", "the weight of {} has rank {}: {}; it takes (out, in)",
               operation.name(), shape.size(), python_shape(shape))
        .emit();
  }
  if (operation.rank(x) == 0) {
    return operation
        .error(DiagnosticKind::RankMismatch, "RuntimeError", "{} wants at least one axis, its input is a single number",
               operation.name())
        .emit();
  }
  LATHE_TRY_VOID(require_features(operation, x, shape.back()));
  LATHE_TRY_VOID(operation.require_element(x, operation.type(weight).element, "its weight"));
  Formula formula(operation);
  ValueId result = shape.size() == 1 ? formula.op("matmul", {x, weight})
                                     : formula.op("matmul", {x, weight}, {{"transpose_b", true}});
  if (bias.valid()) result = formula.add(result, bias);
  return formula.result(result);
}

Result<ValueId> bilinear(const Operation& operation, ValueId x1, ValueId x2, ValueId weight, ValueId bias) {
  const Shape shape = operation.dims(weight);
  if (shape.size() != 3 || operation.rank(x1) == 0 || operation.rank(x1) != operation.rank(x2)) {
    return operation
        .error(DiagnosticKind::RankMismatch, "RuntimeError", "{} wants two inputs of equal rank, it gets {} and {}",
               operation.name(), operation.shape_text(x1), operation.shape_text(x2))
        .emit();
  }
  LATHE_TRY_VOID(require_features(operation, x1, shape[1]));
  LATHE_TRY_VOID(require_features(operation, x2, shape[2]));
  LATHE_TRY_VOID(operation.require_element(x1, operation.type(weight).element, "its weight"));
  LATHE_TRY_VOID(operation.require_element(x2, operation.type(weight).element, "its weight"));
  const Shape first = operation.dims(x1);
  for (size_t axis = 0; axis + 1 < first.size(); ++axis) {
    LATHE_TRY_VOID(
        operation.require_equal(DiagnosticKind::ShapeMismatch, "RuntimeError", first[axis], operation.dims(x2)[axis],
                                fmt::format("the inputs of {} differ before the last axis: {} and {}", operation.name(),
                                            operation.shape_text(x1), operation.shape_text(x2))));
  }
  std::string batch;
  for (size_t axis = 0; axis + 1 < first.size() && axis < 16; ++axis) batch += static_cast<char>('a' + axis);
  Formula formula(operation);
  ValueId result = formula.op("einsum", {x1, weight, x2}, {{"equation", fmt::format("{0}x,zxy,{0}y->{0}z", batch)}});
  if (bias.valid()) result = formula.add(result, bias);
  return formula.result(result);
}

std::span<const NativeClassRow> linear_classes() { return kClasses; }
std::span<const NativeFunctionRow> linear_functions() { return kFunctions; }

}  // namespace lathe::torch
