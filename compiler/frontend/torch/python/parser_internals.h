// The state of one run of the parser. Only parser*.cpp include this.
//
// Recursive descent over the list of tokens. After a fault the parser is `panicking`: it stands at the Newline of the
// faulty statement, where no construct goes on, so that every function returns soon; the statement then becomes Broken
// and the next line is read afresh. Nothing is reported while panicking.
#pragma once

#include <algorithm>
#include <string>
#include <unordered_set>
#include <vector>

#include "compiler/frontend/torch/python/lexer.h"
#include "compiler/frontend/torch/python/parser.h"

namespace lathe::torch {

/// A string literal without prefix and quotes: where its characters are, and how they are meant.
struct StringPiece {
  uint32_t begin = 0;
  uint32_t end = 0;
  bool raw = false;
  bool bytes = false;
  bool format = false;
};

class Parser {
 public:
  Parser(FileId file, NameTable& names, LocationTable& locations);

  Ast file();
  Ast single_expression();
  /// In the order of the text, each once.
  void report_to(Diagnostics& diagnostics);

 private:
  struct Scope {
    enum class Kind : uint8_t { Module, Class, Function, Lambda, Comprehension };
    explicit Scope(Kind scope_kind) : kind(scope_kind) {}
    Kind kind;
    std::string class_name;  ///< for the private names in it
    std::vector<NameId> bound;
    std::unordered_set<uint32_t> bound_set;
    std::unordered_set<uint32_t> used;  ///< before a `global` could come
    std::vector<NameId> globals;
    std::vector<NameId> nonlocals;
    std::unordered_set<uint32_t> declared;
    bool is_generator = false;
    int loops = 0;
  };
  /// How deep a construct may be nested inside of another; counts while it lives.
  class Nested {
   public:
    explicit Nested(Parser& parser) : parser_(parser) { ++parser_.nesting_; }
    ~Nested() { --parser_.nesting_; }
    Nested(const Nested&) = delete;
    Nested& operator=(const Nested&) = delete;

   private:
    Parser& parser_;
  };

  // ------------------------------------------------------------------------------------------------ tokens
  // (parser.cpp)
  [[nodiscard]] const Token& peek(size_t ahead = 0) const {
    return tokens_[std::min(position_ + ahead, tokens_.size() - 1)];
  }
  [[nodiscard]] bool at(TokenKind kind) const { return peek().kind == kind; }
  [[nodiscard]] bool at_name(std::string_view word) const { return at(TokenKind::Name) && spelled(peek()) == word; }
  [[nodiscard]] std::string_view spelled(const Token& token) const {
    return text_.substr(token.begin, token.end - token.begin);
  }
  Token take();
  bool accept(TokenKind kind);
  /// Reports "expected X" unless the token is there; `what` describes it where the kind alone does not.
  bool expect(TokenKind kind, std::string_view what);
  [[nodiscard]] Span span_of(const Token& token) const { return {ast_.file, token.begin, token.end}; }
  /// From `begin` to the end of the token before the current one.
  [[nodiscard]] Span span_from(uint32_t begin) const;
  [[nodiscard]] std::string describe_current() const;
  void fault(Span span, std::string message, DiagnosticKind kind = DiagnosticKind::Syntax);
  /// Reports what stands where something else was expected, with a hint for common slips, and panics.
  void unexpected(std::string_view expected);
  void panic();
  bool too_deep(Span span);
  ExpressionId add(ExpressionKind kind, Span span);
  ExpressionId broken();
  StatementId add(StatementKind kind, Span span) { return ast_.statements.push_back({std::move(kind), span}); }
  [[nodiscard]] Span span_of(ExpressionId id) const { return ast_.expressions[id].span; }
  template <class T>
  [[nodiscard]] const T* as(ExpressionId id) const {
    return std::get_if<T>(&ast_.expressions[id].kind);
  }
  NameId name_of(const Token& token);
  bool expect_name(Token& token, std::string_view what);

  // ------------------------------------------------------------------------------------ scopes (parser_scopes.cpp)
  void bind(NameId name);
  void bind_walrus(NameId name, Span span);
  void declare(const Token& word, NameId name, Span span, bool is_global);
  /// The function (or module or class) around comprehensions.
  Scope& statement_scope();
  [[nodiscard]] bool in_function() const;
  void close_function(Function& function);
  void mark_generator(Span span);

  // --------------------------------------------------------------------------------- targets (parser_targets.cpp)
  /// Reports unless the expression may be assigned to, and binds its names.
  void check_target(ExpressionId target, std::string_view action);
  [[nodiscard]] std::string target_fault(ExpressionId id) const;
  [[nodiscard]] std::vector<ExpressionId> target_leaves(ExpressionId target) const;

