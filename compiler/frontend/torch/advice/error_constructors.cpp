// Cures for arguments of constructors: divisions that give floats, numbers that don't divide, lists, misspelt keywords.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <utility>

#include "compiler/frontend/torch/advice/error_families.h"
#include "compiler/frontend/torch/advice/fault_view.h"
#include "compiler/frontend/torch/advice/forward_steps.h"
#include "compiler/frontend/torch/advice/library_names.h"
#include "compiler/frontend/torch/advice/outer_calls.h"

namespace lathe::torch {
namespace {

bool is_inside(const Span& inner, const Span& outer) {
  return inner.file == outer.file && outer.begin <= inner.begin && inner.end <= outer.end;
}

std::vector<ExpressionView> inside(const SourceView& source, const Span& span) {
  std::vector<ExpressionView> result;
  const Ast* ast = source.tree(span.file);
  for (size_t i = 0; ast != nullptr && i < ast->expressions.size(); ++i) {
    const ExpressionView view{ast, ExpressionId(i)};
    if (is_inside(view.span(), span)) result.push_back(view);
  }
  return result;
}

/// The expression of an argument at a place: of `groups=4` the 4.
std::optional<ExpressionView> argument_at(const SourceView& source, const Span& span) {
  const Ast* ast = source.tree(span.file);
  for (size_t i = 0; ast != nullptr && i < ast->expressions.size(); ++i) {
    const auto* call = std::get_if<CallExpression>(&ast->expressions[ExpressionId(i)].kind);
    if (call == nullptr) continue;
    for (const CallArgument& argument : call->arguments) {
      const ExpressionView value{ast, argument.value};
      const bool is_keyword = argument.kind == CallArgument::Kind::Keyword;
      if (value.span() == span) return value;
      if (is_keyword && argument.name_span.begin == span.begin && value.span().end == span.end) return value;
    }
  }
  return source.expression(span);
}

/// Divisions within an expression, or within the value that a name was given before.
void floor_divisions(Proposal& proposal, const Span& place) {
  const SourceView& source = proposal.source;
  std::vector<Edit> edits;
  const auto collect = [&](const Span& span) {
    for (const ExpressionView& view : inside(source, span)) {
      const auto* binary = view.as<BinaryExpression>();
      if (binary == nullptr || binary->op != BinaryOp::Divide) continue;
      const Span left = view.child(binary->left).span();
      const Span right = view.child(binary->right).span();
      const std::string between = source.text({left.file, left.end, right.begin});
      const size_t at = between.find('/');
      if (at == std::string::npos) continue;
      edits.push_back(insert_after({left.file, left.end, left.end + static_cast<uint32_t>(at)}, "/"));
    }
  };
  collect(place);
  if (edits.empty()) {
    for (const ExpressionView& view : inside(source, place)) {
      if (const std::optional<ExpressionView> value = assigned_before(source, view)) collect(value->span());
    }
  }
  if (!edits.empty()) {
    const std::string text = edits.size() == 1 ? "integer division: `//`" : "integer divisions: `//`";
    proposal.fix(text, edits);
  }
}

// --------------------------------------------------------------------------------------------------------- divisors

/// "groups = 4 does not divide in_channels = 6"
struct Division {
  std::string divisor_name;
  int64_t divisor = 0;
  std::string number_name;
  int64_t number = 0;
};

std::optional<int64_t> integer_of(std::string_view text) {
  int64_t value = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  if (read.ec != std::errc{}) return std::nullopt;
  return value;
}

std::optional<Division> division_of(const std::string& message) {
  constexpr std::string_view kVerb = " does not divide ";
  const size_t at = message.find(kVerb);
  if (at == std::string::npos) return std::nullopt;
  const auto side = [](std::string_view text) -> std::optional<std::pair<std::string, int64_t>> {
    const size_t equals = text.find(" = ");
    if (equals == std::string_view::npos) return std::nullopt;
    const std::optional<int64_t> number = integer_of(text.substr(equals + 3));
    if (!number) return std::nullopt;
    const size_t begin = text.substr(0, equals).rfind(' ');
    const size_t first = begin == std::string_view::npos ? 0 : begin + 1;
    return std::pair(std::string(text.substr(first, equals - first)), *number);
  };
  const auto left = side(std::string_view(message).substr(0, at));
  const auto right = side(std::string_view(message).substr(at + kVerb.size()));
  if (!left || !right) return std::nullopt;
  return Division{left->first, left->second, right->first, right->second};
}

void propose_division(Proposal& proposal, const Span& place) {
  const std::optional<Division> division = division_of(proposal.diagnostic.message);
  if (!division || division->divisor < 1 || division->number < 1) return;
  const SourceView& source = proposal.source;
  std::vector<int64_t> divisors;
  for (int64_t candidate = 1; candidate <= std::min<int64_t>(division->number, 4096); ++candidate) {
    if (division->number % candidate == 0) divisors.push_back(candidate);
  }
  std::sort(divisors.begin(), divisors.end(), [&](int64_t a, int64_t b) {
    return std::pair(std::abs(a - division->divisor), a) < std::pair(std::abs(b - division->divisor), b);
  });
  if (divisors.size() > 2) divisors.resize(2);
  const std::optional<ExpressionView> written = argument_at(source, place);
  // The default of the parameter that is passed on, rather than what is passed on.
  const std::optional<ExpressionView> fallback = written ? default_behind(source, *written) : std::nullopt;
  for (const int64_t divisor : divisors) {
    if (!fallback) break;
    proposal.fix(fmt::format("`{}={}` divides {}", source.text(*written), divisor, division->number),
                 {replace(fallback->span(), std::to_string(divisor))});
  }
  for (const int64_t divisor : divisors) {
    if (!written) break;
    proposal.fix(fmt::format("`{}={}` divides {}", division->divisor_name, divisor, division->number),
                 {replace(written->span(), std::to_string(divisor))});
  }
  // The other number, to the nearest multiple.
  const std::optional<ExpressionView> call = source.call(proposal.diagnostic.where);
  if (!call) return;
  const auto* node = call->as<CallExpression>();
  for (const int64_t multiple : {division->number - division->number % division->divisor,
                                 division->number - division->number % division->divisor + division->divisor}) {
    if (multiple <= 0) continue;
    for (const CallArgument& argument : node->arguments) {
      const ExpressionView value = call->child(argument.value);
      const bool is_named =
          argument.kind == CallArgument::Kind::Keyword && source.name(argument.name) == division->number_name;
      const auto* number = value.as<IntegerExpression>();
      const bool is_number = argument.kind == CallArgument::Kind::Positional && number != nullptr &&
                             number->value == division->number && !(written && value.id == written->id);
      if (!is_named && !is_number) continue;
      proposal.fix(fmt::format("`{}={}` is a multiple of {}", division->number_name, multiple, division->divisor),
                   {replace(value.span(), std::to_string(multiple))});
      break;
    }
  }
}

// ---------------------------------------------------------------------------------------------------------- keywords

struct Synonym {
  std::string_view written;
  std::string_view meant;
};
constexpr std::array kSynonyms = {
    Synonym{"kernel", "kernel_size"},
    Synonym{"ksize", "kernel_size"},
    Synonym{"k", "kernel_size"},
    Synonym{"size", "kernel_size"},
    Synonym{"filters", "out_channels"},
    Synonym{"units", "out_features"},
    Synonym{"strides", "stride"},
    Synonym{"pad", "padding"},
    Synonym{"pads", "padding"},
    Synonym{"input", "in_features"},
    Synonym{"output", "out_features"},
    Synonym{"in_dim", "in_features"},
    Synonym{"out_dim", "out_features"},
    Synonym{"in_c", "in_channels"},
    Synonym{"out_c", "out_channels"},
    Synonym{"inputs", "in_features"},
    Synonym{"outputs", "out_features"},
    Synonym{"input_dim", "input_size"},
    Synonym{"hidden", "hidden_size"},
    Synonym{"hidden_dim", "hidden_size"},
    Synonym{"layers", "num_layers"},
    Synonym{"n_layers", "num_layers"},
    Synonym{"heads", "num_heads"},
    Synonym{"n_heads", "num_heads"},
    Synonym{"nheads", "num_heads"},
    Synonym{"num_heads", "nhead"},
    Synonym{"heads", "nhead"},
    Synonym{"dim", "embed_dim"},
    Synonym{"axis", "dim"},
    Synonym{"dim", "axis"},
    Synonym{"keepdims", "keepdim"},
    Synonym{"rate", "p"},
    Synonym{"dropout", "p"},
    Synonym{"drop", "p"},
    Synonym{"prob", "p"},
    Synonym{"use_bias", "bias"},
    Synonym{"epsilon", "eps"},
    Synonym{"alpha", "negative_slope"},
    Synonym{"slope", "negative_slope"},
    Synonym{"scale", "scale_factor"},
    Synonym{"vocab_size", "num_embeddings"},
    Synonym{"dim", "embedding_dim"},
    Synonym{"embed_dim", "embedding_dim"},
    Synonym{"channels", "num_features"},
    Synonym{"features", "num_features"},
    Synonym{"num_channels", "num_features"},
    Synonym{"features", "normalized_shape"},
    Synonym{"bidir", "bidirectional"},
};

/// The names in "its form is `X(a, b=1)`".
std::vector<std::string> names_of_form(const Diagnostic& diagnostic) {
  std::vector<std::string> names;
  for (const std::string& note : diagnostic.notes) {
    const size_t open = note.find('(');
    if (!note.starts_with("its form is") || open == std::string::npos) continue;
    std::string name;
    bool in_default = false;
    int depth = 0;
    for (size_t i = open + 1; i < note.size(); ++i) {
      const char c = note[i];
      if (c == '(' || c == '[') ++depth;
      if (c == ']' || c == ')') --depth;
      if ((c == ',' && depth == 0) || depth < 0) {
        if (!name.empty()) names.push_back(name);
        name.clear();
        in_default = false;
        if (depth < 0) break;
      } else if (c == '=') {
        in_default = true;
      } else if (!in_default && c != ' ' && c != '*') {
        name += c;
      }
    }
  }
  return names;
}

std::string backticked(const std::string& text, std::string_view behind) {
  const size_t at = text.find(behind);
  if (at == std::string::npos) return {};
  const size_t begin = text.find('`', at);
  const size_t end = begin == std::string::npos ? begin : text.find('`', begin + 1);
  if (end == std::string::npos) return {};
  return text.substr(begin + 1, end - begin - 1);
}

void propose_keywords(Proposal& proposal) {
  const std::string wrong = backticked(proposal.diagnostic.message, "has no argument ");
  const std::optional<Span> place = proposal.source.span(proposal.diagnostic.where);
  if (wrong.empty() || !place) return;
  const SourceView& source = proposal.source;
  const Ast* ast = source.tree(place->file);
  std::optional<Span> name;
  std::vector<std::string> given;
  for (size_t i = 0; ast != nullptr && i < ast->expressions.size() && !name; ++i) {
    const auto* call = std::get_if<CallExpression>(&ast->expressions[ExpressionId(i)].kind);
    if (call == nullptr) continue;
    for (const CallArgument& argument : call->arguments) {
      const bool is_it = argument.kind == CallArgument::Kind::Keyword && is_inside(argument.name_span, *place) &&
                         source.name(argument.name) == wrong;
      if (is_it) name = argument.name_span;
    }
    for (const CallArgument& argument : call->arguments) {
      if (name && argument.kind == CallArgument::Kind::Keyword) given.push_back(source.name(argument.name));
    }
  }
  if (!name) return;
  std::vector<std::string> meant;
  const auto add = [&](const std::string& candidate) {
    const bool is_given = std::find(given.begin(), given.end(), candidate) != given.end();
    const bool is_known = std::find(meant.begin(), meant.end(), candidate) != meant.end();
    if (!candidate.empty() && !is_given && !is_known) meant.push_back(candidate);
  };
  add(backticked(proposal.diagnostic.message, "did you mean "));
  const std::vector<std::string> form = names_of_form(proposal.diagnostic);
  const auto has = [&](std::string_view candidate) {
    return std::find(form.begin(), form.end(), candidate) != form.end();
  };
  for (const Synonym& row : kSynonyms) {
    if (row.written == wrong && has(row.meant)) add(std::string(row.meant));
  }
  for (const std::string& candidate : form) {
    if (candidate.size() > 1 && wrong.size() > 1 && (candidate.starts_with(wrong) || wrong.starts_with(candidate)))
      add(candidate);
  }
  for (const std::string& candidate : meant) {
    proposal.fix(fmt::format("the argument is called `{}`", candidate), {replace(*name, candidate)});
  }
  if (!meant.empty() && proposal.diagnostic.message.find("did you mean") == std::string::npos) {
    proposal.diagnostic.message += fmt::format("; did you mean `{}`?", meant.front());
  }
}

// ----------------------------------------------------------------------------------------------------------- the rest

/// nn.Sequential of a list, a generator, a dict, a class.
void propose_members(Proposal& proposal, const Span& place) {
  const SourceView& source = proposal.source;
  std::optional<ExpressionView> call = source.call(proposal.diagnostic.where);
  if (call && call->span() == place) call = source.call_around(*call);
  if (!call) return;
  for (const CallArgument& argument : call->as<CallExpression>()->arguments) {
    const ExpressionView value = call->child(argument.value);
    if (argument.kind != CallArgument::Kind::Positional) continue;
    const bool is_display = value.as<ListExpression>() != nullptr || value.as<TupleExpression>() != nullptr ||
                            value.as<ComprehensionExpression>() != nullptr;
    const bool is_name = value.as<NameExpression>() != nullptr || value.as<CallExpression>() != nullptr ||
                         value.as<AttributeExpression>() != nullptr;
    const std::string text = source.text(value);
    const bool is_list = proposal.diagnostic.message.find("not a ") != std::string::npos;
    if (is_display || (is_name && is_list)) {
      const bool in_parentheses = !is_display || text.starts_with('[') || text.starts_with('(');
      proposal.fix("unpack the list: `*`", {in_parentheses ? insert_before(value.span(), "*")
                                                           : replace(value.span(), fmt::format("*({})", text))});
    }
    if (is_name && value.as<CallExpression>() == nullptr) {
      const std::string last = text.substr(text.rfind('.') + 1);
      const std::string_view module = module_class_of(last);
      if (!module.empty()) {
        const std::string made = library_name(source, value.span().file, module) + "()";
        proposal.fix(fmt::format("the module for it: `{}`", made), {replace(value.span(), made)});
      } else {
        proposal.fix(fmt::format("make one: `{}()`", text), {insert_after(value.span(), "()")});
      }
    }
    if (value.as<DictExpression>() != nullptr) {
      proposal.fix("unpack the entries: `.values()`", {replace(value.span(), fmt::format("*{}.values()", text))});
    }
    if (is_name && proposal.diagnostic.message.find("dict") != std::string::npos) {
      proposal.fix("unpack the entries: `.values()`",
                   {replace(value.span(), fmt::format("*{}.values()", atom_text(source, value)))});
    }
  }
}

/// ModuleList(a, b): it takes one list.
void propose_list(Proposal& proposal) {
  if (proposal.diagnostic.message.find("takes 1 positional argument") == std::string::npos) return;
  std::optional<ExpressionView> call = proposal.source.call(proposal.diagnostic.where);
  const std::optional<Span> place = proposal.source.span(proposal.diagnostic.where);
  if (call && place && call->span() == *place) call = proposal.source.call_around(*call);
  if (!call) return;
  const auto* node = call->as<CallExpression>();
  if (!proposal.source.dotted(call->child(node->function)).ends_with("List") || node->arguments.empty()) return;
  const Span first = call->child(node->arguments.front().value).span();
  const Span last = call->child(node->arguments.back().value).span();
  proposal.fix("put them into a list: `[...]`", {insert_before(first, "["), insert_after(last, "]")});
}

void propose_numbers(Proposal& proposal, const Span& place) {
  const SourceView& source = proposal.source;
  const std::optional<ExpressionView> written = argument_at(source, place);
  if (!written) return;
  const std::string& message = proposal.diagnostic.message;
  if (message.find("a probability is between 0 and 1") != std::string::npos) {
    const auto* whole = written->as<IntegerExpression>();
    const auto* real = written->as<FloatExpression>();
    const double value = whole != nullptr ? static_cast<double>(whole->value) : real != nullptr ? real->value : -1;
    if (value >= 2 && value <= 100) {
      proposal.fix(fmt::format("{} percent are {}", value, value / 100),
                   {replace(written->span(), fmt::format("{}", value / 100))});
    }
  }
  if (message.find("padding='same' needs stride 1") != std::string::npos) {
    for (const std::string& note : proposal.diagnostic.notes) {
      const size_t at = note.find("for instance ");
      if (at == std::string::npos) continue;
      const std::string number = note.substr(at + std::string_view("for instance ").size());
      proposal.fix(fmt::format("padding as a number: `padding={}`", number), {replace(written->span(), number)});
    }
    if (const std::optional<ExpressionView> call = source.call(proposal.diagnostic.where)) {
      if (const std::optional<ExpressionView> stride = source.argument(*call, 3, "stride")) {
        proposal.fix("stride 1", {replace(stride->span(), "1")});
      }
    }
  }
  // One of several texts: the one that begins alike.
  const size_t may_be = message.find("; it may be ");
  const auto* text = written->as<StringExpression>();
  if (may_be != std::string::npos && text != nullptr && !text->value.empty()) {
    size_t at = message.find('\'', may_be);
    while (at != std::string::npos) {
      const size_t end = message.find('\'', at + 1);
      if (end == std::string::npos) break;
      const std::string choice = message.substr(at + 1, end - at - 1);
      const bool is_near = !choice.empty() && std::tolower(static_cast<unsigned char>(choice[0])) ==
                                                  std::tolower(static_cast<unsigned char>(text->value[0]));
      if (is_near) proposal.fix(fmt::format("`'{}'`", choice), {replace(written->span(), fmt::format("'{}'", choice))});
      at = message.find('\'', end + 1);
    }
  }
  // A number that must be whole: 3.0, '3'.
  if (const auto* real = written->as<FloatExpression>();
      real != nullptr && real->value == static_cast<double>(static_cast<int64_t>(real->value))) {
    proposal.fix("a whole number", {replace(written->span(), std::to_string(static_cast<int64_t>(real->value)))});
  }
}

void propose_constructor(Proposal& proposal) {
  const std::optional<Span> place = proposal.source.span(proposal.diagnostic.where);
  if (!place) return;
  propose_keywords(proposal);
  propose_division(proposal, *place);
  const std::string& message = proposal.diagnostic.message;
  if (message.find("float") != std::string::npos) {
    floor_divisions(proposal, *place);
    const std::optional<ExpressionView> written = argument_at(proposal.source, *place);
    const bool is_literal = written && written->as<FloatExpression>() != nullptr;
    if (written && !is_literal) {
      proposal.fix("`int()` cuts the fraction off",
                   {replace(written->span(), fmt::format("int({})", proposal.source.text(*written)))});
    }
  }
  propose_list(proposal);
  if (message.find("takes modules") != std::string::npos) propose_members(proposal, *place);
  propose_numbers(proposal, *place);
}

/// The same for functions: sizes that are floats, misspelt keywords.
void propose_argument(Proposal& proposal) {
  const std::optional<Span> place = proposal.source.span(proposal.diagnostic.where);
  if (!place) return;
  propose_keywords(proposal);
  if (proposal.diagnostic.message.find("float") != std::string::npos ||
      proposal.diagnostic.message.find("an int") != std::string::npos) {
    floor_divisions(proposal, *place);
  }
}

constexpr ProposerRow kRows[] = {
    {DiagnosticKind::Constructor, propose_constructor},
    {DiagnosticKind::BadArgument, propose_argument},
    {DiagnosticKind::PythonError, propose_argument},
};

}  // namespace

std::span<const ProposerRow> constructor_error_proposers() { return kRows; }

}  // namespace lathe::torch
