// What the containers of modules and of parameters share.
#pragma once

#include <vector>

#include "compiler/frontend/torch/nn/layer.h"

namespace lathe::torch {

/// Calls a module as its container does: faults in layers of the library stand where the layer was made, unless it
/// belongs to another module (`nn.Sequential(*net.children())`).
Result<Value> call_member(Evaluator& evaluator, ObjectId container, ObjectId module, Value input);
/// The child modules in order.
[[nodiscard]] std::vector<Value> member_values(Evaluator& evaluator, ObjectId self);
/// Makes `members` the only child modules, numbered from 0.
void replace_members(Evaluator& evaluator, ObjectId self, const std::vector<Value>& members);
Status require_member(NativeCall& call, std::string_view parameter, const Value& value);

/// The position in [0, count) that an int argument names.
Result<size_t> list_position(NativeCall& call, std::string_view parameter, size_t count);
/// The positions that a slice argument names, in its order.
Result<std::vector<size_t>> slice_positions(NativeCall& call, std::string_view parameter, size_t count);
/// Either of both.
Result<std::vector<size_t>> chosen_positions(NativeCall& call, std::string_view parameter, size_t count);

}  // namespace lathe::torch
