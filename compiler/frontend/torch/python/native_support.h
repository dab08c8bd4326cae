// What the tables of built-in and standard functions share: numbers of values, calls back into the program, sorting,
// entries of dicts and sets. Included by builtin_*.cpp and stdlib_*.cpp alone.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "compiler/frontend/torch/python/evaluator.h"

namespace lathe::torch {

/// An int or bool as a Dim; nothing for others. Defined by the evaluator, as is the next.
[[nodiscard]] std::optional<Dim> as_integer(const Value& value);
/// A number that is known now.
[[nodiscard]] std::optional<double> as_float(const Value& value);

/// repr() of a float: the shortest digits that read back as it. Defined by the evaluator.
[[nodiscard]] std::string float_text(double value);

/// Returns Unknown from a native function when one of its arguments is Unknown.
#define LATHE_RETURN_UNKNOWN(value) \
  if (is_unknown(value)) return Value(UnknownValue{})

[[nodiscard]] inline Value none() { return NoneValue{}; }
[[nodiscard]] inline Heap& heap_of(NativeCall& call) { return call.evaluator.heap(); }
[[nodiscard]] inline Value new_string(NativeCall& call, std::string text) {
  return call.evaluator.heap().new_string(std::move(text));
}

/// Calls a function of the program with positional arguments.
Result<Value> call_back(NativeCall& call, const Value& function, std::vector<Value> arguments);
/// A PythonError of the class ValueError, KeyError ... at the call.
template <class... Arguments>
Failure raise(NativeCall& call, std::string_view exception, fmt::format_string<Arguments...> format,
              Arguments&&... arguments) {
  return call.error(DiagnosticKind::PythonError, exception, format, std::forward<Arguments>(arguments)...).emit();
}
/// The TypeError of an argument: "`len` wants WHAT as `x`, not a list".
Failure wrong_type(NativeCall& call, std::string_view parameter, std::string_view wanted);

/// The elements in the order of `<` on what `key` (None: themselves) gives; stable, backwards when `reverse`.
Result<std::vector<Value>> sorted_values(NativeCall& call, std::vector<Value> items, const Value& key, bool reverse);
/// left < right
Result<bool> is_less(NativeCall& call, const Value& left, const Value& right);
Result<bool> is_equal(NativeCall& call, const Value& left, const Value& right);

/// The attribute of a class or of its bases; nullptr when there is none.
[[nodiscard]] const Value* find_in_class(Evaluator& evaluator, ObjectId type, std::string_view name);
/// The ObjectId of a class value; nothing for others.
[[nodiscard]] std::optional<ObjectId> as_class(Evaluator& evaluator, const Value& value);
/// Whether `cls`, the first parameter of a `__new__`, is the built-in class of that name itself.
[[nodiscard]] bool makes_builtin(NativeCall& call, std::string_view name);

/// The entries of a dict, or of anything with `keys()`, or the pairs of an iterable, into `target`.
Status update_dict(NativeCall& call, ObjectId target, const Value& source);
Status set_dict(NativeCall& call, ObjectId dict, std::string_view key, const Value& value);
/// Whether the key was there.
Result<bool> erase_key(NativeCall& call, DictStorage& entries, const Value& key);
Status add_to_set(NativeCall& call, ObjectId set, const Value& value);
Result<bool> set_contains(NativeCall& call, const DictStorage& entries, const Value& value);
/// A new set of the values.
Result<ObjectId> new_set(NativeCall& call, const std::vector<Value>& values, bool frozen);

/// The position in 0 .. size that a Python index means, cut to the range: of list.insert, str.find.
[[nodiscard]] size_t clamp_index(int64_t index, size_t size);
/// An optional known integer: `fallback` for None.
Result<int64_t> integer_or(NativeCall& call, std::string_view parameter, int64_t fallback);

}  // namespace lathe::torch
