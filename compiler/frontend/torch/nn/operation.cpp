// Faults and values of operations.
#include "compiler/frontend/torch/nn/operation.h"

#include <fmt/ranges.h>

namespace lathe::torch {
namespace {

/// "a tuple (output (2, 7, 8), ...)": what was given in place of a tensor.
std::string items_text(Evaluator& evaluator, const std::vector<Value>& items, size_t depth = 0) {
  std::vector<std::string> texts;
  for (const Value& item : items) {
    if (texts.size() == 4) {
      texts.emplace_back("...");
      break;
    }
    const auto* tensor = std::get_if<TensorId>(&item);
    const auto* inner = evaluator.heap().as<TupleObject>(item);
    if (inner != nullptr && depth < 2) {
      texts.push_back("(" + items_text(evaluator, inner->items, depth + 1) + ")");
      continue;
    }
    texts.push_back(tensor != nullptr ? fmt::format("a tensor {}", python_shape(tracer_of(evaluator).dims(*tensor)))
                                      : evaluator.describe(item));
  }
  return fmt::format("{}", fmt::join(texts, ", "));
}

}  // namespace

std::string python_shape(const Shape& dims) {
  std::string text = "(";
  for (size_t axis = 0; axis < dims.size(); ++axis) {
    if (axis != 0) text += ", ";
    text += dims[axis].python_text();
  }
  return text + (dims.size() == 1 ? ",)" : ")");
}

std::string_view torch_dtype_name(ElementType element) {
  switch (element) {
    case ElementType::Boolean: return "bool";
    case ElementType::I4: return "int4";
    case ElementType::I8: return "int8";
    case ElementType::I16: return "int16";
    case ElementType::I32: return "int32";
    case ElementType::I64: return "int64";
    case ElementType::U4: return "uint4";
    case ElementType::U8: return "uint8";
    case ElementType::U16: return "uint16";
    case ElementType::U32: return "uint32";
    case ElementType::U64: return "uint64";
    case ElementType::F8E4M3FN: return "float8_e4m3fn";
    case ElementType::F8E4M3FNUZ: return "float8_e4m3fnuz";
    case ElementType::F8E5M2: return "float8_e5m2";
    case ElementType::F8E5M2FNUZ: return "float8_e5m2fnuz";
    case ElementType::F16: return "float16";
    case ElementType::BF16: return "bfloat16";
    case ElementType::F32: return "float32";
    case ElementType::F64: return "float64";
    case ElementType::String: return "string";
  }
  return "";
}

std::string counted(const Dim& count, std::string_view singular) {
  return fmt::format("{} {}{}", count.python_text(), singular, count.is_constant(1) ? "" : "s");
}

GraphBuilder& Operation::builder() const {
  GraphBuilder& builder = tracer().builder();
  builder.set_location(where_, layer_);
  return builder;
}

DiagnosticBuilder Operation::report(DiagnosticKind kind, std::string_view exception, std::string message) const {
  DiagnosticBuilder builder = evaluator_->error(where_, kind, exception, "{}", message).layer(layer_);
  complete_facts();
  if (!label_.valid()) return builder;
  return std::move(builder).label(label_, label_text_);
}

DiagnosticBuilder Operation::warn(DiagnosticKind kind, std::string message) const {
  DiagnosticBuilder builder = evaluator_->warning(where_, kind, "{}", message).layer(layer_);
  complete_facts();
  if (!label_.valid()) return builder;
  return std::move(builder).label(label_, label_text_);
}

void Operation::complete_facts() const {
  FaultFacts* facts = evaluator_->latest_facts();
  if (facts == nullptr) return;
  facts->layer = module_;
}

void Operation::note_sizes(const Dim& have, const Dim& wanted) const {
  FaultFacts* facts = evaluator_->latest_facts();
  if (facts == nullptr) return;
  facts->have = have;
  facts->wanted = wanted;
}

Status Operation::require_equal(DiagnosticKind kind, std::string_view exception, const Dim& a, const Dim& b,
                                const std::string& message) const {
  switch (symbols().prove_eq(a, b)) {
    case Answer::Yes: return {};
    case Answer::No: {
      DiagnosticBuilder fault = error(kind, exception, "{}", message);
      note_sizes(a, b);
      return std::move(fault).explain(tracer().module().origins, a).explain(tracer().module().origins, b).emit();
    }
    case Answer::Unknown: break;
  }
  tracer().module().add_guard({Guard::Relation::Equal, a, b, message, where_});
  return {};
}

Status Operation::require_le(DiagnosticKind kind, std::string_view exception, const Dim& a, const Dim& b,
                             const std::string& message) const {
  switch (symbols().prove_le(a, b)) {
    case Answer::Yes: return {};
    case Answer::No:
      return error(kind, exception, "{}", message)
          .explain(tracer().module().origins, a)
          .explain(tracer().module().origins, b)
          .emit();
    case Answer::Unknown: break;
  }
  tracer().module().add_guard({Guard::Relation::LessEqual, a, b, message, where_});
  return {};
}

Status Operation::require_element(ValueId x, ElementType wanted, std::string_view what) const {
  const ElementType have = type(x).element;
  if (have == wanted) return {};
  return error(DiagnosticKind::ElementTypeMismatch, "RuntimeError", "{} gets {} {}, but {} is {}", name_,
               torch_dtype_name(have), shape_text(x), what, torch_dtype_name(wanted))
      .emit();
}

Status Operation::require_float(ValueId x) const {
  const ElementType have = type(x).element;
  if (is_float(have)) return {};
  return error(DiagnosticKind::ElementTypeMismatch, "RuntimeError",
               "{} wants floating-point numbers, its input {} is {}", name_, shape_text(x), torch_dtype_name(have))
      .emit();
}

Result<TensorId> Operation::tensor(const Value& value, std::string_view what) const {
  if (const auto* id = std::get_if<TensorId>(&value)) return *id;
  if (torch::is_unknown(value)) return Failure{};
  if (torch::is_none(value)) {
    return error(DiagnosticKind::NoneNotTensor, "TypeError", "{} takes a tensor, {} is None", name_, what).emit();
  }
  const Heap& heap = evaluator_->heap();
  if (const auto* tuple = heap.as<TupleObject>(value)) {
    return error(DiagnosticKind::TupleNotTensor, "TypeError", "{} takes a tensor, {} is a {}: ({})", name_, what,
                 tuple->items.size() == 2 ? "pair" : fmt::format("tuple of {}", tuple->items.size()),
                 items_text(*evaluator_, tuple->items))
        .emit();
  }
  if (const auto* list = heap.as<ListObject>(value)) {
    return error(DiagnosticKind::TupleNotTensor, "TypeError", "{} takes a tensor, {} is a list of {}: [{}]", name_,
                 what, list->items.size(), items_text(*evaluator_, list->items))
        .emit();
  }
  return error(DiagnosticKind::BadArgument, "TypeError", "{} takes a tensor, {} is {}", name_, what,
               evaluator_->describe(value))
      .emit();
}

Result<ValueId> Operation::value(const Value& value, std::string_view what) const {
  LATHE_TRY(const TensorId id, tensor(value, what));
  return tracer().value(id);
}

Result<ValueId> Operation::optional_value(const Value& given, std::string_view what) const {
  if (torch::is_none(given)) return ValueId();
  return value(given, what);
}

Result<Value> Operation::result(const Result<ValueId>& value) const {
  if (!value.ok()) return Failure{};
  return Value(tracer().add(*value));
}

Result<ValueId> Operation::with_number(std::string_view row, ValueId x, double number) const {
  LATHE_TRY(const ValueId operand, builder().scalar(type(x).element, number));
  return one(row, {x, operand});
}

Result<Value> run_function(NativeCall& call, TensorFunction run) {
  for (const Value& argument : call.arguments) {
    if (is_unknown(argument)) return Value(UnknownValue{});
  }
  Operation operation(call.evaluator, std::string(call.row.name), call.where);
  return run(call, operation);
}

}  // namespace lathe::torch
