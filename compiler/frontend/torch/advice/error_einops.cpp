// Cures for patterns of einops.
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <sstream>
#include <utility>

#include "compiler/frontend/torch/advice/error_families.h"
#include "compiler/frontend/torch/advice/fault_view.h"

namespace lathe::torch {
namespace {

/// A pattern as its two sides; nothing when there is no arrow.
struct Pattern {
  std::string left;
  std::string right;
  [[nodiscard]] std::string text() const { return left + "->" + right; }
};

std::optional<Pattern> split(const std::string& text) {
  const size_t arrow = text.find("->");
  if (arrow == std::string::npos) return std::nullopt;
  return Pattern{text.substr(0, arrow), text.substr(arrow + 2)};
}

/// The names of a side, those in parentheses too.
std::vector<std::string> names_of(std::string side) {
  std::replace_if(side.begin(), side.end(), [](char c) { return c == '(' || c == ')'; }, ' ');
  std::istringstream words(side);
  std::vector<std::string> names;
  for (std::string word; words >> word;) names.push_back(word);
  return names;
}

bool has(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

/// Replaces a whole name.
std::string with_name(const std::string& side, const std::string& old, const std::string& name) {
  std::string result;
  std::string word;
  const auto flush = [&] {
    result += word == old ? name : word;
    word.clear();
  };
  for (const char c : side) {
    if (c == ' ' || c == '(' || c == ')') {
      flush();
      result += c;
    } else {
      word += c;
    }
  }
  flush();
  return result;
}

/// A side without its first name and the blank behind it.
std::string without_first(const std::string& side, const std::string& name) {
  const size_t at = side.find(name);
  return at == std::string::npos ? side : side.substr(0, at) + side.substr(std::min(side.size(), at + name.size() + 1));
}

class Einops {
 public:
  explicit Einops(Proposal& proposal) : proposal_(proposal), view_(proposal) {}

  void propose() {
    const std::string& operation = proposal_.facts.operation;
    if (operation != "rearrange" && operation != "reduce" && operation != "repeat") return;
    const std::optional<ExpressionView> call = view_.call();
    if (!call) return;
    call_ = *call;
    literal_ = view_.source().argument(*call, 1, "pattern");
    const auto* text = literal_ ? literal_->as<StringExpression>() : nullptr;
    if (text == nullptr) return;
    pattern_ = split(text->value);
    if (!pattern_) return;
    ranks();
    parentheses();
    unknown_names();
    divisors();
    reduction();
  }

 private:
  void offer(const std::string& title, const Pattern& pattern) {
    const char quote = view_.source().text(*literal_).starts_with('"') ? '"' : '\'';
    proposal_.fix(title, {replace(literal_->span(), fmt::format("{0}{1}{0}", quote, pattern.text()))});
  }

  void ranks() {
    if (proposal_.diagnostic.kind != DiagnosticKind::RankMismatch) return;
    const std::vector<std::string> left = names_of(pattern_->left);
    const size_t rank = view_.input_dims().size();
    const bool is_flat = pattern_->left.find('(') == std::string::npos;
    if (left.empty() || !is_flat) return;
    if (left.size() == rank + 1) {
      offer(fmt::format("the tensor has no axis `{}`", left.front()),
            {without_first(pattern_->left, left.front()), without_first(pattern_->right, left.front())});
    }
    if (left.size() + 1 == rank) {
      const std::string name = has(left, "c") ? "d" : "c";
      const std::string& first = left.front();
      offer(fmt::format("a name for axis 1: `{}`", name), {with_name(pattern_->left, first, first + " " + name),
                                                           with_name(pattern_->right, first, first + " " + name)});
    }
  }

  void parentheses() {
    if (proposal_.diagnostic.message.find("is not closed") == std::string::npos) return;
    Pattern closed = *pattern_;
    for (std::string* side : {&closed.left, &closed.right}) {
      if (std::count(side->begin(), side->end(), '(') <= std::count(side->begin(), side->end(), ')')) continue;
      const size_t end = side->find_last_not_of(' ') + 1;
      side->insert(end, ")");
    }
    offer("close the parenthesis", closed);
  }

  /// A name that stands on one side only, and another one that stands on the other side only.
  void unknown_names() {
    if (proposal_.diagnostic.message.find("side only") == std::string::npos) return;
    const std::vector<std::string> left = names_of(pattern_->left);
    const std::vector<std::string> right = names_of(pattern_->right);
    for (const std::string& name : left) {
      if (has(right, name)) continue;
      for (const std::string& other : right) {
        if (has(left, other)) continue;
        offer(fmt::format("`{}` in place of `{}`", name, other),
              {pattern_->left, with_name(pattern_->right, other, name)});
      }
      offer(fmt::format("keep the axis `{}`", name), {pattern_->left, pattern_->right + " " + name});
    }
  }

  /// Sizes of blocks that divide the axis.
  void divisors() {
    const std::string& message = proposal_.diagnostic.message;
    const size_t has_at = message.find(" has ");
    const size_t of_at = message.find("not a multiple of ");
    if (has_at == std::string::npos || of_at == std::string::npos) return;
    const int64_t size = std::atoll(message.c_str() + has_at + 5);
    const int64_t block = std::atoll(message.c_str() + of_at + 18);
    if (size < 1 || block < 1 || size > 1 << 20) return;
    std::vector<int64_t> choices;
    for (int64_t divisor = 1; divisor <= size; ++divisor) {
      if (size % divisor == 0) choices.push_back(divisor);
    }
    std::sort(choices.begin(), choices.end(), [&](int64_t a, int64_t b) {
      return std::pair(std::abs(a - block), a) < std::pair(std::abs(b - block), b);
    });
    if (choices.size() > 2) choices.resize(2);
    for (const int64_t choice : choices) {
      std::vector<Edit> edits;
      for (const CallArgument& argument : call_.as<CallExpression>()->arguments) {
        const ExpressionView value = call_.child(argument.value);
        const auto* number = value.as<IntegerExpression>();
        if (argument.kind != CallArgument::Kind::Keyword || number == nullptr || number->value != block) continue;
        edits.push_back(replace(value.span(), std::to_string(choice)));
      }
      if (!edits.empty()) proposal_.fix(fmt::format("blocks of {} divide {}", choice, size), std::move(edits));
    }
  }

  void reduction() {
    if (proposal_.diagnostic.message.find("reduction is") == std::string::npos) return;
    const std::optional<ExpressionView> written = view_.source().argument(call_, 2, "reduction");
    const auto* text = written ? written->as<StringExpression>() : nullptr;
    if (text == nullptr) return;
    for (const char* choice : {"mean", "max", "min", "sum", "prod"}) {
      const bool is_average = std::string_view(choice) == "mean" && (text->value == "avg" || text->value == "average");
      const bool is_alike = !text->value.empty() && text->value.starts_with(std::string_view(choice).substr(0, 2));
      if (is_average || is_alike) {
        proposal_.fix(fmt::format("`'{}'`", choice), {replace(written->span(), fmt::format("'{}'", choice))});
      }
    }
  }

  Proposal& proposal_;
  FaultView view_;
  ExpressionView call_;
  std::optional<ExpressionView> literal_;
  std::optional<Pattern> pattern_;
};

void propose_einops(Proposal& proposal) { Einops(proposal).propose(); }

constexpr ProposerRow kRows[] = {{DiagnosticKind::RankMismatch, propose_einops},
                                 {DiagnosticKind::ReshapeMismatch, propose_einops},
                                 {DiagnosticKind::BadArgument, propose_einops}};

}  // namespace

std::span<const ProposerRow> einops_error_proposers() { return kRows; }

}  // namespace lathe::torch
