// Shapes that keep the order of elements: reshape, view, flatten, squeeze, unsqueeze; copies.
#include <fmt/format.h>

#include <algorithm>

#include "compiler/frontend/torch/tensor/operations.h"
#include "compiler/frontend/torch/tensor/view_strides.h"

namespace lathe::torch {
namespace {

enum class Copy : uint8_t { Allowed, Refused };

/// "16*4*4 = 256", the factors that aren't 1; just the number for one factor.
std::string product_text(const Shape& dims, size_t first = 0) {
  std::string text;
  size_t factors = 0;
  for (size_t axis = first; axis < dims.size(); ++axis) {
    if (dims[axis].is_constant(1)) continue;
    if (factors++ != 0) text += "*";
    text += dims[axis].python_text();
  }
  const std::string value = product(Shape(dims.begin() + static_cast<std::ptrdiff_t>(first), dims.end())).python_text();
  return factors > 1 ? fmt::format("{} = {}", text, value) : value;
}

/// The sizes with -1 replaced.
Result<Shape> complete_sizes(Tracer& tracer, TensorId x, Shape sizes, std::string_view what) {
  const Shape& dims = tracer.dims(x);
  const std::string asked = Tracer::shape_text(sizes);
  std::optional<size_t> open;
  Dim given = 1;
  for (size_t axis = 0; axis < sizes.size(); ++axis) {
    if (sizes[axis].is_constant(-1)) {
      if (open) {
        return tensor_error(tracer, DiagnosticKind::ReshapeMismatch, "RuntimeError",
                            fmt::format("{} to {}: only one size may be -1", what, asked))
            .emit();
      }
      open = axis;
    } else if (sizes[axis].is_constant() && sizes[axis].constant() < 0) {
      return tensor_error(tracer, DiagnosticKind::NegativeDimension, "RuntimeError",
                          fmt::format("{} to {}: a size is negative", what, asked))
          .emit();
    } else {
      given *= sizes[axis];
    }
  }
  const SymbolTable& symbols = tracer.module().symbols;
  const Dim count = tracer.module().origins.derived(product(dims), OriginRule::Product, {}, tracer.here(), dims);
  const auto mismatch = [&](std::string message) {
    return tensor_error(tracer, DiagnosticKind::ReshapeMismatch, "RuntimeError", std::move(message));
  };
  if (!open) {
    if (symbols.prove_eq(count, given) != Answer::No) return sizes;
    return mismatch(fmt::format("{} from {} to {}: there are {} elements, the new shape takes {}", what,
                                Tracer::shape_text(dims), asked, product_text(dims), product_text(sizes)))
        .explain(tracer.module().origins, count)
        .emit();
  }
  if (given.is_constant(0)) {
    return mismatch(fmt::format("{} to {}: -1 can be any size, as another size is 0", what, asked)).emit();
  }
  if (const auto rest = exact_divide(count, given)) {
    sizes[*open] = *rest;
    return sizes;
  }
  const Dim rest = symbols.simplify(floordiv(count, given));
  const Answer fits = symbols.prove_eq(rest * given, count);
  if (fits == Answer::No || (count.is_constant() && given.is_constant())) {
    std::string elements = product_text(dims);
    if (dims.size() > 1 && dims[0].is_constant()) {
      elements = fmt::format("{} times {} elements, {} in all,", dims[0].python_text(), product_text(dims, 1),
                             count.python_text());
      auto report = mismatch(fmt::format("{} from {} to {}: {} are not a multiple of {}", what,
                                         Tracer::shape_text(dims), asked, elements, given.python_text()));
      return std::move(report).explain(tracer.module().origins, count).emit();
    }
    return mismatch(fmt::format("{} from {} to {}: {} elements are not a multiple of {}", what,
                                Tracer::shape_text(dims), asked, elements, given.python_text()))
        .explain(tracer.module().origins, count)
        .emit();
  }
  sizes[*open] = rest;
  return sizes;
}

Result<TensorId> add_reshape_view(Tracer& tracer, TensorId x, const Shape& sizes, std::vector<Dim> strides) {
  LATHE_TRY(const ValueId value, tracer.value(x));
  LATHE_TRY(const ValueId shaped, tracer.builder().reshape(value, sizes));
  const Shape old = tracer.dims(x);
  return tracer.add_view(
      x, shaped, std::move(strides), [sizes](Tracer& t, ValueId base) { return t.builder().reshape(base, sizes); },
      [old](Tracer& t, ValueId, ValueId view) { return t.builder().reshape(view, old); });
}

/// The span of the name `view` in the call at `where`, for the fix; nothing when the text looks otherwise.
std::optional<Span> method_name(Tracer& tracer, LocationId where, std::string_view name) {
  if (!where.valid()) return std::nullopt;
  const LocationTable& locations = tracer.module().locations;
  const auto* span = std::get_if<Span>(&locations[where]);
  if (span == nullptr) return std::nullopt;
  const std::string& file = locations.file(span->file).text;
  if (span->end > file.size() || span->begin >= span->end || file[span->end - 1] != ')') return std::nullopt;
  int depth = 0;
  for (uint32_t at = span->end; at-- > span->begin;) {
    if (file[at] == ')') ++depth;
    if (file[at] != '(' || --depth != 0) continue;
    const auto length = static_cast<uint32_t>(name.size());
    if (at < span->begin + length + 1 || file.substr(at - length, length) != name || file[at - length - 1] != '.')
      break;
    return Span{span->file, at - length, at};
  }
  return std::nullopt;
}

Failure report_strides(Tracer& tracer, TensorId x, const Shape& sizes) {
  const std::vector<Dim> strides = tracer.strides(x);
  auto report = tensor_error(tracer, DiagnosticKind::ViewNeedsContiguous, "RuntimeError",
                             fmt::format("view to {} needs axes that lie together in memory: the tensor {} has "
                                         "strides {}",
                                         Tracer::shape_text(sizes), tracer.shape_text(x), Tracer::shape_text(strides)));
  if (const LocationId where = tracer.reordered_at(x); where.valid()) {
    static_cast<void>(std::move(report).label(where, "the order of the axes was changed here"));
  }
  static_cast<void>(
      std::move(report).note("`reshape` copies where it must; `contiguous()` in front of `view` copies too"));
  if (const auto name = method_name(tracer, tracer.here(), "view")) {
    static_cast<void>(std::move(report).fix({.title = "use `reshape`", .edits = {{*name, "reshape"}}}));
  }
  return std::move(report).emit();
}

Result<TensorId> reshape(Tracer& tracer, TensorId x, Shape sizes, Copy copy) {
  LATHE_TRY(sizes, complete_sizes(tracer, x, std::move(sizes), copy == Copy::Allowed ? "reshape" : "view"));
  const SymbolTable& symbols = tracer.module().symbols;
  const Dim count = product(tracer.dims(x));
  if (count.is_constant(0)) {
    LATHE_TRY(const ValueId value, tracer.value(x));
    LATHE_TRY(const ValueId shaped, tracer.builder().reshape(value, std::move(sizes)));
    return tracer.add(shaped);
  }
  if (tracer.is_contiguous(x)) {
    std::vector<Dim> strides(sizes.size(), Dim(1));
    for (size_t axis = sizes.size(); axis-- > 1;) strides[axis - 1] = strides[axis] * sizes[axis];
    return add_reshape_view(tracer, x, sizes, std::move(strides));
  }
  ViewStrides view = view_strides(symbols, tracer.dims(x), tracer.strides(x), sizes);
  if (view.viewable == Answer::Yes || (view.viewable == Answer::Unknown && copy == Copy::Refused)) {
    return add_reshape_view(tracer, x, sizes, std::move(view.strides));
  }
  if (copy == Copy::Refused) return report_strides(tracer, x, sizes);
  LATHE_TRY(const ValueId value, tracer.value(x));
  LATHE_TRY(const ValueId shaped, tracer.builder().reshape(value, std::move(sizes)));
  return tracer.add(shaped);
}

}  // namespace

Result<TensorId> reshape_operation(Tracer& tracer, TensorId x, Shape sizes) {
  return reshape(tracer, x, std::move(sizes), Copy::Allowed);
}

Result<TensorId> view_operation(Tracer& tracer, TensorId x, Shape sizes) {
  return reshape(tracer, x, std::move(sizes), Copy::Refused);
}

Result<TensorId> flatten_operation(Tracer& tracer, TensorId x, int64_t first, int64_t last) {
  LATHE_TRY(const size_t begin, normal_axis(tracer, first, x));
  LATHE_TRY(const size_t end, normal_axis(tracer, last, x));
  const Shape& dims = tracer.dims(x);
  if (dims.empty()) return reshape_operation(tracer, x, {Dim(1)});
  if (begin > end) {
    return tensor_error(tracer, DiagnosticKind::AxisOutOfRange, "RuntimeError",
                        fmt::format("flatten from axis {} to {}: start_dim is behind end_dim", begin, end))
        .emit();
  }
  if (begin == end) return x;
  Shape sizes(dims.begin(), dims.begin() + static_cast<std::ptrdiff_t>(begin));
  sizes.push_back(product(
      Shape(dims.begin() + static_cast<std::ptrdiff_t>(begin), dims.begin() + static_cast<std::ptrdiff_t>(end) + 1)));
  sizes.insert(sizes.end(), dims.begin() + static_cast<std::ptrdiff_t>(end) + 1, dims.end());
  return reshape_operation(tracer, x, std::move(sizes));
}

Result<TensorId> unsqueeze_operation(Tracer& tracer, TensorId x, int64_t axis) {
  Shape sizes = tracer.dims(x);
  const auto limit = static_cast<int64_t>(sizes.size()) + 1;
  if (axis < -limit || axis >= limit) {
    return tensor_error(tracer, DiagnosticKind::AxisOutOfRange, "IndexError",
                        fmt::format("unsqueeze({}) of {}: the new axis may be {} to {}", axis, tracer.shape_text(x),
                                    -limit, limit - 1))
        .emit();
  }
  const auto at = static_cast<size_t>(axis < 0 ? axis + limit : axis);
  std::vector<Dim> strides = tracer.strides(x);
  const Dim stride = at < sizes.size() ? strides[at] * sizes[at] : Dim(1);
  strides.insert(strides.begin() + static_cast<std::ptrdiff_t>(at), stride);
  sizes.insert(sizes.begin() + static_cast<std::ptrdiff_t>(at), Dim(1));
  return add_reshape_view(tracer, x, sizes, std::move(strides));
}

Result<TensorId> squeeze_operation(Tracer& tracer, TensorId x, std::optional<std::vector<int64_t>> axes) {
  const Shape& dims = tracer.dims(x);
  std::vector<bool> drop(dims.size(), !axes.has_value());
  if (axes) {
    for (const int64_t axis : *axes) {
      LATHE_TRY(const size_t at, normal_axis(tracer, axis, x));
      if (at < drop.size()) drop[at] = true;
    }
  }
  Shape sizes;
  std::vector<Dim> strides;
  const std::vector<Dim> old = tracer.strides(x);
  for (size_t axis = 0; axis < dims.size(); ++axis) {
    if (drop[axis] && dims[axis].is_constant(1)) continue;
    sizes.push_back(dims[axis]);
    strides.push_back(old[axis]);
  }
  return add_reshape_view(tracer, x, sizes, std::move(strides));
}

Result<TensorId> clone_operation(Tracer& tracer, TensorId x) {
  LATHE_TRY(const ValueId value, tracer.value(x));
  return tracer.add(value);
}

Result<TensorId> contiguous_operation(Tracer& tracer, TensorId x) {
  if (tracer.is_contiguous(x)) return x;
  return clone_operation(tracer, x);
}

}  // namespace lathe::torch
