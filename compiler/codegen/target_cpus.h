// The machines that artefacts can be made for: architectures with their triples, and levels of CPUs with what code for
// them may use.
//
// A level is a set of instructions that the runtime can test for when a model is loaded; generated code keeps to
// exactly that set, whatever CPU it is tuned for, so that it never meets an instruction that the machine lacks. No LLVM
// here; which other CPU names exist is LLVM's knowledge (llvm_engine.h).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lathe::codegen {

// NOLINTNEXTLINE(readability-identifier-naming): the architecture is called so.
enum class Architecture : uint8_t { X86_64, Aarch64 };

/// A level of CPUs of one architecture.
struct CpuLevel {
  std::string_view name;  ///< "x86-64-v3"
  Architecture architecture;
  std::string_view isa;       ///< the target of the runtime that implies it: "AVX2"
  std::string_view features;  ///< in LLVM's terms: "+avx,+avx2"
  uint32_t vector_bits;
  bool has_fma;
  bool has_f16_conversion;
};

/// All levels, the best of each architecture first.
[[nodiscard]] std::span<const CpuLevel> cpu_levels();
/// Null when there is none.
[[nodiscard]] const CpuLevel* find_cpu_level(Architecture architecture, std::string_view name);

struct Triple {
  std::string_view name;  ///< as GCC's cross compilers are called: "aarch64-linux-gnu"
  std::string_view llvm;  ///< "aarch64-unknown-linux-gnu"
  Architecture architecture;
};
[[nodiscard]] std::span<const Triple> triples();
/// Takes the forms with and without vendor; "" is this machine. Null when it is not known.
[[nodiscard]] const Triple* find_triple(std::string_view text);

/// Names for messages: "x86-64-v4, x86-64-v3, x86-64-v2".
[[nodiscard]] std::string level_names(Architecture architecture);
[[nodiscard]] std::string triple_names();

}  // namespace lathe::codegen
