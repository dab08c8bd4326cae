// The inside of the evaluator: units (parsed files), activations (running bodies), and the steps of execution.
//
// The evaluator*.cpp files define these functions by topic. `evaluate` and `execute` walk the tree; their recursion is
// bounded by the parser's nesting times the depth of calls, and checked against the end of a stack of known size
// (evaluator_stack.cpp). An activation is what one running body needs besides its names, which live in a ScopeObject.
// Included by evaluator*.cpp alone.
#pragma once

#include <deque>
#include <filesystem>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <thread>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "compiler/frontend/torch/python/evaluator.h"

namespace lathe::torch {

/// Which names of a function are its own.
struct FunctionNames {
  bool ready = false;
  std::unordered_set<NameId> locals;
  std::unordered_set<NameId> globals;
  std::unordered_set<NameId> nonlocals;
};

/// One parsed file.
struct Unit {
  uint32_t index = 0;
  Ast ast;
  std::string path;
  std::filesystem::path folder;
  ObjectId scope{};                                             ///< its top-level names
  IdVector<ExpressionId, LocationId> places;                    ///< made when first asked for
  std::unordered_map<ExpressionId, LocationId> keyword_places;  ///< of `name=value`, by the value
  IdVector<FunctionId, FunctionNames> functions;
};

/// A body that runs: of a file, a class or a function.
struct Activation {
  Unit& unit;
  ObjectId scope{};                            ///< where names are stored now; that of a comprehension inside of one
  ObjectId home{};                             ///< the scope of the body itself
  ObjectId owner{};                            ///< the class whose body holds the function
  Value first{};                               ///< the first argument of a method
  const FunctionNames* names = nullptr;        ///< of a function; null for files and classes
  std::vector<NameId>* class_names = nullptr;  ///< names of a class body in order
  std::vector<Value>* yields = nullptr;        ///< of a generator
  Value returned = NoneValue{};
};

/// What an element of a list costs that is made in bulk: memory is scarcer than time.
inline constexpr uint64_t kStepsPerElement = 4;

/// How a statement ended.
enum class Flow : uint8_t { Normal, Break, Continue, Return };

/// What `except` sees of a failure. The instance of a fault that natives reported is made when it is asked for.
struct PendingException {
  ObjectId type{};
  Value instance{};
};

/// A failure that `except` caught: kept for a bare `raise`.
struct HandledException {
  PendingException exception;
  std::vector<Diagnostic> faults;
};

/// The parsed `parameters` of a native row.
struct NativeSignature {
  struct Row {
    NameId name;
    Parameter::Kind kind = Parameter::Kind::Normal;
    bool has_fallback = false;
    Value fallback{};
  };
  std::vector<Row> rows;
  std::vector<std::string> names;
};

struct Evaluator::Internals {
  Internals(Evaluator& owner, std::span<const NativeModuleRow> rows, Limits limits_of_program);

  Evaluator& evaluator;
  Heap& heap;
  Limits limits;
  uint64_t steps = 0;
  bool budget_is_used_up = false;

  // ----------------------------------------------------------------------------------------------------- the program
  std::vector<std::unique_ptr<Unit>> units;
  std::map<std::string, std::string> edited_files;  ///< by canonical path
  /// The text of a file, or what stands for it; nothing when it can't be opened.
  [[nodiscard]] std::optional<std::string> read_source(const std::filesystem::path& path) const;
  ObjectId main_scope{};
  std::filesystem::path root;         ///< the folder of the main file, canonical
  std::filesystem::path main_folder;  ///< the same as the user wrote it
  std::vector<std::pair<NameId, LocationId>> top_level;
  std::vector<TopLevelName> assigned;  ///< by the statements of the top level
  std::vector<Activation*> activations;
  std::vector<HandledException> handled;
  uint32_t text_depth = 0;           ///< nesting of repr, ==, hash
  std::vector<ObjectId> open_texts;  ///< objects whose repr is under way
  bool program_has_ended = false;    ///< by sys.exit()

