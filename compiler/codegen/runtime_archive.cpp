// The runtime's archive as bytes of the program. LATHE_RUNTIME_ARCHIVE is its path when this file is compiled.
#include "compiler/codegen/archives.h"

asm(".section .rodata.lathe_runtime_archive,\"a\",@progbits\n"
    ".balign 16\n"
    ".globl lathe_runtime_archive_begin\n"
    ".hidden lathe_runtime_archive_begin\n"
    "lathe_runtime_archive_begin:\n"
    ".incbin \"" LATHE_RUNTIME_ARCHIVE
    "\"\n"
    ".globl lathe_runtime_archive_end\n"
    ".hidden lathe_runtime_archive_end\n"
    "lathe_runtime_archive_end:\n"
    ".byte 0\n"
    ".previous\n");

extern const char kArchiveBegin[] __asm__("lathe_runtime_archive_begin");
extern const char kArchiveEnd[] __asm__("lathe_runtime_archive_end");

namespace lathe::codegen {

std::string_view runtime_archive() { return {kArchiveBegin, static_cast<size_t>(kArchiveEnd - kArchiveBegin)}; }

}  // namespace lathe::codegen
