// The parser of a graph's body: `graph @name(...) -> (...) { ... }`. Internal to parse.cpp, which reads the rest of a
// module.
//
// Nodes are built in the order of the text through GraphBuilder, so every node goes through inference. A statement with
// an error is skipped to the end of its line and its results become poison: nodes that read poison are skipped
// silently, so one fault gives one message. Regions nest at most kMaxRegionDepth deep.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "ir/base/lexer.h"
#include "ir/graph/builder.h"
#include "ir/graph/dense_text.h"
#include "ir/graph/type_match.h"

namespace lathe {

inline constexpr int kMaxRegionDepth = 32;

/// The rows `data @name` of a text; an invalid id is a row with an error.
using DataRows = std::map<std::string, ConstantId, std::less<>>;

class GraphParser {
 public:
  GraphParser(Module& module, Diagnostics& diagnostics, TokenCursor& cursor, std::string_view text,
              const DataRows& data)
      : module_(module),
        diagnostics_(diagnostics),
        cursor_(cursor),
        text_(text),
        data_(data),
        builder_(module, diagnostics) {}

  /// Reads from `graph` to its closing brace. Errors are reported; parsing goes on behind them where it can.
  void run();

 private:
  // What a name stands for. An invalid value is poison.
  struct Binding {
    ValueId value;
    LocationId where;
  };
  struct Statement {
    std::vector<std::pair<std::string, LocationId>> results;
    const OpDef* op = nullptr;
    LocationId op_location;
    std::vector<ValueId> operands;
    std::vector<Attribute> attributes;
    std::vector<RegionId> regions;
    std::vector<std::pair<Type, LocationId>> types;
    LocationId location;  // of the text, or what `loc` says
    std::string layer;
    bool poisoned = false;  // an operand or a region had an error
    // A constant's elements, until its type is known.
    std::optional<DenseElements> dense;
  };

  Status parse_header();
  Status parse_arguments(RegionId region);
  void parse_body(RegionId region, int depth);
  void parse_statement(RegionId region, int depth);
  Status parse_results(Statement& statement);
  Status parse_op(Statement& statement);
  Status parse_operands(Statement& statement);
  Status parse_constant(Statement& statement);
  Status parse_attributes(Statement& statement);
  Result<Attribute> parse_attribute(const AttributeDef& def, const OpDef& op);
  Status parse_regions(Statement& statement, int depth);
  Status parse_types(Statement& statement);
  Status parse_trailer(Statement& statement);
  Result<LocationId> parse_place();
  void build(Statement& statement, RegionId region);
  Status finish_constant(Statement& statement);
  void check_types(const Statement& statement, const std::vector<ValueId>& values, size_t first_fresh);
  void rename_fresh_symbols(const TypeMatcher& matcher, size_t first_fresh);
  void check_outputs(const Statement& statement);

  void define(const std::string& name, ValueId value, LocationId where);
  Status check_symbols(const Dim& dim, LocationId where);
  Status check_symbols(const Type& type, LocationId where);
  Status declare_symbols(const Type& type, LocationId where);
  Status check_extent(const Type& type, LocationId where);
  [[nodiscard]] bool starts_line(const Token& token) const;
  void recover();

  Module& module_;
  Diagnostics& diagnostics_;
  TokenCursor& cursor_;
  std::string_view text_;
  const DataRows& data_;
  GraphBuilder builder_;
  std::unordered_map<std::string, Binding> names_;
  std::vector<std::vector<std::string>> scopes_;
  std::vector<std::pair<Type, LocationId>> outputs_;
  std::map<std::string, FileId> files_;
  bool in_attributes_ = false;
};

}  // namespace lathe
