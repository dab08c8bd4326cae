// Folding: a node on constants is run once, at compile time.
#include "compiler/interp/graph_bindings.h"
#include "compiler/interp/graph_interpreter.h"
#include "compiler/interp/graph_node.h"

namespace lathe::interp {

std::optional<std::vector<ConstantData>> fold(const Module& module, NodeId node_id, uint64_t byte_limit) {
  const Node& node = module.graph.node(node_id);
  if (form<Structural>(*node.op) != nullptr || has(node.op->traits, Trait::Impure)) return std::nullopt;
  const ExistingNodeView view(module, node_id);
  uint64_t total = 0;
  const auto fits = [&](const TensorType& type) {
    const Dim count = type.element_count();
    if (!type.is_static() || !count.is_constant()) return false;
    const auto bytes = type.element == ElementType::String
                           ? std::optional<uint64_t>(static_cast<uint64_t>(count.constant()))
                           : storage_bytes(type.element, count.constant());
    if (!bytes || *bytes > byte_limit) return false;
    total += *bytes;
    return total <= byte_limit;
  };
  for (const ValueId result : node.results) {
    const TensorType* type = module.graph.value(result).type.as_tensor();
    if (type == nullptr || !fits(*type)) return std::nullopt;
  }
  std::vector<std::optional<HostTensor>> tensors(node.operands.size());
  std::vector<const HostTensor*> operands;
  for (size_t i = 0; i < node.operands.size(); ++i) {
    if (!view.has_operand(i)) {
      operands.push_back(nullptr);
      continue;
    }
    const ConstantData* constant = view.constant(i);
    if (constant == nullptr || constant->absent || !fits(constant->type)) return std::nullopt;
    tensors[i] = to_host(*constant);
    operands.push_back(&*tensors[i]);
  }
  Diagnostics ignored;
  const SymbolBindings no_symbols(module, ignored);
  NodeCall call{
      .op = node.op, .operands = operands, .location = node.location, .name = node.name, .byte_limit = byte_limit};
  for (const Attribute& attribute : node.attributes) {
    auto concrete = no_symbols.concrete(attribute);
    if (!concrete) return std::nullopt;
    call.attributes.push_back(std::move(*concrete));
  }
  Result<std::vector<HostTensor>> results = run_node(call, ignored);
  if (!results) return std::nullopt;
  std::vector<ConstantData> constants;
  for (HostTensor& result : *results) constants.push_back(to_constant(std::move(result)));
  return constants;
}

}  // namespace lathe::interp
