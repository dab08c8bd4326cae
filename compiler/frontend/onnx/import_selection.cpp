// Masks made of positions, and operators that do nothing when a model is used: Trilu, EyeLike, Dropout.
#include <algorithm>

#include "compiler/frontend/onnx/operators.h"
#include "compiler/frontend/onnx/tensor.h"

namespace lathe::onnx {
namespace {

/// Row minus column, less `diagonal`, for a matrix of the given sizes: compares as the position to a diagonal.
Result<ValueId> build_comparison(GraphBuilder& builder, const Dim& rows, const Dim& columns, int64_t diagonal,
                                 std::string_view comparison) {
  LATHE_TRY(
      const ValueId row,
      builder.one("iota", {}, {{"dims", Shape{rows, Dim(1)}}, {"axis", int64_t{0}}, {"element", ElementType::I64}}));
  LATHE_TRY(
      const ValueId column,
      builder.one("iota", {}, {{"dims", Shape{Dim(1), columns}}, {"axis", int64_t{1}}, {"element", ElementType::I64}}));
  LATHE_TRY(const ValueId offset, builder.scalar_integer(ElementType::I64, diagonal));
  LATHE_TRY(const ValueId shifted, builder.one("add", {row, offset}));
  return builder.one(comparison, {column, shifted});
}

constexpr int64_t kFarthestDiagonal = int64_t{1} << 40u;

Outputs import_trilu(NodeContext& context) {
  LATHE_TRY_VOID(context.require_rank_at_least(0, 2));
  int64_t diagonal = 0;
  if (context.has_input(1)) {
    LATHE_TRY(const Integers k, context.known_integers(1, "diagonal"));
    if (k.size() != 1) LATHE_TRY_VOID(context.require_rank(1, 0));
    diagonal = std::clamp(k.front(), -kFarthestDiagonal, kFarthestDiagonal);
  }
  GraphBuilder& builder = context.builder();
  const Shape dims = context.dims(0);
  LATHE_TRY(const ValueId kept, build_comparison(builder, dims[dims.size() - 2], dims.back(), diagonal,
                                                 context.flag("upper", true) ? "greater_equal" : "less_equal"));
  LATHE_TRY(const ValueId zero, builder.constant(splat_integer_constant({context.element(0), {}}, 0)));
  return context.one("where", {kept, context.input(0), zero});
}

Outputs import_eye_like(NodeContext& context) {
  LATHE_TRY_VOID(context.require_rank(0, 2));
  std::optional<ElementType> element = context.element(0);
  if (context.has("dtype")) {
    const int64_t given = context.integer("dtype", 0);
    element = given > 0 && given < 100 ? element_type(static_cast<int32_t>(given)) : std::nullopt;
    if (!element) return context.unsupported("the element type {}", given);
  }
  const int64_t diagonal = std::clamp(context.integer("k", 0), -kFarthestDiagonal, kFarthestDiagonal);
  LATHE_TRY(const ValueId ones,
            build_comparison(context.builder(), context.dims(0)[0], context.dims(0)[1], diagonal, "equal"));
  return single(context.builder().cast(ones, *element));
}

/// Whether training mode is asked for with a share of elements to drop; without one it changes nothing.
Result<bool> drops_elements(NodeContext& context) {
  if (!context.has_input(2)) return false;
  LATHE_TRY(const Integers training, context.known_integers(2, "training mode"));
  if (training.empty() || training.front() == 0) return false;
  if (!context.has_input(1)) return true;
  LATHE_TRY(const Floats ratio, context.known_floats(1, "ratio"));
  return ratio.empty() || ratio.front() != 0.0;
}

/// When a model is used, Dropout passes its operand on, and its mask keeps everything.
Outputs import_dropout(NodeContext& context) {
  LATHE_TRY(const bool drops, drops_elements(context));
  if (drops) return context.unsupported("training mode");
  std::vector<ValueId> outputs{context.input(0)};
  if (context.wants_output(1)) {
    const ElementType element = context.opset() < 10 ? context.element(0) : ElementType::Boolean;
    LATHE_TRY(const ValueId kept, context.builder().constant(splat_integer_constant({element, {}}, 1)));
    LATHE_TRY(const ValueId mask, context.builder().expand(kept, context.dims(0)));
    outputs.push_back(mask);
  }
  return outputs;
}

/// Up to opset 6 a flag says how it is used, for training by default.
Outputs import_old_dropout(NodeContext& context) {
  const bool drops = !context.flag("is_test", false) && context.number("ratio", 0.5) != 0;
  if (drops) return context.unsupported("training mode (`is_test` = 0)");
  return import_dropout(context);
}

constexpr OperatorRow kSelections[] = {
    {.name = "Dropout", .until = 6, .handler = import_old_dropout, .attributes = "is_test:i ratio:f"},
    {.name = "Dropout", .since = 7, .until = 11, .handler = import_dropout, .attributes = "ratio:f"},
    {.name = "Dropout", .since = 12, .handler = import_dropout, .max_inputs = 3, .attributes = "seed:i"},
    {.name = "EyeLike", .since = 9, .handler = import_eye_like, .attributes = "dtype:i k:i"},
    {.name = "Trilu", .since = 14, .handler = import_trilu, .max_inputs = 2, .attributes = "upper:i"},
};

}  // namespace

std::span<const OperatorRow> selection_operators() { return kSelections; }

}  // namespace lathe::onnx
