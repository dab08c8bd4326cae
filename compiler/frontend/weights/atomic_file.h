// A file that appears complete or not at all.
//
// Writes go to a temporary file in the same folder; commit() moves it to its name, and without a commit nothing is left
// behind. Existing devices and pipes (`/dev/stdout`) are written directly, as they can't be replaced. Used by whatever
// writes results: arrays, and later artefacts.
#pragma once

#include <string>
#include <string_view>

namespace lathe::weights {

class AtomicFile {
 public:
  explicit AtomicFile(std::string path);
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;
  ~AtomicFile();

  /// Faults are kept for commit().
  void write(std::string_view bytes);
  /// Whether everything could be written so far; else the cause of the first fault.
  [[nodiscard]] bool is_sound(std::string& why) const;
  /// Puts the file in its place; false with the cause of the first fault.
  [[nodiscard]] bool commit(std::string& why);

 private:
  std::string path_;
  std::string temporary_;  ///< empty when the file is written directly
  std::string fault_;
  int descriptor_ = -1;
};

}  // namespace lathe::weights
