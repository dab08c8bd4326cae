// Shared libraries: calls the machine's linker on a model's object and the runtime members that it reaches.
//
// The linker is a program of the machine (ld.lld, or GNU ld): an ELF linker as a library would bring every back end of
// LLVM with it. The result exports the model's entries only, needs libc and libm at most, and is position independent.
#pragma once

#include <string>
#include <vector>

#include "compiler/codegen/archives.h"
#include "compiler/codegen/target_cpus.h"
#include "ir/base/diagnostic.h"

namespace lathe {

struct LinkOptions {
  std::string linker;                 ///< a name or path; empty for the first that is found
  std::string soname;                 ///< "libmlp.so"
  std::vector<std::string> exported;  ///< symbols; all others are local
};

/// The bytes of a shared library. LT0005 when no linker is found or it fails, with its first messages.
[[nodiscard]] Result<std::string> link_shared(const std::vector<codegen::ArchiveMember>& objects,
                                              const codegen::Triple& triple, const LinkOptions& options,
                                              Diagnostics& diagnostics);

}  // namespace lathe
