// BatchNorm1d, BatchNorm2d, BatchNorm3d, SyncBatchNorm, InstanceNorm1d, InstanceNorm2d, InstanceNorm3d.
//
// In training mode, and without running statistics, the statistics of the batch are used, with the biased variance. The
// update of the running statistics is not part of the traced model: it has no effect on the result.
#include "compiler/frontend/torch/nn/batch_norm.h"

#include "compiler/frontend/torch/nn/compute.h"
#include "compiler/frontend/torch/nn/families.h"

namespace lathe::torch {
namespace {

struct RankRule {
  size_t least;
  size_t most;
  std::string_view text;
};

/// By spatial rank; 0 is SyncBatchNorm and the function.
constexpr RankRule kBatchRanks[] = {
    {2, 5, "(N, C, ...)"}, {2, 3, "(N, C) or (N, C, L)"}, {4, 4, "(N, C, H, W)"}, {5, 5, "(N, C, D, H, W)"}};
constexpr RankRule kInstanceRanks[] = {{2, 5, "(N, C, ...)"},
                                       {2, 3, "(N, C, L) or one unbatched (C, L)"},
                                       {3, 4, "(N, C, H, W) or one unbatched (C, H, W)"},
                                       {4, 5, "(N, C, D, H, W) or one unbatched (C, D, H, W)"}};

Status require_rank(const Operation& operation, ValueId x, const RankRule& rule) {
  const size_t rank = operation.rank(x);
  if (rank >= rule.least && rank <= rule.most) return {};
  auto fault = operation.error(DiagnosticKind::RankMismatch, "ValueError", "{} takes {}, its input has rank {}: {}",
                               operation.name(), rule.text, rank, operation.shape_text(x));
  const std::string& name = operation.name();
  const bool is_named = name.ends_with("1d") || name.ends_with("2d") || name.ends_with("3d");
  if (is_named && rank >= 3 && rank <= 5) {
    return std::move(fault)
        .note(fmt::format("nn.{}{}d takes rank {}", name.substr(0, name.size() - 2), rank - 2, rank))
        .emit();
  }
  return std::move(fault).emit();
}

Status require_channels(const Operation& operation, ValueId x, size_t axis, const Dim& wanted) {
  const Dim& have = operation.dims(x)[axis];
  return operation.require_equal(
      DiagnosticKind::ChannelMismatch, "RuntimeError", have, wanted,
      fmt::format("{} wants {} on axis {}, its input {} has {}", operation.name(), counted(wanted, "channel"), axis,
                  operation.shape_text(x), have.python_text()));
}

/// The product of the sizes of all axes but one, from `first` on.
Dim values_per_channel(const Shape& dims, size_t first) {
  Dim count = 1;
  for (size_t axis = first; axis < dims.size(); ++axis) {
    if (axis != 1) count *= dims[axis];
  }
  return count;
}

/// A constant of ones or zeros for an absent scale or bias.
ValueId filled(Formula& formula, ValueId given, const Dim& count, ElementType element, double value) {
  if (given.valid()) return given;
  if (!formula.ok()) return {};
  if (count.is_constant()) {
    return formula.take(formula.operation().builder().constant(splat_constant({element, {count}}, value)));
  }
  return formula.expand(formula.reshape(formula.number(element, value), {Dim(1)}), {count});
}

// -------------------------------------------------------------------------------------------------------------- layers

Status make_batch_norm(LayerBuilder& layer) {
  LATHE_TRY(const int64_t features, layer.size("num_features", 1));
  return add_norm_state(layer, features);
}

template <size_t spatial>
Result<Value> run_batch_norm(LayerCall& layer) {
  LATHE_TRY(const ValueId x, layer.input());
  LATHE_TRY_VOID(require_rank(layer, x, kBatchRanks[spatial]));
  LATHE_TRY(const ValueId weight, layer.parameter("weight"));
  LATHE_TRY(const ValueId bias, layer.parameter("bias"));
  LATHE_TRY(const ValueId mean, layer.parameter("running_mean"));
  LATHE_TRY(const ValueId variance, layer.parameter("running_var"));
  LATHE_TRY(const double epsilon, layer.number("eps"));
  LATHE_TRY(const bool training, layer.training());
  LATHE_TRY(const int64_t features, layer.integer("num_features"));
  LATHE_TRY_VOID(require_channels(layer, x, 1, features));
  if (training || !mean.valid() || !variance.valid()) {
    return layer.result(batch_norm_of_batch(layer, x, weight, bias, epsilon));
  }
  return layer.result(batch_norm(layer, x, mean, variance, weight, bias, epsilon));
}

template <size_t spatial>
Result<Value> run_instance_norm(LayerCall& layer) {
  LATHE_TRY(const ValueId x, layer.input());
  LATHE_TRY_VOID(require_rank(layer, x, kInstanceRanks[spatial]));
  LATHE_TRY(const ValueId weight, layer.parameter("weight"));
  LATHE_TRY(const ValueId bias, layer.parameter("bias"));
  LATHE_TRY(const ValueId mean, layer.parameter("running_mean"));
  LATHE_TRY(const ValueId variance, layer.parameter("running_var"));
  LATHE_TRY(const double epsilon, layer.number("eps"));
  LATHE_TRY(const bool training, layer.training());
  const bool batched = layer.rank(x) == kInstanceRanks[spatial].most;
  if (weight.valid() || mean.valid()) {
    LATHE_TRY(const int64_t features, layer.integer("num_features"));
    LATHE_TRY_VOID(require_channels(layer, x, batched ? 1 : 0, features));
  }
  ValueId whole = x;
  if (!batched) {
    LATHE_TRY(whole, layer.builder().unsqueeze(x, {0}));
  }
  const bool uses_running = !training && mean.valid() && variance.valid();
  LATHE_TRY(const ValueId result, uses_running ? batch_norm(layer, whole, mean, variance, weight, bias, epsilon)
                                               : instance_norm(layer, whole, weight, bias, epsilon));
  return layer.result(batched ? Result<ValueId>(result) : layer.builder().squeeze(result, {0}));
}

Result<Value> convert_sync(NativeCall& call) {
  // The synchronisation between processes changes nothing here; the layers stay as they are.
  return call.argument("module");
}

constexpr std::string_view kBatchParameters =
    "self, num_features, eps=1e-05, momentum=0.1, affine=True, track_running_stats=True, device=None, dtype=None";
constexpr std::string_view kInstanceParameters =
    "self, num_features, eps=1e-05, momentum=0.1, affine=False, track_running_stats=False, device=None, dtype=None";

template <size_t spatial>
constexpr NativeFunctionRow kBatchMethods[] = {
    {"__init__", kBatchParameters, constructor<make_batch_norm>},
    {"forward", "self, input", forward<run_batch_norm<spatial>>},
    {"extra_repr", "self", layer_text<norm_text>},
};
constexpr NativeFunctionRow kSyncMethods[] = {
    {"__init__",
     "self, num_features, eps=1e-05, momentum=0.1, affine=True, track_running_stats=True, process_group=None, "
     "device=None, dtype=None",
     constructor<make_batch_norm>},
    {"forward", "self, input", forward<run_batch_norm<0>>},
    {"extra_repr", "self", layer_text<norm_text>},
    {"convert_sync_batchnorm", "module, process_group=None", convert_sync, NativeKind::StaticMethod},
};
template <size_t spatial>
constexpr NativeFunctionRow kInstanceMethods[] = {
    {"__init__", kInstanceParameters, constructor<make_batch_norm>},
    {"forward", "self, input", forward<run_instance_norm<spatial>>},
    {"extra_repr", "self", layer_text<norm_text>},
};

/// What programs ask with isinstance: `nn.modules.batchnorm._BatchNorm`.
constexpr NativeClassRow kClasses[] = {
    {"_BatchNorm", "torch.nn.Module", {}},
    {"_InstanceNorm", "torch.nn.Module", {}},
    {"BatchNorm1d", "torch.nn._BatchNorm", kBatchMethods<1>},
    {"BatchNorm2d", "torch.nn._BatchNorm", kBatchMethods<2>},
    {"BatchNorm3d", "torch.nn._BatchNorm", kBatchMethods<3>},
    {"SyncBatchNorm", "torch.nn._BatchNorm", kSyncMethods},
    {"InstanceNorm1d", "torch.nn._InstanceNorm", kInstanceMethods<1>},
    {"InstanceNorm2d", "torch.nn._InstanceNorm", kInstanceMethods<2>},
    {"InstanceNorm3d", "torch.nn._InstanceNorm", kInstanceMethods<3>},
};

// ----------------------------------------------------------------------------------------------------------- functions

struct NormOperands {
  ValueId x;
  ValueId mean;
  ValueId variance;
  ValueId weight;
  ValueId bias;
  double epsilon = 1e-5;
};

Result<NormOperands> operands_of(NativeCall& call, Operation& operation) {
  NormOperands operands;
  LATHE_TRY(operands.x, operation.value(call.argument("input")));
  LATHE_TRY(operands.mean, operation.optional_value(call.argument("running_mean"), "`running_mean`"));
  LATHE_TRY(operands.variance, operation.optional_value(call.argument("running_var"), "`running_var`"));
  LATHE_TRY(operands.weight, operation.optional_value(call.argument("weight"), "`weight`"));
  LATHE_TRY(operands.bias, operation.optional_value(call.argument("bias"), "`bias`"));
  LATHE_TRY(operands.epsilon, call.number("eps"));
  LATHE_TRY_VOID(require_rank(operation, operands.x, kBatchRanks[0]));
  for (const ValueId operand : {operands.mean, operands.variance, operands.weight, operands.bias}) {
    if (!operand.valid()) continue;
    LATHE_TRY_VOID(require_channels(operation, operands.x, 1, operation.type(operand).element_count()));
  }
  return operands;
}

Result<Value> call_batch_norm(NativeCall& call, Operation& operation) {
  LATHE_TRY(const NormOperands given, operands_of(call, operation));
  LATHE_TRY(const bool training, call.truth("training"));
  if (training || !given.mean.valid() || !given.variance.valid()) {
    return operation.result(batch_norm_of_batch(operation, given.x, given.weight, given.bias, given.epsilon));
  }
  return operation.result(
      batch_norm(operation, given.x, given.mean, given.variance, given.weight, given.bias, given.epsilon));
}

Result<Value> call_instance_norm(NativeCall& call, Operation& operation) {
  LATHE_TRY(const NormOperands given, operands_of(call, operation));
  LATHE_TRY(const bool use_input_stats, call.truth("use_input_stats"));
  if (!use_input_stats && given.mean.valid() && given.variance.valid()) {
    return operation.result(
        batch_norm(operation, given.x, given.mean, given.variance, given.weight, given.bias, given.epsilon));
  }
  return operation.result(instance_norm(operation, given.x, given.weight, given.bias, given.epsilon));
}

constexpr NativeFunctionRow kFunctions[] = {
    {"batch_norm", "input, running_mean, running_var, weight=None, bias=None, training=False, momentum=0.1, eps=1e-05",
     tensor_function<call_batch_norm>},
    {"instance_norm",
     "input, running_mean=None, running_var=None, weight=None, bias=None, use_input_stats=True, momentum=0.1, "
     "eps=1e-05",
     tensor_function<call_instance_norm>},
};

}  // namespace

Status add_norm_state(LayerBuilder& layer, int64_t features) {
  using Kind = Initialization::Kind;
  LATHE_TRY_VOID(layer.number("eps"));
  LATHE_TRY(const bool affine, layer.flag("affine"));
  LATHE_TRY(const bool tracks, layer.flag("track_running_stats"));
  layer.set("num_features", features);
  layer.keep({"eps", "momentum", "affine", "track_running_stats"});
  const ElementType element = layer.element();
  if (affine) {
    LATHE_TRY_VOID(layer.parameter("weight", {features}, {.kind = Kind::Ones}, element));
    LATHE_TRY_VOID(layer.parameter("bias", {features}, {.kind = Kind::Zeros}, element));
  } else {
    layer.absent_parameter("weight");
    layer.absent_parameter("bias");
  }
  if (tracks) {
    LATHE_TRY_VOID(layer.buffer("running_mean", {features}, {.kind = Kind::Zeros}, element));
    LATHE_TRY_VOID(layer.buffer("running_var", {features}, {.kind = Kind::Ones}, element));
    return layer.buffer("num_batches_tracked", {}, {.kind = Kind::Zeros}, ElementType::I64);
  }
  layer.absent_buffer("running_mean");
  layer.absent_buffer("running_var");
  layer.absent_buffer("num_batches_tracked");
  return {};
}

Result<std::string> norm_text(LayerCall& layer) {
  std::string text;
  for (const std::string_view name : {"num_features", "eps", "momentum", "affine", "track_running_stats"}) {
    LATHE_TRY(const Value value, layer.attribute(name));
    LATHE_TRY(const std::string shown, layer.evaluator().repr(value, layer.where()));
    text += name == "num_features" ? shown : fmt::format(", {}={}", name, shown);
  }
  return text;
}

Result<ValueId> batch_norm(const Operation& operation, ValueId x, ValueId mean, ValueId variance, ValueId scale,
                           ValueId bias, double epsilon) {
  const Dim channels = operation.dims(x)[1];
  const ElementType element = operation.type(x).element;
  LATHE_TRY_VOID(operation.require_element(x, operation.type(mean).element, "its statistics"));
  Formula formula(operation);
  const ValueId weight = filled(formula, scale, channels, element, 1);
  const ValueId shift = filled(formula, bias, channels, element, 0);
  return formula.result(formula.op("batch_norm", {x, weight, shift, mean, variance}, {{"epsilon", epsilon}}));
}

Result<ValueId> batch_norm_of_batch(const Operation& operation, ValueId x, ValueId scale, ValueId bias,
                                    double epsilon) {
  LATHE_TRY_VOID(operation.require_float(x));
  const Shape dims = operation.dims(x);
  const Dim count = values_per_channel(dims, 0);
  const std::string message = fmt::format("{} in train mode needs more than one value per channel, {} has one",
                                          operation.name(), python_shape(dims));
  if (operation.symbols().prove_eq(count, 1) == Answer::Yes) {
    return operation.error(DiagnosticKind::BatchNormSingleValue, "ValueError", "{}", message)
        .note(
            "give a batch of 2 or more; in eval mode (without `--train`) the running statistics are used, and this is "
            "fine")
        .emit();
  }
  LATHE_TRY_VOID(operation.require_le(DiagnosticKind::BatchNormSingleValue, "ValueError", Dim(2), count, message));
  Integers axes;
  for (size_t axis = 0; axis < dims.size(); ++axis) {
    if (axis != 1) axes.push_back(static_cast<int64_t>(axis));
  }
  Formula formula(operation);
  const ValueId kept = formula.reduce("reduce_mean", x, axes, true);
  const ValueId centred = formula.sub(x, kept);
  const ValueId variance = formula.reduce("reduce_mean", formula.mul(centred, centred), axes, false);
  const ValueId mean = formula.reshape(kept, {dims[1]});
  const ElementType element = operation.type(x).element;
  const ValueId weight = filled(formula, scale, dims[1], element, 1);
  const ValueId shift = filled(formula, bias, dims[1], element, 0);
  return formula.result(formula.op("batch_norm", {x, weight, shift, mean, variance}, {{"epsilon", epsilon}}));
}

Result<ValueId> instance_norm(const Operation& operation, ValueId x, ValueId scale, ValueId bias, double epsilon) {
  LATHE_TRY_VOID(operation.require_float(x));
  const Shape dims = operation.dims(x);
  const Dim count = values_per_channel(dims, 2);
  const std::string message = fmt::format("{} needs more than one value per channel of each sample, {} has one",
                                          operation.name(), python_shape(dims));
  if (operation.symbols().prove_eq(count, 1) == Answer::Yes) {
    return operation.error(DiagnosticKind::BatchNormSingleValue, "ValueError", "{}", message)
        .note("instance norms use the statistics of their input in eval mode too")
        .emit();
  }
  LATHE_TRY_VOID(operation.require_le(DiagnosticKind::BatchNormSingleValue, "ValueError", Dim(2), count, message));
  const ElementType element = operation.type(x).element;
  Formula formula(operation);
  const ValueId weight = filled(formula, scale, dims[1], element, 1);
  const ValueId shift = filled(formula, bias, dims[1], element, 0);
  return formula.result(formula.op("instance_norm", {x, weight, shift}, {{"epsilon", epsilon}}));
}

std::span<const NativeClassRow> batch_norm_classes() { return kClasses; }
std::span<const NativeFunctionRow> batch_norm_functions() { return kFunctions; }

}  // namespace lathe::torch
