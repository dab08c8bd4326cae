// Branches of sums, followed back to where they began.
#include "compiler/frontend/torch/advice/residuals.h"

#include <fmt/format.h>

#include <algorithm>

namespace lathe::torch {
namespace {

bool is_convolution(const MadeBy& made) {
  return made.type == "Conv1d" || made.type == "Conv2d" || made.type == "Conv3d";
}

/// What is behind one side: the convolutions of a branch, the last first.
struct Branch {
  std::vector<MadeBy> convolutions;
  std::vector<MadeBy> steps;
};

/// The number to add; `k // 2` where the kernel is a name.
std::string padding_text(const FaultView& view, const ExpressionView& built, int64_t more) {
  const std::optional<ExpressionView> padding = view.source().argument(built, 4, "padding");
  const std::optional<ExpressionView> kernel = view.source().argument(built, 2, "kernel_size");
  if (!padding && kernel && kernel->as<NameExpression>() != nullptr) return view.source().text(*kernel) + " // 2";
  const auto* number = padding ? padding->as<IntegerExpression>() : nullptr;
  return std::to_string(more + (number == nullptr ? 0 : number->value));
}

/// Padding for the convolutions that lose rows at the edges.
struct Padding {
  std::vector<Edit> edits;
  std::string amount;  ///< of one of them
};

std::optional<Padding> padding_of(const FaultView& view, const std::vector<MadeBy>& convolutions) {
  Padding padding;
  std::vector<Span> changed;
  for (const MadeBy& made : convolutions) {
    const std::optional<ExpressionView> built = view.constructor(made.layer);
    const std::optional<ValueId> before = view.first_operand(made.node);
    if (!built || !before) continue;
    const Shape old = view.value_dims(*before);
    const Shape now = view.value_dims(made.value);
    const std::optional<int64_t> lost =
        old.size() == now.size() && old.size() > 2 ? (old[2] - now[2]).as_constant() : std::nullopt;
    if (!lost || *lost == 0) continue;
    if (std::find(changed.begin(), changed.end(), built->span()) != changed.end()) continue;
    changed.push_back(built->span());
    if (*lost < 0 || *lost % 2 != 0) return std::nullopt;
    padding.amount = padding_text(view, *built, *lost / 2);
    if (const auto edit = view.set_argument(*built, 4, "padding", padding.amount)) {
      padding.edits.push_back(*edit);
    } else {
      const auto* node = built->as<CallExpression>();
      if (node->arguments.empty()) return std::nullopt;
      const Span last = built->child(node->arguments.back().value).span();
      padding.edits.push_back(insert_after(last, ", padding=" + padding.amount));
    }
  }
  return padding;
}

void propose_edits(const FaultView& view, Padding padding) {
  if (padding.edits.empty()) return;
  const std::string count =
      padding.edits.size() > 1 ? fmt::format(" in {} convolutions", padding.edits.size()) : std::string();
  view.proposal().fix(fmt::format("keep the size of the map: `padding={}`{}", padding.amount, count),
                      std::move(padding.edits));
}

class Residual {
 public:
  Residual(const FaultView& view, const ResidualSide& branch, const ResidualSide& shortcut)
      : view_(view), branch_(branch), shortcut_(shortcut) {}

  void propose() {
    const std::optional<ValueId> value = view_.value(branch_.tensor);
    const std::optional<ValueId> short_value = view_.value(shortcut_.tensor);
    if (!value || !short_value) return;
    // The branch goes back to the tensor that the shortcut is.
    for (const MadeBy& made : view_.history(*value)) {
      steps_.push_back(made);
      if (is_convolution(made)) convolutions_.push_back(made);
      if (view_.first_operand(made.node) == short_value) {
        reaches_shortcut_ = true;
        break;
      }
    }
    if (!reaches_shortcut_ || convolutions_.empty()) return;
    project();
    keep_sizes();
  }
  [[nodiscard]] bool reaches_shortcut() const { return reaches_shortcut_; }

 private:
  /// "cin", or the number when the name is none of the function that builds the shortcut.
  [[nodiscard]] std::string argument_text(const MadeBy& made, size_t position, std::string_view name,
                                          const Function* function, const std::string& otherwise) const {
    const std::optional<ExpressionView> built = view_.constructor(made.layer);
    if (!built || view_.source().function(built->span()) != function) return otherwise;
    const std::optional<ExpressionView> written = view_.source().argument(*built, position, name);
    return written ? view_.source().text(*written) : otherwise;
  }

