// The syntax tree of the Python subset: what parser.h makes of a file and evaluator.h executes.
//
// One Ast holds one source file. Expressions, statements and functions are rows of tables, named by ids; a row has a
// span and one alternative of a closed sum. Names are interned for the whole program. Nodes that the parser could not
// read are `Broken`; their fault has been reported. The tree never changes after parsing.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <variant>
#include <vector>

#include "ir/base/id.h"
#include "ir/base/location.h"

namespace lathe::torch {

using NameId = Id<struct NameTag>;
using ExpressionId = Id<struct ExpressionTag>;
using StatementId = Id<struct StatementTag>;
using FunctionId = Id<struct FunctionTag>;

/// Identifiers, each stored once.
class NameTable {
 public:
  NameId intern(std::string_view text);
  /// An invalid id when nobody has interned `text`.
  [[nodiscard]] NameId find(std::string_view text) const;
  [[nodiscard]] const std::string& text(NameId id) const { return texts_[id]; }

 private:
  struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
  };
  std::unordered_map<std::string, NameId, Hash, std::equal_to<>> ids_;
  IdVector<NameId, std::string> texts_;
};

using Block = std::vector<StatementId>;

enum class UnaryOp : uint8_t { Negate, Plus, Invert, Not };
/// Arithmetic and bits; `and`, `or` and comparisons are expressions of their own.
enum class BinaryOp : uint8_t {
  Add,
  Subtract,
  Multiply,
  MatrixMultiply,
  Divide,
  FloorDivide,
  Modulo,
  Power,
  ShiftLeft,
  ShiftRight,
  BitAnd,
  BitOr,
  BitXor
};
enum class CompareOp : uint8_t { Less, LessEqual, Greater, GreaterEqual, Equal, NotEqual, In, NotIn, Is, IsNot };

/// The operator as it is written: "-", "not".
[[nodiscard]] std::string_view text(UnaryOp op);
[[nodiscard]] std::string_view text(BinaryOp op);
[[nodiscard]] std::string_view text(CompareOp op);

// ------------------------------------------------------------------------------------------------------- expressions

enum class Singleton : uint8_t { None, True, False, Ellipsis };

struct SingletonExpression {
  Singleton value;
};
struct IntegerExpression {
  int64_t value;
};
struct FloatExpression {
  double value;
};
struct StringExpression {
  std::string value;
};  ///< neighbours joined, escapes resolved
/// A literal text, or a `{value!conversion:format}`; `conversion` is 'r', 's', 'a' or 0. `{x=}` is spelled out by the
/// parser.
struct FormatPart {
  std::string literal;
  ExpressionId value;  ///< invalid for a literal
  char conversion = 0;
  ExpressionId format;  ///< a FormatExpression, or invalid
};
struct FormatExpression {
  std::vector<FormatPart> parts;
};
struct NameExpression {
  NameId name;
};
struct AttributeExpression {
  ExpressionId object;
  NameId name;
  Span name_span;
};
struct SubscriptExpression {
  ExpressionId object;
  ExpressionId index;
};
/// Inside of a subscript only; absent parts are invalid.
struct SliceExpression {
  ExpressionId lower;
  ExpressionId upper;
  ExpressionId step;
};
struct CallArgument {
  enum class Kind : uint8_t { Positional, Keyword, Star, DoubleStar };
  Kind kind = Kind::Positional;
  NameId name;  ///< of a keyword
  Span name_span;
  ExpressionId value;
};
struct CallExpression {
  ExpressionId function;
  std::vector<CallArgument> arguments;
};
struct UnaryExpression {
  UnaryOp op;
  ExpressionId operand;
};
struct BinaryExpression {
  BinaryOp op;
  ExpressionId left;
  ExpressionId right;
};
/// `a and b and c`: two operands or more.
struct BooleanExpression {
  bool is_and;
  std::vector<ExpressionId> operands;
};
/// `a < b <= c`: operands are one more than operators.
struct CompareExpression {
  std::vector<CompareOp> ops;
  std::vector<ExpressionId> operands;
};
struct ConditionalExpression {
  ExpressionId test;
  ExpressionId then;
  ExpressionId otherwise;
};
struct LambdaExpression {
  FunctionId function;
};
struct TupleExpression {
  std::vector<ExpressionId> items;
};
struct ListExpression {
  std::vector<ExpressionId> items;
};
struct SetExpression {
  std::vector<ExpressionId> items;
};
/// An entry with an invalid key is `**value`.
struct DictExpression {
  std::vector<std::pair<ExpressionId, ExpressionId>> entries;
};
/// `*value` in a display, in an argument list of subscripts, or in a target.
struct StarredExpression {
  ExpressionId value;
};
struct ComprehensionClause {
  ExpressionId target;
  ExpressionId iterable;
  std::vector<ExpressionId> conditions;
};
struct ComprehensionExpression {
  enum class Kind : uint8_t { List, Set, Dict, Generator };
  Kind kind = Kind::List;
  ExpressionId element;  ///< the key of a dict
  ExpressionId value;    ///< of a dict
  std::vector<ComprehensionClause> clauses;
};
struct NamedExpression {
  NameId name;
  ExpressionId value;
};  ///< `name := value`
struct YieldExpression {
  ExpressionId value;
  bool is_from = false;
};
/// Valid Python that Lathe does not execute (`await`, a complex literal, bytes ...); `what` names it for the user.
struct UnsupportedExpression {
  std::string what;
};
struct BrokenExpression {};

