// Twelve independent chains of multiply-adds: enough to hide the latency of every core so far. The factors are hidden
// from the compiler, which would otherwise find chains that are constant.
#include "bench/kernels/fma_peak.h"

#include <cstdint>

#if defined(__x86_64__)
#include <immintrin.h>
#else
#include <arm_neon.h>
#endif

namespace lathe::bench {
namespace {

constexpr int kChains = 12;
constexpr int64_t kSteps = 65536;

#if defined(__x86_64__)

__attribute__((target("avx512f,fma"))) double burst_avx3() {
  __m512 scale = _mm512_set1_ps(0.999f);
  __m512 shift = _mm512_set1_ps(0.001f);
  asm volatile("" : "+v"(scale), "+v"(shift));
  __m512 sum[kChains];
#pragma GCC unroll 12
  for (int i = 0; i < kChains; ++i) sum[i] = _mm512_set1_ps(static_cast<float>(i));
  for (int64_t step = 0; step < kSteps; ++step) {
#pragma GCC unroll 12
    for (int i = 0; i < kChains; ++i) sum[i] = _mm512_fmadd_ps(sum[i], scale, shift);
  }
#pragma GCC unroll 12
  for (int i = 0; i < kChains; ++i) asm volatile("" ::"v"(sum[i]));
  return 2.0 * 16 * kChains * kSteps;
}

__attribute__((target("avx2,fma"))) double burst_avx2() {
  __m256 scale = _mm256_set1_ps(0.999f);
  __m256 shift = _mm256_set1_ps(0.001f);
  asm volatile("" : "+x"(scale), "+x"(shift));
  __m256 sum[kChains];
#pragma GCC unroll 12
  for (int i = 0; i < kChains; ++i) sum[i] = _mm256_set1_ps(static_cast<float>(i));
  for (int64_t step = 0; step < kSteps; ++step) {
#pragma GCC unroll 12
    for (int i = 0; i < kChains; ++i) sum[i] = _mm256_fmadd_ps(sum[i], scale, shift);
  }
#pragma GCC unroll 12
  for (int i = 0; i < kChains; ++i) asm volatile("" ::"x"(sum[i]));
  return 2.0 * 8 * kChains * kSteps;
}

double burst_sse4() {
  __m128 scale = _mm_set1_ps(0.999f);
  __m128 shift = _mm_set1_ps(0.001f);
  asm volatile("" : "+x"(scale), "+x"(shift));
  __m128 sum[kChains];
#pragma GCC unroll 12
  for (int i = 0; i < kChains; ++i) sum[i] = _mm_set1_ps(static_cast<float>(i));
  for (int64_t step = 0; step < kSteps; ++step) {
#pragma GCC unroll 12
    for (int i = 0; i < kChains; ++i) sum[i] = _mm_add_ps(_mm_mul_ps(sum[i], scale), shift);
  }
#pragma GCC unroll 12
  for (int i = 0; i < kChains; ++i) asm volatile("" ::"x"(sum[i]));
  return 2.0 * 4 * kChains * kSteps;
}

#else

double burst_neon() {
  float32x4_t scale = vdupq_n_f32(0.999f);
  float32x4_t shift = vdupq_n_f32(0.001f);
  asm volatile("" : "+w"(scale), "+w"(shift));
  float32x4_t sum[kChains];
#pragma GCC unroll 12
  for (int i = 0; i < kChains; ++i) sum[i] = vdupq_n_f32(static_cast<float>(i));
  for (int64_t step = 0; step < kSteps; ++step) {
#pragma GCC unroll 12
    for (int i = 0; i < kChains; ++i) sum[i] = vfmaq_f32(shift, sum[i], scale);
  }
#pragma GCC unroll 12
  for (int i = 0; i < kChains; ++i) asm volatile("" ::"w"(sum[i]));
  return 2.0 * 4 * kChains * kSteps;
}

#endif

}  // namespace

double run_fma_burst(std::string_view target) {
#if defined(__x86_64__)
  if (target == "AVX3") return burst_avx3();
  if (target == "AVX2") return burst_avx2();
  return burst_sse4();
#else
  static_cast<void>(target);
  return burst_neon();
#endif
}

}  // namespace lathe::bench
