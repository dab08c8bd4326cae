// The modules typing and abc, and others that only describe: their names exist, and do nothing.
#include "compiler/frontend/torch/python/library_parts.h"
#include "compiler/frontend/torch/python/native_support.h"

namespace lathe::torch {
namespace {

Result<Value> identity(NativeCall& call) { return call.argument("value"); }
constexpr NativeFunctionRow kIdentity{"decorator", "value, /", identity};

/// A decorator with arguments that changes nothing.
Result<Value> identity_decorator(NativeCall& call) {
  return Value(heap_of(call).add(NativeFunctionObject{&kIdentity}));
}

Result<Value> type_variable(NativeCall& call) {
  LATHE_TRY(const std::string name, call.string("name"));
  return Value(heap_of(call).add(TokenObject{"TypeVar", "~" + name}));
}

Result<Value> new_type(NativeCall& call) { return identity_decorator(call); }

/// `cls[int]`
Result<Value> subscript(NativeCall& call) { return call.argument("cls"); }

Value false_value(Evaluator&) { return false; }
Value text_type(Evaluator& evaluator) { return evaluator.builtin_class("str"); }

constexpr NativeFunctionRow kTypingFunctions[] = {
    {"cast", "type, value, /", identity},
    {"TypeVar", "name, *constraints, **options", type_variable},
    {"ParamSpec", "name, **options", type_variable},
    {"TypeVarTuple", "name, **options", type_variable},
    {"NewType", "name, type, /", new_type},
    {"overload", "value, /", identity},
    {"final", "value, /", identity},
    {"no_type_check", "value, /", identity},
    {"runtime_checkable", "value, /", identity},
    {"override", "value, /", identity},
};
constexpr NativeFunctionRow kSubscript[] = {{"__class_getitem__", "cls, index, /", subscript, NativeKind::ClassMethod}};

constexpr NativeClassRow kTypingClasses[] = {
    {"Any", "", kSubscript},
    {"Union", "", kSubscript},
    {"Optional", "", kSubscript},
    {"List", "", kSubscript},
    {"Tuple", "", kSubscript},
    {"Dict", "", kSubscript},
    {"FrozenSet", "", kSubscript},
    {"Type", "", kSubscript},
    {"Callable", "", kSubscript},
    {"Literal", "", kSubscript},
    {"Final", "", kSubscript},
    {"ClassVar", "", kSubscript},
    {"Iterable", "", kSubscript},
    {"Iterator", "", kSubscript},
    {"Generator", "", kSubscript},
    {"Sequence", "", kSubscript},
    {"MutableSequence", "", kSubscript},
    {"Mapping", "", kSubscript},
    {"MutableMapping", "", kSubscript},
    {"Set", "", kSubscript},
    {"AbstractSet", "", kSubscript},
    {"Collection", "", kSubscript},
    {"Container", "", kSubscript},
    {"Sized", "", kSubscript},
    {"Hashable", "", kSubscript},
    {"OrderedDict", "", kSubscript},
    {"DefaultDict", "", kSubscript},
    {"Deque", "", kSubscript},
    {"Counter", "", kSubscript},
    {"Generic", "", kSubscript},
    {"Protocol", "", kSubscript},
    {"Annotated", "", kSubscript},
    {"Concatenate", "", kSubscript},
    {"NoReturn", "", kSubscript},
    {"Never", "", kSubscript},
    {"Self", "", kSubscript},
    {"TypeAlias", "", kSubscript},
    {"IO", "", kSubscript},
    {"TypedDict", "dict", {}},
    {"SupportsFloat", "", kSubscript},
    {"SupportsInt", "", kSubscript},
    {"ForwardRef", "", kSubscript},
    {"Required", "", kSubscript},
    {"NotRequired", "", kSubscript},
    {"Unpack", "", kSubscript},
};
constexpr NativeConstantRow kTypingConstants[] = {{"TYPE_CHECKING", false_value}, {"Text", text_type}};

constexpr NativeFunctionRow kAbcFunctions[] = {
    {"abstractmethod", "value, /", identity},
};
Result<Value> make_abstract_property(NativeCall& call) {
  return Value(heap_of(call).add(PropertyObject{call.argument("value"), none()}));
}
constexpr NativeFunctionRow kAbstractProperty[] = {
    {"abstractproperty", "value, /", make_abstract_property},
};
constexpr NativeClassRow kAbcClasses[] = {{"ABC", "", {}}, {"ABCMeta", "", {}}};

Value feature(Evaluator& evaluator) { return evaluator.heap().add(TokenObject{"feature", "_Feature"}); }
constexpr NativeConstantRow kFutures[] = {
    {"annotations", feature},     {"division", feature},         {"print_function", feature},
    {"absolute_import", feature}, {"unicode_literals", feature}, {"with_statement", feature},
    {"generators", feature},      {"nested_scopes", feature},    {"generator_stop", feature},
};

constexpr NativeModuleRow kModules[] = {
    {"typing", kTypingFunctions, kTypingClasses, kTypingConstants},
    {"typing_extensions", kTypingFunctions, kTypingClasses, kTypingConstants},
    {"abc", kAbcFunctions, kAbcClasses, {}},
    {"abc", kAbstractProperty, {}, {}},
    {"__future__", {}, {}, kFutures},
};

}  // namespace

std::span<const NativeModuleRow> stdlib_typing() { return kModules; }

}  // namespace lathe::torch
