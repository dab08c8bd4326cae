// Iteration and length of anything that has them.
#include <algorithm>

#include "compiler/frontend/torch/python/evaluator_internals.h"

namespace lathe::torch {

std::vector<std::string_view> code_points(std::string_view text) {
  std::vector<std::string_view> characters;
  characters.reserve(text.size());
  for (size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i]);
    size_t size = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 1;
    for (size_t k = 1; k < size; ++k) {
      if (i + k >= text.size() || (static_cast<unsigned char>(text[i + k]) & 0xc0u) != 0x80u) size = 1;
    }
    characters.push_back(text.substr(i, size));
    i += size;
  }
  return characters;
}

Result<Dim> Evaluator::length(const Value& value, LocationId where) {
  if (is_unknown(value)) return Failure{};
  if (const auto* tensor = std::get_if<TensorId>(&value)) return host_.length(*this, *tensor);
  const auto count = [](size_t size) { return Dim(static_cast<int64_t>(size)); };
  if (const std::string* text = heap_.string(value)) return count(code_points(*text).size());
  if (const auto* list = heap_.as<ListObject>(value)) return count(list->items.size());
  if (const auto* tuple = heap_.as<TupleObject>(value)) return count(tuple->items.size());
  if (const auto* dict = heap_.as<DictObject>(value)) return count(dict->entries.size());
  if (const auto* set = heap_.as<SetObject>(value)) return count(set->entries.size());
  if (const auto* range = heap_.as<RangeObject>(value)) {
    if (!range->step.is_constant()) {
      return internals_->undecided(where,
                                   "the length of a range depends on a step that is only known when the model runs");
    }
    const int64_t step = range->step.constant();
    const Dim distance = step > 0 ? range->stop - range->start : range->start - range->stop;
    const Dim length = step > 0 ? ceildiv(distance, step) : ceildiv(distance, -range->step);
    if (!length.valid()) return internals_->overflow(where);
    if (length.is_constant()) return Dim(std::max<int64_t>(0, length.constant()));
    return symbols_.simplify(maximum(length, 0));
  }
  if (std::holds_alternative<ObjectId>(value)) {
    if (const std::optional<Value> method = internals_->find_method(value, internals_->known.len)) {
      LATHE_TRY(const Value size, internals_->call(*method, {}, where));
      if (is_unknown(size)) return Failure{};
      if (const std::optional<Dim> number = as_integer(size)) return *number;
      return internals_->type_error(where, fmt::format("`__len__` gives an int, not {}", describe(size)));
    }
  }
  return internals_->type_error(where, fmt::format("{} has no length", describe(value)));
}

Result<std::vector<Value>> Evaluator::iterate(const Value& value, LocationId where) {
  if (is_unknown(value)) return Failure{};
  if (const auto* tensor = std::get_if<TensorId>(&value)) return host_.iterate(*this, *tensor);
  const auto* id = std::get_if<ObjectId>(&value);
  if (id == nullptr) return internals_->type_error(where, fmt::format("{} can't be iterated over", describe(value)));
  const Object& object = heap_[*id];
  const auto paid = [&](std::vector<Value> items) -> Result<std::vector<Value>> {
    LATHE_TRY_VOID(spend(items.size() / 8, where));
    return items;
  };
  const auto keys = [&](const DictStorage& entries) {
    std::vector<Value> items;
    for (DictStorage::Entry& entry : entries.entries()) items.push_back(std::move(entry.key));
    return items;
  };
  if (const auto* list = std::get_if<ListObject>(&object)) return paid(list->items);
  if (const auto* tuple = std::get_if<TupleObject>(&object)) return paid(tuple->items);
  if (const auto* dict = std::get_if<DictObject>(&object)) return paid(keys(dict->entries));
  if (const auto* set = std::get_if<SetObject>(&object)) return paid(keys(set->entries));
  if (const auto* text = std::get_if<StringObject>(&object)) {
    LATHE_TRY_VOID(spend(text->text.size(), where));
    std::vector<Value> items;
    for (std::string_view character : code_points(text->text))
      items.push_back(heap_.new_string(std::string(character)));
    return items;
  }
  if (const auto* range = std::get_if<RangeObject>(&object)) {
    LATHE_TRY(const Dim size, length(value, where));
    if (!size.is_constant()) {
      return internals_->undecided(where, fmt::format("how often a loop runs depends on `{}`", size.python_text()));
    }
    const auto count = static_cast<uint64_t>(size.constant());
    constexpr uint64_t kMost = uint64_t{1} << 60u;
    LATHE_TRY_VOID(spend(std::min(count, kMost) * kStepsPerElement, where));
    std::vector<Value> items;
    items.reserve(static_cast<size_t>(size.constant()));
    Dim number = range->start;
    for (int64_t i = 0; i < size.constant(); ++i) {
      items.emplace_back(number);
      number += range->step;
    }
    return items;
  }
  if (auto* iterator = std::get_if<IteratorObject>(&heap_[*id]);
      iterator != nullptr && !iterator->endless && !iterator->counter) {
    const auto from = iterator->items.begin() + static_cast<std::ptrdiff_t>(iterator->next);
    std::vector<Value> items(from, iterator->items.end());
    iterator->next = iterator->items.size();
    return paid(std::move(items));
  }
  LATHE_TRY(const Value source, iterator(value, where));
  if (is_unknown(source)) return Failure{};
  const auto* made = heap_.as<IteratorObject>(source);
  if (made != nullptr && source != value && !made->endless && !made->counter) return iterate(source, where);
  std::vector<Value> items;
  while (true) {
    LATHE_TRY_VOID(spend(1, where));
    LATHE_TRY(std::optional<Value> item, next(source, where));
    if (!item) return items;
    items.push_back(*std::move(item));
  }
}

