// Which sizes of a model's images are free, and loads with other ones.
#include "compiler/compile_sizes.h"

#include <algorithm>

#include "compiler/advice/input_sizes.h"

namespace lathe {
namespace {

using advice::SizeProbe;

/// Not used by models, which write their names themselves.
constexpr const char* kSymbols[] = {"size.H", "size.W"};
constexpr const char* kBatch = "size.N";

bool may_depend_on_sizes(DiagnosticKind kind) {
  switch (kind) {
    case DiagnosticKind::FeatureMismatch:
    case DiagnosticKind::BroadcastMismatch:
    case DiagnosticKind::ReshapeMismatch:
    case DiagnosticKind::ConcatMismatch:
    case DiagnosticKind::WindowTooLarge:
    case DiagnosticKind::ShapeMismatch: return true;
    default: return false;
  }
}

/// An input of images whose height and width are numbers; the batch may have a name.
bool has_image_sizes(const Value& input) {
  const TensorType* type = input.type.as_tensor();
  if (type == nullptr || !type->ranked || !is_float(type->element) || type->dims.size() != 4) return false;
  return std::all_of(type->dims.begin() + 1, type->dims.end(), [](const Dim& dim) { return dim.is_constant(); });
}

SizeProbe probe_of(const advice::Outcome& outcome, DiagnosticKind kind, bool is_named) {
  SizeProbe probe;
  if (!outcome.diagnostics.failed()) {
    probe.verdict = SizeProbe::Verdict::Runs;
    probe.guards = outcome.module->guards;
    for (const ValueId id : outcome.module->graph.outputs()) {
      const TensorType* type = outcome.module->graph.value(id).type.as_tensor();
      if (type != nullptr && type->ranked) probe.outputs.push_back(type->dims);
    }
    return probe;
  }
  const std::vector<Diagnostic>& faults = outcome.diagnostics.all();
  const bool all_shapes = std::all_of(faults.begin(), faults.end(), [&](const Diagnostic& fault) {
    const bool is_fault = info(fault.kind).severity == Severity::Error;
    return !is_fault  ? info(fault.kind).severity == Severity::Warning || info(fault.kind).severity == Severity::Remark
           : is_named ? fault.kind == kind
                      : true;
  });
  probe.verdict = all_shapes ? SizeProbe::Verdict::Fails : SizeProbe::Verdict::Undecided;
  return probe;
}

}  // namespace

void advise_sizes(const Module& module, Diagnostics& diagnostics, const LoadWithTypes& load) {
  // Large models are loaded a few times only.
  constexpr size_t kMostWork = 20'000;
  constexpr size_t kMostTrials = 80;
  const auto fault = std::find_if(diagnostics.all().begin(), diagnostics.all().end(), [](const Diagnostic& row) {
    return info(row.kind).severity == Severity::Error && may_depend_on_sizes(row.kind) && !row.accepted;
  });
  if (fault == diagnostics.all().end()) return;
  const size_t most = std::min(kMostTrials, kMostWork / (module.graph.node_table_size() + 1));
  for (const ValueId id : module.graph.inputs()) {
    const Value& input = module.graph.value(id);
    if (!has_image_sizes(input)) continue;
    advice::SizeQuestion question;
    question.input = input.name;
    question.type = *input.type.as_tensor();
    if (const std::string* batch = question.type.dims.front().as_symbol()) {
      question.batch_name = *batch;
      question.type.dims.front() = 1;
    }
    if (!question.type.is_static()) continue;
    question.axes = {2, 3};
    question.names = {"H", "W"};
    question.symbols.assign(std::begin(kSymbols), std::end(kSymbols));
    question.batch = kBatch;
    question.rows_are_samples = true;
    question.most_trials = most;
    question.probe = [&](const Shape& sizes, const Dim& batch) {
      TensorType type = question.type;
      type.dims[0] = batch;
      type.dims[2] = sizes[0];
      type.dims[3] = sizes[1];
      return probe_of(load({{question.input, type}}), fault->kind, !type.is_static());
    };
    advice::SizeAnswer answer = advice::solve_sizes(question);
    if (answer.notes.empty()) continue;
    fault->accepted = std::move(answer.accepted);
    for (std::string& note : answer.notes) fault->notes.push_back(std::move(note));
    return;
  }
}

}  // namespace lathe
