// Steps that the operators on quantised tensors share.
#pragma once

#include <optional>

#include "compiler/frontend/onnx/operator.h"

namespace lathe::onnx {

/// Operand `index` as i32, less its zero point, operand `zero_index`, where there is one; `shape` places a zero point
/// of one axis.
[[nodiscard]] Result<ValueId> centered(NodeContext& context, size_t index, size_t zero_index,
                                       const std::optional<Shape>& shape);

/// round(value) + zero, kept in the range of `element`, as `element`. `value` is f32; `zero` may be invalid. LT0201
/// when `element` is no integer of up to 16 bits.
[[nodiscard]] Result<ValueId> to_quantized(NodeContext& context, ValueId value, ValueId zero, ElementType element);

}  // namespace lathe::onnx
