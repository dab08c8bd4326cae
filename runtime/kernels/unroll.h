// What register tiles ask of a compiler beyond the language.
#pragma once

// Full unrolling of the next loop: without it GCC keeps the accumulators of a tile in memory.
#if defined(__clang__)
#define LATHE_UNROLL _Pragma("clang loop unroll(full)")
#elif defined(__GNUC__)
#define LATHE_UNROLL _Pragma("GCC unroll 64")
#else
#define LATHE_UNROLL
#endif
