// Layers and parameters from the nodes and constants of a module.
#include "compiler/tools/layers.h"

#include <unordered_map>
#include <unordered_set>

#include "ir/graph/op.h"

namespace lathe::tools {
namespace {

bool is_layer(const Node& node) {
  const auto* structural = form<Structural>(*node.op);
  if (structural == nullptr) return true;
  switch (structural->kind) {
    case Structural::Kind::Constant:
    case Structural::Kind::Return: return false;
    case Structural::Kind::If:
    case Structural::Kind::Loop:
    case Structural::Kind::Scan:
    case Structural::Kind::ShapeOf:
    case Structural::Kind::Fused: return true;
  }
  return true;
}

}  // namespace

std::string compact_text(const Type& type) {
  std::string result;
  for (const char c : text(type)) {
    if (c == ' ' && !result.empty() && result.back() == ',') continue;
    result += c;
  }
  return result;
}

std::vector<Layer> layers(const Module& module) {
  std::vector<Layer> result;
  std::unordered_map<LocationId, size_t> known;
  for (const NodeId id : module.graph.all_nodes()) {
    const Node& node = module.graph.node(id);
    if (!is_layer(node)) continue;
    const LocationId origin = module.locations.origin_id(node.location);
    Layer layer{.name = node.name, .op = std::string(node.op->name), .output = {}, .line = 0};
    for (const ValueId value : node.results) {
      if (!layer.output.empty()) layer.output += ", ";
      layer.output += compact_text(module.graph.value(value).type);
    }
    if (origin.valid()) {
      if (const auto* model = std::get_if<ModelLocation>(&module.locations[origin])) {
        if (!model->op.empty()) layer.op = model->op;
        layer.name = model->name.empty() ? "#" + std::to_string(model->index) : model->name;
      } else if (const auto* span = std::get_if<Span>(&module.locations[origin])) {
        layer.line = module.locations.line_column(span->file, span->begin).line;
      }
    }
    if (layer.name.empty() && !node.results.empty()) layer.name = module.graph.value(node.results.front()).name;
    // Later nodes of the same layer replace its output.
    const auto [row, is_new] = known.emplace(origin, result.size());
    if (!origin.valid() || is_new) {
      result.push_back(std::move(layer));
    } else {
      result[row->second].output = std::move(layer.output);
    }
  }
  return result;
}

std::vector<Parameter> parameters(const Module& module) {
  std::vector<Parameter> result;
  std::unordered_set<std::string> seen;
  for (uint32_t i = 0; i < module.constants.size(); ++i) {
    const ConstantData& constant = module.constants[ConstantId(i)];
    if (constant.name.empty() || !seen.insert(constant.name).second) continue;
    result.push_back({constant.name, constant.type});
  }
  return result;
}

}  // namespace lathe::tools
