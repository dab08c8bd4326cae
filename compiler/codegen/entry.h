// The C signature of a compiled program. The JIT returns it; ahead-of-time objects export it under the program's name.
#pragma once

#include <cstdint>

#include "lathe/runtime.h"

namespace lathe::codegen {

/// Runs a program once. `inputs`, `outputs` and `data` have one pointer for each of the program's inputs, outputs and
/// data rows; elements are dense. Data is aligned as its row says, `arena` to 64 bytes and of the size that the
/// program's arena_bytes gives for `symbols`, which holds one value for each row of the program's symbol table (those
/// bound by calls are ignored). `execution` may be null. Inputs and outputs must not overlap. Any number of threads may
/// run one program at once, each with its own arena and outputs.
using ProgramEntry = lathe_status (*)(const lathe_execution* execution, const void* const* inputs, void* const* outputs,
                                      const void* const* data, void* arena, const int64_t* symbols);

}  // namespace lathe::codegen
