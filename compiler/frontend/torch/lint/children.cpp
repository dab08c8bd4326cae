// Sequentials made of `.children()` that do something else than the `forward` of their owner.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <unordered_set>

#include "compiler/frontend/torch/advice/children.h"
#include "compiler/frontend/torch/lint/trace.h"

namespace lathe::torch {
namespace {

bool is_sequential(Evaluator& evaluator, const Value& value) {
  return is_module(evaluator, value) && evaluator.is_instance(value, evaluator.library_object("torch.nn.Sequential"));
}

/// Those that somebody has called or that have a name, each once.
std::vector<ObjectId> sequentials(const Trace& trace) {
  Evaluator& evaluator = trace.evaluator();
  std::vector<ObjectId> result;
  std::unordered_set<ObjectId> seen;
  const auto add = [&](const Value& value) {
    if (is_sequential(evaluator, value) && seen.insert(std::get<ObjectId>(value)).second) {
      result.push_back(std::get<ObjectId>(value));
    }
  };
  const auto add_all = [&](ObjectId root) {
    const Result<std::vector<NamedModule>> below = named_modules(evaluator, root);
    if (!below.ok()) return;
    for (const NamedModule& row : *below) add(Value(row.module));
  };
  if (trace.options().root) {
    add_all(*trace.options().root);
    return result;
  }
  for (const Evaluator::TopLevelName& name : evaluator.top_level_names()) {
    if (is_module(evaluator, name.value)) add_all(std::get<ObjectId>(name.value));
  }
  for (const LayerRecord& record : trace.records()) add(Value(record.module));
  return result;
}

/// The program lists children before, in the same function or at the top level.
bool lists_children(const Trace& trace, const ChildrenCopy& copy) {
  if (copy.children_call) return true;
  const Ast& ast = *copy.call.ast;
  const Span place = copy.call.span();
  const Function* function = trace.source().function(place);
  const bool is_filled_later = copy.call.as<CallExpression>()->arguments.empty();
  for (size_t i = 0; i < ast.expressions.size(); ++i) {
    const ExpressionView view{&ast, ExpressionId(i)};
    const auto* call = view.as<CallExpression>();
    if (call == nullptr || (view.span().begin > place.begin && !is_filled_later)) continue;
    const auto* callee = view.child(call->function).as<AttributeExpression>();
    if (callee == nullptr || trace.source().function(view.span()) != function) continue;
    const std::string& name = trace.source().name(callee->name);
    if (name == "children" || name == "named_children") return true;
  }
  return false;
}

/// The order that was lost, or the steps, have led to an error: that says enough.
bool has_failed(const Trace& trace, ObjectId module) {
  const auto& records = trace.records();
  return trace.has_errors() && std::none_of(records.begin(), records.end(),
                                            [&](const LayerRecord& record) { return record.module == module; });
}

uint32_t line_of(const Trace& trace, const Span& span) {
  return trace.evaluator().locations().line_column(span.file, span.begin).line;
}

std::vector<std::string> called_order(const ChildrenCopy& copy) {
  std::vector<std::string> order;
  for (const ForwardStep& step : copy.wanted) {
    if (!step.child.empty() && std::find(order.begin(), order.end(), step.child) == order.end())
      order.push_back(step.child);
  }
  return order;
}

void report(Trace& trace, const ChildrenCopy& copy) {
  const std::string owner = trace.evaluator().type_name(Value(copy.owner));
  const bool is_container = is_sequential(trace.evaluator(), Value(copy.owner));
  DiagnosticKind kind = DiagnosticKind::ChildrenDropsRepeats;
  std::string message;
  std::string note;
  if (copy.other_order) {
    kind = DiagnosticKind::ChildrenOrder;
    message = fmt::format("`.children()` yields {}; `forward` of `{}` calls {}", fmt::join(copy.members, ", "), owner,
                          fmt::join(called_order(copy), ", "));
    note =
        "children come in the order in which `__init__` assigned them; all shapes fit, so the copy runs and computes "
        "something else";
  } else if (copy.drops_steps) {
    kind = DiagnosticKind::ChildrenDropsOps;
    std::vector<std::string> steps;
    for (const ForwardStep& step : copy.wanted) {
      if (!step.child.empty()) continue;
      if (steps.size() == 5) {
        steps.emplace_back("...");
        break;
      }
      steps.push_back(fmt::format("{} (line {})", step.text, line_of(trace, step.where)));
    }
    message =
        fmt::format("`.children()` of `{}` loses what only its `forward` does: {}", owner, fmt::join(steps, ", "));
    note = fmt::format("the copy holds {} and nothing else; all shapes fit, so it runs and computes something else",
                       fmt::join(copy.members, ", "));
  } else {
    size_t calls = 0;
    std::vector<std::string> repeated;
    for (const ForwardStep& step : copy.wanted) {
      calls += step.child.empty() ? 0 : 1;
      const auto same = [&](const ForwardStep& other) { return other.child == step.child; };
      const auto count = std::count_if(copy.wanted.begin(), copy.wanted.end(), same);
      const std::string text = fmt::format(
          "{} is used {}", is_container ? fmt::format("step {}", step.child) : fmt::format("`{}`", step.child),
          count == 2 ? "twice" : fmt::format("{} times", count));
      if (!step.child.empty() && count > 1 && std::find(repeated.begin(), repeated.end(), text) == repeated.end()) {
        repeated.push_back(text);
      }
    }
    message = fmt::format("{} of the {} steps of `{}`: {}, `.children()` yields it once", copy.members.size(), calls,
                          copy.owner_text.empty() ? owner : copy.owner_text, fmt::join(repeated, ", "));
    note = "`.children()` gives each module once, also one that stands at several places";
  }
  const LocationId where = trace.evaluator().locations().add(copy.call.span());
  auto warning = trace.warn(where, kind, std::move(message));
  if (!warning) return;
  trace.note(copy.sequential);
  static_cast<void>(std::move(*warning).note(std::move(note)));
  if (!is_container && copy.forward.head.end > copy.forward.head.begin) {
    static_cast<void>(std::move(*warning).label(trace.evaluator().locations().add(copy.forward.head),
                                                fmt::format("`{}` computes its result here", owner)));
  }
  static_cast<void>(std::move(*warning).emit());
}

}  // namespace

void check_children(Trace& trace) {
  for (const ObjectId sequential : sequentials(trace)) {
    if (has_failed(trace, sequential)) continue;
    const std::optional<ChildrenCopy> copy = children_copy(trace.source(), sequential);
    if (!copy || !(copy->other_order || copy->drops_steps || copy->drops_calls)) continue;
    if (lists_children(trace, *copy)) report(trace, *copy);
  }
}

}  // namespace lathe::torch
