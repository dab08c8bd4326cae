// What batch norms, instance norms and their lazy forms share.
#pragma once

#include "compiler/frontend/torch/nn/layer.h"

namespace lathe::torch {

/// Keeps the arguments and adds weight, bias, running_mean, running_var, num_batches_tracked for `features` channels.
Status add_norm_state(LayerBuilder& layer, int64_t features);
[[nodiscard]] Result<std::string> norm_text(LayerCall& layer);

}  // namespace lathe::torch
