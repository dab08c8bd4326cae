// Values as text: str(), repr(), and descriptions for messages.
#include <algorithm>
#include <cmath>

#include "compiler/frontend/torch/python/evaluator_internals.h"

namespace lathe::torch {

namespace {

/// Deepest nesting that is printed; what is below, or holds itself, is `...`.
constexpr uint32_t kDeepestText = 60;

}  // namespace

std::string float_text(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
  std::string text = fmt::format("{}", value);
  if (text.find_first_of(".e") == std::string::npos) text += ".0";
  return text;
}

std::string quoted_text(std::string_view text) {
  const bool has_single = text.find('\'') != std::string_view::npos;
  const char quote = has_single && text.find('"') == std::string_view::npos ? '"' : '\'';
  std::string result(1, quote);
  for (char character : text) {
    const auto code = static_cast<unsigned char>(character);
    if (character == quote || character == '\\') {
      result += '\\';
      result += character;
    } else if (character == '\n') {
      result += "\\n";
    } else if (character == '\t') {
      result += "\\t";
    } else if (character == '\r') {
      result += "\\r";
    } else if (code < 0x20 || code == 0x7f) {
      result += fmt::format("\\x{:02x}", code);
    } else {
      result += character;
    }
  }
  result += quote;
  return result;
}

Result<std::string> Evaluator::Internals::items_text(const std::vector<Value>& items, LocationId where) {
  std::string text;
  for (size_t i = 0; i < items.size(); ++i) {
    if (i > 0) text += ", ";
    LATHE_TRY(const std::string item, evaluator.repr(items[i], where));
    text += item;
    if (text.size() > limits.text_bytes) return spend_text(where);
  }
  return text;
}

Result<std::string> Evaluator::Internals::object_text(ObjectId id, LocationId where) {
  const Object& object = heap[id];
  if (const auto* list = std::get_if<ListObject>(&object)) {
    LATHE_TRY(const std::string items, items_text(std::vector<Value>(list->items), where));
    return "[" + items + "]";
  }
  if (const auto* tuple = std::get_if<TupleObject>(&object)) {
    const ObjectId type = tuple->type;
    const std::vector<Value> items = tuple->items;
    const Value* fields = type.valid() ? find_in_class(type, known.fields) : nullptr;
    const auto* names = fields != nullptr ? heap.as<TupleObject>(*fields) : nullptr;
    if (names != nullptr && names->items.size() == items.size()) {
      std::string text = std::get<ClassObject>(heap[type]).name + "(";
      for (size_t i = 0; i < items.size(); ++i) {
        const std::string* field = heap.string(names->items[i]);
        LATHE_TRY(const std::string item, evaluator.repr(items[i], where));
        text += fmt::format("{}{}={}", i > 0 ? ", " : "", field != nullptr ? *field : "?", item);
      }
      return text + ")";
    }
    LATHE_TRY(const std::string text, items_text(items, where));
    if (type.valid()) {
      const std::string& name = std::get<ClassObject>(heap[type]).name;
      return name == "Size" ? "torch.Size([" + text + "])" : name + "(" + text + ")";
    }
    return items.size() == 1 ? "(" + text + ",)" : "(" + text + ")";
  }
  if (const auto* dict = std::get_if<DictObject>(&object)) {
    std::string text;
    const ObjectId type = dict->type;
    for (const DictStorage::Entry& entry : dict->entries.entries()) {
      LATHE_TRY(const std::string key, evaluator.repr(entry.key, where));
      LATHE_TRY(const std::string value, evaluator.repr(entry.value, where));
      if (!text.empty()) text += ", ";
      text.append(key).append(": ").append(value);
      if (text.size() > limits.text_bytes) return spend_text(where);
    }
    text = "{" + text + "}";
    if (!type.valid() || !std::get<ClassObject>(heap[type]).is_native) return text;
    return std::get<ClassObject>(heap[type]).name + (text == "{}" ? "()" : "(" + text + ")");
  }
  if (const auto* set = std::get_if<SetObject>(&object)) {
    const bool frozen = set->frozen;
    std::vector<Value> items;
    for (DictStorage::Entry& entry : set->entries.entries()) items.push_back(std::move(entry.key));
    if (items.empty()) return std::string(frozen ? "frozenset()" : "set()");
    LATHE_TRY(const std::string text, items_text(items, where));
    return frozen ? "frozenset({" + text + "})" : "{" + text + "}";
  }
  if (const auto* range = std::get_if<RangeObject>(&object)) {
    if (range->step.is_constant(1)) {
      return fmt::format("range({}, {})", range->start.python_text(), range->stop.python_text());
    }
    return fmt::format("range({}, {}, {})", range->start.python_text(), range->stop.python_text(),
                       range->step.python_text());
  }
  if (const auto* slice = std::get_if<SliceObject>(&object)) {
    LATHE_TRY(const std::string text, items_text({slice->lower, slice->upper, slice->step}, where));
    return "slice(" + text + ")";
  }
  if (const auto* instance = std::get_if<InstanceObject>(&object)) {
    if (!evaluator.is_subclass(instance->type, evaluator.builtin_class("BaseException"))) {
      return fmt::format("<{} object>", std::get<ClassObject>(heap[instance->type]).name);
    }
    const std::string name = std::get<ClassObject>(heap[instance->type]).name;
    const Value* args = instance->attributes.find(known.args);
    const auto* items = args != nullptr ? heap.as<TupleObject>(*args) : nullptr;
    LATHE_TRY(const std::string text, items_text(items != nullptr ? items->items : std::vector<Value>(), where));
    return name + "(" + text + ")";
  }
  if (const auto* type = std::get_if<ClassObject>(&object)) return fmt::format("<class '{}'>", type->name);
  if (const auto* function = std::get_if<FunctionObject>(&object)) {
    return fmt::format("<function {}>", function->qualified_name);
  }
  if (const auto* native = std::get_if<NativeFunctionObject>(&object)) {
    return fmt::format("<built-in function {}>", native->row->name);
  }
  if (const auto* method = std::get_if<BoundMethodObject>(&object)) {
    LATHE_TRY(const std::string function, evaluator.repr(method->function, where));
    return fmt::format("<bound method {}>", function);
  }
  if (const auto* space = std::get_if<NamespaceObject>(&object)) return fmt::format("<module '{}'>", space->name);
  if (const auto* token = std::get_if<TokenObject>(&object)) return token->text;
  return fmt::format("<{} object>", evaluator.type_name(id));
}

Result<std::string> Evaluator::repr(const Value& value, LocationId where) {
  struct SimpleText {
    Evaluator& evaluator;
    std::string operator()(UnknownValue) const { return "?"; }
    std::string operator()(NoneValue) const { return "None"; }
    std::string operator()(EllipsisValue) const { return "Ellipsis"; }
    std::string operator()(NotImplementedValue) const { return "NotImplemented"; }
    std::string operator()(bool flag) const { return flag ? "True" : "False"; }
    std::string operator()(const Dim& whole) const { return whole.python_text(); }
    std::string operator()(double number) const { return float_text(number); }
    std::string operator()(TensorId tensor) const { return evaluator.host_.text(tensor); }
    std::string operator()(ObjectId) const { return {}; }
  };
  const auto* id = std::get_if<ObjectId>(&value);
  if (id == nullptr) return std::visit(SimpleText{*this}, value);
  LATHE_TRY_VOID(spend(1, where));
  if (const std::string* text = heap_.string(value)) return quoted_text(*text);
  Internals& internals = *internals_;
  if (internals.text_depth >= kDeepestText) return std::string("...");
  const bool is_open =
      std::find(internals.open_texts.begin(), internals.open_texts.end(), *id) != internals.open_texts.end();
  if (is_open) {
    if (heap_.as<ListObject>(value) != nullptr) return std::string("[...]");
    return std::string(heap_.as<DictObject>(value) != nullptr ? "{...}" : "...");
  }
  internals.open_texts.push_back(*id);
  ++internals.text_depth;
  const Result<std::string> text = [&]() -> Result<std::string> {
    const bool may_have_method =
        heap_.as<InstanceObject>(value) || heap_.as<DictObject>(value) || heap_.as<TupleObject>(value);
    if (may_have_method) {
      const Value* method = internals.find_in_class(internals.class_of(value), internals.known.repr);
      const auto* native = method != nullptr ? heap_.as<NativeFunctionObject>(*method) : nullptr;
      if (method != nullptr && (native == nullptr || native->row->function != Internals::native_object_text)) {
        const Value function = *method;
        LATHE_TRY(const Value made, internals.call(function, {{value}, {}, {}}, where));
        if (const std::string* result = heap_.string(made)) return *result;
        if (is_unknown(made)) return std::string("?");
        return internals.type_error(where, fmt::format("`__repr__` gives a str, not {}", describe(made)));
      }
    }
    return internals.object_text(*id, where);
  }();
  --internals.text_depth;
  internals.open_texts.pop_back();
  return text;
}

Result<std::string> Evaluator::text(const Value& value, LocationId where) {
  if (const std::string* text = heap_.string(value)) return *text;
  const auto* instance = heap_.as<InstanceObject>(value);
  if (instance == nullptr) return repr(value, where);
  const ObjectId type = instance->type;
  const Value* method = internals_->find_in_class(type, internals_->known.str);
  const auto* native = method != nullptr ? heap_.as<NativeFunctionObject>(*method) : nullptr;
  if (method != nullptr && (native == nullptr || native->row->function != Internals::native_object_text)) {
    const Value function = *method;
    LATHE_TRY_VOID(internals_->check_stack(where));
    LATHE_TRY(const Value made, internals_->call(function, {{value}, {}, {}}, where));
    if (const std::string* result = heap_.string(made)) return *result;
    if (is_unknown(made)) return std::string("?");
    return internals_->type_error(where, fmt::format("`__str__` gives a str, not {}", describe(made)));
  }
  if (!is_subclass(type, builtin_class("BaseException"))) return repr(value, where);
  const Value* args = heap_.as<InstanceObject>(value)->attributes.find(internals_->known.args);
  const auto* items = args != nullptr ? heap_.as<TupleObject>(*args) : nullptr;
  if (items == nullptr || items->items.empty()) return std::string();
  const std::vector<Value> copy = items->items;
  if (copy.size() > 1) return repr(*args, where);
  return is_subclass(type, builtin_class("KeyError")) ? repr(copy[0], where) : text(copy[0], where);
}

std::string Evaluator::describe(const Value& value) {
  constexpr size_t kLongest = 40;
  if (is_unknown(value)) return "an unknown value";
  if (torch::is_none(value)) return "None";
  if (const auto* tensor = std::get_if<TensorId>(&value)) return host_.text(*tensor);
  const auto article = [](const std::string& name) {
    const bool vowel = !name.empty() && std::string_view("aeiouAEIOU").find(name.front()) != std::string_view::npos;
    return (vowel ? "an " : "a ") + name;
  };
  const bool is_simple = !std::holds_alternative<ObjectId>(value);
  if (is_simple || heap_.string(value) != nullptr) {
    const Result<std::string> text = repr(value, {});
    if (text.ok() && text->size() <= kLongest) {
      return is_simple && !as_integer(value) && !as_float(value) ? *text
                                                                 : fmt::format("the {} `{}`", type_name(value), *text);
    }
    return article(type_name(value));
  }
  const auto counted = [&](size_t size) {
    return fmt::format("{} of {} item{}", article(type_name(value)), size, size == 1 ? "" : "s");
  };
  if (const auto* list = heap_.as<ListObject>(value)) return counted(list->items.size());
  if (const auto* tuple = heap_.as<TupleObject>(value)) return counted(tuple->items.size());
  if (const auto* type = heap_.as<ClassObject>(value)) return fmt::format("the class `{}`", type->name);
  if (const auto* space = heap_.as<NamespaceObject>(value)) return fmt::format("the module `{}`", space->name);
  if (const auto* function = heap_.as<FunctionObject>(value)) {
    return fmt::format("the function `{}`", function->qualified_name);
  }
  if (const auto* native = heap_.as<NativeFunctionObject>(value)) {
    return fmt::format("the function `{}`", internals_->native_name(*native->row));
  }
  if (const auto* method = heap_.as<BoundMethodObject>(value)) return describe(method->function);
  if (const auto* token = heap_.as<TokenObject>(value)) return fmt::format("`{}`", token->text);
  return article(type_name(value));
}

}  // namespace lathe::torch