  // ----------------------------------------------------------------------- expressions (parser_expressions.cpp)
  ExpressionId expression();                             ///< `a if b else c`, lambda, or below
  ExpressionId named_expression();                       ///< with `:=`
  ExpressionId starred_or_named();                       ///< an element of a display
  ExpressionId star_expressions(std::string_view what);  ///< with commas: maybe a tuple
  ExpressionId assigned_value();                         ///< star_expressions or a yield
  ExpressionId yield_expression();
  ExpressionId disjunction();
  ExpressionId conjunction();
  ExpressionId inversion();
  ExpressionId comparison();
  ExpressionId binary(int precedence);
  ExpressionId unary();
  ExpressionId power();
  ExpressionId await_or_primary();
  ExpressionId primary();
  ExpressionId subscript();
  ExpressionId subscript_item();
  ExpressionId target_list();  ///< of `for` and comprehensions
  ExpressionId target_item();
  ExpressionId lambda();
  [[nodiscard]] bool starts_expression() const;

  // ------------------------------------------------------------------------------------ atoms (parser_atoms.cpp)
  ExpressionId atom();
  ExpressionId group();
  ExpressionId list_display();
  ExpressionId brace_display();
  ExpressionId dict_display(uint32_t begin, ExpressionId first_key);
  ExpressionId comprehension(ComprehensionExpression::Kind kind, ExpressionId element, ExpressionId value,
                             uint32_t begin, TokenKind close);
  std::vector<CallArgument> call_arguments(TokenKind close);
  ExpressionId integer_literal(const Token& token);
  ExpressionId float_literal(const Token& token);

  // -------------------------------------------------------------------------------- strings (parser_strings.cpp)
  ExpressionId strings();
  [[nodiscard]] StringPiece piece_of(const Token& token) const;
  /// Resolves the escapes of a range of the file; false when one can't be had (`what` says which).
  bool decode(uint32_t begin, uint32_t end, const StringPiece& piece, std::string& text, std::string& unsupported);
  void format_parts(const StringPiece& piece, uint32_t& at, int level, std::vector<FormatPart>& parts,
                    std::string& unsupported);
  void format_field(const StringPiece& piece, uint32_t& at, int level, std::vector<FormatPart>& parts,
                    std::string& unsupported);
  uint32_t field_expression_end(const StringPiece& piece, uint32_t begin);
  ExpressionId part_expression(uint32_t begin, uint32_t end);

  // --------------------------------------------------------------------------- statements (parser_statements.cpp)
  void statements_until(TokenKind end, Block& block);
  void statement(Block& block);
  void simple_line(Block& block);
  StatementKind simple_statement();
  StatementKind expression_statement();
  StatementKind annotated_assignment(ExpressionId target);
  StatementKind return_statement();
  StatementKind delete_statement();
  StatementKind scope_statement();
  StatementKind assert_statement();
  StatementKind raise_statement();
  StatementKind import_statement();
  StatementKind import_from_statement();
  [[nodiscard]] bool at_type_alias() const;
  void check_python_2(ExpressionId value);
  bool import_path(ImportedName& imported);

  // ----------------------------------------------------------------------- compound statements (parser_compound.cpp)
  [[nodiscard]] bool starts_compound() const;
  StatementKind compound_statement();
  /// `: block`; `head` says for messages what stands before it: "the condition of `if`". Never panicking afterwards.
  Block block(std::string_view head);
  void skip_block();
  StatementKind if_statement();
  StatementKind while_statement();
  StatementKind for_statement();
  StatementKind try_statement();
  StatementKind with_statement();
  [[nodiscard]] bool at_parenthesized_with_items() const;
  WithItem with_item();
  [[nodiscard]] bool at_match_statement() const;
  StatementKind match_statement();
  StatementKind stray_clause();
  ExceptHandler except_handler();

  // --------------------------------------------------------------------- definitions (parser_definitions.cpp)
  StatementKind function_definition(std::vector<ExpressionId> decorators);
  StatementKind class_definition(std::vector<ExpressionId> decorators);
  StatementKind decorated();
  StatementKind async_statement(std::vector<ExpressionId> decorators);
  /// Of a def (close is `)`) or a lambda (close is `:`); the closing token is left.
  std::vector<Parameter> parameters(TokenKind close);
  void check_parameters(const std::vector<Parameter>& parameters);
  Block loop_body(std::string_view head);

  std::string_view text_;
  NameTable& names_;
  LocationTable& locations_;
  Diagnostics diagnostics_;
  Ast ast_;
  IdVector<ExpressionId, uint16_t> heights_;  ///< of the tree below each expression
  std::vector<Token> tokens_;
  size_t position_ = 0;
  std::vector<Scope> scopes_;
  int nesting_ = 0;
  int blocks_ = 0;
  int chain_ = 0;  ///< of `elif` around the current statement
  bool panicking_ = false;
};

}  // namespace lathe::torch
