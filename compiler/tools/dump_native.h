// Native code as text, for `lathe dump --stage=llvm|asm`. Two implementations: with LLVM, and without.
#pragma once

#include <string>

#include "ir/base/diagnostic.h"
#include "ir/kernel/program.h"

namespace lathe::tools {

enum class NativeText : uint8_t { Llvm, Assembly };

/// LT0901 in a build without LLVM.
[[nodiscard]] Result<std::string> native_text(const kernel::Program& program, NativeText kind,
                                              Diagnostics& diagnostics);

}  // namespace lathe::tools
