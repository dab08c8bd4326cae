// Where the sizes of a fault came from, in few words: the layer that made the tensor, the input of the call, the chain
// of sizes on the way. Takes away what the program's labels say of single steps.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <numeric>

#include "compiler/frontend/torch/advice/error_families.h"
#include "compiler/frontend/torch/advice/fault_view.h"
#include "compiler/frontend/torch/advice/outer_calls.h"

namespace lathe::torch {
namespace {

/// "7 = (8 + 2*0 - 2)/1 + 1", "3 is axis 2 of `conv.weight`": single steps of arithmetic.
bool is_step(const std::string& message) {
  const size_t digits = message.find_first_not_of("0123456789");
  if (digits == 0 || digits == std::string::npos) return false;

  const std::string_view rest = std::string_view(message).substr(digits);
  if (rest.starts_with(" = (")) return true;
  return rest.starts_with(" is axis ") && message.ends_with("weight`");
}

/// Weights of modules that nobody has named.
void drop_nameless(Diagnostic& diagnostic) {
  std::erase_if(diagnostic.labels,
                [](const Label& label) { return label.message.find("the result of `constant`") != std::string::npos; });
}

void drop_steps(Diagnostic& diagnostic) {
  drop_nameless(diagnostic);
  std::erase_if(diagnostic.labels, [](const Label& label) { return is_step(label.message); });
}

std::string spatial_text(const Shape& dims) {
  std::string text;
  for (size_t axis = 2; axis < dims.size(); ++axis) text += (axis == 2 ? "" : "x") + dims[axis].python_text();
  return text;
}

bool is_map(const Shape& dims) { return dims.size() >= 3 && dims.size() <= 5; }

std::string step_name(const MadeBy& made) {
  if (made.op == "conv") return "conv";
  if (made.op == "conv_transpose") return "transposed conv";
  if (made.op.find("pool") != std::string::npos) return "pool";
  if (made.type.starts_with("Adaptive") || made.type.find("Pool") != std::string::npos) return "pool";
  return made.op;
}

/// The sizes of maps on the way to a value: "(N, 3, 36, 36) conv 32x32 pool 16x16"; empty when nothing changes them.
std::string chain_text(const FaultView& view, ValueId value) {
  constexpr size_t kMost = 10;
  std::vector<MadeBy> steps = view.history(value);
  std::reverse(steps.begin(), steps.end());
  std::vector<std::string> parts;
  std::string start;
  for (const MadeBy& made : steps) {
    const std::optional<ValueId> before = view.first_operand(made.node);
    if (!before) continue;
    const Shape old = view.value_dims(*before);
    const Shape now = view.value_dims(made.value);
    if (!is_map(old) || !is_map(now) || old.size() != now.size()) {
      if (!is_map(old)) {
        parts.clear();
        start.clear();
      }
      continue;
    }
    if (spatial_text(old) == spatial_text(now)) continue;
    const bool is_spatial = made.op == "conv" || made.op == "conv_transpose" || made.op == "resize" ||
                            made.op == "pad" || made.op == "slice" || made.op.find("pool") != std::string::npos ||
                            made.type.find("Pool") != std::string::npos;
    if (!is_spatial) return {};
    if (start.empty()) start = Tracer::shape_text(old);
    std::string part = fmt::format("{} {}", step_name(made), spatial_text(now));
    const bool halves = step_name(made) == "pool" && old[2].is_constant() && now[2].is_constant();
    if (halves && old[2].constant() % 2 == 1 && now[2].constant() == old[2].constant() / 2) {
      part += fmt::format(" ({} is odd: a row is dropped)", old[2].constant());
    }
    parts.push_back(std::move(part));
  }
  if (parts.empty()) return {};
  if (parts.size() > kMost) {
    parts.erase(parts.begin() + kMost / 2, parts.end() - static_cast<std::ptrdiff_t>(kMost / 2));
    parts.insert(parts.begin() + kMost / 2, "...");
  }
  return fmt::format("{}: {}", start, fmt::join(parts, ", "));
}

/// "called here" becomes "in this call, x: (1, 3, 24, 24)".
void label_call(const FaultView& view) {
  Diagnostic& diagnostic = view.proposal().diagnostic;
  const std::optional<ExpressionView> call = view.call();
  if (!call) return;
  const auto* node = call->as<CallExpression>();
  if (node->arguments.size() != 1 || node->arguments[0].kind != CallArgument::Kind::Positional) return;
  const ExpressionView argument = call->child(node->arguments[0].value);
  std::optional<TensorId> given;
  const std::optional<Span> where = view.source().span(view.evaluator().locations().add(argument.span()));
  if (argument.as<NameExpression>() != nullptr) {
    const std::string& name = view.source().name(argument.as<NameExpression>()->name);
    if (view.source().function(argument.span()) == nullptr) {
      // A name of the top level may have been assigned again since.
      for (const Evaluator::TopLevelName& row : view.evaluator().assignments()) {
        const std::optional<Span> at = view.source().span(row.where);
        const auto* tensor = std::get_if<TensorId>(&row.value);
        if (row.name == name && at && tensor != nullptr && at->begin < argument.span().begin) given = *tensor;
      }
    } else if (const std::optional<Value> value = view.resolve(argument)) {
      if (const auto* tensor = std::get_if<TensorId>(&*value)) given = *tensor;
    }
  } else {
    for (const Tracer::RandomInput& input : tracer_of(view.evaluator()).random_inputs()) {
      const std::optional<Span> at = view.source().span(input.where);
      if (at && where && *at == argument.span()) given = input.tensor;
    }
  }
  if (!given) return;
  const std::string name = argument.as<NameExpression>() != nullptr ? view.source().text(argument) : "the input";
  const std::string text = fmt::format("in this call, {}: {}", name, Tracer::shape_text(view.dims(*given)));
  for (Label& label : diagnostic.labels) {
    if (label.message == "called here") label.message = text;
  }
}

/// The layer that made the tensor, and what its axes are.
void label_maker(const FaultView& view, const std::string& consequence) {
  const std::optional<TensorId> input = view.tensor();
  const std::optional<ValueId> value = input ? view.value(*input) : std::nullopt;
  if (!value) return;
  std::optional<MadeBy> made = view.shaped_by(*value);
  if (!made || !made->where.valid() || made->where == view.proposal().diagnostic.where) return;
  const Shape dims = view.dims(*input);
  const std::string_view axes = map_axes(dims.size());
  const bool is_spatial =
      made->op == "conv" || made->op == "conv_transpose" || made->op.find("pool") != std::string::npos;
  // Steps that only move elements are of no interest.
  if (made->type.empty() && !is_spatial) return;
  std::string text = fmt::format("made by {}", made->text(view.source()));
  if (is_spatial && !axes.empty()) text += fmt::format("; axes are {}{}", axes, consequence);
  std::vector<Label>& labels = view.proposal().diagnostic.labels;
  const bool is_there = std::any_of(labels.begin(), labels.end(), [&](const Label& label) {
    return label.where == made->where && label.message.starts_with("made by");
  });
  if (is_there) return;
  labels.insert(labels.begin(), {made->where, std::move(text), false});
}

void explain_features(Proposal& proposal) {
  const FaultView view(proposal);
  label_call(view);
  const Shape dims = view.input_dims();
  if (dims.size() > 2) {
    const std::string name = view.type().empty() ? "it" : view.type();
    const std::string_view last = dims.size() == 3 ? " (L)" : " (W)";
    label_maker(view, fmt::format(", and {} works on the last axis{} only", name, last));
    drop_steps(proposal.diagnostic);
    return;
  }
  const std::optional<TensorId> input = view.tensor();
  const std::optional<ValueId> value = input ? view.value(*input) : std::nullopt;
  const std::string chain = value ? chain_text(view, *value) : std::string();
  if (chain.empty()) {
    if (dims.size() == 2) label_maker(view, "");
    return;
  }
  drop_steps(proposal.diagnostic);
  proposal.diagnostic.notes.insert(proposal.diagnostic.notes.begin(), "sizes on the way: " + chain);
}

void explain_channels(Proposal& proposal) {
  const FaultView view(proposal);
  label_call(view);
  label_maker(view, "");
  drop_steps(proposal.diagnostic);
}

/// One value a channel: evaluation takes the running statistics.
void explain_single_value(Proposal& proposal) {
  explain_channels(proposal);
  for (const Frame& frame : proposal.facts.frames) {
    if (frame.kind == Frame::Kind::Native || !frame.current.valid()) continue;
    const ExpressionView call{&proposal.evaluator.tree(frame.unit), frame.current};
    const auto* node = call.as<CallExpression>();
    // The model as a whole is evaluated, not a layer of it.
    if (node == nullptr || proposal.source.function(call.span()) != nullptr) return;
    const ExpressionView callee = call.child(node->function);
    proposal.fix("evaluate, with the running statistics: `.eval()`",
                 {call_method_on(proposal.source, callee, "eval()")});
    return;
  }
}

/// Both sides of a sum or of a concatenation.
void explain_joined(Proposal& proposal) {
  const FaultView view(proposal);
  drop_nameless(proposal.diagnostic);
  std::vector<TensorId> tensors;
  for (size_t position = 0; position < 2; ++position) {
    if (const std::optional<TensorId> tensor = view.tensor(position)) tensors.push_back(*tensor);
  }
  const std::optional<Value> list = view.operand(0);
  if (tensors.empty() && list) {
    const Heap& heap = view.evaluator().heap();
    const auto* items = heap.as<ListObject>(*list);
    const auto* tuple = heap.as<TupleObject>(*list);
    for (const Value& item : items != nullptr ? items->items : tuple != nullptr ? tuple->items : std::vector<Value>{}) {
      if (const auto* tensor = std::get_if<TensorId>(&item); tensor != nullptr && tensors.size() < 3)
        tensors.push_back(*tensor);
    }
  }
  std::vector<std::string> notes;
  for (const TensorId tensor : tensors) {
    const std::optional<ValueId> value = view.value(tensor);
    const std::string chain = value ? chain_text(view, *value) : std::string();
    if (!chain.empty())
      notes.push_back(fmt::format("{} comes from {}",
                                  view.dims(tensor).empty() ? "()" : Tracer::shape_text(view.dims(tensor)), chain));
  }
  if (notes.empty()) return;
  drop_steps(proposal.diagnostic);
  proposal.diagnostic.notes.insert(proposal.diagnostic.notes.begin(), notes.begin(), notes.end());
}

/// What a view that lets -1 stand for the batch does with other batches.
void explain_reshape(Proposal& proposal) {
  const FaultView view(proposal);
  const std::optional<TensorId> input = view.tensor();
  const std::optional<ValueId> value = input ? view.value(*input) : std::nullopt;
  if (!value) return;
  if (const std::string chain = chain_text(view, *value); !chain.empty()) {
    drop_steps(proposal.diagnostic);
    proposal.note("sizes on the way: " + chain);
  }
  const std::optional<ExpressionView> call = view.call();
  const Shape dims = view.input_dims();
  if (!call || dims.size() < 3) return;
  const std::string& message = proposal.diagnostic.message;
  const size_t at = message.find("to (-1, ");
  if (at == std::string::npos) return;
  const std::string_view rest = std::string_view(message).substr(at + 8);
  int64_t width = 0;
  const auto read = std::from_chars(rest.data(), rest.data() + rest.size(), width);
  const std::optional<int64_t> sample = product_of(dims, 1);
  if (read.ec != std::errc{} || *read.ptr != ')' || !sample || *sample <= 0 || width <= 0) return;
  const int64_t batch = width / std::gcd(width, *sample);
  proposal.diagnostic.notes.insert(
      proposal.diagnostic.notes.begin(),
      fmt::format("-1 absorbs the batch axis: with a batch of {} this line would run, and give {} rows in place of {}",
                  batch, batch * *sample / width, batch));
}

/// Heads and groups have few choices.
void explain_divisors(Proposal& proposal) {
  const std::string& message = proposal.diagnostic.message;
  const size_t at = message.find(" does not divide ");
  const size_t equals = at == std::string::npos ? at : message.find(" = ", at);
  if (equals == std::string::npos || !proposal.diagnostic.notes.empty()) return;
  int64_t number = 0;
  const char* begin = message.data() + equals + 3;
  if (std::from_chars(begin, message.data() + message.size(), number).ec != std::errc{} || number < 1) return;
  std::vector<int64_t> divisors;
  for (int64_t divisor = 1; divisor <= std::min<int64_t>(number, 1 << 20) && divisors.size() < 16; ++divisor) {
    if (number % divisor == 0) divisors.push_back(divisor);
  }
  proposal.note(fmt::format("divisors of {}: {}", number, fmt::join(divisors, ", ")));
}

constexpr ProposerRow kRows[] = {
    {DiagnosticKind::FeatureMismatch, explain_features},
    {DiagnosticKind::ChannelMismatch, explain_channels},
    {DiagnosticKind::RankMismatch, explain_channels},
    {DiagnosticKind::WindowTooLarge, explain_channels},
    {DiagnosticKind::BroadcastMismatch, explain_joined},
    {DiagnosticKind::ConcatMismatch, explain_joined},
    {DiagnosticKind::ReshapeMismatch, explain_reshape},
    {DiagnosticKind::Constructor, explain_divisors},
    {DiagnosticKind::BatchNormSingleValue, explain_single_value},
};

}  // namespace

std::span<const ProposerRow> origin_error_proposers() { return kRows; }

}  // namespace lathe::torch
