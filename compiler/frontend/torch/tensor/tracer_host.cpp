// What the evaluator asks of tensors: attributes, operators, iteration.
#include <fmt/format.h>

#include <array>

#include "compiler/frontend/torch/tensor/operations.h"
#include "compiler/frontend/torch/tensor/tensor_attributes.h"
#include "compiler/frontend/torch/tensor/tracer_internals.h"

namespace lathe::torch {
namespace {

Result<Value> wrap(Result<TensorId> tensor) {
  if (!tensor) return Failure{};
  return Value(*tensor);
}

/// The operation behind an operator; nothing for `@`.
std::optional<TensorBinary> operation_of(BinaryOp op) {
  switch (op) {
    case BinaryOp::Add: return TensorBinary::Add;
    case BinaryOp::Subtract: return TensorBinary::Subtract;
    case BinaryOp::Multiply: return TensorBinary::Multiply;
    case BinaryOp::MatrixMultiply: return std::nullopt;
    case BinaryOp::Divide: return TensorBinary::Divide;
    case BinaryOp::FloorDivide: return TensorBinary::FloorDivide;
    case BinaryOp::Modulo: return TensorBinary::Remainder;
    case BinaryOp::Power: return TensorBinary::Power;
    case BinaryOp::ShiftLeft: return TensorBinary::ShiftLeft;
    case BinaryOp::ShiftRight: return TensorBinary::ShiftRight;
    case BinaryOp::BitAnd: return TensorBinary::BitAnd;
    case BinaryOp::BitOr: return TensorBinary::BitOr;
    case BinaryOp::BitXor: return TensorBinary::BitXor;
  }
  return std::nullopt;
}

std::optional<TensorCompare> comparison_of(CompareOp op) {
  switch (op) {
    case CompareOp::Less: return TensorCompare::Less;
    case CompareOp::LessEqual: return TensorCompare::LessEqual;
    case CompareOp::Greater: return TensorCompare::Greater;
    case CompareOp::GreaterEqual: return TensorCompare::GreaterEqual;
    case CompareOp::Equal: return TensorCompare::Equal;
    case CompareOp::NotEqual: return TensorCompare::NotEqual;
    case CompareOp::In:
    case CompareOp::NotIn:
    case CompareOp::Is:
    case CompareOp::IsNot: return std::nullopt;
  }
  return std::nullopt;
}

bool is_number(const Value& value) {
  return std::holds_alternative<Dim>(value) || std::holds_alternative<double>(value) ||
         std::holds_alternative<bool>(value);
}

bool is_operand(const Value& value) { return std::holds_alternative<TensorId>(value) || is_number(value); }

}  // namespace

Result<Value> Tracer::binary(Evaluator& evaluator, BinaryOp op, const Value& left, const Value& right) {
  if (is_unknown(left) || is_unknown(right)) return Value(UnknownValue{});
  for (const Value* side : {&left, &right}) {
    if (is_operand(*side)) continue;
    const bool special = op == BinaryOp::Multiply && evaluator.heap().as<TupleObject>(*side) != nullptr;
    LATHE_TRY([[maybe_unused]] const TensorId never,
              expect_tensor(evaluator, *side,
                            fmt::format("`{}`{}", lathe::torch::text(op), special ? " with a tensor" : ""), here()));
  }
  if (const auto operation = operation_of(op)) return wrap(binary_operation(*this, *operation, left, right));
  LATHE_TRY(const TensorId a, expect_tensor(evaluator, left, "`@`", here()));
  LATHE_TRY(const TensorId b, expect_tensor(evaluator, right, "`@`", here()));
  return wrap(matmul_operation(*this, a, b));
}

Result<Value> Tracer::binary_in_place(Evaluator& evaluator, BinaryOp op, TensorId left, const Value& right) {
  LATHE_TRY(const Value result, binary(evaluator, op, left, right));
  const auto* tensor = std::get_if<TensorId>(&result);
  if (tensor == nullptr) return result;
  if (is_float(element(*tensor)) && !is_float(element(left))) {
    return tensor_error(*this, DiagnosticKind::ElementTypeMismatch, "RuntimeError",
                        fmt::format("`{}=` gives {}, which can't be stored in place in a tensor of type {}",
                                    lathe::torch::text(op), dtype_text(element(*tensor)), dtype_text(element(left))))
        .emit();
  }
  LATHE_TRY(const ValueId value, operand_as(result, element(left), here()));
  LATHE_TRY_VOID(assign(left, value));
  return Value(left);
}

Result<Value> Tracer::compare(Evaluator& evaluator, CompareOp op, const Value& left, const Value& right) {
  if (is_unknown(left) || is_unknown(right)) return Value(UnknownValue{});
  const auto comparison = comparison_of(op);
  if (!comparison) {
    return evaluator.unsupported(here(), fmt::format("`{}` with a tensor", lathe::torch::text(op)));
  }
  if (!is_operand(left) || !is_operand(right)) {
    // A tensor never equals something that is neither a tensor nor a number.
    if (op == CompareOp::Equal) return Value(false);
    if (op == CompareOp::NotEqual) return Value(true);
    LATHE_TRY(const TensorId never, expect_tensor(evaluator, is_operand(left) ? right : left,
                                                  fmt::format("`{}`", lathe::torch::text(op)), here()));
    return Value(never);
  }
  return wrap(compare_operation(*this, *comparison, left, right));
}

Result<Value> Tracer::unary(Evaluator& evaluator, UnaryOp op, TensorId operand) {
  switch (op) {
    case UnaryOp::Negate: return wrap(same_unary(*this, "neg", operand));
    case UnaryOp::Plus: return Value(operand);
    case UnaryOp::Invert: {
      const bool truth = element(operand) == ElementType::Boolean;
      return wrap(same_unary(*this, truth ? "logical_not" : "bitwise_not", operand));
    }
    case UnaryOp::Not: {
      LATHE_TRY(const Value number, element(evaluator, operand));
      LATHE_TRY(const bool truth, evaluator.truth(number, here()));
      return Value(!truth);
    }
  }
  return Failure{};
}

Result<Value> Tracer::get_item(Evaluator&, TensorId tensor, const Value& index) {
  if (is_unknown(index)) return Value(UnknownValue{});
  return index_operation(*this, tensor, index);
}

Status Tracer::set_item(Evaluator&, TensorId tensor, const Value& index, const Value& value) {
  if (is_unknown(index) || is_unknown(value)) return {};
  return assign_index(*this, tensor, index, value);
}

Result<Dim> Tracer::length(Evaluator&, TensorId tensor) {
  if (rank(tensor) != 0) return dims(tensor)[0];
  return tensor_error(*this, DiagnosticKind::BadArgument, "TypeError", "len() of a tensor without axes").emit();
}

Result<std::vector<Value>> Tracer::iterate(Evaluator& evaluator, TensorId tensor) {
  LATHE_TRY(const Dim count, length(evaluator, tensor));
  const auto constant = count.as_constant();
  if (!constant) {
    return evaluator
        .error(here(), DiagnosticKind::UndecidedBranch, "RuntimeError",
               "a loop over the first axis of {}, whose size `{}` is only known when the model runs",
               shape_text(tensor), count.python_text())
        .explain(module().origins, count)
        .emit();
  }
  LATHE_TRY_VOID(evaluator.spend(static_cast<uint64_t>(*constant), here()));
  std::vector<Value> items;
  for (int64_t i = 0; i < *constant; ++i) {
    LATHE_TRY(const TensorId item, select_operation(*this, tensor, 0, i));
    items.emplace_back(item);
  }
  return items;
}

std::string Tracer::text(TensorId tensor) {
  return fmt::format("tensor(shape={}, dtype={})", shape_text(tensor), dtype_text(element(tensor)));
}

ObjectId Tracer::tensor_class(Evaluator& evaluator, TensorId tensor) {
  if (is_parameter(tensor)) return evaluator.library_object("torch.nn.Parameter");
  ObjectId& type = internals_->tensor_class;
  if (!type.valid()) type = evaluator.library_object("torch.Tensor");
  return type;
}

std::optional<Result<Value>> Tracer::tensor_attribute(Evaluator& evaluator, TensorId tensor, NameId name) {
  if (auto property = tensor_property(*this, tensor, evaluator.names().text(name))) return property;
  ObjectId& type = internals_->tensor_class;
  if (!type.valid()) type = evaluator.library_object("torch.Tensor");
  const auto* row = evaluator.heap().as<ClassObject>(Value(type));
  LATHE_CHECK(row != nullptr);
  const Value* method = row->attributes.find(name);
  if (method == nullptr) return std::nullopt;
  const Value function = *method;
  return Result<Value>(Value(evaluator.heap().add(BoundMethodObject{tensor, function})));
}

Status Tracer::set_tensor_attribute(Evaluator& evaluator, TensorId tensor, NameId name, const Value& value) {
  const std::string& text = evaluator.names().text(name);
  if (text == "data") {
    LATHE_TRY(const TensorId from, expect_tensor(evaluator, value, "`.data`", here()));
    LATHE_TRY(const ValueId elements, operand_as(from, element(tensor), here()));
    return assign(tensor, elements);
  }
  if (text == "requires_grad" || text == "grad" || text == "names") return {};
  evaluator.unsupported(here(), fmt::format("setting the attribute `{}` of a tensor", text));
  return {};
}

}  // namespace lathe::torch
