// The fastest that one core multiplies and adds, measured: what the kernel benchmark divides by.
#pragma once

#include <string_view>

namespace lathe::bench {

// Runs independent multiply-adds on registers for some 100 us with the vectors of `target` (a name of
// lathe_target_name) and returns the floating-point operations done.
double run_fma_burst(std::string_view target);

}  // namespace lathe::bench
