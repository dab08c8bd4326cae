// Packing of computed GEMM operands, one task for each matrix.
#include "lathe/kernels.h"

namespace {

struct Batch {
  const float* b;
  int64_t k;
  int64_t n;
  int64_t batch_stride;
  int64_t row_stride;
  int64_t column_stride;
  float* packed;
};

void pack_range(void* state, int64_t begin, int64_t end) {
  const Batch& batch = *static_cast<const Batch*>(state);
  const int64_t floats = lathe_packed_gemm_b_floats(batch.k, batch.n);
  for (int64_t p = begin; p < end; ++p) {
    lathe_pack_gemm_b_f32(batch.b + p * batch.batch_stride, batch.k, batch.n, batch.row_stride, batch.column_stride,
                          batch.packed + p * floats);
  }
}

}  // namespace

void lathe_pack_gemm_b_batch_f32(const lathe_execution* execution, const float* b, int64_t batch, int64_t k, int64_t n,
                                 int64_t batch_stride, int64_t row_stride, int64_t column_stride, float* packed) {
  Batch state{b, k, n, batch_stride, row_stride, column_stride, packed};
  lathe_parallel_for(execution, batch, 1, pack_range, &state);
}
