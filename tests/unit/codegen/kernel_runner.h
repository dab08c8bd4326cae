// Running one kernel both in the interpreter and compiled, on the same random memory, and comparing every byte.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/codegen/llvm_engine.h"
#include "ir/kernel/text.h"

namespace lathe {

/// How the buffers of a run are filled.
enum class Fill : uint8_t {
  Small,    ///< numbers around 0 that arithmetic keeps finite; small whole numbers
  Special,  ///< also infinities, NaN, zeros of both signs, subnormals, the largest and smallest numbers
};

struct RunOptions {
  Fill fill = Fill::Small;
  uint64_t seed = 1;
  std::string target{};  ///< a target of the runtime; "" for the selected one
  int32_t threads = 1;   ///< above 1: every parallel loop runs in reverse order, in single steps
};

/// A program whose inputs and outputs are the kernel's parameters, in their order, and that has one symbol a size.
[[nodiscard]] kernel::Program program_of(const kernel::Kernel& kernel);

/// "" when both agree; else what differs. Floats that are NaN in both count as equal.
[[nodiscard]] std::string compare_kernel(const kernel::Kernel& kernel, const std::vector<int64_t>& sizes,
                                         const RunOptions& options = {});
/// The same for the entry of program_of(kernel), compiled by anybody. A `reference` stands for the interpreter: the
/// interpreter rounds an fma once, which targets without that instruction don't.
[[nodiscard]] std::string compare_entry(const kernel::Kernel& kernel, const std::vector<int64_t>& sizes,
                                        const RunOptions& options, codegen::ProgramEntry entry,
                                        codegen::ProgramEntry reference = nullptr);
/// The same for a kernel in text form.
[[nodiscard]] std::string compare_kernel(std::string_view text, const std::vector<int64_t>& sizes,
                                         const RunOptions& options = {});

}  // namespace lathe
