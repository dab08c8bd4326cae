/* Compiles the public C header as strict C11: the header may not need C++ or an extension. */
#include "lathe/runtime.h"

int lathe_runtime_header_is_c11(void);
int lathe_runtime_header_is_c11(void) { return 0; }
