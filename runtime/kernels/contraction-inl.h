// Executes a part of a Contraction on one thread: row blocks that keep their slice of A in the second-level cache,
// ranges of k, panels of B, register tiles. Compiled once per target.
//
// Sums that do not fit one range of k continue from C, so the order of accumulation is the order of k whatever the
// blocking. Two cases take all of k at once: few rows, where nothing would be reused, and a residual that is C itself,
// which partial sums would overwrite.
#if defined(LATHE_RUNTIME_KERNELS_CONTRACTION_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef LATHE_RUNTIME_KERNELS_CONTRACTION_INL_H_
#undef LATHE_RUNTIME_KERNELS_CONTRACTION_INL_H_
#else
#define LATHE_RUNTIME_KERNELS_CONTRACTION_INL_H_
#endif

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <utility>

#include "hwy/highway.h"

#include "runtime/kernels/contraction.h"
#include "runtime/kernels/tile-inl.h"

HWY_BEFORE_NAMESPACE();
namespace lathe::runtime {
namespace HWY_NAMESPACE {

inline constexpr int64_t kBlockRows = 192;
inline constexpr int64_t kDepthLimit = 640;
inline constexpr int64_t kDepthBlock = 512;
inline constexpr int64_t kFewRows = 16;

using TileFunction = void (*)(const Tile&);

// Tile functions by rows - 1: the widest one, and one panel.
struct TileRow {
  TileFunction wide;
  TileFunction wide_prefetch;
  TileFunction single;
  int panels;
};

template <int... kIndex>
constexpr auto make_tile_rows(std::integer_sequence<int, kIndex...>) {
  struct Rows {
    TileRow row[sizeof...(kIndex)];
  };
  return Rows{{TileRow{&compute_tile<kIndex + 1, tile_panels(kIndex + 1), false>,
                       &compute_tile<kIndex + 1, tile_panels(kIndex + 1), true>, &compute_tile<kIndex + 1, 1, false>,
                       tile_panels(kIndex + 1)}...}};
}

inline constexpr auto kTiles = make_tile_rows(std::make_integer_sequence<int, kTileRows>());

// The rows of one block: where each starts in A, C and the residual.
struct RowBlock {
  int64_t count;
  const float* a[kBlockRows];
  float* c[kBlockRows];
  const float* residual[kBlockRows];
};

HWY_INLINE void fill_row_block(const Contraction& problem, int64_t group, int64_t begin, int64_t end, RowBlock& block) {
  const float* a = problem.a + group * problem.a_group_stride;
  float* c = problem.c + group * problem.c_group_stride;
  const float* residual = problem.residual;
  if (residual != nullptr) residual += group * problem.residual_group_stride;
  int64_t x = begin % problem.x_extent;
  int64_t y = begin / problem.x_extent % problem.y_extent;
  int64_t z = begin / problem.x_extent / problem.y_extent;
  const auto start = [&](const RowStrides& strides) { return z * strides.z + y * strides.y + x * strides.x; };
  int64_t row_a = start(problem.a_strides);
  int64_t row_c = start(problem.c_strides);
  int64_t row_residual = start(problem.residual_strides);
  block.count = end - begin;
  for (int64_t i = 0; i < block.count; ++i) {
    block.a[i] = a + row_a;
    block.c[i] = c + row_c;
    if (residual != nullptr) block.residual[i] = residual + row_residual;
    row_a += problem.a_strides.x;
    row_c += problem.c_strides.x;
    row_residual += problem.residual_strides.x;
    if (++x == problem.x_extent) {
      x = 0;
      if (++y == problem.y_extent) {
        y = 0;
        ++z;
      }
      row_a = start(problem.a_strides);
      row_c = start(problem.c_strides);
      row_residual = start(problem.residual_strides);
    }
  }
}

// Computes a tile whose panel has only `width` columns, by way of buffers of 16.
HWY_NOINLINE void compute_partial_tile(const Tile& tile, int rows, int64_t width) {
  float c[kTileRows][LATHE_PANEL];
  float residual[kTileRows][LATHE_PANEL] = {};
  float scale[LATHE_PANEL] = {};
  float bias[LATHE_PANEL] = {};
  float* c_rows[kTileRows];
  const float* residual_rows[kTileRows];
  const size_t bytes = static_cast<size_t>(width) * sizeof(float);
  Tile inner = tile;
  for (int r = 0; r < rows; ++r) {
    c_rows[r] = c[r];
    residual_rows[r] = residual[r];
    if (tile.resume) {
      std::memset(c[r], 0, sizeof(c[r]));
      std::memcpy(c[r], tile.c[r] + tile.column, bytes);
    }
    if (tile.residual != nullptr) std::memcpy(residual[r], tile.residual[r] + tile.column, bytes);
  }
  if (tile.epilogue.scale != nullptr) {
    std::memcpy(scale, tile.epilogue.scale, bytes);
    inner.epilogue.scale = scale;
  }
  if (tile.epilogue.bias != nullptr) {
    std::memcpy(bias, tile.epilogue.bias, bytes);
    inner.epilogue.bias = bias;
  }
  inner.c = c_rows;
  if (tile.residual != nullptr) inner.residual = residual_rows;
  inner.column = 0;
  kTiles.row[rows - 1].single(inner);
  for (int r = 0; r < rows; ++r) std::memcpy(tile.c[r] + tile.column, c[r], bytes);
}

// All tiles of `panels` panels (or of the last, partial one) over the rows of a block.
HWY_INLINE void compute_rows(const RowBlock& block, const Contraction& problem, int64_t panel, int panels,
                             bool prefetch, Tile& tile) {
  const int64_t tiles = (block.count + kTileRows - 1) / kTileRows;
  const int64_t base = block.count / tiles;
  const int64_t larger = block.count % tiles;
  const int64_t width = std::min<int64_t>(problem.columns - panel * LATHE_PANEL, LATHE_PANEL);
  int64_t row = 0;
  for (int64_t i = 0; i < tiles; ++i) {
    const int rows = static_cast<int>(base + (i < larger ? 1 : 0));
    tile.a = block.a + row;
    tile.c = block.c + row;
    tile.residual = problem.residual != nullptr && tile.finish ? block.residual + row : nullptr;
    const TileRow& functions = kTiles.row[rows - 1];
    if (width < LATHE_PANEL) {
      compute_partial_tile(tile, rows, width);
    } else if (panels != functions.panels) {
      functions.single(tile);
    } else if (prefetch) {
      functions.wide_prefetch(tile);
    } else {
      functions.wide(tile);
    }
    row += rows;
  }
}

HWY_INLINE void compute_block(const Contraction& problem, const ContractionPart& part, const RowBlock& block,
                              int64_t depth_block) {
  const int64_t depth = problem.depth();
  const int64_t panel_stride = depth * LATHE_PANEL;
  const lathe_epilogue_f32& epilogue = *problem.epilogue;
  const float* b = problem.packed_b + part.group * problem.b_group_stride;
  const int64_t column_shift = part.group * problem.column_group_stride;
  const bool few_rows = block.count <= kFewRows;
  // All tiles of a block take the same number of panels.
  const int64_t tiles = (block.count + kTileRows - 1) / kTileRows;
  const int widest = kTiles.row[(block.count + tiles - 1) / tiles - 1].panels;
  const int wide = kTiles.row[block.count / tiles - 1].panels == widest ? widest : 1;
  const int64_t full_panels = problem.columns / LATHE_PANEL;

  Tile tile = {};
  tile.panel_stride = panel_stride;
  tile.runs = &problem.k_runs;
  tile.epilogue.activation = epilogue.activation;
  tile.epilogue.alpha = epilogue.alpha;
  tile.epilogue.beta = epilogue.beta;
  int64_t k = 0;
  do {
    const int64_t count = std::min(depth_block, depth - k);
    if (depth > 0) {
      const int64_t run = k / problem.k_runs.length;
      tile.range = {.outer = run / problem.k_runs.inner,
                    .inner = run % problem.k_runs.inner,
                    .within = k % problem.k_runs.length,
                    .count = count};
    }
    tile.resume = k > 0;
    tile.finish = k + count == depth;
    int64_t panel = part.panel_begin;
    while (panel < part.panel_end) {
      const int panels = panel + wide <= std::min(part.panel_end, full_panels) ? wide : 1;
      tile.column = panel * LATHE_PANEL;
      tile.b = b + panel * panel_stride + k * LATHE_PANEL;
      tile.epilogue.scale = epilogue.scale != nullptr ? epilogue.scale + column_shift + tile.column : nullptr;
      tile.epilogue.bias = epilogue.bias != nullptr ? epilogue.bias + column_shift + tile.column : nullptr;
      compute_rows(block, problem, panel, panels, few_rows, tile);
      panel += panels;
    }
    k += count;
  } while (k < depth);
}

HWY_INLINE void report_block(const Contraction& problem, const ContractionPart& part, int64_t begin, int64_t end) {
  const lathe_epilogue_f32& epilogue = *problem.epilogue;
  if (epilogue.after_block == nullptr) return;
  const int64_t row_shift = part.group * problem.row_group_stride;
  const int64_t column_shift = part.group * problem.column_group_stride;
  const int64_t column_begin = column_shift + part.panel_begin * LATHE_PANEL;
  const int64_t column_end = column_shift + std::min(part.panel_end * LATHE_PANEL, problem.columns);
  while (begin < end) {
    const int64_t line_end = problem.after_block_by_line ? (begin / problem.x_extent + 1) * problem.x_extent : end;
    const int64_t stop = std::min(line_end, end);
    epilogue.after_block(epilogue.after_block_state, row_shift + begin, row_shift + stop, column_begin, column_end);
    begin = stop;
  }
}

void contract(const Contraction& problem, const ContractionPart& part) {
  const int64_t depth = problem.depth();
  const bool in_place = problem.residual == problem.c;
  const bool whole = in_place || part.row_end - part.row_begin <= kFewRows || depth <= kDepthLimit;
  // Equal ranges, none longer than kDepthBlock.
  const int64_t ranges = whole ? 1 : (depth + kDepthBlock - 1) / kDepthBlock;
  const int64_t depth_block = std::max<int64_t>((depth + ranges - 1) / ranges, 1);
  // Equal blocks of whole tiles, none longer than kBlockRows.
  const int64_t rows = part.row_end - part.row_begin;
  const int64_t blocks = (rows + kBlockRows - 1) / kBlockRows;
  RowBlock block;
  for (int64_t i = 0, begin = part.row_begin; i < blocks; ++i) {
    const int64_t even = (part.row_end - begin + blocks - i - 1) / (blocks - i);
    const int64_t count = std::min((even + kTileRows - 1) / kTileRows * kTileRows, part.row_end - begin);
    fill_row_block(problem, part.group, begin, begin + count, block);
    compute_block(problem, part, block, depth_block);
    report_block(problem, part, begin, begin + count);
    begin += count;
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace lathe::runtime
HWY_AFTER_NAMESPACE();

#endif