  Status run_main(const std::string& path, const std::string& module_name, Diagnostics& diagnostics);
  void note_assignment(const Activation& activation, StatementId id);
  Result<Value> run_expression(const std::string& text, Diagnostics& diagnostics);
  Unit& add_unit(Ast ast, std::string path, std::filesystem::path folder);
  Status run_unit(Unit& unit, LocationId where);
  void run_guarded(Activation& activation, const Block& block, Diagnostics& diagnostics);
  void run_guarded(Activation& activation, StatementId id, Diagnostics& diagnostics);
  bool run_guarded_with(Activation& activation, const WithStatement& with, Diagnostics& diagnostics);
  void forget_names(Activation& activation, StatementId id);
  void forget_target(Activation& activation, ExpressionId id);
  void forget_receiver(Activation& activation, ExpressionId id);

  // ----------------------------------------------------------------------------------------------------------- stack
  uintptr_t stack_end = 0;  ///< frames must stay above
  std::thread::id stack_thread;
  [[nodiscard]] bool on_own_stack() const { return stack_end != 0 && stack_thread == std::this_thread::get_id(); }
  /// Runs `action` on a thread with a stack of known size, while the caller waits.
  void run_on_stack(const std::function<void()>& action);
  Status check_stack(LocationId where);
  uintptr_t callers_end = 0;  ///< of the stack of a caller who didn't ask for ours
  std::thread::id callers_thread;
  uintptr_t callers_stack_end();

  // ---------------------------------------------------------------------------------------------------------- faults
  std::optional<PendingException> pending;
  std::vector<std::vector<Label>> chains;  ///< by fault: the calls that led to it
  Diagnostics kept;                        ///< what no `try` can drop: unsupported things, syntax of imported files
  std::set<std::pair<uint32_t, std::string>> unsupported_places;
  std::vector<ObjectId> abandoned;  ///< `self` of methods that a failure unwinds
  std::deque<FaultFacts> facts;
  LocationId top_statement;                 ///< the one of the top level that is executed
  std::unordered_set<ObjectId> half_built;  ///< objects whose methods failed: attributes may be missing

  /// Whether something since `mark` makes the program fail; warnings don't.
  [[nodiscard]] bool failed_since(size_t mark) const;
  void drop_faults(size_t mark);
  void note_chain();
  [[nodiscard]] std::vector<Label> call_chain() const;
  /// After a failure: there are faults since `mark`, and none that `except` must not see.
  [[nodiscard]] bool can_catch(size_t mark) const;
  /// After a failure: drops it when it is an exception of the built-in class.
  bool caught(size_t mark, std::string_view builtin);
  [[nodiscard]] PendingException exception_since(size_t mark) const;
  Value exception_value(const PendingException& exception, size_t mark);
  /// An instance of a built-in exception with one argument.
  Value new_exception(std::string_view builtin, const Value& argument);
  Failure type_error(LocationId where, std::string message);
  Failure undecided(LocationId where, std::string message);
  Failure overflow(LocationId where);
  /// A text beyond the limit would be made.
  Failure spend_text(LocationId where);

  // ---------------------------------------------------------------------------------------------------------- places
  [[nodiscard]] LocationId place(Unit& unit, ExpressionId id);
  [[nodiscard]] LocationId place(Activation& activation, ExpressionId id) { return place(activation.unit, id); }
  [[nodiscard]] LocationId keyword_place(Unit& unit, const CallArgument& argument);
  [[nodiscard]] LocationId place(const Span& span);
  std::map<std::pair<uint32_t, std::pair<uint32_t, uint32_t>>, LocationId> span_places;
  /// The source text of an expression on one line, cut to a readable length.
  [[nodiscard]] std::string source(const Unit& unit, ExpressionId id) const;
  /// Makes `id` the expression that is evaluated now; gives its place.
  LocationId enter(Activation& activation, ExpressionId id) {
    evaluator.frames_.back().current = id;
    return place(activation.unit, id);
  }

  // ---------------------------------------------------------------------------------------------------------- scopes
  [[nodiscard]] const FunctionNames& function_names(Unit& unit, FunctionId id);
  [[nodiscard]] Value* find_name(ObjectId scope, NameId name);
  Result<Value> load(Activation& activation, NameId name, ExpressionId id);
  Status store(Activation& activation, NameId name, Value value, LocationId where);
  void store_in(ObjectId scope, NameId name, Value value, LocationId where);
  Status erase(Activation& activation, NameId name, LocationId where);
  [[nodiscard]] ObjectId parent_for_functions(const Activation& activation) const;
  [[nodiscard]] std::string nearest_name(std::string_view name, const std::vector<std::string>& candidates) const;

