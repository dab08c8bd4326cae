// The modules functools and operator.
#include "compiler/frontend/torch/python/abstract_classes.h"
#include "compiler/frontend/torch/python/library_parts.h"
#include "compiler/frontend/torch/python/native_support.h"

namespace lathe::torch {
namespace {

// ------------------------------------------------------------------------------------------------------------ partial

Result<Value> initialize_partial(NativeCall& call) {
  const auto* self = std::get_if<ObjectId>(&call.argument("self"));
  LATHE_RETURN_UNKNOWN(call.argument("function"));
  if (!is_callable(call.evaluator, call.argument("function"))) return wrong_type(call, "function", "a function");
  const auto set = [&](std::string_view name, const Value& value) {
    return call.evaluator.set_plain_attribute(*self, call.evaluator.name(name), value);
  };
  LATHE_TRY_VOID(set("func", call.argument("function")));
  LATHE_TRY_VOID(set("args", call.argument("arguments")));
  LATHE_TRY_VOID(set("keywords", call.argument("keywords")));
  return none();
}

Result<Value> call_partial(NativeCall& call) {
  const auto* self = heap_of(call).as<InstanceObject>(call.argument("self"));
  if (self == nullptr) return wrong_type(call, "self", "a partial");
  const auto attribute = [&](std::string_view name) {
    const Value* found = self->attributes.find(call.evaluator.name(name));
    return found != nullptr ? *found : none();
  };
  const Value function = attribute("func");
  Arguments arguments;
  if (const auto* bound = heap_of(call).as<TupleObject>(attribute("args"))) arguments.positional = bound->items;
  const std::vector<Value> given = heap_of(call).as<TupleObject>(call.argument("arguments"))->items;
  arguments.positional.insert(arguments.positional.end(), given.begin(), given.end());
  const ObjectId keywords = heap_of(call).add(DictObject{});
  LATHE_TRY_VOID(update_dict(call, keywords, attribute("keywords")));
  LATHE_TRY_VOID(update_dict(call, keywords, call.argument("keywords")));
  for (const DictStorage::Entry& entry : std::get<DictObject>(heap_of(call)[keywords]).entries.entries()) {
    if (const std::string* name = heap_of(call).string(entry.key)) {
      arguments.keywords.emplace_back(call.evaluator.name(*name), entry.value);
    }
  }
  return call.evaluator.call(function, std::move(arguments), call.where);
}

constexpr NativeFunctionRow kPartialMethods[] = {
    {"__init__", "self, function, /, *arguments, **keywords", initialize_partial},
    {"__call__", "self, /, *arguments, **keywords", call_partial},
};

// --------------------------------------------------------------------------------------------------------- decorators

Result<Value> identity(NativeCall& call) { return call.argument("function"); }
constexpr NativeFunctionRow kIdentity{"decorator", "function, /", identity};

/// A decorator that changes nothing that a model file could see.
Result<Value> identity_decorator(NativeCall& call) {
  return Value(heap_of(call).add(NativeFunctionObject{&kIdentity}));
}

/// `@lru_cache`, `@lru_cache()` and `@lru_cache(maxsize=8)`: functions are called each time.
Result<Value> cache(NativeCall& call) {
  if (is_callable(call.evaluator, call.argument("maxsize"))) return call.argument("maxsize");
  return identity_decorator(call);
}

/// `functools.reduce(function, iterable, initial)`
Result<Value> reduce(NativeCall& call) {
  LATHE_RETURN_UNKNOWN(call.argument("iterable"));
  LATHE_TRY(const std::vector<Value> items, call.items("iterable"));
  size_t next = 0;
  Value result = call.argument("initial");
  if (!call.is_given("initial")) {
    if (items.empty()) return raise(call, "TypeError", "`reduce` of nothing without an initial value");
    result = items[next++];
  }
  for (; next < items.size(); ++next) {
    LATHE_TRY_VOID(call.evaluator.spend(1, call.where));
    LATHE_TRY(result, call_back(call, call.argument("function"), {result, items[next]}));
  }
  return result;
}

/// A method becomes a property that is computed at each use.
Result<Value> make_cached_property(NativeCall& call) {
  return Value(heap_of(call).add(PropertyObject{call.argument("function"), none()}));
}

/// functools.cmp_to_key(f): keys that compare through f.
Result<Value> refuse(NativeCall& call) {
  return call.evaluator.unsupported(call.where, fmt::format("`{}`", call.display_name()));
}

constexpr NativeFunctionRow kFunctools[] = {
    {"reduce", "function, iterable, initial=None, /", reduce},
    {"wraps", "function, *arguments, **keywords", identity_decorator},
    {"update_wrapper", "function, *arguments, **keywords", identity},
    {"lru_cache", "maxsize=128, typed=False", cache},
    {"cache", "function, /", identity},
    {"total_ordering", "function, /", identity},
    {"cached_property", "function", make_cached_property},
    {"singledispatch", "function", refuse},
    {"cmp_to_key", "function", refuse},
};
constexpr NativeClassRow kFunctoolsClasses[] = {{"partial", "", kPartialMethods}};

// ----------------------------------------------------------------------------------------------------------- operator

struct OperatorRow {
  std::string_view name;
  BinaryOp op;
};
constexpr OperatorRow kOperators[] = {
    {"add", BinaryOp::Add},
    {"sub", BinaryOp::Subtract},
    {"mul", BinaryOp::Multiply},
    {"truediv", BinaryOp::Divide},
    {"floordiv", BinaryOp::FloorDivide},
    {"mod", BinaryOp::Modulo},
    {"pow", BinaryOp::Power},
    {"matmul", BinaryOp::MatrixMultiply},
    {"and_", BinaryOp::BitAnd},
    {"or_", BinaryOp::BitOr},
    {"xor", BinaryOp::BitXor},
    {"lshift", BinaryOp::ShiftLeft},
    {"rshift", BinaryOp::ShiftRight},
};
Result<Value> binary_operator(NativeCall& call) {
  for (const OperatorRow& row : kOperators) {
    if (row.name == call.row.name)
      return call.evaluator.binary(row.op, call.argument("a"), call.argument("b"), call.where);
  }
  return refuse(call);
}

struct ComparisonRow {
  std::string_view name;
  CompareOp op;
};
constexpr ComparisonRow kComparisons[] = {
    {"lt", CompareOp::Less},  {"le", CompareOp::LessEqual}, {"gt", CompareOp::Greater}, {"ge", CompareOp::GreaterEqual},
    {"eq", CompareOp::Equal}, {"ne", CompareOp::NotEqual},  {"is_", CompareOp::Is},     {"is_not", CompareOp::IsNot},
};
Result<Value> comparison(NativeCall& call) {
  for (const ComparisonRow& row : kComparisons) {
    if (row.name == call.row.name)
      return call.evaluator.compare(row.op, call.argument("a"), call.argument("b"), call.where);
  }
  return refuse(call);
}

Result<Value> negate(NativeCall& call) {
  return call.evaluator.binary(BinaryOp::Multiply, call.argument("a"), integer(-1), call.where);
}

/// itemgetter and attrgetter keep what they get as `keys`.
Result<Value> initialize_getter(NativeCall& call) {
  const auto* self = std::get_if<ObjectId>(&call.argument("self"));
  LATHE_TRY_VOID(call.evaluator.set_plain_attribute(*self, call.evaluator.name("keys"), call.argument("keys")));
  return none();
}
Result<Value> call_getter(NativeCall& call) {
  const auto* self = heap_of(call).as<InstanceObject>(call.argument("self"));
  if (self == nullptr) return wrong_type(call, "self", "a getter");
  const Value* keys = self->attributes.find(call.evaluator.name("keys"));
  const auto* tuple = keys != nullptr ? heap_of(call).as<TupleObject>(*keys) : nullptr;
  const bool items = std::get<ClassObject>(heap_of(call)[self->type]).name == "itemgetter";
  const std::vector<Value> wanted = tuple != nullptr ? tuple->items : std::vector<Value>();
  std::vector<Value> found;
  for (const Value& key : wanted) {
    if (items) {
      LATHE_TRY(Value value, call.evaluator.get_item(call.argument("object"), key, call.where));
      found.push_back(std::move(value));
      continue;
    }
    const std::string* name = heap_of(call).string(key);
    if (name == nullptr) return raise(call, "TypeError", "`attrgetter` wants names");
    Value value = call.argument("object");
    for (size_t at = 0; at <= name->size();) {
      const size_t end = std::min(name->find('.', at), name->size());
      LATHE_TRY(value,
                call.evaluator.get_attribute(value, call.evaluator.name(name->substr(at, end - at)), call.where));
      at = end + 1;
    }
    found.push_back(std::move(value));
  }
  return found.size() == 1 ? found[0] : heap_of(call).new_tuple(std::move(found));
}
constexpr NativeFunctionRow kGetterMethods[] = {
    {"__init__", "self, *keys", initialize_getter},
    {"__call__", "self, object, /", call_getter},
};

constexpr NativeFunctionRow kOperatorFunctions[] = {
    {"add", "a, b, /", binary_operator},
    {"sub", "a, b, /", binary_operator},
    {"mul", "a, b, /", binary_operator},
    {"truediv", "a, b, /", binary_operator},
    {"floordiv", "a, b, /", binary_operator},
    {"mod", "a, b, /", binary_operator},
    {"pow", "a, b, /", binary_operator},
    {"matmul", "a, b, /", binary_operator},
    {"and_", "a, b, /", binary_operator},
    {"or_", "a, b, /", binary_operator},
    {"xor", "a, b, /", binary_operator},
    {"lshift", "a, b, /", binary_operator},
    {"rshift", "a, b, /", binary_operator},
    {"lt", "a, b, /", comparison},
    {"le", "a, b, /", comparison},
    {"gt", "a, b, /", comparison},
    {"ge", "a, b, /", comparison},
    {"eq", "a, b, /", comparison},
    {"ne", "a, b, /", comparison},
    {"is_", "a, b, /", comparison},
    {"is_not", "a, b, /", comparison},
    {"neg", "a, /", negate},
};
constexpr NativeClassRow kOperatorClasses[] = {
    {"itemgetter", "", kGetterMethods},
    {"attrgetter", "", kGetterMethods},
};

constexpr NativeModuleRow kModules[] = {
    {"functools", kFunctools, kFunctoolsClasses, {}},
    {"operator", kOperatorFunctions, kOperatorClasses, {}},
};

}  // namespace

std::span<const NativeModuleRow> stdlib_functools() { return kModules; }

}  // namespace lathe::torch
