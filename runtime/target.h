// The runtime's own choice among compiled instruction sets, in place of Highway's dynamic dispatch, which would need
// libhwy. A target is its index among lathe_target_name's: nothing here names a kernel, so that a program carries only
// the kernels that it calls. Each family of kernels has a table by target: kernels/*_targets.cpp.
#pragma once

#include <cstdint>

#include "lathe/runtime.h"

namespace lathe::runtime {

// Best first; a target covers all that follow it.
enum class Target : int32_t {
#if defined(__x86_64__)
  Avx3,
  Avx2,
  Sse4,
#elif defined(__aarch64__)
  Neon,
#else
#error "the runtime has kernels for x86-64 and AArch64 only"
#endif
};

}  // namespace lathe::runtime

extern "C" {

// Index of the selected target, selecting first if need be. -1 when nothing usable is selected; then the reason is in
// the message of `execution` and in `*status`.
int32_t lathe_internal_selected_target(const lathe_execution* execution, lathe_status* status);
}