  // ------------------------------------------------------------------------------------------------------ statements
  Result<Flow> execute(Activation& activation, const Block& block);
  Result<Flow> execute(Activation& activation, StatementId id);
  Result<Flow> run(Activation& activation, const Statement& statement, const BrokenStatement& node);
  Result<Flow> run(Activation& activation, const Statement& statement, const UnsupportedStatement& node);
  Result<Flow> run(Activation& activation, const Statement& statement, const ExpressionStatement& node);
  Result<Flow> run(Activation& activation, const Statement& statement, const AssignStatement& node);
  Result<Flow> run(Activation& activation, const Statement& statement, const AugmentedAssignStatement& node);
  Result<Flow> run(Activation& activation, const Statement& statement, const AnnotatedAssignStatement& node);
  Result<Flow> run(Activation& activation, const Statement& statement, const ReturnStatement& node);
  Result<Flow> run(Activation& activation, const Statement& statement, const DeleteStatement& node);
  Result<Flow> run(Activation& activation, const Statement& statement, const PassStatement& node);
  Result<Flow> run(Activation& activation, const Statement& statement, const BreakStatement& node);
  Result<Flow> run(Activation& activation, const Statement& statement, const ContinueStatement& node);
  Result<Flow> run(Activation& activation, const Statement& statement, const IfStatement& node);
  Result<Flow> run(Activation& activation, const Statement& statement, const WhileStatement& node);
  Result<Flow> run(Activation& activation, const Statement& statement, const ForStatement& node);
  Result<Flow> run(Activation& activation, const Statement& statement, const FunctionStatement& node);
  Result<Flow> run(Activation& activation, const Statement& statement, const ClassStatement& node);
  Result<Flow> run(Activation& activation, const Statement& statement, const ImportStatement& node);
  Result<Flow> run(Activation& activation, const Statement& statement, const ImportFromStatement& node);
  Result<Flow> run(Activation& activation, const Statement& statement, const ScopeStatement& node);
  Result<Flow> run(Activation& activation, const Statement& statement, const AssertStatement& node);
  Result<Flow> run(Activation& activation, const Statement& statement, const RaiseStatement& node);
  Result<Flow> run(Activation& activation, const Statement& statement, const TryStatement& node);
  Result<Flow> run(Activation& activation, const Statement& statement, const WithStatement& node);
  Status assign(Activation& activation, ExpressionId target, const Value& value);
  Status unpack(Activation& activation, ExpressionId target, const std::vector<ExpressionId>& items,
                const Value& value);
  Status augment(Activation& activation, const AugmentedAssignStatement& node);
  /// At least one operand is a tensor.
  Result<Value> tensor_binary(BinaryOp op, const Value& left, const Value& right);
  Result<Value> augmented(BinaryOp op, const Value& left, const Value& right, LocationId where);
  Status remove(Activation& activation, ExpressionId target);
  Result<Flow> run_for(Activation& activation, const ForStatement& node);
  Result<Flow> run_while(Activation& activation, const WhileStatement& node);
  Result<Flow> run_try(Activation& activation, const TryStatement& node);
  Result<Flow> run_handlers(Activation& activation, const TryStatement& node, size_t mark);
  Result<bool> handles(Activation& activation, const ExceptHandler& handler, ObjectId type);
  Result<Flow> run_with(Activation& activation, const WithStatement& node, size_t item);
  Result<std::pair<Value, Value>> enter_context(Activation& activation, const WithItem& item);
  Status leave_context(const Value& exit, bool& swallow, size_t mark, bool failed, LocationId where);
  Failure raise(Activation& activation, const RaiseStatement& node, LocationId where);
  Failure raise_value(const Value& value, LocationId where);
  Failure raise_again(const HandledException& exception);
  Status check_assertion(Activation& activation, const AssertStatement& node, const Span& span);

