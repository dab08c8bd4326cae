// Convolutions.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "compiler/frontend/onnx/convolution_attributes.h"
#include "compiler/frontend/onnx/operators.h"
#include "compiler/frontend/onnx/window_attributes.h"

namespace lathe::onnx {
namespace {

/// The kernel's sizes: those of the weight, which `kernel_shape` must repeat if it is there.
Result<Integers> kernel_of(NodeContext& context, size_t weight) {
  LATHE_TRY_VOID(context.require_rank_at_least(weight, 3));
  LATHE_TRY_VOID(context.require_rank(0, context.rank(weight)));
  const Shape& dims = context.dims(weight);
  Integers kernel;
  for (size_t axis = 2; axis < dims.size(); ++axis) {
    const std::optional<int64_t> size = dims[axis].as_constant();
    if (!size) return context.unsupported("a kernel whose size is not known before the model runs");
    kernel.push_back(*size);
  }
  if (kernel.size() > 3) return context.unsupported("{} spatial axes", kernel.size());
  const std::vector<int64_t>* given = context.integers("kernel_shape");
  if (given != nullptr && *given != kernel) {
    return context.bad_attribute("kernel_shape", "is [{}], but {} is `{}`", fmt::join(*given, ", "),
                                 context.input_text(weight), text(context.tensor(weight)));
  }
  return kernel;
}

Result<int64_t> groups_of(NodeContext& context) {
  const int64_t groups = context.integer("group", 1);
  if (groups < 1) return context.bad_attribute("group", "is {}, it must be at least 1", groups);
  return groups;
}

std::vector<NamedAttribute> row_attributes(const WindowAttributes& window, int64_t groups) {
  return {{"strides", window.strides}, {"pads", window.pads}, {"dilations", window.dilations}, {"groups", groups}};
}

Outputs import_conv(NodeContext& context) {
  LATHE_TRY(std::vector<NamedAttribute> attributes, convolution_attributes(context, 1));
  return context.one("conv", context.inputs(), std::move(attributes));
}

/// How `output_shape` and `auto_pad` set the padding on one spatial axis of ConvTranspose.
struct TransposedAxis {
  int64_t begin = 0;
  int64_t end = 0;
  int64_t longer = 0;  ///< added to output_padding
};

TransposedAxis split_padding(int64_t total, bool upper) {
  // The specification leaves open what a negative total means: the result is then longer than what the kernel reaches.
  if (total < 0) return {.begin = 0, .end = 0, .longer = -total};
  const int64_t smaller = total / 2;
  const int64_t begin = upper ? smaller : total - smaller;
  return {.begin = begin, .end = total - begin, .longer = 0};
}

Outputs import_conv_transpose(NodeContext& context) {
  LATHE_TRY(Integers kernel, kernel_of(context, 1));
  const size_t spatial = kernel.size();
  const std::string_view mode = context.string("auto_pad", "NOTSET");
  LATHE_TRY(WindowAttributes window, window_attributes(context, std::move(kernel), SamePadding::LeaveToCaller));
  LATHE_TRY(const int64_t groups, groups_of(context));
  Integers output_padding(spatial, 0);
  if (const std::vector<int64_t>* given = context.integers("output_padding"); given != nullptr && !given->empty()) {
    if (given->size() != spatial) {
      return context.bad_attribute("output_padding", "has {} entries, expected {}", given->size(), spatial);
    }
    output_padding = *given;
  }
  const std::vector<int64_t>* output_shape = context.integers("output_shape");
  if (output_shape != nullptr && output_shape->size() != spatial) {
    return context.bad_attribute("output_shape", "has {} entries, expected {}", output_shape->size(), spatial);
  }
  for (size_t axis = 0; axis < spatial && (output_shape != nullptr || window.same); ++axis) {
    const int64_t stride = window.strides[axis];
    const int64_t covered = (window.kernel[axis] - 1) * window.dilations[axis] + 1;
    const std::optional<int64_t> size = context.dims(0)[axis + 2].as_constant();
    // With SAME_* the result is size * stride long, whatever the size is.
    int64_t total = covered - stride + output_padding[axis];
    if (output_shape != nullptr) {
      if (!size) return context.unsupported("`output_shape` for an operand whose size is not known");
      total = stride * (*size - 1) + output_padding[axis] + covered - (*output_shape)[axis];
    }
    const TransposedAxis padding = split_padding(total, mode == "SAME_UPPER");
    window.pads[axis] = padding.begin;
    window.pads[spatial + axis] = padding.end;
    output_padding[axis] += padding.longer;
  }
  std::vector<NamedAttribute> attributes = row_attributes(window, groups);
  attributes.push_back({"output_padding", output_padding});
  return context.one("conv_transpose", context.inputs(), std::move(attributes));
}

constexpr OperatorRow kConvolutions[] = {
    {.name = "Conv", .handler = import_conv, .min_inputs = 2, .max_inputs = 3, .attributes = kConvolutionAttributes},
    {.name = "ConvTranspose",
     .handler = import_conv_transpose,
     .min_inputs = 2,
     .max_inputs = 3,
     .attributes =
         "auto_pad:s dilations:is group:i kernel_shape:is output_padding:is output_shape:is pads:is strides:is"},
};

}  // namespace

Result<std::vector<NamedAttribute>> convolution_attributes(NodeContext& context, size_t weight) {
  LATHE_TRY(Integers kernel, kernel_of(context, weight));
  LATHE_TRY(const WindowAttributes window, window_attributes(context, std::move(kernel)));
  LATHE_TRY(const int64_t groups, groups_of(context));
  return row_attributes(window, groups);
}

std::span<const OperatorRow> convolution_operators() { return kConvolutions; }

}  // namespace lathe::onnx