Result<Value> Evaluator::iterator(const Value& value, LocationId where) {
  if (is_unknown(value)) return value;
  if (heap_.as<IteratorObject>(value) != nullptr) return value;
  const auto* id = std::get_if<ObjectId>(&value);
  if (id != nullptr && internals_->unknown_namespaces.contains(*id)) return internals_->report_unknown(*id, where);
  const bool may_have_method = heap_.as<InstanceObject>(value) != nullptr || heap_.as<ClassObject>(value) != nullptr;
  if (may_have_method) {
    // A class that is iterated over (an Enum) has a class method of this name.
    const bool is_class = heap_.as<ClassObject>(value) != nullptr;
    std::optional<Value> method;
    if (is_class) {
      const Value* found = internals_->find_in_class(*id, internals_->known.iter);
      if (found != nullptr && heap_.as<ClassMethodObject>(*found) != nullptr) {
        method = internals_->class_attribute(*id, internals_->known.iter);
      }
    } else {
      method = internals_->find_method(value, internals_->known.iter);
    }
    if (method) {
      LATHE_TRY(Value made, internals_->call(*method, {}, where));
      if (made == value || (heap_.as<InstanceObject>(made) && internals_->find_method(made, internals_->known.next))) {
        return made;
      }
      if (heap_.as<InstanceObject>(made) != nullptr) {
        return internals_->type_error(where, fmt::format("`__iter__` gives {}, which is no iterator", describe(made)));
      }
      return iterator(made, where);
    }
    const std::optional<Value> item =
        is_class ? std::nullopt : internals_->find_method(value, internals_->known.getitem);
    if (!item) return internals_->type_error(where, fmt::format("{} can't be iterated over", describe(value)));
    std::vector<Value> items;
    for (int64_t i = 0;; ++i) {
      LATHE_TRY_VOID(spend(1, where));
      const size_t mark = faults_.all().size();
      Result<Value> found = internals_->call(*item, {{integer(i)}, {}, {}}, where);
      if (!found.ok()) {
        if (!internals_->caught(mark, "IndexError")) return Failure{};
        return Value(heap_.add(IteratorObject{std::move(items), 0, false, {}}));
      }
      if (is_unknown(*found)) return Failure{};
      items.push_back(*std::move(found));
    }
  }
  if (id != nullptr && !std::holds_alternative<ListObject>(heap_[*id]) &&
      !std::holds_alternative<TupleObject>(heap_[*id]) && !std::holds_alternative<DictObject>(heap_[*id]) &&
      !std::holds_alternative<SetObject>(heap_[*id]) && !std::holds_alternative<RangeObject>(heap_[*id]) &&
      !std::holds_alternative<StringObject>(heap_[*id])) {
    return internals_->type_error(where, fmt::format("{} can't be iterated over", describe(value)));
  }
  LATHE_TRY(std::vector<Value> items, iterate(value, where));
  return Value(heap_.add(IteratorObject{std::move(items), 0, false, {}}));
}

Result<std::optional<Value>> Evaluator::next(const Value& iterator, LocationId where) {
  if (is_unknown(iterator)) return Failure{};
  if (auto* object = heap_.as<IteratorObject>(iterator)) {
    if (object->counter) {
      const Dim number = object->counter->first;
      object->counter->first += object->counter->second;
      if (!number.valid()) return internals_->overflow(where);
      return std::optional<Value>(number);
    }
    if (object->next >= object->items.size()) {
      if (!object->endless || object->items.empty()) return std::optional<Value>();
      object->next = 0;
    }
    return std::optional<Value>(object->items[object->next++]);
  }
  const std::optional<Value> method = internals_->find_method(iterator, internals_->known.next);
  if (!method) return internals_->type_error(where, fmt::format("{} is no iterator", describe(iterator)));
  const size_t mark = faults_.all().size();
  Result<Value> item = internals_->call(*method, {}, where);
  if (item.ok()) {
    if (is_unknown(*item)) return Failure{};
    return std::optional<Value>(*std::move(item));
  }
  if (internals_->caught(mark, "StopIteration")) return std::optional<Value>();
  return Failure{};
}

}  // namespace lathe::torch
