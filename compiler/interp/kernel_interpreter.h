// The interpreter of kernel IR: slow, obvious, and the definition of what a kernel or a program computes.
//
// Every access is checked against its buffer's extent, every read against what was written before; a violation is a
// defect of whoever made the kernel and is reported as LT0999 with the statement. Operations are evaluated by
// ir/scalar. Calls of the runtime go to the real functions, on one thread, and what they write counts as written.
// Used by `--backend=kernel-interp`, by tests of lowering and emitters, and by reproducers.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <vector>

#include "ir/base/diagnostic.h"
#include "ir/kernel/program.h"
#include "lathe/runtime.h"

namespace lathe::interp {

/// Which bytes of known regions of memory have been written. Memory outside of all regions counts as written.
class WrittenBytes {
 public:
  enum class Initially : uint8_t { Unwritten, Written };

  void add(const void* begin, size_t bytes, Initially initially);
  void remove(const void* begin) { regions_.erase(address(begin)); }
  void mark(const void* begin, size_t bytes, Initially state = Initially::Written);
  [[nodiscard]] bool all_written(const void* begin, size_t bytes) const;

 private:
  static uintptr_t address(const void* pointer) { return reinterpret_cast<uintptr_t>(pointer); }
  std::map<uintptr_t, std::vector<bool>> regions_;
};

/// Runs one kernel. `buffers` has a pointer for each parameter, `sizes` a value for each size. Gives LATHE_OK, or
/// LATHE_INVALID_VALUE when a checked index was out of its bounds; fails on a violation.
[[nodiscard]] Result<lathe_status> run_kernel(const kernel::Kernel& kernel, std::span<void* const> buffers,
                                              std::span<const int64_t> sizes, WrittenBytes& written,
                                              Diagnostics& diagnostics);

/// What a program runs on; see compiler/codegen/entry.h.
struct ProgramMemory {
  std::span<const void* const> inputs;
  std::span<void* const> outputs;
  std::span<const int64_t> symbols;
};

/// Runs a program with an arena of its own. The status is what the compiled program would return; its message is
/// written to `execution`, which may be null and whose threads are not used.
[[nodiscard]] Result<lathe_status> run_program(const kernel::Program& program, const ProgramMemory& memory,
                                               const lathe_execution* execution, Diagnostics& diagnostics);

}  // namespace lathe::interp
