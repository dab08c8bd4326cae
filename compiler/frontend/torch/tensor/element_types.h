// Names of element types in PyTorch, and what they promote to.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "ir/base/type.h"

namespace lathe::torch {

/// A name under `torch.`: several may stand for one element type, the first one is how PyTorch prints it.
struct DtypeName {
  std::string_view name;
  ElementType element;
};
[[nodiscard]] std::span<const DtypeName> dtype_names();
[[nodiscard]] std::string_view dtype_name(ElementType element);

/// PyTorch's categories in the order in which they win.
enum class NumberCategory : uint8_t { Boolean, Integer, Float };
[[nodiscard]] NumberCategory category(ElementType element);

}  // namespace lathe::torch
