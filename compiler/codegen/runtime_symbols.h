// The C functions that generated code may call, by name: what the JIT resolves and the kernel interpreter calls.
//
// One row for each function of lathe/kernels.h that steps of a program use, and the functions of the C library behind
// operations that are not expanded (fmod, and the elementary functions in f64).
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace lathe::codegen {

/// A function of the runtime.
struct RuntimeSymbol {
  std::string_view name;
  void* address;
  /// Calls it. Pointers and integers are given as 64 bits, floats as the bits of the float; the result as 64 bits, 0
  /// for functions without one.
  int64_t (*invoke)(std::span<const uint64_t> arguments);
  size_t argument_count;
  /// Bit i is set when the function writes what argument i points to.
  uint32_t written_arguments;
};

[[nodiscard]] std::span<const RuntimeSymbol> runtime_symbols();
/// Null when there is none.
[[nodiscard]] const RuntimeSymbol* find_runtime_symbol(std::string_view name);

/// A function of the C library; its type is known to the emitter.
struct LibrarySymbol {
  std::string_view name;
  void* address;
};
[[nodiscard]] std::span<const LibrarySymbol> library_symbols();

}  // namespace lathe::codegen
