// lathe_depthwise_conv2d_f32: checks its descriptor and spreads the output lines over threads.
#include "runtime/kernels/depthwise.h"

#include <algorithm>
#include <cstdint>

#include "lathe/kernels.h"
#include "runtime/kernels/schedule.h"
#include "runtime/target.h"

namespace lathe::runtime {
namespace {

struct DepthwiseTask {
  const Depthwise* problem;
  DepthwiseKernel kernel;
};

lathe_status run_depthwise(const lathe_execution* execution, const Depthwise& problem) {
  lathe_status status = LATHE_OK;
  const int32_t target = lathe_internal_selected_target(execution, &status);
  if (target < 0) return status;
  const lathe_conv2d_f32_shape& shape = *problem.shape;
  const int64_t lines = shape.batch * shape.out_h;
  if (lines == 0 || shape.out_w == 0 || shape.in_c == 0) return LATHE_OK;
  const int64_t line_work = saturating_product(shape.out_w, shape.in_c, shape.kernel_h * shape.kernel_w);
  // Lines of one grain: at least kSerialWork / 4, since a depthwise line is cheap.
  const int64_t grain = std::clamp<int64_t>(kSerialWork / 4 / std::max<int64_t>(line_work, 1), 1, lines);
  DepthwiseTask task = {.problem = &problem, .kernel = lathe_internal_depthwise_kernel(target)};
  const auto run_lines = [](void* state, int64_t begin, int64_t end) {
    const auto& lines_of = *static_cast<const DepthwiseTask*>(state);
    lines_of.kernel(*lines_of.problem, begin, end);
  };
  lathe_parallel_for(execution, lines, grain, run_lines, &task);
  return LATHE_OK;
}

}  // namespace
}  // namespace lathe::runtime

lathe_status lathe_depthwise_conv2d_f32(const lathe_execution* execution, const lathe_conv2d_f32_shape* shape,
                                        const float* in, const float* packed, float* out, const float* residual,
                                        const lathe_epilogue_f32* epilogue) {
  if (!lathe::runtime::valid_conv2d_shape(shape) || shape->in_c != shape->out_c || shape->groups != shape->in_c) {
    return lathe_fail(execution, LATHE_INVALID_ARGUMENT, "lathe_depthwise_conv2d_f32: invalid shape descriptor",
                      nullptr, 0);
  }
  if (!lathe::runtime::valid_epilogue(epilogue)) {
    return lathe_fail(execution, LATHE_INVALID_ARGUMENT, "lathe_depthwise_conv2d_f32: invalid epilogue", nullptr, 0);
  }
  return lathe::runtime::run_depthwise(execution,
                                       {.shape = shape,
                                        .in = in,
                                        .packed = packed,
                                        .out = out,
                                        .residual = residual,
                                        .epilogue = epilogue != nullptr ? epilogue : &lathe::runtime::kNoEpilogue});
}