  [[nodiscard]] std::optional<std::string> projection(const ExpressionView& near) const {
    const Shape in = view_.dims(shortcut_.tensor);
    const Shape out = view_.dims(branch_.tensor);
    const std::optional<int64_t> cin = in[1].as_constant();
    const std::optional<int64_t> cout = out[1].as_constant();
    if (!cin || !cout) return std::nullopt;
    const Function* function = view_.source().function(near.span());
    const size_t spatial = in.size() - 2;
    std::string text =
        fmt::format("{}({}, {}, 1", view_.library(near, fmt::format("torch.nn.Conv{}d", spatial)),
                    argument_text(convolutions_.back(), 0, "in_channels", function, std::to_string(*cin)),
                    argument_text(convolutions_.front(), 1, "out_channels", function, std::to_string(*cout)));
    int64_t stride = 1;
    const std::optional<int64_t> before = in[2].as_constant();
    const std::optional<int64_t> after = out[2].as_constant();
    if (before && after && *after > 0) stride = (*before + *after - 1) / *after;
    std::string written;
    for (const MadeBy& made : convolutions_) {
      const std::string argument = argument_text(made, 3, "stride", function, "");
      const bool is_name = !argument.empty() && argument.find_first_not_of("0123456789") != std::string::npos;
      if (is_name) written = argument;
    }
    if (written.empty() && stride > 1) written = std::to_string(stride);
    if (!written.empty()) text += ", stride=" + written;
    return text + ")";
  }

  void project() {
    const std::optional<ExpressionView>& expression = shortcut_.expression;
    if (!expression) return;
    const auto* call = expression->as<CallExpression>();
    if (call != nullptr) {
      const std::optional<Value> callee = view_.resolve(expression->child(call->function));
      const auto* module = callee ? std::get_if<ObjectId>(&*callee) : nullptr;
      if (module == nullptr || !is_module(view_.evaluator(), *callee)) return;
      const std::string type = view_.type_of(*module);
      const bool is_empty = type == "Identity" ||
                            (type == "Sequential" && entries(view_.evaluator(), *module, Registry::Modules).empty());
      const std::optional<ExpressionView> built = view_.constructor(*module);
      if (!is_empty || !built) return;
      explain_identity(*expression, *module, type, *built);
      const std::optional<std::string> text = projection(*built);
      if (!text) return;
      view_.proposal().fix(fmt::format("project the shortcut: `{}`", *text), {replace(built->span(), *text)});
      return;
    }
    if (expression->as<NameExpression>() != nullptr) add_projection(*expression);
  }

  void explain_identity(const ExpressionView& expression, ObjectId module, const std::string& type,
                        const ExpressionView& built) {
    const Shape in = view_.dims(shortcut_.tensor);
    const Shape out = view_.dims(branch_.tensor);
    const auto* call = expression.as<CallExpression>();
    const std::string name = view_.source().dotted(expression.child(call->function));
    const Function* function = view_.source().function(built.span());
    std::string text = fmt::format("`{}` is {} {}, so it keeps ", name, type == "Identity" ? "an" : "an empty", type);
    const std::string cin = argument_text(convolutions_.back(), 0, "in_channels", function, "");
    const std::string cout = argument_text(convolutions_.front(), 1, "out_channels", function, "");
    if (!(in[1] == out[1])) {
      text += fmt::format("{}{} channels; the branch has {}{}", named(cin, in[1]), in[1].python_text(),
                          named(cout, out[1]), out[1].python_text());
    } else {
      text += fmt::format("{}; the branch has {}", Tracer::shape_text(in), Tracer::shape_text(out));
    }
    text += owner_text();
    static_cast<void>(module);
    std::vector<Label>& labels = view_.proposal().diagnostic.labels;
    labels.insert(labels.begin(), {view_.evaluator().locations().add(built.span()), text, false});
  }

  /// `x` has the shape of the input, the branch another one.
  void explain_plain(const ExpressionView& expression, const Function* function) {
    const Shape in = view_.dims(shortcut_.tensor);
    const Shape out = view_.dims(branch_.tensor);
    const std::string name = view_.source().text(expression);
    std::string text = fmt::format("`{}` is added as it came: {}", name, Tracer::shape_text(in));
    if (!(in[1] == out[1])) {
      const std::string cin = argument_text(convolutions_.back(), 0, "in_channels", function, "");
      const std::string cout = argument_text(convolutions_.front(), 1, "out_channels", function, "");
      text = fmt::format("`{}` is added as it came, with {}{} channels; the branch has {}{}", name, named(cin, in[1]),
                         in[1].python_text(), named(cout, out[1]), out[1].python_text());
    }
    view_.proposal().note(text + owner_text());
  }

