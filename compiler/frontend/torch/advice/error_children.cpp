// Errors in a Sequential that was made of another module's `.children()`: what `forward` does and it doesn't.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "compiler/frontend/torch/advice/children.h"
#include "compiler/frontend/torch/advice/error_families.h"
#include "compiler/frontend/torch/advice/fault_view.h"

namespace lathe::torch {
namespace {

std::string lines_of(const LocationTable& locations, const Span& span) {
  return fmt::format("line {}", locations.line_column(span.file, span.begin).line);
}

/// "F.relu, F.max_pool2d (line 13) and torch.flatten (line 14)"
std::string lost_text(const LocationTable& locations, const std::vector<ForwardStep>& steps) {
  std::vector<std::string> parts;
  for (size_t i = 0; i < steps.size(); ++i) {
    const std::string line = lines_of(locations, steps[i].where);
    const bool is_last = i + 1 == steps.size() || lines_of(locations, steps[i + 1].where) != line;
    parts.push_back(fmt::format("`{}`{}", steps[i].text, is_last ? fmt::format(" ({})", line) : ""));
  }
  std::string text;
  for (size_t i = 0; i < parts.size(); ++i) text += (i == 0 ? "" : i + 1 == parts.size() ? " and " : ", ") + parts[i];
  return text;
}

/// The Sequential of children that a call of the program runs.
std::optional<ChildrenCopy> copy_behind(const Proposal& proposal, const FaultView& view) {
  const std::optional<ExpressionView> call = view.call();
  if (!call) return std::nullopt;
  const std::optional<Value> callee = view.resolve(call->child(call->as<CallExpression>()->function));
  const auto* object = callee ? std::get_if<ObjectId>(&*callee) : nullptr;
  if (object == nullptr || !is_module(view.evaluator(), *callee)) return std::nullopt;
  return children_copy(proposal.source, *object);
}

void propose_children(Proposal& proposal) {
  const FaultView view(proposal);
  const std::optional<ChildrenCopy> copy = copy_behind(proposal, view);
  if (!copy || (!copy->other_order && !copy->drops_steps && !copy->drops_calls)) return;
  LocationTable& locations = view.evaluator().locations();
  std::vector<ForwardStep> lost;
  std::copy_if(copy->wanted.begin(), copy->wanted.end(), std::back_inserter(lost),
               [](const ForwardStep& step) { return step.child.empty(); });
  const Span place = copy->children_call.value_or(copy->call.span());
  const LocationId where = locations.add(place);
  if (copy->other_order) {
    std::vector<std::string> order;
    for (const ForwardStep& step : copy->wanted) {
      const bool is_new = std::find(order.begin(), order.end(), step.child) == order.end();
      if (!step.child.empty() && is_new) order.push_back(step.child);
    }
    proposal.diagnostic.labels.push_back(
        {where,
         fmt::format("`.children()` yields the attributes in the order in which __init__ assigned them: {}",
                     fmt::join(copy->members, ", ")),
         false});
    proposal.note(
        fmt::format("`forward` ({}) runs {}", lines_of(locations, copy->forward.head), fmt::join(order, ", ")));
  }
  if (!lost.empty()) {
    const std::string text = lost_text(locations, lost);
    proposal.diagnostic.labels.push_back(
        {where,
         fmt::format("this holds {}; {} of `forward` {} no {}", fmt::join(copy->members, " and "), text,
                     lost.size() == 1 ? "is" : "are", lost.size() == 1 ? "child" : "children"),
         false});
  }
  if (copy->drops_calls)
    proposal.note("`forward` calls one of the children more than once; `.children()` yields it once");
  if (const std::optional<std::string> text = replacement(proposal.source, *copy)) {
    const std::string title = copy->other_order && lost.empty() ? "name the layers in the order of `forward`"
                              : lost.empty()                    ? "name every step of `forward`"
                                                                : "write the steps of `forward` as modules";
    proposal.fix(title, {replace(copy->call.span(), *text)});
  }
  if (!copy->owner_text.empty() && copy->members.size() == copy->registered.size()) {
    proposal.fix(fmt::format("use `{}` itself", copy->owner_text), {replace(copy->call.span(), copy->owner_text)});
  }
}

constexpr ProposerRow kRows[] = {
    {DiagnosticKind::FeatureMismatch, propose_children},      {DiagnosticKind::ChannelMismatch, propose_children},
    {DiagnosticKind::RankMismatch, propose_children},         {DiagnosticKind::BroadcastMismatch, propose_children},
    {DiagnosticKind::ShapeMismatch, propose_children},        {DiagnosticKind::TupleNotTensor, propose_children},
    {DiagnosticKind::WindowTooLarge, propose_children},       {DiagnosticKind::ElementTypeMismatch, propose_children},
    {DiagnosticKind::ContainerNotCallable, propose_children},
};

}  // namespace

std::span<const ProposerRow> children_error_proposers() { return kRows; }

}  // namespace lathe::torch
