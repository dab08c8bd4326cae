// The LLVM back end: programs of kernel IR become machine code in this process, or text and objects for inspection.
//
// No LLVM header is included here, and no toolchain is needed on the machine. The code fits the CPU that is detected,
// cut down to the target that the runtime selected (LATHE_TARGET), so that generated code and runtime kernels agree on
// instruction set and FMA. Memory is never writable and executable at once. Absent in builds with -DLATHE_LLVM=OFF.
// Called by the compiler's JIT path, by artefacts, `lathe dump --stage=llvm|asm` and the tests.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "compiler/codegen/entry.h"
#include "compiler/codegen/interface.h"
#include "compiler/codegen/target_cpus.h"
#include "ir/base/diagnostic.h"
#include "ir/kernel/program.h"

namespace lathe::codegen {

/// The CPU that code is made for, in LLVM's terms.
struct CpuTarget {
  std::string name{};  ///< as artefacts call it: "x86-64-v3"; empty for the CPU of this process
  std::string isa{};   ///< the target of the runtime that implies its features: "AVX2"
  std::string triple;
  std::string cpu;       ///< for instruction scheduling only
  std::string features;  ///< `+avx2,+fma,-avx512f`: what may be used
  bool has_fma = false;
  bool has_f16_conversion = false;
  uint32_t vector_bits = 128;
};

/// The CPU of this process, restricted to the runtime's target `name`; "" asks the runtime for the selected one. Fails
/// with a diagnostic when LATHE_TARGET is wrong.
[[nodiscard]] Result<CpuTarget> host_target(const std::string& name, Diagnostics& diagnostics);

/// CPUs of another machine, or of this one, for code that runs later: levels of target_cpus.h, names that LLVM knows
/// ("znver4": the best level that it covers, tuned for it), or "native". Empty: all levels. Best first, each level
/// once. LT0004 lists the names when one is unknown.
[[nodiscard]] Result<std::vector<CpuTarget>> cpu_targets(const Triple& triple, std::span<const std::string> names,
                                                         Diagnostics& diagnostics);

struct EmitOptions {
  bool verify = false;  ///< run LLVM's verifier over what was emitted
};

enum class EmitKind : unsigned char { LlvmText, Bitcode, Assembly, Object };

/// The program as LLVM IR text, assembly text or an object file, which exports the entry as `name`.
[[nodiscard]] Result<std::string> emit_llvm(const kernel::Program& program, const CpuTarget& target, EmitKind kind,
                                            const EmitOptions& options, Diagnostics& diagnostics);

/// The program for each of the targets, with what the interface declares, in one module.
[[nodiscard]] Result<std::string> emit_llvm_artifact(const kernel::Program& program, const Interface& interface,
                                                     std::span<const CpuTarget> targets, EmitKind kind,
                                                     const EmitOptions& options, Diagnostics& diagnostics);

struct JitOptions {
  std::string target;   ///< a target of the runtime; "" for the selected one
  bool verify = false;  ///< run LLVM's verifier over what was emitted
  /// Threads that compile parts of a large program at the same time; 0 for one a CPU. The code does not depend on it
  /// but for its place in memory.
  uint32_t threads = 0;
};

/// Where the time of making a JitProgram went, in seconds.
struct JitTimes {
  double wall = 0;     ///< all of it
  double emit = 0;     ///< kernel IR to LLVM IR, of all parts together
  uint32_t parts = 1;  ///< modules that were compiled at the same time
};

/// A compiled program; its code lives as long as it does. Movable. entry() may be called from any thread.
class JitProgram {
 public:
  [[nodiscard]] static Result<JitProgram> compile(const kernel::Program& program, const JitOptions& options,
                                                  Diagnostics& diagnostics);
  JitProgram(JitProgram&&) noexcept;
  JitProgram& operator=(JitProgram&&) noexcept;
  ~JitProgram();

  [[nodiscard]] ProgramEntry entry() const;
  [[nodiscard]] const JitTimes& times() const;
  /// Bytes of machine code.
  [[nodiscard]] size_t code_bytes() const;

 private:
  struct State;
  explicit JitProgram(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace lathe::codegen
