// The runtime's own choice among compiled instruction sets, in place of Highway's dynamic dispatch, which would need
// libhwy. Kernel entry points ask for the selected table; the C functions lathe_target_* are in target.cpp too.
#pragma once

#include "lathe/runtime.h"
#include "runtime/kernels/contraction.h"

namespace lathe::runtime {

// The kernels of the selected target, selecting first if need be. Null when nothing usable is selected; then the reason
// is in the message of `execution` and in `status`.
const KernelTable* selected_kernels(const lathe_execution* execution, lathe_status& status);

// Defined by kernels/kernels.cpp, one for each target it was compiled for.
#if defined(__x86_64__)
extern const KernelTable kKernelsAvx3;
extern const KernelTable kKernelsAvx2;
extern const KernelTable kKernelsSse4;
#elif defined(__aarch64__)
extern const KernelTable kKernelsNeon;
#else
#error "the runtime has kernels for x86-64 and AArch64 only"
#endif

}  // namespace lathe::runtime
