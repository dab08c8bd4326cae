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

/// What the copy really loses. Source alone can't tell which branch a forward takes: where the owner has been called
/// its trace decides, else what stands in a branch does not count.
struct Lost {
  std::vector<std::string> order;  ///< of the calls of members, when the copy has another
  std::vector<ForwardStep> steps;
  std::vector<std::pair<std::string, size_t>> repeats;  ///< members that are called more than once
};

bool contains(const Span& outer, const Span& inner) {
  return outer.file == inner.file && outer.begin <= inner.begin && inner.end <= outer.end;
}

bool is_in_branch(const Trace& trace, const ChildrenCopy& copy, const Span& place) {
  const Function* forward = trace.source().function(copy.forward.head);
  const Ast* ast = trace.source().tree(copy.forward.head.file);
  if (forward == nullptr || ast == nullptr) return false;
  for (size_t i = 0; i < ast->statements.size(); ++i) {
    const Statement& row = ast->statements[StatementId(i)];
    const bool is_branch =
        std::get_if<IfStatement>(&row.kind) != nullptr || std::get_if<TryStatement>(&row.kind) != nullptr;
    if (is_branch && contains(forward->span, row.span) && contains(row.span, place)) return true;
  }
  return false;
}

bool makes_nodes(const Trace& trace, const LayerRecord& owner, const Span& place) {
  for (uint32_t node = owner.first_node; node < owner.end_node; ++node) {
    const std::optional<Span> made = trace.source().span(trace.graph().node(NodeId(node)).location);
    if (made && contains(place, *made)) return true;
  }
  return false;
}

/// The members that the owner's forward calls, in order.
std::vector<std::string> calls_of_members(const Trace& trace, const ChildrenCopy& copy, const LayerRecord* owner) {
  std::vector<std::string> calls;
  if (owner == nullptr) {
    for (const ForwardStep& step : copy.wanted) {
      if (!step.child.empty() && !is_in_branch(trace, copy, step.where)) calls.push_back(step.child);
    }
    return calls;
  }
  const std::vector<NamedValue> members = entries(trace.evaluator(), copy.sequential, Registry::Modules);
  for (const LayerRecord* record = trace.records().data(); record != owner; ++record) {
    const bool is_inside = record->first_node >= owner->first_node && record->end_node <= owner->end_node;
    const bool is_edge = record->first_node == record->end_node &&
                         (record->end_node == owner->first_node || record->end_node == owner->end_node);
    if (!is_inside || is_edge) continue;
    for (size_t i = 0; i < members.size() && i < copy.members.size(); ++i) {
      if (members[i].value == Value(record->module)) calls.push_back(copy.members[i]);
    }
  }
  return calls;
}

Lost lost_by(const Trace& trace, const ChildrenCopy& copy) {
  const auto& records = trace.records();
  const auto found = std::find_if(records.begin(), records.end(),
                                  [&](const LayerRecord& record) { return record.module == copy.owner; });
  const LayerRecord* owner = found == records.end() ? nullptr : &*found;
  Lost lost;
  std::vector<std::string> order;
  for (const std::string& call : calls_of_members(trace, copy, owner)) {
    const auto known =
        std::find_if(lost.repeats.begin(), lost.repeats.end(), [&](const auto& row) { return row.first == call; });
    if (known != lost.repeats.end()) {
      ++known->second;
    } else {
      lost.repeats.emplace_back(call, 1);
      order.push_back(call);
    }
  }
  std::erase_if(lost.repeats, [](const auto& row) { return row.second < 2; });
  std::vector<std::string> given;
  for (const std::string& member : copy.members) {
    if (std::find(order.begin(), order.end(), member) != order.end()) given.push_back(member);
  }
  if (given != order) lost.order = order;
  for (const ForwardStep& step : copy.wanted) {
    if (!step.child.empty() || step.text.ends_with("checkpoint")) continue;
    const bool is_done =
        owner == nullptr ? !is_in_branch(trace, copy, step.where) : makes_nodes(trace, *owner, step.where);
    if (is_done) lost.steps.push_back(step);
  }
  return lost;
}

/// " (ReLU, line 4)": what a child is, and where it was made.
std::string origin_of(Trace& trace, ObjectId owner, const std::string& child) {
  Evaluator& evaluator = trace.evaluator();
  const std::optional<Value> module = registered(evaluator, owner, Registry::Modules, child);
  const auto* instance = module ? evaluator.heap().as<InstanceObject>(*module) : nullptr;
  const Location* made = instance == nullptr ? nullptr : evaluator.locations().origin(instance->created);
  const Span* span = made == nullptr ? nullptr : std::get_if<Span>(made);
  if (span == nullptr) return {};
  return fmt::format(" ({}, line {})", evaluator.type_name(*module), line_of(trace, *span));
}

void report(Trace& trace, const ChildrenCopy& copy, const Lost& lost) {
  const std::string owner = trace.evaluator().type_name(Value(copy.owner));
  const bool is_container = is_sequential(trace.evaluator(), Value(copy.owner));
  DiagnosticKind kind = DiagnosticKind::ChildrenDropsRepeats;
  std::string message;
  std::string note;
  if (!lost.order.empty()) {
    kind = DiagnosticKind::ChildrenOrder;
    message = fmt::format("`.children()` yields {}; `forward` of `{}` calls {}", fmt::join(copy.members, ", "), owner,
                          fmt::join(lost.order, ", "));
    note =
        "children come in the order in which `__init__` assigned them; all shapes fit, so the copy runs and computes "
        "something else";
  } else if (!lost.steps.empty()) {
    kind = DiagnosticKind::ChildrenDropsOps;
    std::vector<std::string> steps;
    for (const ForwardStep& step : lost.steps) {
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
    size_t calls = copy.members.size();
    std::vector<std::string> repeated;
    for (const auto& [child, count] : lost.repeats) {
      calls += count - 1;
      repeated.push_back(
          fmt::format("{}{} is used {}", is_container ? fmt::format("step {}", child) : fmt::format("`{}`", child),
                      origin_of(trace, copy.owner, child), count == 2 ? "twice" : fmt::format("{} times", count)));
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
    const bool may_lose = copy && (copy->other_order || copy->drops_steps || copy->drops_calls);
    if (!may_lose || !lists_children(trace, *copy)) continue;
    const Lost lost = lost_by(trace, *copy);
    if (!lost.order.empty() || !lost.steps.empty() || !lost.repeats.empty()) report(trace, *copy, lost);
  }
}

}  // namespace lathe::torch
