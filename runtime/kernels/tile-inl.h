// The register tile: kRows rows of A times kPanels panels of packed B, over a range of k. The heart of GEMM and of the
// convolutions; compiled once per target. Assumes that all 16 columns of each panel may be stored and that bias and
// scale have 16 readable floats a panel; contraction-inl.h redirects the last, partial panel.
#if defined(LATHE_RUNTIME_KERNELS_TILE_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef LATHE_RUNTIME_KERNELS_TILE_INL_H_
#undef LATHE_RUNTIME_KERNELS_TILE_INL_H_
#else
#define LATHE_RUNTIME_KERNELS_TILE_INL_H_
#endif

#include <algorithm>
#include <cstdint>

#include "hwy/cache_control.h"
#include "hwy/highway.h"

#include "runtime/kernels/contraction.h"
#include "runtime/kernels/epilogue-inl.h"
#include "runtime/kernels/unroll.h"

HWY_BEFORE_NAMESPACE();
namespace lathe::runtime {
namespace HWY_NAMESPACE {
namespace {

// Rows of the largest tile: accumulators fill the register file but for B and one broadcast.
#if HWY_TARGET <= HWY_AVX3
inline constexpr int kTileRows = 8;
inline constexpr int kMaxAccumulators = 16;
#elif HWY_TARGET == HWY_AVX2
inline constexpr int kTileRows = 6;
inline constexpr int kMaxAccumulators = 12;
#elif HWY_TARGET == HWY_NEON
inline constexpr int kTileRows = 6;
inline constexpr int kMaxAccumulators = 24;
#else
// Four rows spill, and are measured 16 % faster than three, which don't: each column is loaded for more of them.
inline constexpr int kTileRows = 4;
inline constexpr int kMaxAccumulators = 12;
#endif

// Whether few rows get tiles that fetch B by themselves. The oldest target does without: they are a third of its code.
inline constexpr bool kHasStreamTiles = HWY_TARGET != HWY_SSE4;

// Panels that a tile of `rows` rows takes at once; few rows take more, to keep enough sums in flight.
constexpr int tile_panels(int rows) { return std::clamp(kMaxAccumulators / (rows * kPanelVectors), 1, 4); }

// How far ahead B is fetched when it streams from memory: 4 KB.
inline constexpr int64_t kPrefetchDistance = 1024;

// A range of k: where it starts in the runs of A, and its length. B is at the start already.
struct KRange {
  int64_t outer;
  int64_t inner;
  int64_t within;
  int64_t count;
};

struct Tile {
  // kRows pointers each: the starts of the rows; residual is null when there is none.
  const float* const* a;
  float* const* c;
  const float* const* residual;
  // Column of the first panel, added to the pointers of c and residual.
  int64_t column;
  const float* b;
  int64_t panel_stride;
  // Each step of k fetches a cache line a panel from here, then moves on by prefetch_step floats.
  const float* prefetch;
  int64_t prefetch_panel_stride;
  int64_t prefetch_step;
  const KRuns* runs;
  KRange range;
  // Continue from the partial sums in c.
  bool resume;
  // Apply residual and epilogue: the last range of k.
  bool finish;
  TileEpilogue epilogue;
};

template <int kRows, int kPanels>
HWY_INLINE void finish_tile(const Tile& tile, VecF32 (&sum)[kRows * kPanels * kPanelVectors]) {
  constexpr int kRowVectors = kPanels * kPanelVectors;
  const F32 d;
  if (tile.epilogue.scale != nullptr) {
    LATHE_UNROLL
    for (int v = 0; v < kRowVectors; ++v) {
      const VecF32 scale = hn::LoadU(d, tile.epilogue.scale + v * kLanes);
      LATHE_UNROLL
      for (int r = 0; r < kRows; ++r) sum[r * kRowVectors + v] = hn::Mul(sum[r * kRowVectors + v], scale);
    }
  }
  if (tile.epilogue.bias != nullptr) {
    LATHE_UNROLL
    for (int v = 0; v < kRowVectors; ++v) {
      const VecF32 bias = hn::LoadU(d, tile.epilogue.bias + v * kLanes);
      LATHE_UNROLL
      for (int r = 0; r < kRows; ++r) sum[r * kRowVectors + v] = hn::Add(sum[r * kRowVectors + v], bias);
    }
  }
  if (tile.residual != nullptr) {
    LATHE_UNROLL
    for (int r = 0; r < kRows; ++r) {
      const float* residual = tile.residual[r] + tile.column;
      LATHE_UNROLL
      for (int v = 0; v < kRowVectors; ++v) {
        sum[r * kRowVectors + v] = hn::Add(sum[r * kRowVectors + v], hn::LoadU(d, residual + v * kLanes));
      }
    }
  }
  apply_activation(d, tile.epilogue.activation, tile.epilogue.alpha, tile.epilogue.beta, sum);
}

// kStream: B comes from memory and is used by few rows, so it is fetched well ahead within its own panels.
template <int kRows, int kPanels, bool kStream>
HWY_NOINLINE void compute_tile(const Tile& tile) {
  constexpr int kRowVectors = kPanels * kPanelVectors;
  const F32 d;
  VecF32 sum[kRows * kRowVectors];
  if (tile.resume) {
    LATHE_UNROLL
    for (int r = 0; r < kRows; ++r) {
      LATHE_UNROLL
      for (int v = 0; v < kRowVectors; ++v) {
        sum[r * kRowVectors + v] = hn::LoadU(d, tile.c[r] + tile.column + v * kLanes);
      }
    }
  } else {
    LATHE_UNROLL
    for (int i = 0; i < kRows * kRowVectors; ++i) sum[i] = hn::Zero(d);
  }

  const KRuns& runs = *tile.runs;
  const float* HWY_RESTRICT b[kPanels];
  LATHE_UNROLL
  for (int p = 0; p < kPanels; ++p) b[p] = tile.b + p * tile.panel_stride;
  const float* prefetch = tile.prefetch;
  int64_t outer = tile.range.outer;
  int64_t inner = tile.range.inner;
  int64_t within = tile.range.within;
  int64_t remaining = tile.range.count;
  while (remaining > 0) {
    const int64_t length = std::min(runs.length - within, remaining);
    const int64_t offset = outer * runs.outer_stride + inner * runs.inner_stride + within;
    const float* HWY_RESTRICT a[kRows];
    LATHE_UNROLL
    for (int r = 0; r < kRows; ++r) a[r] = tile.a[r] + offset;
    for (int64_t k = 0; k < length; ++k) {
      VecF32 columns[kRowVectors];
      LATHE_UNROLL
      for (int p = 0; p < kPanels; ++p) {
        if constexpr (kStream) {
          hwy::Prefetch(b[p] + kPrefetchDistance);
        } else {
          __builtin_prefetch(prefetch + p * tile.prefetch_panel_stride, 0, 3);
        }
        LATHE_UNROLL
        for (int v = 0; v < kPanelVectors; ++v) columns[p * kPanelVectors + v] = hn::LoadU(d, b[p] + v * kLanes);
        b[p] += LATHE_PANEL;
      }
      prefetch += tile.prefetch_step;
      LATHE_UNROLL
      for (int r = 0; r < kRows; ++r) {
        VecF32 row = hn::Set(d, a[r][k]);
#if HWY_COMPILER_GCC_ACTUAL && HWY_ARCH_X86
        // Keeps GCC from hoisting all broadcasts above the first product and spilling them.
        asm volatile("" : "+v"(row.raw));
#endif
        LATHE_UNROLL
        for (int v = 0; v < kRowVectors; ++v) {
          sum[r * kRowVectors + v] = hn::MulAdd(row, columns[v], sum[r * kRowVectors + v]);
        }
      }
    }
    remaining -= length;
    within = 0;
    if (++inner == runs.inner) {
      inner = 0;
      ++outer;
    }
  }

  if (tile.finish) finish_tile<kRows, kPanels>(tile, sum);
  LATHE_UNROLL
  for (int r = 0; r < kRows; ++r) {
    LATHE_UNROLL
    for (int v = 0; v < kRowVectors; ++v) {
      hn::StoreU(sum[r * kRowVectors + v], d, tile.c[r] + tile.column + v * kLanes);
    }
  }
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace lathe::runtime
HWY_AFTER_NAMESPACE();

#endif
