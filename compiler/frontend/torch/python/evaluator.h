// Executes the Python subset: statements of a script, bodies of functions and classes, expressions.
//
// The evaluator knows the language and nothing of tensors: those belong to a Host, which it asks for attributes,
// operators, indexing and truth of TensorIds. Library modules are tables of native rows (native.h). Files beside the
// model can be imported, and nothing else is ever read. Budgets bound steps, objects, text and depth of calls, so every
// program ends.
//
// Faults. Whatever fails reports to `faults()` and returns a Failure, which unwinds like a Python exception: `try`
// drops the diagnostics of what it catches; at a statement of the top level they move to the caller's Diagnostics with
// the chain of calls as labels, the names that the statement would have bound become Unknown, and evaluation goes on
// with the next statement. What Lathe does not support is reported with unsupported() and gives Unknown without
// unwinding, so that one run lists all of it. One Evaluator evaluates one program; not thread-safe.
#pragma once

#include <fmt/format.h>

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "compiler/frontend/torch/python/native.h"
#include "ir/base/diagnostic.h"

namespace lathe::torch {

/// What the evaluator asks about tensors. All faults go to Evaluator::faults(). `where` is the expression.
class Host {
 public:
  virtual ~Host() = default;
  /// An attribute or a bound method; nothing (and no fault) when tensors have none of that name.
  virtual std::optional<Result<Value>> tensor_attribute(Evaluator& evaluator, TensorId tensor, NameId name) = 0;
  virtual Status set_tensor_attribute(Evaluator& evaluator, TensorId tensor, NameId name, const Value& value) = 0;
  /// At least one operand is a tensor.
  virtual Result<Value> binary(Evaluator& evaluator, BinaryOp op, const Value& left, const Value& right) = 0;
  /// `left op= right` for a tensor on the left: changes it in place.
  virtual Result<Value> binary_in_place(Evaluator& evaluator, BinaryOp op, TensorId left, const Value& right) = 0;
  virtual Result<Value> compare(Evaluator& evaluator, CompareOp op, const Value& left, const Value& right) = 0;
  virtual Result<Value> unary(Evaluator& evaluator, UnaryOp op, TensorId operand) = 0;
  virtual Result<Value> get_item(Evaluator& evaluator, TensorId tensor, const Value& index) = 0;
  virtual Status set_item(Evaluator& evaluator, TensorId tensor, const Value& index, const Value& value) = 0;
  /// The slices along the first axis.
  virtual Result<std::vector<Value>> iterate(Evaluator& evaluator, TensorId tensor) = 0;
  virtual Result<Dim> length(Evaluator& evaluator, TensorId tensor) = 0;
  /// bool(tensor), int(tensor), float(tensor): the only element of a tensor whose value is known now.
  virtual Result<Value> element(Evaluator& evaluator, TensorId tensor) = 0;
  /// For print and f-strings.
  virtual std::string text(TensorId tensor) = 0;
  /// copy.deepcopy: a tensor with elements of its own; a parameter stays a parameter, with the same initial values.
  virtual Result<Value> clone_tensor(Evaluator& evaluator, TensorId tensor);
  /// The class object of tensors, for isinstance().
  virtual ObjectId tensor_class(Evaluator& evaluator, TensorId tensor) = 0;
};

struct Limits {
  uint64_t steps = 20'000'000;  ///< statements, expressions, and elements that natives make
  size_t objects = 4'000'000;
  size_t text_bytes = 64u << 20u;  ///< of all strings together
  uint32_t call_depth = 400;
  uint32_t files = 200;  ///< imported
};

/// One function on the stack of calls, innermost last.
struct Frame {
  enum class Kind : uint8_t { Module, Function, Class, Native };
  Kind kind = Kind::Function;
  std::string name;  ///< of the function or file
  LocationId call;   ///< where it was called; invalid for the program itself
  ObjectId scope{};  ///< names; invalid for natives
  Value self{};      ///< first argument of a method, else Unknown
  uint32_t unit = 0;
  ExpressionId current{};  ///< what is evaluated now
};

/// What stood around a fault when it was reported, for those who look for cures once the program has been evaluated.
struct FaultFacts {
  std::vector<Frame> frames;    ///< outermost first, natives included; the innermost ones of a deep stack
  std::string operation;        ///< who reports: "forward" of a layer, "view", "+"; empty for faults of the language
  ObjectId layer{};             ///< the layer that reports; invalid when it is none
  std::vector<Value> operands;  ///< what it was given, by parameter; of a method or layer `self` first
  std::optional<Dim> wanted;    ///< the number that would fit
  std::optional<Dim> have;      ///< the number that is there
};

/// Positional and keyword arguments of a call, evaluated.
struct Arguments {
  std::vector<Value> positional;
  std::vector<std::pair<NameId, Value>> keywords;
  /// Where they were written, positional first; may be shorter (then the call itself).
  std::vector<LocationId> places;
};

/// Names what is carried out now in the facts of faults, as long as it lives.
class OperationInProgress {
 public:
  /// `operands` must outlive it.
  OperationInProgress(Evaluator& evaluator, std::string_view operation, std::span<const Value> operands);
  ~OperationInProgress();
  OperationInProgress(const OperationInProgress&) = delete;
  OperationInProgress& operator=(const OperationInProgress&) = delete;

