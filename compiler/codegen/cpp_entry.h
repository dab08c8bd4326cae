// The C interface of a program in C++: tables of lathe/model.h, the function of sizes, the two entries, constants.
// Called by cpp_source.cpp.
#pragma once

#include <string>
#include <string_view>

#include "compiler/codegen/interface.h"
#include "ir/kernel/program.h"

namespace lathe::codegen {

/// Definitions for the end of a source; `variants` are rows of lathe_variant, and `variant_count` their number in C++.
[[nodiscard]] std::string cpp_entries(const kernel::Program& program, const Interface& interface,
                                      std::string_view variants);

/// PREFIX_constants.cpp; empty when nothing is embedded.
[[nodiscard]] std::string cpp_constants(const kernel::Program& program, const Interface& interface);

}  // namespace lathe::codegen
