// Which sizes of a failed call are free, and the call with other ones.
#include "compiler/frontend/torch/advice/sizes.h"

#include <fmt/format.h>

#include <algorithm>

#include "compiler/frontend/torch/nn/state.h"

namespace lathe::torch {
namespace {

using advice::SizeProbe;
using Verdict = advice::SizeProbe::Verdict;

constexpr uint64_t kMostTrials = 100;

bool may_depend_on_sizes(DiagnosticKind kind) {
  switch (kind) {
    case DiagnosticKind::FeatureMismatch:
    case DiagnosticKind::ChannelMismatch:
    case DiagnosticKind::BroadcastMismatch:
    case DiagnosticKind::ReshapeMismatch:
    case DiagnosticKind::ConcatMismatch:
    case DiagnosticKind::WindowTooLarge:
    case DiagnosticKind::SplitMismatch:
    case DiagnosticKind::ShapeMismatch: return true;
    default: return false;
  }
}

/// Faults that say nothing of sizes.
bool says_nothing(DiagnosticKind kind) {
  return kind == DiagnosticKind::BudgetExceeded || kind == DiagnosticKind::UndecidedBranch ||
         kind == DiagnosticKind::Unsupported || kind == DiagnosticKind::InternalError;
}

/// A layer got feature maps that it takes for features: to flatten or to move axes is what helps, not another size.
bool takes_maps_for_features(Evaluator& evaluator, const FaultFacts& facts, const Shape& input) {
  const std::string layer = facts.layer.valid() ? evaluator.type_name(Value(facts.layer)) : std::string();
  const bool is_linear = layer.find("Linear") != std::string::npos || facts.operation == "linear";
  for (const Value& operand : facts.operands) {
    const auto* tensor = std::get_if<TensorId>(&operand);
    if (tensor == nullptr) continue;
    const Shape& dims = tracer_of(evaluator).dims(*tensor);
    if (dims.size() < 3) return false;
    if (dims.size() == input.size() && dims.back() == input.back()) return true;
    if (!is_linear) return false;
    if (dims.size() == input.size() && input.size() > 3) return true;
    const Dim whole = product(Shape(dims.begin() + 1, dims.end()));
    return facts.wanted && whole == *facts.wanted;
  }
  return false;
}

/// A Linear got a map, and even flattened it would have too many or too few features.
bool needs_flatten_and_other_sizes(Evaluator& evaluator, const FaultFacts& facts) {
  if (!facts.layer.valid() || evaluator.type_name(Value(facts.layer)) != "Linear" || !facts.wanted) return false;
  for (const Value& operand : facts.operands) {
    const auto* tensor = std::get_if<TensorId>(&operand);
    if (tensor == nullptr) continue;
    const Shape& dims = tracer_of(evaluator).dims(*tensor);
    return dims.size() > 3 && product(Shape(dims.begin() + 1, dims.end())) != *facts.wanted;
  }
  return false;
}

}  // namespace

std::string SizeAdvice::symbol(const std::string& name) {
  const auto known = symbols_.find(name);
  if (known != symbols_.end()) return known->second;
  const std::string fresh = evaluator_.symbols().fresh_name(name);
  evaluator_.symbols().declare(fresh);
  return symbols_[name] = fresh;
}

std::vector<SizeAdvice::Input> SizeAdvice::inputs_of(const FailedCall& call) {
  std::vector<std::string> names;
  Diagnostics unheard;
  const Result<Value> forward = evaluator_.guarded(
      unheard, [&] { return evaluator_.get_attribute(Value(call.module), evaluator_.name("forward"), {}); });
  if (forward.ok()) {
    const auto parameters = evaluator_.parameters_of(*forward);
    if (parameters) {
      for (const Evaluator::CallParameter& row : *parameters) {
        const bool is_one = row.kind == Parameter::Kind::Normal || row.kind == Parameter::Kind::PositionalOnly;
        if (is_one) names.push_back(row.name);
      }
    }
  }
  std::vector<Input> inputs;
  const auto add = [&](size_t position, std::string name, const Value& value) {
    const auto* tensor = std::get_if<TensorId>(&value);
    if (tensor != nullptr) inputs.push_back({position, std::move(name), tracer_of(evaluator_).type(*tensor)});
  };
  for (size_t i = 0; i < call.positional.size(); ++i) {
    add(i, i < names.size() ? names[i] : fmt::format("input.{}", i), call.positional[i]);
  }
  for (size_t i = 0; i < call.keywords.size(); ++i) {
    add(call.positional.size() + i, evaluator_.names().text(call.keywords[i].first), call.keywords[i].second);
  }
  return inputs;
}

size_t SizeAdvice::spatial_rank(const FailedCall& call) {
  Diagnostics unheard;
  const auto modules = evaluator_.guarded(unheard, [&] { return named_modules(evaluator_, call.module); });
  if (!modules.ok()) return 0;
  for (const NamedModule& row : *modules) {
    const std::string type = evaluator_.type_name(Value(row.module));
    for (size_t rank = 1; rank <= 3; ++rank) {
      if (type.ends_with(fmt::format("{}d", rank))) return rank;
    }
  }
  return 0;
}

std::vector<SizeAdvice::FreeAxes> SizeAdvice::choices(const FailedCall& call, const TensorType& type,
                                                      DiagnosticKind kind) {
  const size_t rank = type.dims.size();
  if (is_float(type.element)) {
    // Without layers that say where the channels are, they may be last.
    const bool may_be_last = rank == 4 && spatial_rank(call) == 0;
    if (may_be_last) return {{{2, 3}, {"H", "W"}, true}, {{1, 2}, {"H", "W"}, true}};
    if (rank >= 4) return {{{rank - 2, rank - 1}, {"H", "W"}, true}};
    if (rank == 3) {
      const size_t spatial = spatial_rank(call);
      if (spatial == 2) return {{{1, 2}, {"H", "W"}, false}};
      // Signals have their length at the end, sequences have features there.
      if (spatial == 1) return {{{2}, {"L"}, true}, {{1}, {"L"}, true}};
      return {{{1}, {"L"}, true}};
    }
    if (rank == 2 && kind == DiagnosticKind::ReshapeMismatch) return {{{1}, {"F"}, true}};
    return {};
  }
  if (rank == 2) return {{{1}, {"L"}, true}, {{0}, {"L"}, false}};
  if (rank == 1) return {{{0}, {"L"}, false}};
  return {};
}

SizeProbe SizeAdvice::probe(const FailedCall& call, const std::map<size_t, TensorType>& types, DiagnosticKind kind) {
  if (work_left_ == 0) return {};
  Tracer& tracer = tracer_of(evaluator_);
  Module& module = tracer.module();
  ModuleState& state = module_state(evaluator_);
  bool is_named = false;
  const auto argument = [&](size_t position, const Value& given) {
    const auto type = types.find(position);
    if (type == types.end()) return given;
    is_named |= !type->second.is_static();
    return Value(tracer.add(tracer.builder().input(Type(type->second), "")));
  };
  Arguments arguments;
  for (size_t i = 0; i < call.positional.size(); ++i) arguments.positional.push_back(argument(i, call.positional[i]));
  for (size_t i = 0; i < call.keywords.size(); ++i) {
    arguments.keywords.emplace_back(call.keywords[i].first,
                                    argument(call.positional.size() + i, call.keywords[i].second));
  }
  std::vector<Guard> guards = std::exchange(module.guards, {});
  const size_t records = state.records.size();
  const size_t failed = state.failed_calls.size();
  state.only_shapes = true;
  const uint64_t steps = evaluator_.steps();
  const size_t nodes = module.graph.node_table_size();
  Diagnostics faults;
  const Result<Value> result =
      evaluator_.guarded(faults, [&] { return evaluator_.call(Value(call.module), std::move(arguments), {}); });
  const uint64_t work = evaluator_.steps() - steps + kWorkPerNode * (module.graph.node_table_size() - nodes) + 1;
  work_left_ -= std::min(work_left_, work);
  state.only_shapes = false;
  SizeProbe answer;
  answer.guards = std::exchange(module.guards, std::move(guards));
  const bool folds = std::any_of(faults.all().begin(), faults.all().end(),
                                 [](const Diagnostic& row) { return row.kind == DiagnosticKind::BatchFolded; });
  if (result.ok() && !is_unknown(*result) && !faults.failed() && state.records.size() > records) {
    answer.verdict = folds && !is_named ? Verdict::Fails : Verdict::Runs;
    for (const ValueId value : state.records.back().output_values) {
      if (!value.valid()) continue;
      const TensorType* type = module.graph.value(value).type.as_tensor();
      if (type != nullptr && type->ranked) answer.outputs.push_back(type->dims);
    }
  }
  for (const Diagnostic& fault : faults.all()) {
    if (info(fault.kind).severity == Severity::Warning || info(fault.kind).severity == Severity::Remark) continue;
    // With names, only the fault in question is sure to be one of all sizes.
    const bool is_it = !says_nothing(fault.kind) && (!is_named || fault.kind == kind);
    answer.verdict = is_it ? Verdict::Fails : Verdict::Undecided;
    if (const FaultFacts* facts = evaluator_.facts(fault)) {
      answer.have = facts->have;
      answer.wanted = facts->wanted;
    }
  }
  state.records.resize(std::min(records, state.records.size()));
  state.failed_calls.resize(std::min(failed, state.failed_calls.size()));
  return answer;
}

bool SizeAdvice::solve(const FailedCall& call, const std::vector<Input>& inputs, size_t primary, const FreeAxes& free,
                       Diagnostic& diagnostic) {
  const Input& main = inputs[primary];
  const DiagnosticKind kind = diagnostic.kind;
  // Inputs of the same sizes change together, and the batch of all inputs is one.
  const auto shares_sizes = [&](const TensorType& type) {
    const size_t rank = type.dims.size();
    if (rank != main.type.dims.size()) return false;
    return std::all_of(free.axes.begin(), free.axes.end(),
                       [&](size_t axis) { return type.dims[axis] == main.type.dims[axis]; });
  };
  const auto types_with = [&](const Shape& sizes, const Dim& batch) {
    std::map<size_t, TensorType> types;
    for (const Input& input : inputs) {
      TensorType type = input.type;
      const bool shares = shares_sizes(type);
      for (size_t i = 0; shares && i < free.axes.size(); ++i) type.dims[free.axes[i]] = sizes[i];
      if (free.has_batch && !type.dims.empty() && type.dims[0] == main.type.dims[0]) type.dims[0] = batch;
      if (!(type == input.type)) types.emplace(input.position, std::move(type));
    }
    return types;
  };
  if (!free.has_batch && free.axes.size() == 2) {
    // One image without its batch axis: where that is what is missing, sizes are of no matter.
    TensorType whole = main.type;
    whole.dims.insert(whole.dims.begin(), Dim(1));
    if (probe(call, {{main.position, whole}}, kind).verdict == Verdict::Runs) return false;
  }
  // The call as it was made: it must fail still, and it tells what a call costs.
  const uint64_t before = work_left_;
  const SizeProbe given = probe(call, {}, kind);
  if (given.verdict != Verdict::Fails) return false;
  const uint64_t cost = before - work_left_ + 1;
  Shape given_sizes;
  for (const size_t axis : free.axes) given_sizes.push_back(main.type.dims[axis]);

  advice::SizeQuestion question;
  question.input = main.name;
  question.type = main.type;
  question.axes = free.axes;
  question.names = free.names;
  for (const std::string& name : free.names) question.symbols.push_back(symbol(name));
  if (free.has_batch) question.batch = symbol("N");
  question.most_trials = std::min(kMostTrials, work_left_ / (2 * cost));
  for (const Input& input : inputs) {
    if (&input != &main && shares_sizes(input.type)) question.alike.push_back(input.name);
  }
  question.probe = [&](const Shape& sizes, const Dim& batch) {
    if (sizes == given_sizes) return given;
    return probe(call, types_with(sizes, batch), kind);
  };
  advice::SizeAnswer answer = advice::solve_sizes(question);
  if (answer.notes.empty()) return false;
  diagnostic.accepted = std::move(answer.accepted);
  for (std::string& note : answer.notes) diagnostic.notes.push_back(std::move(note));
  return true;
}

void SizeAdvice::advise(const FaultFacts& facts, Diagnostic& diagnostic) {
  if (!may_depend_on_sizes(diagnostic.kind) || diagnostic.accepted) return;
  const std::vector<FailedCall>& calls = failed_calls(evaluator_);
  const auto found =
      std::find_if(calls.begin(), calls.end(), [&](const FailedCall& row) { return row.facts == diagnostic.facts; });
  if (found == calls.end()) return;
  // Trials add to the list.
  const FailedCall call = *found;
  const std::vector<Input> inputs = inputs_of(call);
  const bool is_static =
      std::all_of(inputs.begin(), inputs.end(), [](const Input& input) { return input.type.is_static(); });
  if (inputs.empty() || !is_static) return;
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (diagnostic.kind == DiagnosticKind::FeatureMismatch &&
        takes_maps_for_features(evaluator_, facts, inputs[i].type.dims)) {
      if (!needs_flatten_and_other_sizes(evaluator_, facts)) return;
      module_state(evaluator_).flattened = facts.layer;
    }
    for (const FreeAxes& free : choices(call, inputs[i].type, diagnostic.kind)) {
      const size_t notes = diagnostic.notes.size();
      const bool is_solved = solve(call, inputs, i, free, diagnostic);
      const bool is_flattened = std::exchange(module_state(evaluator_).flattened, {}).valid();
      for (size_t k = notes; is_flattened && k < diagnostic.notes.size(); ++k) {
        diagnostic.notes[k] = "once it is flattened: " + diagnostic.notes[k];
      }
      if (is_solved) return;
    }
  }
}

}  // namespace lathe::torch
