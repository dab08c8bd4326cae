// Cures for views, axes, indices and windows that don't fit.
#include <fmt/format.h>

#include <algorithm>

#include "compiler/frontend/torch/advice/error_families.h"
#include "compiler/frontend/torch/advice/fault_view.h"
#include "compiler/frontend/torch/advice/outer_calls.h"

namespace lathe::torch {
namespace {

/// The method name of a call: "view" of `x.view(2, 3)`.
std::string method_of(const FaultView& view, const ExpressionView& call) {
  const auto* callee = call.child(call.as<CallExpression>()->function).as<AttributeExpression>();
  return callee == nullptr ? std::string() : view.source().name(callee->name);
}

/// The sizes of `x.view(a, b)`, `x.view((a, b))` and `torch.reshape(x, (a, b))`.
std::vector<ExpressionView> sizes_of(const FaultView& view, const ExpressionView& call) {
  std::vector<ExpressionView> sizes;
  const std::optional<ExpressionView> object = view.tensor_of_call(call);
  for (const CallArgument& argument : call.as<CallExpression>()->arguments) {
    if (argument.kind != CallArgument::Kind::Positional) continue;
    if (object && argument.value == object->id) continue;
    sizes.push_back(call.child(argument.value));
  }
  if (sizes.size() != 1) return sizes;
  const std::vector<ExpressionId>* items = nullptr;
  if (const auto* tuple = sizes[0].as<TupleExpression>()) items = &tuple->items;
  if (const auto* list = sizes[0].as<ListExpression>()) items = &list->items;
  if (items == nullptr) return sizes;
  std::vector<ExpressionView> inner;
  for (const ExpressionId id : *items) inner.push_back(call.child(id));
  return inner;
}

bool is_minus_one(const SourceView& source, const ExpressionView& view) { return source.text(view) == "-1"; }

void propose_reshape(Proposal& proposal) {
  const FaultView view(proposal);
  const std::optional<ExpressionView> call = view.call();
  if (!call) return;
  const std::optional<ExpressionView> object = view.tensor_of_call(*call);
  const Shape dims = view.input_dims();
  if (!object || dims.empty()) return;
  const std::vector<ExpressionView> sizes = sizes_of(view, *call);
  const SourceView& source = view.source();
  const std::string text = source.text(*object);
  const std::string method = method_of(view, *call);
  if (method != "view" && method != "reshape") return;
  const bool flattens = sizes.size() == 2;
  if (flattens && dims.size() > 1) {
    proposal.fix("keep the batch axis: a mismatch then shows at the layer behind",
                 {replace(call->span(), fmt::format("{}({}, 1)", view.library("torch.flatten"), text))});
  }
  // The other sizes as they are, one of them found from the number of elements.
  const bool has_open =
      std::any_of(sizes.begin(), sizes.end(), [&](const ExpressionView& size) { return is_minus_one(source, size); });
  if (has_open && !sizes.empty() && is_minus_one(source, sizes[0]) && sizes.size() > 1 && dims.size() > 1) {
    // view(-1, C, h, w): the batch axis is known, the last numbers are not.
    for (size_t i = sizes.size(); i-- > 1;) {
      proposal.fix("keep the batch axis and let another one follow",
                   {replace(sizes[0].span(), fmt::format("{}.size(0)", atom_text(source, *object))),
                    replace(sizes[i].span(), "-1")});
    }
  }
  if (!has_open) {
    for (size_t i = 0; i < sizes.size(); ++i) {
      const bool is_batch = i == 0;
      proposal.fix(is_batch ? "let the batch axis follow from the rest: `-1`"
                            : fmt::format("let axis {} follow from the rest: `-1` for `{}`", i, source.text(sizes[i])),
                   {replace(sizes[i].span(), "-1")});
    }
    if (sizes.size() > 1 && sizes[0].as<IntegerExpression>() != nullptr) {
      proposal.fix("take the batch from the tensor",
                   {replace(sizes[0].span(), fmt::format("{}.size(0)", atom_text(source, *object)))});
    }
  }
  // One size wrong: what the others leave.
  for (size_t i = 0; i < sizes.size(); ++i) {
    if (is_minus_one(source, sizes[i]) || !has_open) continue;
    const auto* number = sizes[i].as<IntegerExpression>();
    const std::optional<int64_t> rest = product_of(dims, 1);
    if (sizes.size() == 2 && number != nullptr && rest) {
      proposal.fix(fmt::format("each sample has {} elements", factors(dims, 1)),
                   {replace(sizes[i].span(), factors(dims, 1))});
    }
  }
}

void propose_contiguous(Proposal& proposal) {
  const FaultView view(proposal);
  const std::optional<ExpressionView> call = view.call();
  if (!call || method_of(view, *call) != "view") return;
  const auto* callee = call->child(call->as<CallExpression>()->function).as<AttributeExpression>();
  const ExpressionView object = call->child(callee->object);
  proposal.diagnostic.fixes.clear();
  proposal.fix("use `reshape`, which copies where it must", {replace(callee->name_span, "reshape")});
  proposal.fix("put the elements in order first: `.contiguous()`",
               {call_method_on(view.source(), object, "contiguous()")});
}

/// Numbers among the arguments of a call that are no axes of the tensor.
void propose_axes(Proposal& proposal) {
  const FaultView view(proposal);
  const std::optional<ExpressionView> call = view.call();
  const bool is_permute = call && method_of(view, *call) == "permute";
  if (proposal.diagnostic.kind == DiagnosticKind::RankMismatch && !is_permute) return;
  std::optional<ExpressionView> near = call;
  const std::optional<ExpressionView> built = view.constructor();
  Shape dims = view.input_dims();
  const SourceView& source = view.source();
  const std::optional<Value> list = view.operand(0);
  if (dims.empty() && list) {
    const auto* items = view.evaluator().heap().as<ListObject>(*list);
    const auto* tuple = view.evaluator().heap().as<TupleObject>(*list);
    const std::vector<Value>* rows = items != nullptr ? &items->items : tuple != nullptr ? &tuple->items : nullptr;
    const auto* first = rows == nullptr || rows->empty() ? nullptr : std::get_if<TensorId>(&rows->front());
    if (first != nullptr) dims = view.dims(*first);
  }
  if (view.has_layer() && built) near = built;
  if (!near || dims.empty()) return;
  const auto rank = static_cast<int64_t>(dims.size());
  const auto is_wrong = [&](int64_t axis) { return axis >= rank || axis < -rank; };
  std::vector<ExpressionView> numbers;
  for (const CallArgument& argument : near->as<CallExpression>()->arguments) {
    ExpressionView value = near->child(argument.value);
    const auto add = [&](const ExpressionView& number) {
      const auto* plain = number.as<IntegerExpression>();
      const auto* negative = number.as<UnaryExpression>();
      const auto* operand = negative == nullptr ? nullptr : number.child(negative->operand).as<IntegerExpression>();
      if (plain != nullptr && is_wrong(plain->value)) numbers.push_back(number);
      if (operand != nullptr && is_wrong(-operand->value)) numbers.push_back(number);
    };
    add(value);
    if (const auto* tuple = value.as<TupleExpression>()) {
      for (const ExpressionId id : tuple->items) add(value.child(id));
    }
  }
  if (numbers.size() == 2) {
    proposal.fix("swap the last two axes: -2 and -1",
                 {replace(numbers[0].span(), "-2"), replace(numbers[1].span(), "-1")});
  }
  for (const ExpressionView& number : numbers) {
    for (int64_t axis = rank - 1; axis >= 0; --axis) {
      const bool is_last = axis == rank - 1;
      proposal.fix(fmt::format("{}axis {} of {}", is_last ? "the last axis, " : "", is_last ? -1 : axis,
                               Tracer::shape_text(dims)),
                   {replace(number.span(), std::to_string(is_last ? -1 : axis))});
    }
  }
  // permute with another number of axes.
  if (call && method_of(view, *call) == "permute" && rank == 3) {
    const std::vector<ExpressionView> sizes = sizes_of(view, *call);
    std::string order;
    for (const ExpressionView& size : sizes) order += source.text(size) + ",";
    if (sizes.size() == 4 && !sizes.empty()) {
      const bool to_front = order == "0,3,1,2,";
      const Span span{sizes.front().span().file, sizes.front().span().begin, sizes.back().span().end};
      proposal.fix("the tensor has no batch axis", {replace(span, to_front ? "2, 0, 1" : "1, 2, 0")});
    }
  }
}

void propose_indices(Proposal& proposal) {
  const FaultView view(proposal);
  if (!view.expression()) return;
  const auto* item = view.expression()->as<SubscriptExpression>();
  if (item == nullptr) return;
  const ExpressionView index = view.expression()->child(item->index);
  std::vector<ExpressionView> numbers;
  if (const auto* tuple = index.as<TupleExpression>()) {
    for (const ExpressionId id : tuple->items) numbers.push_back(index.child(id));
  } else {
    numbers.push_back(index);
  }
  for (const ExpressionView& number : numbers) {
    const auto* literal = number.as<IntegerExpression>();
    if (literal == nullptr) continue;
    proposal.fix("the last one: `-1`", {replace(number.span(), "-1")});
    if (literal->value > 0) {
      proposal.fix("indices count from 0", {replace(number.span(), std::to_string(literal->value - 1))});
    }
  }
  const auto* tuple = index.as<TupleExpression>();
  const bool is_many = proposal.diagnostic.message.find(" indices for ") != std::string::npos;
  if (tuple == nullptr || tuple->items.size() < 2 || !is_many) return;
  const Span last = index.child(tuple->items.back()).span();
  const Span before = index.child(tuple->items[tuple->items.size() - 2]).span();
  proposal.fix("one index less", {replace({last.file, before.end, last.end}, "")});
}

/// A kernel that is larger than what it slides over.
void propose_windows(Proposal& proposal) {
  const FaultView view(proposal);
  const Shape dims = view.input_dims();
  if (dims.size() < 2) return;
  const std::optional<ExpressionView> built = view.has_layer() ? view.constructor() : view.call();
  if (!built) return;
  const std::string& type = view.type();
  const bool is_pool =
      type.find("Pool") != std::string::npos || proposal.facts.operation.find("pool") != std::string::npos;
  const SourceView& source = view.source();
  const size_t first = is_pool ? 0 : 2;
  std::optional<ExpressionView> kernel;
  if (view.has_layer()) kernel = source.argument(*built, first, "kernel_size");
  if (!view.has_layer() && is_pool) kernel = source.argument(*built, 1, "kernel_size");
  // Padding that lets the kernel fit.
  if (!is_pool && view.has_layer()) {
    const auto size = view.evaluator().heap().as<InstanceObject>(Value(view.layer()));
    const Value* tuple = size->attributes.find(view.evaluator().name("kernel_size"));
    const auto* items = tuple == nullptr ? nullptr : view.evaluator().heap().as<TupleObject>(*tuple);
    const auto* dim = items == nullptr || items->items.empty() ? nullptr : std::get_if<Dim>(&items->items.back());
    const std::optional<int64_t> width = dim == nullptr ? std::nullopt : dim->as_constant();
    const bool is_name = kernel && kernel->as<NameExpression>() != nullptr;
    if (width) {
      const std::string text = is_name ? source.text(*kernel) + " // 2" : std::to_string(*width / 2);
      const std::string title = fmt::format("pad the input: `padding={}`", text);
      if (const auto edit = view.set_argument(*built, 4, "padding", text)) {
        proposal.fix(title, {*edit});
      } else if (const auto* node = built->as<CallExpression>(); !node->arguments.empty()) {
        proposal.fix(title, {insert_after(built->child(node->arguments.back().value).span(), ", padding=" + text)});
        const std::string more = is_name ? source.text(*kernel) + " - 1" : std::to_string(*width - 1);
        proposal.fix(fmt::format("pad the input: `padding={}`", more),
                     {insert_after(built->child(node->arguments.back().value).span(), ", padding=" + more)});
      }
    }
  }
  std::optional<int64_t> least;
  const size_t spatial = type.ends_with("3d") ? 3 : type.ends_with("1d") ? 1 : 2;
  for (size_t axis = dims.size() - std::min(spatial, dims.size()); axis < dims.size(); ++axis) {
    const std::optional<int64_t> size = dims[axis].as_constant();
    if (size && (!least || *size < *least)) least = size;
  }
  if (kernel && least && *least > 0 && kernel->as<TupleExpression>() == nullptr) {
    proposal.fix(fmt::format("a kernel no larger than the input: {}", *least),
                 {replace(kernel->span(), std::to_string(*least))});
  }
  if (is_pool && view.has_layer()) {
    const std::string name = fmt::format("Adaptive{}", type.starts_with("Max") ? "MaxPool" : "AvgPool");
    const std::string pool = fmt::format("{}{}d", name, spatial);
    proposal.fix(fmt::format("`{}(1)` takes inputs of any size", pool),
                 {replace(built->span(), fmt::format("{}(1)", view.library(*built, "torch.nn." + pool)))});
  }
}

/// Sizes of a split, or a number of pieces.
void propose_splits(Proposal& proposal) {
  const FaultView view(proposal);
  const std::optional<ExpressionView> call = view.call();
  if (!call) return;
  const std::vector<ExpressionView> arguments = sizes_of(view, *call);
  for (const ExpressionView& argument : arguments) {
    const bool is_number = argument.as<IntegerExpression>() != nullptr;
    if (is_number) proposal.fix("as much as is left: `-1`", {replace(argument.span(), "-1")});
  }
}

constexpr ProposerRow kRows[] = {
    {DiagnosticKind::ReshapeMismatch, propose_reshape}, {DiagnosticKind::ViewNeedsContiguous, propose_contiguous},
    {DiagnosticKind::AxisOutOfRange, propose_axes},     {DiagnosticKind::RankMismatch, propose_axes},
    {DiagnosticKind::IndexOutOfRange, propose_indices}, {DiagnosticKind::WindowTooLarge, propose_windows},
    {DiagnosticKind::SplitMismatch, propose_splits},
};

}  // namespace

std::span<const ProposerRow> reshape_error_proposers() { return kRows; }

}  // namespace lathe::torch
