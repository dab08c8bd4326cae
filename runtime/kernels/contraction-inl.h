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
#include <initializer_list>
#include <utility>

#include "hwy/highway.h"

#include "runtime/kernels/contraction.h"
#include "runtime/kernels/tile-inl.h"

HWY_BEFORE_NAMESPACE();
namespace lathe::runtime {
namespace HWY_NAMESPACE {
namespace {

// Rows of a block: with kDepthBlock floats each they are 384 KB of A, within the second-level cache.
inline constexpr int64_t kBlockRows = 192;
// Depths up to here are one range; deeper ones are cut into equal ranges of at most kDepthBlock, whose panel of B is
// 32 KB. Partial sums through C cost less than B from the second-level cache from about here on.
inline constexpr int64_t kDepthLimit = 640;
inline constexpr int64_t kDepthBlock = 512;
// Up to so many rows B is used too little to stay in a cache: it streams past once. With rows for more than one tile
// that is so for deep panels only: short ones are fetched while the tiles compute on those before.
inline constexpr int64_t kFewRows = 16;
inline constexpr int64_t kShortDepth = 1024;

using TileFunction = void (*)(const Tile&);

// Tile functions by rows - 1: the widest one of `panels` panels, for B in cache or streaming, and that of one panel.
struct TileRow {
  TileFunction wide;
  TileFunction stream;
  TileFunction single;
  int panels;
};

template <int... kIndex>
constexpr auto make_tile_rows(std::integer_sequence<int, kIndex...>) {
  struct Rows {
    TileRow row[sizeof...(kIndex)];
  };
  return Rows{{TileRow{&compute_tile<kIndex + 1, tile_panels(kIndex + 1), false>,
                       &compute_tile<kIndex + 1, tile_panels(kIndex + 1), kHasStreamTiles>,
                       &compute_tile<kIndex + 1, 1, false>, tile_panels(kIndex + 1)}...}};
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

// Copies fewer than 16 floats, without the call that memcpy with a variable size is.
HWY_INLINE void copy_columns(const float* from, int64_t width, float* to) {
  for (const int64_t step : {8, 4, 2, 1}) {
    if ((width & step) == 0) continue;
    std::memcpy(to, from, static_cast<size_t>(step) * sizeof(float));
    from += step;
    to += step;
  }
}

// Computes a tile of which only the first `width` columns exist, by way of rows of 16. Bias and scale are padded
// already.
HWY_NOINLINE void compute_partial_tile(TileFunction function, const Tile& tile, int rows, int64_t width) {
  HWY_ALIGN float c[kTileRows][LATHE_PANEL];
  HWY_ALIGN float residual[kTileRows][LATHE_PANEL];
  float* c_rows[kTileRows];
  const float* residual_rows[kTileRows];
  Tile inner = tile;
  inner.c = c_rows;
  inner.column = 0;
  for (int r = 0; r < rows; ++r) c_rows[r] = c[r];
  if (tile.resume) {
    for (int r = 0; r < rows; ++r) {
      std::memset(c[r], 0, sizeof(c[r]));
      copy_columns(tile.c[r] + tile.column, width, c[r]);
    }
  }
  if (tile.residual != nullptr) {
    inner.residual = residual_rows;
    for (int r = 0; r < rows; ++r) {
      residual_rows[r] = residual[r];
      std::memset(residual[r], 0, sizeof(residual[r]));
      copy_columns(tile.residual[r] + tile.column, width, residual[r]);
    }
  }
  function(inner);
  for (int r = 0; r < rows; ++r) copy_columns(c[r], width, tile.c[r] + tile.column);
}

// Splits `count` rows into the fewest tiles, whose sizes differ by at most one row.
struct RowSplit {
  int64_t tiles;
  int64_t base;
  int64_t larger;

  explicit RowSplit(int64_t count)
      : tiles((count + kTileRows - 1) / kTileRows), base(count / tiles), larger(count % tiles) {}

  [[nodiscard]] int rows(int64_t tile) const { return static_cast<int>(base + (tile < larger ? 1 : 0)); }
};

// One range of k over one block of rows.
struct BlockRange {
  const Contraction& problem;
  const ContractionPart& part;
  const RowBlock& block;
  RowSplit split;
  // B of the group at the start of the range, and the distance of its panels.
  const float* b;
  int64_t panel_stride;
  // Panels of a wide tile, the same for all tiles of the block.
  int wide;
  bool stream;
  // What the tiles of the last panel fetch instead of B: the rows of the next block, when they are adjacent.
  const float* next_a;
  int64_t next_a_step;
  Tile tile;
  // Bias and scale of a partial panel.
  float padded_bias[LATHE_PANEL];
  float padded_scale[LATHE_PANEL];

  // The `width` values of a panel, which may be read as 16.
  static const float* panel_values(const float* values, int64_t column, int64_t width, float* padded) {
    if (values == nullptr) return nullptr;
    if (width >= LATHE_PANEL) return values + column;
    std::memset(padded, 0, LATHE_PANEL * sizeof(float));
    copy_columns(values + column, width, padded);
    return padded;
  }

  [[nodiscard]] TileFunction function_for(int rows, int panels) const {
    const TileRow& functions = kTiles.row[rows - 1];
    if (panels != functions.panels) return functions.single;
    return stream ? functions.stream : functions.wide;
  }

  // Panel by panel: each stays in the first-level cache while all rows pass.
  HWY_INLINE void compute_panels() {
    const int64_t full_end = std::min(part.panel_end, problem.columns / LATHE_PANEL);
    int64_t panel = part.panel_begin;
    while (panel < part.panel_end) {
      const int panels = panel + wide <= full_end ? wide : 1;
      compute_tiles(panel, panels);
      panel += panels;
    }
  }

  // Each tile fetches its share of what comes next.
  HWY_INLINE void fetch_ahead(int64_t panel, int panels) {
    const bool last = panel + panels >= part.panel_end;
    tile.prefetch_panel_stride = panel_stride;
    if (problem.next != nullptr) {
      const int64_t group_share = problem.depth() * problem.next_step;
      tile.prefetch = problem.next + panel * problem.next_panel_stride + part.group * group_share;
      tile.prefetch_panel_stride = problem.next_panel_stride;
      tile.prefetch_step = problem.next_step;
    } else if (last) {
      tile.prefetch = next_a;
      tile.prefetch_step = next_a_step;
    } else {
      tile.prefetch = tile.b + panels * panel_stride;
      tile.prefetch_step = (LATHE_PANEL + split.tiles - 1) / split.tiles;
    }
  }

  // All rows of the block times `panels` panels.
  HWY_INLINE void compute_tiles(int64_t panel, int panels) {
    const lathe_epilogue_f32& epilogue = *problem.epilogue;
    const int64_t shift = part.group * problem.column_group_stride;
    const int64_t width = problem.columns - panel * LATHE_PANEL;
    tile.column = panel * LATHE_PANEL;
    tile.b = b + panel * panel_stride;
    tile.epilogue.scale = panel_values(epilogue.scale, shift + tile.column, width, padded_scale);
    tile.epilogue.bias = panel_values(epilogue.bias, shift + tile.column, width, padded_bias);
    fetch_ahead(panel, panels);
    const bool with_residual = problem.residual != nullptr && tile.finish;
    int64_t row = 0;
    for (int64_t index = 0; index < split.tiles; ++index) {
      const int rows = split.rows(index);
      const TileFunction function = function_for(rows, panels);
      tile.a = block.a + row;
      tile.c = block.c + row;
      tile.residual = with_residual ? block.residual + row : nullptr;
      if (width >= LATHE_PANEL) {
        function(tile);
      } else {
        compute_partial_tile(function, tile, rows, width);
      }
      row += rows;
      tile.prefetch += tile.range.count * tile.prefetch_step;
    }
  }
};

HWY_INLINE void compute_block(const Contraction& problem, const ContractionPart& part, const RowBlock& block,
                              int64_t depth_block) {
  const int64_t depth = problem.depth();
  const RowSplit split(block.count);
  const int widest = kTiles.row[split.rows(0) - 1].panels;
  BlockRange range = {
      .problem = problem,
      .part = part,
      .block = block,
      .split = split,
      .b = problem.packed_b + part.group * problem.b_group_stride,
      .panel_stride = depth * LATHE_PANEL,
      .wide = kTiles.row[split.base - 1].panels == widest ? widest : 1,
      .stream = !problem.b_is_near && block.count <= kFewRows && (split.tiles == 1 || depth > kShortDepth),
      .next_a = block.a[0],
      .next_a_step = 0,
      .tile = {},
      .padded_bias = {},
      .padded_scale = {}};
  if (depth_block == depth && problem.a_strides.x == depth) {
    range.next_a = block.a[0] + block.count * depth;
    range.next_a_step = split.rows(0);
  }
  Tile& tile = range.tile;
  tile.panel_stride = range.panel_stride;
  tile.runs = &problem.k_runs;
  tile.epilogue.activation = problem.epilogue->activation;
  tile.epilogue.alpha = problem.epilogue->alpha;
  tile.epilogue.beta = problem.epilogue->beta;
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
    tile.resume = problem.resume || k > 0;
    tile.finish = k + count == depth;
    range.compute_panels();
    range.b += count * LATHE_PANEL;
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

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace lathe::runtime
HWY_AFTER_NAMESPACE();

#endif
