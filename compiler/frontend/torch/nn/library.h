// The native tables of torch.nn, torch.nn.functional, torch.nn.init, torch.nn.utils, torch.optim and of the layer
// functions that torch itself repeats (torch.relu, torch.conv2d). Collected by the driver with the other libraries.
#pragma once

#include <span>

#include "compiler/frontend/torch/python/native.h"

namespace lathe::torch {

[[nodiscard]] std::span<const NativeModuleRow> nn_library();

}  // namespace lathe::torch
