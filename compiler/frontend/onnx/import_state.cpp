// Operators of sequence models that carry a state from call to call: a cache of keys and values, a causal convolution
// and linear attention, as Mamba and gated DeltaNet use them.
#include <cmath>
#include <optional>

#include "compiler/frontend/onnx/formula.h"
#include "compiler/frontend/onnx/loop.h"
#include "compiler/frontend/onnx/operators.h"

namespace lathe::onnx {
namespace {

constexpr std::string_view kSilu = "silu";
constexpr std::string_view kSwish = "swish";
constexpr std::string_view kNone = "none";

/// Each channel convolved with a kernel of its own over the present and the past; the state is the last elements of it.
Outputs import_causal_conv(NodeContext& context) {
  for (const size_t index : {size_t{0}, size_t{1}}) LATHE_TRY_VOID(context.require_rank(index, 3));
  const std::string_view activation = context.string("activation", kNone);
  if (activation != kSilu && activation != kSwish && activation != kNone) {
    return context.bad_attribute("activation", "is `{}`, expected silu, swish or none", activation);
  }
  const Shape dims = context.dims(0);
  const Shape weight = context.dims(1);
  const std::optional<int64_t> channels = weight[0].as_constant();
  if (!channels || !weight[2].is_constant()) return context.unsupported("a weight whose sizes are not known");
  const Dim history = weight[2] - 1;
  Formula f(context);
  ValueId padded;
  if (context.has_input(3)) {
    padded = f.concat({context.input(3), context.input(0)}, 2);
  } else {
    padded = f.op("pad", {context.input(0)}, {{"low", Shape{Dim(0), Dim(0), history}}, {"high", Shape(3, Dim(0))}});
  }
  std::vector<ValueId> operands{padded, context.input(1)};
  if (context.has_input(2)) operands.push_back(context.input(2));
  ValueId result = f.op("conv", std::move(operands), {{"groups", *channels}});
  if (activation != kNone) result = f.op("swish", {result});
  return f.result({result, f.slice(padded, 2, dims[2], dims[2] + history)});
}

/// The sizes of a linear attention: heads of keys and values, queries for each of them, elements of keys and values.
struct AttentionSizes {
  Dim batch;
  Dim steps;
  int64_t heads = 0;
  int64_t queries = 0;
  Dim key;
  Dim value;
};

/// The part of axis 2 of an operand that belongs to one of `parts` heads.
Result<Dim> part_of(NodeContext& context, size_t index, int64_t parts) {
  LATHE_TRY_VOID(context.require_rank(index, 3));
  const Dim& size = context.dims(index)[2];
  if (const std::optional<Dim> part = exact_divide(size, parts)) return *part;
  return context
      .error(DiagnosticKind::ShapeMismatch, "axis 2 of {} has the size {}, which {} heads don't divide: `{}`",
             context.input_text(index), size.python_text(), parts, text(context.tensor(index)))
      .emit();
}

Result<AttentionSizes> attention_sizes(NodeContext& context) {
  AttentionSizes sizes;
  for (const std::string_view name : {"q_num_heads", "kv_num_heads"}) {
    if (context.integer(name, 0) < 1)
      return context.bad_attribute(name, "is {}, it must be at least 1", context.integer(name, 0));
  }
  const int64_t query_heads = context.integer("q_num_heads", 0);
  sizes.heads = context.integer("kv_num_heads", 0);
  if (query_heads % sizes.heads != 0) {
    return context.bad_attribute("q_num_heads", "is {}, which is no multiple of `kv_num_heads`, {}", query_heads,
                                 sizes.heads);
  }
  sizes.queries = query_heads / sizes.heads;
  LATHE_TRY(sizes.key, part_of(context, 0, query_heads));
  LATHE_TRY(sizes.value, part_of(context, 2, sizes.heads));
  sizes.batch = context.dims(0)[0];
  sizes.steps = context.dims(0)[1];
  return sizes;
}

/// How the state changes in a step: S' = exp(decay) S + k (beta (v - k exp(decay) S)) with both, S + k v with neither.
struct UpdateRule {
  bool decays = false;
  bool corrects = false;
};

Result<UpdateRule> update_rule(NodeContext& context) {
  const std::string_view name = context.string("update_rule", "gated_delta");
  UpdateRule rule;
  rule.decays = name == "gated" || name == "gated_delta";
  rule.corrects = name == "delta" || name == "gated_delta";
  if (!rule.decays && !rule.corrects && name != "linear") {
    return context.bad_attribute("update_rule", "is `{}`, expected linear, gated, delta or gated_delta", name);
  }
  for (const auto& [index, needed, what] :
       {std::tuple{size_t{4}, rule.decays, "decay"}, {size_t{5}, rule.corrects, "beta"}}) {
    if (!needed || context.has_input(index)) continue;
    return context
        .error(DiagnosticKind::MissingOperand, "`LinearAttention` with `update_rule` = `{}` needs operand {}, `{}`",
               name, index, what)
        .emit();
  }
  return rule;
}

/// The operands with time first, in the type that is computed in: [T, B, heads, ..].
struct AttentionOperands {
  ValueId query;  ///< [.., queries, key]
  ValueId key;    ///< [.., key, 1]
  ValueId value;  ///< [.., 1, value]
  ValueId decay;  ///< exp of it: [.., key or 1, 1]
  ValueId beta;   ///< [.., 1, 1], for one head or all
};

ValueId time_first(NodeContext& context, Formula& f, size_t index, const AttentionSizes& sizes, Dim heads, Dim rows,
                   Dim columns) {
  const ValueId split = f.reshape(context.input(index),
                                  {sizes.batch, sizes.steps, std::move(heads), std::move(rows), std::move(columns)});
  return f.cast(f.transpose(split, {1, 0, 2, 3, 4}), ElementType::F32);
}

Result<AttentionOperands> attention_operands(NodeContext& context, Formula& f, const AttentionSizes& sizes,
                                             const UpdateRule& rule) {
  AttentionOperands operands;
  operands.query = time_first(context, f, 0, sizes, sizes.heads, sizes.queries, sizes.key);
  operands.key = time_first(context, f, 1, sizes, sizes.heads, sizes.key, 1);
  operands.value = time_first(context, f, 2, sizes, sizes.heads, 1, sizes.value);
  if (rule.decays) {
    LATHE_TRY(const Dim rows, part_of(context, 4, sizes.heads));
    operands.decay = f.op("exp", {time_first(context, f, 4, sizes, sizes.heads, rows, 1)});
  }
  if (rule.corrects) {
    LATHE_TRY_VOID(context.require_rank(5, 3));
    operands.beta = time_first(context, f, 5, sizes, context.dims(5)[2], 1, 1);
  }
  return operands;
}

/// One step: the new state, and what the queries read from it.
Result<std::vector<ValueId>> attention_step(NodeContext& context, const AttentionOperands& operands, double scale,
                                            const Round& round) {
  Formula f(context);
  const auto now = [&](ValueId operand) { return f.op("gather", {operand, round.number}, {{"axis", int64_t{0}}}); };
  const ValueId key = now(operands.key);
  ValueId state = round.carried[0];
  if (operands.decay.valid()) state = f.mul(state, now(operands.decay));
  ValueId written = now(operands.value);
  if (operands.beta.valid()) {
    const ValueId remembered = f.op("matmul", {key, state}, {{"transpose_a", true}});
    written = f.mul(now(operands.beta), f.sub(written, remembered));
  }
  state = f.add(state, f.mul(key, written));
  const ValueId read = f.op("matmul", {now(operands.query), state});
  return f.result({round.condition, state, f.mul(read, f.number(ElementType::F32, scale))});
}

/// The number of steps as an i64 scalar.
ValueId step_count(NodeContext& context, Formula& f, const Dim& steps) {
  if (steps.is_constant()) return f.integer(steps.constant());
  return f.reshape(f.slice(f.op("shape_of", {context.input(0)}), 0, 1, 2), {});
}

Outputs import_linear_attention(NodeContext& context) {
  LATHE_TRY(const UpdateRule rule, update_rule(context));
  LATHE_TRY(const AttentionSizes sizes, attention_sizes(context));
  Formula f(context);
  LATHE_TRY(const AttentionOperands operands, attention_operands(context, f, sizes, rule));
  double scale = context.number("scale", 0);
  if (scale == 0) {
    const std::optional<int64_t> size = sizes.key.as_constant();
    if (!size) return context.unsupported("its default `scale` for keys of a size that is not known");
    scale = 1 / std::sqrt(static_cast<double>(*size));
  }
  const ValueId first = context.has_input(3) ? f.cast(context.input(3), ElementType::F32)
                                             : f.expand(f.number(ElementType::F32, 0),
                                                        {sizes.batch, sizes.heads, sizes.key, sizes.value});
  const ValueId steps = step_count(context, f, sizes.steps);
  if (!f.ok()) return Failure{};
  LATHE_TRY(const std::vector<ValueId> results,
            build_loop(context, {steps, ValueId(), {first}},
                       [&](const Round& round) { return attention_step(context, operands, scale, round); }));
  const Dim all = sizes.value * Dim(sizes.heads * sizes.queries);
  const ValueId turned = f.transpose(results[1], {1, 0, 2, 3, 4});
  if (!f.ok()) return Failure{};
  const ValueId output = f.reshape(turned, {sizes.batch, f.dims(turned)[1], all});
  const ElementType state = context.has_input(3) ? context.element(3) : context.element(0);
  return f.result({f.cast(output, context.element(0)), f.cast(results[0], state)});
}

/// A cache in which the update of each sequence is written from a position of its own on, around its end if it is
/// circular.
Outputs import_tensor_scatter(NodeContext& context) {
  const std::string_view mode = context.string("mode", "linear");
  if (mode != "linear" && mode != "circular") {
    return context.bad_attribute("mode", "is `{}`, expected linear or circular", mode);
  }
  LATHE_TRY_VOID(context.require_rank_at_least(0, 2));
  LATHE_TRY_VOID(context.require_rank(1, context.rank(0)));
  LATHE_TRY(const size_t axis, context.axis(context.integer("axis", -2), context.rank(0)));
  if (axis == 0) return context.bad_attribute("axis", "is that of the batch");
  const Shape update = context.dims(1);
  Formula f(context);
  ValueId position = f.iota(update, axis);
  if (context.has_input(2)) {
    LATHE_TRY_VOID(context.require_rank(2, 1));
    Shape column(update.size(), Dim(1));
    column[0] = context.dims(2)[0];
    position = f.add(position, f.reshape(f.cast(context.input(2), ElementType::I64), std::move(column)));
  }
  if (mode == "circular") {
    const ValueId size = f.reshape(f.slice(f.op("shape_of", {context.input(0)}), 0, Dim(static_cast<int64_t>(axis)),
                                           Dim(static_cast<int64_t>(axis) + 1)),
                                   {});
    position = f.op("mod", {position, size});
  }
  return f.result({f.op("scatter_elements", {context.input(0), position, context.input(1)},
                        {{"axis", static_cast<int64_t>(axis)}})});
}

constexpr OperatorRow kStateful[] = {
    {.name = "CausalConvWithState",
     .since = 27,
     .handler = import_causal_conv,
     .min_inputs = 2,
     .max_inputs = 4,
     .attributes = "activation:s"},
    {.name = "LinearAttention",
     .since = 27,
     .handler = import_linear_attention,
     .min_inputs = 3,
     .max_inputs = 6,
     .attributes = "chunk_size:i kv_num_heads:i q_num_heads:i scale:f update_rule:s"},
    {.name = "TensorScatter",
     .since = 24,
     .handler = import_tensor_scatter,
     .min_inputs = 2,
     .max_inputs = 3,
     .attributes = "axis:i mode:s"},
};

}  // namespace

std::span<const OperatorRow> stateful_operators() { return kStateful; }

}  // namespace lathe::onnx
