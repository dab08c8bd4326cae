// The native tables of recurrent layers, attention, Transformer layers, losses (all under torch.nn), and of the
// packages that models use beside PyTorch: einops and parts of timm. Collected by the driver with the other libraries.
#pragma once

#include <span>

#include "compiler/frontend/torch/python/native.h"

namespace lathe::torch {

[[nodiscard]] std::span<const NativeModuleRow> sequence_library();

}  // namespace lathe::torch
