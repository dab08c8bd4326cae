// Attributes of tensors that are no methods: shape, dtype, device, T ...
#pragma once

#include <optional>
#include <string_view>

#include "compiler/frontend/torch/tensor/tracer.h"

namespace lathe::torch {

/// The attribute; nothing when there is none of that name.
[[nodiscard]] std::optional<Result<Value>> tensor_property(Tracer& tracer, TensorId tensor, std::string_view name);

/// torch.device('cpu'), the only device there is. Defined in table_context.cpp.
[[nodiscard]] Value cpu_device(Evaluator& evaluator);

}  // namespace lathe::torch
