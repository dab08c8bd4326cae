// Views that fold the batch, squeeze() without an axis, and softmax over the wrong axis.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "compiler/frontend/torch/lint/trace.h"
#include "compiler/frontend/torch/nn/operation.h"
#include "ir/graph/op.h"

namespace lathe::torch {
namespace {

/// The call at a place when its function is a method or function of one of these names; `first` is where its arguments
/// behind the tensor begin.
struct TensorCall {
  ExpressionView call;
  ExpressionView tensor;
  size_t first = 0;
};

std::optional<TensorCall> tensor_call(const Trace& trace, LocationId where,
                                      std::initializer_list<std::string_view> names) {
  const std::optional<ExpressionView> view = trace.source().expression(where);
  const auto* call = view ? view->as<CallExpression>() : nullptr;
  if (call == nullptr) return std::nullopt;
  const ExpressionView function = view->child(call->function);
  const auto* attribute = function.as<AttributeExpression>();
  if (attribute == nullptr) return std::nullopt;
  if (std::find(names.begin(), names.end(), trace.source().name(attribute->name)) == names.end()) return std::nullopt;
  const std::string owner = trace.source().dotted(function.child(attribute->object));
  if (owner != "torch" && owner != "F" && owner != "nn.functional" && owner != "torch.nn.functional") {
    return TensorCall{*view, function.child(attribute->object), 0};
  }
  const std::optional<ExpressionView> tensor = trace.source().argument(*view, 0, "input");
  if (!tensor) return std::nullopt;
  return TensorCall{*view, *tensor, 1};
}

bool is_minus_one(const ExpressionView& view) {
  const auto* minus = view.as<UnaryExpression>();
  if (minus == nullptr || minus->op != UnaryOp::Negate) return false;
  const auto* number = view.child(minus->operand).as<IntegerExpression>();
  return number != nullptr && number->value == 1;
}

/// `-1` is what the program asks for as size of axis 0.
bool first_size_is_open(const Trace& trace, const TensorCall& call) {
  std::optional<ExpressionView> first = trace.source().argument(call.call, call.first, "shape");
  if (!first) return false;
  if (const auto* tuple = first->as<TupleExpression>()) {
    if (tuple->items.empty()) return false;
    first = first->child(tuple->items[0]);
  } else if (const auto* list = first->as<ListExpression>()) {
    if (list->items.empty()) return false;
    first = first->child(list->items[0]);
  }
  return is_minus_one(*first);
}

Dim product_from(const Shape& dims, size_t first) {
  return product(Shape(dims.begin() + static_cast<std::ptrdiff_t>(first), dims.end()));
}

/// "16*10*10 = 1600"
std::string factors(const Shape& dims, size_t first) {
  std::vector<std::string> texts;
  for (size_t axis = first; axis < dims.size(); ++axis) {
    if (!dims[axis].is_constant(1)) texts.push_back(dims[axis].python_text());
  }
  const std::string all = product_from(dims, first).python_text();
  return texts.size() < 2 ? all : fmt::format("{} = {}", fmt::join(texts, "*"), all);
}

// The elements of a sample, S, and of a row of the result, K, decide: rows must be whole parts of samples along axes of
// the operand, or whole samples.
void check_fold(Trace& trace, NodeId id) {
  const Node& node = trace.graph().node(id);
  const ValueId x = node.operands[0];
  const Shape& from = trace.dims(x);
  const Shape& to = trace.dims(node.results[0]);
  const ValueTraits& traits = trace.traits(x);
  if (from.size() < 2 || to.empty() || traits.batch != size_t{0} || from[0] == to[0]) return;
  const Dim sample = product_from(from, 1);
  const Dim row = product_from(to, 1);
  const auto size = sample.as_constant();
  const auto width = row.as_constant();
  if (!size || !width || *size <= 0 || *width <= 0 || *size == *width) return;
  for (size_t axis = 0; axis <= from.size(); ++axis) {
    if (product_from(from, axis).is_constant(*width)) return;
  }
  const bool straddles = *size % *width != 0 && *width % *size != 0;
  if (!straddles && !(traits.is_map && from.size() >= 3 && to.size() == 2)) return;
  const auto call = tensor_call(trace, node.location, {"view", "reshape"});
  if (!call || !first_size_is_open(trace, *call)) return;
  auto warning =
      trace.warn(node.location, DiagnosticKind::BatchFolded,
                 fmt::format("this view changes the batch from {} to {}", from[0].python_text(), to[0].python_text()));
  if (!warning) return;
  ObjectId reader;
  for (const LayerRecord& record : trace.records()) {
    if (record.type == "Linear" && record.input_values == std::vector<ValueId>{node.results[0]}) reader = record.module;
  }
  std::vector<Value> sizes;
  for (const Dim& dim : from) sizes.emplace_back(dim);
  trace.note(reader, std::move(sizes));
  std::string rows = straddles
                         ? fmt::format("a sample has {} elements and a row {}, so rows hold parts of different samples",
                                       factors(from, 1), *width)
                     : *size > *width ? fmt::format("a sample has {} elements, so each becomes {} rows of {}",
                                                    factors(from, 1), *size / *width, *width)
                                      : fmt::format("a sample has {} elements, so a row of {} holds {} samples",
                                                    factors(from, 1), *width, *width / *size);
  std::string tensor = trace.source().text(call->tensor);
  if (tensor.size() > 30 || tensor.find('\n') != std::string::npos) tensor = "x";
  static_cast<void>(
      std::move(*warning)
          .note(fmt::format("{} * {} = {} * {}: {}", from[0].python_text(), *size, to[0].python_text(), *width, rows))
          .note(fmt::format("`torch.flatten({}, 1)` keeps the batch: a layer for {} features then says that it gets {}",
                            tensor, *width, *size)));
  trace.add_calls(*warning, trace.calls_around(id), node.location);
  static_cast<void>(std::move(*warning).emit());
}

void check_squeeze(Trace& trace, NodeId id) {
  const Node& node = trace.graph().node(id);
  const ValueId x = node.operands[0];
  const Shape& from = trace.dims(x);
  const Shape& to = trace.dims(node.results[0]);
  const std::optional<size_t> batch = trace.traits(x).batch;
  if (from.size() < 2 || to.size() >= from.size() || !batch || *batch >= from.size()) return;
  const auto call = tensor_call(trace, node.location, {"squeeze", "squeeze_"});
  if (!call || call->call.as<CallExpression>()->arguments.size() != call->first) return;
  std::vector<Value> axes;
  std::vector<std::string> kept;
  for (size_t axis = 0; axis < from.size(); ++axis) {
    if (axis == *batch) continue;
    if (from[axis].is_constant(1)) {
      axes.push_back(integer(static_cast<int64_t>(axis)));
    } else {
      kept.push_back(from[axis].python_text());
    }
  }
  const std::vector<const LayerRecord*> calls = trace.calls_around(id);
  if (axes.empty() || calls.empty() || trace.is_top_level(node.location)) return;
  const bool is_gone = from[*batch].is_constant(1);
  const std::string shape = python_shape(from);
  Shape single = from;
  single[*batch] = Dim(1);
  const std::string alone = fmt::format("({}{})", fmt::join(kept, ", "), kept.size() == 1 ? "," : "");
  auto warning =
      trace.warn(node.location, DiagnosticKind::SqueezeMayDropBatch,
                 is_gone ? fmt::format("`squeeze()` drops the batch axis of {}, because it is 1: the result is {}",
                                       shape, python_shape(to))
                         : "`squeeze()` drops every axis of size 1: with a batch of 1 it drops the batch axis too");
  if (!warning) return;
  axes.push_back(integer(static_cast<int64_t>(from.size())));
  trace.note({}, std::move(axes));
  static_cast<void>(std::move(*warning).note(is_gone ? std::string("with a batch of 2 the result has one axis more")
                                                     : fmt::format("{} becomes {} here; {} would become {}", shape,
                                                                   python_shape(to), python_shape(single), alone)));
  trace.add_calls(*warning, calls, node.location);
  static_cast<void>(std::move(*warning).emit());
}

/// The place where a softmax says nothing of its axis.
bool names_no_axis(const Trace& trace, LocationId where) {
  const std::optional<ExpressionView> call = trace.source().expression(where);
  const auto* node = call ? call->as<CallExpression>() : nullptr;
  if (node == nullptr) return false;
  std::string name = trace.source().dotted(call->child(node->function));
  name = name.substr(name.rfind('.') == std::string::npos ? 0 : name.rfind('.') + 1);
  const bool is_layer = name == "Softmax" || name == "LogSoftmax" || name == "Softmin";
  const bool is_function = name == "softmax" || name == "log_softmax" || name == "softmin";
  if (!is_layer && !is_function) return false;
  for (const CallArgument& argument : node->arguments) {
    if (argument.kind != CallArgument::Kind::Positional && argument.kind != CallArgument::Kind::Keyword) return false;
  }
  return !trace.source().argument(*call, is_layer ? 0 : 1, "dim");
}

void check_softmax(Trace& trace, NodeId id) {
  const Node& node = trace.graph().node(id);
  const ExistingNodeView view(trace.module(), id);
  const ValueId x = node.operands[0];
  const Shape& dims = trace.dims(x);
  const int64_t given = view.integer("axis");
  const size_t axis = static_cast<size_t>(given < 0 ? given + static_cast<int64_t>(dims.size()) : given);
  if (axis >= dims.size()) return;
  const ValueTraits& traits = trace.traits(x);
  const std::string name(trace.op(id));
  const std::vector<const LayerRecord*> calls = trace.calls_around(id);
  const bool is_layer = !calls.empty() && calls.front()->created == node.location;
  const std::string layer = is_layer ? calls.front()->path : std::string();
  if (dims[axis].is_constant(1) && dims.size() >= 2 && ((traits.features >> axis) & 1U) != 0 && axis != traits.batch) {
    auto warning = trace.warn(node.location, DiagnosticKind::SoftmaxOfOne,
                              fmt::format("{} over axis {} of {}, which has one element: the result is always {}", name,
                                          axis, python_shape(dims), name == "softmax" ? "1" : "0"));
    if (!warning) return;
    trace.note({}, {integer(static_cast<int64_t>(axis)), integer(static_cast<int64_t>(dims.size()))});
    static_cast<void>(
        std::move(*warning).note("whatever the layers before it learn is lost; for one score per sample `sigmoid` is "
                                 "meant, for a choice among several scores another axis"));
    trace.add_calls(*warning, calls, node.location);
    static_cast<void>(std::move(*warning).layer(layer == "?" ? "" : layer).emit());
    return;
  }
  if (axis != 0 || dims.size() != 3 || traits.batch != size_t{0} || dims[0].is_constant(1)) return;
  if (!names_no_axis(trace, node.location)) return;
  auto warning = trace.warn(
      node.location, DiagnosticKind::SoftmaxOverBatch,
      fmt::format("{} without `dim` works over axis 0 of {}: samples of the batch are weighed against each other", name,
                  python_shape(dims)));
  if (!warning) return;
  trace.note({}, {integer(static_cast<int64_t>(dims.size()))});
  static_cast<void>(
      std::move(*warning).note("without `dim` PyTorch takes axis 0 for one and three axes, axis 1 for two and four, "
                               "and says so only in a warning of its own"));
  trace.add_calls(*warning, calls, node.location);
  static_cast<void>(std::move(*warning).layer(layer == "?" ? "" : layer).emit());
}

}  // namespace

void check_views(Trace& trace) {
  for (const NodeId id : trace.nodes()) {
    const std::string_view op = trace.op(id);
    const Node& node = trace.graph().node(id);
    if (node.operands.empty() || !trace.is_tensor(node.operands[0]) || node.results.size() != 1) continue;
    if (op == "reshape") {
      check_fold(trace, id);
      check_squeeze(trace, id);
    } else if (op == "softmax" || op == "log_softmax") {
      check_softmax(trace, id);
    }
  }
}

}  // namespace lathe::torch