using ExpressionKind =
    std::variant<BrokenExpression, UnsupportedExpression, SingletonExpression, IntegerExpression, FloatExpression,
                 StringExpression, FormatExpression, NameExpression, AttributeExpression, SubscriptExpression,
                 SliceExpression, CallExpression, UnaryExpression, BinaryExpression, BooleanExpression,
                 CompareExpression, ConditionalExpression, LambdaExpression, TupleExpression, ListExpression,
                 SetExpression, DictExpression, StarredExpression, ComprehensionExpression, NamedExpression,
                 YieldExpression>;

struct Expression {
  ExpressionKind kind;
  Span span;
};

// --------------------------------------------------------------------------------------------------------- functions

struct Parameter {
  enum class Kind : uint8_t { PositionalOnly, Normal, Star, KeywordOnly, DoubleStar };
  Kind kind = Kind::Normal;
  NameId name;
  Span span;
  ExpressionId fallback;    ///< the default; may be invalid
  ExpressionId annotation;  ///< may be invalid
};

/// A `def` or a lambda.
struct Function {
  NameId name;  ///< "<lambda>" for lambdas
  std::vector<Parameter> parameters;
  Block body;               ///< of a def
  ExpressionId expression;  ///< of a lambda
  /// Names that are local: parameters and whatever the body binds, less those declared global or nonlocal.
  std::vector<NameId> locals;
  std::vector<NameId> globals;
  std::vector<NameId> nonlocals;
  bool is_generator = false;
  Span span;       ///< the whole definition
  Span head_span;  ///< `def name(...)`
};

// -------------------------------------------------------------------------------------------------------- statements

struct ExpressionStatement {
  ExpressionId value;
};
/// `a = b = value`: targets in order.
struct AssignStatement {
  std::vector<ExpressionId> targets;
  ExpressionId value;
};
struct AugmentedAssignStatement {
  ExpressionId target;
  BinaryOp op;
  ExpressionId value;
};
struct AnnotatedAssignStatement {
  ExpressionId target;
  ExpressionId annotation;
  ExpressionId value;
};
struct ReturnStatement {
  ExpressionId value;
};
struct DeleteStatement {
  std::vector<ExpressionId> targets;
};
struct PassStatement {};
struct BreakStatement {};
struct ContinueStatement {};
struct IfStatement {
  ExpressionId test;
  Block then;
  Block otherwise;
};
struct WhileStatement {
  ExpressionId test;
  Block body;
  Block otherwise;
};
struct ForStatement {
  ExpressionId target;
  ExpressionId iterable;
  Block body;
  Block otherwise;
};
struct FunctionStatement {
  FunctionId function;
  std::vector<ExpressionId> decorators;
};
struct ClassStatement {
  NameId name;
  std::vector<CallArgument> bases;  ///< bases, and keywords such as metaclass
  Block body;
  std::vector<ExpressionId> decorators;
  Span head_span;  ///< `class Name(...)`
};
struct ImportedName {
  std::vector<NameId> path;  ///< `a.b.c`; one name in a from-import
  NameId alias;              ///< invalid without `as`
  Span span;
};
struct ImportStatement {
  std::vector<ImportedName> names;
};
/// `from ..a.b import x as y`: level 2, module {a, b}.
struct ImportFromStatement {
  uint32_t level = 0;
  std::vector<NameId> module;
  std::vector<ImportedName> names;
  bool star = false;
};
struct ScopeStatement {
  bool is_global;
  std::vector<NameId> names;
};
struct AssertStatement {
  ExpressionId test;
  ExpressionId message;
};
struct RaiseStatement {
  ExpressionId exception;
  ExpressionId cause;
};
struct ExceptHandler {
  ExpressionId type;  ///< invalid for a bare `except:`
  NameId name;        ///< invalid without `as`
  Block body;
};
struct TryStatement {
  Block body;
  std::vector<ExceptHandler> handlers;
  Block otherwise;
  Block finally;
};
struct WithItem {
  ExpressionId context;
  ExpressionId target;
};
struct WithStatement {
  std::vector<WithItem> items;
  Block body;
};
/// Valid Python that Lathe does not execute (`match`, `async def` ...).
struct UnsupportedStatement {
  std::string what;
};
struct BrokenStatement {};

using StatementKind =
    std::variant<BrokenStatement, UnsupportedStatement, ExpressionStatement, AssignStatement, AugmentedAssignStatement,
                 AnnotatedAssignStatement, ReturnStatement, DeleteStatement, PassStatement, BreakStatement,
                 ContinueStatement, IfStatement, WhileStatement, ForStatement, FunctionStatement, ClassStatement,
                 ImportStatement, ImportFromStatement, ScopeStatement, AssertStatement, RaiseStatement, TryStatement,
                 WithStatement>;

struct Statement {
  StatementKind kind;
  Span span;
};

/// One parsed file.
struct Ast {
  FileId file;
  IdVector<ExpressionId, Expression> expressions;
  IdVector<StatementId, Statement> statements;
  IdVector<FunctionId, Function> functions;
  Block body;
};

}  // namespace lathe::torch
