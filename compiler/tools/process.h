// What the `lathe` process does about the ways a process can die: signals, memory without bound, broken invariants.
//
// Every way ends with one of the statuses of the command line contract and a sentence on standard error. Only main.cpp
// installs this, so that tests run commands without it; `verify` uses the limits in its child processes.
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace lathe::tools {

/// Handles SIGSEGV and its like (status 70, or 4 for a file that shrank while it was read), ignores SIGPIPE, and makes
/// a failed LATHE_CHECK write a reproducer with `arguments`.
void guard_process(std::span<const std::string> arguments);

/// Makes allocations fail, rather than the machine swap, beyond the memory that is available now.
void limit_memory();
/// The same beyond `bytes`.
void limit_memory(uint64_t bytes);

}  // namespace lathe::tools
