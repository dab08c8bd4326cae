// Rules on concatenations and the slices that take them apart again.
#include <algorithm>

#include "compiler/passes/rules.h"

namespace lathe::passes {
namespace {

size_t axis_of(const Node& node) { return static_cast<size_t>(attribute<int64_t>(node, "axis")); }

bool concat_of_concat(const RuleContext& context, NodeId id) {
  const Node& node = context.node(id);
  std::vector<ValueId> parts;
  for (ValueId part : node.operands) {
    const NodeId inner = producer_named(context.graph, part, "concat");
    if (inner.valid() && axis_of(context.node(inner)) == axis_of(node)) {
      parts.insert(parts.end(), context.node(inner).operands.begin(), context.node(inner).operands.end());
    } else {
      parts.push_back(part);
    }
  }
  if (parts.size() == node.operands.size()) return false;
  return context.replace(id, "concat", std::move(parts), {{"axis", attribute<int64_t>(node, "axis")}});
}

bool concat_of_empty(const RuleContext& context, NodeId id) {
  const Node& node = context.node(id);
  std::vector<ValueId> parts;
  for (ValueId part : node.operands) {
    if (!context.tensor(part).dims[axis_of(node)].is_constant(0)) parts.push_back(part);
  }
  if (parts.size() == node.operands.size() || parts.empty()) return false;
  return context.replace(id, "concat", std::move(parts), {{"axis", attribute<int64_t>(node, "axis")}});
}

// A slice that reads parts of a concatenation whole or lies inside of one of them.
bool slice_of_concat(const RuleContext& context, NodeId id) {
  const Node& node = context.node(id);
  const NodeId inner = producer_named(context.graph, node.operands[0], "concat");
  if (!inner.valid()) return false;
  const Node& concat = context.node(inner);
  const size_t axis = axis_of(concat);
  if (attribute<Integers>(node, "steps")[axis] != 1) return false;
  const Dim start = attribute<Shape>(node, "starts")[axis];
  const Dim limit = attribute<Shape>(node, "limits")[axis];
  const SymbolTable& symbols = context.module.symbols;
  Dim offset = 0;
  for (ValueId part : concat.operands) {
    const Dim end = offset + context.tensor(part).dims[axis];
    if (symbols.known_le(offset, start) && symbols.known_le(limit, end)) {
      Shape starts = attribute<Shape>(node, "starts");
      Shape limits = attribute<Shape>(node, "limits");
      starts[axis] = start - offset;
      limits[axis] = limit - offset;
      return context.replace(id, "slice", {part},
                             {{"starts", std::move(starts)},
                              {"limits", std::move(limits)},
                              {"steps", attribute<Integers>(node, "steps")}});
    }
    if (!symbols.known_le(end, start)) return false;
    offset = end;
  }
  return false;
}

// The slices of one value, in order and without gaps, put together again.
bool concat_of_slices(const RuleContext& context, NodeId id) {
  const Node& node = context.node(id);
  const size_t axis = axis_of(node);
  ValueId source;
  Dim position = 0;
  for (ValueId part : node.operands) {
    const NodeId slice = producer_named(context.graph, part, "slice");
    if (!slice.valid()) return false;
    const Node& cut = context.node(slice);
    if (source.valid() && cut.operands[0] != source) return false;
    source = cut.operands[0];
    const Shape& dims = context.tensor(source).dims;
    for (size_t i = 0; i < dims.size(); ++i) {
      if (attribute<Integers>(cut, "steps")[i] != 1) return false;
      const Dim& start = attribute<Shape>(cut, "starts")[i];
      const Dim& limit = attribute<Shape>(cut, "limits")[i];
      if (i == axis ? !(start == position) : !(start.is_constant(0) && limit == dims[i])) return false;
    }
    position = attribute<Shape>(cut, "limits")[axis];
  }
  if (!source.valid() || !(position == context.tensor(source).dims[axis])) return false;
  return context.replace(id, source);
}

constexpr Rule kRules[] = {
    {"concat_of_empty", "concat(x, nothing) -> concat(x)", "concat", Bits::Preserved, concat_of_empty},
    {"concat_of_concat", "concat(concat(x, y), z) -> concat(x, y, z) on one axis", "concat", Bits::Preserved,
     concat_of_concat},
    {"concat_of_slices", "the slices of x put together again -> x", "concat", Bits::Preserved, concat_of_slices},
    {"slice_of_concat", "a slice inside of one part of a concat -> slice(part)", "slice", Bits::Preserved,
     slice_of_concat},
};

}  // namespace

std::span<const Rule> concat_rules() { return kRules; }

}  // namespace lathe::passes
