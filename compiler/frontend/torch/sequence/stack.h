// How layers that are made of layers call their parts.
#pragma once

#include <string_view>
#include <utility>
#include <vector>

#include "compiler/frontend/torch/nn/layer.h"

namespace lathe::torch {

using Keywords = std::vector<std::pair<std::string_view, Value>>;

/// The attribute `name` of the layer, called.
Result<Value> call_part(LayerCall& layer, std::string_view name, std::vector<Value> positional, Keywords keywords = {});
/// Any callable.
Result<Value> call_value(LayerCall& layer, const Value& callee, std::vector<Value> positional, Keywords keywords = {});
/// a + b of two tensors.
Result<Value> sum_of(LayerCall& layer, const Value& a, const Value& b);

}  // namespace lathe::torch
