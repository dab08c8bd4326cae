// The modules of this folder, by the paths under which programs import them.
#include "compiler/frontend/torch/sequence/library.h"

#include <vector>

#include "compiler/frontend/torch/sequence/families.h"

namespace lathe::torch {

std::span<const NativeModuleRow> sequence_library() {
  static const std::vector<NativeModuleRow> rows = {
      {"torch.nn", {}, recurrent_classes(), {}},
      {"torch.nn", {}, recurrent_cell_classes(), {}},
      {"torch.nn", {}, attention_classes(), {}},
      {"torch.nn", {}, transformer_layer_classes(), {}},
      {"torch.nn", {}, transformer_classes(), {}},
      {"torch.nn", {}, loss_classes(), {}},
      {"torch.nn.functional", attention_functions(), {}, {}},
      {"torch.nn.functional", loss_functions(), {}, {}},
      {"torch.nn.utils.rnn", packing_functions(), {}, {}},
      {"copy", copy_functions(), {}, {}},
      {"einops", einops_functions(), {}, {}},
      {"einops.layers.torch", {}, einops_classes(), {}},
      {"timm.layers", timm_functions(), timm_classes(), {}},
      {"timm.models.layers", timm_functions(), timm_classes(), {}},
      {"timm.models.registry", timm_functions(), {}, {}},
  };
  return rows;
}

}  // namespace lathe::torch
