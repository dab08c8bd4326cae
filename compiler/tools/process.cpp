// Signals, limits, reproducers.
#include "compiler/tools/process.h"

#include <fcntl.h>
#include <unistd.h>
#include <sys/resource.h>

#include <array>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <limits>

#include <fmt/format.h>

#include "compiler/tools/version.h"
#include "ir/base/result.h"

namespace lathe::tools {
namespace {

constexpr int kInternalError = 70;
constexpr int kFailed = 4;

// Written before the handlers are installed, read by them: a handler may not allocate.
std::array<char, 2048> crash_report;

void write_all(int descriptor, const char* text, size_t size) {
  while (size > 0) {
    const ssize_t written = ::write(descriptor, text, size);
    if (written <= 0) return;
    text += written;
    size -= static_cast<size_t>(written);
  }
}

void say(const char* text) { write_all(STDERR_FILENO, text, std::strlen(text)); }

// Leaves a file with what was run and what went wrong. Async-signal-safe.
void write_reproducer(const char* cause) {
  std::array<char, 64> name{};
  constexpr char kPrefix[] = "lathe-reproducer-";
  size_t length = sizeof(kPrefix) - 1;
  std::memcpy(name.data(), kPrefix, length);
  std::array<char, 16> digits{};
  size_t count = 0;
  for (auto number = static_cast<unsigned>(::getpid()); number != 0 && count < digits.size(); number /= 10) {
    digits[count++] = static_cast<char>('0' + number % 10);
  }
  while (count > 0) name[length++] = digits[--count];
  std::memcpy(name.data() + length, ".txt", 5);
  const int file = ::open(name.data(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (file < 0) return;
  write_all(file, crash_report.data(), ::strnlen(crash_report.data(), crash_report.size()));
  write_all(file, cause, std::strlen(cause));
  write_all(file, "\n", 1);
  ::close(file);
  say("What was run is in ");
  say(name.data());
  say("; please report it together with the model.\n");
}

void on_signal(int signal) {
  if (signal == SIGBUS) {
    say("\nerror[LT0001]: a file became shorter while it was read, or its disk failed\n");
    ::_exit(kFailed);
  }
  const char* cause = signal == SIGSEGV   ? "invalid memory access"
                      : signal == SIGFPE  ? "arithmetic trap"
                      : signal == SIGILL  ? "illegal instruction"
                      : signal == SIGXCPU ? "out of processor time"
                                          : "aborted";
  say("\ninternal error[LT0999]: ");
  say(cause);
  say("\nThis is a defect in Lathe. ");
  write_reproducer(cause);
  ::_exit(kInternalError);
}

void on_broken_invariant(const char* condition, const char* file, int line) {
  const std::string cause = fmt::format("{}:{}: {}", file, line, condition);
  say(fmt::format("\ninternal error[LT0999]: {}\nThis is a defect in Lathe. ", cause).c_str());
  write_reproducer(cause.c_str());
  ::_exit(kInternalError);
}

#if defined(__SANITIZE_ADDRESS__)
#define LATHE_ADDRESS_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define LATHE_ADDRESS_SANITIZER 1
#endif
#endif

void handle_signals() {
#ifndef LATHE_ADDRESS_SANITIZER
  // A stack of its own, because an overflown stack is one of the causes.
  static std::array<char, 1 << 16> stack;
  stack_t alternative{};
  alternative.ss_sp = stack.data();
  alternative.ss_size = stack.size();
  ::sigaltstack(&alternative, nullptr);
  for (const int signal : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGXCPU}) {
    struct sigaction action{};
    action.sa_handler = on_signal;
    action.sa_flags = static_cast<int>(SA_ONSTACK | SA_RESETHAND);
    ::sigaction(signal, &action, nullptr);
  }
#endif
}

// A number from a file such as /proc/meminfo: the first one behind `key`, times `unit`. Nothing is the largest number.
uint64_t number_in(const char* path, const std::string& key, uint64_t unit) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with(key)) continue;
    const size_t digits = line.find_first_of("0123456789", key.size());
    if (digits == std::string::npos) break;
    return std::strtoull(line.c_str() + digits, nullptr, 10) * unit;
  }
  return std::numeric_limits<uint64_t>::max();
}

}  // namespace

void guard_process(std::span<const std::string> arguments) {
  std::string report = fmt::format("lathe {}\ncommand: lathe", version_number());
  for (const std::string& argument : arguments) report += fmt::format(" '{}'", argument);
  report += "\ncause: ";
  const size_t size = std::min(report.size(), crash_report.size() - 1);
  std::memcpy(crash_report.data(), report.data(), size);
  std::signal(SIGPIPE, SIG_IGN);
  set_internal_error_handler(on_broken_invariant);
  handle_signals();
}

void limit_memory() {
  const uint64_t available = number_in("/proc/meminfo", "MemAvailable:", 1024);
  const uint64_t control_group = number_in("/sys/fs/cgroup/memory.max", "", 1);
  limit_memory(std::min(available, control_group));
}

void limit_memory(uint64_t bytes) {
#ifndef LATHE_ADDRESS_SANITIZER
  if (bytes == std::numeric_limits<uint64_t>::max()) return;
  // Private writable memory only: a mapped model file may be larger than the machine's memory.
  rlimit limit{};
  if (::getrlimit(RLIMIT_DATA, &limit) != 0) return;
  limit.rlim_cur = std::min<rlim_t>(limit.rlim_max, bytes);
  ::setrlimit(RLIMIT_DATA, &limit);
#else
  static_cast<void>(bytes);
#endif
}

}  // namespace lathe::tools
