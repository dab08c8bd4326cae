// Archives (`.a`) and the runtime in them: a model's object with just those members of the runtime that it reaches.
//
// The runtime for this machine is part of the compiler's own program, so that an archive or a shared library can be
// made where nothing but the compiler is installed; for other machines its archive is read from a file. Implemented by
// llvm_archive.cpp and runtime_archive.cpp.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ir/base/diagnostic.h"

namespace lathe::codegen {

/// liblathe_runtime.a as it was built with this compiler.
[[nodiscard]] std::string_view runtime_archive();

struct ArchiveMember {
  std::string name;
  std::string bytes;
};

/// The members of `archive` that `object` reaches by its undefined symbols, directly or through each other, and those
/// that define `symbols`. LT0001 when the archive can't be read; `archive_name` is for messages.
[[nodiscard]] Result<std::vector<ArchiveMember>> needed_members(std::string_view object,
                                                                std::span<const std::string> symbols,
                                                                std::string_view archive, std::string_view archive_name,
                                                                Diagnostics& diagnostics);

/// An archive with a table of symbols; equal members give equal bytes.
[[nodiscard]] Result<std::string> make_archive(const std::vector<ArchiveMember>& members, Diagnostics& diagnostics);

}  // namespace lathe::codegen
