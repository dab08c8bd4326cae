// The native tables of tensors: torch.*, torch.Tensor, torch.linalg, torch.autograd, torch.jit, torch.utils.checkpoint
// and other modules that PyTorch programs import and that have to do with tensors alone. Collected by the driver.
#pragma once

#include <span>

#include "compiler/frontend/torch/python/native.h"

namespace lathe::torch {

[[nodiscard]] std::span<const NativeModuleRow> tensor_library();

}  // namespace lathe::torch
