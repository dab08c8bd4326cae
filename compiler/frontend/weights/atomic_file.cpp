// Temporary file and rename, with POSIX calls.
#include "compiler/frontend/weights/atomic_file.h"

#include <fcntl.h>
#include <unistd.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <system_error>
#include <utility>

namespace lathe::weights {
namespace {

std::string system_message() { return std::generic_category().message(errno); }

/// True for what a rename would replace by a plain file: devices, pipes, folders.
bool is_special(const std::string& path) {
  struct stat status{};
  return stat(path.c_str(), &status) == 0 && !S_ISREG(status.st_mode);
}

}  // namespace

AtomicFile::AtomicFile(std::string path) : path_(std::move(path)) {
  if (is_special(path_)) {
    descriptor_ = ::open(path_.c_str(), O_WRONLY | O_CLOEXEC);
  } else {
    temporary_ = path_ + ".XXXXXX";
    descriptor_ = mkostemp(temporary_.data(), O_CLOEXEC);
    if (descriptor_ < 0) temporary_.clear();
  }
  if (descriptor_ < 0) fault_ = system_message();
}

AtomicFile::~AtomicFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

void AtomicFile::write(std::string_view bytes) {
  while (fault_.empty() && !bytes.empty()) {
    const ssize_t written = ::write(descriptor_, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) {
      fault_ = system_message();
    } else {
      bytes.remove_prefix(static_cast<size_t>(written));
    }
  }
}

bool AtomicFile::is_sound(std::string& why) const {
  why = fault_;
  return fault_.empty();
}

bool AtomicFile::commit(std::string& why) {
  if (fault_.empty() && !temporary_.empty()) {
    // mkostemp makes private files; a result is as readable as the user's mask allows.
    const mode_t mask = umask(0);
    umask(mask);
    const bool placed = fchmod(descriptor_, 0666 & ~mask) == 0 && std::rename(temporary_.c_str(), path_.c_str()) == 0;
    if (!placed) fault_ = system_message();
    if (placed) temporary_.clear();
  }
  if (descriptor_ >= 0 && ::close(descriptor_) != 0 && fault_.empty()) fault_ = system_message();
  descriptor_ = -1;
  why = fault_;
  return fault_.empty();
}

}  // namespace lathe::weights
