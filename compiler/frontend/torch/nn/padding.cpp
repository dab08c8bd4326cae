// The padding layers and F.pad.
#include "compiler/frontend/torch/nn/compute.h"
#include "compiler/frontend/torch/nn/families.h"
#include "compiler/frontend/torch/nn/layer.h"

namespace lathe::torch {
namespace {

enum class PadKind { Zero, Constant, Reflect, Replicate, Circular };

constexpr std::string_view mode_of(PadKind kind) {
  switch (kind) {
    case PadKind::Zero:
    case PadKind::Constant: return "constant";
    case PadKind::Reflect: return "reflect";
    case PadKind::Replicate: return "replicate";
    case PadKind::Circular: return "circular";
  }
  return "";
}

template <PadKind kind, size_t spatial>
Status make_pad(LayerBuilder& layer) {
  const Value& given = layer.argument("padding");
  const Heap& heap = layer.evaluator().heap();
  const bool is_sequence = heap.as<TupleObject>(given) != nullptr || heap.as<ListObject>(given) != nullptr;
  Integers amounts;
  if (is_sequence) {
    LATHE_TRY(amounts, layer.sizes("padding", 2 * spatial, -(int64_t{1} << 31)));
  } else {
    LATHE_TRY(const int64_t number, layer.size("padding", -(int64_t{1} << 31)));
    amounts.assign(2 * spatial, number);
  }
  layer.set_sizes("padding", amounts);
  if constexpr (kind == PadKind::Constant) {
    LATHE_TRY_VOID(layer.number("value"));
    layer.keep({"value"});
  }
  return {};
}

/// Layers that repeat elements take a batch or one sample; constants go around anything.
template <PadKind kind, size_t spatial>
Status require_pad_rank(const LayerCall& layer, ValueId x) {
  if (kind == PadKind::Zero || kind == PadKind::Constant) return {};
  const size_t rank = layer.rank(x);
  if (rank == spatial + 1 || rank == spatial + 2) return {};
  return layer
      .error(DiagnosticKind::RankMismatch, "RuntimeError", "{} takes rank {} or {}, its input has rank {}: {}",
             layer.name(), spatial + 1, spatial + 2, rank, layer.shape_text(x))
      .emit();
}

template <PadKind kind, size_t spatial>
Result<Value> run_pad(LayerCall& layer) {
  LATHE_TRY(const ValueId x, layer.input());
  const Status rank = require_pad_rank<kind, spatial>(layer, x);
  LATHE_TRY_VOID(rank);
  LATHE_TRY(const Integers given, layer.integers("padding", 2 * spatial));
  double value = 0;
  if constexpr (kind == PadKind::Constant) {
    LATHE_TRY(value, layer.number("value"));
  }
  const std::vector<Dim> amounts(given.begin(), given.end());
  return layer.result(pad(layer, x, amounts, std::string(mode_of(kind)), value));
}

Result<std::string> pad_text(LayerCall& layer) {
  LATHE_TRY(const Value padding, layer.attribute("padding"));
  LATHE_TRY(std::string text, layer.evaluator().repr(padding, layer.where()));
  if (layer.name().starts_with("Constant")) {
    LATHE_TRY(const Value value, layer.attribute("value"));
    LATHE_TRY(const std::string shown, layer.evaluator().repr(value, layer.where()));
    return fmt::format("padding={}, value={}", text, shown);
  }
  return text;
}

template <PadKind kind, size_t spatial>
constexpr NativeFunctionRow kMethods[] = {
    {"__init__", kind == PadKind::Constant ? "self, padding, value" : "self, padding",
     constructor<make_pad<kind, spatial>>},
    {"forward", "self, input", forward<run_pad<kind, spatial>>},
    {"extra_repr", "self", layer_text<pad_text>},
};

constexpr std::string_view kModule = "torch.nn.Module";
constexpr NativeClassRow kClasses[] = {
    {"ZeroPad1d", kModule, kMethods<PadKind::Zero, 1>},
    {"ZeroPad2d", kModule, kMethods<PadKind::Zero, 2>},
    {"ZeroPad3d", kModule, kMethods<PadKind::Zero, 3>},
    {"ConstantPad1d", kModule, kMethods<PadKind::Constant, 1>},
    {"ConstantPad2d", kModule, kMethods<PadKind::Constant, 2>},
    {"ConstantPad3d", kModule, kMethods<PadKind::Constant, 3>},
    {"ReflectionPad1d", kModule, kMethods<PadKind::Reflect, 1>},
    {"ReflectionPad2d", kModule, kMethods<PadKind::Reflect, 2>},
    {"ReflectionPad3d", kModule, kMethods<PadKind::Reflect, 3>},
    {"ReplicationPad1d", kModule, kMethods<PadKind::Replicate, 1>},
    {"ReplicationPad2d", kModule, kMethods<PadKind::Replicate, 2>},
    {"ReplicationPad3d", kModule, kMethods<PadKind::Replicate, 3>},
    {"CircularPad1d", kModule, kMethods<PadKind::Circular, 1>},
    {"CircularPad2d", kModule, kMethods<PadKind::Circular, 2>},
    {"CircularPad3d", kModule, kMethods<PadKind::Circular, 3>},
};

Result<Value> call_pad(NativeCall& call, Operation& operation) {
  LATHE_TRY(const ValueId x, operation.value(call.argument("input")));
  LATHE_TRY(const std::vector<Dim> amounts, call.integers("pad"));
  LATHE_TRY(const std::string mode, call.string("mode"));
  double value = 0;
  if (!call.is_none("value")) {
    LATHE_TRY(value, call.number("value"));
  }
  return operation.result(pad(operation, x, amounts, mode, value));
}

constexpr NativeFunctionRow kFunctions[] = {
    {"pad", "input, pad, mode='constant', value=None", tensor_function<call_pad>},
};

}  // namespace

Result<ValueId> pad(const Operation& operation, ValueId x, const std::vector<Dim>& amounts, const std::string& mode,
                    double value) {
  const Shape dims = operation.dims(x);
  if (amounts.size() % 2 != 0 || amounts.size() / 2 > dims.size()) {
    return operation
        .error(DiagnosticKind::BadArgument, "RuntimeError",
               "{} takes two amounts for each of the last axes, {} are given for {}", operation.name(), amounts.size(),
               python_shape(dims))
        .emit();
  }
  std::string row_mode = mode;
  if (mode == "replicate") row_mode = "edge";
  if (mode == "circular") row_mode = "wrap";
  if (row_mode != "constant" && row_mode != "reflect" && row_mode != "edge" && row_mode != "wrap") {
    return operation
        .error(DiagnosticKind::BadArgument, "NotImplementedError",
               "mode of {} is '{}'; it may be 'constant', 'reflect', 'replicate' or 'circular'", operation.name(), mode)
        .emit();
  }
  Shape low(dims.size(), Dim(0));
  Shape high = low;
  for (size_t index = 0; index < amounts.size(); ++index) {
    const size_t axis = dims.size() - 1 - index / 2;
    (index % 2 == 0 ? low : high)[axis] = amounts[index];
    if (row_mode != "reflect" && row_mode != "wrap") continue;
    const bool is_reflect = row_mode == "reflect";
    LATHE_TRY_VOID(operation.require_le(
        DiagnosticKind::ShapeMismatch, "RuntimeError", is_reflect ? amounts[index] + 1 : amounts[index], dims[axis],
        fmt::format("{} can't {} {} elements on axis {}, its input {} has {} there", operation.name(),
                    is_reflect ? "reflect" : "wrap", amounts[index].python_text(), axis, python_shape(dims),
                    dims[axis].python_text())));
  }
  for (size_t axis = 0; axis < dims.size(); ++axis) {
    LATHE_TRY_VOID(operation.require_le(DiagnosticKind::NegativeDimension, "RuntimeError", Dim(0),
                                        dims[axis] + low[axis] + high[axis],
                                        fmt::format("{} takes more from axis {} of its input {} than it has",
                                                    operation.name(), axis, python_shape(dims))));
  }
  return operation.one("pad", {x}, {{"low", low}, {"high", high}, {"mode", row_mode}, {"value", value}});
}

std::span<const NativeClassRow> padding_classes() { return kClasses; }
std::span<const NativeFunctionRow> padding_functions() { return kFunctions; }

}  // namespace lathe::torch
