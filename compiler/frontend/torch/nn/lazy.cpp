// Lazy layers: the first call tells the size that the constructor left out, and makes the layer an ordinary one.
#include "compiler/frontend/torch/nn/batch_norm.h"
#include "compiler/frontend/torch/nn/compute.h"
#include "compiler/frontend/torch/nn/convolution.h"
#include "compiler/frontend/torch/nn/families.h"
#include "compiler/frontend/torch/nn/state.h"

namespace lathe::torch {
namespace {

using Kind = Initialization::Kind;

/// Adds a parameter or buffer to a layer that is called for the first time.
Status materialize(LayerCall& layer, std::string_view name, const Integers& dims, Initialization initialization,
                   bool is_parameter = true, ElementType element = ElementType::F32) {
  TensorType type{element, {}};
  for (const int64_t size : dims) type.dims.emplace_back(size);
  const Dim count = type.element_count();
  if (!count.is_constant() || count.constant() > (int64_t{1} << 48)) {
    return layer
        .error(DiagnosticKind::SizeOverflow, "RuntimeError", "`{}` of {} would have the shape {}: it is too large",
               name, layer.name(), python_shape(type.dims))
        .emit();
  }
  const auto* instance = layer.evaluator().heap().as<InstanceObject>(Value(layer.self()));
  const TensorId tensor = layer.tracer().add_parameter(type, initialization, is_parameter, instance->created);
  if (is_parameter) {
    register_parameter(layer.evaluator(), layer.self(), name, Value(tensor));
  } else {
    register_buffer(layer.evaluator(), layer.self(), name, Value(tensor));
  }
  const ModuleState& state = module_state(layer.evaluator());
  const auto path = state.paths.find(layer.self());
  if (state.root_is_given && path != state.paths.end()) {
    layer.tracer().set_parameter_name(tensor, path->second + (path->second.empty() ? "" : ".") + std::string(name));
  }
  return {};
}

/// The size of an axis of the input, which must be known; sets the attribute and the class without `Lazy`.
Result<int64_t> learn_size(LayerCall& layer, ValueId x, size_t axis, std::string_view attribute,
                           std::string_view ordinary) {
  const std::optional<int64_t> size = layer.dims(x)[axis].as_constant();
  if (!size) {
    static_cast<void>(layer.unsupported(fmt::format("{} on an input {} whose axis {} is only known when the model runs",
                                                    layer.name(), layer.shape_text(x), axis)));
    return Failure{};
  }
  set_attribute(layer.evaluator(), layer.self(), attribute, integer(*size));
  auto* instance = layer.evaluator().heap().as<InstanceObject>(Value(layer.self()));
  const std::string type = layer.name();
  // A user's subclass keeps its class.
  if (type.starts_with("Lazy")) instance->type = layer.evaluator().library_object(fmt::format("torch.nn.{}", ordinary));
  return *size;
}

Result<Value> forward_as(LayerCall& layer, std::string_view ordinary) {
  Evaluator& evaluator = layer.evaluator();
  const Value type(evaluator.library_object(fmt::format("torch.nn.{}", ordinary)));
  LATHE_TRY(const Value method, evaluator.get_attribute(type, evaluator.name("forward"), layer.where()));
  return evaluator.call(method,
                        {.positional = {Value(layer.self()), layer.argument("input")}, .keywords = {}, .places = {}},
                        layer.where());
}

// ---------------------------------------------------------------------------------------------------------- LazyLinear

Status make_lazy_linear(LayerBuilder& layer) {
  LATHE_TRY_VOID(layer.size("out_features"));
  LATHE_TRY_VOID(layer.flag("bias"));
  layer.keep({"out_features"});
  layer.set("in_features", int64_t{0});
  layer.set("_lazy_bias", layer.argument("bias"));
  layer.absent_parameter("weight");
  layer.absent_parameter("bias");
  return {};
}

Result<Value> run_lazy_linear(LayerCall& layer) {
  LATHE_TRY(const ValueId x, layer.input());
  LATHE_TRY(const bool fresh, layer.is_none("weight"));
  if (fresh) {
    if (layer.rank(x) == 0) {
      return layer.error(DiagnosticKind::RankMismatch, "RuntimeError", "LazyLinear wants at least one axis").emit();
    }
    LATHE_TRY(const int64_t in, learn_size(layer, x, layer.rank(x) - 1, "in_features", "Linear"));
    LATHE_TRY(const int64_t out, layer.integer("out_features"));
    LATHE_TRY(const bool bias, layer.flag("_lazy_bias"));
    LATHE_TRY_VOID(materialize(layer, "weight", {out, in}, fan_in_uniform(in)));
    if (bias) LATHE_TRY_VOID(materialize(layer, "bias", {out}, fan_in_uniform(in)));
  }
  return forward_as(layer, "Linear");
}

// ------------------------------------------------------------------------------------------------- lazy convolutions

constexpr std::string_view kOrdinary[] = {"Conv1d", "Conv2d", "Conv3d"};
constexpr std::string_view kTransposed[] = {"ConvTranspose1d", "ConvTranspose2d", "ConvTranspose3d"};

template <size_t spatial, bool transposed>
Status make_lazy_convolution(LayerBuilder& layer) {
  LATHE_TRY(const int64_t out, layer.size("out_channels", 1));
  LATHE_TRY(const Integers kernel, layer.sizes("kernel_size", spatial, 1));
  LATHE_TRY(const Integers stride, layer.sizes("stride", spatial, 1));
  LATHE_TRY(const Integers dilation, layer.sizes("dilation", spatial, 1));
  LATHE_TRY(const int64_t groups, layer.size("groups", 1));
  LATHE_TRY_VOID(layer.flag("bias"));
  if (out % groups != 0) {
    return layer.error("groups", "ValueError", "groups = {} does not divide out_channels = {}", groups, out).emit();
  }
  if (layer.evaluator().heap().string(layer.argument("padding")) != nullptr && !transposed) {
    LATHE_TRY_VOID(layer.choice("padding", {"valid", "same"}));
    layer.keep({"padding"});
  } else {
    LATHE_TRY(const Integers padding, layer.sizes("padding", spatial, 0));
    layer.set_sizes("padding", padding);
  }
  if constexpr (transposed) {
    LATHE_TRY(const Integers output_padding, layer.sizes("output_padding", spatial, 0));
    layer.set_sizes("output_padding", output_padding);
  }
  LATHE_TRY_VOID(layer.choice("padding_mode", {"zeros", "reflect", "replicate", "circular"}));
  layer.keep({"out_channels", "groups", "padding_mode"});
  layer.set("in_channels", int64_t{0});
  layer.set_sizes("kernel_size", kernel);
  layer.set_sizes("stride", stride);
  layer.set_sizes("dilation", dilation);
  layer.set("_lazy_bias", layer.argument("bias"));
  layer.absent_parameter("weight");
  layer.absent_parameter("bias");
  return {};
}

template <size_t spatial, bool transposed>
Result<Value> run_lazy_convolution(LayerCall& layer) {
  const std::string_view ordinary = (transposed ? kTransposed : kOrdinary)[spatial - 1];
  LATHE_TRY(const ValueId x, layer.input());
  LATHE_TRY(const bool fresh, layer.is_none("weight"));
  if (fresh) {
    LATHE_TRY_VOID(require_convolution_rank(layer, x, spatial));
    const size_t axis = layer.rank(x) - spatial - 1;
    LATHE_TRY(const int64_t groups, layer.integer("groups"));
    LATHE_TRY(const int64_t in, learn_size(layer, x, axis, "in_channels", ordinary));
    if (in % groups != 0) {
      return layer
          .error(DiagnosticKind::ChannelMismatch, "ValueError",
                 "groups = {} of {} does not divide the {} of its input {}", groups, layer.name(),
                 counted(in, "channel"), layer.shape_text(x))
          .emit();
    }
    LATHE_TRY(const int64_t out, layer.integer("out_channels"));
    LATHE_TRY(const Integers kernel, layer.integers("kernel_size", spatial));
    LATHE_TRY(const bool bias, layer.flag("_lazy_bias"));
    Integers dims = transposed ? Integers{in, out / groups} : Integers{out, in / groups};
    int64_t fan_in = dims[1];
    for (const int64_t size : kernel) {
      dims.push_back(size);
      fan_in = fan_in > (int64_t{1} << 40) ? fan_in : fan_in * std::min(size, int64_t{1} << 20);
    }
    LATHE_TRY_VOID(materialize(layer, "weight", dims, fan_in_uniform(fan_in)));
    if (bias) LATHE_TRY_VOID(materialize(layer, "bias", {out}, fan_in_uniform(fan_in)));
  }
  return forward_as(layer, ordinary);
}

// --------------------------------------------------------------------------------------------------------- lazy norms

constexpr std::string_view kBatchNorms[] = {"BatchNorm1d", "BatchNorm2d", "BatchNorm3d"};
constexpr std::string_view kInstanceNorms[] = {"InstanceNorm1d", "InstanceNorm2d", "InstanceNorm3d"};

Status make_lazy_norm(LayerBuilder& layer) {
  LATHE_TRY_VOID(layer.number("eps"));
  layer.keep({"eps", "momentum", "affine", "track_running_stats"});
  layer.set("num_features", int64_t{0});
  layer.absent_parameter("weight");
  layer.absent_parameter("bias");
  layer.absent_buffer("running_mean");
  layer.absent_buffer("running_var");
  layer.absent_buffer("num_batches_tracked");
  return {};
}

template <size_t spatial, bool instance>
Result<Value> run_lazy_norm(LayerCall& layer) {
  const std::string_view ordinary = (instance ? kInstanceNorms : kBatchNorms)[spatial - 1];
  LATHE_TRY(const ValueId x, layer.input());
  LATHE_TRY(const int64_t known, layer.integer("num_features"));
  if (known == 0 && layer.rank(x) >= 2) {
    const bool unbatched = instance && layer.rank(x) == spatial + 1;
    LATHE_TRY(const int64_t features, learn_size(layer, x, unbatched ? 0 : 1, "num_features", ordinary));
    LATHE_TRY(const bool affine, layer.flag("affine"));
    LATHE_TRY(const bool tracks, layer.flag("track_running_stats"));
    if (affine) {
      LATHE_TRY_VOID(materialize(layer, "weight", {features}, {.kind = Kind::Ones}));
      LATHE_TRY_VOID(materialize(layer, "bias", {features}, {.kind = Kind::Zeros}));
    }
    if (tracks) {
      LATHE_TRY_VOID(materialize(layer, "running_mean", {features}, {.kind = Kind::Zeros}, false));
      LATHE_TRY_VOID(materialize(layer, "running_var", {features}, {.kind = Kind::Ones}, false));
      LATHE_TRY_VOID(materialize(layer, "num_batches_tracked", {}, {.kind = Kind::Zeros}, false, ElementType::I64));
    }
  }
  return forward_as(layer, ordinary);
}

constexpr NativeFunctionRow kLinear[] = {
    {"__init__", "self, out_features, bias=True, device=None, dtype=None", constructor<make_lazy_linear>},
    {"forward", "self, input", forward<run_lazy_linear>},
};
template <size_t spatial, bool transposed>
constexpr NativeFunctionRow kConvolution[] = {
    {"__init__",
     transposed ? "self, out_channels, kernel_size, stride=1, padding=0, output_padding=0, groups=1, bias=True, "
                  "dilation=1, padding_mode='zeros', device=None, dtype=None"
                : "self, out_channels, kernel_size, stride=1, padding=0, dilation=1, groups=1, bias=True, "
                  "padding_mode='zeros', device=None, dtype=None",
     constructor<make_lazy_convolution<spatial, transposed>>},
    {"forward", "self, input", forward<run_lazy_convolution<spatial, transposed>>},
};
template <size_t spatial, bool instance>
constexpr NativeFunctionRow kNorm[] = {
    {"__init__",
     instance ? "self, eps=1e-05, momentum=0.1, affine=False, track_running_stats=False, device=None, dtype=None"
              : "self, eps=1e-05, momentum=0.1, affine=True, track_running_stats=True, device=None, dtype=None",
     constructor<make_lazy_norm>},
    {"forward", "self, input", forward<run_lazy_norm<spatial, instance>>},
};

constexpr NativeClassRow kClasses[] = {
    {"LazyLinear", "torch.nn.Linear", kLinear},
    {"LazyConv1d", "torch.nn.Conv1d", kConvolution<1, false>},
    {"LazyConv2d", "torch.nn.Conv2d", kConvolution<2, false>},
    {"LazyConv3d", "torch.nn.Conv3d", kConvolution<3, false>},
    {"LazyConvTranspose1d", "torch.nn.ConvTranspose1d", kConvolution<1, true>},
    {"LazyConvTranspose2d", "torch.nn.ConvTranspose2d", kConvolution<2, true>},
    {"LazyConvTranspose3d", "torch.nn.ConvTranspose3d", kConvolution<3, true>},
    {"LazyBatchNorm1d", "torch.nn.BatchNorm1d", kNorm<1, false>},
    {"LazyBatchNorm2d", "torch.nn.BatchNorm2d", kNorm<2, false>},
    {"LazyBatchNorm3d", "torch.nn.BatchNorm3d", kNorm<3, false>},
    {"LazyInstanceNorm1d", "torch.nn.InstanceNorm1d", kNorm<1, true>},
    {"LazyInstanceNorm2d", "torch.nn.InstanceNorm2d", kNorm<2, true>},
    {"LazyInstanceNorm3d", "torch.nn.InstanceNorm3d", kNorm<3, true>},
};

}  // namespace

std::span<const NativeClassRow> lazy_classes() { return kClasses; }

}  // namespace lathe::torch
