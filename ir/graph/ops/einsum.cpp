// Sums of products by Einstein's notation: numpy.einsum's equations over any number of operands.
//
// `bij,bjk->bik` names the axes of the operands, then those of the result; axes that the result doesn't name are
// summed, in the order of their names. `...` stands for axes that broadcast. A name twice in one operand reads its
// diagonal.
#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "ir/graph/ops/rows.h"

namespace lathe {
namespace {

constexpr char kEllipsis = '.';

struct Equation {
  std::vector<std::string> operands;  ///< one character an axis, kEllipsis for all axes that `...` stands for
  std::string result;
};

bool is_label(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

// One term without spaces; `...` becomes one kEllipsis. Nothing when it isn't one.
std::optional<std::string> parse_term(std::string_view text) {
  std::string term;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == ' ') continue;
    if (text.substr(i, 3) == "...") {
      if (term.find(kEllipsis) != std::string::npos) return std::nullopt;
      term += kEllipsis;
      i += 2;
    } else if (is_label(text[i])) {
      term += text[i];
    } else {
      return std::nullopt;
    }
  }
  return term;
}

// Without `->` the result has the ellipsis, then the names that occur once, sorted.
std::string implicit_result(const std::vector<std::string>& operands) {
  std::string all;
  for (const std::string& term : operands) all += term;
  std::string result;
  if (all.find(kEllipsis) != std::string::npos) result += kEllipsis;
  std::sort(all.begin(), all.end());
  for (const char c : all) {
    if (c != kEllipsis && std::count(all.begin(), all.end(), c) == 1) result += c;
  }
  return result;
}

std::optional<Equation> parse_equation(std::string_view text) {
  Equation equation;
  const size_t arrow = text.find("->");
  std::string_view left = text.substr(0, arrow);
  while (true) {
    const size_t comma = left.find(',');
    auto term = parse_term(left.substr(0, comma));
    if (!term) return std::nullopt;
    equation.operands.push_back(std::move(*term));
    if (comma == std::string_view::npos) break;
    left.remove_prefix(comma + 1);
  }
  if (arrow == std::string_view::npos) {
    equation.result = implicit_result(equation.operands);
    return equation;
  }
  auto result = parse_term(text.substr(arrow + 2));
  if (!result) return std::nullopt;
  equation.result = std::move(*result);
  return equation;
}

// One axis of the iteration space: a label, or the position of an axis of the ellipsis counted from its end.
struct SpaceAxis {
  char label = 0;
  size_t from_end = 0;
  Dim extent = 1;
};

struct Space {
  std::vector<SpaceAxis> result;
  std::vector<SpaceAxis> summed;

