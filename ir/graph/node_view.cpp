// Read access to nodes for semantic forms and inference.
#include "ir/graph/op.h"

namespace lathe {

const Type& NodeView::operand_type(size_t index) const { return module_->graph.value(operand(index)).type; }

const TensorType& NodeView::tensor(size_t index) const { return module_->graph.tensor(operand(index)); }

const Shape* NodeView::known(size_t index) const {
  const std::optional<Shape>& known = module_->graph.value(operand(index)).known;
  return known ? &*known : nullptr;
}

const ConstantData* NodeView::constant(size_t index) const {
  const NodeId producer = module_->graph.value(operand(index)).producer;
  if (!producer.valid()) return nullptr;
  const Node& node = module_->graph.node(producer);
  const auto* structural = form<Structural>(*node.op);
  if (structural == nullptr || structural->kind != Structural::Kind::Constant) return nullptr;
  return &module_->constants[std::get<ConstantId>(node.attributes[0])];
}

const TensorType& NodeView::result(size_t index) const {
  const TensorType* tensor = results_[index].as_tensor();
  LATHE_CHECK(tensor != nullptr);
  return *tensor;
}

const Attribute& NodeView::attribute(std::string_view name) const {
  const int index = op().attribute_index(name);
  LATHE_CHECK(index >= 0);
  return draft_->attributes[static_cast<size_t>(index)];
}

bool NodeView::has(std::string_view name) const { return !std::holds_alternative<std::monostate>(attribute(name)); }

ExistingNodeView::ExistingNodeView(const Module& module, NodeId node) : NodeView(module, module.graph.node(node), {}) {
  for (ValueId result : module.graph.node(node).results) owned_results_.push_back(module.graph.value(result).type);
  results_ = owned_results_;
}

}  // namespace lathe
