// Finding and running programs, private folders.
#include "compiler/external_program.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <unistd.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <utility>

extern char** environ;

namespace lathe {
namespace {

constexpr size_t kMostMessages = 65536;

bool can_run(const std::string& path) {
  struct stat facts{};
  return stat(path.c_str(), &facts) == 0 && S_ISREG(facts.st_mode) && access(path.c_str(), X_OK) == 0;
}

/// Reads until the other end is closed; what is beyond the limit is dropped.
std::string read_all(int descriptor) {
  std::string text;
  std::array<char, 4096> buffer{};
  while (true) {
    const ssize_t count = read(descriptor, buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return text;
    const size_t room = kMostMessages - std::min(kMostMessages, text.size());
    text.append(buffer.data(), std::min(static_cast<size_t>(count), room));
  }
}

int wait_for(pid_t process) {
  int status = 0;
  while (waitpid(process, &status, 0) < 0) {
    if (errno != EINTR) return -1;
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace

std::string find_program(std::string_view name) {
  if (name.find('/') != std::string_view::npos) return can_run(std::string(name)) ? std::string(name) : std::string();
  const char* variable = std::getenv("PATH");
  std::string_view rest = variable != nullptr ? variable : "";
  while (!rest.empty() && !name.empty()) {
    const size_t end = std::min(rest.find(':'), rest.size());
    const std::string path = fmt::format("{}/{}", end == 0 ? "." : rest.substr(0, end), name);
    if (can_run(path)) return path;
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return {};
}

std::string find_program(std::span<const std::string_view> names) {
  for (const std::string_view name : names) {
    if (std::string path = find_program(name); !path.empty()) return path;
  }
  return {};
}

ProgramResult run_program(const std::string& path, std::span<const std::string> arguments) {
  std::vector<std::string> words = {path};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);

  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) return {-1, std::strerror(errno)};
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, ends[1], STDERR_FILENO);
  pid_t process = -1;
  const int fault = posix_spawn(&process, path.c_str(), &actions, nullptr, pointers.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  close(ends[1]);
  ProgramResult result;
  if (fault == 0) {
    result.messages = read_all(ends[0]);
    result.status = wait_for(process);
  } else {
    result = {-1, std::strerror(fault)};
  }
  close(ends[0]);
  return result;
}

Result<PrivateFolder> PrivateFolder::make(Diagnostics& diagnostics) {
  const char* base = std::getenv("TMPDIR");
  std::string path = fmt::format("{}/lathe-XXXXXX", base != nullptr && *base != '\0' ? base : "/tmp");
  if (mkdtemp(path.data()) == nullptr) {
    return diagnostics
        .report(DiagnosticKind::FileNotWritable, {}, "can't make a temporary folder `{}`: {}", path,
                std::strerror(errno))
        .emit();
  }
  return PrivateFolder(std::move(path));
}

PrivateFolder::PrivateFolder(PrivateFolder&& other) noexcept : path_(std::exchange(other.path_, {})) {}
PrivateFolder& PrivateFolder::operator=(PrivateFolder&& other) noexcept {
  std::swap(path_, other.path_);
  return *this;
}
PrivateFolder::~PrivateFolder() {
  std::error_code ignored;
  if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
}

std::string PrivateFolder::file(std::string_view name) const { return fmt::format("{}/{}", path_, name); }

Status PrivateFolder::write(std::string_view name, std::string_view bytes, Diagnostics& diagnostics) const {
  const std::string path = file(name);
  std::ofstream stream(path, std::ios::binary);
  stream.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  stream.close();
  if (stream.good()) return {};
  return diagnostics
      .report(DiagnosticKind::FileNotWritable, {}, "`{}` can't be written: {}", path, std::strerror(errno))
      .emit();
}

}  // namespace lathe
