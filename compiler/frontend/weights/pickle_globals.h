// The globals that a pickle may name, and what Lathe takes them for. Everything else is refused by name.
//
// A pickle is a program that calls what it names; this table is the whole of what may be called here, and none of it
// runs: a row only says which value the call stands for. Used by the unpickler.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "ir/base/type.h"

namespace lathe::weights {

enum class GlobalRole : uint8_t {
  OrderedDict,       ///< called without arguments or with a list of pairs
  Dict,              ///< defaultdict, Counter and the like: a dict, the arguments ignored
  Set,               ///< a value that nobody looks into
  Size,              ///< torch.Size(tuple)
  Storage,           ///< a class of storages, named in persistent ids
  UntypedStorage,    ///< the class of storages of bytes
  Dtype,             ///< torch.float32
  RebuildTensor,     ///< (storage, offset, sizes, strides)
  RebuildTensorV2,   ///< (storage, offset, sizes, strides, requires_grad, hooks[, metadata])
  RebuildTensorV3,   ///< (storage, offset, sizes, strides, requires_grad, hooks, dtype[, metadata])
  RebuildParameter,  ///< (tensor, requires_grad, hooks[, state])
  RebuildFromType,   ///< (function, class, arguments, state)
  TensorClass,       ///< torch.Tensor, Parameter: the class in RebuildFromType
  Opaque,            ///< a value that nobody looks into
};

struct GlobalRow {
  std::string_view module;
  std::string_view name;
  GlobalRole role;
  std::optional<ElementType> element = std::nullopt;  ///< of storages and dtypes that Lathe reads
};

/// nullptr for a global that is refused.
[[nodiscard]] const GlobalRow* find_global(std::string_view module, std::string_view name);

/// What to tell about a global that is refused: why it may be there, and what to do.
[[nodiscard]] std::string advice_on_global(std::string_view module, std::string_view name);

}  // namespace lathe::weights
