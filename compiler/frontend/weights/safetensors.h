// The safetensors format: the size of a header, a JSON header with type, shape and place of each tensor, the elements.
//
// Everything that the format promises is checked before a tensor is handed out: sizes, order, no holes, no overlaps,
// no name twice. Tensors borrow from `owner`'s bytes. Called by read_state_dict().
#pragma once

#include <memory>
#include <span>
#include <string_view>

#include "compiler/frontend/weights/state_dict.h"

namespace lathe::weights {

/// The bytes could be a safetensors file: the first eight give a size that fits, and a brace follows.
[[nodiscard]] bool looks_like_safetensors(std::span<const std::byte> bytes);

/// Reads the bytes of a file that `owner` keeps alive. `path` names it in messages. Faults: LT0601.
[[nodiscard]] Result<StateDict> read_safetensors(std::span<const std::byte> bytes, std::shared_ptr<const void> owner,
                                                 std::string_view path, Diagnostics& diagnostics);

}  // namespace lathe::weights
