// The runtime's name for what a file of generated C++ is compiled for, and the --cpu that covers it, by the compiler's
// flags. Used where a source is compiled once.
#pragma once

#if defined(__AVX512F__)
#define LATHE_SIMD_ISA "AVX3"
#define LATHE_SIMD_CPU "x86-64-v4"
#elif defined(__AVX__)
#define LATHE_SIMD_ISA "AVX2"
#define LATHE_SIMD_CPU "x86-64-v3"
#elif defined(__SSE3__)
#define LATHE_SIMD_ISA "SSE4"
#define LATHE_SIMD_CPU "x86-64-v2"
#elif defined(__x86_64__)
#define LATHE_SIMD_ISA ""
#define LATHE_SIMD_CPU "x86-64"
#elif defined(__aarch64__)
#define LATHE_SIMD_ISA "NEON"
#define LATHE_SIMD_CPU "generic"
#else
#define LATHE_SIMD_ISA ""
#define LATHE_SIMD_CPU "generic"
#endif