 private:
  friend class Evaluator;
  Evaluator& evaluator_;
  std::string_view operation_;
  std::span<const Value> operands_;
  OperationInProgress* outer_;
};

class Evaluator {
 public:
  /// `locations` and `symbols` are those of the module that is built. All references must outlive the evaluator.
  Evaluator(LocationTable& locations, SymbolTable& symbols, Host& host, std::span<const NativeModuleRow> library,
            Limits limits = {});
  ~Evaluator();
  Evaluator(const Evaluator&) = delete;
  Evaluator& operator=(const Evaluator&) = delete;

  // ----------------------------------------------------------------------------------------------- programs (driver)
  /// Parses and executes a file as `__main__`; faults of its statements go to `diagnostics`. Fails when the file can't
  /// be read. Statements that could not be executed leave their names Unknown.
  Status run_file(const std::string& path, Diagnostics& diagnostics, const std::string& module_name = "__main__");
  /// Evaluates an expression in the scope of the program: `LeNet()`, `model`.
  Result<Value> evaluate_text(const std::string& text, Diagnostics& diagnostics);
  /// Runs `action` on the evaluator's own stack, on which calls may nest deep, while the caller waits.
  void on_stack(const std::function<void()>& action);
  /// Runs `action` as if it were a statement of the top level: its faults go to `diagnostics` with their call chain.
  template <class Action>
  auto guarded(Diagnostics& diagnostics, Action action) {
    auto result = action();
    move_faults(diagnostics);
    return result;
  }
  /// Top-level names of the program in the order of their first assignment, with where that was.
  struct TopLevelName {
    std::string name;
    Value value;
    LocationId where;
  };
  [[nodiscard]] std::vector<TopLevelName> top_level_names() const;
  /// What statements `name = ..` of the top level assigned, in order; a name comes as often as it was assigned.
  [[nodiscard]] const std::vector<TopLevelName>& assignments() const;
  /// A parameter that a caller may give.
  struct CallParameter {
    std::string name;
    Parameter::Kind kind = Parameter::Kind::Normal;
    bool is_required = true;
  };
  /// The parameters of a function, a bound method (without its `self`) or a native; nothing for other callables.
  [[nodiscard]] std::optional<std::vector<CallParameter>> parameters_of(const Value& function);
  /// What `print` of the program has written.
  [[nodiscard]] const std::string& printed() const { return printed_; }
  void print(std::string_view text) { printed_ += text; }

  /// A text that stands for the file of this path, also when it is imported. Must be given before run_file().
  void edit_file(const std::string& path, std::string text);
  /// Spent of the budget until now.
  [[nodiscard]] uint64_t steps() const;

  // ---------------------------------------------------------------------------------------------- language (natives)
  [[nodiscard]] Heap& heap() { return heap_; }
  [[nodiscard]] NameTable& names() { return names_; }
  [[nodiscard]] LocationTable& locations() { return locations_; }
  [[nodiscard]] SymbolTable& symbols() { return symbols_; }
  [[nodiscard]] Host& host() { return host_; }
  [[nodiscard]] NameId name(std::string_view text) { return names_.intern(text); }

  Result<Value> call(const Value& callee, Arguments arguments, LocationId where);
  Result<Value> call_method(const Value& object, std::string_view method, std::vector<Value> positional,
                            LocationId where);
  Result<Value> get_attribute(const Value& object, NameId name, LocationId where);
  /// Nothing when there is none; never an AttributeError.
  Result<std::optional<Value>> find_attribute(const Value& object, NameId name, LocationId where);
  Status set_attribute(const Value& object, NameId name, const Value& value, LocationId where);
  Status erase_attribute(const Value& object, NameId name, LocationId where);
  /// object.__setattr__ and object.__getattribute__, which pass by what classes define.
  Status set_plain_attribute(ObjectId instance, NameId name, const Value& value);
  Result<Value> get_item(const Value& object, const Value& index, LocationId where);
  Status set_item(const Value& object, const Value& index, const Value& value, LocationId where);
  Result<Value> binary(BinaryOp op, const Value& left, const Value& right, LocationId where);
  Result<Value> compare(CompareOp op, const Value& left, const Value& right, LocationId where);
  Result<bool> truth(const Value& value, LocationId where);
  Result<Dim> length(const Value& value, LocationId where);
  Result<std::vector<Value>> iterate(const Value& value, LocationId where);
  /// An iterator object over any iterable.
  Result<Value> iterator(const Value& value, LocationId where);
  /// The next item; nothing at the end.
  Result<std::optional<Value>> next(const Value& iterator, LocationId where);
  Result<std::string> text(const Value& value, LocationId where);  ///< str()
  Result<std::string> repr(const Value& value, LocationId where);
  Result<size_t> hash(const Value& key, LocationId where);
  [[nodiscard]] bool same_key(const Value& a, const Value& b);
  Result<std::optional<Value>> dict_find(ObjectId dict, const Value& key, LocationId where);
  Status dict_set(ObjectId dict, const Value& key, const Value& value, LocationId where);
  [[nodiscard]] bool is_instance(const Value& value, ObjectId type);
  [[nodiscard]] bool is_subclass(ObjectId type, ObjectId base) const;
  /// "int", "LeNet", "Tensor", "Linear": type(value).__name__
  [[nodiscard]] std::string type_name(const Value& value);
  /// The value for people: `3`, `'a'`, `a tensor (2, 3)`, `a Linear`.
  [[nodiscard]] std::string describe(const Value& value);

