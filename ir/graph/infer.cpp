// The checks that every row gets before its own inference, and what row functions use.
#include "ir/graph/infer.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "ir/graph/type_match.h"

namespace lathe {
namespace {

std::string value_text(const Module& module, ValueId id) {
  const Value& value = module.graph.value(id);
  if (!value.name.empty()) return fmt::format("`{}`", value.name);
  if (value.producer.valid()) {
    const Node& producer = module.graph.node(value.producer);
    if (!producer.name.empty()) return fmt::format("the result of `{}`", producer.name);
    return fmt::format("the result of `{}`", producer.op->name);
  }
  return "an argument";
}

// The declaration that covers operand `index`: the last one when it is variadic.
const OperandDef* operand_def(const OpDef& op, size_t index) {
  if (index < op.operands.size()) return &op.operands[index];
  if (!op.operands.empty() && op.operands.back().kind == OperandKind::Variadic) return &op.operands.back();
  return nullptr;
}

Status check_operands(InferContext& context) {
  const OpDef& op = context.op();
  size_t required = 0;
  bool variadic = false;
  for (const OperandDef& def : op.operands) {
    if (def.kind == OperandKind::Required) ++required;
    variadic |= def.kind == OperandKind::Variadic;
  }
  const size_t count = context.operand_count();
  if (count < required || (!variadic && count > op.operands.size())) {
    const std::string wanted = variadic                         ? fmt::format("at least {}", required)
                               : required == op.operands.size() ? fmt::format("{}", required)
                                                                : fmt::format("{} to {}", required, op.operands.size());
    return context.error(DiagnosticKind::OperandCount, "`{}` takes {} operands, {} are given", op.name, wanted, count)
        .emit();
  }
  for (size_t i = 0; i < count; ++i) {
    const OperandDef& def = *operand_def(op, i);
    if (!context.has_operand(i)) {
      if (def.kind != OperandKind::Required) continue;
      return context.error(DiagnosticKind::MissingOperand, "`{}` needs its operand `{}`", op.name, def.name).emit();
    }
    if (def.any_type) continue;
    const TensorType* tensor = context.operand_type(i).as_tensor();
    if (tensor == nullptr || !tensor->ranked) {
      return context
          .error(DiagnosticKind::ElementTypeMismatch, "`{}` takes a tensor as `{}`, {} is `{}`", op.name, def.name,
                 context.operand_text(i), text(context.operand_type(i)))
          .emit();
    }
    if (!def.elements.contains(tensor->element)) {
      return context
          .error(DiagnosticKind::ElementTypeMismatch, "`{}` takes {} as `{}`, {} is `{}`", op.name, text(def.elements),
                 def.name, context.operand_text(i), text(*tensor))
          .emit();
    }
  }
  return {};
}

Status check_same_elements(InferContext& context) {
  if (!has(context.op().traits, Trait::SameElements)) return {};
  size_t first = context.operand_count();
  for (size_t i = 0; i < context.operand_count(); ++i) {
    if (!context.has_operand(i) || context.operand_type(i).as_tensor() == nullptr) continue;
    if (first == context.operand_count()) {
      first = i;
    } else if (context.tensor(i).element != context.tensor(first).element) {
      return context
          .error(DiagnosticKind::ElementTypeMismatch, "`{}` needs operands of one element type: {} is `{}`, {} is `{}`",
                 context.op().name, context.operand_text(first), text(context.tensor(first)), context.operand_text(i),
                 text(context.tensor(i)))
          .emit();
    }
  }
  return {};
}

Status check_attributes(InferContext& context) {
  const OpDef& op = context.op();
  const NodeDraft& draft = context.draft();
  LATHE_CHECK(draft.attributes.size() == op.attributes.size());
  for (size_t i = 0; i < op.attributes.size(); ++i) {
    const AttributeDef& def = op.attributes[i];
    const Attribute& value = draft.attributes[i];
    if (std::holds_alternative<std::monostate>(value)) {
      if (!std::holds_alternative<Required>(def.default_value)) continue;
      return context.error(DiagnosticKind::MissingAttribute, "`{}` needs the attribute `{}`", op.name, def.name).emit();
    }
    if (!has_kind(value, def.kind)) {
      return context
          .error(DiagnosticKind::BadAttribute, "attribute `{}` of `{}` must be a {}", def.name, op.name, text(def.kind))
          .emit();
    }
    if (def.kind == AttributeKind::String && !def.choices.empty()) {
      const std::string& given = std::get<std::string>(value);
      if (std::find(def.choices.begin(), def.choices.end(), given) == def.choices.end()) {
        return context
            .error(DiagnosticKind::BadAttribute, "attribute `{}` of `{}` is \"{}\"; it may be {}", def.name, op.name,
                   given, fmt::join(def.choices, ", "))
            .emit();
      }
    }
  }
  if (draft.regions.size() != op.region_count) {
    return context
        .error(DiagnosticKind::GraphInvalid, "`{}` has {} regions, {} are given", op.name, op.region_count,
               draft.regions.size())
        .emit();
  }
  return {};
}

Status check_sizes(InferContext& context, std::span<const Type> results) {
  constexpr int64_t kMostElements = int64_t{1} << 59;
  for (const Type& type : results) {
    const TensorType* tensor = type.as_tensor();
    if (tensor == nullptr || !tensor->ranked) continue;
    Dim count = 1;
    bool empty = false;
    for (const Dim& dim : tensor->dims) {
      empty |= dim.is_constant(0);
      if (!dim.valid()) {
        return context
            .error(DiagnosticKind::SizeOverflow, "a dimension of the result of `{}` is beyond 64 bits",
                   context.op().name)
            .emit();
      }
      if (dim.is_constant() && dim.constant() < 0) {
        return context
            .error(DiagnosticKind::NegativeDimension, "`{}` gives the shape `{}`, with a negative dimension",
                   context.op().name, text(tensor->dims))
            .emit();
      }
      if (!count.valid() || !dim.is_constant()) continue;
      count *= dim;
    }
    if (!empty && (!count.valid() || count.constant() > kMostElements)) {
      return context
          .error(DiagnosticKind::SizeOverflow, "`{}` gives `{}`, more elements than can be addressed",
                 context.op().name, text(*tensor))
          .emit();
    }
  }
  return {};
}

}  // namespace

std::string InferContext::operand_text(size_t index) const { return value_text(module(), operand(index)); }

Status InferContext::require_equal(DiagnosticKind kind, const Dim& a, const Dim& b, const std::string& message) {
  switch (symbols().prove_eq(a, b)) {
    case Answer::Yes: return {};
    case Answer::No: return error(kind, "{}", message).explain(origins(), a).explain(origins(), b).emit();
    case Answer::Unknown:
      // What other guards imply needs none of its own.
      if (equal_under_guards(*mutable_module_, a, b)) return {};
      mutable_module_->add_guard({Guard::Relation::Equal, a, b, message, location()});
      return {};
  }
  return {};
}

Status InferContext::require_le(DiagnosticKind kind, const Dim& a, const Dim& b, const std::string& message) {
  switch (symbols().prove_le(a, b)) {
    case Answer::Yes: return {};
    case Answer::No: return error(kind, "{}", message).explain(origins(), a).explain(origins(), b).emit();
    case Answer::Unknown:
      mutable_module_->add_guard({Guard::Relation::LessEqual, a, b, message, location()});
      return {};
  }
  return {};
}

Status InferContext::require_rank(size_t index, int rank) {
  if (tensor(index).rank() == rank) return {};
  return error(DiagnosticKind::RankMismatch, "`{}` needs {} axes, {} has {}: `{}`", op().name, rank,
               operand_text(index), tensor(index).rank(), text(tensor(index)))
      .emit();
}

Status InferContext::require_rank_at_least(size_t index, int rank) {
  if (tensor(index).rank() >= rank) return {};
  return error(DiagnosticKind::RankMismatch, "`{}` needs at least {} axes, {} has {}: `{}`", op().name, rank,
               operand_text(index), tensor(index).rank(), text(tensor(index)))
      .emit();
}

Result<size_t> InferContext::axis(int64_t value, int rank, std::string_view what) {
  if (value >= -rank && value < rank) return static_cast<size_t>(value < 0 ? value + rank : value);
  return error(DiagnosticKind::AxisOutOfRange, "{} {} of `{}` is out of range for {} axes", what, value, op().name,
               rank)
      .emit();
}

Result<std::vector<size_t>> InferContext::axes(const Integers& values, int rank) {
  std::vector<size_t> result;
  for (int64_t value : values) {
    LATHE_TRY(const size_t normalised, axis(value, rank));
    if (std::find(result.begin(), result.end(), normalised) != result.end()) {
      return error(DiagnosticKind::BadAttribute, "axis {} of `{}` is given twice", value, op().name).emit();
    }
    result.push_back(normalised);
  }
  std::sort(result.begin(), result.end());
  return result;
}

Result<Dim> InferContext::broadcast_dims(const Dim& a, const Dim& b, const std::string& message) {
  if (a.is_constant(1)) return b;
  if (b.is_constant(1) || a == b) return a;
  if (symbols().prove_eq(a, b) == Answer::Yes) return a.is_constant() ? a : b;
  // A symbol that may be 1 at run time is taken to be equal; the guard says so when it isn't.
  LATHE_TRY_VOID(require_equal(DiagnosticKind::BroadcastMismatch, a, b, message));
  return a.is_constant() ? a : b;
}

Result<Shape> InferContext::broadcast(std::span<const size_t> operands) {
  Shape shape;
  for (size_t index : operands) {
    const Shape& other = dims(index);
    if (other.size() > shape.size()) shape.insert(shape.begin(), other.size() - shape.size(), Dim(1));
    const size_t offset = shape.size() - other.size();
    for (size_t i = 0; i < other.size(); ++i) {
      std::string message;
      const Dim& have = shape[offset + i];
      if (!have.is_constant(1) && !other[i].is_constant(1) && !(have == other[i])) {
        std::string shapes;
        for (size_t each : operands) {
          if (!shapes.empty()) shapes += each == operands.back() ? " and " : ", ";
          shapes += fmt::format("`{}`", text(tensor(each)));
        }
        message = fmt::format("`{}` can't broadcast {}: on axis {} {} meets {}", op().name, shapes,
                              static_cast<int64_t>(offset + i) - static_cast<int64_t>(shape.size()), have.python_text(),
                              other[i].python_text());
      }
      LATHE_TRY(shape[offset + i], broadcast_dims(have, other[i], message));
    }
  }
  return shape;
}

Dim InferContext::computed(const Dim& dim, std::string formula, std::vector<Dim> parents) const {
  return origins().derived(dim, OriginRule::Computed, std::move(formula), location(), std::move(parents));
}

Dim InferContext::product_of(std::vector<Dim> parents) const {
  const Dim value = product(parents);
  return origins().derived(value, OriginRule::Product, {}, location(), std::move(parents));
}

Dim InferContext::sum_of(std::vector<Dim> parents) const {
  Dim value = 0;
  for (const Dim& parent : parents) value += parent;
  return origins().derived(value, OriginRule::Sum, {}, location(), std::move(parents));
}

Dim InferContext::declared(const Dim& dim, std::string text) const {
  return origins().declared(dim, std::move(text), location());
}

Dim InferContext::fresh_symbol(std::string_view base, Dim lower, Dim upper) {
  const std::string name = symbols().fresh_name(base);
  symbols().declare(name, std::move(lower), std::move(upper));
  return Dim::symbol(name);
}

Result<std::vector<Type>> infer(Module& module, const NodeDraft& draft, Diagnostics& diagnostics) {
  InferContext context(module, draft, diagnostics);
  LATHE_TRY_VOID(check_operands(context));
  LATHE_TRY_VOID(check_same_elements(context));
  LATHE_TRY_VOID(check_attributes(context));
  LATHE_TRY(std::vector<Type> types, draft.op->infer(context));
  LATHE_TRY_VOID(check_sizes(context, types));
  return types;
}

Result<std::vector<Type>> infer_broadcast(InferContext& context) {
  std::vector<size_t> operands;
  for (size_t i = 0; i < context.operand_count(); ++i) {
    if (context.has_operand(i)) operands.push_back(i);
  }
  LATHE_TRY(Shape shape, context.broadcast(operands));
  return std::vector<Type>{TensorType{context.tensor(0).element, std::move(shape)}};
}

Result<std::vector<Type>> infer_predicate(InferContext& context) {
  LATHE_TRY(std::vector<Type> types, infer_broadcast(context));
  types[0].as_tensor()->element = ElementType::Boolean;
  return types;
}

Result<std::vector<Type>> infer_same_as_first(InferContext& context) {
  return std::vector<Type>{context.operand_type(0)};
}

}  // namespace lathe
