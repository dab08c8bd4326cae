// Faults of an evaluated program: what `except` sees of them, the chain of calls behind them, the list of unsupported
// things, the budget.
#include <algorithm>

#include "compiler/frontend/torch/python/evaluator_internals.h"

namespace lathe::torch {

namespace {

/// Labels of a fault for calls: the innermost and the outermost ones of a deep chain.
constexpr size_t kInnermostCalls = 5;
constexpr size_t kOutermostCalls = 3;

/// Programs may raise and catch as often as they like.
constexpr size_t kMostFacts = 1000;
constexpr size_t kMostFrames = 48;

/// What no `except` of the program may hide: it says nothing about what Python would do.
bool is_final(const Diagnostic& fault) {
  return fault.kind == DiagnosticKind::BudgetExceeded || fault.kind == DiagnosticKind::UndecidedBranch ||
         fault.kind == DiagnosticKind::Unsupported || fault.kind == DiagnosticKind::InternalError;
}

}  // namespace

void Evaluator::set_exception(std::string_view builtin) {
  internals_->pending = PendingException{builtin_class(builtin), Value{}};
}

uint32_t Evaluator::note_facts() {
  std::deque<FaultFacts>& rows = internals_->facts;
  if (rows.size() >= kMostFacts) return 0;
  FaultFacts& row = rows.emplace_back();
  const size_t first = frames_.size() - std::min(frames_.size(), kMostFrames);
  row.frames.assign(frames_.begin() + static_cast<std::ptrdiff_t>(first), frames_.end());
  if (in_progress_ != nullptr) {
    row.operation = in_progress_->operation_;
    row.operands.assign(in_progress_->operands_.begin(), in_progress_->operands_.end());
  }
  return static_cast<uint32_t>(rows.size());
}

OperationInProgress::OperationInProgress(Evaluator& evaluator, std::string_view operation,
                                         std::span<const Value> operands)
    : evaluator_(evaluator), operation_(operation), operands_(operands), outer_(evaluator.in_progress_) {
  evaluator.in_progress_ = this;
}

OperationInProgress::~OperationInProgress() { evaluator_.in_progress_ = outer_; }

FaultFacts* Evaluator::latest_facts() {
  std::deque<FaultFacts>& rows = internals_->facts;
  return rows.empty() || rows.size() >= kMostFacts ? nullptr : &rows.back();
}

const FaultFacts* Evaluator::facts(const Diagnostic& diagnostic) const {
  return diagnostic.facts == 0 ? nullptr : &internals_->facts[diagnostic.facts - 1];
}

const Ast& Evaluator::tree(uint32_t unit) const { return internals_->units[unit]->ast; }
uint32_t Evaluator::unit_count() const { return static_cast<uint32_t>(internals_->units.size()); }

void Evaluator::pop_frame() {
  internals_->note_chain();
  frames_.pop_back();
}

std::vector<Label> Evaluator::Internals::call_chain() const {
  std::vector<Label> labels;
  for (auto frame = evaluator.frames_.rbegin(); frame != evaluator.frames_.rend(); ++frame) {
    if (!frame->call.valid()) continue;
    const bool is_file = frame->kind == Frame::Kind::Module;
    std::string message = is_file ? "imported here" : fmt::format("in this call of `{}`", frame->name);
    labels.push_back({frame->call, std::move(message), false});
  }
  if (labels.size() > kInnermostCalls + kOutermostCalls) {
    const auto from = labels.begin() + kInnermostCalls;
    const auto to = labels.end() - static_cast<std::ptrdiff_t>(kOutermostCalls);
    const auto skipped = to - from;
    labels.erase(from, to);
    labels[kInnermostCalls].message += fmt::format(", {} calls further out", skipped);
  }
  return labels;
}

void Evaluator::Internals::note_chain() {
  const size_t count = evaluator.faults_.all().size();
  if (chains.size() >= count) return;
  chains.resize(count, call_chain());
}

void Evaluator::Internals::drop_faults(size_t mark) {
  Diagnostics rest;
  const std::vector<Diagnostic>& faults = evaluator.faults_.all();
  for (size_t i = 0; i < faults.size(); ++i) {
    const bool is_warning = info(faults[i].kind).severity == Severity::Warning;
    if (i < mark || is_warning) rest.add(faults[i]);
  }
  evaluator.faults_ = std::move(rest);
  chains.resize(std::min(chains.size(), evaluator.faults_.all().size()));
  abandoned.clear();
  pending.reset();
}

bool Evaluator::Internals::failed_since(size_t mark) const {
  const std::vector<Diagnostic>& faults = evaluator.faults_.all();
  for (size_t i = mark; i < faults.size(); ++i) {
    const Severity severity = info(faults[i].kind).severity;
    if (severity != Severity::Warning && severity != Severity::Remark) return true;
  }
  return evaluator.faults_.dropped() != 0;
}

bool Evaluator::Internals::can_catch(size_t mark) const {
  if (budget_is_used_up || !failed_since(mark)) return false;
  const std::vector<Diagnostic>& faults = evaluator.faults_.all();
  return std::none_of(faults.begin() + static_cast<std::ptrdiff_t>(mark), faults.end(), is_final);
}

PendingException Evaluator::Internals::exception_since(size_t mark) const {
  if (pending) return *pending;
  static_cast<void>(mark);
  return {evaluator.builtin_class("RuntimeError"), Value{}};
}

bool Evaluator::Internals::caught(size_t mark, std::string_view builtin) {
  if (!can_catch(mark)) return false;
  if (!evaluator.is_subclass(exception_since(mark).type, evaluator.builtin_class(builtin))) return false;
  drop_faults(mark);
  return true;
}

Value Evaluator::Internals::exception_value(const PendingException& exception, size_t mark) {
  if (!is_unknown(exception.instance)) return exception.instance;
  const std::vector<Diagnostic>& faults = evaluator.faults_.all();
  const std::string message = mark < faults.size() ? faults.back().message : std::string();
  const ObjectId instance = evaluator.new_instance(exception.type, {});
  AttributeTable& attributes = std::get<InstanceObject>(heap[instance]).attributes;
  attributes.set(known.args, heap.new_tuple({heap.new_string(message)}));
  return instance;
}

Value Evaluator::Internals::new_exception(std::string_view builtin, const Value& argument) {
  const ObjectId instance = evaluator.new_instance(evaluator.builtin_class(builtin), {});
  std::get<InstanceObject>(heap[instance]).attributes.set(known.args, heap.new_tuple({argument}));
  return instance;
}

Failure Evaluator::Internals::type_error(LocationId where, std::string message) {
  return evaluator.error(where, DiagnosticKind::PythonError, "TypeError", "{}", message).emit();
}

Failure Evaluator::Internals::undecided(LocationId where, std::string message) {
  return evaluator.error(where, DiagnosticKind::UndecidedBranch, "RuntimeError", "{}", message)
      .note(
          "sizes that are given as names are only known when the model runs; give numbers, as in `-i x=f32[8,3,32,32]`")
      .emit();
}

Failure Evaluator::Internals::overflow(LocationId where) {
  return evaluator
      .error(where, DiagnosticKind::Unsupported, "OverflowError",
             "integers beyond 64 bits, or sizes too complex to follow")
      .emit();
}

void Evaluator::move_faults(Diagnostics& diagnostics) {
  Internals& internals = *internals_;
  internals.note_chain();
  for (const Diagnostic& diagnostic : internals.kept.all()) diagnostics.add(diagnostic);
  internals.kept.clear();
  for (size_t i = 0; i < faults_.all().size(); ++i) {
    Diagnostic fault = faults_.all()[i];
    for (const Label& label : internals.chains[i]) {
      const auto same = [&](const Label& other) { return other.where == label.where; };
      if (label.where == fault.where || std::any_of(fault.labels.begin(), fault.labels.end(), same)) continue;
      fault.labels.push_back(label);
    }
    fault.statement = internals.top_statement;
    diagnostics.add(std::move(fault));
  }
  faults_.clear();
  internals.chains.clear();
  internals.half_built.insert(internals.abandoned.begin(), internals.abandoned.end());
  internals.abandoned.clear();
  internals.pending.reset();
}

Value Evaluator::unsupported(LocationId where, std::string what) {
  if (internals_->unsupported_places.emplace(where.index, what).second) {
    [[maybe_unused]] const Failure reported =
        internals_->kept.report(DiagnosticKind::Unsupported, where, "{}", what).emit();
  }
  return UnknownValue{};
}

Status Evaluator::spend(uint64_t steps, LocationId where) {
  Internals& internals = *internals_;
  const Limits& limits = internals.limits;
  if (internals.budget_is_used_up) return Failure{};
  const bool fits = internals.steps <= limits.steps && steps <= limits.steps - internals.steps;
  internals.steps = fits ? internals.steps + steps : limits.steps;
  if (fits && heap_.size() <= limits.objects && heap_.text_bytes() <= limits.text_bytes) return {};
  internals.budget_is_used_up = true;
  const char* what = !fits ? "steps" : heap_.size() > limits.objects ? "objects" : "bytes of text";
  const uint64_t limit = !fits                           ? limits.steps
                         : heap_.size() > limits.objects ? limits.objects
                                                         : uint64_t{limits.text_bytes};
  return error(where.valid() ? where : current_location(), DiagnosticKind::BudgetExceeded, "RuntimeError",
               "the program needs more than {} {}", limit, what)
      .emit();
}

Failure Evaluator::Internals::spend_text(LocationId where) {
  budget_is_used_up = true;
  return evaluator
      .error(where, DiagnosticKind::BudgetExceeded, "MemoryError", "the program needs more than {} bytes of text",
             limits.text_bytes)
      .emit();
}

LocationId Evaluator::current_location() {
  for (auto frame = frames_.rbegin(); frame != frames_.rend(); ++frame) {
    if (frame->kind == Frame::Kind::Native || !frame->current.valid()) continue;
    return internals_->place(*internals_->units[frame->unit], frame->current);
  }
  return {};
}

LocationId Evaluator::Internals::place(Unit& unit, ExpressionId id) {
  if (!id.valid()) return {};
  LocationId& place = unit.places[id];
  if (!place.valid()) place = evaluator.locations_.add(unit.ast.expressions[id].span);
  return place;
}

LocationId Evaluator::Internals::place(const Span& span) {
  LocationId& place = span_places[{span.file.index, {span.begin, span.end}}];
  if (!place.valid()) place = evaluator.locations_.add(span);
  return place;
}

std::string Evaluator::Internals::source(const Unit& unit, ExpressionId id) const {
  constexpr size_t kLongest = 80;
  const Span span = unit.ast.expressions[id].span;
  const std::string_view text = evaluator.locations_.file(span.file).text;
  std::string line;
  for (char character : text.substr(span.begin, span.end - span.begin)) {
    const bool blank = character == ' ' || character == '\n' || character == '\t' || character == '\r';
    if (!blank) line += character;
    if (blank && !line.empty() && line.back() != ' ') line += ' ';
  }
  if (line.size() > kLongest) line = line.substr(0, kLongest) + "...";
  return line;
}

}  // namespace lathe::torch
