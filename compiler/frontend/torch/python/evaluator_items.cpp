// Subscripts: indices and slices of sequences, keys of dicts, items of instances and classes.
#include <algorithm>

#include "compiler/frontend/torch/python/evaluator_internals.h"

namespace lathe::torch {

Result<size_t> Evaluator::Internals::item_position(const Value& index, size_t size, std::string_view what,
                                                   LocationId where) {
  std::optional<Dim> position = as_integer(index);
  if (!position && heap.as<InstanceObject>(index) != nullptr) {
    if (const std::optional<Value> method = find_method(index, known.index)) {
      LATHE_TRY(const Value number, call(*method, {}, where));
      position = as_integer(number);
    }
  }
  if (is_unknown(index)) return Failure{};
  if (!position) {
    return type_error(where,
                      fmt::format("an index into a {} is an int or a slice, not {}", what, evaluator.describe(index)));
  }
  if (!position->is_constant()) {
    return undecided(where, fmt::format("which item of a {} is meant depends on `{}`", what, position->python_text()));
  }
  const int64_t number = position->constant();
  const auto count = static_cast<int64_t>(size);
  if (number < -count || number >= count) {
    return evaluator
        .error(where, DiagnosticKind::PythonError, "IndexError", "index {} is beyond a {} of {} item{}", number, what,
               size, size == 1 ? "" : "s")
        .emit();
  }
  return static_cast<size_t>(number < 0 ? number + count : number);
}

Result<Evaluator::Internals::Indices> Evaluator::Internals::slice_indices(const SliceObject& slice, size_t size,
                                                                          LocationId where) {
  const auto count = static_cast<int64_t>(size);
  const auto bound = [&](const Value& value, int64_t fallback) -> Result<int64_t> {
    if (torch::is_none(value)) return fallback;
    if (is_unknown(value)) return Failure{};
    const std::optional<Dim> number = as_integer(value);
    if (!number)
      return type_error(where, fmt::format("bounds of a slice are ints or None, not {}", evaluator.describe(value)));
    if (number->is_constant()) return number->constant();
    return undecided(where, fmt::format("which items a slice takes depends on `{}`", number->python_text()));
  };
  LATHE_TRY(const int64_t step, bound(slice.step, 1));
  if (step == 0) {
    return evaluator.error(where, DiagnosticKind::PythonError, "ValueError", "the step of a slice is 0").emit();
  }
  const int64_t lowest = step > 0 ? 0 : -1;
  const int64_t highest = step > 0 ? count : count - 1;
  const auto clamp = [&](int64_t value) { return std::clamp(value < 0 ? value + count : value, lowest, highest); };
  LATHE_TRY(int64_t start, bound(slice.lower, step > 0 ? 0 : count - 1));
  LATHE_TRY(int64_t stop, bound(slice.upper, step > 0 ? count : -1 - count));
  start = clamp(start);
  stop = clamp(stop);
  const int64_t distance = step > 0 ? stop - start : start - stop;
  // Of steps longer than the sequence only the first item counts.
  const int64_t stride = std::clamp<int64_t>(step, -count - 1, count + 1);
  const int64_t length = std::abs(stride);
  return Indices{start, distance <= 0 ? 0 : (distance + length - 1) / length, stride};
}

Result<Value> Evaluator::Internals::sequence_item(const std::vector<Value>& items, const Value& index,
                                                  std::string_view what, LocationId where) {
  LATHE_TRY(const size_t position, item_position(index, items.size(), what, where));
  return items[position];
}

Result<Value> Evaluator::Internals::class_item(ObjectId type, const Value& index, LocationId where) {
  if (const std::optional<Value> method = class_attribute(type, known.class_getitem)) {
    return call(*method, {{index}, {}, {}}, where);
  }
  // `list[int]`, `Module[T]`: annotations, which are never read.
  return Value(type);
}

Result<Value> Evaluator::get_item(const Value& object, const Value& index, LocationId where) {
  if (is_unknown(object) || is_unknown(index)) return Value(UnknownValue{});
  if (const auto* tensor = std::get_if<TensorId>(&object)) return host_.get_item(*this, *tensor, index);
  const auto* id = std::get_if<ObjectId>(&object);
  if (id == nullptr) {
    return internals_->type_error(where, fmt::format("{} can't be indexed", describe(object)));
  }
  Object& row = heap_[*id];
  const auto* slice = heap_.as<SliceObject>(index);
  const auto taken = [&](const std::vector<Value>& items) -> Result<std::vector<Value>> {
    LATHE_TRY(const Internals::Indices indices, internals_->slice_indices(*slice, items.size(), where));
    LATHE_TRY_VOID(spend(static_cast<uint64_t>(indices.count), where));
    std::vector<Value> result;
    for (int64_t i = 0; i < indices.count; ++i) {
      result.push_back(items[static_cast<size_t>(indices.start + i * indices.step)]);
    }
    return result;
  };
  if (const auto* list = std::get_if<ListObject>(&row)) {
    if (slice == nullptr) return internals_->sequence_item(list->items, index, "list", where);
    LATHE_TRY(std::vector<Value> items, taken(list->items));
    return heap_.new_list(std::move(items));
  }
  if (const auto* tuple = std::get_if<TupleObject>(&row)) {
    if (slice == nullptr) return internals_->sequence_item(tuple->items, index, "tuple", where);
    LATHE_TRY(std::vector<Value> items, taken(tuple->items));
    const bool has_fields =
        tuple->type.valid() && internals_->find_in_class(tuple->type, internals_->known.fields) != nullptr;
    return Value(heap_.add(TupleObject{std::move(items), has_fields ? ObjectId{} : tuple->type}));
  }
  if (const auto* text = std::get_if<StringObject>(&row)) {
    const std::vector<std::string_view> characters = code_points(text->text);
    if (slice == nullptr) {
      LATHE_TRY(const size_t position, internals_->item_position(index, characters.size(), "str", where));
      return heap_.new_string(std::string(characters[position]));
    }
    LATHE_TRY(const Internals::Indices indices, internals_->slice_indices(*slice, characters.size(), where));
    std::string result;
    for (int64_t i = 0; i < indices.count; ++i) {
      result += characters[static_cast<size_t>(indices.start + i * indices.step)];
    }
    LATHE_TRY_VOID(spend(1 + characters.size() / 16, where));
    return heap_.new_string(std::move(result));
  }
  if (const auto* dict = std::get_if<DictObject>(&row)) {
    const ObjectId type = dict->type;
    LATHE_TRY(std::optional<Value> found, dict_find(*id, index, where));
    if (found) return *std::move(found);
    if (type.valid()) {
      if (const std::optional<Value> method = internals_->find_method(object, internals_->known.missing)) {
        return internals_->call(*method, {{index}, {}, {}}, where);
      }
    }
    std::string hint;
    if (const std::string* key = heap_.string(index)) {
      std::vector<std::string> candidates;
      for (const DictStorage::Entry& entry : std::get<DictObject>(heap_[*id]).entries.entries()) {
        if (const std::string* other = heap_.string(entry.key)) candidates.push_back(*other);
      }
      const std::string nearest = internals_->nearest_name(*key, candidates);
      if (!nearest.empty()) hint = fmt::format("; did you mean `{}`?", quoted_text(nearest));
    }
    LATHE_TRY(const std::string key, repr(index, where));
    const Failure failure =
        error(where, DiagnosticKind::PythonError, "KeyError", "the dict has no key `{}`{}", key, hint).emit();
    internals_->pending->instance = internals_->new_exception("KeyError", index);
    return failure;
  }
  if (const auto* range = std::get_if<RangeObject>(&row)) {
    const RangeObject copy = *range;
    LATHE_TRY(const Dim size, length(object, where));
    if (slice == nullptr) {
      const std::optional<Dim> position = as_integer(index);
      if (!size.is_constant() || !position || !position->is_constant()) {
        return internals_->undecided(where, "which number of a range is meant is only known when the model runs");
      }
      LATHE_TRY(const size_t at,
                internals_->item_position(index, static_cast<size_t>(size.constant()), "range", where));
      return Value(copy.start + copy.step * Dim(static_cast<int64_t>(at)));
    }
    if (!size.is_constant()) {
      return internals_->undecided(where, "which numbers a slice takes is only known when the model runs");
    }
    LATHE_TRY(const Internals::Indices indices,
              internals_->slice_indices(*slice, static_cast<size_t>(size.constant()), where));
    const Dim start = copy.start + copy.step * Dim(indices.start);
    const Dim step = copy.step * Dim(indices.step);
    return Value(heap_.add(RangeObject{start, start + step * Dim(indices.count), step}));
  }
  if (std::holds_alternative<ClassObject>(row)) return internals_->class_item(*id, index, where);
  if (internals_->unknown_namespaces.contains(*id)) return internals_->report_unknown(*id, where);
  if (const auto* super = std::get_if<SuperObject>(&row)) {
    const SuperObject copy = *super;
    LATHE_TRY(const Value method, get_attribute(object, internals_->known.getitem, where));
    static_cast<void>(copy);
    return internals_->call(method, {{index}, {}, {}}, where);
  }
  if (const std::optional<Value> method = internals_->find_method(object, internals_->known.getitem)) {
    return internals_->call(*method, {{index}, {}, {}}, where);
  }
  return internals_->type_error(where, fmt::format("{} can't be indexed", describe(object)));
}

Status Evaluator::Internals::set_slice(std::vector<Value>& items, const SliceObject& slice, const Value& value,
                                       LocationId where) {
  LATHE_TRY(const std::vector<Value> replacement, evaluator.iterate(value, where));
  LATHE_TRY(const Indices indices, slice_indices(slice, items.size(), where));
  if (indices.step == 1) {
    const auto from = items.begin() + static_cast<std::ptrdiff_t>(indices.start);
    const auto to = items.erase(from, from + static_cast<std::ptrdiff_t>(indices.count));
    items.insert(to, replacement.begin(), replacement.end());
    return {};
  }
  if (replacement.size() != static_cast<size_t>(indices.count)) {
    return evaluator
        .error(where, DiagnosticKind::PythonError, "ValueError", "{} items are assigned to a slice of {}",
               replacement.size(), indices.count)
        .emit();
  }
  for (size_t i = 0; i < replacement.size(); ++i) {
    items[static_cast<size_t>(indices.start + static_cast<int64_t>(i) * indices.step)] = replacement[i];
  }
  return {};
}

Status Evaluator::set_item(const Value& object, const Value& index, const Value& value, LocationId where) {
  if (is_unknown(object)) return {};
  if (is_unknown(index)) return Failure{};
  if (const auto* tensor = std::get_if<TensorId>(&object)) return host_.set_item(*this, *tensor, index, value);
  if (auto* list = heap_.as<ListObject>(object)) {
    if (const auto* slice = heap_.as<SliceObject>(index)) {
      return internals_->set_slice(list->items, *slice, value, where);
    }
    LATHE_TRY(const size_t position, internals_->item_position(index, list->items.size(), "list", where));
    list->items[position] = value;
    return {};
  }
  if (const auto* dict = heap_.as<DictObject>(object)) {
    const Value* method =
        dict->type.valid() ? internals_->find_in_class(dict->type, internals_->known.setitem) : nullptr;
    if (method == nullptr || heap_.as<FunctionObject>(*method) == nullptr) {
      const Status stored = dict_set(std::get<ObjectId>(object), index, value, where);
      if (!internals_->attribute_views.empty()) internals_->update_attributes(object);
      return stored;
    }
  }
  const auto* id = std::get_if<ObjectId>(&object);
  if (id != nullptr && internals_->unknown_namespaces.contains(*id)) {
    internals_->report_unknown(*id, where);
    return {};
  }
  if (const std::optional<Value> method = internals_->find_method(object, internals_->known.setitem)) {
    LATHE_TRY([[maybe_unused]] const Value done, internals_->call(*method, {{index, value}, {}, {}}, where));
    return {};
  }
  return internals_->type_error(where, fmt::format("items of {} can't be set", describe(object)));
}

Status Evaluator::Internals::erase_item(const Value& object, const Value& index, LocationId where) {
  if (is_unknown(object) || is_unknown(index)) return {};
  if (auto* list = heap.as<ListObject>(object)) {
    if (const auto* slice = heap.as<SliceObject>(index)) {
      LATHE_TRY(const Indices indices, slice_indices(*slice, list->items.size(), where));
      std::vector<bool> gone(list->items.size());
      for (int64_t i = 0; i < indices.count; ++i) gone[static_cast<size_t>(indices.start + i * indices.step)] = true;
      std::vector<Value> rest;
      for (size_t i = 0; i < gone.size(); ++i) {
        if (!gone[i]) rest.push_back(list->items[i]);
      }
      list->items = std::move(rest);
      return {};
    }
    LATHE_TRY(const size_t position, item_position(index, list->items.size(), "list", where));
    list->items.erase(list->items.begin() + static_cast<std::ptrdiff_t>(position));
    return {};
  }
  if (auto* dict = heap.as<DictObject>(object)) {
    LATHE_TRY(const size_t code, evaluator.hash(index, where));
    if (dict->entries.erase(code, [&](const Value& key) { return evaluator.same_key(key, index); })) return {};
    LATHE_TRY(const std::string key, evaluator.repr(index, where));
    const Failure failure =
        evaluator.error(where, DiagnosticKind::PythonError, "KeyError", "the dict has no key `{}`", key).emit();
    pending->instance = new_exception("KeyError", index);
    return failure;
  }
  if (const std::optional<Value> method = find_method(object, known.delitem)) {
    LATHE_TRY([[maybe_unused]] const Value done, call(*method, {{index}, {}, {}}, where));
    return {};
  }
  return type_error(where, fmt::format("items of {} can't be deleted", evaluator.describe(object)));
}

}  // namespace lathe::torch
