// lathe_winograd_conv2d_f32: checks its descriptor; for each block of tiles transforms the input, then range by range
// the filters, which it multiplies plane by plane as one grouped Contraction, and at the end the products.
#include "runtime/kernels/winograd.h"

#include <algorithm>
#include <cstdint>
#include <optional>

#include "lathe/kernels.h"
#include "runtime/kernels/contraction.h"
#include "runtime/kernels/schedule.h"
#include "runtime/target.h"

namespace lathe::runtime {
namespace {

// More channels than memory could hold weights for: up to here no number of floats overflows.
constexpr int64_t kMostChannels = int64_t{1} << 31;

bool valid_winograd_shape(const lathe_conv2d_f32_shape* shape, int64_t tile) {
  return (tile == 2 || tile == 4) && valid_conv2d_shape(shape) && shape->kernel_h == 3 && shape->kernel_w == 3 &&
         shape->stride_h == 1 && shape->stride_w == 1 && shape->dilation_h == 1 && shape->dilation_w == 1 &&
         shape->groups == 1 && shape->in_c % LATHE_PANEL == 0 && shape->out_c % LATHE_PANEL == 0 &&
         shape->in_c <= kMostChannels && shape->out_c <= kMostChannels;
}

// Panels [panel, panel + panels) and channels [channel, channel + channels), as far as they exist.
FilterRange filter_range(const Winograd& problem, int64_t panel, int64_t panels, int64_t channel, int64_t channels,
                         float* transformed) {
  const int64_t in_c = problem.shape->in_c;
  FilterRange range;
  range.panel = panel;
  range.panels = std::min(panels, problem.shape->out_c / LATHE_PANEL - panel);
  range.channel = channel;
  range.channels = std::min(channels, in_c - channel);
  range.packed = problem.packed + (panel * in_c + channel) * kFilterFloats;
  range.packed_panel = in_c * kFilterFloats;
  range.transformed = transformed;
  range.plane = filter_plane_floats(range.panels * range.channels);
  return range;
}

// Spreads `count` vectors of transforms, each of `work` multiply-adds, over threads.
template <class Run>
void run_transforms(const lathe_execution* execution, int64_t count, int64_t work, Run run) {
  const int64_t grain = std::max<int64_t>(kSerialWork / 4 / std::max<int64_t>(work, 1), 1);
  const auto run_range = [](void* state, int64_t begin, int64_t end) { (*static_cast<Run*>(state))(begin, end); };
  lathe_parallel_for(execution, count, grain, run_range, &run);
}

// The products of `tiles` tiles with a range of the filters, in every plane.
Contraction plane_products(const Winograd& problem, const FilterRange& range, int64_t tiles) {
  const int64_t in_c = problem.shape->in_c;
  const int64_t out_c = problem.shape->out_c;
  Contraction products;
  products.groups = problem.blocks.planes;
  products.a_group_stride = problem.blocks.in_plane;
  products.b_group_stride = range.plane;
  products.c_group_stride = problem.blocks.out_plane;
  products.rows = tiles;
  products.x_extent = tiles;
  products.a_strides.x = in_c;
  products.c_strides.x = out_c;
  products.columns = range.panels * LATHE_PANEL;
  products.k_runs.length = range.channels;
  products.resume = range.channel > 0;
  products.b_is_near = true;
  products.a = problem.in_tiles + range.channel;
  products.packed_b = range.transformed;
  products.c = problem.out_tiles + range.panel * LATHE_PANEL;
  products.epilogue = &kNoEpilogue;
  return products;
}

// How filters are cut that are too many to be transformed at once: workers take groups of `panels` panels in turn,
// `channels` input channels at a time, each into memory of its own. How they are cut does not influence results.
struct FilterSplit {
  int64_t workers = 1;
  int64_t groups = 0;
  int64_t panels = 0;
  int64_t channels = 0;
  int64_t worker_floats = 0;
};

// `count` in the fewest equal parts of at most `most`.
int64_t equal_part(int64_t count, int64_t most) {
  const int64_t parts = (count + most - 1) / most;
  return parts == 0 ? 0 : (count + parts - 1) / parts;
}

FilterSplit split_filters(const Winograd& problem, int64_t threads) {
  // What stays in a second-level cache between transform and product.
  constexpr int64_t kNearFloats = 160 * 1024;
  constexpr int64_t kMostWorkers = 16;
  // A register tile of so few rows takes four panels at once, larger ones two at most.
  constexpr int64_t kFewTiles = 4;
  const int64_t all_panels = problem.shape->out_c / LATHE_PANEL;
  const int64_t widest = problem.blocks.tiles_per_block <= kFewTiles ? 4 : 2;
  FilterSplit split;
  split.panels = std::clamp<int64_t>(all_panels / threads, 1, widest);
  split.groups = (all_panels + split.panels - 1) / split.panels;
  split.workers = std::min({threads, split.groups, kMostWorkers});
  split.worker_floats = std::min(problem.blocks.filters / split.workers, kNearFloats) / LATHE_PANEL * LATHE_PANEL;
  const int64_t rows = split.worker_floats / problem.blocks.planes / LATHE_PANEL - 1;
  split.channels = equal_part(problem.shape->in_c, std::max<int64_t>(rows / split.panels, 1));
  return split;
}

// The products of a block of `tiles` tiles, as workers take them.
struct BlockProducts {
  const Winograd* problem;
  const WinogradKernels* transforms;
  const ContractionKernels* kernels;
  const FilterSplit* split;
  int64_t tiles;

