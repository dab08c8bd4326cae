// Random kernels for the differential fuzz of the emitters: valid by construction, with every access in its buffer.
#pragma once

#include <cstdint>
#include <vector>

#include "ir/kernel/kernel.h"

namespace lathe {

struct RandomKernel {
  kernel::Kernel kernel;
  std::vector<int64_t> sizes;  ///< values for its size symbols
};

/// The same seed gives the same kernel.
[[nodiscard]] RandomKernel random_kernel(uint64_t seed);

}  // namespace lathe
