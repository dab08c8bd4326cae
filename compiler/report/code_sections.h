// The code of each kernel and of each step, cut out of the text of a whole program.
//
// Emitters name the function of a kernel `kernel_ID_..` in C++ and `kernel.ID. ..` in assembly, and keep steps in their
// order; C++ parts steps by an empty line. What can't be told apart with certainty is left out. Works on text, so that
// emitters need not know of reports.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "ir/kernel/program.h"

namespace lathe::report {

struct CodeSections {
  std::vector<std::string> kernels;  ///< by kernel id; empty for kernels that have no code of their own
  std::vector<std::string> steps;    ///< by step; empty altogether when steps can't be told apart
};

[[nodiscard]] CodeSections cpp_sections(const kernel::Program& program, std::string_view text);
[[nodiscard]] CodeSections assembly_sections(const kernel::Program& program, std::string_view text);

}  // namespace lathe::report
