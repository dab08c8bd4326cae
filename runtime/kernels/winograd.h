// Winograd convolution as data: what lathe_winograd_conv2d_f32 hands to the transforms of a target.
//
// F(m x m, 3x3) after A. Lavin and S. Gray, "Fast Algorithms for Convolutional Neural Networks" (2015), with m = 4 or
// 2: an output tile of m x m pixels comes from an input tile of m + 2. Both are (m + 2)^2 numbers a channel, so a tile
// is one element in each of so many planes; between the transforms every plane is a matrix product of tiles by
// channels. Filters are transformed in the kernel too, a range of them at a time into memory near the core: the weights
// that are stored and read are those of the direct sum, not two or four times as many. The interpolation points are 0,
// +-1 and infinity for m = 2, and 0, +-sqrt(1/2), +-sqrt(2) and infinity for m = 4: with them the error is about twice
// that of the direct sum, a fifth of what the customary 0, +-1, +-2 give (B. Barabasz et al., "Error Analysis and
// Improving the Accuracy of Winograd Convolution for Deep Neural Networks", 2020, treat the choice).
#pragma once

#include <algorithm>
#include <cstdint>

#include "lathe/kernels.h"
#include "runtime/kernels/schedule.h"

namespace lathe::runtime {

// Planes of tiles of `tile` x `tile` output pixels.
static constexpr int64_t winograd_planes(int64_t tile) { return (tile + 2) * (tile + 2); }

// How many tiles are transformed before their products are taken: all planes of a block stay near the core, and the
// filters are transformed once a block.
struct WinogradBlocks {
  int64_t planes = 0;
  int64_t tiles_per_block = 0;
  // Floats from one plane to the next: of input tiles and of products.
  int64_t in_plane = 0;
  int64_t out_plane = 0;
  // Floats for transformed filters.
  int64_t filters = 0;

  [[nodiscard]] int64_t scratch_floats() const { return planes * (in_plane + out_plane) + filters; }
};

// Floats of a plane of `floats`: the planes of one tile never begin at one distance from a multiple of 4 KB, which
// would put all of them into a few sets of the first-level cache.
static constexpr int64_t padded_plane_floats(int64_t floats) { return (floats + 1023) / 1024 * 1024 + LATHE_PANEL; }

// Floats from one plane of `vectors` panel rows of transformed filters to the next: an odd number of cache lines, so
// that a filter's elements in all planes fall into different sets of the first-level cache.
static constexpr int64_t filter_plane_floats(int64_t vectors) { return (vectors | 1) * LATHE_PANEL; }

// Tiles along an axis of `pixels` output pixels, and in `batch` images; INT64_MAX when they are too many to count.
static constexpr int64_t winograd_extent(int64_t tile, int64_t pixels) { return pixels / tile + (pixels % tile != 0); }
static inline int64_t winograd_tiles(int64_t tile, int64_t batch, int64_t out_h, int64_t out_w) {
  return saturating_product(batch, winograd_extent(tile, out_h), winograd_extent(tile, out_w));
}

// Memory for transformed filters: all of them, if they are few; else what several threads work on at a time.
static constexpr int64_t kMostFilterFloats = 512 * 1024;

// The blocks of `tiles` tiles. Does not depend on the target, so that scratch memory is known at compile time.
static inline WinogradBlocks winograd_blocks(int64_t tile, int64_t tiles, int64_t in_channels, int64_t out_channels) {
  // Both sets of planes of a block: within a second-level cache, or several times as much where each block must
  // transform the filters anew; but never so few tiles that filters and products would cost alike.
  constexpr int64_t kNearBlockFloats = 128 * 1024;
  constexpr int64_t kBlockFloats = 768 * 1024;
  constexpr int64_t kFewestTiles = 24;
  constexpr int64_t kMostTiles = 96;
  WinogradBlocks result;
  result.planes = winograd_planes(tile);
  const int64_t rows = saturating_product(out_channels / LATHE_PANEL, in_channels, 1);
  const bool fits = rows < kMostFilterFloats / result.planes / LATHE_PANEL;
  result.filters = fits ? result.planes * filter_plane_floats(rows) : kMostFilterFloats;
  const int64_t tile_floats = result.planes * std::max<int64_t>(in_channels + out_channels, 1);
  const int64_t most = std::clamp((fits ? kNearBlockFloats : kBlockFloats) / tile_floats, kFewestTiles, kMostTiles);
  const int64_t blocks = tiles / most + (tiles % most != 0 ? 1 : 0);
  result.tiles_per_block = tiles == 0 ? 0 : (tiles - 1) / blocks + 1;
  result.in_plane = padded_plane_floats(result.tiles_per_block * in_channels);
  result.out_plane = padded_plane_floats(result.tiles_per_block * out_channels);
  return result;
}

// One convolution; see lathe_winograd_conv2d_f32.
struct Winograd {
  const lathe_conv2d_f32_shape* shape = nullptr;
  // Output pixels of a tile along each axis: 2 or 4.
  int64_t tile = 0;
  const float* in = nullptr;
  // Filters as [out_c / 16][in_c][3][3][16].
  const float* packed = nullptr;
  float* out = nullptr;
  const float* residual = nullptr;
  // Never null.
  const lathe_epilogue_f32* epilogue = nullptr;
  WinogradBlocks blocks;
  // Tiles along an output line, and in an image.
  int64_t tiles_x = 0;
  int64_t tiles_image = 0;
  // Tiles and products of the block at hand: [planes][in_plane] and [planes][out_plane].
  float* in_tiles = nullptr;
  float* out_tiles = nullptr;
  // Memory for transformed filters: blocks.filters floats.
  float* filters = nullptr;
  // The first tile of the block.
  int64_t first_tile = 0;
};

// Filters of one input channel and a panel of 16 output channels: [3][3][16].
static constexpr int64_t kFilterFloats = 9 * LATHE_PANEL;

// The filters of some panels and some input channels, which are transformed and multiplied at a time.
struct FilterRange {
  int64_t panel = 0;
  int64_t panels = 0;
  int64_t channel = 0;
  int64_t channels = 0;
  // Those of the first panel and channel, and the floats from one panel to the next.
  const float* packed = nullptr;
  int64_t packed_panel = 0;
  // [planes][plane], each plane [panels][channels][16].
  float* transformed = nullptr;
  int64_t plane = 0;
};

// Up to so many tiles of 4x4 pixels are multiplied by filters that are transformed in registers, where a target can.
static constexpr int64_t kFewTiles = 4;

// The products of `tiles` tiles with panels [begin, end). `few` holds the input tiles as [6][in_c][6][kFewTiles], the
// planes row by row; what is beyond `tiles` is ignored.
using MultiplyFewTiles = void (*)(const Winograd& problem, const float* few, int64_t tiles, int64_t begin, int64_t end);

// The transforms of one target: of tiles [begin, end) of the block at hand, and of rows [begin, end) of a range's
// [panels][channels].
struct WinogradKernels {
  void (*transform_filters)(const FilterRange& range, int64_t begin, int64_t end);
  void (*transform_input)(const Winograd& problem, int64_t begin, int64_t end);
  void (*transform_output)(const Winograd& problem, int64_t begin, int64_t end);
  // Or null.
  MultiplyFewTiles multiply_few_tiles;
};

}  // namespace lathe::runtime

extern "C" {

// The transforms of target `target`, which is an index of lathe_target_name, for tiles of 2 or 4 pixels.
const lathe::runtime::WinogradKernels* lathe_internal_winograd_kernels(int32_t target, int64_t tile);
}
