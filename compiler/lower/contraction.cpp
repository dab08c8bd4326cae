// Recognising products and convolutions, packing their weights, writing their descriptors.
#include "compiler/lower/contraction.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <optional>

#include "compiler/lower/epilogue.h"
#include "lathe/kernels.h"

namespace lathe::lower {
namespace {

using kernel::BufferRef;
using kernel::Field;

// ---- fields of the C structs

kernel::Field size_field(std::string name, size_t offset, Dim value) {
  return {std::move(name), static_cast<uint32_t>(offset), kernel::SignedField{std::move(value), 64}};
}

#define LATHE_SIZE_FIELD(type, member, value) size_field(#member, offsetof(type, member), value)

Field unsigned_field(std::string name, size_t offset, uint32_t value) {
  return {std::move(name), static_cast<uint32_t>(offset), kernel::UnsignedField{value}};
}

Field float_field(std::string name, size_t offset, double value) {
  return {std::move(name), static_cast<uint32_t>(offset), kernel::FloatField{static_cast<float>(value)}};
}

Field pointer_field(std::string name, size_t offset, const std::optional<BufferRef>& buffer) {
  if (!buffer) return {std::move(name), static_cast<uint32_t>(offset), kernel::NullField{}};
  return {std::move(name), static_cast<uint32_t>(offset), kernel::PointerField{*buffer}};
}

// ---- what a group is

bool is_product(const Reduction& reduction) {
  const ScalarNode& last = reduction.body.nodes[reduction.body.result];
  return reduction.operands.size() == 2 && reduction.combine == ScalarOp::Add &&
         reduction.accumulator == ElementType::F32 && reduction.body.operation_count() == 1 &&
         last.op == ScalarOp::Mul && reduction.body.nodes[last.operands[0]].argument == 0;
}

// The epilogue that the nodes behind the contraction are; a residual must lie in memory.
std::optional<Epilogue> epilogue_of(const ProgramBuilder& program, const Group& group, size_t column_axis) {
  const Module& module = program.module();
  if (group.results.size() != 1) return std::nullopt;
  const std::vector<NodeId> chain(group.nodes.begin() + 1, group.nodes.end());
  const ValueId sum = module.graph.node(group.nodes[0]).results[0];
  const ValueId last = chain.empty() ? sum : module.graph.node(chain.back()).results[0];
  if (group.results[0].first != last) return std::nullopt;
  const auto epilogue = match_epilogue(module, sum, column_axis, chain, nullptr);
  if (!epilogue) return std::nullopt;
  const bool has_residual = epilogue->residual.valid();
  if (has_residual && program.placements().find(group.outside(epilogue->residual)) == nullptr) return std::nullopt;
  return epilogue;
}

// ---- epilogue operands

// One number per column: memory when it lies there densely, else copies of a scalar constant.
std::optional<BufferRef> column_operand(ProgramBuilder& program, const Group& group, ValueId value, int64_t columns) {
  const Module& module = program.module();
  const TensorType& type = module.graph.tensor(group.outside(value));
  if (const auto number = uniform_leaf(module, group, value)) {
    const double real = number->as_double();
    return program.data(fmt::format("splat {} {}", real, columns), "splat", columns, [real](std::span<float> floats) {
      std::fill(floats.begin(), floats.end(), static_cast<float>(real));
    });
  }
  const Placement* found = program.placements().find(group.outside(value));
  if (found == nullptr) return std::nullopt;
  const Placement& placement = *found;
  if (!(type.element_count() == Dim(columns)) || !is_dense(placement, type.dims)) return std::nullopt;
  return program.reference(placement);
}

struct EpilogueOperands {
  std::optional<BufferRef> scale;
  std::optional<BufferRef> bias;
};

std::optional<EpilogueOperands> column_operands(ProgramBuilder& program, const Group& group, const Epilogue& epilogue,
                                                int64_t columns) {
  EpilogueOperands operands;
  if (epilogue.scale.valid()) {
    operands.scale = column_operand(program, group, epilogue.scale, columns);
    if (!operands.scale) return std::nullopt;
  }
  if (epilogue.bias.valid()) {
    operands.bias = column_operand(program, group, epilogue.bias, columns);
    if (!operands.bias) return std::nullopt;
  }
  return operands;
}

kernel::StructArgument epilogue_argument(const Epilogue& epilogue, const EpilogueOperands& operands) {
  using S = lathe_epilogue_f32;
  kernel::StructArgument argument{"lathe_epilogue_f32", sizeof(S), {}};
  argument.fields = {
      unsigned_field("struct_size", offsetof(S, struct_size), sizeof(S)),
      {"activation", offsetof(S, activation), kernel::SignedField{epilogue.activation, 32}},
      float_field("alpha", offsetof(S, alpha), epilogue.alpha),
      float_field("beta", offsetof(S, beta), epilogue.beta),
      pointer_field("scale", offsetof(S, scale), operands.scale),
      pointer_field("bias", offsetof(S, bias), operands.bias),
  };
  return argument;
}

kernel::Argument pointer_or_null(ProgramBuilder& program, const Group& group, ValueId value) {
  if (!value.valid()) return kernel::NullArgument{};
  return kernel::PointerArgument{program.reference(program.placements().at(group.outside(value)))};
}

// ---- matrix products

// Strides of one axis of the iteration space through the three windows.
struct AxisStrides {
  Dim extent;
  Dim a;
  Dim b;
  Dim c;
  bool in_a = false;
  bool in_b = false;
};

std::optional<Dim> stride_along(const std::vector<Dim>& index, const Placement& window, size_t axis) {
  Dim address = 0;
  for (size_t i = 0; i < index.size(); ++i) address += index[i] * window.strides[i];
  const auto parts = linear_in(address, *axis_symbol(axis).as_symbol());
  if (!parts) return std::nullopt;
  return parts->coefficient;
}

bool any_mentions(const std::vector<Dim>& index, size_t axis) {
  return std::any_of(index.begin(), index.end(),
                     [&](const Dim& dim) { return mentions(dim, *axis_symbol(axis).as_symbol()); });
}

struct Gemm {
  AxisStrides batch{1, 0, 0, 0};
  AxisStrides m{1, 0, 0, 0};
  AxisStrides n{1, 0, 0, 0};
  AxisStrides k{1, 1, 0, 0};
  size_t column_axis = 0;
};

// Merges `outer` into `inner` when both are walked with one stride everywhere.
bool merge(AxisStrides& inner, const AxisStrides& outer) {
  if (inner.extent.is_constant(1)) {
    inner = outer;
    return true;
  }
  if (!(outer.a == inner.a * inner.extent) || !(outer.c == inner.c * inner.extent)) return false;
  if (inner.in_b && !(outer.b == inner.b * inner.extent)) return false;
  inner.extent *= outer.extent;
  return true;
}

std::optional<Gemm> plan_gemm(const Reduction& reduction, const Placement& a, const Placement& b, const Placement& c) {
  Gemm gemm;
  bool have_column = false;
  const auto& a_index = reduction.operand_indices[0];
  const auto& b_index = reduction.operand_indices[1];
  for (size_t axis = reduction.extents.size(); axis-- > 0;) {
    if (reduction.extents[axis].is_constant(1)) continue;
    AxisStrides strides{reduction.extents[axis], 0, 0, 0, any_mentions(a_index, axis), any_mentions(b_index, axis)};
    const auto along_a = stride_along(a_index, a, axis);
    const auto along_b = stride_along(b_index, b, axis);
    if (!along_a || !along_b) return std::nullopt;
    strides.a = *along_a;
    strides.b = *along_b;
    if (axis >= reduction.result_rank) {
      if (!gemm.k.extent.is_constant(1) || !strides.in_a || !strides.in_b) return std::nullopt;
      gemm.k = strides;
      continue;
    }
    strides.c = c.strides[axis];
    if (!have_column && strides.in_b && !strides.in_a) {
      gemm.n = strides;
      gemm.column_axis = axis;
      have_column = true;
    } else if (strides.in_a && !strides.in_b && gemm.batch.extent.is_constant(1) && merge(gemm.m, strides)) {
      continue;
    } else if (!merge(gemm.batch, strides)) {
      return std::nullopt;
    }
  }
  if (!have_column || !gemm.k.a.is_constant(1) || !gemm.n.c.is_constant(1)) return std::nullopt;
  return gemm;
}

bool is_small(const Gemm& gemm) {
  const Dim work = gemm.batch.extent * gemm.m.extent * gemm.n.extent * gemm.k.extent;
  return work.is_constant() && work.constant() < kSmallProduct;
}

// The packed B of all batches, and the floats from one batch to the next.
struct PackedB {
  BufferRef buffer;
  Dim batch_stride;
};

std::optional<PackedB> pack_b(ProgramBuilder& program, const ConstantData& weights, const Gemm& gemm,
                              const Placement& b) {
  const auto k = gemm.k.extent.as_constant();
  const auto n = gemm.n.extent.as_constant();
  const auto row = gemm.k.b.as_constant();
  const auto column = gemm.n.b.as_constant();
  const auto step = gemm.batch.b.as_constant();
  const auto batches = step && *step == 0 ? std::optional<int64_t>(1) : gemm.batch.extent.as_constant();
  const auto offset = b.offset.as_constant();
  if (!k || !n || !row || !column || !step || !batches || !offset || weights.splat) return std::nullopt;
  const int64_t floats = lathe_packed_gemm_b_floats(*k, *n);
  const auto* source = reinterpret_cast<const float*>(weights.bytes.data()) + *offset;
  const std::string key = fmt::format("gemm {} {} {} {} {} {} {}", static_cast<const void*>(source), *k, *n, *row,
                                      *column, *step, *batches);
  const BufferRef buffer = program.data(key, weights.name, floats * *batches, [=](std::span<float> packed) {
    for (int64_t i = 0; i < *batches; ++i) {
      lathe_pack_gemm_b_f32(source + i * *step, *k, *n, *row, *column, packed.data() + i * floats);
    }
  });
  return PackedB{buffer, *step == 0 ? Dim(0) : Dim(floats)};
}

// B is computed: it is packed into scratch memory in a step of its own.
PackedB pack_computed_b(ProgramBuilder& program, const Group& group, const Gemm& gemm, const Placement& b) {
  const bool shared = gemm.batch.b.is_constant(0);
  const Dim batches = shared ? Dim(1) : gemm.batch.extent;
  const Dim floats = ceildiv(gemm.n.extent, LATHE_PANEL) * gemm.k.extent * Dim(LATHE_PANEL);
  const BufferRef buffer = program.scratch(ElementType::F32, batches * floats, group.node);
  kernel::CallStep call{"lathe_pack_gemm_b_batch_f32", {}, kernel::NoResult{}};
  call.arguments = {kernel::ExecutionArgument{},
                    kernel::PointerArgument{program.reference(b)},
                    kernel::IntegerArgument{batches},
                    kernel::IntegerArgument{gemm.k.extent},
                    kernel::IntegerArgument{gemm.n.extent},
                    kernel::IntegerArgument{gemm.batch.b},
                    kernel::IntegerArgument{gemm.k.b},
                    kernel::IntegerArgument{gemm.n.b},
                    kernel::PointerArgument{buffer}};
  program.call(std::move(call), group);
  return {buffer, shared ? Dim(0) : floats};
}

bool lower_gemm(ProgramBuilder& program, const Group& group, const Reduction& reduction) {
  const Module& module = program.module();
  const Node& node = module.graph.node(group.nodes[0]);
  const ValueId left = group.outside(node.operands[reduction.operands[0]]);
  const ValueId right = group.outside(node.operands[reduction.operands[1]]);
  const ValueId result = group.results[0].second;
  // A constant that is one number has no memory of its own.
  if (program.placements().find(left) == nullptr || program.placements().find(right) == nullptr) return false;
  const Placement& a = program.placements().at(left);
  const Placement& b = program.placements().at(right);
  const Placement& c = program.placements().at(result);
  const ConstantData* weights = constant_leaf(module, group, right);
  const auto gemm = plan_gemm(reduction, a, b, c);
  if (!gemm || is_small(*gemm)) return false;
  const auto epilogue = epilogue_of(program, group, gemm->column_axis);
  if (!epilogue) return false;
  const Placement* residual =
      epilogue->residual.valid() ? &program.placements().at(group.outside(epilogue->residual)) : nullptr;
  if (residual != nullptr && residual->strides != c.strides) return false;
  const auto columns = gemm->n.extent.as_constant();
  if (!columns && (epilogue->scale.valid() || epilogue->bias.valid())) return false;
  const auto operands = column_operands(program, group, *epilogue, columns.value_or(0));
  if (!operands) return false;
  const auto packed = weights != nullptr ? pack_b(program, *weights, *gemm, b)
                                         : std::optional(pack_computed_b(program, group, *gemm, b));
  if (!packed) return false;

  using S = lathe_gemm_f32_shape;
  kernel::StructArgument shape{"lathe_gemm_f32_shape", sizeof(S), {}};
  shape.fields = {
      unsigned_field("struct_size", offsetof(S, struct_size), sizeof(S)),
      LATHE_SIZE_FIELD(S, batch, gemm->batch.extent),
      LATHE_SIZE_FIELD(S, m, gemm->m.extent),
      LATHE_SIZE_FIELD(S, n, gemm->n.extent),
      LATHE_SIZE_FIELD(S, k, gemm->k.extent),
      LATHE_SIZE_FIELD(S, a_row_stride, gemm->m.a),
      LATHE_SIZE_FIELD(S, a_batch_stride, gemm->batch.a),
      LATHE_SIZE_FIELD(S, b_batch_stride, packed->batch_stride),
      LATHE_SIZE_FIELD(S, c_row_stride, gemm->m.c),
      LATHE_SIZE_FIELD(S, c_batch_stride, gemm->batch.c),
      LATHE_SIZE_FIELD(S, residual_row_stride, residual != nullptr ? gemm->m.c : Dim(0)),
      LATHE_SIZE_FIELD(S, residual_batch_stride, residual != nullptr ? gemm->batch.c : Dim(0)),
  };
  kernel::CallStep call{"lathe_gemm_f32", {}, kernel::StatusResult{}};
  call.arguments = {kernel::ExecutionArgument{},
                    std::move(shape),
                    kernel::PointerArgument{program.reference(a)},
                    kernel::PointerArgument{packed->buffer},
                    kernel::PointerArgument{program.reference(c)},
                    pointer_or_null(program, group, epilogue->residual),
                    epilogue_argument(*epilogue, *operands)};
  program.call(std::move(call), group);
  return true;
}

// ---- convolutions

// A convolution of one or two spatial axes, channels last, without padding, as two spatial axes.
struct Convolution {
  int64_t groups = 1;
  int64_t in_channels = 0;
  int64_t out_channels = 0;
  int64_t kernel[2] = {1, 1};
  int64_t stride[2] = {1, 1};
  int64_t dilation[2] = {1, 1};
  size_t spatial = 2;
};

std::optional<Convolution> plan_convolution(const NodeView& view) {
  if (view.op().attribute_index("channels_last") < 0 || !view.boolean("channels_last")) return std::nullopt;
  const Integers& pads = view.integers("pads");
  if (std::any_of(pads.begin(), pads.end(), [](int64_t pad) { return pad != 0; })) return std::nullopt;
  const Shape& weight = view.dims(1);
  Convolution conv;
  conv.spatial = weight.size() - 2;
  if (conv.spatial != 1 && conv.spatial != 2) return std::nullopt;
  conv.groups = view.integer("groups");
  conv.out_channels = weight[0].constant();
  conv.in_channels = weight[1].constant() * conv.groups;
  for (size_t i = 0; i < conv.spatial; ++i) {
    const size_t slot = 2 - conv.spatial + i;
    conv.kernel[slot] = weight[2 + i].constant();
    conv.stride[slot] = view.integers("strides")[i];
    conv.dilation[slot] = view.integers("dilations")[i];
  }
  return conv;
}

bool is_depthwise(const Convolution& conv) {
  return conv.groups > 1 && conv.groups == conv.in_channels && conv.groups == conv.out_channels;
}

// Strides of an activation [N, spatial..., C] as image, row and pixel; nothing when channels aren't adjacent.
struct ActivationStrides {
  Dim image;
  Dim row;
  Dim pixel;
};

std::optional<ActivationStrides> activation_strides(const Placement& window, const Shape& dims, size_t spatial) {
  if (!window.strides.back().is_constant(1) && !dims.back().is_constant(1)) return std::nullopt;
  return ActivationStrides{window.strides[0], spatial == 2 ? window.strides[1] : Dim(0), window.strides[spatial]};
}

// The runtime's function that a convolution becomes.
enum class ConvolutionKernel { Direct, Depthwise, Winograd };

struct KernelChoice {
  ConvolutionKernel kernel = ConvolutionKernel::Direct;
  // Of Winograd: output pixels of a tile along each axis.
  int64_t tile = 0;
};

std::string_view symbol_of(ConvolutionKernel kernel) {
  switch (kernel) {
    case ConvolutionKernel::Direct: return "lathe_conv2d_f32";
    case ConvolutionKernel::Depthwise: return "lathe_depthwise_conv2d_f32";
    case ConvolutionKernel::Winograd: return "lathe_winograd_conv2d_f32";
  }
  return {};
}

bool allows_winograd(const Convolution& conv) {
  const auto all = [](const int64_t(&values)[2], int64_t value) { return values[0] == value && values[1] == value; };
  return conv.spatial == 2 && conv.groups == 1 && all(conv.kernel, 3) && all(conv.stride, 1) && all(conv.dilation, 1) &&
         conv.in_channels % LATHE_PANEL == 0 && conv.out_channels % LATHE_PANEL == 0;
}

// The tile of the least work for one pair of channels of one image, or 0 for the direct sum. The filters of a pair are
// transformed at a cost of about as many products as kFilterTiles tiles take; with the transforms of the tiles
// themselves, a product costs 1 / kEfficiency of one of the direct sum. Measured on images of 3 to 20 pixels a side
// with 32, 128 and 512 channels, with AVX-512 and AVX2: the choice is the fastest of the three or within a tenth of it,
// but for few channels or few tiles, which it leaves to the direct sum a little early. Extents that are not known are
// taken to be large.
int64_t choose_tile(const Shape& out_dims) {
  constexpr double kFilterTiles = 3;
  constexpr double kEfficiency = 0.73;
  const auto height = out_dims[1].as_constant();
  const auto width = out_dims[2].as_constant();
  if (!height || !width) return 4;
  const auto h = static_cast<double>(*height);
  const auto w = static_cast<double>(*width);
  double least = kEfficiency * 9 * h * w;
  int64_t chosen = 0;
  for (const int64_t tile : {2, 4}) {
    const auto m = static_cast<double>(tile);
    const double work = (m + 2) * (m + 2) * (std::ceil(h / m) * std::ceil(w / m) + kFilterTiles);
    if (work >= least) continue;
    least = work;
    chosen = tile;
  }
  return chosen;
}

KernelChoice choose_kernel(const Convolution& conv, const Shape& out_dims, bool other_sums) {
  if (is_depthwise(conv)) return {ConvolutionKernel::Depthwise};
  const int64_t tile = other_sums && allows_winograd(conv) ? choose_tile(out_dims) : 0;
  return tile == 0 ? KernelChoice{} : KernelChoice{ConvolutionKernel::Winograd, tile};
}

lathe_conv2d_weights weights_layout(const Convolution& conv) {
  const int64_t taps = conv.kernel[0] * conv.kernel[1];
  const int64_t in_group = conv.in_channels / conv.groups;
  return {sizeof(lathe_conv2d_weights),
          0,
          conv.out_channels,
          in_group,
          conv.kernel[0],
          conv.kernel[1],
          conv.groups,
          in_group * taps,
          taps,
          conv.kernel[1],
          1};
}

int64_t packed_floats(const Convolution& conv, const KernelChoice& choice) {
  const lathe_conv2d_weights layout = weights_layout(conv);
  switch (choice.kernel) {
    case ConvolutionKernel::Direct:
    case ConvolutionKernel::Winograd: return lathe_packed_conv2d_floats(&layout);
    case ConvolutionKernel::Depthwise:
      return lathe_packed_depthwise_conv2d_floats(conv.groups, conv.kernel[0], conv.kernel[1]);
  }
  return 0;
}

void pack(const Convolution& conv, const KernelChoice& choice, const float* source, float* packed) {
  const lathe_conv2d_weights layout = weights_layout(conv);
  switch (choice.kernel) {
    case ConvolutionKernel::Direct: return lathe_pack_conv2d_f32(&layout, source, packed);
    case ConvolutionKernel::Winograd:
      return lathe_pack_gemm_b_f32(source, layout.out_c_stride, conv.out_channels, 1, layout.out_c_stride, packed);
    case ConvolutionKernel::Depthwise:
      return lathe_pack_depthwise_conv2d_f32(source, conv.groups, conv.kernel[0], conv.kernel[1], layout.out_c_stride,
                                             layout.kernel_h_stride, layout.kernel_w_stride, packed);
  }
}

BufferRef pack_weights(ProgramBuilder& program, const ConstantData& weights, const Convolution& conv,
                       const KernelChoice& choice) {
  const auto* source = reinterpret_cast<const float*>(weights.bytes.data());
  const std::string key =
      fmt::format("{} {} {} {} {} {} {} {}", symbol_of(choice.kernel), choice.tile, static_cast<const void*>(source),
                  conv.out_channels, conv.in_channels, conv.groups, conv.kernel[0], conv.kernel[1]);
  return program.data(key, weights.name, packed_floats(conv, choice),
                      [=](std::span<float> packed) { pack(conv, choice, source, packed.data()); });
}

// Scratch memory of a Winograd convolution; sizes that are not known get what any size needs.
BufferRef winograd_scratch(ProgramBuilder& program, const Group& group, const Convolution& conv, int64_t tile,
                           const Shape& out_dims) {
  const auto extent = [&](size_t axis) { return out_dims[axis].as_constant().value_or(-1); };
  const int64_t floats =
      lathe_winograd_conv2d_scratch_floats(tile, extent(0), extent(1), extent(2), conv.in_channels, conv.out_channels);
  return program.scratch(ElementType::F32, floats, group.node);
}

bool lower_convolution(ProgramBuilder& program, const Group& group, bool other_sums) {
  const Module& module = program.module();
  const ExistingNodeView view(module, group.nodes[0]);
  const auto conv = plan_convolution(view);
  if (!conv) return false;
  const ConstantData* weights = constant_leaf(module, group, view.operand(1));
  if (weights == nullptr || weights->absent || weights->splat) return false;
  if (program.placements().find(group.outside(view.operand(0))) == nullptr) return false;
  const Shape& in_dims = view.dims(0);
  const Shape& out_dims = view.result().dims;
  const auto epilogue = epilogue_of(program, group, out_dims.size() - 1);
  if (!epilogue) return false;
  const ValueId result = group.results[0].second;
  const Placement& x = program.placements().at(group.outside(view.operand(0)));
  const Placement& y = program.placements().at(result);
  const auto in = activation_strides(x, in_dims, conv->spatial);
  const auto out = activation_strides(y, out_dims, conv->spatial);
  if (!in || !out) return false;
  ActivationStrides residual{0, 0, 0};
  if (epilogue->residual.valid()) {
    const auto strides =
        activation_strides(program.placements().at(group.outside(epilogue->residual)), out_dims, conv->spatial);
    if (!strides) return false;
    residual = *strides;
  }
  const auto operands = column_operands(program, group, *epilogue, conv->out_channels);
  if (!operands) return false;

  using S = lathe_conv2d_f32_shape;
  kernel::StructArgument shape{"lathe_conv2d_f32_shape", sizeof(S), {}};
  shape.fields = {
      unsigned_field("struct_size", offsetof(S, struct_size), sizeof(S)),
      LATHE_SIZE_FIELD(S, batch, out_dims[0]),
      LATHE_SIZE_FIELD(S, out_h, conv->spatial == 2 ? out_dims[1] : Dim(1)),
      LATHE_SIZE_FIELD(S, out_w, out_dims[conv->spatial]),
      LATHE_SIZE_FIELD(S, in_c, conv->in_channels),
      LATHE_SIZE_FIELD(S, out_c, conv->out_channels),
      LATHE_SIZE_FIELD(S, kernel_h, conv->kernel[0]),
      LATHE_SIZE_FIELD(S, kernel_w, conv->kernel[1]),
      LATHE_SIZE_FIELD(S, stride_h, conv->stride[0]),
      LATHE_SIZE_FIELD(S, stride_w, conv->stride[1]),
      LATHE_SIZE_FIELD(S, dilation_h, conv->dilation[0]),
      LATHE_SIZE_FIELD(S, dilation_w, conv->dilation[1]),
      LATHE_SIZE_FIELD(S, groups, conv->groups),
      LATHE_SIZE_FIELD(S, in_image_stride, in->image),
      LATHE_SIZE_FIELD(S, in_row_stride, in->row),
      LATHE_SIZE_FIELD(S, in_pixel_stride, in->pixel),
      LATHE_SIZE_FIELD(S, out_image_stride, out->image),
      LATHE_SIZE_FIELD(S, out_row_stride, out->row),
      LATHE_SIZE_FIELD(S, out_pixel_stride, out->pixel),
      LATHE_SIZE_FIELD(S, residual_image_stride, residual.image),
      LATHE_SIZE_FIELD(S, residual_row_stride, residual.row),
      LATHE_SIZE_FIELD(S, residual_pixel_stride, residual.pixel),
  };
  const KernelChoice choice = choose_kernel(*conv, out_dims, other_sums);
  kernel::CallStep call{std::string(symbol_of(choice.kernel)), {}, kernel::StatusResult{}};
  call.arguments = {kernel::ExecutionArgument{},
                    std::move(shape),
                    kernel::PointerArgument{program.reference(x)},
                    kernel::PointerArgument{pack_weights(program, *weights, *conv, choice)},
                    kernel::PointerArgument{program.reference(y)},
                    pointer_or_null(program, group, epilogue->residual),
                    epilogue_argument(*epilogue, *operands)};
  if (choice.kernel == ConvolutionKernel::Winograd) {
    const BufferRef scratch = winograd_scratch(program, group, *conv, choice.tile, out_dims);
    call.arguments.emplace_back(kernel::PointerArgument{scratch});
    call.arguments.emplace_back(kernel::IntegerArgument{choice.tile});
  }
  program.call(std::move(call), group);
  return true;
}

#undef LATHE_SIZE_FIELD

}  // namespace

bool lower_contraction(ProgramBuilder& program, const Group& group, bool other_sums) {
  const ExistingNodeView view(program.module(), group.nodes[0]);
  const auto* window = form<Window>(view.op());
  const bool is_window = window != nullptr && window->contraction;
  if (!is_window && form<Contract>(view.op()) == nullptr) return false;
  if (group.results.size() != 1 || view.result().element != ElementType::F32) return false;
  const Reduction reduction = describe_reduction(view);
  if (!is_product(reduction)) return false;
  return is_window ? lower_convolution(program, group, other_sums) : lower_gemm(program, group, reduction);
}

}  // namespace lathe::lower
