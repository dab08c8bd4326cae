/* Uses the runtime from C: ends with 0 when the linked one is that of the headers. */
#include "lathe/runtime.h"
#include "lathe/model.h"

int main(void) {
  lathe_thread_pool* pool = NULL;
  if (lathe_thread_pool_create(2, &pool) != LATHE_OK) return 1;
  lathe_thread_pool_destroy(pool);
  return lathe_runtime_version() == LATHE_RUNTIME_VERSION ? 0 : 2;
}