  static std::string named(const std::string& text, const Dim& dim) {
    const bool is_name =
        !text.empty() && text != dim.python_text() &&
        text.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.") == std::string::npos;
    return is_name ? text + " = " : "";
  }

  /// " (`Residual(4, 6)`)": the call that made the module whose forward adds.
  [[nodiscard]] std::string owner_text() const {
    const std::vector<Frame>& frames = view_.proposal().facts.frames;
    for (auto frame = frames.rbegin(); frame != frames.rend(); ++frame) {
      const auto* self = std::get_if<ObjectId>(&frame->self);
      if (self == nullptr || !is_module(view_.evaluator(), frame->self)) continue;
      const auto* instance = view_.evaluator().heap().as<InstanceObject>(frame->self);
      const std::optional<Span> made = view_.source().span(instance->created);
      if (!made) return {};
      std::string text = view_.source().text(*made);
      if (text.size() > 60 || text.find('\n') != std::string::npos) return {};
      return fmt::format(" (`{}`)", text);
    }
    return {};
  }

  /// `x` itself is added: a new attribute, made at the end of __init__.
  void add_projection(const ExpressionView& expression) {
    const std::optional<ExpressionView> built = view_.constructor(convolutions_.back().layer);
    if (!built) return;
    const Function* function = view_.source().function(built->span());
    const Function* forward = view_.source().function(expression.span());
    if (function == nullptr || forward == nullptr || function->body.empty() || function->parameters.empty()) return;
    if (view_.source().name(function->name) != "__init__") return;
    const std::optional<std::string> text = projection(*built);
    if (!text) return;
    explain_plain(expression, function);
    const Span last = built->ast->statements[function->body.back()].span;
    const std::string& self = view_.source().name(function->parameters[0].name);
    const std::string line = fmt::format(
        "\n{}{}.shortcut = {}",
        view_.source().indentation(last.file, built->ast->statements[function->body.front()].span.begin), self, *text);
    const std::string use = fmt::format("{}.shortcut({})", view_.source().name(forward->parameters[0].name),
                                        view_.source().text(expression));
    view_.proposal().fix(fmt::format("project the shortcut: `{}`", *text),
                         {insert_after(last, line), replace(expression.span(), use)});
  }

  void keep_sizes() {
    if (!(view_.dims(shortcut_.tensor)[1] == view_.dims(branch_.tensor)[1])) return;
    if (std::optional<Padding> padding = padding_of(view_, convolutions_)) propose_edits(view_, *std::move(padding));
  }

  const FaultView& view_;
  ResidualSide branch_;
  ResidualSide shortcut_;
  std::vector<MadeBy> steps_;
  std::vector<MadeBy> convolutions_;
  bool reaches_shortcut_ = false;
};

}  // namespace

void propose_padding(const FaultView& view, const std::vector<TensorId>& smaller, const Shape& wanted) {
  Padding all;
  for (const TensorId tensor : smaller) {
    const std::optional<ValueId> value = view.value(tensor);
    if (!value) return;
    std::vector<MadeBy> convolutions;
    for (const MadeBy& made : view.history(*value)) {
      if (is_convolution(made)) convolutions.push_back(made);
      const std::optional<ValueId> before = view.first_operand(made.node);
      const Shape dims = before ? view.value_dims(*before) : Shape{};
      if (dims.size() != wanted.size()) return;
      // Back where the map had the size that is wanted.
      if (!std::equal(dims.begin() + 2, dims.end(), wanted.begin() + 2)) continue;
      const std::optional<Padding> padding = padding_of(view, convolutions);
      if (!padding) return;
      all.edits.insert(all.edits.end(), padding->edits.begin(), padding->edits.end());
      all.amount = padding->amount;
      break;
    }
  }
  propose_edits(view, std::move(all));
}

bool propose_residual(const FaultView& view, const ResidualSide& left, const ResidualSide& right) {
  Residual first(view, left, right);
  Residual second(view, right, left);
  first.propose();
  second.propose();
  return first.reaches_shortcut() || second.reaches_shortcut();
}

}  // namespace lathe::torch
