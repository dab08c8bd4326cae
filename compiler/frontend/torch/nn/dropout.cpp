// The dropout family. In eval mode it is the identity; in training mode the choice is an input of the graph, uniform
// in [0, 1): an element stays where it is at least p, divided by 1 - p.
#include "compiler/frontend/torch/nn/compute.h"
#include "compiler/frontend/torch/nn/families.h"
#include "compiler/frontend/torch/nn/layer.h"

namespace lathe::torch {
namespace {

Status make_dropout(LayerBuilder& layer) {
  LATHE_TRY_VOID(layer.probability("p"));
  layer.keep({"p", "inplace"});
  return {};
}

/// What a random choice makes of x: zeros with probability p, the rest scaled; the mask has the given shape.
Result<ValueId> masked(const Operation& operation, ValueId x, double p, Shape shape) {
  LATHE_TRY_VOID(operation.require_float(x));
  Formula formula(operation);
  const ElementType element = formula.element(x);
  if (p >= 1) return formula.result(formula.mul(x, 0.0));
  const TensorId random =
      operation.tracer().add_random({element, std::move(shape)}, std::nullopt, "dropout", operation.where());
  const ValueId choice = formula.take(operation.tracer().value(random));
  const ValueId stays = formula.op("greater_equal", {choice, formula.number(element, p)});
  return formula.result(formula.where(stays, formula.div(x, 1 - p), formula.number(element, 0)));
}

enum class DropoutKind { Elements, Channels, Alpha };

Result<Value> drop(const Operation& operation, DropoutKind kind, TensorId input, double p, bool training) {
  // The tensor itself: views of it stay views.
  if (!training || p == 0) return Value(input);
  if (kind == DropoutKind::Alpha) return operation.unsupported("alpha dropout in training mode");
  LATHE_TRY(const ValueId x, operation.tracer().value(input));
  return operation.result(kind == DropoutKind::Elements ? dropout(operation, x, p, true)
                                                        : channel_dropout(operation, x, p, true));
}

template <DropoutKind kind>
Result<Value> run_dropout(LayerCall& layer) {
  LATHE_TRY(const TensorId input, layer.input_tensor());
  LATHE_TRY(const double p, layer.number("p"));
  LATHE_TRY(const bool training, layer.training());
  return drop(layer, kind, input, p, training);
}

Result<std::string> dropout_text(LayerCall& layer) {
  LATHE_TRY(const Value p, layer.attribute("p"));
  LATHE_TRY(const std::string shown, layer.evaluator().repr(p, layer.where()));
  LATHE_TRY(const bool in_place, layer.flag("inplace"));
  return fmt::format("p={}, inplace={}", shown, in_place ? "True" : "False");
}

template <DropoutKind kind>
Result<Value> call_dropout(NativeCall& call, Operation& operation) {
  LATHE_TRY(const TensorId input, operation.tensor(call.argument("input"), "its input"));
  LATHE_TRY(const double p, call.number("p"));
  LATHE_TRY(const bool training,
            call.truth(call.row.parameters.find("training") == std::string_view::npos ? "train" : "training"));
  if (!(p >= 0 && p <= 1)) {
    return call
        .error_at(call.place("p"), DiagnosticKind::BadArgument, "ValueError",
                  fmt::format("p of {} is {}; a probability is between 0 and 1", operation.name(), p))
        .emit();
  }
  return drop(operation, kind, input, p, training);
}

template <DropoutKind kind>
constexpr NativeFunctionRow kMethods[] = {
    {"__init__", "self, p=0.5, inplace=False", constructor<make_dropout>},
    {"forward", "self, input", forward<run_dropout<kind>>},
    {"extra_repr", "self", layer_text<dropout_text>},
};

constexpr NativeClassRow kClasses[] = {
    {"_DropoutNd", "torch.nn.Module", {}},
    {"Dropout", "torch.nn._DropoutNd", kMethods<DropoutKind::Elements>},
    {"Dropout1d", "torch.nn._DropoutNd", kMethods<DropoutKind::Channels>},
    {"Dropout2d", "torch.nn._DropoutNd", kMethods<DropoutKind::Channels>},
    {"Dropout3d", "torch.nn._DropoutNd", kMethods<DropoutKind::Channels>},
    {"AlphaDropout", "torch.nn._DropoutNd", kMethods<DropoutKind::Alpha>},
    {"FeatureAlphaDropout", "torch.nn._DropoutNd", kMethods<DropoutKind::Alpha>},
};

constexpr std::string_view kParameters = "input, p=0.5, training=True, inplace=False";
constexpr std::string_view kAlphaParameters = "input, p=0.5, training=False, inplace=False";
constexpr NativeFunctionRow kFunctions[] = {
    {"dropout", kParameters, tensor_function<call_dropout<DropoutKind::Elements>>},
    {"dropout1d", kParameters, tensor_function<call_dropout<DropoutKind::Channels>>},
    {"dropout2d", kParameters, tensor_function<call_dropout<DropoutKind::Channels>>},
    {"dropout3d", kParameters, tensor_function<call_dropout<DropoutKind::Channels>>},
    {"alpha_dropout", kAlphaParameters, tensor_function<call_dropout<DropoutKind::Alpha>>},
    {"feature_alpha_dropout", kAlphaParameters, tensor_function<call_dropout<DropoutKind::Alpha>>},
};
constexpr NativeFunctionRow kTorchFunctions[] = {
    {"dropout", "input, p, train", tensor_function<call_dropout<DropoutKind::Elements>>},
    {"feature_dropout", "input, p, train", tensor_function<call_dropout<DropoutKind::Channels>>},
};

}  // namespace

Result<ValueId> dropout(const Operation& operation, ValueId x, double p, bool training) {
  if (!training || p == 0) return x;
  return masked(operation, x, p, operation.dims(x));
}

Result<ValueId> channel_dropout(const Operation& operation, ValueId x, double p, bool training) {
  if (!training || p == 0) return x;
  Shape shape = operation.dims(x);
  for (size_t axis = 2; axis < shape.size(); ++axis) shape[axis] = Dim(1);
  return masked(operation, x, p, std::move(shape));
}

std::span<const NativeClassRow> dropout_classes() { return kClasses; }
std::span<const NativeFunctionRow> dropout_functions() { return kFunctions; }
std::span<const NativeFunctionRow> torch_dropout_functions() { return kTorchFunctions; }

}  // namespace lathe::torch
