// Rebuilding a node with constant shapes and running it.
#include "compiler/interp/graph_node.h"

#include <fmt/format.h>

#include "compiler/interp/graph_forms.h"
#include "compiler/interp/graph_interpreter.h"
#include "ir/graph/builder.h"

namespace lathe::interp {
namespace {

// Small integer operands are known elements, so that inference may read them.
std::optional<Shape> known_integers(const HostTensor& tensor) {
  const ElementType element = tensor.type.element;
  if (!is_integer(element) && element != ElementType::Boolean) return std::nullopt;
  const int64_t count = tensor.type.element_count().constant();
  if (count > kMaxKnownElements) return std::nullopt;
  Shape known;
  for (int64_t i = 0; i < count; ++i) known.emplace_back(load_element(element, tensor.bytes.data(), i).integer);
  return known;
}

Result<std::vector<HostTensor>> run_expanded(const Decompose& decompose, Module& module, const NodeView& view,
                                             const NodeCall& call, Diagnostics& diagnostics) {
  GraphBuilder builder(module, diagnostics);
  builder.set_location(call.location, call.name);
  LATHE_TRY(std::vector<ValueId> values, decompose.expand(builder, view));
  LATHE_TRY_VOID(builder.output(std::move(values)));
  std::vector<const HostTensor*> inputs;
  for (const HostTensor* operand : call.operands) {
    if (operand != nullptr) inputs.push_back(operand);
  }
  return interpret_borrowed(module, inputs, diagnostics, {.byte_limit = call.byte_limit});
}

}  // namespace

Result<std::vector<HostTensor>> run_node(const NodeCall& call, Diagnostics& diagnostics) {
  Module module;
  NodeDraft draft{call.op, {}, call.attributes, {}, call.location, call.name};
  for (size_t i = 0; i < call.operands.size(); ++i) {
    if (call.operands[i] == nullptr) {
      draft.operands.emplace_back();
      continue;
    }
    const HostTensor& tensor = *call.operands[i];
    std::string name = i < call.operand_names.size() ? call.operand_names[i] : "";
    const ValueId value = module.graph.add_argument(Graph::root(), tensor.type, std::move(name), call.location);
    module.graph.set_known(value, known_integers(tensor));
    draft.operands.push_back(value);
  }
  LATHE_TRY(const std::vector<Type> types, infer(module, draft, diagnostics));
  const NodeView view(module, draft, types);
  if (const auto* decompose = form<Decompose>(*call.op))
    return run_expanded(*decompose, module, view, call, diagnostics);

  std::vector<HostTensor> results;
  for (const Type& type : types) {
    LATHE_CHECK(type.as_tensor() != nullptr);
    results.push_back({*type.as_tensor(), {}, {}});
  }
  if (const auto* kernel = form<Call>(*call.op)) {
    LATHE_TRY_VOID(kernel->reference(view, call.operands, results, diagnostics));
    return results;
  }
  LATHE_CHECK(results.size() == 1);
  LATHE_TRY_VOID(allocate_tensor(results[0], call.byte_limit, call.location, diagnostics));
  if (form<Elementwise>(*call.op) != nullptr) {
    run_elementwise(view, call.operands, results[0]);
  } else if (form<Move>(*call.op) != nullptr) {
    run_move(view, call.operands, results[0]);
  } else if (form<Index>(*call.op) != nullptr) {
    LATHE_TRY_VOID(run_index(view, call.operands, results[0], diagnostics));
  } else {
    LATHE_CHECK(form<Structural>(*call.op) == nullptr);
    run_reduction(view, call.operands, results[0]);
  }
  return results;
}

}  // namespace lathe::interp
