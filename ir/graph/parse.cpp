// Parses a module: symbols, guards, the graph, data rows. The graph's body is in parse_graph.cpp.
#include <fmt/format.h>

#include <algorithm>

#include "ir/graph/parse_graph.h"
#include "ir/graph/print.h"
#include "ir/graph/text_names.h"

namespace lathe {
namespace {

// Errors that make parsing fail, kept or not.
size_t failures(const Diagnostics& diagnostics) {
  return diagnostics.count(Severity::Error) + diagnostics.count(Severity::Unsupported) + diagnostics.dropped();
}

bool is_word(const Token& token, std::string_view word) {
  return token.kind == TokenKind::Identifier && token.text == word;
}

bool is_punctuation(const Token& token, std::string_view text) {
  return token.kind == TokenKind::Punctuation && token.text == text;
}

// True where a graph starts; `graph` may also be the name of a symbol.
bool starts_graph(const std::vector<Token>& tokens, size_t i) {
  if (!is_word(tokens[i], "graph")) return false;
  const TokenKind next = tokens[i + 1].kind;
  if (next == TokenKind::Symbol) return true;
  return next == TokenKind::Identifier && (i == 0 || !is_word(tokens[i - 1], "sym"));
}

// The graph's tokens apart from the others: data rows stand behind the graph that needs them.
struct SplitTokens {
  std::vector<Token> graph;
  std::vector<Token> others;
  std::vector<Token> repeated;  ///< the word `graph` of every graph but the first
};

SplitTokens split(const std::vector<Token>& tokens) {
  SplitTokens result;
  const Token& end = tokens.back();
  size_t i = 0;
  while (i + 1 < tokens.size()) {
    if (!starts_graph(tokens, i)) {
      result.others.push_back(tokens[i++]);
      continue;
    }
    std::vector<Token> body;
    size_t depth = 0;
    for (; i + 1 < tokens.size(); ++i) {
      body.push_back(tokens[i]);
      if (is_punctuation(tokens[i], "{")) ++depth;
      if (is_punctuation(tokens[i], "}") && depth != 0 && --depth == 0) {
        ++i;
        break;
      }
    }
    if (result.graph.empty()) {
      // Behind the graph its parser must see an end: where the brace closes, so that a message can point at it.
      const uint32_t at = body.back().span.end;
      body.push_back(Token{TokenKind::End, {}, Span{end.span.file, at, at}});
      result.graph = std::move(body);
    } else {
      result.repeated.push_back(body.front());
    }
  }
  result.others.push_back(end);
  return result;
}

class ModuleParser {
 public:
  ModuleParser(Module& module, Diagnostics& diagnostics, TokenCursor& cursor, const ParseOptions& options)
      : module_(module), diagnostics_(diagnostics), cursor_(cursor), options_(options) {
    if (options.shared_constants == nullptr) return;
    for (NamedConstant& row : data_constants(*options.shared_constants)) shared_.emplace(row.name, row.constant);
  }

  void run() {
    while (!cursor_.at_end()) {
      Status status;
      if (cursor_.accept("sym")) {
        status = parse_symbol();
      } else if (cursor_.accept("guard")) {
        status = parse_guard();
      } else if (cursor_.accept("data")) {
        status = parse_data();
      } else {
        status = cursor_.error_expected("`sym`, `guard`, `graph` or `data`");
        cursor_.next();
      }
      if (!status.ok()) recover();
    }
  }

  // Symbols of guards, once the graph's inputs have declared theirs.
  void check_guards() {
    for (size_t i = 0; i < guards_parsed_; ++i) {
      const Guard& guard = module_.guards[i];
      for (const Dim* side : {&guard.left, &guard.right}) {
        for_each_symbol(*side, [&](const std::string& symbol) {
          if (module_.symbols.find(symbol) != nullptr) return;
          static_cast<void>(
              diagnostics_
                  .report(DiagnosticKind::UnknownValue, guard.location, "the symbol `{}` is not declared", symbol)
                  .emit());
        });
      }
    }
  }

  [[nodiscard]] const DataRows& data() const { return data_; }

 private:
  void recover() {
    while (!cursor_.at_end() && !cursor_.at("sym") && !cursor_.at("guard") && !cursor_.at("data")) cursor_.next();
  }

  // Provers and guards look at every row, so their number is bounded.
  Status check_count(size_t count, std::string_view what) {
    constexpr size_t kMostRows = 4096;
    if (count < kMostRows) return {};
    return diagnostics_
        .report(DiagnosticKind::SizeOverflow, cursor_.location(), "a text has at most {} {}", kMostRows, what)
        .emit();
  }

