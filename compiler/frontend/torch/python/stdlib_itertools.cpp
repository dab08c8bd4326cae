// The module itertools. What it gives is made at once, except for count, cycle and repeat without an end.
#include <algorithm>
#include <numeric>

#include "compiler/frontend/torch/python/library_parts.h"
#include "compiler/frontend/torch/python/native_support.h"

namespace lathe::torch {
namespace {

Value new_iterator(NativeCall& call, std::vector<Value> items) {
  return heap_of(call).add(IteratorObject{std::move(items), 0, false, {}});
}

std::vector<Value> given_items(NativeCall& call, std::string_view parameter) {
  return heap_of(call).as<TupleObject>(call.argument(parameter))->items;
}

/// The elements of each of `*iterables`.
Result<std::vector<std::vector<Value>>> lists(NativeCall& call) {
  std::vector<std::vector<Value>> result;
  for (const Value& value : given_items(call, "iterables")) {
    if (is_unknown(value)) return Failure{};
    LATHE_TRY(std::vector<Value> items, call.evaluator.iterate(value, call.where));
    LATHE_TRY_VOID(call.evaluator.spend(items.size(), call.where));
    result.push_back(std::move(items));
  }
  return result;
}

Value joined(NativeCall& call, const std::vector<std::vector<Value>>& parts) {
  std::vector<Value> items;
  for (const std::vector<Value>& part : parts) items.insert(items.end(), part.begin(), part.end());
  return new_iterator(call, std::move(items));
}

Result<Value> make_chain(NativeCall& call) {
  LATHE_TRY(const std::vector<std::vector<Value>> parts, lists(call));
  return joined(call, parts);
}

Result<Value> chain_from(NativeCall& call) {
  LATHE_RETURN_UNKNOWN(call.argument("iterable"));
  LATHE_TRY(const std::vector<Value> sources, call.items("iterable"));
  std::vector<std::vector<Value>> parts;
  for (const Value& source : sources) {
    LATHE_RETURN_UNKNOWN(source);
    LATHE_TRY(std::vector<Value> items, call.evaluator.iterate(source, call.where));
    LATHE_TRY_VOID(call.evaluator.spend(items.size(), call.where));
    parts.push_back(std::move(items));
  }
  return joined(call, parts);
}

Result<Value> repeat(NativeCall& call) {
  if (!call.is_given("times")) {
    return Value(heap_of(call).add(IteratorObject{{call.argument("object")}, 0, true, {}}));
  }
  LATHE_TRY(const int64_t times, call.known_integer("times"));
  LATHE_TRY_VOID(call.evaluator.spend(static_cast<uint64_t>(std::max<int64_t>(0, times)), call.where));
  return new_iterator(call,
                      std::vector<Value>(static_cast<size_t>(std::max<int64_t>(0, times)), call.argument("object")));
}

Result<Value> cycle(NativeCall& call) {
  LATHE_RETURN_UNKNOWN(call.argument("iterable"));
  LATHE_TRY(std::vector<Value> items, call.items("iterable"));
  const bool endless = !items.empty();
  return Value(heap_of(call).add(IteratorObject{std::move(items), 0, endless, {}}));
}

Result<Value> count(NativeCall& call) {
  LATHE_TRY(const Dim start, call.integer("start"));
  LATHE_TRY(const Dim step, call.integer("step"));
  return Value(heap_of(call).add(IteratorObject{{}, 0, true, std::pair(start, step)}));
}

/// All ways to take one element of each list; the last changes fastest.
Result<Value> product(NativeCall& call) {
  LATHE_TRY(const int64_t repeats, call.known_integer("repeat"));
  LATHE_TRY(const std::vector<std::vector<Value>> given, lists(call));
  std::vector<std::vector<Value>> parts;
  for (int64_t i = 0; i < repeats; ++i) {
    LATHE_TRY_VOID(call.evaluator.spend(given.size(), call.where));
    parts.insert(parts.end(), given.begin(), given.end());
  }
  std::vector<Value> results;
  std::vector<size_t> positions(parts.size());
  bool more = std::none_of(parts.begin(), parts.end(), [](const std::vector<Value>& part) { return part.empty(); });
  while (more) {
    LATHE_TRY_VOID(call.evaluator.spend(parts.size() + 1, call.where));
    std::vector<Value> row;
    for (size_t i = 0; i < parts.size(); ++i) row.push_back(parts[i][positions[i]]);
    results.push_back(heap_of(call).new_tuple(std::move(row)));
    size_t i = parts.size();
    while (i > 0 && ++positions[i - 1] == parts[i - 1].size()) positions[--i] = 0;
    more = i > 0;
  }
  return new_iterator(call, std::move(results));
}

Value chosen(NativeCall& call, const std::vector<Value>& items, const std::vector<size_t>& positions) {
  std::vector<Value> row;
  for (const size_t i : positions) row.push_back(items[i]);
  return heap_of(call).new_tuple(std::move(row));
}

/// combinations, and those with replacement.
Result<Value> combinations(NativeCall& call) {
  LATHE_TRY(const std::vector<Value> items, call.items("iterable"));
  LATHE_TRY(const int64_t length, call.known_integer("r"));
  if (length < 0) return raise(call, "ValueError", "`r` must not be negative");
  const bool again = call.row.name != "combinations";
  std::vector<Value> results;
  if ((!again && static_cast<size_t>(length) > items.size()) || (items.empty() && length > 0)) {
    return new_iterator(call, std::move(results));
  }
  LATHE_TRY_VOID(call.evaluator.spend(static_cast<uint64_t>(length), call.where));
  std::vector<size_t> positions(static_cast<size_t>(length));
  if (!again) std::iota(positions.begin(), positions.end(), size_t{0});
  while (true) {
    LATHE_TRY_VOID(call.evaluator.spend(positions.size() + 1, call.where));
    results.push_back(chosen(call, items, positions));
    size_t i = positions.size();
    while (i > 0 && positions[i - 1] == (again ? items.size() - 1 : items.size() - positions.size() + i - 1)) --i;
    if (i == 0) return new_iterator(call, std::move(results));
    ++positions[i - 1];
    for (size_t j = i; j < positions.size(); ++j) positions[j] = positions[j - 1] + (again ? 0 : 1);
  }
}

/// In the order of positions, as Python gives them.
Result<Value> permutations(NativeCall& call) {
  LATHE_TRY(const std::vector<Value> items, call.items("iterable"));
  LATHE_TRY(const int64_t length, integer_or(call, "r", static_cast<int64_t>(items.size())));
  if (length < 0) return raise(call, "ValueError", "`r` must not be negative");
  std::vector<Value> results;
  if (static_cast<size_t>(length) > items.size()) return new_iterator(call, std::move(results));
  std::vector<size_t> positions(items.size());
  std::iota(positions.begin(), positions.end(), size_t{0});
  do {
    LATHE_TRY_VOID(call.evaluator.spend(items.size() + 1, call.where));
    results.push_back(chosen(call, items, {positions.begin(), positions.begin() + length}));
    std::reverse(positions.begin() + length, positions.end());
  } while (std::next_permutation(positions.begin(), positions.end()));
  return new_iterator(call, std::move(results));
}

Result<Value> accumulate(NativeCall& call) {
  LATHE_RETURN_UNKNOWN(call.argument("iterable"));
  LATHE_TRY(const std::vector<Value> items, call.items("iterable"));
  std::vector<Value> results;
  if (!call.is_none("initial")) results.push_back(call.argument("initial"));
  for (const Value& item : items) {
    LATHE_TRY_VOID(call.evaluator.spend(1, call.where));
    if (results.empty()) {
      results.push_back(item);
      continue;
    }
    LATHE_TRY(Value next, call.is_none("function")
                              ? call.evaluator.binary(BinaryOp::Add, results.back(), item, call.where)
                              : call_back(call, call.argument("function"), {results.back(), item}));
    results.push_back(std::move(next));
  }
  return new_iterator(call, std::move(results));
}

Result<Value> zip_longest(NativeCall& call) {
  LATHE_TRY(const std::vector<std::vector<Value>> parts, lists(call));
  size_t longest = 0;
  for (const std::vector<Value>& part : parts) longest = std::max(longest, part.size());
  std::vector<Value> rows;
  for (size_t i = 0; i < longest; ++i) {
    LATHE_TRY_VOID(call.evaluator.spend(parts.size(), call.where));
    std::vector<Value> row;
    for (const std::vector<Value>& part : parts) row.push_back(i < part.size() ? part[i] : call.argument("fillvalue"));
    rows.push_back(heap_of(call).new_tuple(std::move(row)));
  }
  return new_iterator(call, std::move(rows));
}

Result<Value> slice(NativeCall& call) {
  LATHE_RETURN_UNKNOWN(call.argument("iterable"));
  const std::vector<Value> limits = given_items(call, "limits");
  if (limits.empty() || limits.size() > 3) {
    return call.error(DiagnosticKind::BadArgument, "TypeError", "`islice` takes 2 to 4 arguments").emit();
  }
  int64_t numbers[3] = {0, std::numeric_limits<int64_t>::max(), 1};
  for (size_t i = 0; i < limits.size(); ++i) {
    LATHE_RETURN_UNKNOWN(limits[i]);
    if (is_none(limits[i])) continue;
    const std::optional<Dim> number = as_integer(limits[i]);
    if (!number || !number->is_constant() || number->constant() < 0) {
      return raise(call, "ValueError", "the limits of `islice` are known ints from 0");
    }
    numbers[limits.size() == 1 ? 1 : i] = number->constant();
  }
  if (numbers[2] == 0) return raise(call, "ValueError", "the step of `islice` is 1 or more");
  LATHE_TRY(const Value source, call.evaluator.iterator(call.argument("iterable"), call.where));
  std::vector<Value> items;
  for (int64_t i = 0; i < numbers[1]; ++i) {
    LATHE_TRY_VOID(call.evaluator.spend(1, call.where));
    LATHE_TRY(std::optional<Value> item, call.evaluator.next(source, call.where));
    if (!item) break;
    if (i >= numbers[0] && (i - numbers[0]) % numbers[2] == 0) items.push_back(*std::move(item));
  }
  return new_iterator(call, std::move(items));
}

Result<Value> star_map(NativeCall& call) {
  LATHE_TRY(const std::vector<Value> rows, call.items("iterable"));
  std::vector<Value> results;
  for (const Value& row : rows) {
    LATHE_RETURN_UNKNOWN(row);
    LATHE_TRY_VOID(call.evaluator.spend(1, call.where));
    LATHE_TRY(std::vector<Value> arguments, call.evaluator.iterate(row, call.where));
    LATHE_TRY(Value result, call_back(call, call.argument("function"), std::move(arguments)));
    results.push_back(std::move(result));
  }
  return new_iterator(call, std::move(results));
}

/// takewhile, dropwhile, filterfalse
Result<Value> select_by(NativeCall& call) {
  LATHE_RETURN_UNKNOWN(call.argument("iterable"));
  const bool take = call.row.name == "takewhile";
  const bool drop = call.row.name == "dropwhile";
  LATHE_TRY(const Value source, call.evaluator.iterator(call.argument("iterable"), call.where));
  std::vector<Value> results;
  bool dropping = drop;
  while (true) {
    LATHE_TRY_VOID(call.evaluator.spend(1, call.where));
    LATHE_TRY(std::optional<Value> item, call.evaluator.next(source, call.where));
    if (!item) break;
    bool holds = false;
    if (!drop || dropping) {
      Value answer = *item;
      if (!call.is_none("predicate")) {
        LATHE_TRY(answer, call_back(call, call.argument("predicate"), {*item}));
      }
      LATHE_TRY(holds, call.evaluator.truth(answer, call.where));
    }
    if (take && !holds) break;
    dropping = dropping && holds;
    if (drop ? !dropping : holds == take) results.push_back(*std::move(item));
  }
  return new_iterator(call, std::move(results));
}

Result<Value> pairwise(NativeCall& call) {
  LATHE_TRY(const std::vector<Value> items, call.items("iterable"));
  std::vector<Value> pairs;
  for (size_t i = 1; i < items.size(); ++i) {
    LATHE_TRY_VOID(call.evaluator.spend(1, call.where));
    pairs.push_back(heap_of(call).new_tuple({items[i - 1], items[i]}));
  }
  return new_iterator(call, std::move(pairs));
}

Result<Value> tee(NativeCall& call) {
  LATHE_TRY(const std::vector<Value> items, call.items("iterable"));
  LATHE_TRY(const int64_t copies, call.known_integer("n"));
  if (copies < 0) return raise(call, "ValueError", "`n` must not be negative");
  std::vector<Value> result;
  for (int64_t i = 0; i < copies; ++i) {
    LATHE_TRY_VOID(call.evaluator.spend(items.size() + 1, call.where));
    result.push_back(new_iterator(call, items));
  }
  return heap_of(call).new_tuple(std::move(result));
}

/// Runs of equal keys, as (key, iterator) pairs.
Result<Value> group_by(NativeCall& call) {
  LATHE_TRY(const std::vector<Value> items, call.items("iterable"));
  std::vector<Value> groups;
  std::vector<Value> run;
  Value run_key;
  const auto close = [&] {
    if (!run.empty()) groups.push_back(heap_of(call).new_tuple({run_key, new_iterator(call, std::move(run))}));
    run.clear();
  };
  for (const Value& item : items) {
    LATHE_TRY_VOID(call.evaluator.spend(1, call.where));
    Value key = item;
    if (!call.is_none("key")) {
      LATHE_TRY(key, call_back(call, call.argument("key"), {item}));
    }
    if (!run.empty()) {
      LATHE_TRY(const bool same, is_equal(call, run_key, key));
      if (!same) close();
    }
    if (run.empty()) run_key = key;
    run.push_back(item);
  }
  close();
  return new_iterator(call, std::move(groups));
}

constexpr NativeFunctionRow kFunctions[] = {
    {"repeat", "object, times=None", repeat},
    {"cycle", "iterable, /", cycle},
    {"count", "start=0, step=1", count},
    {"product", "*iterables, repeat=1", product},
    {"combinations", "iterable, r", combinations},
    {"combinations_with_replacement", "iterable, r", combinations},
    {"permutations", "iterable, r=None", permutations},
    {"accumulate", "iterable, function=None, *, initial=None", accumulate},
    {"zip_longest", "*iterables, fillvalue=None", zip_longest},
    {"islice", "iterable, /, *limits", slice},
    {"starmap", "function, iterable, /", star_map},
    {"takewhile", "predicate, iterable, /", select_by},
    {"dropwhile", "predicate, iterable, /", select_by},
    {"filterfalse", "predicate, iterable, /", select_by},
    {"pairwise", "iterable, /", pairwise},
    {"tee", "iterable, n=2, /", tee},
    {"groupby", "iterable, key=None", group_by},
};

constexpr NativeFunctionRow kChainMethods[] = {
    {"__new__", "cls, *iterables", make_chain},
    {"from_iterable", "iterable, /", chain_from, NativeKind::StaticMethod},
};
constexpr NativeClassRow kClasses[] = {{"chain", "", kChainMethods}};

constexpr NativeModuleRow kModules[] = {{"itertools", kFunctions, kClasses, {}}};

}  // namespace

std::span<const NativeModuleRow> stdlib_itertools() { return kModules; }

}  // namespace lathe::torch
