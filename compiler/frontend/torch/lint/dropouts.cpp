// Dropouts that work in evaluation mode, and one behind the last layer of a model.
#include <fmt/format.h>

#include <algorithm>

#include "compiler/frontend/torch/lint/trace.h"
#include "compiler/frontend/torch/nn/operation.h"

namespace lathe::torch {
namespace {

bool is_training(const Trace& trace, ObjectId module) {
  Evaluator& evaluator = trace.evaluator();
  const Result<std::optional<Value>> found =
      evaluator.find_attribute(Value(module), evaluator.name("training"), LocationId());
  if (!found.ok() || !*found) return true;
  const auto* training = std::get_if<bool>(&**found);
  return training == nullptr || *training;
}

bool has_star(const CallExpression& call) {
  return std::any_of(call.arguments.begin(), call.arguments.end(), [](const CallArgument& argument) {
    return argument.kind == CallArgument::Kind::Star || argument.kind == CallArgument::Kind::DoubleStar;
  });
}

void check_always_on(Trace& trace, const Tracer::RandomInput& random) {
  const auto& uses = trace.graph().value(random.value).uses;
  if (uses.empty() || uses[0].node.index < trace.options().first_node) return;
  const std::optional<ExpressionView> view = trace.source().expression(random.where);
  const auto* call = view ? view->as<CallExpression>() : nullptr;
  if (call == nullptr || has_star(*call)) return;
  std::string name = trace.source().dotted(view->child(call->function));
  name = name.substr(name.rfind('.') == std::string::npos ? 0 : name.rfind('.') + 1);
  const bool is_attention = name == "scaled_dot_product_attention";
  const bool is_dropout = name == "dropout" || name == "dropout1d" || name == "dropout2d" || name == "dropout3d";
  if (!is_attention && !is_dropout) return;
  if (is_dropout && trace.source().argument(*view, 2, "training")) return;
  const std::vector<const LayerRecord*> calls = trace.calls_around(uses[0].node);
  if (calls.empty() || is_training(trace, calls.front()->module)) return;
  auto warning = trace.warn(
      random.where, DiagnosticKind::DropoutAlwaysOn,
      is_dropout ? fmt::format("this {} also works in evaluation mode: `training` is True unless it is given", name)
                 : fmt::format("`dropout_p` of {} also works in evaluation mode: the function knows nothing of "
                               "`self.training`",
                               name));
  if (!warning) return;
  trace.note(calls.front()->module);
  static_cast<void>(std::move(*warning).note(
      fmt::format("`{}` is in evaluation mode, and its output is still random: two calls with one input differ",
                  calls.front()->type)));
  trace.add_calls(*warning, calls, random.where);
  static_cast<void>(std::move(*warning).emit());
}

bool is_dropout(const Trace& trace, const LayerRecord& record) {
  return trace.evaluator().is_instance(Value(record.module), trace.evaluator().library_object("torch.nn._DropoutNd"));
}

// `nn.Dropout(0.5)(x)` in forward: a new module each time, in training mode as all new ones are.
void check_made_in_forward(Trace& trace, const LayerRecord& record) {
  if (record.first_node == record.end_node || !is_dropout(trace, record) || !is_training(trace, record.module)) return;
  const std::vector<const LayerRecord*> calls = trace.calls_around(record);
  const std::optional<Span> made = trace.source().span(record.created);
  const std::optional<Span> called = trace.source().span(record.call);
  if (calls.empty() || !made || !called || trace.source().function(*called) == nullptr) return;
  if (trace.source().function(*made) != trace.source().function(*called)) return;
  if (is_training(trace, calls.front()->module)) return;
  auto warning =
      trace.warn(record.call, DiagnosticKind::DropoutAlwaysOn,
                 fmt::format("this {} also works in evaluation mode: it is made here, and new modules are in "
                             "training mode",
                             record.type));
  if (!warning) return;
  trace.note({});
  static_cast<void>(std::move(*warning).note(fmt::format(
      "`{0}` is in evaluation mode, and its output is still random; a module that `__init__` of `{0}` makes "
      "follows the mode of `{0}`",
      calls.front()->type)));
  trace.add_calls(*warning, calls, record.call);
  static_cast<void>(std::move(*warning).emit());
}

// The last two layers of a whole model that is called with a batch: a Linear that reduces to fewer results than it has
// features, and a dropout of those results.
void check_end(Trace& trace, const LayerRecord& whole) {
  const auto& records = trace.records();
  const auto at = static_cast<size_t>(&whole - records.data());
  if (trace.options().train || whole.output_values.size() != 1 || whole.input_values.empty()) return;
  const ValueId result = whole.output_values[0];
  if (!trace.is_tensor(result) || trace.dims(result).size() != 2) return;
  const LayerRecord* dropout = nullptr;
  const LayerRecord* linear = nullptr;
  size_t others = 0;
  for (size_t index = at; index-- > 0;) {
    const LayerRecord& record = records[index];
    if (record.first_node < whole.first_node) break;
    if (record.output_values.size() != 1 || record.input_values.empty()) continue;
    const bool is_container = record.type == "Sequential" && record.output_values[0] == result;
    if (is_container) continue;
    if (dropout == nullptr) {
      if (!is_dropout(trace, record) || !(record.output_values[0] == result)) return;
      dropout = &record;
    } else if (linear == nullptr) {
      const bool is_linear =
          trace.evaluator().is_instance(Value(record.module), trace.evaluator().library_object("torch.nn.Linear"));
      if (!is_linear || !(record.output_values[0] == result)) return;
      linear = &record;
    } else {
      others += entries(trace.evaluator(), record.module, Registry::Parameters).empty() ? 0 : 1;
    }
  }
  if (linear == nullptr || others == 0) return;
  const Shape& in = trace.dims(linear->input_values[0]);
  const Shape& out = trace.dims(result);
  if (in.size() != 2 || !in[1].is_constant() || !out[1].is_constant() || out[1].constant() * 2 > in[1].constant())
    return;
  const ValueId x = whole.input_values[0];
  if (!trace.is_tensor(x) || (trace.dims(x).size() == 2 && trace.dims(x)[1] == out[1])) return;
  const LocationId where = dropout->created.valid() ? dropout->created : dropout->call;
  auto warning =
      trace.warn(where, DiagnosticKind::DropoutAtEnd,
                 fmt::format("this Dropout is the last layer of the model: in training it zeros some of the {} "
                             "results themselves",
                             out[1].python_text()));
  if (!warning) return;
  trace.note(dropout->module);
  static_cast<void>(std::move(*warning)
                        .label(linear->created.valid() ? linear->created : linear->call,
                               fmt::format("behind the last Linear, which gives {}", trace.shape_text(result)))
                        .note("a zeroed score says nothing of its class, and the loss is taken of it all the same; a "
                              "dropout belongs in front of the last Linear")
                        .layer(dropout->path == "?" ? "" : dropout->path)
                        .emit());
}

}  // namespace

void check_dropouts(Trace& trace) {
  for (const Tracer::RandomInput& random : tracer_of(trace.evaluator()).random_inputs()) {
    check_always_on(trace, random);
  }
  for (const LayerRecord& record : trace.records()) {
    if (trace.is_checked(record)) check_made_in_forward(trace, record);
  }
  if (trace.has_errors()) return;
  for (const LayerRecord& record : trace.records()) {
    if (trace.is_checked(record) && trace.is_whole(record)) check_end(trace, record);
  }
}

}  // namespace lathe::torch