  // ----------------------------------------------------------------------------------------------------- expressions
  Result<Value> evaluate(Activation& activation, ExpressionId id);
  Result<Value> compute(Activation& activation, ExpressionId id, const BrokenExpression& node);
  Result<Value> compute(Activation& activation, ExpressionId id, const UnsupportedExpression& node);
  Result<Value> compute(Activation& activation, ExpressionId id, const SingletonExpression& node);
  Result<Value> compute(Activation& activation, ExpressionId id, const IntegerExpression& node);
  Result<Value> compute(Activation& activation, ExpressionId id, const FloatExpression& node);
  Result<Value> compute(Activation& activation, ExpressionId id, const StringExpression& node);
  Result<Value> compute(Activation& activation, ExpressionId id, const FormatExpression& node);
  Result<Value> compute(Activation& activation, ExpressionId id, const NameExpression& node);
  Result<Value> compute(Activation& activation, ExpressionId id, const AttributeExpression& node);
  Result<Value> compute(Activation& activation, ExpressionId id, const SubscriptExpression& node);
  Result<Value> compute(Activation& activation, ExpressionId id, const SliceExpression& node);
  Result<Value> compute(Activation& activation, ExpressionId id, const CallExpression& node);
  Result<Value> compute(Activation& activation, ExpressionId id, const UnaryExpression& node);
  Result<Value> compute(Activation& activation, ExpressionId id, const BinaryExpression& node);
  Result<Value> compute(Activation& activation, ExpressionId id, const BooleanExpression& node);
  Result<Value> compute(Activation& activation, ExpressionId id, const CompareExpression& node);
  Result<Value> compute(Activation& activation, ExpressionId id, const ConditionalExpression& node);
  Result<Value> compute(Activation& activation, ExpressionId id, const LambdaExpression& node);
  Result<Value> compute(Activation& activation, ExpressionId id, const TupleExpression& node);
  Result<Value> compute(Activation& activation, ExpressionId id, const ListExpression& node);
  Result<Value> compute(Activation& activation, ExpressionId id, const SetExpression& node);
  Result<Value> compute(Activation& activation, ExpressionId id, const DictExpression& node);
  Result<Value> compute(Activation& activation, ExpressionId id, const StarredExpression& node);
  Result<Value> compute(Activation& activation, ExpressionId id, const ComprehensionExpression& node);
  Result<Value> compute(Activation& activation, ExpressionId id, const NamedExpression& node);
  Result<Value> compute(Activation& activation, ExpressionId id, const YieldExpression& node);
  Result<std::vector<Value>> evaluate_items(Activation& activation, const std::vector<ExpressionId>& items);
  Result<Value> comprehend(Activation& activation, const ComprehensionExpression& node);
  struct Gathered;
  Status comprehend_clause(Activation& activation, const ComprehensionExpression& node, size_t clause,
                           Gathered& gathered);
  /// Calls `body` with every item; the list of a ListObject may grow meanwhile.
  template <class Body>
  Status for_each(const Value& iterable, LocationId where, Body body);
  Result<std::string> format(Activation& activation, const FormatExpression& node);
  Result<Arguments> evaluate_arguments(Activation& activation, const std::vector<CallArgument>& arguments);
  Result<Value> compare_chain(Activation& activation, ExpressionId id, const CompareExpression& node);

  // ----------------------------------------------------------------------------------------------------------- calls
  Result<Value> call(const Value& callee, Arguments arguments, LocationId where);
  Result<Value> call_function(ObjectId id, Arguments arguments, LocationId where);
  Result<Value> call_body(Unit& unit, const Function& function, Activation& activation);
  Status bind(const FunctionObject& object, const Function& function, Arguments arguments, ScopeObject& scope,
              LocationId where);
  Value make_function(Activation& activation, FunctionId id, std::vector<Value> fallbacks);
  Result<std::vector<Value>> evaluate_fallbacks(Activation& activation, FunctionId id);
  Result<Value> call_native(const NativeFunctionRow& row, Arguments arguments, LocationId where);
  const NativeSignature& signature(const NativeFunctionRow& row);
  [[nodiscard]] std::string native_name(const NativeFunctionRow& row) const;
  Failure missing_arguments(const std::string& name, const std::vector<std::string>& missing, DiagnosticKind kind,
                            LocationId where, LocationId definition, const std::string& form);
  Failure too_many_arguments(const std::string& name, size_t taken, size_t given, DiagnosticKind kind, LocationId where,
                             LocationId definition, const std::string& form);
  Failure unknown_keyword(const std::string& name, NameId keyword, const std::vector<std::string>& known,
                          DiagnosticKind kind, LocationId where, LocationId definition, const std::string& form);
  Failure repeated_argument(const std::string& name, NameId keyword, DiagnosticKind kind, LocationId where,
                            LocationId definition, const std::string& form);
  std::unordered_map<const NativeFunctionRow*, NativeSignature> signatures;
  std::unordered_map<const NativeFunctionRow*, std::string> native_names;
  std::unordered_set<const NativeFunctionRow*> layer_constructors;

