// The hierarchy of built-in exceptions.
#include "compiler/frontend/torch/python/library_parts.h"
#include "compiler/frontend/torch/python/native_support.h"

namespace lathe::torch {
namespace {

/// The arguments become `args` whether or not a subclass passes them on.
Result<Value> make_exception(NativeCall& call) {
  const std::optional<ObjectId> type = as_class(call.evaluator, call.argument("cls"));
  if (!type) return wrong_type(call, "cls", "a class");
  const ObjectId instance = call.evaluator.new_instance(*type, call.where);
  LATHE_TRY_VOID(call.evaluator.set_plain_attribute(instance, call.evaluator.name("args"), call.argument("arguments")));
  return Value(instance);
}

Result<Value> initialize_exception(NativeCall& call) {
  const auto* id = std::get_if<ObjectId>(&call.argument("self"));
  if (id == nullptr) return none();
  LATHE_TRY_VOID(call.evaluator.set_plain_attribute(*id, call.evaluator.name("args"), call.argument("arguments")));
  return none();
}

Result<Value> exception_text(NativeCall& call) {
  LATHE_TRY(const Value arguments,
            call.evaluator.get_attribute(call.argument("self"), call.evaluator.name("args"), call.where));
  const auto* tuple = heap_of(call).as<TupleObject>(arguments);
  if (tuple == nullptr || tuple->items.empty()) return new_string(call, "");
  if (tuple->items.size() > 1) {
    LATHE_TRY(std::string text, call.evaluator.text(arguments, call.where));
    return new_string(call, std::move(text));
  }
  const Value only = tuple->items[0];
  const bool is_key_error = call.evaluator.is_instance(call.argument("self"), call.evaluator.builtin_class("KeyError"));
  LATHE_TRY(std::string text,
            is_key_error ? call.evaluator.repr(only, call.where) : call.evaluator.text(only, call.where));
  return new_string(call, std::move(text));
}

Result<Value> with_traceback(NativeCall& call) { return call.argument("self"); }

constexpr NativeFunctionRow kMethods[] = {
    {"__new__", "cls, *arguments, **keywords", make_exception},
    {"__init__", "self, *arguments", initialize_exception},
    {"__str__", "self", exception_text},
    {"with_traceback", "self, traceback, /", with_traceback},
};

constexpr NativeClassRow kClasses[] = {
    {"BaseException", "", kMethods},
    {"Exception", "BaseException", {}},
    {"SystemExit", "BaseException", {}},
    {"KeyboardInterrupt", "BaseException", {}},
    {"GeneratorExit", "BaseException", {}},
    {"StopIteration", "Exception", {}},
    {"StopAsyncIteration", "Exception", {}},
    {"ArithmeticError", "Exception", {}},
    {"FloatingPointError", "ArithmeticError", {}},
    {"OverflowError", "ArithmeticError", {}},
    {"ZeroDivisionError", "ArithmeticError", {}},
    {"AssertionError", "Exception", {}},
    {"AttributeError", "Exception", {}},
    {"BufferError", "Exception", {}},
    {"EOFError", "Exception", {}},
    {"ImportError", "Exception", {}},
    {"ModuleNotFoundError", "ImportError", {}},
    {"LookupError", "Exception", {}},
    {"IndexError", "LookupError", {}},
    {"KeyError", "LookupError", {}},
    {"MemoryError", "Exception", {}},
    {"NameError", "Exception", {}},
    {"UnboundLocalError", "NameError", {}},
    {"OSError", "Exception", {}},
    {"IOError", "OSError", {}},
    {"EnvironmentError", "OSError", {}},
    {"FileExistsError", "OSError", {}},
    {"FileNotFoundError", "OSError", {}},
    {"NotADirectoryError", "OSError", {}},
    {"PermissionError", "OSError", {}},
    {"TimeoutError", "OSError", {}},
    {"ReferenceError", "Exception", {}},
    {"RuntimeError", "Exception", {}},
    {"NotImplementedError", "RuntimeError", {}},
    {"RecursionError", "RuntimeError", {}},
    {"SyntaxError", "Exception", {}},
    {"IndentationError", "SyntaxError", {}},
    {"SystemError", "Exception", {}},
    {"TypeError", "Exception", {}},
    {"ValueError", "Exception", {}},
    {"UnicodeError", "ValueError", {}},
    {"UnicodeDecodeError", "UnicodeError", {}},
    {"UnicodeEncodeError", "UnicodeError", {}},
    {"Warning", "Exception", {}},
    {"DeprecationWarning", "Warning", {}},
    {"FutureWarning", "Warning", {}},
    {"ImportWarning", "Warning", {}},
    {"PendingDeprecationWarning", "Warning", {}},
    {"ResourceWarning", "Warning", {}},
    {"RuntimeWarning", "Warning", {}},
    {"SyntaxWarning", "Warning", {}},
    {"UserWarning", "Warning", {}},
};

constexpr NativeModuleRow kModules[] = {{"builtins", {}, kClasses, {}}};

}  // namespace

std::span<const NativeModuleRow> builtin_exceptions() { return kModules; }

}  // namespace lathe::torch
