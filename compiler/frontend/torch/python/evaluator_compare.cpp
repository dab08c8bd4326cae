// Comparisons, truth, and what dicts need: hashes and equality of keys.
//
// Comparisons of integers that hold symbols are decided by the provers of the SymbolTable; what they can't decide is a
// fault that no `except` catches, for Python would have gone one way or the other.
#include <algorithm>
#include <cmath>

#include "compiler/frontend/torch/python/evaluator_internals.h"

namespace lathe::torch {

namespace {

/// Deepest nesting of values that are compared, hashed or printed.
constexpr uint32_t kDeepestValue = 200;

class DepthGuard {
 public:
  explicit DepthGuard(uint32_t& depth) : depth_(depth) { ++depth_; }
  ~DepthGuard() { --depth_; }
  DepthGuard(const DepthGuard&) = delete;
  DepthGuard& operator=(const DepthGuard&) = delete;
  [[nodiscard]] bool too_deep() const { return depth_ > kDeepestValue; }

 private:
  uint32_t& depth_;
};

bool holds(CompareOp op, const auto& a, const auto& b) {
  switch (op) {
    case CompareOp::Less: return a < b;
    case CompareOp::LessEqual: return a <= b;
    case CompareOp::Greater: return a > b;
    case CompareOp::GreaterEqual: return a >= b;
    case CompareOp::Equal: return a == b;
    case CompareOp::NotEqual: return a != b;
    case CompareOp::In:
    case CompareOp::NotIn:
    case CompareOp::Is:
    case CompareOp::IsNot: break;
  }
  return false;
}

bool is_number(const Value& value) {
  return std::holds_alternative<Dim>(value) || std::holds_alternative<bool>(value) ||
         std::holds_alternative<double>(value);
}

std::string_view comparison_method(CompareOp op, bool reflected) {
  switch (op) {
    case CompareOp::Less: return reflected ? "__gt__" : "__lt__";
    case CompareOp::LessEqual: return reflected ? "__ge__" : "__le__";
    case CompareOp::Greater: return reflected ? "__lt__" : "__gt__";
    case CompareOp::GreaterEqual: return reflected ? "__le__" : "__ge__";
    case CompareOp::Equal: return "__eq__";
    case CompareOp::NotEqual: return "__ne__";
    case CompareOp::In:
    case CompareOp::NotIn:
    case CompareOp::Is:
    case CompareOp::IsNot: break;
  }
  return "__eq__";
}

}  // namespace

bool Evaluator::Internals::identical(const Value& left, const Value& right) const {
  if (left.index() != right.index()) return false;
  if (const auto* a = std::get_if<double>(&left)) return *a == std::get<double>(right);
  if (left == right) return true;
  // Equal texts and empty tuples are one object to most programs (`mode is 'train'`).
  const std::string* a = heap.string(left);
  const std::string* b = heap.string(right);
  if (a != nullptr && b != nullptr) return *a == *b;
  const auto* method_a = heap.as<BoundMethodObject>(left);
  const auto* method_b = heap.as<BoundMethodObject>(right);
  if (method_a != nullptr && method_b != nullptr) {
    return method_a->function == method_b->function && method_a->self == method_b->self;
  }
  const auto* token_a = heap.as<TokenObject>(left);
  const auto* token_b = heap.as<TokenObject>(right);
  return token_a != nullptr && token_b != nullptr && token_a->kind == token_b->kind && token_a->text == token_b->text;
}

Result<bool> Evaluator::Internals::decide(CompareOp op, const Dim& left, const Dim& right, LocationId where) {
  if (left.is_constant() && right.is_constant()) return holds(op, left.constant(), right.constant());
  const SymbolTable& symbols = evaluator.symbols_;
  const bool is_equality = op == CompareOp::Equal || op == CompareOp::NotEqual;
  Answer answer = Answer::Unknown;
  if (is_equality) answer = symbols.prove_eq(left, right);
  if (op == CompareOp::Less) answer = symbols.prove_lt(left, right);
  if (op == CompareOp::LessEqual) answer = symbols.prove_le(left, right);
  if (op == CompareOp::Greater) answer = symbols.prove_lt(right, left);
  if (op == CompareOp::GreaterEqual) answer = symbols.prove_le(right, left);
  if (answer != Answer::Unknown) return (answer == Answer::Yes) != (op == CompareOp::NotEqual);
  return undecided(where,
                   fmt::format("whether `{} {} {}` holds depends on sizes that are only known when the model runs",
                               left.python_text(), torch::text(op), right.python_text()));
}

Result<bool> Evaluator::Internals::number_comparison(CompareOp op, const Value& left, const Value& right,
                                                     LocationId where) {
  const std::optional<Dim> whole_left = as_integer(left);
  const std::optional<Dim> whole_right = as_integer(right);
  if (whole_left && whole_right) return decide(op, *whole_left, *whole_right, where);
  const std::optional<double> a = as_float(left);
  const std::optional<double> b = as_float(right);
  if (a && b) return holds(op, *a, *b);
  return undecided(where,
                   fmt::format("whether `{} {} {}` holds depends on sizes that are only known when the model runs",
                               evaluator.describe(left), torch::text(op), evaluator.describe(right)));
}

Result<std::optional<Value>> Evaluator::Internals::user_comparison(CompareOp op, const Value& left, const Value& right,
                                                                   LocationId where) {
  const Value* operands[2] = {&left, &right};
  for (int side = 0; side < 2; ++side) {
    const Value& self = *operands[side];
    if (!std::holds_alternative<ObjectId>(self)) continue;
    std::optional<Value> method = find_method(self, evaluator.name(comparison_method(op, side == 1)));
    bool negate = false;
    if (!method && op == CompareOp::NotEqual) {
      method = find_method(self, known.eq);
      negate = true;
    }
    if (!method) continue;
    LATHE_TRY(Value result, call(*method, {{*operands[1 - side]}, {}, {}}, where));
    if (std::holds_alternative<NotImplementedValue>(result)) continue;
    if (!negate || is_unknown(result)) return std::optional<Value>(std::move(result));
    LATHE_TRY(const bool is_equal, evaluator.truth(result, where));
    return std::optional<Value>(!is_equal);
  }
  return std::optional<Value>();
}

Result<bool> Evaluator::Internals::equal(const Value& left, const Value& right, LocationId where) {
  if (!is_number(left) && identical(left, right)) return true;
  LATHE_TRY(const Value result, evaluator.compare(CompareOp::Equal, left, right, where));
  return evaluator.truth(result, where);
}

Result<bool> Evaluator::Internals::sequence_comparison(CompareOp op, const std::vector<Value>& left,
                                                       const std::vector<Value>& right, LocationId where) {
  const DepthGuard guard(text_depth);
  if (guard.too_deep()) {
    return evaluator.error(where, DiagnosticKind::PythonError, "RecursionError", "values nest too deep to be compared")
        .emit();
  }
  const bool is_equality = op == CompareOp::Equal || op == CompareOp::NotEqual;
  if (is_equality && left.size() != right.size()) return op == CompareOp::NotEqual;
  const size_t common = std::min(left.size(), right.size());
  LATHE_TRY_VOID(evaluator.spend(common, where));
  for (size_t i = 0; i < common; ++i) {
    LATHE_TRY(const bool same, equal(left[i], right[i], where));
    if (same) continue;
    if (is_equality) return op == CompareOp::NotEqual;
    LATHE_TRY(const Value result, evaluator.compare(op, left[i], right[i], where));
    return evaluator.truth(result, where);
  }
  return holds(op, left.size(), right.size());
}

Result<bool> Evaluator::Internals::contains(const Value& container, const Value& value, LocationId where) {
  if (const auto* dict = heap.as<DictObject>(container)) {
    LATHE_TRY(const size_t code, evaluator.hash(value, where));
    return dict->entries.find(code, [&](const Value& key) { return evaluator.same_key(key, value); }) != nullptr;
  }
  if (const auto* set = heap.as<SetObject>(container)) {
    LATHE_TRY(const size_t code, evaluator.hash(value, where));
    return set->entries.find(code, [&](const Value& key) { return evaluator.same_key(key, value); }) != nullptr;
  }
  if (const std::string* text = heap.string(container)) {
    const std::string* part = heap.string(value);
    if (part == nullptr) {
      return type_error(where, fmt::format("`in` a str takes a str, not {}", evaluator.describe(value)));
    }
    return text->find(*part) != std::string::npos;
  }
  if (heap.as<InstanceObject>(container) != nullptr) {
    if (const std::optional<Value> method = find_method(container, known.contains)) {
      LATHE_TRY(const Value result, call(*method, {{value}, {}, {}}, where));
      return evaluator.truth(result, where);
    }
  }
  LATHE_TRY(const std::vector<Value> items, evaluator.iterate(container, where));
  LATHE_TRY_VOID(evaluator.spend(items.size(), where));
  for (const Value& item : items) {
    const bool is_tensor = std::holds_alternative<TensorId>(item) || std::holds_alternative<TensorId>(value);
    if (is_tensor && item.index() != value.index()) continue;
    LATHE_TRY(const bool same, equal(item, value, where));
    if (same) return true;
  }
  return false;
}

Result<Value> Evaluator::compare(CompareOp op, const Value& left, const Value& right, LocationId where) {
  if (is_unknown(left) || is_unknown(right)) return Value(UnknownValue{});
  switch (op) {
    case CompareOp::Is: return Value(internals_->identical(left, right));
    case CompareOp::IsNot: return Value(!internals_->identical(left, right));
    case CompareOp::In:
    case CompareOp::NotIn: {
      LATHE_TRY(const bool found, internals_->contains(right, left, where));
      return Value(found == (op == CompareOp::In));
    }
    case CompareOp::Less:
    case CompareOp::LessEqual:
    case CompareOp::Greater:
    case CompareOp::GreaterEqual:
    case CompareOp::Equal:
    case CompareOp::NotEqual: break;
  }
  const bool is_equality = op == CompareOp::Equal || op == CompareOp::NotEqual;
  if (std::holds_alternative<TensorId>(left) || std::holds_alternative<TensorId>(right)) {
    if (is_equality && (torch::is_none(left) || torch::is_none(right))) return Value(op == CompareOp::NotEqual);
    return host_.compare(*this, op, left, right);
  }
  if (is_number(left) && is_number(right)) {
    LATHE_TRY(const bool result, internals_->number_comparison(op, left, right, where));
    return Value(result);
  }
  const std::string* text_left = heap_.string(left);
  const std::string* text_right = heap_.string(right);
  if (text_left != nullptr && text_right != nullptr) return Value(holds(op, *text_left, *text_right));
  const auto items_of = [&](const Value& value) -> const std::vector<Value>* {
    if (const auto* list = heap_.as<ListObject>(value)) return &list->items;
    if (const auto* tuple = heap_.as<TupleObject>(value)) return &tuple->items;
    return nullptr;
  };
  const bool both_lists = heap_.as<ListObject>(left) != nullptr && heap_.as<ListObject>(right) != nullptr;
  const bool both_tuples = heap_.as<TupleObject>(left) != nullptr && heap_.as<TupleObject>(right) != nullptr;
  if (both_lists || both_tuples) {
    const std::vector<Value> a = *items_of(left);
    const std::vector<Value> b = *items_of(right);
    LATHE_TRY(const bool result, internals_->sequence_comparison(op, a, b, where));
    return Value(result);
  }
  const auto* set_left = heap_.as<SetObject>(left);
  const auto* set_right = heap_.as<SetObject>(right);
  if (set_left != nullptr && set_right != nullptr) {
    const auto within = [&](const DictStorage& part, const DictStorage& whole) -> Result<bool> {
      for (const DictStorage::Entry& entry : part.entries()) {
        LATHE_TRY(const size_t code, hash(entry.key, where));
        if (whole.find(code, [&](const Value& key) { return same_key(key, entry.key); }) == nullptr) return false;
      }
      return true;
    };
    LATHE_TRY(const bool left_within, within(set_left->entries, set_right->entries));
    LATHE_TRY(const bool right_within, within(set_right->entries, set_left->entries));
    switch (op) {
      case CompareOp::Less: return Value(left_within && !right_within);
      case CompareOp::LessEqual: return Value(left_within);
      case CompareOp::Greater: return Value(right_within && !left_within);
      case CompareOp::GreaterEqual: return Value(right_within);
      case CompareOp::Equal: return Value(left_within && right_within);
      case CompareOp::NotEqual: return Value(!(left_within && right_within));
      case CompareOp::In:
      case CompareOp::NotIn:
      case CompareOp::Is:
      case CompareOp::IsNot: break;
    }
  }
  const auto* dict_left = heap_.as<DictObject>(left);
  const auto* dict_right = heap_.as<DictObject>(right);
  if (is_equality && dict_left != nullptr && dict_right != nullptr) {
    bool same = dict_left->entries.size() == dict_right->entries.size();
    const DepthGuard guard(internals_->text_depth);
    if (guard.too_deep()) same = false;
    for (const DictStorage::Entry& entry : dict_left->entries.entries()) {
      if (!same) break;
      LATHE_TRY(const std::optional<Value> other, dict_find(std::get<ObjectId>(right), entry.key, where));
      if (!other) {
        same = false;
        break;
      }
      LATHE_TRY(same, internals_->equal(entry.value, *other, where));
    }
    return Value(same == (op == CompareOp::Equal));
  }
  const auto* range_left = heap_.as<RangeObject>(left);
  const auto* range_right = heap_.as<RangeObject>(right);
  if (is_equality && range_left != nullptr && range_right != nullptr) {
    const bool same = range_left->start == range_right->start && range_left->stop == range_right->stop &&
                      range_left->step == range_right->step;
    return Value(same == (op == CompareOp::Equal));
  }
  LATHE_TRY(std::optional<Value> answer, internals_->user_comparison(op, left, right, where));
  if (answer) return *std::move(answer);
  if (is_equality) return Value(internals_->identical(left, right) == (op == CompareOp::Equal));
  return internals_->type_error(
      where, fmt::format("`{}` is not defined for {} and {}", torch::text(op), describe(left), describe(right)));
}

Result<Value> Evaluator::Internals::compare_chain(Activation& activation, ExpressionId id,
                                                  const CompareExpression& node) {
  LATHE_TRY(Value left, evaluate(activation, node.operands[0]));
  Value result = true;
  for (size_t i = 0; i < node.ops.size(); ++i) {
    LATHE_TRY(Value right, evaluate(activation, node.operands[i + 1]));
    const LocationId where = enter(activation, id);
    LATHE_TRY(result, evaluator.compare(node.ops[i], left, right, where));
    if (is_unknown(result) || i + 1 == node.ops.size()) break;
    LATHE_TRY(const bool go_on, evaluator.truth(result, where));
    if (!go_on) break;
    left = std::move(right);
  }
  return result;
}

Result<bool> Evaluator::truth(const Value& value, LocationId where) {
  if (is_unknown(value)) return Failure{};
  if (torch::is_none(value)) return false;
  if (const auto* flag = std::get_if<bool>(&value)) return *flag;
  if (const auto* whole = std::get_if<Dim>(&value)) return internals_->decide(CompareOp::NotEqual, *whole, 0, where);
  if (const auto* number = std::get_if<double>(&value)) return *number != 0;
  if (const auto* tensor = std::get_if<TensorId>(&value)) {
    LATHE_TRY(const Value element, host_.element(*this, *tensor));
    if (std::holds_alternative<TensorId>(element)) return Failure{};
    return truth(element, where);
  }
  const auto* id = std::get_if<ObjectId>(&value);
  if (id == nullptr) return true;
  const Object& object = heap_[*id];
  if (const auto* text = std::get_if<StringObject>(&object)) return !text->text.empty();
  if (const auto* list = std::get_if<ListObject>(&object)) return !list->items.empty();
  if (const auto* tuple = std::get_if<TupleObject>(&object)) return !tuple->items.empty();
  if (const auto* dict = std::get_if<DictObject>(&object)) return dict->entries.size() != 0;
  if (const auto* set = std::get_if<SetObject>(&object)) return set->entries.size() != 0;
  if (std::holds_alternative<RangeObject>(object)) {
    LATHE_TRY(const Dim size, length(value, where));
    return internals_->decide(CompareOp::NotEqual, size, 0, where);
  }
  if (internals_->unknown_namespaces.contains(*id)) {
    internals_->report_unknown(*id, where);
    return Failure{};
  }
  if (!std::holds_alternative<InstanceObject>(object)) return true;
  if (const std::optional<Value> method = internals_->find_method(value, internals_->known.truth)) {
    LATHE_TRY(const Value result, internals_->call(*method, {}, where));
    if (heap_.as<InstanceObject>(result) == nullptr) return truth(result, where);
  }
  if (internals_->find_method(value, internals_->known.len)) {
    LATHE_TRY(const Dim size, length(value, where));
    return internals_->decide(CompareOp::NotEqual, size, 0, where);
  }
  return true;
}

// --------------------------------------------------------------------------------------------------------------- keys

Result<size_t> Evaluator::hash(const Value& key, LocationId where) {
  struct HashOf {
    Evaluator& evaluator;
    LocationId where;
    size_t operator()(UnknownValue) const { return 1; }
    size_t operator()(NoneValue) const { return 2; }
    size_t operator()(EllipsisValue) const { return 3; }
    size_t operator()(NotImplementedValue) const { return 4; }
    size_t operator()(bool flag) const { return std::hash<int64_t>{}(flag ? 1 : 0); }
    size_t operator()(const Dim& whole) const {
      const std::optional<int64_t> number = whole.as_constant();
      return number ? std::hash<int64_t>{}(*number) : std::hash<std::string>{}(whole.text());
    }
    size_t operator()(double number) const {
      constexpr double kExact = 9.0e15;
      const bool is_whole = number == std::floor(number) && std::abs(number) < kExact;
      return is_whole ? std::hash<int64_t>{}(static_cast<int64_t>(number)) : std::hash<double>{}(number);
    }
    size_t operator()(TensorId tensor) const { return std::hash<TensorId>{}(tensor) * 31 + 5; }
    size_t operator()(ObjectId id) const { return std::hash<ObjectId>{}(id) * 31 + 7; }
  };
  const auto* id = std::get_if<ObjectId>(&key);
  if (id == nullptr) return std::visit(HashOf{*this, where}, key);
  const Object& object = heap_[*id];
  if (const auto* text = std::get_if<StringObject>(&object)) return std::hash<std::string>{}(text->text);
  if (const auto* token = std::get_if<TokenObject>(&object)) return std::hash<std::string>{}(token->text);
  if (const auto* tuple = std::get_if<TupleObject>(&object)) {
    const DepthGuard guard(internals_->text_depth);
    if (guard.too_deep()) {
      return error(where, DiagnosticKind::PythonError, "RecursionError", "a key nests too deep").emit();
    }
    size_t code = 17;
    for (const Value& item : tuple->items) {
      LATHE_TRY(const size_t part, hash(item, where));
      code = code * 1000003 + part;
    }
    return code;
  }
  const auto* set = std::get_if<SetObject>(&object);
  if (set != nullptr && set->frozen) {
    size_t code = 19;
    for (const DictStorage::Entry& entry : set->entries.entries()) {
      LATHE_TRY(const size_t part, hash(entry.key, where));
      code += part;
    }
    return code;
  }
  if (set != nullptr || std::holds_alternative<ListObject>(object) || std::holds_alternative<DictObject>(object)) {
    return internals_->type_error(
        where, fmt::format("{} can't be a key or an element of a set: it can change", describe(key)));
  }
  if (std::holds_alternative<InstanceObject>(object)) {
    const std::optional<Value> method = internals_->find_method(key, internals_->known.hash);
    if (method) {
      LATHE_TRY(const Value code, internals_->call(*method, {}, where));
      if (as_integer(code)) return hash(code, where);
    }
  }
  if (std::holds_alternative<BoundMethodObject>(object)) return 11;
  return HashOf{*this, where}(*id);
}

bool Evaluator::same_key(const Value& a, const Value& b) {
  if (is_number(a) && is_number(b)) {
    const std::optional<Dim> whole_a = as_integer(a);
    const std::optional<Dim> whole_b = as_integer(b);
    if (whole_a && whole_b) return *whole_a == *whole_b;
    const std::optional<double> number_a = as_float(a);
    const std::optional<double> number_b = as_float(b);
    return number_a && number_b && *number_a == *number_b;
  }
  if (internals_->identical(a, b)) return true;
  const auto* tuple_a = heap_.as<TupleObject>(a);
  const auto* tuple_b = heap_.as<TupleObject>(b);
  if (tuple_a != nullptr && tuple_b != nullptr) {
    const DepthGuard guard(internals_->text_depth);
    if (guard.too_deep() || tuple_a->items.size() != tuple_b->items.size()) return false;
    for (size_t i = 0; i < tuple_a->items.size(); ++i) {
      if (!same_key(tuple_a->items[i], tuple_b->items[i])) return false;
    }
    return true;
  }
  // Instances are the same key only when they are the same object: code of the program must not run while a dict is
  // searched.
  const auto* set_a = heap_.as<SetObject>(a);
  const auto* set_b = heap_.as<SetObject>(b);
  constexpr size_t kLargestKeySet = 64;
  if (set_a == nullptr || set_b == nullptr || set_a->entries.size() != set_b->entries.size()) return false;
  if (set_a->entries.size() > kLargestKeySet) return false;
  const std::vector<DictStorage::Entry> entries_b = set_b->entries.entries();
  for (const DictStorage::Entry& entry : set_a->entries.entries()) {
    const auto is_same = [&](const DictStorage::Entry& other) { return same_key(entry.key, other.key); };
    if (std::none_of(entries_b.begin(), entries_b.end(), is_same)) return false;
  }
  return true;
}

Result<std::optional<Value>> Evaluator::dict_find(ObjectId dict, const Value& key, LocationId where) {
  LATHE_TRY(const size_t code, hash(key, where));
  const auto& entries = std::get<DictObject>(heap_[dict]).entries;
  const DictStorage::Entry* found = entries.find(code, [&](const Value& other) { return same_key(other, key); });
  if (found == nullptr) return std::optional<Value>();
  return std::optional<Value>(found->value);
}

Status Evaluator::dict_set(ObjectId dict, const Value& key, const Value& value, LocationId where) {
  if (is_unknown(key)) return Failure{};
  LATHE_TRY(const size_t code, hash(key, where));
  std::get<DictObject>(heap_[dict]).entries.set(code, key, value, [&](const Value& other) {
    return same_key(other, key);
  });
  return {};
}

}  // namespace lathe::torch
