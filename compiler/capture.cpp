// Values as further results of a copy of the graph.
#include "compiler/capture.h"

#include <iterator>
#include <utility>

namespace lathe {

bool can_capture(const Graph& graph, ValueId id) {
  if (!id.valid()) return false;
  const Value& value = graph.value(id);
  if (value.type.as_tensor() == nullptr) return false;
  return (value.producer.valid() ? graph.node(value.producer).region : value.region) == Graph::root();
}

namespace {

// Passes derive locations that only the copy knows; what stands behind them is in the caller's table too.
void hand_on(const Diagnostics& found, const LocationTable& locations, Diagnostics& diagnostics) {
  for (Diagnostic diagnostic : found.all()) {
    diagnostic.where = locations.origin_id(diagnostic.where);
    for (Label& label : diagnostic.labels) label.where = locations.origin_id(label.where);
    diagnostics.add(std::move(diagnostic));
  }
}

}  // namespace

const Tensor* CapturedValues::find(ValueId value) const {
  const auto found = positions_.find(value);
  if (found == positions_.end()) return nullptr;
  return found->second < outputs_.size() ? &outputs_[found->second] : &others_[found->second - outputs_.size()];
}

Result<CapturedValues> capture(const Module& module, std::span<const ValueId> values,
                               std::span<const TensorView> inputs, const CompileOptions& options,
                               Diagnostics& diagnostics) {
  LATHE_CHECK(module.graph.has_return(Graph::root()));
  Module copy = clone_module(module);
  CapturedValues captured;
  const std::span<const ValueId> own = module.graph.outputs();
  const size_t own_count = own.size();
  for (size_t i = 0; i < own_count; ++i) captured.positions_.emplace(own[i], i);
  const NodeId last = copy.graph.region(Graph::root()).last;
  size_t count = own_count;
  for (const ValueId value : values) {
    if (!can_capture(module.graph, value) || !captured.positions_.emplace(value, count).second) continue;
    copy.graph.add_operand(last, value);
    ++count;
  }
  Diagnostics found;
  const Result<CompiledModel> model = compile(std::move(copy), options, found);
  if (!model.ok()) {
    hand_on(found, copy.locations, diagnostics);
    return Failure{};
  }
  Result<std::vector<Tensor>> tensors = model->run(inputs, found);
  hand_on(found, model->locations(), diagnostics);
  if (!tensors.ok()) return Failure{};
  const auto middle = tensors->begin() + static_cast<ptrdiff_t>(own_count);
  captured.outputs_.assign(std::move_iterator(tensors->begin()), std::move_iterator(middle));
  captured.others_.assign(std::move_iterator(middle), std::move_iterator(tensors->end()));
  return captured;
}

}  // namespace lathe
