// The nodes of a graph, one by one: operands, checks against the operator's row, calls of functions.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "compiler/frontend/onnx/importer.h"
#include "compiler/frontend/onnx/model_reader.h"
#include "compiler/frontend/onnx/names.h"

namespace lathe::onnx {
namespace {

struct AttributeTypeRow {
  AttributeType type;
  std::string_view code;  ///< in the rows of operators
  std::string_view text;
};
constexpr AttributeTypeRow kAttributeTypes[] = {
    {AttributeType::Undefined, "", "nothing"},
    {AttributeType::Float, "f", "a float"},
    {AttributeType::Int, "i", "an integer"},
    {AttributeType::String, "s", "a string"},
    {AttributeType::Tensor, "t", "a tensor"},
    {AttributeType::Graph, "g", "a graph"},
    {AttributeType::Floats, "fs", "a list of floats"},
    {AttributeType::Ints, "is", "a list of integers"},
    {AttributeType::Strings, "ss", "a list of strings"},
    {AttributeType::Tensors, "ts", "a list of tensors"},
    {AttributeType::Graphs, "gs", "a list of graphs"},
    {AttributeType::SparseTensor, "st", "a sparse tensor"},
    {AttributeType::SparseTensors, "sts", "a list of sparse tensors"},
    {AttributeType::Type, "tp", "a type"},
    {AttributeType::Types, "tps", "a list of types"},
};

const AttributeTypeRow* find_attribute_type(AttributeType type) {
  const auto index = static_cast<size_t>(type);
  return index < std::size(kAttributeTypes) ? &kAttributeTypes[index] : nullptr;
}

/// The type code that a row's list gives an attribute; empty when the attribute isn't in it.
std::string_view declared_code(std::string_view list, std::string_view name) {
  while (!list.empty()) {
    const std::string_view entry = list.substr(0, list.find(' '));
    list.remove_prefix(std::min(list.size(), entry.size() + 1));
    const size_t colon = entry.find(':');
    if (entry.substr(0, colon) == name) return entry.substr(colon + 1);
  }
  return {};
}

/// An attribute that must hold one thing holds one.
bool has_value(const Attribute& attribute) {
  switch (attribute.type) {
    case AttributeType::Tensor: return attribute.tensors.size() == 1;
    case AttributeType::Graph: return attribute.graphs.size() == 1;
    case AttributeType::SparseTensor: return attribute.sparse_tensors.size() == 1;
    case AttributeType::Type: return attribute.types.size() == 1;
    case AttributeType::Undefined:
    case AttributeType::Float:
    case AttributeType::Int:
    case AttributeType::String:
    case AttributeType::Floats:
    case AttributeType::Ints:
    case AttributeType::Strings:
    case AttributeType::Tensors:
    case AttributeType::Graphs:
    case AttributeType::SparseTensors:
    case AttributeType::Types: return true;
  }
  return false;
}

}  // namespace

void Importer::import_nodes(std::span<const Node> nodes) {
  const Scope& scope = *scope_;
  const DefinedNames defined{
      .here = [&](std::string_view name) { return scope.names.contains(name); },
      .visible = [&](std::string_view name) { return scope.find(name) != nullptr; },
  };
  const NodeLocator locator = [&](size_t position) { return locate_node(nodes[position], position); };
  const std::vector<size_t> order = order_nodes(model_, nodes, defined, locator, diagnostics_);
  for (const size_t position : order) import_node(nodes[position], position);
  if (order.size() == nodes.size()) return;
  // What waits in a circle, or for one, has been reported; its values are broken.
  for (const Node& node : nodes) {
    for (const std::string_view output : node.outputs) scope_->names.try_emplace(output);
  }
}

Node Importer::resolved(const Node& node) const {
  Node result = node;
  std::erase_if(result.attributes, [&](const Attribute& attribute) {
    return !attribute.reference.empty() && (frame_ == nullptr || frame_->find(attribute.reference) == nullptr);
  });
  for (Attribute& attribute : result.attributes) {
    if (attribute.reference.empty()) continue;
    const std::string_view name = attribute.name;
    attribute = *frame_->find(attribute.reference);
    attribute.name = name;
  }
  return result;
}

void Importer::import_node(const Node& original, size_t position) {
  const bool refers = std::any_of(original.attributes.begin(), original.attributes.end(),
                                  [](const Attribute& attribute) { return !attribute.reference.empty(); });
  std::optional<Node> copy;
  if (refers) copy = resolved(original);
  const Node& node = copy ? *copy : original;

  std::vector<Binding> arguments;
  for (const std::string_view input : node.inputs) {
    const Binding* binding = scope_->find(input);
    if (input.empty()) {
      arguments.push_back({Binding::State::Absent, {}});
    } else {
      arguments.push_back(binding == nullptr ? Binding{} : *binding);
    }
  }
  const bool broken = std::any_of(arguments.begin(), arguments.end(),
                                  [](const Binding& argument) { return argument.state == Binding::State::Broken; });
  const size_t first_new_value = module_.graph.value_table_size();
  Outputs outputs = Failure{};
  if (!broken) {
    const std::string label = node.name.empty() ? "" : prefix_ + std::string(node.name);
    builder_.set_location(locate_node(node, position), label);
    const Function* function = find_function(node);
    if (function != nullptr) {
      outputs = call_function(*function, node, std::move(arguments));
    } else {
      while (!arguments.empty() && arguments.back().state == Binding::State::Absent) arguments.pop_back();
      std::vector<ValueId> inputs;
      for (const Binding& argument : arguments) inputs.push_back(argument.value);
      outputs = call_operator(node, std::move(inputs));
    }
  }
  bind_outputs(node, outputs, first_new_value);
}

void Importer::bind_outputs(const Node& node, const Outputs& outputs, size_t first_new_value) {
  for (size_t index = 0; index < node.outputs.size(); ++index) {
    const std::string_view name = node.outputs[index];
    if (name.empty()) continue;
    Binding& binding = scope_->names[name];
    if (!outputs.ok()) continue;
    const ValueId value = index < outputs->size() ? (*outputs)[index] : ValueId();
    if (!value.valid()) {
      (void)diagnostics_
          .report(DiagnosticKind::Unsupported, builder_.location(), "output {} of `{}`, `{}`, is not supported", index,
                  node.op_type, name)
          .emit();
      continue;
    }
    binding = {Binding::State::Present, value};
    if (value.index >= first_new_value) builder_.name_value(value, std::string(name));
    const auto declared = scope_->declared.find(name);
    if (declared != scope_->declared.end()) {
      check_declared_type(*declared->second, fmt::format("value `{}`", name), value, module_, builder_.location(),
                          diagnostics_);
    }
  }
}

Outputs Importer::call_operator(const Node& node, std::vector<ValueId> inputs) {
  const int64_t opset = opsets_.version("").value_or(0);
  const OperatorRow* row = node.domain.empty() ? find_operator(node.op_type, opset) : nullptr;
  if (row == nullptr) return Failure{};
  LATHE_TRY_VOID(check_node(node, *row, inputs));
  const std::string label = node.name.empty() ? "" : prefix_ + std::string(node.name);
  NodeContext context(node, *row, opset, std::move(inputs), label, builder_, *this);
  return row->handler(context);
}

Status Importer::check_node(const Node& node, const OperatorRow& row, std::span<const ValueId> inputs) {
  const auto report = [&](DiagnosticKind kind, const std::string& message) {
    return diagnostics_.report(kind, builder_.location(), "{}", message).layer(std::string(node.name)).emit();
  };
  if (inputs.size() > row.max_inputs) {
    return report(DiagnosticKind::OperandCount, fmt::format("`{}` takes {} operands at most, it has {}", node.op_type,
                                                            row.max_inputs, inputs.size()));
  }
  for (size_t index = 0; index < row.min_inputs; ++index) {
    if (index < inputs.size() && inputs[index].valid()) continue;
    return report(DiagnosticKind::MissingOperand,
                  fmt::format("`{}` needs {} operands, operand {} is absent", node.op_type, row.min_inputs, index));
  }
  for (size_t index = 0; index < inputs.size(); ++index) {
    if (!inputs[index].valid()) continue;
    const Type& type = module_.graph.value(inputs[index]).type;
    const TensorType* tensor = type.as_tensor();
    const bool is_string = tensor != nullptr && tensor->element == ElementType::String;
    if (tensor != nullptr && (!is_string || row.strings == OperatorRow::Strings::Allowed)) continue;
    return report(DiagnosticKind::Unsupported,
                  fmt::format("`{}` of `{}`, operand {}, is not supported", node.op_type, text(type), index));
  }
  return check_attributes(node, row);
}

Status Importer::check_attributes(const Node& node, const OperatorRow& row) {
  for (const Attribute& attribute : node.attributes) {
    // Up to opset 5 a hint for allocators.
    if (attribute.name == "consumed_inputs" && opsets_.version("").value_or(0) < 6) continue;
    const std::string_view code = declared_code(row.attributes, attribute.name);
    if (code.empty()) {
      return diagnostics_
          .report(DiagnosticKind::UnknownAttribute, builder_.location(), "`{}` has no attribute `{}`", node.op_type,
                  attribute.name)
          .emit();
    }
    const AttributeTypeRow* type = find_attribute_type(attribute.type);
    if (type != nullptr && type->code == code && has_value(attribute)) continue;
    const auto* expected = std::find_if(std::begin(kAttributeTypes), std::end(kAttributeTypes),
                                        [&](const AttributeTypeRow& candidate) { return candidate.code == code; });
    return diagnostics_
        .report(DiagnosticKind::BadAttribute, builder_.location(), "attribute `{}` of `{}` is {}, expected {}",
                attribute.name, node.op_type, type == nullptr ? "of an unknown type" : type->text, expected->text)
        .emit();
  }
  return {};
}

Outputs Importer::call_function(const Function& function, const Node& node, std::vector<Binding> arguments) {
  inlined_nodes_ += function.nodes.size() + 1;
  if (depth_ >= kMaxNesting || inlined_nodes_ > most_inlined_nodes_) {
    return diagnostics_
        .report(DiagnosticKind::NestingTooDeep, builder_.location(), "functions call each other too often at `{}`",
                node.op_type)
        .emit();
  }
  if (arguments.size() > function.inputs.size()) {
    return diagnostics_
        .report(DiagnosticKind::OperandCount, builder_.location(), "function `{}` takes {} operands, it is given {}",
                function.name, function.inputs.size(), arguments.size())
        .emit();
  }
  Frame frame{node.attributes};
  for (const Attribute& attribute : function.attribute_defaults) {
    if (frame.find(attribute.name) == nullptr) frame.attributes.push_back(attribute);
  }
  Scope scope;
  arguments.resize(function.inputs.size(), {Binding::State::Absent, {}});
  for (size_t index = 0; index < arguments.size(); ++index) scope.names[function.inputs[index]] = arguments[index];

  Scope* const outer_scope = std::exchange(scope_, &scope);
  const Frame* const outer_frame = std::exchange(frame_, &frame);
  OpsetTable outer_opsets = std::exchange(opsets_, OpsetTable(function.opsets));
  const std::string outer_prefix = prefix_;
  const LocationId where = builder_.location();
  prefix_ += fmt::format("{}/", node.name.empty() ? node.op_type : node.name);
  ++depth_;
  import_nodes(function.nodes);
  std::vector<ValueId> values;
  bool complete = true;
  for (const std::string_view output : function.outputs) {
    const Binding* binding = scope.find(output);
    if (binding == nullptr) {
      (void)diagnostics_
          .report(DiagnosticKind::MissingInput, where, "nothing produces the output `{}` of function `{}`", output,
                  function.name)
          .emit();
    }
    complete = complete && binding != nullptr && binding->state != Binding::State::Broken;
    values.push_back(binding == nullptr ? ValueId() : binding->value);
  }
  --depth_;
  prefix_ = outer_prefix;
  opsets_ = std::move(outer_opsets);
  frame_ = outer_frame;
  scope_ = outer_scope;
  builder_.set_location(where);
  if (!complete) return Failure{};
  return values;
}

}  // namespace lathe::onnx
