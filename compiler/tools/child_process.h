// A piece of work in a process of its own, which may crash, hang or eat memory without harm.
//
// The child is a fork of this process, so the work needs no serialising; only its answer, a text, comes back through a
// pipe. The caller must have no other threads. Used by `verify`.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace lathe::tools {

struct ChildLimits {
  double seconds = 60;
  uint64_t bytes = uint64_t{4} << 30;
};

/// What became of a child.
struct ChildResult {
  bool finished = false;  ///< it wrote its answer and ended by itself
  std::string text;       ///< its answer, or how it died: "ended by signal 11", "took longer than 60 s"
};

class ChildProcess {
 public:
  /// Starts `work` in a child. A child that can't be started has died at once.
  ChildProcess(const std::function<std::string()>& work, ChildLimits limits);
  ChildProcess(ChildProcess&& other) noexcept;
  ChildProcess& operator=(ChildProcess&&) = delete;
  ~ChildProcess();

  /// Takes what the child has written; true when it is over. Ends one that takes too long.
  bool poll();
  /// What to wait for between polls; -1 when it is over.
  [[nodiscard]] int descriptor() const { return descriptor_; }
  [[nodiscard]] const ChildResult& result() const { return result_; }

 private:
  void reap(std::string_view fate);

  pid_t process_ = -1;
  int descriptor_ = -1;
  ChildLimits limits_;
  std::chrono::steady_clock::time_point start_;
  ChildResult result_;
};

}  // namespace lathe::tools
