// LayerNorm, GroupNorm, RMSNorm and LocalResponseNorm.
#include <fmt/ranges.h>

#include "compiler/frontend/torch/nn/compute.h"
#include "compiler/frontend/torch/nn/families.h"
#include "compiler/frontend/torch/nn/layer.h"

namespace lathe::torch {
namespace {

using Kind = Initialization::Kind;

/// The last axes of the input against normalized_shape.
Status require_last_axes(const Operation& operation, ValueId x, const Integers& normalized) {
  const Shape dims = operation.dims(x);
  const size_t count = normalized.size();
  if (dims.size() < count) {
    return operation
        .error(DiagnosticKind::FeatureMismatch, "RuntimeError",
               "{} normalises {} axes, ({}), its input has rank {}: {}", operation.name(), count,
               fmt::join(normalized, ", "), dims.size(), python_shape(dims))
        .emit();
  }
  for (size_t index = 0; index < count; ++index) {
    const size_t axis = dims.size() - count + index;
    const std::string message =
        count == 1 ? fmt::format("{} wants {} on the last axis, its input has {}: {}", operation.name(),
                                 counted(normalized[0], "feature"), dims[axis].python_text(), python_shape(dims))
                   : fmt::format("{} wants ({}) on the last axes, its input is {}", operation.name(),
                                 fmt::join(normalized, ", "), python_shape(dims));
    const Answer same = operation.symbols().prove_eq(dims[axis], normalized[index]);
    if (same == Answer::No && count == 1 && dims.size() == 4 &&
        operation.symbols().prove_eq(dims[1], normalized[0]) == Answer::Yes) {
      auto fault = operation.error(DiagnosticKind::FeatureMismatch, "RuntimeError", "{}", message);
      operation.note_sizes(dims[axis], normalized[index]);
      return std::move(fault)
          .note(fmt::format("axis 1 has {} elements: permute to (N, H, W, C) first, `.permute(0, 2, 3, 1)`, and back "
                            "afterwards",
                            normalized[0]))
          .emit();
    }
    LATHE_TRY_VOID(operation.require_equal(DiagnosticKind::FeatureMismatch, "RuntimeError", dims[axis],
                                           normalized[index], message));
  }
  return {};
}

/// `normalized_shape`: an int or a sequence of ints.
Result<Integers> normalized_shape(LayerBuilder& layer) {
  const Value& value = layer.argument("normalized_shape");
  const Heap& heap = layer.evaluator().heap();
  size_t count = 1;
  if (const auto* tuple = heap.as<TupleObject>(value)) count = tuple->items.size();
  if (const auto* list = heap.as<ListObject>(value)) count = list->items.size();
  if (count == 0) {
    return layer.error("normalized_shape", "ValueError", "normalized_shape of {} is empty", layer.type_name()).emit();
  }
  return layer.sizes("normalized_shape", count, 1);
}

/// An attribute that holds a tuple of ints of any length.
Result<Integers> tuple_of(LayerCall& layer, std::string_view name) {
  LATHE_TRY(const Value value, layer.attribute(name));
  const auto* tuple = layer.evaluator().heap().as<TupleObject>(value);
  return layer.integers(name, tuple == nullptr ? 1 : tuple->items.size());
}

/// An argument that is a sequence of ints or one.
Result<Integers> shape_argument(NativeCall& call, std::string_view parameter) {
  LATHE_TRY(const std::vector<Dim> dims, call.integers(parameter));
  Integers result;
  for (const Dim& dim : dims) {
    if (!dim.is_constant()) {
      call.evaluator.unsupported(call.place(parameter), fmt::format("`{}` of {} that depends on a size of the input",
                                                                    parameter, call.row.name));
      return Failure{};
    }
    result.push_back(dim.constant());
  }
  return result;
}

// ----------------------------------------------------------------------------------------------------------- LayerNorm

Status make_layer_norm(LayerBuilder& layer) {
  LATHE_TRY(const Integers shape, normalized_shape(layer));
  LATHE_TRY_VOID(layer.number("eps"));
  LATHE_TRY(const bool affine, layer.flag("elementwise_affine"));
  LATHE_TRY(const bool bias, layer.flag("bias"));
  layer.set_sizes("normalized_shape", shape);
  layer.keep({"eps", "elementwise_affine"});
  if (affine) {
    LATHE_TRY_VOID(layer.parameter("weight", shape, {.kind = Kind::Ones}, layer.element()));
    if (bias) return layer.parameter("bias", shape, {.kind = Kind::Zeros}, layer.element());
  } else {
    layer.absent_parameter("weight");
  }
  layer.absent_parameter("bias");
  return {};
}

Result<Value> run_layer_norm(LayerCall& layer) {
  LATHE_TRY(const ValueId x, layer.input());
  LATHE_TRY(const Integers shape, tuple_of(layer, "normalized_shape"));
  LATHE_TRY(const ValueId weight, layer.parameter("weight"));
  LATHE_TRY(const ValueId bias, layer.parameter("bias"));
  LATHE_TRY(const double epsilon, layer.number("eps"));
  return layer.result(layer_norm(layer, x, shape, weight, bias, epsilon));
}

Result<std::string> shaped_norm_text(LayerCall& layer) {
  std::string text;
  for (const std::string_view name : {"normalized_shape", "eps", "elementwise_affine"}) {
    LATHE_TRY(const Value value, layer.attribute(name));
    LATHE_TRY(const std::string shown, layer.evaluator().repr(value, layer.where()));
    text += name == "normalized_shape" ? shown : fmt::format(", {}={}", name, shown);
  }
  return text;
}

Result<Value> call_layer_norm(NativeCall& call, Operation& operation) {
  LATHE_TRY(const ValueId x, operation.value(call.argument("input")));
  LATHE_TRY(const Integers shape, shape_argument(call, "normalized_shape"));
  LATHE_TRY(const ValueId weight, operation.optional_value(call.argument("weight"), "`weight`"));
  LATHE_TRY(const ValueId bias, operation.optional_value(call.argument("bias"), "`bias`"));
  LATHE_TRY(const double epsilon, call.number("eps"));
  return operation.result(layer_norm(operation, x, shape, weight, bias, epsilon));
}

// ------------------------------------------------------------------------------------------------------------- RMSNorm

Status make_rms_norm(LayerBuilder& layer) {
  LATHE_TRY(const Integers shape, normalized_shape(layer));
  if (!layer.is_none("eps")) {
    LATHE_TRY_VOID(layer.number("eps"));
  }
  LATHE_TRY(const bool affine, layer.flag("elementwise_affine"));
  layer.set_sizes("normalized_shape", shape);
  layer.keep({"eps", "elementwise_affine"});
  if (affine) return layer.parameter("weight", shape, {.kind = Kind::Ones}, layer.element());
  layer.absent_parameter("weight");
  return {};
}

Result<Value> run_rms_norm(LayerCall& layer) {
  LATHE_TRY(const ValueId x, layer.input());
  LATHE_TRY(const Integers shape, tuple_of(layer, "normalized_shape"));
  LATHE_TRY(const ValueId weight, layer.parameter("weight"));
  LATHE_TRY(const bool no_epsilon, layer.is_none("eps"));
  std::optional<double> epsilon;
  if (!no_epsilon) {
    LATHE_TRY(epsilon, layer.number("eps"));
  }
  return layer.result(rms_norm(layer, x, shape, weight, epsilon));
}

Result<Value> call_rms_norm(NativeCall& call, Operation& operation) {
  LATHE_TRY(const ValueId x, operation.value(call.argument("input")));
  LATHE_TRY(const Integers shape, shape_argument(call, "normalized_shape"));
  LATHE_TRY(const ValueId weight, operation.optional_value(call.argument("weight"), "`weight`"));
  std::optional<double> epsilon;
  if (!call.is_none("eps")) {
    LATHE_TRY(epsilon, call.number("eps"));
  }
  return operation.result(rms_norm(operation, x, shape, weight, epsilon));
}

// ----------------------------------------------------------------------------------------------------------- GroupNorm

Status make_group_norm(LayerBuilder& layer) {
  LATHE_TRY(const int64_t groups, layer.size("num_groups", 1));
  LATHE_TRY(const int64_t channels, layer.size("num_channels", 1));
  LATHE_TRY_VOID(layer.number("eps"));
  LATHE_TRY(const bool affine, layer.flag("affine"));
  if (channels % groups != 0) {
    std::string divisors;
    for (int64_t number = 1; number <= std::min<int64_t>(channels, 4096); ++number) {
      if (channels % number == 0) divisors += fmt::format("{}{}", divisors.empty() ? "" : ", ", number);
    }
    return layer
        .error("num_groups", "ValueError", "num_groups = {} does not divide num_channels = {}", groups, channels)
        .note(fmt::format("divisors of {}: {}", channels, divisors))
        .emit();
  }
  layer.keep({"num_groups", "num_channels", "eps", "affine"});
  if (affine) {
    LATHE_TRY_VOID(layer.parameter("weight", {channels}, {.kind = Kind::Ones}, layer.element()));
    return layer.parameter("bias", {channels}, {.kind = Kind::Zeros}, layer.element());
  }
  layer.absent_parameter("weight");
  layer.absent_parameter("bias");
  return {};
}

Result<Value> run_group_norm(LayerCall& layer) {
  LATHE_TRY(const ValueId x, layer.input());
  LATHE_TRY(const int64_t groups, layer.integer("num_groups"));
  LATHE_TRY(const ValueId weight, layer.parameter("weight"));
  LATHE_TRY(const ValueId bias, layer.parameter("bias"));
  LATHE_TRY(const double epsilon, layer.number("eps"));
  return layer.result(group_norm(layer, x, groups, weight, bias, epsilon));
}

Result<std::string> group_norm_text(LayerCall& layer) {
  std::string text;
  for (const std::string_view name : {"num_groups", "num_channels", "eps", "affine"}) {
    LATHE_TRY(const Value value, layer.attribute(name));
    LATHE_TRY(const std::string shown, layer.evaluator().repr(value, layer.where()));
    const bool bare = name.starts_with("num_");
    text += text.empty() ? "" : ", ";
    text += bare ? shown : fmt::format("{}={}", name, shown);
  }
  return text;
}

Result<Value> call_group_norm(NativeCall& call, Operation& operation) {
  LATHE_TRY(const ValueId x, operation.value(call.argument("input")));
  LATHE_TRY(const int64_t groups, call.known_integer("num_groups"));
  LATHE_TRY(const ValueId weight, operation.optional_value(call.argument("weight"), "`weight`"));
  LATHE_TRY(const ValueId bias, operation.optional_value(call.argument("bias"), "`bias`"));
  LATHE_TRY(const double epsilon, call.number("eps"));
  return operation.result(group_norm(operation, x, groups, weight, bias, epsilon));
}

// --------------------------------------------------------------------------------------------------- LocalResponseNorm

Status make_local_response(LayerBuilder& layer) {
  LATHE_TRY_VOID(layer.size("size", 1));
  for (const std::string_view name : {"alpha", "beta", "k"}) {
    LATHE_TRY_VOID(layer.number(name));
  }
  layer.keep({"size", "alpha", "beta", "k"});
  return {};
}

Result<Value> run_local_response(LayerCall& layer) {
  LATHE_TRY(const ValueId x, layer.input());
  LATHE_TRY(const int64_t size, layer.integer("size"));
  LATHE_TRY(const double alpha, layer.number("alpha"));
  LATHE_TRY(const double beta, layer.number("beta"));
  LATHE_TRY(const double k, layer.number("k"));
  return layer.result(local_response_norm(layer, x, size, alpha, beta, k));
}

Result<Value> call_local_response(NativeCall& call, Operation& operation) {
  LATHE_TRY(const ValueId x, operation.value(call.argument("input")));
  LATHE_TRY(const int64_t size, call.known_integer("size"));
  LATHE_TRY(const double alpha, call.number("alpha"));
  LATHE_TRY(const double beta, call.number("beta"));
  LATHE_TRY(const double k, call.number("k"));
  return operation.result(local_response_norm(operation, x, size, alpha, beta, k));
}

constexpr NativeFunctionRow kLayerNorm[] = {
    {"__init__", "self, normalized_shape, eps=1e-05, elementwise_affine=True, bias=True, device=None, dtype=None",
     constructor<make_layer_norm>},
    {"forward", "self, input", forward<run_layer_norm>},
    {"extra_repr", "self", layer_text<shaped_norm_text>},
};
constexpr NativeFunctionRow kRmsNorm[] = {
    {"__init__", "self, normalized_shape, eps=None, elementwise_affine=True, device=None, dtype=None",
     constructor<make_rms_norm>},
    {"forward", "self, x", forward<run_rms_norm>},
    {"extra_repr", "self", layer_text<shaped_norm_text>},
};
constexpr NativeFunctionRow kGroupNorm[] = {
    {"__init__", "self, num_groups, num_channels, eps=1e-05, affine=True, device=None, dtype=None",
     constructor<make_group_norm>},
    {"forward", "self, input", forward<run_group_norm>},
    {"extra_repr", "self", layer_text<group_norm_text>},
};
constexpr NativeFunctionRow kLocalResponse[] = {
    {"__init__", "self, size, alpha=0.0001, beta=0.75, k=1.0", constructor<make_local_response>},
    {"forward", "self, input", forward<run_local_response>},
};

constexpr NativeClassRow kClasses[] = {
    {"LayerNorm", "torch.nn.Module", kLayerNorm},
    {"RMSNorm", "torch.nn.Module", kRmsNorm},
    {"GroupNorm", "torch.nn.Module", kGroupNorm},
    {"LocalResponseNorm", "torch.nn.Module", kLocalResponse},
};

constexpr NativeFunctionRow kFunctions[] = {
    {"layer_norm", "input, normalized_shape, weight=None, bias=None, eps=1e-05", tensor_function<call_layer_norm>},
    {"rms_norm", "input, normalized_shape, weight=None, eps=None", tensor_function<call_rms_norm>},
    {"group_norm", "input, num_groups, weight=None, bias=None, eps=1e-05", tensor_function<call_group_norm>},
    {"local_response_norm", "input, size, alpha=0.0001, beta=0.75, k=1.0", tensor_function<call_local_response>},
};

ValueId ones_like_shape(Formula& formula, const Integers& shape, ElementType element, double value) {
  TensorType type{element, {}};
  for (const int64_t size : shape) type.dims.emplace_back(size);
  return formula.ok() ? formula.take(formula.operation().builder().constant(splat_constant(type, value))) : ValueId();
}

}  // namespace

Result<ValueId> layer_norm(const Operation& operation, ValueId x, const Integers& normalized, ValueId scale,
                           ValueId bias, double epsilon) {
  LATHE_TRY_VOID(require_last_axes(operation, x, normalized));
  LATHE_TRY_VOID(operation.require_float(x));
  if (scale.valid()) LATHE_TRY_VOID(operation.require_element(x, operation.type(scale).element, "its weight"));
  Formula formula(operation);
  const ValueId weight = scale.valid() ? scale : ones_like_shape(formula, normalized, formula.element(x), 1);
  std::vector<ValueId> operands{x, weight};
  if (bias.valid()) operands.push_back(bias);
  const auto axis = static_cast<int64_t>(operation.rank(x) - normalized.size());
  return formula.result(formula.op("layer_norm", std::move(operands), {{"axis", axis}, {"epsilon", epsilon}}));
}

Result<ValueId> rms_norm(const Operation& operation, ValueId x, const Integers& normalized, ValueId scale,
                         std::optional<double> epsilon) {
  LATHE_TRY_VOID(require_last_axes(operation, x, normalized));
  LATHE_TRY_VOID(operation.require_float(x));
  if (scale.valid()) LATHE_TRY_VOID(operation.require_element(x, operation.type(scale).element, "its weight"));
  Formula formula(operation);
  const ValueId weight = scale.valid() ? scale : ones_like_shape(formula, normalized, formula.element(x), 1);
  const double smallest = formula.element(x) == ElementType::F64 ? 2.220446049250313e-16 : 1.1920928955078125e-07;
  const auto axis = static_cast<int64_t>(operation.rank(x) - normalized.size());
  return formula.result(formula.op("rms_norm", {x, weight}, {{"axis", axis}, {"epsilon", epsilon.value_or(smallest)}}));
}

Result<ValueId> group_norm(const Operation& operation, ValueId x, int64_t groups, ValueId scale, ValueId bias,
                           double epsilon) {
  const Shape dims = operation.dims(x);
  if (dims.size() < 2) {
    return operation
        .error(DiagnosticKind::RankMismatch, "RuntimeError", "{} takes (N, C, ...), its input has rank {}: {}",
               operation.name(), dims.size(), python_shape(dims))
        .emit();
  }
  LATHE_TRY_VOID(operation.require_float(x));
  for (const ValueId operand : {scale, bias}) {
    if (!operand.valid()) continue;
    const Dim wanted = operation.type(operand).element_count();
    LATHE_TRY_VOID(
        operation.require_equal(DiagnosticKind::ChannelMismatch, "RuntimeError", dims[1], wanted,
                                fmt::format("{} wants {} on axis 1, its input {} has {}", operation.name(),
                                            counted(wanted, "channel"), python_shape(dims), dims[1].python_text())));
  }
  if (groups < 1) {
    return operation
        .error(DiagnosticKind::BadArgument, "RuntimeError", "num_groups of {} is {}", operation.name(), groups)
        .emit();
  }
  LATHE_TRY_VOID(operation.require_equal(DiagnosticKind::ChannelMismatch, "RuntimeError", modulo(dims[1], Dim(groups)),
                                         0,
                                         fmt::format("{} can't split {} into {} groups: {}", operation.name(),
                                                     counted(dims[1], "channel"), groups, python_shape(dims))));
  const std::optional<int64_t> channels = dims[1].as_constant();
  if (!channels && !(scale.valid() && bias.valid())) {
    static_cast<void>(operation.unsupported(
        "group_norm without a weight on a number of channels that is only known when the model runs"));
    return Failure{};
  }
  Formula formula(operation);
  const ElementType element = formula.element(x);
  const ValueId weight = scale.valid() ? scale : ones_like_shape(formula, {*channels}, element, 1);
  const ValueId shift = bias.valid() ? bias : ones_like_shape(formula, {*channels}, element, 0);
  return formula.result(formula.op("group_norm", {x, weight, shift}, {{"groups", groups}, {"epsilon", epsilon}}));
}

/// x / (k + alpha / size * sum of squares over `size` neighbouring channels) ^ beta. The sum comes from an average over
/// a window that slides over the channels.
Result<ValueId> local_response_norm(const Operation& operation, ValueId x, int64_t size, double alpha, double beta,
                                    double k) {
  const Shape dims = operation.dims(x);
  if (dims.size() < 3) {
    return operation
        .error(DiagnosticKind::RankMismatch, "ValueError", "{} takes (N, C, ...) of rank 3 or more, its input is {}",
               operation.name(), python_shape(dims))
        .emit();
  }
  Dim rest = 1;
  for (size_t axis = 2; axis < dims.size(); ++axis) rest *= dims[axis];
  Formula formula(operation);
  const ValueId image = formula.reshape(formula.mul(x, x), {dims[0], Dim(1), dims[1], rest});
  const ValueId average = formula.op(
      "average_pool", {image},
      {{"kernel", Integers{size, 1}}, {"pads", Integers{size / 2, 0, (size - 1) / 2, 0}}, {"count_include_pad", true}});
  const ValueId base = formula.add(formula.mul(formula.reshape(average, dims), alpha), k);
  return formula.result(formula.div(x, formula.op("pow", {base, formula.like(base, beta)})));
}

std::span<const NativeClassRow> normalization_classes() { return kClasses; }
std::span<const NativeFunctionRow> normalization_functions() { return kFunctions; }

}  // namespace lathe::torch