  // --------------------------------------------------------------------------------------------------------- classes
  Result<Value> define_class(Activation& activation, const ClassStatement& node);
  Result<Value> construct(ObjectId type, Arguments arguments, LocationId where);
  Status linearize(ObjectId type, LocationId where);
  [[nodiscard]] ObjectId class_of(const Value& value);
  /// The attribute of the class or its bases, unbound; nullptr when there is none.
  [[nodiscard]] const Value* find_in_class(ObjectId type, NameId name) const;
  [[nodiscard]] const Value* find_after(ObjectId type, ObjectId after, NameId name) const;
  Result<Value> bind_attribute(const Value& attribute, const Value& self, ObjectId type, LocationId where);
  /// A method that users or natives defined for the value's class; nothing when it has none.
  std::optional<Value> find_method(const Value& value, NameId name);
  static Result<Value> native_super(NativeCall& call);
  static Result<Value> native_type(NativeCall& call);
  static Result<Value> native_object(NativeCall& call);
  static Result<Value> native_object_init(NativeCall& call);
  static Result<Value> native_object_set(NativeCall& call);
  static Result<Value> native_object_get(NativeCall& call);
  static Result<Value> native_object_text(NativeCall& call);
  static Result<Value> native_identity_equal(NativeCall& call);

  // ------------------------------------------------------------------------------------------------------ attributes
  std::unordered_map<ObjectId, AttributeTable> extra_attributes;  ///< of functions, and of subclasses of built-ins
  Result<std::optional<Value>> attribute(const Value& object, NameId name, LocationId where);
  Result<std::optional<Value>> instance_attribute(const Value& object, NameId name, LocationId where);
  Result<std::optional<Value>> namespace_attribute(ObjectId id, NameId name, LocationId where);
  std::optional<Value> class_attribute(ObjectId id, NameId name);
  std::optional<Value> function_attribute(ObjectId id, NameId name);
  [[nodiscard]] AttributeTable* own_attributes(ObjectId id);
  Failure no_attribute(const Value& object, NameId name, LocationId where);
  Status erase_attribute(const Value& object, NameId name, LocationId where);
  Value attribute_dict(ObjectId id);
  /// Dicts that `__dict__` gave, with their instances: what is written to them goes to the attributes.
  std::unordered_map<ObjectId, ObjectId> attribute_views;
  void update_attributes(const Value& dict);

  // ------------------------------------------------------------------------------------------------------- operators
  Result<Value> integer_operation(BinaryOp op, const Dim& left, const Dim& right, LocationId where);
  Result<Value> symbolic_operation(BinaryOp op, const Dim& left, const Dim& right, LocationId where);
  Result<Value> float_operation(BinaryOp op, double left, double right, LocationId where);
  Result<std::optional<Value>> object_operation(BinaryOp op, const Value& left, const Value& right, LocationId where);
  Result<Value> repeat(const Value& sequence, const Value& count, LocationId where);
  Result<Value> unary(UnaryOp op, const Value& operand, LocationId where);
  Result<bool> equal(const Value& left, const Value& right, LocationId where);
  Result<std::optional<Value>> user_comparison(CompareOp op, const Value& left, const Value& right, LocationId where);
  Result<bool> number_comparison(CompareOp op, const Value& left, const Value& right, LocationId where);
  Result<bool> sequence_comparison(CompareOp op, const std::vector<Value>& left, const std::vector<Value>& right,
                                   LocationId where);
  Result<bool> contains(const Value& container, const Value& value, LocationId where);
  [[nodiscard]] bool identical(const Value& left, const Value& right) const;
  Result<bool> decide(CompareOp op, const Dim& left, const Dim& right, LocationId where);

  // ------------------------------------------------------------------------------------------------------------ text
  Result<std::string> items_text(const std::vector<Value>& items, LocationId where);
  Result<std::string> object_text(ObjectId id, LocationId where);

