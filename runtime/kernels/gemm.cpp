// lathe_gemm_f32: checks its descriptor and states the product as a Contraction.
#include "lathe/kernels.h"
#include "runtime/kernels/contraction.h"
#include "runtime/kernels/schedule.h"

namespace {

bool valid_shape(const lathe_gemm_f32_shape* shape) {
  return shape != nullptr && shape->struct_size >= sizeof(lathe_gemm_f32_shape) && shape->batch >= 0 && shape->m >= 0 &&
         shape->n >= 0 && shape->k >= 0;
}

}  // namespace

lathe_status lathe_gemm_f32(const lathe_execution* execution, const lathe_gemm_f32_shape* shape, const float* a,
                            const float* packed_b, float* c, const float* residual,
                            const lathe_epilogue_f32* epilogue) {
  if (!valid_shape(shape)) {
    return lathe_fail(execution, LATHE_INVALID_ARGUMENT, "lathe_gemm_f32: invalid shape descriptor", nullptr, 0);
  }
  if (!lathe::runtime::valid_epilogue(epilogue)) {
    return lathe_fail(execution, LATHE_INVALID_ARGUMENT, "lathe_gemm_f32: invalid epilogue", nullptr, 0);
  }
  lathe::runtime::Contraction problem;
  problem.rows = shape->m;
  problem.x_extent = shape->m;
  problem.a_strides = {.x = shape->a_row_stride};
  problem.c_strides = {.x = shape->c_row_stride};
  problem.residual_strides = {.x = shape->residual_row_stride};
  if (shape->b_batch_stride == 0) {
    // All batches share B: their rows are rows of one product.
    problem.rows = shape->batch * shape->m;
    problem.a_strides.z = shape->a_batch_stride;
    problem.c_strides.z = shape->c_batch_stride;
    problem.residual_strides.z = shape->residual_batch_stride;
  } else {
    problem.groups = shape->batch;
    problem.a_group_stride = shape->a_batch_stride;
    problem.b_group_stride = shape->b_batch_stride;
    problem.c_group_stride = shape->c_batch_stride;
    problem.residual_group_stride = shape->residual_batch_stride;
    problem.row_group_stride = shape->m;
  }
  problem.columns = shape->n;
  problem.k_runs.length = shape->k;
  problem.a = a;
  problem.packed_b = packed_b;
  problem.c = c;
  problem.residual = residual;
  problem.epilogue = epilogue != nullptr ? epilogue : &lathe::runtime::kNoEpilogue;
  return lathe_internal_run_contraction(execution, &problem);
}
