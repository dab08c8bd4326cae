// Changes that answer warnings. The checks of compiler/frontend/torch/lint say in the facts what they saw; which
// operands each kind has stands at its proposer.
#include <fmt/format.h>

#include <algorithm>

#include "compiler/frontend/torch/advice/children.h"
#include "compiler/frontend/torch/advice/library_names.h"
#include "compiler/frontend/torch/advice/proposals.h"
#include "compiler/frontend/torch/nn/module.h"

namespace lathe::torch {
namespace {

// ------------------------------------------------------------------------------------------------------------- helpers

/// The call at the place of the warning.
std::optional<ExpressionView> call_here(const Proposal& proposal) {
  const std::optional<ExpressionView> view = proposal.source.expression(proposal.diagnostic.where);
  return view && view->as<CallExpression>() != nullptr ? view : std::nullopt;
}

/// The call that made a layer.
std::optional<ExpressionView> constructor_of(const Proposal& proposal, ObjectId layer) {
  if (!layer.valid()) return std::nullopt;
  const auto* instance = proposal.evaluator.heap().as<InstanceObject>(Value(layer));
  if (instance == nullptr) return std::nullopt;
  const std::optional<ExpressionView> view = proposal.source.expression(instance->created);
  return view && view->as<CallExpression>() != nullptr ? view : std::nullopt;
}

bool is_operand(const ExpressionView& view) {
  return view.as<NameExpression>() != nullptr || view.as<AttributeExpression>() != nullptr ||
         view.as<CallExpression>() != nullptr || view.as<SubscriptExpression>() != nullptr;
}

/// The text of an expression for a place in front of a dot.
std::string operand_text(const SourceView& source, const ExpressionView& view) {
  return is_operand(view) ? source.text(view) : fmt::format("({})", source.text(view));
}

/// An edit that adds a keyword argument at the end of a call.
Edit add_argument(const SourceView& source, const ExpressionView& call, std::string_view argument) {
  const Span span = call.span();
  const std::string inside = source.text(span);
  const size_t last = inside.find_last_not_of(" \t\r\n", inside.size() - 2);
  const bool is_empty = call.as<CallExpression>()->arguments.empty();
  const bool has_comma = inside[last] == ',';
  const auto at = static_cast<uint32_t>(span.begin + last + 1);
  return {{span.file, at, at}, fmt::format("{}{}", is_empty ? "" : has_comma ? " " : ", ", argument)};
}

/// "16 * 4 * 4" for the sizes from axis 1 on.
std::string features_text(std::span<const Value> dims) {
  std::string text;
  for (size_t axis = 1; axis < dims.size(); ++axis) {
    const auto* dim = std::get_if<Dim>(&dims[axis]);
    if (dim == nullptr || !dim->is_constant()) return {};
    text += fmt::format("{}{}", text.empty() ? "" : " * ", dim->constant());
  }
  return text;
}

/// A place in which another module may be put in front: an argument of a call, such as that of nn.Sequential.
bool is_member(const SourceView& source, const ExpressionView& constructor) {
  const std::optional<ExpressionView> around = source.call_around(constructor);
  if (!around) return false;
  const auto& arguments = around->as<CallExpression>()->arguments;
  return std::any_of(arguments.begin(), arguments.end(), [&](const CallArgument& argument) {
    return argument.kind == CallArgument::Kind::Positional && argument.value == constructor.id;
  });
}

std::optional<int64_t> number(const FaultFacts& facts, size_t index) {
  if (index >= facts.operands.size()) return std::nullopt;
  const auto* dim = std::get_if<Dim>(&facts.operands[index]);
  return dim == nullptr ? std::nullopt : dim->as_constant();
}

bool flag(const FaultFacts& facts, size_t index) {
  const auto* value = index < facts.operands.size() ? std::get_if<bool>(&facts.operands[index]) : nullptr;
  return value != nullptr && *value;
}

// ---------------------------------------------------------------------------------------------------------- flattening

// Operands: the sizes of the operand; the layer is the Linear that works on the rows, if one does.
void batch_folded(Proposal& proposal) {
  const std::optional<ExpressionView> call = call_here(proposal);
  const auto* callee = call ? call->child(call->as<CallExpression>()->function).as<AttributeExpression>() : nullptr;
  if (callee == nullptr) return;
  const ExpressionView object = call->child(callee->object);
  const bool is_function = proposal.source.dotted(object) == "torch";
  const std::optional<ExpressionView> x =
      is_function ? proposal.source.argument(*call, 0, "input") : std::optional(object);
  if (!x) return;
  const std::string flatten = fmt::format(
      "{}({}, 1)", library_name(proposal.source, call->span().file, "torch.flatten"), proposal.source.text(*x));
  const Edit keep = replace(call->span(), flatten);
  proposal.fix(fmt::format("keep the batch axis: `{}`", flatten), {keep});
  const std::string features = features_text(proposal.facts.operands);
  const std::optional<ExpressionView> linear = constructor_of(proposal, proposal.facts.layer);
  const auto width = linear ? proposal.source.argument(*linear, 0, "in_features") : std::nullopt;
  if (!width || features.empty()) return;
  proposal.fix(fmt::format("keep the batch axis, and make a Linear for the {} features of this input size", features),
               {keep, replace(width->span(), features)});
}

// Operands: the sizes of the map; the layer is the Linear.
void linear_on_feature_map(Proposal& proposal) {
  const SourceView& source = proposal.source;
  const std::optional<ExpressionView> linear = constructor_of(proposal, proposal.facts.layer);
  const auto width = linear ? source.argument(*linear, 0, "in_features") : std::nullopt;
  const std::string features = features_text(proposal.facts.operands);
  if (!width || features.empty()) return;
  const FileId file = linear->span().file;
  const Edit resize = replace(width->span(), features);
  const std::optional<ExpressionView> here = source.expression(proposal.diagnostic.where);
  if (here && here->span() == linear->span()) {
    if (!is_member(source, *linear)) return;
    const std::string flatten = library_name(source, file, "torch.nn.Flatten") + "(),";
    const std::string gap =
        source.begins_line(linear->span()) ? "\n" + source.indentation(file, linear->span().begin) : " ";
    proposal.fix(fmt::format("if the whole map is meant: flatten it, {} features", features),
                 {insert_before(linear->span(), flatten + gap), resize});
    return;
  }
  const std::optional<ExpressionView> call = call_here(proposal);
  const auto x = call ? source.argument(*call, 0, "input") : std::nullopt;
  if (!x) return;
  const std::string flatten =
      fmt::format("{}({}, 1)", library_name(source, x->span().file, "torch.flatten"), source.text(*x));
  proposal.fix(fmt::format("if the whole map is meant: flatten it, {} features", features),
               {replace(x->span(), flatten), resize});
}

// Operands: the axes of size 1, then the rank.
void squeeze_may_drop_batch(Proposal& proposal) {
  const std::optional<ExpressionView> call = call_here(proposal);
  const auto* callee = call ? call->child(call->as<CallExpression>()->function).as<AttributeExpression>() : nullptr;
  if (callee == nullptr || proposal.facts.operands.size() < 2) return;
  const size_t count = proposal.facts.operands.size() - 1;
  const int64_t rank = number(proposal.facts, count).value_or(0);
  std::string change;
  if (static_cast<int64_t>(count) == rank - 2 && number(proposal.facts, 0) == 2) {
    change = "flatten(1)";
  } else {
    for (size_t i = count; i-- > 0;) {
      const int64_t axis = number(proposal.facts, i).value_or(0);
      change += fmt::format("{}squeeze({})", change.empty() ? "" : ".", axis == rank - 1 ? -1 : axis);
    }
  }
  const ExpressionView object = call->child(callee->object);
  const bool is_function = proposal.source.dotted(object) == "torch";
  const auto x = is_function ? proposal.source.argument(*call, 0, "input") : std::optional(object);
  if (!x) return;
  proposal.fix(fmt::format("`.{}` leaves the batch axis alone", change),
               {replace(call->span(), fmt::format("{}.{}", operand_text(proposal.source, *x), change))});
}

// -------------------------------------------------------------------------------------------------------- broadcasting

/// The written argument of the call that made a layer, when it stands in the same function.
std::optional<std::string> written(const Proposal& proposal, const Value& layer, size_t position, std::string_view name,
                                   const Function* function) {
  const auto* object = std::get_if<ObjectId>(&layer);
  const std::optional<ExpressionView> made = object ? constructor_of(proposal, *object) : std::nullopt;
  const auto argument = made ? proposal.source.argument(*made, position, name) : std::nullopt;
  if (!argument || proposal.source.function(made->span()) != function) return std::nullopt;
  return proposal.source.text(*argument);
}

// Operands: a flag and a rank, then the convolutions of the branch; the layer is the Identity of the shortcut.
void shortcut_of_one_channel(Proposal& proposal) {
  const std::optional<ExpressionView> identity = constructor_of(proposal, proposal.facts.layer);
  if (!identity || proposal.facts.operands.size() < 3) return;
  const Function* function = proposal.source.function(identity->span());
  const Value& first = proposal.facts.operands[2];
  const auto in = written(proposal, first, 0, "in_channels", function);
  const auto out = written(proposal, proposal.facts.operands.back(), 1, "out_channels", function);
  const auto stride = written(proposal, first, 3, "stride", function);
  if (!in || !out) return;
  const std::string type = fmt::format("torch.nn.Conv{}d", number(proposal.facts, 1).value_or(4) - 2);
  const std::string text = fmt::format("{}({}, {}, 1{})", library_name(proposal.source, identity->span().file, type),
                                       *in, *out, stride ? ", stride=" + *stride : "");
  proposal.fix(fmt::format("project the shortcut: `{}`", text), {replace(identity->span(), text)});
}

// Operands: whether the column is on the left, then its rank; with more it is a shortcut.
void silent_broadcast(Proposal& proposal) {
  if (proposal.facts.operands.size() != 2 || proposal.facts.layer.valid()) return shortcut_of_one_channel(proposal);
  const SourceView& source = proposal.source;
  const std::optional<ExpressionView> view = source.expression(proposal.diagnostic.where);
  if (!view) return;
  std::optional<ExpressionView> left;
  std::optional<ExpressionView> right;
  if (const auto* binary = view->as<BinaryExpression>()) {
    left = view->child(binary->left);
    right = view->child(binary->right);
  } else if (const auto* compare = view->as<CompareExpression>()) {
    if (compare->operands.size() != 2) return;
    left = view->child(compare->operands[0]);
    right = view->child(compare->operands[1]);
  } else if (view->as<CallExpression>() != nullptr) {
    left = source.argument(*view, 0, "input");
    right = source.argument(*view, 1, "target");
  }
  if (!left || !right) return;
  const ExpressionView column = flag(proposal.facts, 0) ? *left : *right;
  const ExpressionView vector = flag(proposal.facts, 0) ? *right : *left;
  const std::string squeezed = operand_text(source, column) + ".squeeze(-1)";
  const std::string unsqueezed = operand_text(source, vector) + ".unsqueeze(-1)";
  proposal.fix(fmt::format("drop the last axis: `{}`", squeezed), {replace(column.span(), squeezed)});
  proposal.fix(fmt::format("or give the other one more: `{}`", unsqueezed), {replace(vector.span(), unsqueezed)});
}

// --------------------------------------------------------------------------------------------------------------
// softmax

// Operands: the axis, then the rank.
void softmax_of_one(Proposal& proposal) {
  const SourceView& source = proposal.source;
  const std::optional<ExpressionView> call = call_here(proposal);
  if (!call) return;
  const ExpressionView function = call->child(call->as<CallExpression>()->function);
  const std::string name = source.dotted(function);
  const std::string last = name.substr(name.rfind('.') == std::string::npos ? 0 : name.rfind('.') + 1);
  const auto* callee = function.as<AttributeExpression>();
  const bool is_log = last == "log_softmax" || last == "LogSoftmax";
  const FileId file = call->span().file;
  const int64_t rank = number(proposal.facts, 1).value_or(0);
  const bool is_layer = last == "Softmax" || last == "LogSoftmax";
  const bool is_function = !is_layer && (callee == nullptr || library_path(source, file, name).starts_with("torch."));
  const auto axis = source.argument(*call, is_layer || !is_function ? 0 : 1, "dim");
  if (rank == 3 && axis) {
    proposal.fix("over the positions, axis 1", {replace(axis->span(), "1")});
    return;
  }
  if (is_log || rank != 2) return;
  if (is_layer) {
    const std::string text = library_name(source, file, "torch.nn.Sigmoid") + "()";
    proposal.fix(fmt::format("a score for each sample: `{}`", text), {replace(call->span(), text)});
    return;
  }
  const auto x = is_function         ? source.argument(*call, 0, "input")
                 : callee != nullptr ? std::optional(function.child(callee->object))
                                     : std::nullopt;
  if (!x) return;
  const std::string text = fmt::format("{}({})", library_name(source, file, "torch.sigmoid"), source.text(*x));
  proposal.fix(fmt::format("a score for each sample: `{}`", text), {replace(call->span(), text)});
}

void softmax_over_batch(Proposal& proposal) {
  const std::optional<ExpressionView> call = call_here(proposal);
  if (call) proposal.fix("over the last axis: `dim=-1`", {add_argument(proposal.source, *call, "dim=-1")});
}

// --------------------------------------------------------------------------------------------------------------
// dropout

void dropout_always_on(Proposal& proposal) {
  const std::optional<ExpressionView> call = call_here(proposal);
  const Function* function = call ? proposal.source.function(call->span()) : nullptr;
  if (function == nullptr || function->parameters.empty()) return;
  const std::string& self = proposal.source.name(function->parameters[0].name);
  if (const auto p = proposal.source.argument(*call, 4, "dropout_p")) {
    const std::string text = fmt::format("({} if {}.training else 0.0)", proposal.source.text(*p), self);
    proposal.fix(fmt::format("`{}`", text), {replace(p->span(), text)});
    return;
  }
  const std::string argument = fmt::format("training={}.training", self);
  proposal.fix(fmt::format("pass `{}`", argument), {add_argument(proposal.source, *call, argument)});
}

// The layer is the dropout; behind a Linear in the same container the two change places.
void dropout_at_end(Proposal& proposal) {
  const std::optional<ExpressionView> dropout = constructor_of(proposal, proposal.facts.layer);
  const std::optional<ExpressionView> around = dropout ? proposal.source.call_around(*dropout) : std::nullopt;
  if (!around) return;
  const auto& arguments = around->as<CallExpression>()->arguments;
  for (size_t i = 1; i < arguments.size(); ++i) {
    if (!(arguments[i].value == dropout->id) || arguments[i - 1].kind != CallArgument::Kind::Positional) continue;
    const ExpressionView linear = around->child(arguments[i - 1].value);
    proposal.fix("in front of the last Linear", {replace(linear.span(), proposal.source.text(*dropout)),
                                                 replace(dropout->span(), proposal.source.text(linear))});
  }
}

// ---------------------------------------------------------------------------------------------------- modules of
// modules

// Operands: whether it is a dict, whether it holds parameters. The place is the target of the assignment.
void unregistered_modules(Proposal& proposal) {
  const SourceView& source = proposal.source;
  const std::optional<Span> place = source.span(proposal.diagnostic.where);
  const auto statement = place ? source.statement(*place) : std::nullopt;
  if (!statement) return;
  std::optional<ExpressionView> value;
  if (const auto* assigned = std::get_if<AssignStatement>(&statement->statement().kind)) {
    value = ExpressionView{statement->ast, assigned->value};
  } else if (const auto* annotated = std::get_if<AnnotatedAssignStatement>(&statement->statement().kind)) {
    value = ExpressionView{statement->ast, annotated->value};
  }
  if (!value) return;
  const bool is_dict = flag(proposal.facts, 0);
  const bool is_parameters = flag(proposal.facts, 1);
  const std::string container = is_parameters ? (is_dict ? "torch.nn.ParameterDict" : "torch.nn.ParameterList")
                                              : (is_dict ? "torch.nn.ModuleDict" : "torch.nn.ModuleList");
  const std::string callee = library_name(source, place->file, container);
  const auto* list = value->as<ListExpression>();
  const auto* dict = value->as<DictExpression>();
  const bool is_empty = (list != nullptr && list->items.empty()) || (dict != nullptr && dict->entries.empty());
  const auto* target = source.expression(*place)->as<AttributeExpression>();
  const std::string name = target == nullptr ? "" : source.name(target->name);
  const std::string title = is_dict || name.empty()
                                ? fmt::format("`{}` registers what it holds", callee)
                                : fmt::format("`{}` registers what it holds; the keys become {}.0{} ...", callee, name,
                                              is_parameters ? "" : ".weight");
  if (is_empty) {
    proposal.fix(title, {replace(value->span(), callee + "()")});
    return;
  }
  proposal.fix(title, {insert_before(value->span(), callee + "("), insert_after(value->span(), ")")});
}

// The layer is the Sequential.
void children_copied(Proposal& proposal) {
  if (!proposal.facts.layer.valid()) return;
  const std::optional<ChildrenCopy> copy = children_copy(proposal.source, proposal.facts.layer);
  const std::optional<std::string> text = copy ? replacement(proposal.source, *copy) : std::nullopt;
  if (!text) return;
  proposal.fix("what `forward` does", {replace(copy->call.span(), *text)});
}

constexpr ProposerRow kRows[] = {
    {DiagnosticKind::BatchFolded, batch_folded},
    {DiagnosticKind::SilentBroadcast, silent_broadcast},
    {DiagnosticKind::LinearOnFeatureMap, linear_on_feature_map},
    {DiagnosticKind::ChildrenOrder, children_copied},
    {DiagnosticKind::ChildrenDropsOps, children_copied},
    {DiagnosticKind::ChildrenDropsRepeats, children_copied},
    {DiagnosticKind::UnregisteredModules, unregistered_modules},
    {DiagnosticKind::DropoutAlwaysOn, dropout_always_on},
    {DiagnosticKind::SqueezeMayDropBatch, squeeze_may_drop_batch},
    {DiagnosticKind::SoftmaxOfOne, softmax_of_one},
    {DiagnosticKind::SoftmaxOverBatch, softmax_over_batch},
    {DiagnosticKind::DropoutAtEnd, dropout_at_end},
};

}  // namespace

std::span<const ProposerRow> warning_proposers() { return kRows; }

}  // namespace lathe::torch
