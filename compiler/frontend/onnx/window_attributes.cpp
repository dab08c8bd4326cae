// Padding as in ONNX's operator specification of Conv and MaxPool.
#include "compiler/frontend/onnx/window_attributes.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace lathe::onnx {
namespace {

constexpr int64_t kMost = int64_t{1} << 31u;

Result<Integers> list(NodeContext& context, std::string_view name, size_t length, int64_t otherwise, int64_t least) {
  const std::vector<int64_t>* given = context.integers(name);
  if (given == nullptr || given->empty()) return Integers(length, otherwise);
  if (given->size() != length) {
    return context.bad_attribute(name, "has {} entries ([{}]), expected {}", given->size(), fmt::join(*given, ", "),
                                 length);
  }
  const bool in_range =
      std::all_of(given->begin(), given->end(), [&](int64_t value) { return value >= least && value <= kMost; });
  if (!in_range) {
    return context.bad_attribute(name, "is [{}]; every entry must be at least {} and at most {}",
                                 fmt::join(*given, ", "), least, kMost);
  }
  return *given;
}

/// Padding that makes the result ceil(size / stride) long, on one axis; nothing when it depends on an unknown size.
std::optional<int64_t> same_padding(const Dim& size, int64_t kernel, int64_t stride, int64_t dilation) {
  const int64_t covered = (kernel - 1) * dilation + 1;
  if (stride == 1) return covered - 1;
  const std::optional<int64_t> number = size.as_constant();
  if (!number) return std::nullopt;
  const int64_t count = (*number + stride - 1) / stride;
  return std::max<int64_t>(0, (count - 1) * stride + covered - *number);
}

}  // namespace

Result<Integers> required_kernel(NodeContext& context) {
  const std::vector<int64_t>* kernel = context.integers("kernel_shape");
  if (kernel == nullptr) {
    return context
        .error(DiagnosticKind::MissingAttribute, "`{}` needs the attribute `kernel_shape`", context.node().op_type)
        .emit();
  }
  const size_t spatial = kernel->size();
  LATHE_TRY(Integers checked, list(context, "kernel_shape", spatial, 1, 1));
  LATHE_TRY_VOID(context.require_rank(0, static_cast<int>(spatial) + 2));
  return checked;
}

Result<WindowAttributes> window_attributes(NodeContext& context, Integers kernel, SamePadding same) {
  const size_t spatial = kernel.size();
  WindowAttributes window;
  LATHE_TRY(window.strides, list(context, "strides", spatial, 1, 1));
  LATHE_TRY(window.dilations, list(context, "dilations", spatial, 1, 1));
  LATHE_TRY(window.pads, list(context, "pads", 2 * spatial, 0, 0));
  window.kernel = std::move(kernel);
  const std::string_view mode = context.string("auto_pad", "NOTSET");
  if (mode == "NOTSET" || mode.empty()) return window;
  window.pads.assign(2 * spatial, 0);
  if (mode == "VALID") return window;
  if (mode != "SAME_UPPER" && mode != "SAME_LOWER") {
    return context.bad_attribute("auto_pad", "is `{}`, expected NOTSET, VALID, SAME_UPPER or SAME_LOWER", mode);
  }
  window.same = true;
  if (same == SamePadding::LeaveToCaller) return window;
  for (size_t axis = 0; axis < spatial; ++axis) {
    const Dim& size = context.dims(0)[axis + 2];
    const std::optional<int64_t> total =
        same_padding(size, window.kernel[axis], window.strides[axis], window.dilations[axis]);
    if (!total) {
      return context.unsupported("`auto_pad` with a stride on axis {}, whose size `{}` is not a number", axis + 2,
                                 size.text());
    }
    const int64_t smaller = *total / 2;
    window.pads[axis] = mode == "SAME_UPPER" ? smaller : *total - smaller;
    window.pads[spatial + axis] = *total - window.pads[axis];
  }
  return window;
}

}  // namespace lathe::onnx
