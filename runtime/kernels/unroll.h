// Full unrolling of loops over register arrays: without it GCC keeps the accumulators of a tile in memory.
#ifndef LATHE_RUNTIME_KERNELS_UNROLL_H_
#define LATHE_RUNTIME_KERNELS_UNROLL_H_

#if defined(__clang__)
#define LATHE_UNROLL _Pragma("clang loop unroll(full)")
#elif defined(__GNUC__)
#define LATHE_UNROLL _Pragma("GCC unroll 64")
#else
#define LATHE_UNROLL
#endif

#endif  // LATHE_RUNTIME_KERNELS_UNROLL_H_
