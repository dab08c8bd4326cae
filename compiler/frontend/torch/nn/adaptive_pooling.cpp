// AdaptiveAvgPool and AdaptiveMaxPool. Window i of n over m elements goes from floor(i m / n) to ceil((i + 1) m / n).
#include "compiler/frontend/torch/nn/compute.h"
#include "compiler/frontend/torch/nn/convolution.h"
#include "compiler/frontend/torch/nn/families.h"
#include "compiler/frontend/torch/nn/state.h"

namespace lathe::torch {
namespace {

constexpr std::string_view kLayouts[] = {"(N, C, L)", "(N, C, H, W)", "(N, C, D, H, W)"};
constexpr std::string_view kUnbatchedLayouts[] = {"(C, L)", "(C, H, W)", "(C, D, H, W)"};
/// Windows of unequal size are made one by one.
constexpr int64_t kMostWindows = 1024;

/// One axis, which all others leave alone.
Result<ValueId> along_axis(const Operation& operation, std::string_view row, ValueId x, size_t axis, int64_t count) {
  const Dim size = operation.symbols().simplify(operation.dims(x)[axis]);
  const auto at = static_cast<int64_t>(axis);
  Formula formula(operation);
  if (count == 1) return formula.result(formula.reduce(row, x, {at}, true));
  const std::optional<int64_t> known = size.as_constant();
  if (!known) {
    if (operation.symbols().prove_eq(modulo(size, Dim(count)), 0) == Answer::Yes) {
      Shape shape = formula.dims(x);
      shape[axis] = Dim(count);
      shape.insert(shape.begin() + at + 1, operation.symbols().simplify(floordiv(size, Dim(count))));
      return formula.result(formula.reduce(row, formula.reshape(x, shape), {at + 1}, false));
    }
    if (module_state(operation.evaluator()).only_shapes) {
      Shape shape(operation.rank(x), Dim(1));
      shape[axis] = Dim(count);
      return formula.result(formula.expand(formula.reduce(row, x, {at}, true), shape));
    }
    static_cast<void>(operation.unsupported(
        fmt::format("{} to {} elements of an axis with {}, which may not be a multiple: give its size",
                    operation.name(), count, size.python_text())));
    return Failure{};
  }
  if (*known == count) return x;
  if (count == 0) return formula.result(formula.slice(x, axis, 0, 0));
  if (*known % count == 0 && *known > 0) {
    Shape shape = formula.dims(x);
    shape[axis] = Dim(count);
    shape.insert(shape.begin() + at + 1, Dim(*known / count));
    return formula.result(formula.reduce(row, formula.reshape(x, shape), {at + 1}, false));
  }
  if (count > kMostWindows) {
    static_cast<void>(operation.unsupported(fmt::format("{} to {} uneven windows", operation.name(), count)));
    return Failure{};
  }
  std::vector<ValueId> windows;
  for (int64_t index = 0; index < count; ++index) {
    const int64_t begin = index * *known / count;
    const int64_t end = ((index + 1) * *known + count - 1) / count;
    windows.push_back(formula.reduce(row, formula.slice(x, axis, begin, end), {at}, true));
  }
  return formula.result(formula.concat(std::move(windows), axis));
}

/// output_size as a Python value: None entries keep the size of the input.
Result<std::vector<std::optional<int64_t>>> sizes_of(const Operation& operation, const Value& given, size_t spatial) {
  std::vector<Value> items(spatial, given);
  const Heap& heap = operation.evaluator().heap();
  if (const auto* tuple = heap.as<TupleObject>(given)) items = tuple->items;
  if (const auto* list = heap.as<ListObject>(given)) items = list->items;
  if (items.size() == 1) items.assign(spatial, Value(items.front()));
  std::vector<std::optional<int64_t>> sizes;
  for (const Value& item : items) {
    const auto* dim = std::get_if<Dim>(&item);
    if (is_none(item)) {
      sizes.emplace_back();
    } else if (dim != nullptr && dim->is_constant() && dim->constant() >= 0) {
      sizes.emplace_back(dim->constant());
    } else if (dim != nullptr && !dim->is_constant()) {
      static_cast<void>(operation.unsupported(fmt::format(
          "output_size {} of {}, which is only known when the model runs", dim->python_text(), operation.name())));
      return Failure{};
    } else {
      return operation
          .error(DiagnosticKind::BadArgument, "TypeError", "output_size of {} takes ints or None, not {}",
                 operation.name(), operation.evaluator().describe(item))
          .emit();
    }
  }
  if (sizes.size() == spatial) return sizes;
  return operation
      .error(DiagnosticKind::BadArgument, "ValueError", "output_size of {} has {} entries, it takes {}",
             operation.name(), sizes.size(), spatial)
      .emit();
}

template <size_t spatial>
Status make_adaptive(LayerBuilder& layer) {
  const Value& size = layer.argument("output_size");
  const Heap& heap = layer.evaluator().heap();
  const auto* tuple = heap.as<TupleObject>(size);
  const auto* list = heap.as<ListObject>(size);
  bool has_none = is_none(size);
  for (const Value& item : tuple != nullptr ? tuple->items : list != nullptr ? list->items : std::vector<Value>{}) {
    has_none = has_none || is_none(item);
  }
  if (!has_none) {
    LATHE_TRY_VOID(layer.sizes("output_size", spatial, 0));
  }
  layer.keep({"output_size"});
  return {};
}

template <size_t spatial>
Status make_adaptive_max(LayerBuilder& layer) {
  layer.keep({"return_indices"});
  return make_adaptive<spatial>(layer);
}

template <size_t spatial>
Result<Value> run_adaptive_average(LayerCall& layer) {
  LATHE_TRY(const ValueId x, layer.input());
  LATHE_TRY(const Value given, layer.attribute("output_size"));
  LATHE_TRY(const std::vector<std::optional<int64_t>> sizes, sizes_of(layer, given, spatial));
  return layer.result(adaptive_pool(layer, "reduce_mean", x, sizes));
}

template <size_t spatial>
Result<Value> run_adaptive_max(LayerCall& layer) {
  LATHE_TRY(const ValueId x, layer.input());
  LATHE_TRY(const bool indices, layer.flag("return_indices"));
  if (indices) return layer.unsupported(fmt::format("return_indices of {}", layer.name()));
  LATHE_TRY(const Value given, layer.attribute("output_size"));
  LATHE_TRY(const std::vector<std::optional<int64_t>> sizes, sizes_of(layer, given, spatial));
  return layer.result(adaptive_pool(layer, "reduce_max", x, sizes));
}

Result<std::string> adaptive_text(LayerCall& layer) {
  LATHE_TRY(const Value size, layer.attribute("output_size"));
  LATHE_TRY(const std::string shown, layer.evaluator().repr(size, layer.where()));
  return "output_size=" + shown;
}

template <size_t spatial>
Result<Value> call_adaptive_average(NativeCall& call, Operation& operation) {
  LATHE_TRY(const ValueId x, operation.value(call.argument("input")));
  LATHE_TRY(const auto sizes, sizes_of(operation, call.argument("output_size"), spatial));
  return operation.result(adaptive_pool(operation, "reduce_mean", x, sizes));
}

template <size_t spatial>
Result<Value> call_adaptive_max(NativeCall& call, Operation& operation) {
  LATHE_TRY(const ValueId x, operation.value(call.argument("input")));
  LATHE_TRY(const bool indices, call.truth("return_indices"));
  if (indices) return operation.unsupported(fmt::format("return_indices of {}", operation.name()));
  LATHE_TRY(const auto sizes, sizes_of(operation, call.argument("output_size"), spatial));
  return operation.result(adaptive_pool(operation, "reduce_max", x, sizes));
}

template <size_t spatial>
constexpr NativeFunctionRow kAverage[] = {
    {"__init__", "self, output_size", constructor<make_adaptive<spatial>>},
    {"forward", "self, input", forward<run_adaptive_average<spatial>>},
    {"extra_repr", "self", layer_text<adaptive_text>},
};
template <size_t spatial>
constexpr NativeFunctionRow kMax[] = {
    {"__init__", "self, output_size, return_indices=False", constructor<make_adaptive_max<spatial>>},
    {"forward", "self, input", forward<run_adaptive_max<spatial>>},
    {"extra_repr", "self", layer_text<adaptive_text>},
};

constexpr NativeClassRow kClasses[] = {
    {"AdaptiveAvgPool1d", "torch.nn.Module", kAverage<1>}, {"AdaptiveAvgPool2d", "torch.nn.Module", kAverage<2>},
    {"AdaptiveAvgPool3d", "torch.nn.Module", kAverage<3>}, {"AdaptiveMaxPool1d", "torch.nn.Module", kMax<1>},
    {"AdaptiveMaxPool2d", "torch.nn.Module", kMax<2>},     {"AdaptiveMaxPool3d", "torch.nn.Module", kMax<3>},
};

constexpr NativeFunctionRow kFunctions[] = {
    {"adaptive_avg_pool1d", "input, output_size", tensor_function<call_adaptive_average<1>>},
    {"adaptive_avg_pool2d", "input, output_size", tensor_function<call_adaptive_average<2>>},
    {"adaptive_avg_pool3d", "input, output_size", tensor_function<call_adaptive_average<3>>},
    {"adaptive_max_pool1d", "input, output_size, return_indices=False", tensor_function<call_adaptive_max<1>>},
    {"adaptive_max_pool2d", "input, output_size, return_indices=False", tensor_function<call_adaptive_max<2>>},
    {"adaptive_max_pool3d", "input, output_size, return_indices=False", tensor_function<call_adaptive_max<3>>},
};

}  // namespace

Result<ValueId> adaptive_pool(const Operation& operation, std::string_view row, ValueId x,
                              const std::vector<std::optional<int64_t>>& sizes) {
  const size_t spatial = sizes.size();
  const size_t rank = operation.rank(x);
  if (rank != spatial + 1 && rank != spatial + 2) {
    return operation
        .error(DiagnosticKind::RankMismatch, "RuntimeError",
               "{} takes {} or one unbatched {}, its input has rank {}: {}", operation.name(), kLayouts[spatial - 1],
               kUnbatchedLayouts[spatial - 1], rank, operation.shape_text(x))
        .emit();
  }
  const size_t first = rank - spatial;
  bool all_one = true;
  Integers axes;
  for (size_t axis = 0; axis < spatial; ++axis) {
    all_one = all_one && sizes[axis] == 1;
    axes.push_back(static_cast<int64_t>(first + axis));
  }
  if (all_one) return operation.one(row, {x}, {{"axes", axes}, {"keep_dims", true}});
  ValueId result = x;
  for (size_t axis = 0; axis < spatial; ++axis) {
    if (!sizes[axis]) continue;
    LATHE_TRY(result, along_axis(operation, row, result, first + axis, *sizes[axis]));
  }
  return result;
}

std::span<const NativeClassRow> adaptive_pooling_classes() { return kClasses; }
std::span<const NativeFunctionRow> adaptive_pooling_functions() { return kFunctions; }

}  // namespace lathe::torch
