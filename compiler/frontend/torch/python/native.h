// Native functions and classes: how the library (math, torch, torch.nn ...) is offered to evaluated programs.
//
// A row names a function, its parameters in Python's own notation, and the C++ function that carries it out. The
// evaluator binds arguments to parameters once, the way Python does (positions, keywords, defaults, `*args`,
// `**kwargs`, `/`, `*`), reports wrong ones with the row's signature, and calls the function with one value a
// parameter. Classes are rows too: a name, bases, methods. Tables of rows live in the files of the library; a module is
// a list of tables under a path such as `torch.nn.functional`.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/frontend/torch/python/value.h"
#include "ir/base/diagnostic.h"

namespace lathe::torch {

using NativeFunction = Result<Value> (*)(NativeCall&);

/// What kind of attribute a method of a native class is.
enum class NativeKind : uint8_t { Function, StaticMethod, ClassMethod, Property };

struct NativeFunctionRow {
  std::string_view name;
  /// As between the parentheses of a `def`: "tensors, dim=0, *, out=None". Defaults are None, True, False, numbers and
  /// strings in single quotes. Methods spell `self` first.
  std::string_view parameters;
  NativeFunction function = nullptr;
  NativeKind kind = NativeKind::Function;
};

/// A method `__new__` ("cls, ...") makes the value that a call of the class gives, which need not be an instance
/// (nn.Parameter makes a tensor); `__init__` follows only when it is an instance of the class.
/// The built-in classes (path "builtins") are rows too: `int`, `list`, `str` ... have `__new__` and their methods; a
/// subclass by the user gets itself as `cls` (a dict made for it carries that as DictObject::type) and has `__init__`
/// called when the class has one. Classes without a row (object, function, NoneType ...) are made by the evaluator.
/// A class method `__init_subclass__` ("cls") is called with every new class below it and may give another value to
/// bind in its place; None keeps the class (NamedTuple, Enum). `super`, `object` and `type` belong to the evaluator. A
/// tuple with a type finds its items by name through the class attribute `_fields`, a tuple of strings.
struct NativeClassRow {
  std::string_view name;   ///< "Linear"
  std::string_view bases;  ///< with their paths, blanks between: "torch.nn.Module"; "" is object
  std::span<const NativeFunctionRow> methods;
};

/// A name with a value that is no function: `math.pi`, `torch.float32`.
struct NativeConstantRow {
  std::string_view name;
  Value (*make)(Evaluator&);
};

/// A part of an importable module; several rows with the same path are one module.
struct NativeModuleRow {
  std::string_view path;  ///< "torch.nn.functional"
  std::span<const NativeFunctionRow> functions;
  std::span<const NativeClassRow> classes;
  std::span<const NativeConstantRow> constants;
};

/// One call of a native function, its arguments bound. The typed getters report a TypeError that names function,
/// parameter and what was given; a getter for an Unknown argument fails silently, for that was reported before.
struct NativeCall {
  Evaluator& evaluator;
  const NativeFunctionRow& row;
  /// By parameter. A `*args` parameter is a tuple, a `**kwargs` parameter a dict. Never shorter than the parameters.
  std::vector<Value> arguments;
  /// By parameter: where the argument was written; the call itself for defaults and expanded ones.
  std::vector<LocationId> places;
  std::vector<bool> given;                  ///< by parameter: not the default
  LocationId where;                         ///< the whole call
  std::span<const std::string> parameters;  ///< their names

  [[nodiscard]] size_t position(std::string_view parameter) const;  ///< checked
  [[nodiscard]] const Value& argument(std::string_view parameter) const { return arguments[position(parameter)]; }
  [[nodiscard]] LocationId place(std::string_view parameter) const { return places[position(parameter)]; }
  [[nodiscard]] bool is_given(std::string_view parameter) const { return given[position(parameter)]; }
  /// "torch.flatten", "Linear", "str.join"
  [[nodiscard]] std::string display_name() const;
  [[nodiscard]] bool is_none(std::string_view parameter) const { return torch::is_none(argument(parameter)); }

  Result<Dim> integer(std::string_view parameter);            ///< an int or bool
  Result<int64_t> known_integer(std::string_view parameter);  ///< an int that is known now; else LT0901
  Result<double> number(std::string_view parameter);          ///< an int or float that is known now
  Result<bool> truth(std::string_view parameter);             ///< Python's truth of anything
  Result<std::string> string(std::string_view parameter);
  Result<TensorId> tensor(std::string_view parameter);
  Result<std::vector<Value>> items(std::string_view parameter);   ///< of any iterable
  Result<std::vector<Dim>> integers(std::string_view parameter);  ///< of any iterable of ints

  /// A diagnostic at the call or at an argument; the exception that `except` would see is of the given built-in class.
  /// End with emit().
  template <class... Parts>
  DiagnosticBuilder error(DiagnosticKind kind, std::string_view exception, fmt::format_string<Parts...> format,
                          Parts&&... parts) {
    return error_at(where, kind, exception, fmt::format(format, std::forward<Parts>(parts)...));
  }
  DiagnosticBuilder error_at(LocationId place, DiagnosticKind kind, std::string_view exception, std::string message);
};

}  // namespace lathe::torch
