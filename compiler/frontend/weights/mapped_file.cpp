// Memory mapping with POSIX calls; confinement by openat2(RESOLVE_BENEATH), or by resolved paths where the kernel or
// a sandbox does not have that call.
#include "compiler/frontend/weights/mapped_file.h"

#include <fcntl.h>
#include <unistd.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>

#if defined(__linux__)
#include <linux/openat2.h>
#include <sys/syscall.h>
#endif

namespace lathe::weights {
namespace {

constexpr int kOpenFlags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;

std::string system_message(int error) { return std::generic_category().message(error); }

/// Opens beneath a folder with the kernel's own confinement. -1 with errno; ENOSYS when there is no such call.
int open_confined(int folder, const std::string& relative) {
#if defined(__linux__) && defined(SYS_openat2)
  open_how how{};
  how.flags = static_cast<decltype(how.flags)>(kOpenFlags);
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  return static_cast<int>(syscall(SYS_openat2, folder, relative.c_str(), &how, sizeof how));
#else
  (void)folder;
  (void)relative;
  errno = ENOSYS;
  return -1;
#endif
}

/// The same by comparing resolved paths.
int open_resolved(const std::string& folder, const std::string& relative, bool& outside) {
  std::error_code error;
  const std::filesystem::path root = std::filesystem::canonical(folder, error);
  const std::filesystem::path target = error ? root : std::filesystem::canonical(root / relative, error);
  if (error) {
    errno = error.value();
    return -1;
  }
  const std::filesystem::path inside = target.lexically_relative(root);
  if (inside.empty() || *inside.begin() == "..") {
    outside = true;
    return -1;
  }
  return ::open(target.c_str(), kOpenFlags | O_NOFOLLOW);
}

bool leaves_folder(const std::filesystem::path& path) {
  for (const std::filesystem::path& part : path) {
    if (part == "..") return true;
  }
  return false;
}

}  // namespace

MappedFile::MappedFile(MappedFile&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}

MappedFile::~MappedFile() {
  if (data_ != nullptr) munmap(const_cast<std::byte*>(data_), size_);
}

std::optional<MappedFile> MappedFile::map_descriptor(int descriptor, std::string& why) {
  struct stat status{};
  MappedFile file;
  if (fstat(descriptor, &status) != 0) {
    why = system_message(errno);
  } else if (!S_ISREG(status.st_mode)) {
    why = S_ISDIR(status.st_mode) ? "it is a folder" : "it is not a regular file";
  } else if (status.st_size > 0) {
    const size_t size = static_cast<size_t>(status.st_size);
    void* memory = mmap(nullptr, size, PROT_READ, MAP_PRIVATE, descriptor, 0);
    if (memory == MAP_FAILED) {
      why = system_message(errno);
    } else {
      file.data_ = static_cast<const std::byte*>(memory);
      file.size_ = size;
    }
  }
  ::close(descriptor);
  if (!why.empty()) return std::nullopt;
  return file;
}

std::optional<MappedFile> MappedFile::open(const std::string& path, std::string& why) {
  why.clear();
  const int descriptor = ::open(path.c_str(), kOpenFlags);
  if (descriptor < 0) {
    why = system_message(errno);
    return std::nullopt;
  }
  return map_descriptor(descriptor, why);
}

std::optional<MappedFile> MappedFile::open_beneath(const std::string& folder, const std::string& relative,
                                                   std::string& why) {
  why.clear();
  if (relative.empty()) {
    why = "the path is empty";
  } else if (relative.find('\0') != std::string::npos) {
    why = "the path holds a zero byte";
  } else if (std::filesystem::path(relative).is_absolute()) {
    why = "the path is absolute";
  } else if (leaves_folder(relative)) {
    why = "the path leads outside of the folder";
  }
  if (!why.empty()) return std::nullopt;

  const int folder_descriptor = ::open(folder.c_str(), O_RDONLY | O_CLOEXEC | O_DIRECTORY);
  if (folder_descriptor < 0) {
    why = system_message(errno);
    return std::nullopt;
  }
  bool outside = false;
  int descriptor = open_confined(folder_descriptor, relative);
  int error = errno;
  if (descriptor < 0 && (error == ENOSYS || error == EPERM)) {
    descriptor = open_resolved(folder, relative, outside);
    error = errno;
  } else if (descriptor < 0 && error == EXDEV) {
    outside = true;
  }
  ::close(folder_descriptor);
  if (outside) {
    why = "a symbolic link leads outside of the folder";
    return std::nullopt;
  }
  if (descriptor < 0) {
    why = system_message(error);
    return std::nullopt;
  }
  return map_descriptor(descriptor, why);
}

std::string folder_of(const std::string& path) {
  const std::string folder = std::filesystem::path(path).parent_path().string();
  return folder.empty() ? "." : folder;
}

}  // namespace lathe::weights
