// Read-only memory mapping of a file, and opening a file that must lie inside a folder.
//
// Model and weight files are mapped, not read: views into `bytes()` stay valid as long as the MappedFile lives, and
// nothing is copied. Only regular files are accepted, so that a pipe or a device cannot hang the reader. A file that
// another program shortens while it is mapped is outside of what can be defended. Used by the ONNX and weight readers.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace lathe::weights {

class MappedFile {
 public:
  /// Maps the whole file. Nothing on failure, with the cause in `why` ("no such file or directory").
  [[nodiscard]] static std::optional<MappedFile> open(const std::string& path, std::string& why);
  /// Maps `relative`, a path below `folder`. Refuses absolute paths, `..`, and symbolic links that lead outside.
  [[nodiscard]] static std::optional<MappedFile> open_beneath(const std::string& folder, const std::string& relative,
                                                              std::string& why);

  MappedFile() = default;
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;
  ~MappedFile();

  [[nodiscard]] std::span<const std::byte> bytes() const { return {data_, size_}; }
  [[nodiscard]] std::string_view text() const { return {reinterpret_cast<const char*>(data_), size_}; }

 private:
  [[nodiscard]] static std::optional<MappedFile> map_descriptor(int descriptor, std::string& why);

  const std::byte* data_ = nullptr;
  size_t size_ = 0;
};

/// The folder part of a path: "." when it has none.
[[nodiscard]] std::string folder_of(const std::string& path);

}  // namespace lathe::weights
