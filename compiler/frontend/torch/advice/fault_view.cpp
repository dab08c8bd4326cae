// Layers, expressions and tensors of a fault.
#include "compiler/frontend/torch/advice/fault_view.h"

#include <fmt/format.h>

#include <algorithm>

#include "compiler/frontend/torch/advice/library_names.h"

namespace lathe::torch {
namespace {

bool is_class_name(std::string_view text) {
  const size_t dot = text.rfind('.');
  const std::string_view last = dot == std::string_view::npos ? text : text.substr(dot + 1);
  return !last.empty() && last.front() >= 'A' && last.front() <= 'Z' && last != "F" && last != "T";
}

}  // namespace

std::string MadeBy::text(const SourceView& source) const {
  if (!type.empty()) return "this " + type;
  if (expression) {
    if (const auto* call = expression->as<CallExpression>()) {
      const ExpressionView callee = expression->child(call->function);
      const std::string dotted = source.dotted(callee);
      if (const auto* attribute = callee.as<AttributeExpression>(); dotted.empty() && attribute != nullptr) {
        return fmt::format("this `.{}`", source.name(attribute->name));
      }
      if (!dotted.empty()) return fmt::format("this `{}`", dotted);
    }
  }
  return fmt::format("this {}", op);
}

FaultView::FaultView(Proposal& proposal) : proposal_(proposal), layer_(proposal.facts.layer) {
  if (layer_.valid()) type_ = type_of(layer_);
  const std::vector<Frame>& frames = proposal.facts.frames;
  for (auto frame = frames.rbegin(); frame != frames.rend() && frame_ == nullptr; ++frame) {
    if (frame->kind == Frame::Kind::Native || !frame->current.valid()) continue;
    frame_ = &*frame;
    expression_ = ExpressionView{&proposal.evaluator.tree(frame->unit), frame->current};
  }
  if (const std::optional<ExpressionView> made = call(); made && layer_.valid()) {
    const std::optional<Value> callee = resolve(made->child(made->as<CallExpression>()->function));
    is_direct_ = callee ? *callee == Value(layer_) : proposal.diagnostic.where != LocationId() && !constructor();
    if (!callee) {
      // `self.layers[i](x)`: direct unless the fault stands where the layer was made.
      const std::optional<ExpressionView> place = proposal.source.expression(proposal.diagnostic.where);
      is_direct_ = place && place->span() == made->span();
    }
  }
}

std::string FaultView::type_of(ObjectId module) const { return evaluator().type_name(Value(module)); }

std::optional<ExpressionView> FaultView::constructor(ObjectId module) const {
  const auto* instance = evaluator().heap().as<InstanceObject>(Value(module));
  if (instance == nullptr || !instance->created.valid()) return std::nullopt;
  std::optional<ExpressionView> found = source().call(instance->created);
  const std::optional<Span> place = source().span(instance->created);
  if (!found || !place || !(found->span() == *place)) return std::nullopt;
  return found;
}

std::optional<ExpressionView> FaultView::constructor() const {
  return layer_.valid() ? constructor(layer_) : std::nullopt;
}

std::optional<int64_t> FaultView::number(ObjectId module, std::string_view attribute) const {
  const auto* instance = evaluator().heap().as<InstanceObject>(Value(module));
  const Value* value = instance == nullptr ? nullptr : instance->attributes.find(evaluator().name(attribute));
  const auto* dim = value == nullptr ? nullptr : std::get_if<Dim>(value);
  return dim == nullptr ? std::nullopt : dim->as_constant();
}

std::optional<ExpressionView> FaultView::call() const {
  if (!expression_ || expression_->as<CallExpression>() == nullptr) return std::nullopt;
  return expression_;
}

std::optional<Value> FaultView::resolve(const ExpressionView& view) const {
  constexpr size_t kDeepest = 16;
  // The chain of attributes and constant indices, outermost last.
  std::vector<ExpressionView> steps;
  ExpressionView base = view;
  while (steps.size() < kDeepest) {
    if (const auto* attribute = base.as<AttributeExpression>()) {
      steps.push_back(base);
      base = base.child(attribute->object);
    } else if (const auto* item = base.as<SubscriptExpression>()) {
      steps.push_back(base);
      base = base.child(item->object);
    } else {
      break;
    }
  }
  const auto* name = base.as<NameExpression>();
  if (frame_ == nullptr || !frame_->scope.valid()) return std::nullopt;
  if (base.as<CallExpression>() != nullptr && steps.empty()) return made_at(base);
  if (name == nullptr) return std::nullopt;
  Heap& heap = evaluator().heap();
  std::optional<Value> value;
  ObjectId scope = frame_->scope;
  ObjectId globals{};
  while (!value && scope.valid()) {
    const auto* names = heap.as<ScopeObject>(Value(scope));
    if (names == nullptr) break;
    if (const auto found = names->names.find(name->name); found != names->names.end()) value = found->second;
    globals = names->globals.valid() ? names->globals : globals;
    scope = names->parent;
  }
  if (const auto* names = globals.valid() ? heap.as<ScopeObject>(Value(globals)) : nullptr;
      !value && names != nullptr) {
    if (const auto found = names->names.find(name->name); found != names->names.end()) value = found->second;
  }
  for (auto step = steps.rbegin(); value && step != steps.rend(); ++step) {
    const Value object = *value;
    value.reset();
    if (const auto* attribute = step->as<AttributeExpression>()) {
      const auto* instance = heap.as<InstanceObject>(object);
      if (instance == nullptr) return std::nullopt;
      if (is_module(evaluator(), object)) {
        for (const Registry which : {Registry::Modules, Registry::Parameters, Registry::Buffers}) {
          const auto found = registered(evaluator(), std::get<ObjectId>(object), which, source().name(attribute->name));
          if (found) value = *found;
        }
      }
      if (const Value* plain = instance->attributes.find(attribute->name); !value && plain != nullptr) value = *plain;
    } else if (const auto* item = step->as<SubscriptExpression>()) {
      const auto* index = step->child(item->index).as<IntegerExpression>();
      const auto* key = step->child(item->index).as<StringExpression>();
      if (is_module(evaluator(), object)) {
        const std::vector<NamedValue> members = entries(evaluator(), std::get<ObjectId>(object), Registry::Modules);
        if (index != nullptr && index->value >= 0 && static_cast<size_t>(index->value) < members.size()) {
          value = members[static_cast<size_t>(index->value)].value;
        }
        for (const NamedValue& member : members) {
          if (key != nullptr && member.name == key->value) value = member.value;
        }
      } else if (const auto* list = heap.as<ListObject>(object)) {
        if (index != nullptr && index->value >= 0 && static_cast<size_t>(index->value) < list->items.size()) {
          value = list->items[static_cast<size_t>(index->value)];
        }
      }
    }
  }
  return value;
}

std::optional<Value> FaultView::made_at(const ExpressionView& call) const {
  const Heap& heap = evaluator().heap();
  std::optional<Value> found;
  for (size_t i = 0; i < heap.size(); ++i) {
    const ObjectId id(i);
    const auto* instance = std::get_if<InstanceObject>(&heap[id]);
    if (instance == nullptr || !instance->created.valid() || !is_module(evaluator(), Value(id))) continue;
    const std::optional<Span> place = source().span(instance->created);
    if (place && *place == call.span()) found = Value(id);
  }
  return found;
}

bool FaultView::is_first_member(ObjectId container) const {
  constexpr size_t kDeepest = 16;
  ObjectId at = container;
  for (size_t depth = 0; depth < kDeepest; ++depth) {
    const std::vector<NamedValue> members = entries(evaluator(), at, Registry::Modules);
    if (members.empty()) return false;
    at = std::get<ObjectId>(members.front().value);
    if (at == layer_) return true;
  }
  return false;
}

std::optional<ExpressionView> FaultView::tensor_of_call(const ExpressionView& made) const {
  const auto* call = made.as<CallExpression>();
  if (call == nullptr) return std::nullopt;
  const ExpressionView callee = made.child(call->function);
  const auto first = [&]() -> std::optional<ExpressionView> {
    for (const CallArgument& argument : call->arguments) {
      const bool is_input = argument.kind == CallArgument::Kind::Keyword &&
                            (source().name(argument.name) == "input" || source().name(argument.name) == "x");
      if (argument.kind == CallArgument::Kind::Positional || is_input) return made.child(argument.value);
      if (argument.kind == CallArgument::Kind::Star) return std::nullopt;
    }
    return std::nullopt;
  };
  const auto* attribute = callee.as<AttributeExpression>();
  if (attribute == nullptr) return first();
  const std::string dotted = source().dotted(callee);
  if (!dotted.empty()) {
    const std::string path = library_path(source(), made.span().file, dotted);
    if (path.starts_with("torch.") || path.starts_with("einops.")) return first();
    const Function* function = source().function(made.span());
    const bool is_method = function != nullptr && !function->parameters.empty() &&
                           dotted.starts_with(source().name(function->parameters[0].name) + ".");
    if (is_method) return first();
  }
  return made.child(attribute->object);
}

std::optional<ExpressionView> FaultView::tensor_expression(size_t position) const {
  if (!expression_) return std::nullopt;
  if (const auto* binary = expression_->as<BinaryExpression>()) {
    return expression_->child(position == 0 ? binary->left : binary->right);
  }
  const std::optional<ExpressionView> made = call();
  if (!made) return std::nullopt;
  const auto* node = made->as<CallExpression>();
  if (layer_.valid() && !is_direct_) {
    // A container: its input is the layer's only for the first one in it.
    const std::optional<Value> callee = resolve(made->child(node->function));
    if (position != 0 || !callee || !is_module(evaluator(), *callee)) return std::nullopt;
    if (!is_first_member(std::get<ObjectId>(*callee))) return std::nullopt;
    return source().argument(*made, 0, "input");
  }
  if (layer_.valid()) {
    size_t next = 0;
    for (const CallArgument& argument : node->arguments) {
      if (argument.kind == CallArgument::Kind::Star) return std::nullopt;
      if (next++ == position) return made->child(argument.value);
    }
    return std::nullopt;
  }
  const std::optional<ExpressionView> first = tensor_of_call(*made);
  if (position == 0 || !first) return first;
  const bool is_argument = std::any_of(node->arguments.begin(), node->arguments.end(),
                                       [&](const CallArgument& argument) { return argument.value == first->id; });
  return source().argument(*made, is_argument ? position : position - 1, "other");
}

std::optional<Value> FaultView::operand(size_t position) const {
  const std::vector<Value>& operands = proposal_.facts.operands;
  const size_t at = layer_.valid() ? position + 1 : position;
  return at < operands.size() ? std::optional(operands[at]) : std::nullopt;
}

std::optional<TensorId> FaultView::tensor(size_t position) const {
  const std::optional<Value> value = operand(position);
  const auto* tensor = value ? std::get_if<TensorId>(&*value) : nullptr;
  return tensor == nullptr ? std::nullopt : std::optional(*tensor);
}

Shape FaultView::dims(TensorId tensor) const { return tracer_of(evaluator()).dims(tensor); }

Shape FaultView::input_dims() const {
  const std::optional<TensorId> input = tensor();
  return input ? dims(*input) : Shape{};
}

std::optional<ValueId> FaultView::value(TensorId tensor) const {
  const std::optional<ValueId> found = tracer_of(evaluator()).present_value(tensor);
  return found && found->valid() ? found : std::nullopt;
}

Shape FaultView::value_dims(ValueId value) const {
  const TensorType* type = tracer_of(evaluator()).module().graph.value(value).type.as_tensor();
  return type == nullptr ? Shape{} : type->dims;
}

std::optional<ValueId> FaultView::first_operand(NodeId node) const {
  const Node& row = tracer_of(evaluator()).module().graph.node(node);
  if (row.operands.empty() || !row.operands[0].valid()) return std::nullopt;
  return row.operands[0];
}

std::optional<MadeBy> FaultView::made_by_node(NodeId node, ValueId value) const {
  const Node& row = tracer_of(evaluator()).module().graph.node(node);
  if (row.op->name == "constant") return std::nullopt;
  MadeBy made;
  made.node = node;
  made.value = value;
  made.where = row.location;
  made.op = row.op->name;
  made.expression = source().expression(row.location);
  // The innermost call of a layer that this node is part of.
  for (const LayerRecord& record : layer_records(evaluator())) {
    const bool is_inside = record.first_node <= node.index && node.index < record.end_node;
    if (!is_inside) continue;
    made.layer = record.module;
    made.type = record.type;
    break;
  }
  // A module of the user's own is not what made it.
  if (made.layer.valid()) {
    const auto* instance = evaluator().heap().as<InstanceObject>(Value(made.layer));
    const auto* type = instance == nullptr ? nullptr : evaluator().heap().as<ClassObject>(Value(instance->type));
    if (type == nullptr || !type->is_native) {
      made.layer = {};
      made.type.clear();
    }
  }
  if (made.expression && made.layer.valid()) {
    const std::optional<ExpressionView> built = constructor(made.layer);
    made.is_constructor = built && built->span() == made.expression->span();
  } else if (const auto* call = made.expression ? made.expression->as<CallExpression>() : nullptr) {
    made.is_constructor = is_class_name(source().dotted(made.expression->child(call->function)));
  }
  return made;
}

std::optional<MadeBy> FaultView::made_by(ValueId value) const {
  const lathe::Value& row = tracer_of(evaluator()).module().graph.value(value);
  if (!row.producer.valid()) return std::nullopt;
  return made_by_node(row.producer, value);
}

std::vector<MadeBy> FaultView::history(ValueId value, size_t most) const {
  std::vector<MadeBy> steps;
  std::optional<ValueId> at = value;
  while (at && steps.size() < most) {
    const std::optional<MadeBy> made = made_by(*at);
    if (!made) break;
    steps.push_back(*made);
    at = first_operand(made->node);
  }
  return steps;
}

std::optional<MadeBy> FaultView::shaped_by(ValueId value) const {
  const std::vector<MadeBy> steps = history(value);
  for (size_t i = 0; i < steps.size(); ++i) {
    const std::optional<ValueId> before = first_operand(steps[i].node);
    const bool keeps = before && value_dims(*before) == value_dims(steps[i].value) && steps[i].op != "conv" &&
                       steps[i].op != "matmul" && steps[i].type != "Linear";
    if (!keeps) return steps[i];
  }
  return std::nullopt;
}

std::string FaultView::library(std::string_view path) const {
  if (expression_) return library(*expression_, path);
  return std::string(path);
}

std::string FaultView::library(const ExpressionView& near, std::string_view path) const {
  return library_name(source(), near.span().file, path);
}

std::optional<Edit> FaultView::set_argument(const ExpressionView& built, size_t position, std::string_view name,
                                            const std::string& text) const {
  const std::optional<ExpressionView> argument = source().argument(built, position, name);
  if (!argument) return std::nullopt;
  return replace(argument->span(), text);
}

std::string atom_text(const SourceView& source, const ExpressionView& view) {
  const std::string text = source.text(view);
  const bool is_atom = view.as<NameExpression>() != nullptr || view.as<AttributeExpression>() != nullptr ||
                       view.as<CallExpression>() != nullptr || view.as<SubscriptExpression>() != nullptr ||
                       view.as<ListExpression>() != nullptr;
  return is_atom || (text.starts_with('(') && text.ends_with(')')) ? text : "(" + text + ")";
}

Edit call_method_on(const SourceView& source, const ExpressionView& view, std::string_view method) {
  const std::string text = source.text(view);
  if (atom_text(source, view) == text) return insert_after(view.span(), "." + std::string(method));
  return replace(view.span(), fmt::format("({}).{}", text, method));
}

std::string_view map_axes(size_t rank) {
  switch (rank) {
    case 3: return "(N, C, L)";
    case 4: return "(N, C, H, W)";
    case 5: return "(N, C, D, H, W)";
    default: return "";
  }
}

std::string factors(const Shape& dims, size_t first) {
  std::string text;
  for (size_t axis = first; axis < dims.size(); ++axis) {
    if (!dims[axis].is_constant()) return {};
    const bool is_more_to_come = axis + 1 < dims.size() || !text.empty();
    if (dims[axis].is_constant(1) && is_more_to_come) continue;
    text += fmt::format("{}{}", text.empty() ? "" : " * ", dims[axis].constant());
  }
  return text;
}

std::optional<int64_t> product_of(const Shape& dims, size_t first) {
  Dim product = 1;
  for (size_t axis = first; axis < dims.size(); ++axis) product *= dims[axis];
  return product.as_constant();
}

}  // namespace lathe::torch
