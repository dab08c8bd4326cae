// The part of numpy that model files use while they build layers: numbers, and arrays of one axis.
//
// An ndarray is an instance that holds a list of Python numbers. Arrays with more axes, and all that works on them, are
// unsupported.
#include <cmath>
#include <limits>
#include <numbers>

#include "compiler/frontend/torch/python/library_parts.h"
#include "compiler/frontend/torch/python/native_support.h"

namespace lathe::torch {
namespace {

Result<Value> refuse(NativeCall& call) {
  return call.evaluator.unsupported(call.where, fmt::format("`{}`", call.display_name()));
}

Value new_array(NativeCall& call, std::vector<Value> items) {
  const ObjectId array = call.evaluator.new_instance(call.evaluator.library_object("numpy.ndarray"), call.where);
  const Value list = heap_of(call).new_list(std::move(items));
  std::get<InstanceObject>(heap_of(call)[array]).attributes.set(call.evaluator.name("_elements"), list);
  return array;
}

/// The list in an array; nullptr for other values.
ListObject* array_list(NativeCall& call, const Value& value) {
  const auto* instance = heap_of(call).as<InstanceObject>(value);
  const Value* list = instance != nullptr ? instance->attributes.find(call.evaluator.name("_elements")) : nullptr;
  return list != nullptr ? heap_of(call).as<ListObject>(*list) : nullptr;
}

/// The numbers of an array, list or tuple; nothing for a single number and for more axes.
std::optional<std::vector<Value>> elements(NativeCall& call, const Value& value) {
  std::vector<Value> items;
  if (const ListObject* array = array_list(call, value)) {
    items = array->items;
  } else if (const auto* list = heap_of(call).as<ListObject>(value)) {
    items = list->items;
  } else if (const auto* tuple = heap_of(call).as<TupleObject>(value)) {
    items = tuple->items;
  } else {
    return std::nullopt;
  }
  for (const Value& item : items) {
    if (!as_integer(item) && !as_float(item)) return std::nullopt;
  }
  return items;
}

bool is_number(const Value& value) { return as_integer(value).has_value() || as_float(value).has_value(); }

Result<Value> array(NativeCall& call) {
  const Value& object = call.argument("object");
  LATHE_RETURN_UNKNOWN(object);
  std::optional<std::vector<Value>> items = elements(call, object);
  if (!items && heap_of(call).as<RangeObject>(object) != nullptr) {
    LATHE_TRY(items, call.items("object"));
  }
  if (!items) return call.evaluator.unsupported(call.where, "`numpy.array` of anything but a list of numbers");
  const bool any_float =
      std::any_of(items->begin(), items->end(), [](const Value& item) { return std::holds_alternative<double>(item); });
  for (Value& item : *items) {
    if (const auto number = as_float(item); any_float && number) item = *number;
  }
  return new_array(call, *std::move(items));
}

/// zeros, ones, full
Result<Value> filled(NativeCall& call) {
  std::optional<Dim> size = as_integer(call.argument("shape"));
  if (const auto items = elements(call, call.argument("shape")); items && items->size() == 1)
    size = as_integer((*items)[0]);
  if (!size || !size->is_constant() || size->constant() < 0) return refuse(call);
  const auto count = static_cast<uint64_t>(size->constant());
  LATHE_TRY_VOID(call.evaluator.spend(count, call.where));
  const Value value =
      call.row.name == "full" ? call.argument("fill_value") : Value(call.row.name == "ones" ? 1.0 : 0.0);
  return new_array(call, std::vector<Value>(static_cast<size_t>(count), value));
}

Result<Value> linspace(NativeCall& call) {
  LATHE_TRY(const double start, call.number("start"));
  LATHE_TRY(const double stop, call.number("stop"));
  LATHE_TRY(const int64_t count, call.known_integer("num"));
  if (count < 0) return raise(call, "ValueError", "`num` must not be negative");
  LATHE_TRY(const bool endpoint, call.truth("endpoint"));
  LATHE_TRY_VOID(call.evaluator.spend(static_cast<uint64_t>(count), call.where));
  const int64_t steps = endpoint ? count - 1 : count;
  std::vector<Value> items;
  for (int64_t i = 0; i < count; ++i) {
    const bool last = endpoint && i == count - 1 && count > 1;
    const double step = steps > 0 ? (stop - start) / static_cast<double>(steps) : 0;
    items.emplace_back(last ? stop : start + static_cast<double>(i) * step);
  }
  return new_array(call, std::move(items));
}

Result<Value> arange(NativeCall& call) {
  Value start = integer(0);
  Value stop = call.argument("start");
  if (!call.is_none("stop")) {
    start = call.argument("start");
    stop = call.argument("stop");
  }
  const std::optional<double> from = as_float(start);
  const std::optional<double> to = as_float(stop);
  const std::optional<double> step = as_float(call.argument("step"));
  if (!from || !to || !step || *step == 0) return refuse(call);
  const double length = std::ceil((*to - *from) / *step);
  const bool whole = as_integer(start) && as_integer(stop) && as_integer(call.argument("step"));
  std::vector<Value> items;
  for (int64_t i = 0; static_cast<double>(i) < length; ++i) {
    LATHE_TRY_VOID(call.evaluator.spend(1, call.where));
    const double value = *from + static_cast<double>(i) * *step;
    items.push_back(whole ? integer(static_cast<int64_t>(value)) : Value(value));
  }
  return new_array(call, std::move(items));
}

/// prod and sum: through the operators, so that sizes that are only names work, too.
Result<Value> fold(NativeCall& call) {
  const Value& given = call.argument("a");
  LATHE_RETURN_UNKNOWN(given);
  const bool product = call.row.name == "prod";
  if (is_number(given)) return given;
  const std::optional<std::vector<Value>> items = elements(call, given);
  if (!items || !call.is_none("axis")) return refuse(call);
  Value result = items->empty() ? Value(product ? 1.0 : 0.0) : integer(product ? 1 : 0);
  for (const Value& item : *items) {
    LATHE_TRY_VOID(call.evaluator.spend(1, call.where));
    LATHE_TRY(result, call.evaluator.binary(product ? BinaryOp::Multiply : BinaryOp::Add, result, item, call.where));
  }
  return result;
}

Result<Value> cumulate(NativeCall& call) {
  LATHE_RETURN_UNKNOWN(call.argument("a"));
  std::optional<std::vector<Value>> items = elements(call, call.argument("a"));
  if (!items) return refuse(call);
  const BinaryOp op = call.row.name == "cumprod" ? BinaryOp::Multiply : BinaryOp::Add;
  for (size_t i = 1; i < items->size(); ++i) {
    LATHE_TRY((*items)[i], call.evaluator.binary(op, (*items)[i - 1], (*items)[i], call.where));
  }
  return new_array(call, *std::move(items));
}

Result<Value> mean(NativeCall& call) {
  LATHE_RETURN_UNKNOWN(call.argument("a"));
  const std::optional<std::vector<Value>> items = elements(call, call.argument("a"));
  if (!items || items->empty()) return refuse(call);
  double sum = 0;
  for (const Value& item : *items) {
    const std::optional<double> number = as_float(item);
    if (!number) return refuse(call);
    sum += *number;
  }
  return Value(sum / static_cast<double>(items->size()));
}

Result<Value> extreme(NativeCall& call) {
  LATHE_RETURN_UNKNOWN(call.argument("a"));
  const std::optional<std::vector<Value>> items = elements(call, call.argument("a"));
  if (!items || items->empty()) return refuse(call);
  const bool largest = call.row.name == "max" || call.row.name == "amax";
  Value best = (*items)[0];
  for (const Value& item : *items) {
    LATHE_TRY(const bool better, largest ? is_less(call, best, item) : is_less(call, item, best));
    if (better) best = item;
  }
  return best;
}

template <double (*kFunction)(double)>
Result<Value> apply(NativeCall& call) {
  LATHE_RETURN_UNKNOWN(call.argument("x"));
  if (std::optional<std::vector<Value>> items = elements(call, call.argument("x"))) {
    for (Value& item : *items) {
      const std::optional<double> number = as_float(item);
      if (!number) return refuse(call);
      item = kFunction(*number);
    }
    return new_array(call, *std::move(items));
  }
  LATHE_TRY(const double x, call.number("x"));
  return Value(kFunction(x));
}
double square(double x) { return x * x; }

/// int64(x), float32(x): a number of Python. float32 rounds as it does in numpy.
Result<Value> to_integer(NativeCall& call) {
  const Value& value = call.argument("x");
  LATHE_RETURN_UNKNOWN(value);
  if (const std::optional<Dim> size = as_integer(value)) return Value(*size);
  LATHE_TRY(const double number, call.number("x"));
  constexpr double kLimit = 9.2e18;
  if (!(std::fabs(number) < kLimit)) return refuse(call);
  return integer(static_cast<int64_t>(number));
}
Result<Value> to_float(NativeCall& call) {
  LATHE_RETURN_UNKNOWN(call.argument("x"));
  LATHE_TRY(const double number, call.number("x"));
  return Value(call.row.name == "float32" ? static_cast<double>(static_cast<float>(number)) : number);
}

// ------------------------------------------------------------------------------------------------------------- arrays

Result<Value> array_iterator(NativeCall& call) {
  const ListObject* list = array_list(call, call.argument("self"));
  if (list == nullptr) return wrong_type(call, "self", "an array");
  return Value(heap_of(call).add(IteratorObject{list->items, 0, false, {}}));
}
Result<Value> array_length(NativeCall& call) {
  const ListObject* list = array_list(call, call.argument("self"));
  if (list == nullptr) return wrong_type(call, "self", "an array");
  return integer(static_cast<int64_t>(list->items.size()));
}
Result<Value> array_shape(NativeCall& call) {
  LATHE_TRY(const Value length, array_length(call));
  return heap_of(call).new_tuple({length});
}
Result<Value> array_to_list(NativeCall& call) {
  const ListObject* list = array_list(call, call.argument("self"));
  if (list == nullptr) return wrong_type(call, "self", "an array");
  return heap_of(call).new_list(list->items);
}
Result<Value> array_item(NativeCall& call) {
  LATHE_TRY(const Value list, array_to_list(call));
  LATHE_TRY(Value item, call.evaluator.get_item(list, call.argument("index"), call.where));
  if (const auto* part = heap_of(call).as<ListObject>(item)) return new_array(call, part->items);
  return item;
}
Result<Value> only_item(NativeCall& call) {
  const ListObject* list = array_list(call, call.argument("self"));
  if (list == nullptr || list->items.size() != 1) return wrong_type(call, "self", "an array of one element");
  return list->items[0];
}

struct ArrayOperator {
  std::string_view name;
  BinaryOp op;
  bool reflected;
};
constexpr ArrayOperator kOperators[] = {
    {"__add__", BinaryOp::Add, false},
    {"__radd__", BinaryOp::Add, true},
    {"__sub__", BinaryOp::Subtract, false},
    {"__rsub__", BinaryOp::Subtract, true},
    {"__mul__", BinaryOp::Multiply, false},
    {"__rmul__", BinaryOp::Multiply, true},
    {"__truediv__", BinaryOp::Divide, false},
    {"__rtruediv__", BinaryOp::Divide, true},
    {"__floordiv__", BinaryOp::FloorDivide, false},
    {"__pow__", BinaryOp::Power, false},
};

/// Element by element, with a number or with an array as long.
Result<Value> array_operator(NativeCall& call) {
  const ListObject* list = array_list(call, call.argument("self"));
  if (list == nullptr) return wrong_type(call, "self", "an array");
  std::vector<Value> items = list->items;
  const Value& other = call.argument("other");
  LATHE_RETURN_UNKNOWN(other);
  const std::optional<std::vector<Value>> others = elements(call, other);
  if (!others && !is_number(other)) return refuse(call);
  if (others && others->size() != items.size() && others->size() != 1) {
    return raise(call, "ValueError", "arrays of {} and {} elements don't fit", items.size(), others->size());
  }
  for (const ArrayOperator& row : kOperators) {
    if (row.name != call.row.name) continue;
    for (size_t i = 0; i < items.size(); ++i) {
      const Value& right = !others ? other : (*others)[others->size() == 1 ? 0 : i];
      LATHE_TRY(items[i], row.reflected ? call.evaluator.binary(row.op, right, items[i], call.where)
                                        : call.evaluator.binary(row.op, items[i], right, call.where));
    }
  }
  return new_array(call, std::move(items));
}

constexpr NativeFunctionRow kArrayMethods[] = {
    {"__iter__", "self", array_iterator},
    {"__len__", "self", array_length},
    {"__getitem__", "self, index, /", array_item},
    {"shape", "self", array_shape, NativeKind::Property},
    {"size", "self", array_length, NativeKind::Property},
    {"tolist", "self", array_to_list},
    {"item", "self", only_item},
    {"__add__", "self, other, /", array_operator},
    {"__radd__", "self, other, /", array_operator},
    {"__sub__", "self, other, /", array_operator},
    {"__rsub__", "self, other, /", array_operator},
    {"__mul__", "self, other, /", array_operator},
    {"__rmul__", "self, other, /", array_operator},
    {"__truediv__", "self, other, /", array_operator},
    {"__rtruediv__", "self, other, /", array_operator},
    {"__floordiv__", "self, other, /", array_operator},
    {"__pow__", "self, other, /", array_operator},
};

constexpr NativeFunctionRow kFunctions[] = {
    {"array", "object, dtype=None", array},
    {"asarray", "object, dtype=None", array},
    {"zeros", "shape, dtype=None", filled},
    {"ones", "shape, dtype=None", filled},
    {"full", "shape, fill_value, dtype=None", filled},
    {"linspace", "start, stop, num=50, endpoint=True, dtype=None", linspace},
    {"arange", "start, stop=None, step=1, dtype=None", arange},
    {"prod", "a, axis=None, dtype=None", fold},
    {"sum", "a, axis=None, dtype=None", fold},
    {"cumsum", "a, axis=None", cumulate},
    {"cumprod", "a, axis=None", cumulate},
    {"mean", "a, axis=None", mean},
    {"max", "a, axis=None", extreme},
    {"min", "a, axis=None", extreme},
    {"amax", "a, axis=None", extreme},
    {"amin", "a, axis=None", extreme},
    {"sqrt", "x, /", apply<std::sqrt>},
    {"exp", "x, /", apply<std::exp>},
    {"log", "x, /", apply<std::log>},
    {"log2", "x, /", apply<std::log2>},
    {"log10", "x, /", apply<std::log10>},
    {"sin", "x, /", apply<std::sin>},
    {"cos", "x, /", apply<std::cos>},
    {"tanh", "x, /", apply<std::tanh>},
    {"ceil", "x, /", apply<std::ceil>},
    {"floor", "x, /", apply<std::floor>},
    {"rint", "x, /", apply<std::nearbyint>},
    {"abs", "x, /", apply<std::fabs>},
    {"square", "x, /", apply<square>},
    {"int64", "x=0, /", to_integer},
    {"int32", "x=0, /", to_integer},
    {"float64", "x=0.0, /", to_float},
    {"float32", "x=0.0, /", to_float},
};
constexpr NativeClassRow kClasses[] = {{"ndarray", "", kArrayMethods}};
constexpr NativeConstantRow kConstants[] = {
    {"pi", [](Evaluator&) { return Value(std::numbers::pi); }},
    {"e", [](Evaluator&) { return Value(std::numbers::e); }},
    {"inf", [](Evaluator&) { return Value(std::numeric_limits<double>::infinity()); }},
    {"nan", [](Evaluator&) { return Value(std::numeric_limits<double>::quiet_NaN()); }},
    {"newaxis", [](Evaluator&) { return none(); }},
};
constexpr NativeFunctionRow kRandom[] = {{"seed", "seed=None", [](NativeCall&) { return Result<Value>(none()); }}};

constexpr NativeModuleRow kModules[] = {
    {"numpy", kFunctions, kClasses, kConstants},
    {"numpy.random", kRandom, {}, {}},
};

}  // namespace

std::span<const NativeModuleRow> stdlib_numpy() { return kModules; }

}  // namespace lathe::torch
