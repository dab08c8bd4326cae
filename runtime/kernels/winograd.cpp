// lathe_winograd_conv2d_f32: checks its descriptor; for each block of tiles transforms the input, multiplies plane by
// plane as one grouped Contraction, transforms the products.
#include "runtime/kernels/winograd.h"

#include <algorithm>
#include <cstdint>

#include "lathe/kernels.h"
#include "runtime/kernels/contraction.h"
#include "runtime/kernels/schedule.h"
#include "runtime/target.h"

namespace lathe::runtime {
namespace {

using Transform = void (*)(const Winograd& problem, int64_t begin, int64_t end);

// More channels than memory could hold weights for: up to here no number of floats overflows.
constexpr int64_t kMostChannels = int64_t{1} << 31;

bool valid_winograd_shape(const lathe_conv2d_f32_shape* shape, int64_t tile) {
  return (tile == 2 || tile == 4) && valid_conv2d_shape(shape) && shape->kernel_h == 3 && shape->kernel_w == 3 &&
         shape->stride_h == 1 && shape->stride_w == 1 && shape->dilation_h == 1 && shape->dilation_w == 1 &&
         shape->groups == 1 && shape->in_c % LATHE_PANEL == 0 && shape->out_c % LATHE_PANEL == 0 &&
         shape->in_c <= kMostChannels && shape->out_c <= kMostChannels;
}

// Spreads the tiles of a block over threads.
void run_transform(const lathe_execution* execution, const Winograd& problem, Transform transform, int64_t tiles,
                   int64_t channels) {
  struct Task {
    const Winograd* problem;
    Transform transform;
  };
  // Each number of a tile takes about as long as four multiply-adds.
  const int64_t tile_work = 4 * problem.blocks.planes * std::max<int64_t>(channels, 1);
  const int64_t grain = std::clamp<int64_t>(kSerialWork / 4 / tile_work, 1, tiles);
  Task task = {.problem = &problem, .transform = transform};
  const auto run_tiles = [](void* state, int64_t begin, int64_t end) {
    const auto& of = *static_cast<const Task*>(state);
    of.transform(*of.problem, begin, end);
  };
  lathe_parallel_for(execution, tiles, grain, run_tiles, &task);
}

// The products of `tiles` tiles in every plane.
Contraction plane_products(const Winograd& problem, const float* packed, int64_t tiles) {
  const int64_t in_c = problem.shape->in_c;
  const int64_t out_c = problem.shape->out_c;
  Contraction products;
  products.groups = problem.blocks.planes;
  products.a_group_stride = problem.blocks.in_plane;
  products.b_group_stride = in_c * out_c;
  products.c_group_stride = problem.blocks.out_plane;
  products.rows = tiles;
  products.x_extent = tiles;
  products.a_strides.x = in_c;
  products.c_strides.x = out_c;
  products.columns = out_c;
  products.k_runs.length = in_c;
  products.a = problem.in_tiles;
  products.packed_b = packed;
  products.c = problem.out_tiles;
  products.epilogue = &kNoEpilogue;
  return products;
}

lathe_status run_winograd(const lathe_execution* execution, Winograd& problem, const float* packed, int64_t tiles) {
  lathe_status status = LATHE_OK;
  const int32_t target = lathe_internal_selected_target(execution, &status);
  if (target < 0) return status;
  const WinogradKernels& kernels = *lathe_internal_winograd_kernels(target, problem.tile);
  for (; problem.first_tile < tiles; problem.first_tile += problem.blocks.tiles_per_block) {
    const int64_t count = std::min(problem.blocks.tiles_per_block, tiles - problem.first_tile);
    run_transform(execution, problem, kernels.transform_input, count, problem.shape->in_c);
    const Contraction products = plane_products(problem, packed, count);
    status = lathe_internal_run_contraction(execution, &products);
    if (status != LATHE_OK) return status;
    run_transform(execution, problem, kernels.transform_output, count, problem.shape->out_c);
  }
  return LATHE_OK;
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
  Winograd problem = {.shape = shape,
                      .tile = tile,
                      .in = in,
                      .out = out,
                      .residual = residual,
                      .epilogue = epilogue != nullptr ? epilogue : &kNoEpilogue,
                      .blocks = winograd_blocks(tile, tiles, shape->in_c, shape->out_c),
                      .tiles_x = winograd_extent(tile, shape->out_w),
                      .tiles_image = tiles / shape->batch,
                      .in_tiles = scratch,
                      .out_tiles = nullptr,
                      .first_tile = 0};
  problem.out_tiles = scratch + problem.blocks.planes * problem.blocks.in_plane;
  return run_winograd(execution, problem, packed, tiles);
}
