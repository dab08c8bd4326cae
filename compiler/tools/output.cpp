// Writing to descriptors, with the faults that a user should hear of.
#include "compiler/tools/output.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace lathe::tools {

void OutputStream::write(std::string_view text) {
  constexpr size_t kFlushAt = 1 << 16;
  buffer_ += text;
  if (descriptor_ >= 0 && buffer_.size() >= kFlushAt) flush();
}

void OutputStream::flush() {
  if (descriptor_ < 0) return;
  std::string_view rest = buffer_;
  while (!rest.empty() && !closed_) {
    const ssize_t written = ::write(descriptor_, rest.data(), rest.size());
    if (written >= 0) {
      rest.remove_prefix(static_cast<size_t>(written));
    } else if (errno != EINTR) {
      if (errno != EPIPE && fault_.empty()) fault_ = std::strerror(errno);
      closed_ = true;
    }
  }
  buffer_.clear();
}

bool OutputStream::is_terminal() const { return descriptor_ >= 0 && ::isatty(descriptor_) == 1; }

}  // namespace lathe::tools
