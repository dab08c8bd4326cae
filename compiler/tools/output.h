// The two streams of a command: standard output and standard error, or memory in tests.
//
// Text is kept until flush(), so that a command that fails early prints nothing by half. Lost bytes are remembered: a
// full disk makes the command fail, a reader that went away (a closed pipe) does not. Every command writes through a
// Session (session.h), which holds both.
#pragma once

#include <string>
#include <string_view>

namespace lathe::tools {

class OutputStream {
 public:
  /// Collects the text in memory.
  OutputStream() = default;
  /// Writes to a file descriptor, which stays open.
  explicit OutputStream(int descriptor) : descriptor_(descriptor) {}
  OutputStream(const OutputStream&) = delete;
  OutputStream& operator=(const OutputStream&) = delete;
  ~OutputStream() { flush(); }

  void write(std::string_view text);
  /// Hands everything on to the descriptor.
  void flush();
  /// Why bytes were lost ("no space left on device"); empty while none were. A closed pipe is no fault.
  [[nodiscard]] const std::string& fault() const { return fault_; }
  [[nodiscard]] bool is_terminal() const;
  /// What was collected in memory.
  [[nodiscard]] const std::string& text() const { return buffer_; }

 private:
  int descriptor_ = -1;
  std::string buffer_;
  std::string fault_;
  bool closed_ = false;
};

}  // namespace lathe::tools
