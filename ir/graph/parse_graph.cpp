// The frame of a graph's text: header, bodies, scopes of names, recovery, and building of nodes.
#include "ir/graph/parse_graph.h"

#include <fmt/format.h>

#include <algorithm>

#include "ir/graph/type_match.h"

namespace lathe {

void GraphParser::run() {
  if (!parse_header().ok()) return;
  parse_body(Graph::root(), 0);
  if (!cursor_.at_end()) static_cast<void>(cursor_.error_expected("the end of the graph"));
}

Status GraphParser::parse_header() {
  LATHE_TRY_VOID(cursor_.expect("graph"));
  LATHE_TRY(module_.name, cursor_.expect_symbol("the name of the graph"));
  scopes_.emplace_back();
  LATHE_TRY_VOID(parse_arguments(Graph::root()));
  LATHE_TRY_VOID(cursor_.expect("->"));
  LATHE_TRY_VOID(cursor_.expect("("));
  if (!cursor_.accept(")")) {
    do {
      const LocationId where = cursor_.location();
      LATHE_TRY(Type type, cursor_.parse_type());
      outputs_.emplace_back(std::move(type), where);
    } while (cursor_.accept(","));
    LATHE_TRY_VOID(cursor_.expect(")"));
  }
  return cursor_.expect("{");
}

// `(%x: f32[N], %y: f32[3])`
Status GraphParser::parse_arguments(RegionId region) {
  LATHE_TRY_VOID(cursor_.expect("("));
  if (cursor_.accept(")")) return {};
  do {
    const LocationId where = cursor_.location();
    LATHE_TRY(const std::string name, cursor_.expect_value("an argument such as `%x: f32[N]`"));
    LATHE_TRY_VOID(cursor_.expect(":"));
    const LocationId type_location = cursor_.location();
    LATHE_TRY(Type type, cursor_.parse_type());
    LATHE_TRY_VOID(check_extent(type, type_location));
    ValueId value;
    if (region == Graph::root()) {
      LATHE_TRY_VOID(declare_symbols(type, type_location));
      value = builder_.input(std::move(type), name, where);
    } else {
      LATHE_TRY_VOID(check_symbols(type, type_location));
      value = module_.graph.add_argument(region, std::move(type), name, where);
    }
    define(name, value, where);
  } while (cursor_.accept(","));
  return cursor_.expect(")");
}

// Statements up to the closing brace.
void GraphParser::parse_body(RegionId region, int depth) {
  bool has_return = false;
  bool reported = false;
  while (!cursor_.at("}")) {
    if (cursor_.at_end()) {
      static_cast<void>(cursor_.error_expected("`}`"));
      return;
    }
    const uint32_t begin = cursor_.peek().span.begin;
    if (has_return) {
      if (!reported) static_cast<void>(cursor_.error_expected("`}`, since `return` is the last node of a region"));
      reported = true;
      cursor_.next();
      recover();
    } else {
      has_return = cursor_.at("return");
      parse_statement(region, depth);
      has_return = has_return || module_.graph.has_return(region);
    }
    if (cursor_.peek().span.begin == begin) cursor_.next();
  }
  if (!has_return) static_cast<void>(cursor_.error_expected("`return`"));
  cursor_.next();
}

void GraphParser::parse_statement(RegionId region, int depth) {
  Statement statement;
  const auto parse = [&]() -> Status {
    LATHE_TRY_VOID(parse_results(statement));
    LATHE_TRY_VOID(parse_op(statement));
    const auto* structural = form<Structural>(*statement.op);
    if (structural != nullptr && structural->kind == Structural::Kind::Constant) {
      LATHE_TRY_VOID(parse_constant(statement));
    } else {
      LATHE_TRY_VOID(parse_operands(statement));
      LATHE_TRY_VOID(parse_attributes(statement));
    }
    LATHE_TRY_VOID(parse_regions(statement, depth));
    LATHE_TRY_VOID(parse_types(statement));
    return parse_trailer(statement);
  };
  if (!parse().ok()) {
    recover();
    statement.poisoned = true;
  }
  if (statement.poisoned) {
    for (const auto& [name, where] : statement.results) define(name, {}, where);
    return;
  }
  build(statement, region);
}

Status GraphParser::parse_regions(Statement& statement, int depth) {
  while (cursor_.at("region")) {
    const LocationId where = cursor_.location();
    cursor_.next();
    if (depth + 1 > kMaxRegionDepth) {
      return diagnostics_
          .report(DiagnosticKind::NestingTooDeep, where, "regions nest deeper than {} levels", kMaxRegionDepth)
          .emit();
    }
    const RegionId region = module_.graph.add_region();
    scopes_.emplace_back();
    const auto close_scope = [&] {
      for (const std::string& name : scopes_.back()) names_.erase(name);
      scopes_.pop_back();
    };
    Status header = parse_arguments(region);
    if (header.ok()) header = cursor_.expect("{");
    if (!header.ok()) {
      close_scope();
      return header;
    }
    parse_body(region, depth + 1);
    close_scope();
    // Its errors have been reported; the owner can't be built without it.
    if (!module_.graph.has_return(region)) statement.poisoned = true;
    statement.regions.push_back(region);
  }
  return {};
}

void GraphParser::build(Statement& statement, RegionId region) {
  const auto poison = [&] {
    for (const auto& [name, where] : statement.results) define(name, {}, where);
  };
  if (statement.dense && !finish_constant(statement).ok()) return poison();
  const size_t first_fresh = module_.symbols.rows().size();
  builder_.set_region(region);
  builder_.set_location(statement.location, statement.layer);
  const bool is_return = has(statement.op->traits, Trait::Terminator);
  NodeDraft draft{statement.op,      statement.operands, statement.attributes,
                  statement.regions, statement.location, statement.layer};
  Result<std::vector<ValueId>> results = builder_.add_draft(std::move(draft));
  if (!results) return poison();
  if (results->size() != statement.results.size()) {
    static_cast<void>(diagnostics_
                          .report(DiagnosticKind::Syntax, statement.op_location,
                                  "`{}` has {} results, {} names are given", statement.op->name, results->size(),
                                  statement.results.size())
                          .emit());
    return poison();
  }
  for (size_t i = 0; i < statement.results.size(); ++i) {
    const auto& [name, where] = statement.results[i];
    module_.graph.set_value_name((*results)[i], name);
    define(name, (*results)[i], where);
  }
  check_types(statement, is_return ? statement.operands : *results, first_fresh);
  if (is_return && region == Graph::root()) check_outputs(statement);
}

Status GraphParser::finish_constant(Statement& statement) {
  if (statement.types.size() != 1 || statement.types[0].first.as_tensor() == nullptr) {
    return diagnostics_
        .report(DiagnosticKind::Syntax, statement.op_location, "a `constant` needs the type of its tensor")
        .emit();
  }
  const TensorType& type = *statement.types[0].first.as_tensor();
  LATHE_TRY(ConstantData data, finish_dense(cursor_, *statement.dense, type, statement.types[0].second));
  data.location = statement.location;
  statement.attributes = {module_.constants.add(std::move(data))};
  return {};
}

// The stated types against what inference found. Symbols that inference made get the names that the text gives them.
void GraphParser::check_types(const Statement& statement, const std::vector<ValueId>& values, size_t first_fresh) {
  if (statement.types.size() != values.size()) {
    static_cast<void>(diagnostics_
                          .report(DiagnosticKind::Syntax, statement.op_location,
                                  "`{}` has {} values, {} types are given", statement.op->name, values.size(),
                                  statement.types.size())
                          .emit());
    return;
  }
  TypeMatcher matcher(module_, first_fresh);
  for (size_t i = 0; i < values.size(); ++i) {
    const auto& [stated, where] = statement.types[i];
    const Type& inferred = module_.graph.value(values[i]).type;
    if (inferred == stated) continue;
    if (matcher.matches(inferred, stated)) {
      if (!has(statement.op->traits, Trait::Terminator)) module_.graph.set_type(values[i], stated);
      continue;
    }
    DiagnosticBuilder error =
        diagnostics_.report(DiagnosticKind::DeclaredTypeMismatch, where, "`{}` gives `{}`, the text says `{}`",
                            statement.op->name, text(inferred), text(stated));
    std::move(error).label(statement.op_location, fmt::format("this gives `{}`", text(inferred)));
    static_cast<void>(std::move(error).emit());
  }
  if (module_.symbols.rows().size() > first_fresh) rename_fresh_symbols(matcher, first_fresh);
  for (const auto& [stated, where] : statement.types) {
    if (!check_symbols(stated, where).ok()) return;
  }
}

void GraphParser::rename_fresh_symbols(const TypeMatcher& matcher, size_t first_fresh) {
  const std::vector<SymbolTable::Row> rows = module_.symbols.rows();
  module_.symbols = {};
  for (size_t i = 0; i < rows.size(); ++i) {
    const SymbolTable::Row& row = rows[i];
    const auto bound = i < first_fresh ? matcher.bindings().end() : matcher.bindings().find(row.name);
    const std::string& name = bound == matcher.bindings().end() ? row.name : bound->second;
    if (module_.symbols.find(name) == nullptr) module_.symbols.declare(name, row.lower, row.upper);
  }
}

void GraphParser::check_outputs(const Statement& statement) {
  if (outputs_.size() != statement.operands.size()) {
    static_cast<void>(diagnostics_
                          .report(DiagnosticKind::DeclaredTypeMismatch, statement.op_location,
                                  "the graph declares {} results, {} are returned", outputs_.size(),
                                  statement.operands.size())
                          .emit());
    return;
  }
  for (size_t i = 0; i < outputs_.size(); ++i) {
    const Type& type = module_.graph.value(statement.operands[i]).type;
    TypeMatcher matcher(module_, module_.symbols.rows().size());
    if (matcher.matches(type, outputs_[i].first)) continue;
    static_cast<void>(diagnostics_
                          .report(DiagnosticKind::DeclaredTypeMismatch, outputs_[i].second,
                                  "result {} is `{}`, the graph declares `{}`", i, text(type), text(outputs_[i].first))
                          .label(statement.op_location, "returned here")
                          .emit());
  }
}

void GraphParser::define(const std::string& name, ValueId value, LocationId where) {
  const auto [found, is_new] = names_.emplace(name, Binding{value, where});
  if (is_new) {
    scopes_.back().push_back(name);
    return;
  }
  static_cast<void>(diagnostics_.report(DiagnosticKind::DuplicateName, where, "`%{}` is defined twice", name)
                        .label(found->second.where, "the first one")
                        .emit());
}

Status GraphParser::check_symbols(const Dim& dim, LocationId where) {
  Status status;
  for_each_symbol(dim, [&](const std::string& symbol) {
    if (!status.ok() || module_.symbols.find(symbol) != nullptr) return;
    status = diagnostics_.report(DiagnosticKind::UnknownValue, where, "the symbol `{}` is not declared", symbol).emit();
  });
  return status;
}

Status GraphParser::check_symbols(const Type& type, LocationId where) {
  const Type* inner = &type;
  while (inner->as_tensor() == nullptr) {
    const auto* sequence = std::get_if<SequenceType>(&inner->kind);
    inner = sequence != nullptr ? &sequence->element.front() : &std::get<OptionalType>(inner->kind).element.front();
  }
  for (const Dim& dim : inner->as_tensor()->dims) LATHE_TRY_VOID(check_symbols(dim, where));
  return {};
}

// A symbol in the type of an input is declared by that, unless a `sym` row has done so.
Status GraphParser::declare_symbols(const Type& type, LocationId where) {
  Status status;
  const Type* inner = &type;
  while (inner->as_tensor() == nullptr) {
    const auto* sequence = std::get_if<SequenceType>(&inner->kind);
    inner = sequence != nullptr ? &sequence->element.front() : &std::get<OptionalType>(inner->kind).element.front();
  }
  for (const Dim& dim : inner->as_tensor()->dims) {
    for_each_symbol(dim, [&](const std::string& symbol) {
      if (symbol.front() == '%') {
        status = diagnostics_.report(DiagnosticKind::Syntax, where, "`{}` is no symbol of a shape", symbol).emit();
      } else if (module_.symbols.find(symbol) == nullptr) {
        module_.symbols.declare(symbol);
      }
    });
  }
  return status;
}

// Sizes that an argument can't have; those of results are checked by inference.
Status GraphParser::check_extent(const Type& type, LocationId where) {
  constexpr int64_t kMostElements = int64_t{1} << 59;
  const TensorType* tensor = type.as_tensor();
  if (tensor == nullptr) return {};
  Dim count = 1;
  for (const Dim& dim : tensor->dims) {
    if (!dim.is_constant()) continue;
    if (dim.constant() < 0) {
      return diagnostics_
          .report(DiagnosticKind::NegativeDimension, where, "`{}` has a negative dimension", text(*tensor))
          .emit();
    }
    count *= dim;
  }
  if (count.valid() && count.constant() <= kMostElements) return {};
  return diagnostics_
      .report(DiagnosticKind::SizeOverflow, where, "`{}` has more elements than can be addressed", text(*tensor))
      .emit();
}

bool GraphParser::starts_line(const Token& token) const {
  size_t at = token.span.begin;
  while (at > 0 && (text_[at - 1] == ' ' || text_[at - 1] == '\t' || text_[at - 1] == '\r')) --at;
  return at == 0 || text_[at - 1] == '\n';
}

// Skips to where the next statement starts, or to the brace that closes the region.
void GraphParser::recover() {
  size_t depth = 0;
  while (!cursor_.at_end()) {
    const Token& token = cursor_.peek();
    const bool starts_statement = token.kind == TokenKind::Value || cursor_.at("return");
    if (depth == 0 && starts_statement && starts_line(token)) break;
    if (cursor_.at("{")) {
      ++depth;
    } else if (cursor_.at("}")) {
      if (depth == 0 && !in_attributes_) break;
      if (depth == 0) {
        in_attributes_ = false;
      } else {
        --depth;
      }
    }
    cursor_.next();
  }
  in_attributes_ = false;
}

}  // namespace lathe
