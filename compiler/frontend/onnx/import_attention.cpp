// Attention and what goes with it: rotary positions. The formulas are those of the operators' function bodies.
#include <cmath>
#include <limits>
#include <optional>

#include "compiler/frontend/onnx/formula.h"
#include "compiler/frontend/onnx/operators.h"
#include "compiler/frontend/onnx/tensor.h"

namespace lathe::onnx {
namespace {

constexpr double kMinusInfinity = -std::numeric_limits<double>::infinity();

/// [batch, length, heads * size] as [batch, heads, length, size]; tensors of four axes are that already.
ValueId split_heads(Formula& f, ValueId x, int64_t heads) {
  if (!f.ok() || f.dims(x).size() == 4) return x;
  const Shape dims = f.dims(x);
  const Dim size = exact_divide(dims[2], heads).value_or(floordiv(dims[2], heads));
  return f.transpose(f.reshape(x, {dims[0], dims[1], Dim(heads), size}), {0, 2, 1, 3});
}

/// Each head of [batch, heads, length, size] `times` times.
ValueId repeat_heads(Formula& f, ValueId x, int64_t times) {
  if (!f.ok() || times == 1) return x;
  const Shape dims = f.dims(x);
  const ValueId wide = f.expand(f.unsqueeze(x, {2}), {dims[0], dims[1], Dim(times), dims[2], dims[3]});
  return f.reshape(wide, {dims[0], dims[1] * Dim(times), dims[2], dims[3]});
}

/// The sizes and operands of one Attention node.
struct AttentionParts {
  ValueId q;  ///< [batch, heads, length, size]
  ValueId k;  ///< with the past
  ValueId v;
  Dim length;
  Dim total;     ///< length of k
  ValueId past;  ///< the keys of the past; may be invalid
};

/// 0 where a position may be looked at, -inf where not, of element type f32; from an operand that is a mask or a bias.
ValueId mask_bias(NodeContext& context, Formula& f, const AttentionParts& parts) {
  ValueId bias = context.input(3);
  if (context.element(3) == ElementType::Boolean) {
    bias = f.where(bias, f.number(ElementType::F32, 0), f.number(ElementType::F32, kMinusInfinity));
  }
  if (!f.ok()) return {};
  // A mask that is shorter than the keys hides the rest.
  const Shape dims = f.dims(bias);
  const Dim missing = parts.total - dims.back();
  if (missing.is_constant(0) || dims.back().is_constant(1)) return bias;
  Shape high(dims.size(), Dim(0));
  high.back() = missing;
  return f.op("pad", {bias}, {{"low", Shape(dims.size(), Dim(0))}, {"high", high}, {"value", kMinusInfinity}});
}

/// -inf where `hidden`, else 0.
ValueId hide(Formula& f, ValueId hidden) {
  return f.where(hidden, f.number(ElementType::F32, kMinusInfinity), f.number(ElementType::F32, 0));
}

/// The length (axis 2) of a tensor of heads, as a scalar.
ValueId length_of(Formula& f, ValueId x) { return f.reshape(f.slice(f.op("shape_of", {x}), 0, 2, 3), {}); }

/// Hides later positions: those behind the row's own, which the past, if there is one, moves to the right. `kept` are
/// the numbers of valid keys of each batch entry, if they are given: the last row then stands at the last of them.
ValueId causal_bias(Formula& f, const AttentionParts& parts, ValueId kept) {
  ValueId row = f.iota({parts.length, Dim(1)}, 0);
  const ValueId column = f.iota({Dim(1), parts.total}, 1);
  if (kept.valid() && f.ok()) {
    const ValueId offset = f.sub(kept, length_of(f, parts.q));
    row = f.add(row, f.reshape(offset, {f.dims(kept)[0], Dim(1), Dim(1), Dim(1)}));
  } else if (parts.past.valid()) {
    row = f.add(row, length_of(f, parts.past));
  }
  return hide(f, f.op("less", {row, column}));
}

/// Hides keys from `kept` on, for each batch entry.
ValueId padding_bias(Formula& f, const AttentionParts& parts, ValueId kept) {
  if (!f.ok()) return {};
  const ValueId limit = f.reshape(kept, {f.dims(kept)[0], Dim(1), Dim(1), Dim(1)});
  const ValueId column = f.iota({Dim(1), Dim(1), Dim(1), parts.total}, 3);
  return hide(f, f.op("greater_equal", {column, limit}));
}

/// The sum of all biases in the element type of q; invalid when there is none.
ValueId total_bias(NodeContext& context, Formula& f, const AttentionParts& parts) {
  const ValueId kept = context.input(6);
  std::vector<ValueId> biases;
  if (context.has_input(3)) biases.push_back(mask_bias(context, f, parts));
  if (context.flag("is_causal", false)) biases.push_back(causal_bias(f, parts, kept));
  if (kept.valid()) biases.push_back(padding_bias(f, parts, kept));
  ValueId sum;
  for (const ValueId bias : biases) {
    const ValueId same = f.cast(bias, context.element(0));
    sum = sum.valid() ? f.add(sum, same) : same;
  }
  return sum;
}

Result<int64_t> head_count(NodeContext& context, std::string_view name, size_t operand) {
  if (context.rank(operand) == 4) {
    const std::optional<int64_t> heads = context.dims(operand)[1].as_constant();
    if (!heads || *heads < 1) return context.unsupported("a number of heads that is not known");
    return *heads;
  }
  LATHE_TRY_VOID(context.require_rank(operand, 3));
  const int64_t heads = context.integer(name, 0);
  if (heads < 1) return context.bad_attribute(name, "is {}, it must be at least 1", heads);
  return heads;
}

Result<ElementType> softmax_element(NodeContext& context) {
  const int64_t given = context.integer("softmax_precision", 0);
  if (given == 0) return context.element(0);
  const std::optional<ElementType> element =
      given > 0 && given < 100 ? element_type(static_cast<int32_t>(given)) : std::nullopt;
  if (!element || !is_float(*element)) return context.bad_attribute("softmax_precision", "is {}, no float type", given);
  return *element;
}

Outputs import_attention(NodeContext& context) {
  LATHE_TRY(const int64_t q_heads, head_count(context, "q_num_heads", 0));
  LATHE_TRY(const int64_t kv_heads, head_count(context, "kv_num_heads", 1));
  LATHE_TRY(const ElementType precision, softmax_element(context));
  const bool divides = q_heads % kv_heads == 0;
  if (!divides) return context.bad_attribute("kv_num_heads", "is {}, {} heads can't share them", kv_heads, q_heads);
  if (context.has_input(4) != context.has_input(5)) {
    return context.error(DiagnosticKind::MissingOperand, "`Attention` needs both of past_key and past_value").emit();
  }
  for (size_t index = 4; index < 6; ++index) {
    if (context.has_input(index)) LATHE_TRY_VOID(context.require_rank(index, 4));
  }
  const ElementType element = context.element(0);
  Formula f(context);
  AttentionParts parts{.q = split_heads(f, context.input(0), q_heads),
                       .k = split_heads(f, context.input(1), kv_heads),
                       .v = split_heads(f, context.input(2), kv_heads),
                       .length = {},
                       .total = {},
                       .past = context.input(4)};
  if (context.has_input(4)) {
    parts.k = f.concat({context.input(4), parts.k}, 2);
    parts.v = f.concat({context.input(5), parts.v}, 2);
  }
  if (!f.ok()) return Failure{};
  parts.length = f.dims(parts.q)[2];
  parts.total = f.dims(parts.k)[2];
  const std::optional<int64_t> size = f.dims(parts.q)[3].as_constant();
  if (!size && !context.has("scale")) return context.unsupported("a head size that is not known");
  const double scale = context.has("scale") ? context.number("scale", 1) : 1.0 / std::sqrt(static_cast<double>(*size));

  const ValueId root = f.number(element, std::sqrt(scale));
  const ValueId keys = repeat_heads(f, parts.k, q_heads / kv_heads);
  const ValueId values = repeat_heads(f, parts.v, q_heads / kv_heads);
  const ValueId product = f.op("matmul", {f.mul(parts.q, root), f.mul(keys, root)}, {{"transpose_b", true}});
  ValueId capped = product;
  if (const double softcap = context.number("softcap", 0); softcap != 0) {
    const ValueId cap = f.number(element, softcap);
    capped = f.mul(f.op("tanh", {f.div(product, cap)}), cap);
  }
  const ValueId bias = total_bias(context, f, parts);
  const ValueId biased = bias.valid() ? f.add(capped, bias) : capped;
  ValueId weights = f.cast(f.op("softmax", {f.cast(biased, precision)}, {{"axis", int64_t{3}}}), element);
  if (bias.valid() && f.ok()) {
    // A row that may look at nothing gives zeros, not NaN.
    const auto last = static_cast<int64_t>(f.dims(bias).size()) - 1;
    const ValueId best = f.reduce("reduce_max", bias, {last}, true);
    const ValueId nothing = f.op("equal", {best, f.number(element, kMinusInfinity)});
    weights = f.where(nothing, f.number(element, 0), weights);
  }
  ValueId result = f.op("matmul", {weights, values});
  if (context.rank(0) == 3 && f.ok()) {
    const Shape dims = f.dims(result);
    result = f.reshape(f.transpose(result, {0, 2, 1, 3}), {dims[0], dims[2], dims[1] * dims[3]});
  }
  const int64_t mode = context.integer("qk_matmul_output_mode", 0);
  if (mode < 0 || mode > 3) return context.bad_attribute("qk_matmul_output_mode", "is {}, expected 0 to 3", mode);
  const ValueId stages[] = {product, capped, biased, weights};
  return f.result({result, parts.k, parts.v, stages[mode]});
}

/// Turns pairs of elements by angles: (x, y) to (x cos - y sin, x sin + y cos).
Outputs import_rotary(NodeContext& context) {
  Formula f(context);
  const Shape outer = context.dims(0);
  ValueId x = context.input(0);
  if (context.rank(0) == 4) {
    x = f.transpose(x, {0, 2, 1, 3});
  } else {
    LATHE_TRY_VOID(context.require_rank(0, 3));
    const int64_t heads = context.integer("num_heads", 0);
    if (heads < 1) return context.bad_attribute("num_heads", "is {}, it must be at least 1", heads);
    const Dim each = exact_divide(outer[2], heads).value_or(floordiv(outer[2], heads));
    x = f.reshape(x, {outer[0], outer[1], Dim(heads), each});
  }
  if (!f.ok()) return Failure{};
  const Shape dims = f.dims(x);
  const std::optional<int64_t> size = dims[3].as_constant();
  const int64_t given = context.integer("rotary_embedding_dim", 0);
  if (!size) return context.unsupported("a head size that is not known");
  const int64_t turned_size = given == 0 ? *size : given;
  if (turned_size < 2 || turned_size > *size || turned_size % 2 != 0) {
    return context.bad_attribute("rotary_embedding_dim", "is {}, the heads have {} elements", turned_size, *size);
  }
  ValueId tables[] = {context.input(1), context.input(2)};
  for (ValueId& table : tables) {
    if (context.has_input(3)) table = f.op("gather", {table, context.input(3)}, {{"axis", int64_t{0}}});
    if (!f.ok()) return Failure{};
    if (f.dims(table).size() != 3) return context.unsupported("tables of {} axes", f.dims(table).size());
    table = f.unsqueeze(f.slice(table, 2, 0, turned_size / 2), {2});
  }
  const bool interleaved = context.flag("interleaved", false);
  const ValueId turned = f.slice(x, 3, 0, turned_size);
  const int64_t half = turned_size / 2;
  const ValueId a = interleaved ? f.slice(turned, 3, 0, turned_size, 2) : f.slice(turned, 3, 0, half);
  const ValueId b = interleaved ? f.slice(turned, 3, 1, turned_size, 2) : f.slice(turned, 3, half, turned_size);
  const ValueId real = f.sub(f.mul(tables[0], a), f.mul(tables[1], b));
  const ValueId imaginary = f.add(f.mul(tables[1], a), f.mul(tables[0], b));
  ValueId result;
  if (interleaved) {
    const ValueId pairs = f.concat({f.unsqueeze(real, {4}), f.unsqueeze(imaginary, {4})}, 4);
    result = f.reshape(pairs, {dims[0], dims[1], dims[2], Dim(turned_size)});
  } else {
    result = f.concat({real, imaginary}, 3);
  }
  if (turned_size < *size) result = f.concat({result, f.slice(x, 3, turned_size, *size)}, 3);
  if (context.rank(0) == 4) result = f.transpose(result, {0, 2, 1, 3});
  return f.result({f.reshape(result, outer)});
}

constexpr OperatorRow kAttention[] = {
    {.name = "Attention",
     .since = 23,
     .handler = import_attention,
     .min_inputs = 3,
     .max_inputs = 7,
     .attributes = "is_causal:i kv_num_heads:i q_num_heads:i qk_matmul_output_mode:i scale:f softcap:f "
                   "softmax_precision:i"},
    {.name = "RotaryEmbedding",
     .since = 23,
     .handler = import_rotary,
     .min_inputs = 3,
     .max_inputs = 4,
     .attributes = "interleaved:i num_heads:i rotary_embedding_dim:i"},
};

}  // namespace

std::span<const OperatorRow> attention_operators() { return kAttention; }

}  // namespace lathe::onnx
