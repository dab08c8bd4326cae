// The memory plan of a program as a table, for `lathe dump --stage=plan`.
#pragma once

#include <string>

#include "ir/kernel/program.h"

namespace lathe::tools {

/// One line for every storage in the arena: offset, bytes, the steps from the first to the last that touches it, its
/// name; then the steps with their numbers.
[[nodiscard]] std::string memory_table(const kernel::Program& program);

}  // namespace lathe::tools
