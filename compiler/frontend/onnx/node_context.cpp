// Reading operands and attributes of one node.
#include <algorithm>

#include "compiler/frontend/onnx/operator.h"
#include "ir/scalar/scalar_value.h"

namespace lathe::onnx {

const Attribute* NodeContext::attribute(std::string_view name) const {
  const auto found = std::find_if(node_->attributes.begin(), node_->attributes.end(),
                                  [&](const Attribute& candidate) { return candidate.name == name; });
  return found == node_->attributes.end() ? nullptr : &*found;
}

int64_t NodeContext::integer(std::string_view name, int64_t otherwise) const {
  const Attribute* found = attribute(name);
  return found == nullptr ? otherwise : found->i;
}

double NodeContext::number(std::string_view name, double otherwise) const {
  const Attribute* found = attribute(name);
  return found == nullptr ? otherwise : static_cast<double>(found->f);
}

std::string_view NodeContext::string(std::string_view name, std::string_view otherwise) const {
  const Attribute* found = attribute(name);
  return found == nullptr ? otherwise : found->s;
}

const std::vector<int64_t>* NodeContext::integers(std::string_view name) const {
  const Attribute* found = attribute(name);
  return found == nullptr ? nullptr : &found->ints;
}

const std::vector<float>* NodeContext::numbers(std::string_view name) const {
  const Attribute* found = attribute(name);
  return found == nullptr ? nullptr : &found->floats;
}

std::string NodeContext::input_text(size_t index) const {
  return fmt::format("operand `{}` (input {})", input_name(index), index);
}

namespace {

/// The constant that makes a value, or nullptr.
const ConstantData* constant_behind(const Module& module, ValueId value) {
  const NodeId producer = module.graph.value(value).producer;
  if (!producer.valid()) return nullptr;
  const lathe::Node& node = module.graph.node(producer);
  if (node.op->name != "constant") return nullptr;
  const auto* id = std::get_if<ConstantId>(&node.attributes.front());
  return id == nullptr ? nullptr : &module.constants[*id];
}

bool has_data(const ConstantData* constant) { return constant != nullptr && !constant->absent; }

}  // namespace

bool NodeContext::is_known(size_t index) const {
  const lathe::Value& value = builder_->graph().value(inputs_[index]);
  if (has_data(constant_behind(module(), inputs_[index])) || value.known_floats) return true;
  return value.known &&
         std::all_of(value.known->begin(), value.known->end(), [](const Dim& dim) { return dim.valid(); });
}

Result<Shape> NodeContext::known_dims(size_t index, std::string_view what) {
  const lathe::Value& value = builder_->graph().value(inputs_[index]);
  if (is_known(index) && value.known) return *value.known;
  const ConstantData* constant = constant_behind(module(), inputs_[index]);
  if (has_data(constant) && !is_float(constant->type.element) && constant->type.element != ElementType::String) {
    Shape dims;
    for (int64_t at = 0; at < constant->element_count(); ++at) dims.emplace_back(element_as_integer(*constant, at));
    return dims;
  }
  return unsupported("its {}, {}, must be known before the model runs", what, input_text(index));
}

Result<Integers> NodeContext::known_integers(size_t index, std::string_view what) {
  LATHE_TRY(const Shape dims, known_dims(index, what));
  Integers integers;
  for (const Dim& dim : dims) {
    const std::optional<int64_t> number = dim.as_constant();
    if (!number) {
      return unsupported("its {}, {}, must be plain numbers, but contains `{}`", what, input_text(index), dim.text());
    }
    integers.push_back(*number);
  }
  return integers;
}

Result<Floats> NodeContext::known_floats(size_t index, std::string_view what) {
  const lathe::Value& value = builder_->graph().value(inputs_[index]);
  if (value.known_floats) return *value.known_floats;
  const ConstantData* constant = constant_behind(module(), inputs_[index]);
  if (has_data(constant) && is_float(constant->type.element)) {
    Floats floats;
    for (int64_t at = 0; at < constant->element_count(); ++at) floats.push_back(element_as_double(*constant, at));
    return floats;
  }
  return unsupported("its {}, {}, must be known before the model runs", what, input_text(index));
}

Result<size_t> NodeContext::axis(int64_t value, int rank) {
  if (value < -rank || value >= rank) {
    return error(DiagnosticKind::AxisOutOfRange, "axis {} of `{}` is out of range for {} axes", value, node_->op_type,
                 rank)
        .emit();
  }
  return static_cast<size_t>(value < 0 ? value + rank : value);
}

Result<std::vector<size_t>> NodeContext::axes(const Integers& values, int rank) {
  std::vector<size_t> result;
  for (const int64_t value : values) {
    LATHE_TRY(const size_t normal, axis(value, rank));
    result.push_back(normal);
  }
  std::sort(result.begin(), result.end());
  if (std::adjacent_find(result.begin(), result.end()) != result.end()) {
    return error(DiagnosticKind::BadAttribute, "`{}` names an axis twice", node_->op_type).emit();
  }
  return result;
}

Status NodeContext::require_rank(size_t index, int wanted) {
  if (rank(index) == wanted) return {};
  return error(DiagnosticKind::RankMismatch, "{} of `{}` is `{}`, expected {} axes", input_text(index), node_->op_type,
               text(tensor(index)), wanted)
      .emit();
}

Status NodeContext::require_rank_at_least(size_t index, int wanted) {
  if (rank(index) >= wanted) return {};
  return error(DiagnosticKind::RankMismatch, "{} of `{}` is `{}`, expected at least {} axes", input_text(index),
               node_->op_type, text(tensor(index)), wanted)
      .emit();
}

Outputs NodeContext::one(std::string_view op, std::vector<ValueId> operands, std::vector<NamedAttribute> attributes) {
  return single(builder_->one(op, std::move(operands), std::move(attributes)));
}

}  // namespace lathe::onnx
