// Kernels that carry out every scalar operation on one element type, for the tests of emitters.
#pragma once

#include "ir/kernel/kernel.h"

namespace lathe {

/// One kernel that runs all operations which take `element`, each with 8 lanes and with one.
[[nodiscard]] kernel::Kernel all_operations(ElementType element);
/// Casts of `element` to every type, and bitcasts to those of its width.
[[nodiscard]] kernel::Kernel all_casts(ElementType element);

}  // namespace lathe