  Status parse_symbol() {
    LATHE_TRY_VOID(check_count(module_.symbols.rows().size(), "symbols"));
    const LocationId where = cursor_.location();
    LATHE_TRY(const std::string name, cursor_.expect_identifier("the name of a symbol"));
    if (module_.symbols.find(name) != nullptr) {
      return diagnostics_.report(DiagnosticKind::DuplicateName, where, "the symbol `{}` is declared twice", name)
          .emit();
    }
    if (!cursor_.accept("in")) {
      module_.symbols.declare(name);
      return {};
    }
    LATHE_TRY_VOID(cursor_.expect("["));
    LATHE_TRY(const Dim lower, parse_bound());
    LATHE_TRY_VOID(cursor_.expect(","));
    LATHE_TRY(const Dim upper, parse_bound());
    LATHE_TRY_VOID(cursor_.expect("]"));
    if (module_.symbols.prove_lt(upper, lower) == Answer::Yes) {
      return diagnostics_
          .report(DiagnosticKind::BadAttribute, where, "the bounds of `{}` leave it no value: [{}, {}]", name,
                  lower.text(), upper.text())
          .emit();
    }
    module_.symbols.declare(name, lower, upper);
    return {};
  }

  // A bound may use symbols declared before.
  Result<Dim> parse_bound() {
    const LocationId where = cursor_.location();
    LATHE_TRY(Dim bound, cursor_.parse_dim());
    Status status;
    for_each_symbol(bound, [&](const std::string& symbol) {
      if (!status.ok() || module_.symbols.find(symbol) != nullptr) return;
      status =
          diagnostics_.report(DiagnosticKind::UnknownValue, where, "the symbol `{}` is not declared", symbol).emit();
    });
    if (!status.ok()) return Failure{};
    return bound;
  }

  Status parse_guard() {
    LATHE_TRY_VOID(check_count(module_.guards.size(), "guards"));
    Guard guard;
    guard.location = cursor_.location();
    LATHE_TRY(guard.left, cursor_.parse_dim());
    if (cursor_.accept("<")) {
      guard.relation = Guard::Relation::LessEqual;
    } else if (!cursor_.accept("=")) {
      return cursor_.error_expected("`==` or `<=`");
    }
    LATHE_TRY_VOID(cursor_.expect("="));
    LATHE_TRY(guard.right, cursor_.parse_dim());
    LATHE_TRY_VOID(cursor_.expect(","));
    LATHE_TRY(guard.message, cursor_.expect_string("what it means when the guard fails"));
    module_.add_guard(std::move(guard));
    guards_parsed_ = module_.guards.size();
    return {};
  }

  Status parse_data() {
    const LocationId where = cursor_.location();
    LATHE_TRY(const std::string name, cursor_.expect_symbol("the name of the data"));
    const auto [row, is_new] = data_.emplace(name, ConstantId{});
    if (!is_new) {
      return diagnostics_.report(DiagnosticKind::DuplicateName, where, "the data `@{}` is defined twice", name).emit();
    }
    LATHE_TRY_VOID(cursor_.expect(":"));
    LATHE_TRY(const TensorType type, cursor_.parse_tensor_type());
    LATHE_TRY_VOID(cursor_.expect("="));
    if (cursor_.accept("shared")) {
      const auto found = shared_.find(name);
      if (found == shared_.end() || !(options_.shared_constants->constants[found->second].type == type)) {
        return diagnostics_
            .report(DiagnosticKind::ExternalData, where, "the data `@{}` is to be shared, but nothing shares it", name)
            .emit();
      }
      ConstantData constant = options_.shared_constants->constants[found->second];
      constant.location = where;
      row->second = module_.constants.add(std::move(constant));
      return {};
    }
    LATHE_TRY(ConstantData constant, parse_payload(cursor_, type, options_.folder, where));
    constant.name = name;
    constant.location = where;
    row->second = module_.constants.add(std::move(constant));
    return {};
  }

  Module& module_;
  Diagnostics& diagnostics_;
  TokenCursor& cursor_;
  const ParseOptions& options_;
  DataRows data_;
  std::map<std::string, ConstantId> shared_;
  size_t guards_parsed_ = 0;
};

}  // namespace

Status parse_module(std::string_view text, std::string path, Module& module, Diagnostics& diagnostics,
                    const ParseOptions& options) {
  const size_t failures_before = failures(diagnostics);
  const FileId file = module.locations.add_file(std::move(path), std::string(text));
  const std::vector<Token> tokens = tokenize(text, file);
  SplitTokens parts = split(tokens);
  for (const Token& token : parts.repeated) {
    static_cast<void>(diagnostics
                          .report(DiagnosticKind::DuplicateName, module.locations.add(token.span),
                                  "a text has one graph, this is another one")
                          .emit());
  }
  TokenCursor others(std::move(parts.others), module.locations, diagnostics);
  ModuleParser parser(module, diagnostics, others, options);
  parser.run();
  if (parts.graph.empty()) {
    return diagnostics
        .report(DiagnosticKind::Syntax, module.locations.add(tokens.back().span), "the text has no `graph`")
        .emit();
  }
  TokenCursor body(std::move(parts.graph), module.locations, diagnostics);
  GraphParser(module, diagnostics, body, text, parser.data()).run();
  parser.check_guards();
  if (failures(diagnostics) != failures_before) return Failure{};
  return {};
}

Result<Module> parse_module(std::string_view text, std::string path, Diagnostics& diagnostics,
                            const ParseOptions& options) {
  Module module;
  LATHE_TRY_VOID(parse_module(text, std::move(path), module, diagnostics, options));
  return module;
}

}  // namespace lathe
