// Built-in functions that run over iterables: range, len, enumerate, zip, map, sorted, min, max, sum, any, all ...
#include "compiler/frontend/torch/python/library_parts.h"
#include "compiler/frontend/torch/python/native_support.h"

namespace lathe::torch {
namespace {

Value new_iterator(NativeCall& call, std::vector<Value> items) {
  return heap_of(call).add(IteratorObject{std::move(items), 0, false, {}});
}

Result<Value> length(NativeCall& call) {
  LATHE_RETURN_UNKNOWN(call.argument("object"));
  LATHE_TRY(const Dim size, call.evaluator.length(call.argument("object"), call.where));
  return Value(size);
}

Result<Value> make_range(NativeCall& call) {
  const auto* given = heap_of(call).as<TupleObject>(call.argument("limits"));
  const std::vector<Value> limits = given->items;
  if (limits.empty() || limits.size() > 3) {
    return call
        .error(DiagnosticKind::BadArgument, "TypeError", "`range` takes 1 to 3 arguments, {} are given", limits.size())
        .emit();
  }
  std::vector<Dim> numbers;
  for (const Value& value : limits) {
    LATHE_RETURN_UNKNOWN(value);
    const std::optional<Dim> number = as_integer(value);
    if (!number) {
      return call
          .error(DiagnosticKind::BadArgument, "TypeError", "`range` wants ints, not {}{}",
                 call.evaluator.describe(value),
                 std::holds_alternative<double>(value) ? ": `/` always gives a float, `//` keeps ints" : "")
          .emit();
    }
    numbers.push_back(*number);
  }
  RangeObject range{0, numbers[0], 1};
  if (numbers.size() > 1) range = {numbers[0], numbers[1], numbers.size() > 2 ? numbers[2] : Dim(1)};
  if (range.step.is_constant(0)) return raise(call, "ValueError", "the step of `range` must not be 0");
  return Value(heap_of(call).add(range));
}

Result<Value> range_field(NativeCall& call, Dim RangeObject::* field) {
  const auto* range = heap_of(call).as<RangeObject>(call.argument("self"));
  if (range == nullptr) return wrong_type(call, "self", "a range");
  return Value(range->*field);
}
Result<Value> range_start(NativeCall& call) { return range_field(call, &RangeObject::start); }
Result<Value> range_stop(NativeCall& call) { return range_field(call, &RangeObject::stop); }
Result<Value> range_step(NativeCall& call) { return range_field(call, &RangeObject::step); }

Result<Value> make_iterator(NativeCall& call) {
  LATHE_RETURN_UNKNOWN(call.argument("object"));
  if (!call.is_given("sentinel")) return call.evaluator.iterator(call.argument("object"), call.where);
  std::vector<Value> items;
  while (true) {
    LATHE_TRY_VOID(call.evaluator.spend(1, call.where));
    LATHE_TRY(Value item, call_back(call, call.argument("object"), {}));
    LATHE_RETURN_UNKNOWN(item);
    LATHE_TRY(const bool is_end, is_equal(call, item, call.argument("sentinel")));
    if (is_end) return new_iterator(call, std::move(items));
    items.push_back(std::move(item));
  }
}

Result<Value> next_item(NativeCall& call) {
  LATHE_RETURN_UNKNOWN(call.argument("iterator"));
  LATHE_TRY(std::optional<Value> item, call.evaluator.next(call.argument("iterator"), call.where));
  if (item) return *std::move(item);
  if (call.is_given("default")) return call.argument("default");
  return raise(call, "StopIteration", "`next`: the iterator is at its end");
}

Result<Value> enumerate(NativeCall& call) {
  LATHE_RETURN_UNKNOWN(call.argument("iterable"));
  LATHE_TRY(Dim index, call.integer("start"));
  LATHE_TRY(const std::vector<Value> items, call.items("iterable"));
  LATHE_TRY_VOID(call.evaluator.spend(items.size(), call.where));
  std::vector<Value> pairs;
  for (const Value& item : items) {
    pairs.push_back(heap_of(call).new_tuple({index, item}));
    index += 1;
  }
  return new_iterator(call, std::move(pairs));
}

/// One iterator for each of `*iterables`; nothing when one is Unknown.
Result<std::vector<Value>> iterators(NativeCall& call) {
  const std::vector<Value> given = heap_of(call).as<TupleObject>(call.argument("iterables"))->items;
  std::vector<Value> result;
  for (const Value& value : given) {
    if (is_unknown(value)) return Failure{};
    LATHE_TRY(Value iterator, call.evaluator.iterator(value, call.where));
    result.push_back(std::move(iterator));
  }
  return result;
}

/// Runs over several iterables at once and stops with the first that ends; says which one in `ended`.
template <class Body>
Status for_each_row(NativeCall& call, const std::vector<Value>& sources, size_t& ended, Body body) {
  while (!sources.empty()) {
    LATHE_TRY_VOID(call.evaluator.spend(1, call.where));
    std::vector<Value> row;
    for (const Value& source : sources) {
      LATHE_TRY(std::optional<Value> item, call.evaluator.next(source, call.where));
      if (!item) {
        ended = row.size();
        return {};
      }
      row.push_back(*std::move(item));
    }
    LATHE_TRY_VOID(body(std::move(row)));
  }
  return {};
}

Result<Value> zip(NativeCall& call) {
  LATHE_TRY(const bool strict, call.truth("strict"));
  LATHE_TRY(const std::vector<Value> sources, iterators(call));
  std::vector<Value> rows;
  size_t ended = 0;
  LATHE_TRY_VOID(for_each_row(call, sources, ended, [&](std::vector<Value> row) -> Status {
    rows.push_back(heap_of(call).new_tuple(std::move(row)));
    return {};
  }));
  if (strict) {
    bool longer = ended > 0;
    for (size_t i = ended + 1; i < sources.size() && !longer; ++i) {
      LATHE_TRY(const std::optional<Value> item, call.evaluator.next(sources[i], call.where));
      longer = item.has_value();
    }
    if (longer) return raise(call, "ValueError", "the arguments of `zip` with `strict` differ in length");
  }
  return new_iterator(call, std::move(rows));
}

Result<Value> map(NativeCall& call) {
  LATHE_RETURN_UNKNOWN(call.argument("function"));
  LATHE_TRY(const std::vector<Value> sources, iterators(call));
  if (sources.empty()) {
    return call.error(DiagnosticKind::BadArgument, "TypeError", "`map` wants at least one iterable").emit();
  }
  std::vector<Value> results;
  size_t ended = 0;
  LATHE_TRY_VOID(for_each_row(call, sources, ended, [&](std::vector<Value> row) -> Status {
    LATHE_TRY(Value result, call_back(call, call.argument("function"), std::move(row)));
    results.push_back(std::move(result));
    return {};
  }));
  return new_iterator(call, std::move(results));
}

Result<Value> filter(NativeCall& call) {
  LATHE_RETURN_UNKNOWN(call.argument("function"));
  LATHE_TRY(const std::vector<Value> items, call.items("iterable"));
  std::vector<Value> results;
  for (const Value& item : items) {
    LATHE_TRY_VOID(call.evaluator.spend(1, call.where));
    Value keep = item;
    if (!call.is_none("function")) {
      LATHE_TRY(keep, call_back(call, call.argument("function"), {item}));
    }
    LATHE_RETURN_UNKNOWN(keep);
    LATHE_TRY(const bool kept, call.evaluator.truth(keep, call.where));
    if (kept) results.push_back(item);
  }
  return new_iterator(call, std::move(results));
}

Result<Value> reversed(NativeCall& call) {
  const Value& sequence = call.argument("sequence");
  LATHE_RETURN_UNKNOWN(sequence);
  const bool is_view =
      heap_of(call).as<SetObject>(sequence) != nullptr || heap_of(call).as<IteratorObject>(sequence) != nullptr;
  if (is_view) return wrong_type(call, "sequence", "a sequence");
  LATHE_TRY(const std::optional<Value> method,
            call.evaluator.find_attribute(sequence, call.evaluator.name("__reversed__"), call.where));
  if (method) return call_back(call, *method, {});
  LATHE_TRY(std::vector<Value> items, call.items("sequence"));
  return new_iterator(call, {items.rbegin(), items.rend()});
}

Result<Value> sorted(NativeCall& call) {
  LATHE_RETURN_UNKNOWN(call.argument("iterable"));
  LATHE_TRY(std::vector<Value> items, call.items("iterable"));
  LATHE_TRY(const bool reverse, call.truth("reverse"));
  LATHE_TRY(std::vector<Value> result, sorted_values(call, std::move(items), call.argument("key"), reverse));
  return heap_of(call).new_list(std::move(result));
}

/// The smallest or largest of the arguments, or of the only one's elements. Sizes that can't be told apart now give
/// their `min` or `max` as a size.
Result<Value> extreme(NativeCall& call, bool largest) {
  std::vector<Value> items = heap_of(call).as<TupleObject>(call.argument("values"))->items;
  if (items.empty()) {
    return call.error(DiagnosticKind::BadArgument, "TypeError", "`{}` wants at least one argument", call.row.name)
        .emit();
  }
  if (items.size() == 1) {
    LATHE_RETURN_UNKNOWN(items[0]);
    if (std::holds_alternative<TensorId>(items[0]))
      return call.evaluator.call_method(items[0], call.row.name, {}, call.where);
    LATHE_TRY(items, call.evaluator.iterate(items[0], call.where));
    if (items.empty() && call.is_given("default")) return call.argument("default");
    if (items.empty()) return raise(call, "ValueError", "`{}` of nothing: the argument is empty", call.row.name);
  }
  LATHE_TRY_VOID(call.evaluator.spend(items.size(), call.where));
  const Value& key = call.argument("key");
  Value best;
  Value best_key;
  for (size_t i = 0; i < items.size(); ++i) {
    LATHE_RETURN_UNKNOWN(items[i]);
    Value item_key = items[i];
    if (!is_none(key)) {
      LATHE_TRY(item_key, call_back(call, key, {items[i]}));
      LATHE_RETURN_UNKNOWN(item_key);
    }
    if (i > 0) {
      const std::optional<Dim> a = as_integer(best_key);
      const std::optional<Dim> b = as_integer(item_key);
      if (a && b && is_none(key) && !(a->is_constant() && b->is_constant())) {
        const SymbolTable& symbols = call.evaluator.symbols();
        const Dim size = symbols.simplify(largest ? maximum(*a, *b) : minimum(*a, *b));
        if (!size.valid()) return raise(call, "OverflowError", "sizes too complex to follow");
        best = size;
        best_key = size;
        continue;
      }
      LATHE_TRY(const bool better, largest ? is_less(call, best_key, item_key) : is_less(call, item_key, best_key));
      if (!better) continue;
    }
    best = items[i];
    best_key = std::move(item_key);
  }
  return best;
}
Result<Value> minimum_of(NativeCall& call) { return extreme(call, false); }
Result<Value> maximum_of(NativeCall& call) { return extreme(call, true); }

Result<Value> sum(NativeCall& call) {
  LATHE_RETURN_UNKNOWN(call.argument("iterable"));
  if (std::holds_alternative<TensorId>(call.argument("iterable")) && !call.is_given("start")) {
    LATHE_TRY(const Dim size, call.evaluator.length(call.argument("iterable"), call.where));
    if (!size.is_constant())
      return call.evaluator.call_method(call.argument("iterable"), "sum", {integer(0)}, call.where);
  }
  LATHE_TRY(const std::vector<Value> items, call.items("iterable"));
  Value total = call.argument("start");
  if (heap_of(call).string(total) != nullptr) {
    return raise(call, "TypeError", "`sum` can't add strings; use `''.join(...)`");
  }
  for (const Value& item : items) {
    LATHE_TRY_VOID(call.evaluator.spend(1, call.where));
    LATHE_TRY(total, call.evaluator.binary(BinaryOp::Add, total, item, call.where));
  }
  return total;
}

/// True when an element's truth is `wanted`.
Result<Value> has_element(NativeCall& call, bool wanted) {
  LATHE_RETURN_UNKNOWN(call.argument("iterable"));
  LATHE_TRY(const Value iterator, call.evaluator.iterator(call.argument("iterable"), call.where));
  while (true) {
    LATHE_TRY_VOID(call.evaluator.spend(1, call.where));
    LATHE_TRY(const std::optional<Value> item, call.evaluator.next(iterator, call.where));
    if (!item) return Value(!wanted);
    LATHE_RETURN_UNKNOWN(*item);
    LATHE_TRY(const bool truth, call.evaluator.truth(*item, call.where));
    if (truth == wanted) return Value(wanted);
  }
}
Result<Value> any(NativeCall& call) { return has_element(call, true); }
Result<Value> all(NativeCall& call) { return has_element(call, false); }

constexpr NativeFunctionRow kFunctions[] = {
    {"len", "object, /", length},
    {"iter", "object, sentinel=None, /", make_iterator},
    {"next", "iterator, default=None, /", next_item},
    {"enumerate", "iterable, start=0", enumerate},
    {"zip", "*iterables, strict=False", zip},
    {"map", "function, /, *iterables", map},
    {"filter", "function, iterable, /", filter},
    {"reversed", "sequence, /", reversed},
    {"sorted", "iterable, /, *, key=None, reverse=False", sorted},
    {"min", "*values, key=None, default=None", minimum_of},
    {"max", "*values, key=None, default=None", maximum_of},
    {"sum", "iterable, /, start=0", sum},
    {"any", "iterable, /", any},
    {"all", "iterable, /", all},
};

constexpr NativeFunctionRow kRangeMethods[] = {
    {"__new__", "cls, *limits", make_range},
    {"start", "self", range_start, NativeKind::Property},
    {"stop", "self", range_stop, NativeKind::Property},
    {"step", "self", range_step, NativeKind::Property},
};

constexpr NativeClassRow kClasses[] = {{"range", "", kRangeMethods}};

constexpr NativeModuleRow kModules[] = {{"builtins", kFunctions, kClasses, {}}};

}  // namespace

std::span<const NativeModuleRow> builtin_iteration() { return kModules; }

}  // namespace lathe::torch
