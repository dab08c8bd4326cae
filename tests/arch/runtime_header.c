/* Compiles the public C headers as strict C11: they may not need C++ or an extension. */
#include "lathe/kernels.h"
#include "lathe/model.h"
#include "lathe/runtime.h"

int lathe_runtime_header_is_c11(void);
int lathe_runtime_header_is_c11(void) { return 0; }
