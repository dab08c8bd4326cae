// Arithmetic: integers as Dims, floats, sequences, sets, and the dunder methods of instances.
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "compiler/frontend/torch/python/builtins.h"
#include "compiler/frontend/torch/python/evaluator_internals.h"

namespace lathe::torch {

const OperatorMethods& operator_methods(BinaryOp op) {
  static constexpr std::array<OperatorMethods, 13> kMethods = {{
      {"__add__", "__radd__", "__iadd__"},
      {"__sub__", "__rsub__", "__isub__"},
      {"__mul__", "__rmul__", "__imul__"},
      {"__matmul__", "__rmatmul__", "__imatmul__"},
      {"__truediv__", "__rtruediv__", "__itruediv__"},
      {"__floordiv__", "__rfloordiv__", "__ifloordiv__"},
      {"__mod__", "__rmod__", "__imod__"},
      {"__pow__", "__rpow__", "__ipow__"},
      {"__lshift__", "__rlshift__", "__ilshift__"},
      {"__rshift__", "__rrshift__", "__irshift__"},
      {"__and__", "__rand__", "__iand__"},
      {"__or__", "__ror__", "__ior__"},
      {"__xor__", "__rxor__", "__ixor__"},
  }};
  return kMethods[static_cast<size_t>(op)];
}

std::optional<Dim> as_integer(const Value& value) {
  if (const auto* number = std::get_if<Dim>(&value)) return *number;
  if (const auto* flag = std::get_if<bool>(&value)) return Dim(*flag ? 1 : 0);
  return std::nullopt;
}

std::optional<double> as_float(const Value& value) {
  if (const auto* number = std::get_if<double>(&value)) return *number;
  if (const std::optional<Dim> whole = as_integer(value)) {
    if (const std::optional<int64_t> number = whole->as_constant()) return static_cast<double>(*number);
  }
  return std::nullopt;
}

namespace {

int64_t floor_divide(int64_t a, int64_t b) {
  const int64_t quotient = a / b;
  return a % b != 0 && ((a < 0) != (b < 0)) ? quotient - 1 : quotient;
}

int64_t floor_modulo(int64_t a, int64_t b) {
  const int64_t rest = a % b;
  return rest != 0 && ((rest < 0) != (b < 0)) ? rest + b : rest;
}

/// Nothing when the power is beyond 64 bits.
std::optional<int64_t> power(int64_t base, int64_t exponent) {
  int64_t result = 1;
  for (; exponent > 0; exponent >>= 1) {
    if ((exponent & 1) != 0 && __builtin_mul_overflow(result, base, &result)) return std::nullopt;
    if (exponent > 1 && __builtin_mul_overflow(base, base, &base)) return std::nullopt;
  }
  return result;
}

double float_modulo(double a, double b) {
  const double rest = std::fmod(a, b);
  if (rest != 0 && ((rest < 0) != (b < 0))) return rest + b;
  return rest == 0 ? std::copysign(0.0, b) : rest;
}

double float_floor_divide(double a, double b) {
  const double rest = float_modulo(a, b);
  const double quotient = (a - rest) / b;
  if (quotient == 0) return std::copysign(0.0, a / b);
  const double floor = std::floor(quotient);
  return quotient - floor > 0.5 ? floor + 1 : floor;
}

}  // namespace

Result<Value> Evaluator::Internals::symbolic_operation(BinaryOp op, const Dim& left, const Dim& right,
                                                       LocationId where) {
  const std::optional<int64_t> known_right = right.as_constant();
  Dim result = Dim::invalid();
  switch (op) {
    case BinaryOp::FloorDivide:
    case BinaryOp::Modulo: {
      if (known_right && *known_right < 0) {
        result = op == BinaryOp::FloorDivide ? floordiv(-left, -right) : -modulo(-left, -right);
        break;
      }
      if (!known_right && !evaluator.symbols_.known_lt(0, right)) {
        return undecided(where,
                         fmt::format("`{}` divides by `{}`, which may be 0", left.python_text(), right.python_text()));
      }
      result = op == BinaryOp::FloorDivide ? floordiv(left, right) : modulo(left, right);
      break;
    }
    case BinaryOp::Divide:
    case BinaryOp::Power: {
      constexpr int64_t kLargestPower = 8;
      if (op == BinaryOp::Power && known_right && *known_right >= 0 && *known_right <= kLargestPower) {
        result = 1;
        for (int64_t i = 0; i < *known_right; ++i) result *= left;
        break;
      }
      return evaluator.unsupported(
          where, fmt::format("`{}` of a size that is only known when the model runs gives a float{}", torch::text(op),
                             op == BinaryOp::Divide ? "; `//` stays an int" : ""));
    }
    case BinaryOp::ShiftLeft:
    case BinaryOp::ShiftRight: {
      constexpr int64_t kLargestShift = 40;
      if (known_right && *known_right >= 0 && *known_right <= kLargestShift) {
        const Dim factor(int64_t{1} << *known_right);
        result = op == BinaryOp::ShiftLeft ? left * factor : floordiv(left, factor);
        break;
      }
      [[fallthrough]];
    }
    case BinaryOp::Add:
    case BinaryOp::Subtract:
    case BinaryOp::Multiply:
    case BinaryOp::MatrixMultiply:
    case BinaryOp::BitAnd:
    case BinaryOp::BitOr:
    case BinaryOp::BitXor:
      return evaluator.unsupported(
          where, fmt::format("`{}` of sizes that are only known when the model runs", torch::text(op)));
  }
  if (!result.valid()) return overflow(where);
  return Value(evaluator.symbols_.simplify(result));
}

Result<Value> Evaluator::Internals::integer_operation(BinaryOp op, const Dim& left, const Dim& right,
                                                      LocationId where) {
  const auto checked = [&](Dim result) -> Result<Value> {
    if (!result.valid()) return overflow(where);
    return Value(std::move(result));
  };
  if (op == BinaryOp::Add) return checked(left + right);
  if (op == BinaryOp::Subtract) return checked(left - right);
  if (op == BinaryOp::Multiply) return checked(left * right);
  const bool divides = op == BinaryOp::Divide || op == BinaryOp::FloorDivide || op == BinaryOp::Modulo;
  if (divides && right.is_constant(0)) {
    return evaluator.error(where, DiagnosticKind::PythonError, "ZeroDivisionError", "division by zero").emit();
  }
  if (!left.is_constant() || !right.is_constant()) return symbolic_operation(op, left, right, where);
  const int64_t a = left.constant();
  const int64_t b = right.constant();
  constexpr int64_t kLowest = std::numeric_limits<int64_t>::min();
  switch (op) {
    case BinaryOp::Add:
    case BinaryOp::Subtract:
    case BinaryOp::Multiply:
    case BinaryOp::MatrixMultiply: break;
    case BinaryOp::Divide: return Value(static_cast<double>(a) / static_cast<double>(b));
    case BinaryOp::FloorDivide:
      if (a == kLowest && b == -1) return overflow(where);
      return integer(floor_divide(a, b));
    case BinaryOp::Modulo:
      if (b == -1) return integer(0);
      return integer(floor_modulo(a, b));
    case BinaryOp::Power: {
      if (b < 0) return float_operation(op, static_cast<double>(a), static_cast<double>(b), where);
      const std::optional<int64_t> result = power(a, b);
      if (!result) return overflow(where);
      return integer(*result);
    }
    case BinaryOp::ShiftLeft:
    case BinaryOp::ShiftRight: {
      if (b < 0) {
        return evaluator
            .error(where, DiagnosticKind::PythonError, "ValueError", "a shift by {}: it must not be negative", b)
            .emit();
      }
      if (op == BinaryOp::ShiftRight) return integer(b > 62 ? (a < 0 ? -1 : 0) : a >> b);
      if (a == 0) return integer(0);
      int64_t result = 0;
      if (b > 62 || __builtin_mul_overflow(a, int64_t{1} << b, &result)) return overflow(where);
      return integer(result);
    }
    case BinaryOp::BitAnd: return integer(a & b);
    case BinaryOp::BitOr: return integer(a | b);
    case BinaryOp::BitXor: return integer(a ^ b);
  }
  return type_error(where, "`@` is not defined for two ints");
}

Result<Value> Evaluator::Internals::float_operation(BinaryOp op, double left, double right, LocationId where) {
  const auto by_zero = [&] {
    return evaluator.error(where, DiagnosticKind::PythonError, "ZeroDivisionError", "division by zero").emit();
  };
  switch (op) {
    case BinaryOp::Add: return Value(left + right);
    case BinaryOp::Subtract: return Value(left - right);
    case BinaryOp::Multiply: return Value(left * right);
    case BinaryOp::Divide:
      if (right == 0) return by_zero();
      return Value(left / right);
    case BinaryOp::FloorDivide:
      if (right == 0) return by_zero();
      return Value(float_floor_divide(left, right));
    case BinaryOp::Modulo:
      if (right == 0) return by_zero();
      return Value(float_modulo(left, right));
    case BinaryOp::Power: {
      if (left == 0 && right < 0) return by_zero();
      if (left < 0 && std::isfinite(right) && right != std::floor(right)) {
        return evaluator.unsupported(where, "complex numbers (a negative number to a fractional power)");
      }
      const double result = std::pow(left, right);
      if (std::isinf(result) && std::isfinite(left) && std::isfinite(right)) {
        return evaluator
            .error(where, DiagnosticKind::PythonError, "OverflowError", "the power is too large for a float")
            .emit();
      }
      return Value(result);
    }
    case BinaryOp::MatrixMultiply:
    case BinaryOp::ShiftLeft:
    case BinaryOp::ShiftRight:
    case BinaryOp::BitAnd:
    case BinaryOp::BitOr:
    case BinaryOp::BitXor: break;
  }
  return type_error(where, fmt::format("`{}` is not defined for floats", torch::text(op)));
}

Result<Value> Evaluator::Internals::repeat(const Value& sequence, const Value& count, LocationId where) {
  const std::optional<Dim> number = as_integer(count);
  if (!number->is_constant()) {
    return undecided(where, fmt::format("a sequence is repeated `{}` times", number->python_text()));
  }
  const uint64_t times = static_cast<uint64_t>(std::max<int64_t>(0, number->constant()));
  const auto amount = [&](uint64_t size) {
    uint64_t product = 0;
    return __builtin_mul_overflow(times, size, &product) ? std::numeric_limits<uint64_t>::max() : product;
  };
  if (const std::string* part = heap.string(sequence)) {
    if (part->empty() || times == 0) return heap.new_string({});
    if (amount(part->size()) > limits.text_bytes) return spend_text(where);
    LATHE_TRY_VOID(evaluator.spend(amount(part->size()) / 16, where));
    std::string result;
    for (uint64_t i = 0; i < times; ++i) result += *part;
    return heap.new_string(std::move(result));
  }
  const auto* list = heap.as<ListObject>(sequence);
  const std::vector<Value>& items = list != nullptr ? list->items : heap.as<TupleObject>(sequence)->items;
  LATHE_TRY_VOID(evaluator.spend(amount(kStepsPerElement * items.size()), where));
  std::vector<Value> result;
  result.reserve(items.size() * times);
  for (uint64_t i = 0; i < times && !items.empty(); ++i) result.insert(result.end(), items.begin(), items.end());
  return list != nullptr ? heap.new_list(std::move(result)) : heap.new_tuple(std::move(result));
}

Result<std::optional<Value>> Evaluator::Internals::object_operation(BinaryOp op, const Value& left, const Value& right,
                                                                    LocationId where) {
  const auto join = [&](const std::vector<Value>& a, const std::vector<Value>& b) -> Result<std::vector<Value>> {
    LATHE_TRY_VOID(evaluator.spend(a.size() + b.size(), where));
    std::vector<Value> items = a;
    items.insert(items.end(), b.begin(), b.end());
    return items;
  };
  if (op == BinaryOp::Add) {
    const std::string* text_left = heap.string(left);
    const std::string* text_right = heap.string(right);
    if (text_left != nullptr && text_right != nullptr) {
      LATHE_TRY_VOID(evaluator.spend((text_left->size() + text_right->size()) / 16, where));
      return std::optional<Value>(heap.new_string(*text_left + *text_right));
    }
    const auto* list_left = heap.as<ListObject>(left);
    const auto* list_right = heap.as<ListObject>(right);
    if (list_left != nullptr && list_right != nullptr) {
      LATHE_TRY(std::vector<Value> items, join(list_left->items, list_right->items));
      return std::optional<Value>(heap.new_list(std::move(items)));
    }
    const auto* tuple_left = heap.as<TupleObject>(left);
    const auto* tuple_right = heap.as<TupleObject>(right);
    if (tuple_left != nullptr && tuple_right != nullptr) {
      LATHE_TRY(std::vector<Value> items, join(tuple_left->items, tuple_right->items));
      return std::optional<Value>(heap.new_tuple(std::move(items)));
    }
  }
  if (op == BinaryOp::Multiply) {
    const auto is_sequence = [&](const Value& value) {
      return heap.string(value) || heap.as<ListObject>(value) || heap.as<TupleObject>(value);
    };
    if (is_sequence(left) && as_integer(right)) {
      LATHE_TRY(Value result, repeat(left, right, where));
      return std::optional<Value>(std::move(result));
    }
    if (is_sequence(right) && as_integer(left)) {
      LATHE_TRY(Value result, repeat(right, left, where));
      return std::optional<Value>(std::move(result));
    }
  }
  if (op == BinaryOp::Modulo && heap.string(left) != nullptr) {
    LATHE_TRY(std::string result, percent_format(evaluator, *heap.string(left), right, where));
    return std::optional<Value>(heap.new_string(std::move(result)));
  }
  const auto* set_left = heap.as<SetObject>(left);
  const auto* set_right = heap.as<SetObject>(right);
  if (set_left != nullptr && set_right != nullptr) {
    const bool wants = op == BinaryOp::BitAnd;
    if (op != BinaryOp::BitAnd && op != BinaryOp::BitOr && op != BinaryOp::Subtract && op != BinaryOp::BitXor) {
      return std::optional<Value>();
    }
    DictStorage result;
    LATHE_TRY_VOID(evaluator.spend(set_left->entries.size() + set_right->entries.size(), where));
    const auto add = [&](const DictStorage& from, const DictStorage* other, bool if_in_other) -> Status {
      for (const DictStorage::Entry& entry : from.entries()) {
        LATHE_TRY(const size_t code, evaluator.hash(entry.key, where));
        const auto same = [&](const Value& key) { return evaluator.same_key(key, entry.key); };
        if (other != nullptr && (other->find(code, same) != nullptr) != if_in_other) continue;
        result.set(code, entry.key, NoneValue{}, same);
      }
      return {};
    };
    LATHE_TRY_VOID(add(set_left->entries, op == BinaryOp::BitOr ? nullptr : &set_right->entries, wants));
    if (op == BinaryOp::BitOr) LATHE_TRY_VOID(add(set_right->entries, nullptr, false));
    if (op == BinaryOp::BitXor) LATHE_TRY_VOID(add(set_right->entries, &set_left->entries, false));
    return std::optional<Value>(heap.add(SetObject{std::move(result), set_left->frozen}));
  }
  const auto* dict_left = heap.as<DictObject>(left);
  const auto* dict_right = heap.as<DictObject>(right);
  if (op == BinaryOp::BitOr && dict_left != nullptr && dict_right != nullptr) {
    const ObjectId result = heap.add(DictObject{});
    for (const DictObject* part : {dict_left, dict_right}) {
      for (const DictStorage::Entry& entry : part->entries.entries()) {
        LATHE_TRY_VOID(evaluator.dict_set(result, entry.key, entry.value, where));
      }
    }
    return std::optional<Value>(result);
  }
  return std::optional<Value>();
}

Result<Value> Evaluator::Internals::tensor_binary(BinaryOp op, const Value& left, const Value& right) {
  const Value operands[] = {left, right};
  const OperationInProgress working(evaluator, torch::text(op), operands);
  return evaluator.host_.binary(evaluator, op, left, right);
}

Result<Value> Evaluator::binary(BinaryOp op, const Value& left, const Value& right, LocationId where) {
  if (is_unknown(left) || is_unknown(right)) return Value(UnknownValue{});
  const bool is_tensor = std::holds_alternative<TensorId>(left) || std::holds_alternative<TensorId>(right);
  const bool is_instance = heap_.as<InstanceObject>(left) != nullptr || heap_.as<InstanceObject>(right) != nullptr;
  if (is_tensor && !is_instance) return internals_->tensor_binary(op, left, right);
  if (const auto *a = std::get_if<bool>(&left), *b = std::get_if<bool>(&right); a != nullptr && b != nullptr) {
    if (op == BinaryOp::BitAnd) return Value(*a && *b);
    if (op == BinaryOp::BitOr) return Value(*a || *b);
    if (op == BinaryOp::BitXor) return Value(*a != *b);
  }
  const std::optional<Dim> whole_left = as_integer(left);
  const std::optional<Dim> whole_right = as_integer(right);
  if (whole_left && whole_right) return internals_->integer_operation(op, *whole_left, *whole_right, where);
  const bool float_left = std::holds_alternative<double>(left);
  const bool float_right = std::holds_alternative<double>(right);
  if ((float_left || whole_left) && (float_right || whole_right)) {
    const std::optional<double> a = as_float(left);
    const std::optional<double> b = as_float(right);
    if (a && b) return internals_->float_operation(op, *a, *b, where);
    return unsupported(
        where, fmt::format("`{}` of a float and of a size that is only known when the model runs", torch::text(op)));
  }
  const OperatorMethods& methods = operator_methods(op);
  const Value* operands[2] = {&left, &right};
  for (int side = 0; side < 2; ++side) {
    const Value& self = *operands[side];
    if (!std::holds_alternative<ObjectId>(self)) continue;
    const std::optional<Value> method =
        internals_->find_method(self, name(side == 0 ? methods.normal : methods.reflected));
    if (!method) continue;
    LATHE_TRY(Value result, internals_->call(*method, {{*operands[1 - side]}, {}, {}}, where));
    if (!std::holds_alternative<NotImplementedValue>(result)) return result;
  }
  if (is_tensor) return internals_->tensor_binary(op, left, right);
  LATHE_TRY(std::optional<Value> result, internals_->object_operation(op, left, right, where));
  if (result) return *std::move(result);
  for (const Value* operand : operands) {
    const auto* id = std::get_if<ObjectId>(operand);
    if (id != nullptr && internals_->unknown_namespaces.contains(*id)) return internals_->report_unknown(*id, where);
  }
  return internals_->type_error(
      where, fmt::format("`{}` is not defined for {} and {}", torch::text(op), describe(left), describe(right)));
}

Result<Value> Evaluator::Internals::augmented(BinaryOp op, const Value& left, const Value& right, LocationId where) {
  if (is_unknown(left) || is_unknown(right)) return Value(UnknownValue{});
  if (const auto* tensor = std::get_if<TensorId>(&left)) {
    const Value operands[] = {left, right};
    const OperationInProgress working(evaluator, torch::text(op), operands);
    return evaluator.host_.binary_in_place(evaluator, op, *tensor, right);
  }
  if (op == BinaryOp::Add && heap.as<ListObject>(left) != nullptr) {
    LATHE_TRY(const std::vector<Value> items, evaluator.iterate(right, where));
    auto& list = heap.as<ListObject>(left)->items;
    list.insert(list.end(), items.begin(), items.end());
    return left;
  }
  if (op == BinaryOp::BitOr && heap.as<DictObject>(left) != nullptr && heap.as<DictObject>(right) != nullptr) {
    for (const DictStorage::Entry& entry : heap.as<DictObject>(right)->entries.entries()) {
      LATHE_TRY_VOID(evaluator.dict_set(std::get<ObjectId>(left), entry.key, entry.value, where));
    }
    return left;
  }
  if (auto* set = heap.as<SetObject>(left); set != nullptr && !set->frozen && heap.as<SetObject>(right) != nullptr) {
    LATHE_TRY(const std::optional<Value> result, object_operation(op, left, right, where));
    if (result) {
      set->entries = heap.as<SetObject>(*result)->entries;
      return left;
    }
  }
  if (heap.as<InstanceObject>(left) != nullptr) {
    if (const std::optional<Value> method = find_method(left, evaluator.name(operator_methods(op).in_place))) {
      LATHE_TRY(Value result, call(*method, {{right}, {}, {}}, where));
      if (!std::holds_alternative<NotImplementedValue>(result)) return result;
    }
  }
  return evaluator.binary(op, left, right, where);
}

Result<Value> Evaluator::Internals::unary(UnaryOp op, const Value& operand, LocationId where) {
  if (is_unknown(operand)) return operand;
  if (op == UnaryOp::Not) {
    LATHE_TRY(const bool holds, evaluator.truth(operand, where));
    return Value(!holds);
  }
  if (const auto* tensor = std::get_if<TensorId>(&operand)) return evaluator.host_.unary(evaluator, op, *tensor);
  const char* method = op == UnaryOp::Negate ? "__neg__" : op == UnaryOp::Plus ? "__pos__" : "__invert__";
  if (const std::optional<Dim> whole = as_integer(operand)) {
    if (op == UnaryOp::Plus) return Value(*whole);
    const Dim result = op == UnaryOp::Negate ? -*whole : -*whole - 1;
    if (!result.valid()) return overflow(where);
    return Value(result);
  }
  if (const auto* number = std::get_if<double>(&operand); number != nullptr && op != UnaryOp::Invert) {
    return Value(op == UnaryOp::Negate ? -*number : *number);
  }
  if (heap.as<InstanceObject>(operand) != nullptr) {
    if (const std::optional<Value> function = find_method(operand, evaluator.name(method))) {
      return call(*function, {}, where);
    }
  }
  return type_error(where, fmt::format("`{}` is not defined for {}", torch::text(op), evaluator.describe(operand)));
}

}  // namespace lathe::torch