  SpaceAxis* find(char label, size_t from_end) {
    for (auto* axes : {&result, &summed}) {
      for (SpaceAxis& axis : *axes) {
        if (axis.label == label && (label != kEllipsis || axis.from_end == from_end)) return &axis;
      }
    }
    return nullptr;
  }
};

// The label of each axis of an operand, and for axes of an ellipsis their position from its end.
std::vector<std::pair<char, size_t>> labels_of(const std::string& term, size_t rank) {
  std::vector<std::pair<char, size_t>> labels;
  const size_t named = term.size() - static_cast<size_t>(std::count(term.begin(), term.end(), kEllipsis));
  for (const char c : term) {
    if (c != kEllipsis) {
      labels.emplace_back(c, 0);
      continue;
    }
    for (size_t i = rank - named; i-- > 0;) labels.emplace_back(c, i);
  }
  return labels;
}

size_t ellipsis_rank(const NodeView& node, const Equation& equation) {
  size_t most = 0;
  for (size_t i = 0; i < equation.operands.size(); ++i) {
    const std::string& term = equation.operands[i];
    if (term.find(kEllipsis) != std::string::npos) most = std::max(most, node.dims(i).size() + 1 - term.size());
  }
  return most;
}

// All axes, their extents still 1. Ellipsis axes that the result doesn't show are summed.
Space make_space(const NodeView& node, const Equation& equation) {
  Space space;
  const auto append = [&](std::vector<SpaceAxis>& axes, char label) {
    if (label != kEllipsis) {
      axes.push_back({label, 0, 1});
      return;
    }
    for (size_t i = ellipsis_rank(node, equation); i-- > 0;) axes.push_back({label, i, 1});
  };
  for (const char c : equation.result) append(space.result, c);
  std::string summed;
  for (const std::string& term : equation.operands) {
    for (const char c : term) {
      if (equation.result.find(c) == std::string::npos && summed.find(c) == std::string::npos) summed += c;
    }
  }
  std::sort(summed.begin(), summed.end());
  for (const char c : summed) append(space.summed, c);
  return space;
}

Status check_equation(InferContext& context, const std::optional<Equation>& equation) {
  const std::string& text = context.string("equation");
  if (!equation) {
    return context.error(DiagnosticKind::BadAttribute, "`einsum` can't read the equation \"{}\"", text).emit();
  }
  if (equation->operands.size() != context.operand_count()) {
    return context
        .error(DiagnosticKind::OperandCount, "the equation \"{}\" of `einsum` names {} operands, {} are given", text,
               equation->operands.size(), context.operand_count())
        .emit();
  }
  for (size_t i = 0; i < equation->operands.size(); ++i) {
    const std::string& term = equation->operands[i];
    const bool open = term.find(kEllipsis) != std::string::npos;
    const size_t rank = context.dims(i).size();
    if (open ? rank + 1 >= term.size() : rank == term.size()) continue;
    return context
        .error(DiagnosticKind::RankMismatch,
               "the equation \"{}\" of `einsum` names {} axes of operand {}, but {} has {}: `{}`", text,
               open ? term.size() - 1 : term.size(), i, context.operand_text(i), rank, lathe::text(context.tensor(i)))
        .emit();
  }
  for (size_t i = 0; i < equation->result.size(); ++i) {
    const char c = equation->result[i];
    const bool repeated = equation->result.find(c, i + 1) != std::string::npos;
    const bool known =
        c == kEllipsis || std::any_of(equation->operands.begin(), equation->operands.end(),
                                      [&](const std::string& term) { return term.find(c) != std::string::npos; });
    if (known && !repeated) continue;
    return context
        .error(DiagnosticKind::BadAttribute, "the result of the equation \"{}\" of `einsum` names `{}` {}", text, c,
               repeated ? "twice" : "and no operand does")
        .emit();
  }
  return {};
}

Result<std::vector<Type>> infer_einsum(InferContext& context) {
  const std::optional<Equation> equation = parse_equation(context.string("equation"));
  LATHE_TRY_VOID(check_equation(context, equation));
  Space space = make_space(context, *equation);
  for (size_t operand = 0; operand < context.operand_count(); ++operand) {
    const Shape& dims = context.dims(operand);
    const auto labels = labels_of(equation->operands[operand], dims.size());
    for (size_t axis = 0; axis < dims.size(); ++axis) {
      SpaceAxis* found = space.find(labels[axis].first, labels[axis].second);
      LATHE_CHECK(found != nullptr);
      const std::string message = fmt::format(
          "`einsum` \"{}\": axis {} of {} (`{}`) has {} elements, elsewhere `{}` has {}", context.string("equation"),
          axis, context.operand_text(operand), text(context.tensor(operand)), dims[axis].python_text(),
          labels[axis].first == kEllipsis ? "..." : std::string(1, labels[axis].first), found->extent.python_text());
      LATHE_TRY(found->extent, context.broadcast_dims(found->extent, dims[axis], message));
    }
  }
  Shape result;
  for (const SpaceAxis& axis : space.result) result.push_back(axis.extent);
  return one_type(context.tensor(0).element, std::move(result));
}

void describe_einsum(const NodeView& node, Reduction& reduction) {
  const std::optional<Equation> equation = parse_equation(node.string("equation"));
  LATHE_CHECK(equation.has_value());
  Space space = make_space(node, *equation);
  for (size_t operand = 0; operand < node.operand_count(); ++operand) {
    const auto labels = labels_of(equation->operands[operand], node.dims(operand).size());
    for (size_t axis = 0; axis < labels.size(); ++axis) {
      Dim& extent = space.find(labels[axis].first, labels[axis].second)->extent;
      if (extent.is_constant(1)) extent = node.dims(operand)[axis];
    }
  }
  for (const SpaceAxis& axis : space.result) reduction.extents.push_back(axis.extent);
  reduction.result_rank = reduction.extents.size();
  for (const SpaceAxis& axis : space.summed) reduction.extents.push_back(axis.extent);
  for (uint32_t operand = 0; operand < node.operand_count(); ++operand) {
    const auto labels = labels_of(equation->operands[operand], node.dims(operand).size());
    std::vector<Dim> index;
    for (size_t axis = 0; axis < labels.size(); ++axis) {
      const SpaceAxis* found = space.find(labels[axis].first, labels[axis].second);
      const bool in_result =
          !space.result.empty() && found >= space.result.data() && found < space.result.data() + space.result.size();
      const auto position = static_cast<size_t>(found - (in_result ? space.result.data() : space.summed.data()));
      const Dim symbol = axis_symbol(in_result ? position : space.result.size() + position);
      index.push_back(broadcast_index(node.dims(operand)[axis], found->extent, symbol));
    }
    reduction.operands.push_back(operand);
    reduction.operand_indices.push_back(std::move(index));
  }
  set_product_body(node, reduction);
}

}  // namespace

std::span<const OpDef> einsum_ops() {
  static const std::vector<OpDef> rows = {
      {.name = "einsum",
       .doc = "the sum of products of the operands that an equation in Einstein's notation names; sums run over the "
              "summed "
              "names in alphabetic order, fused, in f32 for narrower floats",
       .operands = {{"operands", kAnyNumber, OperandKind::Variadic, "as many as the equation names"}},
       .attributes = {{"equation", AttributeKind::String, Required{}, "as numpy.einsum: `bij,bjk->bik`"}},
       .traits = Trait::SameElements,
       .exactness = Exactness::Reordered,
       .infer = infer_einsum,
       .semantics = Contract{describe_einsum}},
  };
  return rows;
}

}  // namespace lathe