  // ----------------------------------------------------------------------------------------------------------- items
  Result<Value> sequence_item(const std::vector<Value>& items, const Value& index, std::string_view what,
                              LocationId where);
  struct Indices {
    int64_t start;
    int64_t count;
    int64_t step;
  };
  Result<Indices> slice_indices(const SliceObject& slice, size_t size, LocationId where);
  Result<size_t> item_position(const Value& index, size_t size, std::string_view what, LocationId where);
  Result<Value> class_item(ObjectId type, const Value& index, LocationId where);
  Status erase_item(const Value& object, const Value& index, LocationId where);
  Status set_slice(std::vector<Value>& items, const SliceObject& slice, const Value& value, LocationId where);

  // --------------------------------------------------------------------------------------------------------- library
  std::map<std::string, std::vector<const NativeModuleRow*>, std::less<>> module_rows;
  std::map<std::string, ObjectId, std::less<>> namespaces;      ///< modules of the library, by path
  std::map<std::string, ObjectId, std::less<>> native_classes;  ///< by path
  std::unordered_map<ObjectId, ObjectId> file_scopes;           ///< namespace of a file: its top-level names
  std::unordered_set<ObjectId> unknown_namespaces;
  std::unordered_set<ObjectId> broken_namespaces;                ///< files with faults: missing names are Unknown
  std::map<std::string, ObjectId, std::less<>> file_namespaces;  ///< by canonical path
  ObjectId builtins{};
  ObjectId object_init{};  ///< the function object of object.__init__
  ObjectId object_new{};
  void make_builtins();
  /// The module at a path of the library; nothing when there is none.
  std::optional<ObjectId> library_module(std::string_view path);
  ObjectId native_class(const NativeClassRow& row, const std::string& path);
  std::optional<ObjectId> find_native_class(std::string_view path);
  Value native_function(const NativeFunctionRow& row, std::string display);
  Value wrap_method(const NativeFunctionRow& row, std::string display);

  // --------------------------------------------------------------------------------------------------------- imports
  Status import_names(Activation& activation, const ImportStatement& node);
  Status import_from(Activation& activation, const ImportFromStatement& node, const Statement& statement);
  Status import_star(Activation& activation, ObjectId module, LocationId where);
  /// The module of an absolute dotted path; unknown ones too.
  Result<ObjectId> import_module(Activation& activation, const std::string& path, LocationId where);
  Result<std::optional<ObjectId>> import_file(const std::filesystem::path& base, const std::vector<std::string>& path,
                                              LocationId where);
  Result<std::optional<ObjectId>> load_module(const std::filesystem::path& stem, const std::string& name,
                                              LocationId where);
  ObjectId unknown_module(const std::string& name);
  /// A failure when a `try` around the import asks what happens without the module.
  Status refuse_unknown(ObjectId module, LocationId where);
  [[nodiscard]] bool expects_import_errors(const Activation& activation, const TryStatement& node) const;
  std::unordered_set<ObjectId> open_scopes;  ///< files that took `*` of something unknown: any name may be theirs
  uint32_t import_guards = 0;                ///< `try` statements of this file that catch an ImportError
  Value report_unknown(ObjectId module, LocationId where);

  // ----------------------------------------------------------------------------------------- names of special methods
  struct Names {
    explicit Names(NameTable& names);
    NameId init, make, call, getattr, setattr, delattr, getitem, setitem, delitem, len, iter, next, enter, exit,
        contains, truth, str, repr, eq, hash, name, type_of, dict, doc, module, qualname, mro, bases, annotations,
        init_subclass, class_getitem, fields, args, file, package, path, all, missing, self, func, wrapped, index,
        whole, real, format, set_name;
  } known;
};

/// A dunder method of a binary operator: {"__add__", "__radd__", "__iadd__"}.
struct OperatorMethods {
  std::string_view normal;
  std::string_view reflected;
  std::string_view in_place;
};
[[nodiscard]] const OperatorMethods& operator_methods(BinaryOp op);

/// An int or bool as a Dim; nothing for others.
[[nodiscard]] std::optional<Dim> as_integer(const Value& value);
/// A number that is known now.
[[nodiscard]] std::optional<double> as_float(const Value& value);
/// Python's repr of a float.
[[nodiscard]] std::string float_text(double value);
/// Python's repr of a string.
[[nodiscard]] std::string quoted_text(std::string_view text);
/// Code points of UTF-8 text, each as its bytes; bytes that are no UTF-8 stand alone.
[[nodiscard]] std::vector<std::string_view> code_points(std::string_view text);

}  // namespace lathe::torch
