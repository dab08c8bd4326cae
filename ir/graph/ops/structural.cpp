// Rows that the graph itself knows: constants, return, shapes, fused groups, control flow.
#include <fmt/format.h>

#include "ir/graph/ops/rows.h"

namespace lathe {
namespace {

Result<std::vector<Type>> infer_constant(InferContext& context) {
  const auto id = std::get<ConstantId>(context.attribute("value"));
  if (!context.module().constants.contains(id)) {
    return context.error(DiagnosticKind::GraphInvalid, "`constant` names a constant that the module doesn't have")
        .emit();
  }
  const ConstantData& data = context.module().constants[id];
  TensorType type = data.type;
  const LocationId where = data.location.valid() ? data.location : context.location();
  for (size_t axis = 0; axis < type.dims.size(); ++axis) {
    if (type.dims[axis].origin().valid() || data.name.empty()) continue;
    type.dims[axis] =
        context.origins().declared(type.dims[axis], fmt::format("axis {} of `{}`", axis, data.name), where);
  }
  return std::vector<Type>{std::move(type)};
}

Result<std::vector<Type>> infer_return(InferContext&) { return std::vector<Type>{}; }

Result<std::vector<Type>> infer_shape_of(InferContext& context) {
  return one_type(ElementType::I64, {Dim(static_cast<int64_t>(context.dims(0).size()))});
}

std::vector<Type> types_of(const InferContext& context, std::span<const ValueId> values) {
  std::vector<Type> types;
  for (const ValueId value : values) types.push_back(context.module().graph.value(value).type);
  return types;
}

Result<std::vector<Type>> infer_fused(InferContext& context) {
  const Graph& graph = context.module().graph;
  const RegionId region = context.draft().regions[0];
  if (graph.region(region).arguments.size() != context.operand_count()) {
    return context
        .error(DiagnosticKind::GraphInvalid, "the region of `fused` has {} arguments for {} operands",
               graph.region(region).arguments.size(), context.operand_count())
        .emit();
  }
  return types_of(context, graph.outputs(region));
}

// The type that holds values of both: dims that differ become fresh symbols.
Result<Type> joined_type(InferContext& context, const Type& a, const Type& b, size_t result) {
  if (a == b) return a;
  const TensorType* x = a.as_tensor();
  const TensorType* y = b.as_tensor();
  if (x == nullptr || y == nullptr || x->element != y->element || x->rank() != y->rank() || !x->ranked || !y->ranked) {
    return context
        .error(DiagnosticKind::ShapeMismatch, "result {} of `{}` is `{}` in one region and `{}` in the other", result,
               context.op().name, text(a), text(b))
        .emit();
  }
  TensorType joined = *x;
  for (size_t axis = 0; axis < joined.dims.size(); ++axis) {
    if (x->dims[axis] == y->dims[axis]) continue;
    joined.dims[axis] =
        context.fresh_symbol(fmt::format("{}_{}", context.op().name, axis), 0, SymbolTable::kDefaultUpper);
  }
  return Type(std::move(joined));
}

Result<std::vector<Type>> infer_if(InferContext& context) {
  const Graph& graph = context.module().graph;
  const std::vector<Type> first = types_of(context, graph.outputs(context.draft().regions[0]));
  const std::vector<Type> second = types_of(context, graph.outputs(context.draft().regions[1]));
  LATHE_TRY_VOID(context.require_equal(DiagnosticKind::ShapeMismatch, context.tensor(0).element_count(), 1,
                                       fmt::format("the condition {} of `if` has more than one element: `{}`",
                                                   context.operand_text(0), text(context.tensor(0)))));
  if (first.size() != second.size()) {
    return context
        .error(DiagnosticKind::GraphInvalid, "the regions of `if` return {} and {} values", first.size(), second.size())
        .emit();
  }
  std::vector<Type> result;
  for (size_t i = 0; i < first.size(); ++i) {
    LATHE_TRY(Type type, joined_type(context, first[i], second[i], i));
    result.push_back(std::move(type));
  }
  return result;
}

// Operands: trip count (optional), condition (optional), carried values. Region arguments: iteration, condition,
// carried values. Region results: condition, carried values, then one slice for each stacked result.
Result<std::vector<Type>> infer_loop(InferContext& context) {
  const Graph& graph = context.module().graph;
  const RegionId region = context.draft().regions[0];
  const auto returned = graph.outputs(region);
  const size_t carried = context.operand_count() < 2 ? 0 : context.operand_count() - 2;
  if (graph.region(region).arguments.size() != carried + 2 || returned.size() < carried + 1) {
    return context
        .error(DiagnosticKind::GraphInvalid,
               "the region of `loop` has {} arguments and returns {} values; {} carried values need {} arguments and "
               "at least {} "
               "results",
               graph.region(region).arguments.size(), returned.size(), carried, carried + 2, carried + 1)
        .emit();
  }
  const std::vector<Type> types = types_of(context, returned);
  std::vector<Type> result;
  for (size_t i = 0; i < carried; ++i) {
    LATHE_TRY(Type type, joined_type(context, context.operand_type(2 + i), types[1 + i], i));
    result.push_back(std::move(type));
  }
  const Dim trips = context.fresh_symbol("trips", 0, SymbolTable::kDefaultUpper);
  for (size_t i = carried + 1; i < types.size(); ++i) {
    const TensorType* slice = types[i].as_tensor();
    if (slice == nullptr || !slice->ranked) {
      return context.error(DiagnosticKind::GraphInvalid, "`loop` can't stack a `{}`", text(types[i])).emit();
    }
    TensorType stacked = *slice;
    stacked.dims.insert(stacked.dims.begin(), trips);
    result.emplace_back(std::move(stacked));
  }
  return result;
}

}  // namespace

std::span<const OpDef> structural_ops() {
  using Kind = Structural::Kind;
  static const std::vector<OpDef> rows = {
      {.name = "constant",
       .doc = "a tensor whose elements are part of the model",
       .operands = {},
       .attributes = {{"value", AttributeKind::Constant, Required{}, "row of the module's table of constants"}},
       .infer = infer_constant,
       .semantics = Structural{Kind::Constant}},
      {.name = "return",
       .doc = "ends a region and names its results",
       .operands = {{"values", kAnyElement, OperandKind::Variadic, "the results", true}},
       .attributes = {},
       .traits = Trait::Terminator,
       .infer = infer_return,
       .semantics = Structural{Kind::Return},
       .results = 0},
      {.name = "shape_of",
       .doc = "the sizes of the axes of x",
       .operands = {{"x", kAnyElement, OperandKind::Required, "only its shape is read"}},
       .attributes = {},
       .traits = Trait::ValueOfShape,
       .infer = infer_shape_of,
       .semantics = Structural{Kind::ShapeOf}},
      {.name = "fused",
       .doc = "a region that is computed as one kernel; its arguments are the operands",
       .operands = {{"inputs", kAnyElement, OperandKind::Variadic, "what the region reads", true}},
       .attributes = {{"kind", AttributeKind::String, Required{}, "what the group is, as fusion named it"}},
       .infer = infer_fused,
       .semantics = Structural{Kind::Fused},
       .region_count = 1,
       .variadic_results = true},
      {.name = "if",
       .doc = "the results of the first region where condition is true, else of the second",
       .operands = {{"condition", kBoolean, OperandKind::Required, "one element"}},
       .attributes = {},
       .infer = infer_if,
       .semantics = Structural{Kind::If},
       .region_count = 2,
       .variadic_results = true},
      {.name = "loop",
       .doc = "runs its region while the condition holds, at most trips times; carried values go round, the other "
              "results of "
              "the region are stacked along a new first axis",
       .operands = {{"trips", set_of(ElementType::I64), OperandKind::Optional,
                     "the largest number of rounds; absent: no limit"},
                    {"condition", kBoolean, OperandKind::Optional, "whether the first round runs; absent: true"},
                    {"carried", kAnyElement, OperandKind::Variadic, "first values of what goes round", true}},
       .attributes = {},
       .infer = infer_loop,
       .semantics = Structural{Kind::Loop},
       .region_count = 1,
       .variadic_results = true},
  };
  return rows;
}

}  // namespace lathe