  void run_worker(int64_t worker) const {
    for (int64_t group = worker; group < split->groups; group += split->workers) run_group(worker, group);
  }

  // Range by range of the channels: transforms the filters and multiplies, while those of the next range are fetched.
  void run_group(int64_t worker, int64_t group) const {
    const int64_t in_c = problem->shape->in_c;
    float* transformed = problem->filters + worker * split->worker_floats;
    int64_t channel = 0;
    do {
      const FilterRange range = range_of(group, channel, transformed);
      transforms->transform_filters(range, 0, range.panels * range.channels);
      channel += range.channels;
      Contraction products = plane_products(*problem, range, tiles);
      if (channel < in_c) {
        fetch_meanwhile(range_of(group, channel, transformed), products);
      } else if (group + split->workers < split->groups) {
        fetch_meanwhile(range_of(group + split->workers, 0, transformed), products);
      }
      multiply(products, range);
    } while (channel < in_c);
  }

  [[nodiscard]] FilterRange range_of(int64_t group, int64_t channel, float* transformed) const {
    return filter_range(*problem, group * split->panels, split->panels, channel, split->channels, transformed);
  }

  void fetch_meanwhile(const FilterRange& next, Contraction& products) const {
    products.next = next.packed;
    products.next_panel_stride = next.packed_panel;
    products.next_step = (kFilterFloats + problem->blocks.planes - 1) / problem->blocks.planes;
  }

  void multiply(const Contraction& products, const FilterRange& range) const {
    ContractionPart part = {.group = 0, .row_begin = 0, .row_end = tiles, .panel_begin = 0, .panel_end = range.panels};
    for (; part.group < products.groups; ++part.group) kernels->contract(products, part);
  }
};

// All filters as one range, if they fit.
std::optional<FilterRange> all_filters(const Winograd& problem) {
  const int64_t panels = problem.shape->out_c / LATHE_PANEL;
  const FilterRange range = filter_range(problem, 0, panels, 0, problem.shape->in_c, problem.filters);
  if (range.plane > problem.blocks.filters / problem.blocks.planes) return std::nullopt;
  return range;
}

// Input channels [begin, end) of the few tiles of a block, as a MultiplyFewTiles takes them.
void interleave_tiles(const Winograd& problem, int64_t tiles, int64_t begin, int64_t end, float* few) {
  const int64_t in_c = problem.shape->in_c;
  const int64_t span = problem.tile + 2;
  for (int64_t plane = 0; plane < problem.blocks.planes; ++plane) {
    float* to = few + plane / span * in_c * span * kFewTiles + plane % span * kFewTiles;
    for (int64_t tile = 0; tile < kFewTiles; ++tile) {
      const float* from = problem.in_tiles + plane * problem.blocks.in_plane + tile * in_c;
      for (int64_t c = begin; c < end; ++c) to[c * span * kFewTiles + tile] = tile < tiles ? from[c] : 0.0f;
    }
  }
}

// Transforms, products and transforms of all blocks.
struct WinogradRun {
  const lathe_execution* execution;
  Winograd& problem;
  const WinogradKernels& transforms;
  const ContractionKernels& kernels;

  // The work of the transforms of a tile or filter: each of its numbers takes about as long as four multiply-adds.
  [[nodiscard]] int64_t transform_work(int64_t channels) const { return 4 * problem.blocks.planes * channels; }

  void transform_block(void (*transform)(const Winograd&, int64_t, int64_t), int64_t tiles, int64_t channels) const {
    run_transforms(execution, tiles, transform_work(channels),
                   [&](int64_t begin, int64_t end) { transform(problem, begin, end); });
  }

  void multiply_by_workers(const FilterSplit& split, int64_t tiles) const {
    BlockProducts block = {
        .problem = &problem, .transforms = &transforms, .kernels = &kernels, .split = &split, .tiles = tiles};
    const auto run_workers = [](void* state, int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) static_cast<const BlockProducts*>(state)->run_worker(i);
    };
    lathe_parallel_for(execution, split.workers, 1, run_workers, &block);
  }

  // The memory for filters holds the interleaved tiles.
  [[nodiscard]] bool takes_few(int64_t tiles) const {
    return transforms.multiply_few_tiles != nullptr && tiles <= kFewTiles &&
           problem.shape->in_c <= problem.blocks.filters / (problem.blocks.planes * kFewTiles);
  }

