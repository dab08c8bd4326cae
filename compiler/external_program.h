// Programs of the machine that the compiler calls: linkers and C++ compilers; and the private folder they work in.
//
// No shell is involved: arguments arrive as they are given. Used by artefacts (linking) and by the back ends that run
// what they wrote.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ir/base/diagnostic.h"

namespace lathe {

/// The path of a program: a name without `/` is looked for in PATH. Empty when there is none that can be run.
[[nodiscard]] std::string find_program(std::string_view name);
/// The first of several names that is there.
[[nodiscard]] std::string find_program(std::span<const std::string_view> names);

struct ProgramResult {
  int status = 0;        ///< its exit status; 128 + the number of the signal that ended it; -1 when it did not start
  std::string messages;  ///< what it wrote to standard output and standard error, the first 64 KiB
};

/// Runs a program to its end, without standard input. `arguments` come after the program's name.
[[nodiscard]] ProgramResult run_program(const std::string& path, std::span<const std::string> arguments);

/// A folder that nobody else can read, removed with all that is in it at the end of its life.
class PrivateFolder {
 public:
  /// In TMPDIR, else in /tmp; LT0002 when there is no place.
  [[nodiscard]] static Result<PrivateFolder> make(Diagnostics& diagnostics);
  PrivateFolder(PrivateFolder&& other) noexcept;
  PrivateFolder& operator=(PrivateFolder&& other) noexcept;
  ~PrivateFolder();

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::string file(std::string_view name) const;
  /// Writes a file in it; LT0002 names the file and the cause.
  [[nodiscard]] Status write(std::string_view name, std::string_view bytes, Diagnostics& diagnostics) const;

 private:
  explicit PrivateFolder(std::string path) : path_(std::move(path)) {}
  std::string path_;
};

}  // namespace lathe