  // --------------------------------------------------------------------------------------------- modules and classes
  /// A class or function of the library by its path: `torch.nn.Linear`; checked.
  [[nodiscard]] ObjectId library_object(std::string_view path);
  /// The built-in class `ValueError`, `list`; checked.
  [[nodiscard]] ObjectId builtin_class(std::string_view name);
  /// The name of a native function for people: "torch.flatten", "Linear" (for its __init__), "str.join".
  [[nodiscard]] std::string native_name(const NativeFunctionRow& row) const;
  /// The kind of a wrong argument: Constructor for the constructors of layers, else BadArgument.
  [[nodiscard]] DiagnosticKind argument_kind(const NativeFunctionRow& row) const;
  /// Makes an instance without calling __init__.
  ObjectId new_instance(ObjectId type, LocationId where);

  // ----------------------------------------------------------------------------------------------------------- faults
  [[nodiscard]] Diagnostics& faults() { return faults_; }
  /// A fault of the program as an exception of a built-in class; end with emit() and return the Failure.
  template <class... Arguments>
  DiagnosticBuilder error(LocationId where, DiagnosticKind kind, std::string_view exception,
                          fmt::format_string<Arguments...> format, Arguments&&... arguments) {
    set_exception(exception);
    return faults_.report(kind, where, format, std::forward<Arguments>(arguments)...).facts(note_facts());
  }
  /// The same for what the program survives: no exception. `kind` is one of severity Warning.
  template <class... Arguments>
  DiagnosticBuilder warning(LocationId where, DiagnosticKind kind, fmt::format_string<Arguments...> format,
                            Arguments&&... arguments) {
    return faults_.report(kind, where, format, std::forward<Arguments>(arguments)...).facts(note_facts());
  }
  /// The facts of the diagnostic that error() or warning() has just begun, to be added to; nullptr when the program has
  /// had too many faults for more to be kept.
  [[nodiscard]] FaultFacts* latest_facts();
  /// Nothing for diagnostics that have none.
  [[nodiscard]] const FaultFacts* facts(const Diagnostic& diagnostic) const;
  /// The syntax tree of a frame's unit; units are counted from 0 in the order in which they were read.
  [[nodiscard]] const Ast& tree(uint32_t unit) const;
  [[nodiscard]] uint32_t unit_count() const;
  /// Reports LT0901 to the list of unsupported things, once a place; gives Unknown, and evaluation goes on.
  Value unsupported(LocationId where, std::string what);
  /// Counts `steps` against the budget; fails when it is used up. Natives call it before making many elements.
  Status spend(uint64_t steps, LocationId where);

  /// The expression that is evaluated now in the innermost frame of the program's own code.
  [[nodiscard]] LocationId current_location();
  [[nodiscard]] const std::vector<Frame>& frames() const { return frames_; }
  /// Natives that call back (a Sequential its members) push a frame, so that faults show the way.
  void push_frame(Frame frame) { frames_.push_back(std::move(frame)); }
  void pop_frame();

 private:
  struct Internals;  ///< evaluator_internals.h
  friend struct Internals;
  friend class OperationInProgress;

  void set_exception(std::string_view builtin_class);
  uint32_t note_facts();
  void move_faults(Diagnostics& diagnostics);

  LocationTable& locations_;
  SymbolTable& symbols_;
  Host& host_;
  NameTable names_;
  Heap heap_;
  Diagnostics faults_;
  std::vector<Frame> frames_;
  std::string printed_;
  OperationInProgress* in_progress_ = nullptr;
  std::unique_ptr<Internals> internals_;
};

inline Result<Value> Host::clone_tensor(Evaluator& evaluator, TensorId) {
  return evaluator.unsupported(evaluator.current_location(), "`copy.deepcopy` of a tensor");
}

}  // namespace lathe::torch
