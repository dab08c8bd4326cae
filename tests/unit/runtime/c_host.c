/* A C11 host of the runtime, linked by the C compiler with nothing but the archive, libc and threads: what an artefact
 * that is compiled ahead of time may rely on. Ends with 0 when a product on a pool of two threads is right. */
#include <stdio.h>

#include "lathe/kernels.h"
#include "lathe/runtime.h"

int main(void) {
  char message[256] = "";
  lathe_execution execution = LATHE_EXECUTION_INIT;
  execution.message = message;
  execution.message_size = sizeof(message);
  lathe_thread_pool* pool = NULL;
  if (lathe_thread_pool_create(2, &pool) != LATHE_OK) return 1;
  lathe_execution_use_pool(&execution, pool);

  const float a[4] = {1, 2, 3, 4};
  const float b[4] = {5, 6, 7, 8};
  const float bias[2] = {-19, 1};
  float packed[2 * LATHE_PANEL];
  float c[4] = {0, 0, 0, 0};
  lathe_pack_gemm_b_f32(b, 2, 2, 2, 1, packed);
  const lathe_gemm_f32_shape shape = {.struct_size = sizeof(lathe_gemm_f32_shape),
                                      .batch = 1,
                                      .m = 2,
                                      .n = 2,
                                      .k = 2,
                                      .a_row_stride = 2,
                                      .c_row_stride = 2};
  const lathe_epilogue_f32 epilogue = {
      .struct_size = sizeof(lathe_epilogue_f32), .activation = LATHE_ACTIVATION_RELU, .bias = bias};
  const lathe_status status = lathe_gemm_f32(&execution, &shape, a, packed, c, NULL, &epilogue);
  lathe_thread_pool_destroy(pool);
  if (status != LATHE_OK) {
    fprintf(stderr, "%s: %s\n", lathe_status_name(status), lathe_execution_message(&execution));
    return 1;
  }
  /* 19 22; 43 50, plus the bias. */
  return c[0] == 0.0f && c[1] == 23.0f && c[2] == 24.0f && c[3] == 51.0f ? 0 : 2;
}
