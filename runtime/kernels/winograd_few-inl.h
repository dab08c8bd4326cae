// Products of up to four tiles of 4x4 pixels, as images of 8x8 and less have, with filters that are transformed in
// registers: with so few rows, storing and loading transformed filters would cost more than the products. For targets
// whose registers hold the sums of a row of planes. The same operations in the same order as transform_filters followed
// by products, so the same bits. Compiled once per target.
#if defined(LATHE_RUNTIME_KERNELS_WINOGRAD_FEW_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef LATHE_RUNTIME_KERNELS_WINOGRAD_FEW_INL_H_
#undef LATHE_RUNTIME_KERNELS_WINOGRAD_FEW_INL_H_
#else
#define LATHE_RUNTIME_KERNELS_WINOGRAD_FEW_INL_H_
#endif

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "hwy/cache_control.h"
#include "hwy/highway.h"

#include "runtime/kernels/unroll.h"
#include "runtime/kernels/winograd-inl.h"
#include "runtime/kernels/winograd.h"

#if HWY_TARGET <= HWY_AVX3

HWY_BEFORE_NAMESPACE();
namespace lathe::runtime {
namespace HWY_NAMESPACE {
namespace {

// Planes of a row, and what one input channel of all tiles has in them.
inline constexpr int kPlaneRow = 6;
inline constexpr int kFewRow = kPlaneRow * static_cast<int>(kFewTiles);
// Channels whose filters stay in the first-level cache while all rows of planes use them.
inline constexpr int64_t kFewChannels = 32;

// Adds the products of `channels` input channels in row kRow of the planes to `sums`, [plane][tile][16].
template <int kRow>
HWY_NOINLINE void multiply_plane_row(const float* HWY_RESTRICT packed, const float* HWY_RESTRICT tiles,
                                     int64_t channels, float* HWY_RESTRICT sums) {
  const F32 f;
  VecF32 sum[kFewRow];
  LATHE_UNROLL
  for (int i = 0; i < kFewRow; ++i) sum[i] = hn::Load(f, sums + i * LATHE_PANEL);
  for (int64_t c = 0; c < channels; ++c) {
    // Its share of the next channels' filters, which are adjacent.
    hwy::Prefetch(packed + kFewChannels * kFilterFloats + kRow * kFilterFloats / kPlaneRow);
    hwy::Prefetch(packed + kFewChannels * kFilterFloats + kRow * kFilterFloats / kPlaneRow + LATHE_PANEL);
    VecF32 column[3];
    LATHE_UNROLL
    for (int x = 0; x < 3; ++x) {
      VecF32 g[3];
      LATHE_UNROLL
      for (int y = 0; y < 3; ++y) g[y] = hn::LoadU(f, packed + (y * 3 + x) * LATHE_PANEL);
      column[x] = WinogradAxis<4>::filter_row<kRow>(g);
    }
    VecF32 filter[kPlaneRow];
    WinogradAxis<4>::transform_filter(column, filter);
    LATHE_UNROLL
    for (int i = 0; i < kFewRow; ++i) {
      VecF32 element = hn::Set(f, tiles[i]);
#if HWY_COMPILER_GCC_ACTUAL && HWY_ARCH_X86
      // Keeps GCC from hoisting all broadcasts above the first product and spilling them.
      asm volatile("" : "+v"(element.raw));
#endif
      sum[i] = hn::MulAdd(element, filter[i / kFewTiles], sum[i]);
    }
    packed += kFilterFloats;
    tiles += kFewRow;
  }
  LATHE_UNROLL
  for (int i = 0; i < kFewRow; ++i) hn::Store(sum[i], f, sums + i * LATHE_PANEL);
}

// The products of one panel: all planes, range by range of the channels.
HWY_INLINE void multiply_panel(const Winograd& problem, const float* few, int64_t panel, float* sums) {
  using MultiplyRow = void (*)(const float*, const float*, int64_t, float*);
  constexpr MultiplyRow kRows[kPlaneRow] = {&multiply_plane_row<0>, &multiply_plane_row<1>, &multiply_plane_row<2>,
                                            &multiply_plane_row<3>, &multiply_plane_row<4>, &multiply_plane_row<5>};
  const int64_t in_c = problem.shape->in_c;
  const float* packed = problem.packed + panel * in_c * kFilterFloats;
  std::memset(sums, 0, kPlaneRow * kFewRow * LATHE_PANEL * sizeof(float));
  for (int64_t channel = 0; channel < in_c; channel += kFewChannels) {
    const int64_t count = std::min(kFewChannels, in_c - channel);
    for (int64_t row = 0; row < kPlaneRow; ++row) {
      kRows[row](packed + channel * kFilterFloats, few + (row * in_c + channel) * kFewRow, count,
                 sums + row * kFewRow * LATHE_PANEL);
    }
  }
}

void multiply_few_tiles(const Winograd& problem, const float* few, int64_t tiles, int64_t begin, int64_t end) {
  HWY_ALIGN float sums[kPlaneRow * kFewRow * LATHE_PANEL];
  for (int64_t panel = begin; panel < end; ++panel) {
    multiply_panel(problem, few, panel, sums);
    for (int64_t plane = 0; plane < problem.blocks.planes; ++plane) {
      for (int64_t tile = 0; tile < tiles; ++tile) {
        std::memcpy(
            problem.out_tiles + plane * problem.blocks.out_plane + tile * problem.shape->out_c + panel * LATHE_PANEL,
            sums + (plane * kFewTiles + tile) * LATHE_PANEL, LATHE_PANEL * sizeof(float));
      }
    }
  }
}

inline constexpr MultiplyFewTiles kMultiplyFewTiles = &multiply_few_tiles;

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace lathe::runtime
HWY_AFTER_NAMESPACE();

#else

namespace lathe::runtime {
namespace HWY_NAMESPACE {
namespace {

inline constexpr MultiplyFewTiles kMultiplyFewTiles = nullptr;

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace lathe::runtime

#endif

#endif
