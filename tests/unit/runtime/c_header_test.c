/* Both headers compile as C11, and a C host can fill their structs. */
#include "lathe/kernels.h"
#include "lathe/runtime.h"

int lathe_c_host_example(void);

int lathe_c_host_example(void) {
  lathe_execution execution = LATHE_EXECUTION_INIT;
  const lathe_gemm_f32_shape shape = {.struct_size = sizeof(lathe_gemm_f32_shape), .batch = 1};
  const lathe_epilogue_f32 epilogue = {.struct_size = sizeof(lathe_epilogue_f32), .activation = LATHE_ACTIVATION_RELU};
  lathe_execution_use_pool(&execution, 0);
  return lathe_gemm_f32(&execution, &shape, 0, 0, 0, 0, &epilogue);
}
