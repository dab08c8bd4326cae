// Poolings over windows and over whole images.
#include "compiler/frontend/onnx/operators.h"
#include "compiler/frontend/onnx/window_attributes.h"

namespace lathe::onnx {
namespace {

Outputs pool(NodeContext& context, std::vector<NamedAttribute> more) {
  LATHE_TRY(Integers kernel, required_kernel(context));
  if (kernel.size() > 3) return context.unsupported("{} spatial axes", kernel.size());
  LATHE_TRY(const WindowAttributes window, window_attributes(context, std::move(kernel)));
  std::vector<NamedAttribute> attributes{{"kernel", window.kernel},
                                         {"strides", window.strides},
                                         {"pads", window.pads},
                                         {"dilations", window.dilations},
                                         {"ceil_mode", context.flag("ceil_mode", false) && !window.same}};
  for (NamedAttribute& attribute : more) attributes.push_back(std::move(attribute));
  return context.one(context.row().target, context.inputs(), std::move(attributes));
}

Outputs import_max_pool(NodeContext& context) {
  if (context.wants_output(1)) return context.unsupported("output `Indices`");
  return pool(context, {});
}

Outputs import_average_pool(NodeContext& context) {
  return pool(context, {{"count_include_pad", context.flag("count_include_pad", false)}});
}

/// The exponent, which opset 1 writes as a float.
Result<int64_t> exponent(NodeContext& context) {
  if (context.opset() >= 2) return context.integer("p", 2);
  const double p = context.number("p", 2);
  if (p != 1 && p != 2) return context.unsupported("`p` = {}", p);
  return static_cast<int64_t>(p);
}

Outputs import_lp_pool(NodeContext& context) {
  LATHE_TRY(const int64_t p, exponent(context));
  return pool(context, {{"p", p}});
}

Outputs import_global_pool(NodeContext& context) {
  LATHE_TRY_VOID(context.require_rank_at_least(0, 3));
  Integers axes;
  for (int axis = 2; axis < context.rank(0); ++axis) axes.push_back(axis);
  return context.one(context.row().target, context.inputs(), {{"axes", std::move(axes)}, {"keep_dims", true}});
}

Outputs import_global_lp_pool(NodeContext& context) {
  LATHE_TRY_VOID(context.require_rank_at_least(0, 3));
  LATHE_TRY(const int64_t p, exponent(context));
  if (p != 1 && p != 2) return context.unsupported("`p` = {}", p);
  Integers axes;
  for (int axis = 2; axis < context.rank(0); ++axis) axes.push_back(axis);
  return context.one(p == 1 ? "reduce_l1" : "reduce_l2", context.inputs(),
                     {{"axes", std::move(axes)}, {"keep_dims", true}});
}

constexpr OperatorRow kPoolings[] = {
    {.name = "AveragePool",
     .handler = import_average_pool,
     .attributes = "auto_pad:s ceil_mode:i count_include_pad:i dilations:is kernel_shape:is pads:is strides:is",
     .target = "average_pool"},
    {.name = "GlobalAveragePool", .handler = import_global_pool, .target = "reduce_mean"},
    {.name = "GlobalLpPool", .until = 1, .handler = import_global_lp_pool, .attributes = "p:f"},
    {.name = "GlobalLpPool", .since = 2, .handler = import_global_lp_pool, .attributes = "p:i"},
    {.name = "GlobalMaxPool", .handler = import_global_pool, .target = "reduce_max"},
    {.name = "LpPool",
     .until = 1,
     .handler = import_lp_pool,
     .attributes = "auto_pad:s kernel_shape:is p:f pads:is strides:is",
     .target = "lp_pool"},
    {.name = "LpPool",
     .since = 2,
     .handler = import_lp_pool,
     .attributes = "auto_pad:s ceil_mode:i dilations:is kernel_shape:is p:i pads:is strides:is",
     .target = "lp_pool"},
    {.name = "MaxPool",
     .handler = import_max_pool,
     .attributes = "auto_pad:s ceil_mode:i dilations:is kernel_shape:is pads:is storage_order:i strides:is",
     .target = "max_pool"},
};

}  // namespace

std::span<const OperatorRow> pooling_operators() { return kPoolings; }

}  // namespace lathe::onnx