  void run_few(int64_t tiles) const {
    const int64_t in_c = problem.shape->in_c;
    float* few = problem.filters;
    transform_block(transforms.transform_input, tiles, in_c);
    run_transforms(execution, in_c, problem.blocks.planes * kFewTiles,
                   [&](int64_t begin, int64_t end) { interleave_tiles(problem, tiles, begin, end, few); });
    const int64_t panel_work = problem.blocks.planes * kFewTiles * in_c * LATHE_PANEL;
    run_transforms(execution, problem.shape->out_c / LATHE_PANEL, panel_work,
                   [&](int64_t begin, int64_t end) { transforms.multiply_few_tiles(problem, few, tiles, begin, end); });
    transform_block(transforms.transform_output, tiles, problem.shape->out_c);
  }

  // Filters are transformed once and for all if they fit, and several blocks use them or there are more threads than
  // groups of panels.
  lathe_status run(int64_t tiles) const {
    if (takes_few(tiles)) {
      run_few(tiles);
      return LATHE_OK;
    }
    const int64_t threads = thread_count(execution);
    const FilterSplit split = split_filters(problem, threads);
    const bool worthwhile = tiles > problem.blocks.tiles_per_block || split.groups < threads;
    const std::optional<FilterRange> all = worthwhile ? all_filters(problem) : std::nullopt;
    if (all) {
      run_transforms(execution, all->panels * all->channels, transform_work(LATHE_PANEL),
                     [&](int64_t begin, int64_t end) { transforms.transform_filters(*all, begin, end); });
    }
    for (; problem.first_tile < tiles; problem.first_tile += problem.blocks.tiles_per_block) {
      const int64_t count = std::min(problem.blocks.tiles_per_block, tiles - problem.first_tile);
      transform_block(transforms.transform_input, count, problem.shape->in_c);
      if (all) {
        const Contraction products = plane_products(problem, *all, count);
        const lathe_status status = lathe_internal_run_contraction(execution, &products);
        if (status != LATHE_OK) return status;
      } else {
        multiply_by_workers(split, count);
      }
      transform_block(transforms.transform_output, count, problem.shape->out_c);
    }
    return LATHE_OK;
  }
};

lathe_status run_winograd(const lathe_execution* execution, Winograd& problem, int64_t tiles) {
  lathe_status status = LATHE_OK;
  const int32_t target = lathe_internal_selected_target(execution, &status);
  if (target < 0) return status;
  const WinogradRun run = {.execution = execution,
                           .problem = problem,
                           .transforms = *lathe_internal_winograd_kernels(target, problem.tile),
                           .kernels = *lathe_internal_contraction_kernels(target)};
  return run.run(tiles);
}

}  // namespace
}  // namespace lathe::runtime

int64_t lathe_winograd_conv2d_scratch_floats(int64_t tile, int64_t batch, int64_t out_h, int64_t out_w, int64_t in_c,
                                             int64_t out_c) {
  const bool known = batch >= 0 && out_h >= 0 && out_w >= 0;
  const int64_t tiles = known ? lathe::runtime::winograd_tiles(tile, batch, out_h, out_w) : INT64_MAX;
  return lathe::runtime::winograd_blocks(tile, tiles, in_c, out_c).scratch_floats();
}

lathe_status lathe_winograd_conv2d_f32(const lathe_execution* execution, const lathe_conv2d_f32_shape* shape,
                                       const float* in, const float* packed, float* out, const float* residual,
                                       const lathe_epilogue_f32* epilogue, float* scratch, int64_t tile) {
  using namespace lathe::runtime;
  if (!valid_winograd_shape(shape, tile)) {
    return lathe_fail(execution, LATHE_INVALID_ARGUMENT, "lathe_winograd_conv2d_f32: invalid shape descriptor", nullptr,
                      0);
  }
  if (!valid_epilogue(epilogue)) {
    return lathe_fail(execution, LATHE_INVALID_ARGUMENT, "lathe_winograd_conv2d_f32: invalid epilogue", nullptr, 0);
  }
  if (shape->batch == 0 || shape->out_h == 0 || shape->out_w == 0 || shape->out_c == 0) return LATHE_OK;
  const int64_t tiles = winograd_tiles(tile, shape->batch, shape->out_h, shape->out_w);
  const int64_t planes = winograd_planes(tile);
  const WinogradBlocks blocks = winograd_blocks(tile, tiles, shape->in_c, shape->out_c);
  Winograd problem = {.shape = shape,
                      .tile = tile,
                      .in = in,
                      .packed = packed,
                      .out = out,
                      .residual = residual,
                      .epilogue = epilogue != nullptr ? epilogue : &kNoEpilogue,
                      .blocks = blocks,
                      .tiles_x = winograd_extent(tile, shape->out_w),
                      .tiles_image = tiles / shape->batch,
                      .in_tiles = scratch,
                      .out_tiles = scratch + planes * blocks.in_plane,
                      .filters = scratch + planes * (blocks.in_plane + blocks.out_plane),
                      .first_tile = 0};
  return run_winograd(execution, problem, tiles);
}
