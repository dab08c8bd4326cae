// Calls of parts of layers.
#include "compiler/frontend/torch/sequence/stack.h"

namespace lathe::torch {

Result<Value> call_value(LayerCall& layer, const Value& callee, std::vector<Value> positional, Keywords keywords) {
  Arguments arguments{.positional = std::move(positional), .keywords = {}, .places = {}};
  for (auto& [name, value] : keywords) arguments.keywords.emplace_back(layer.evaluator().name(name), std::move(value));
  return layer.evaluator().call(callee, std::move(arguments), layer.where());
}

Result<Value> call_part(LayerCall& layer, std::string_view name, std::vector<Value> positional, Keywords keywords) {
  LATHE_TRY(const Value part, layer.attribute(name));
  return call_value(layer, part, std::move(positional), std::move(keywords));
}

Result<Value> sum_of(LayerCall& layer, const Value& a, const Value& b) {
  return layer.evaluator().binary(BinaryOp::Add, a, b, layer.where());
}

}  // namespace lathe::torch
