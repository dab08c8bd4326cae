// Names and writing of arrays.
#include "compiler/tools/array_files.h"

#include <fmt/format.h>

#include <filesystem>
#include <set>

#include "compiler/frontend/weights/npy.h"
#include "compiler/tools/input_values.h"
#include "ir/base/display.h"

namespace lathe::tools {

std::string file_name(std::string_view name) {
  constexpr size_t kLongest = 200;
  std::string result;
  for (const char c : name.substr(0, kLongest)) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       std::string_view("._-").find(c) != std::string_view::npos;
    result += plain ? c : '_';
  }
  // `.` and `..` would name folders.
  return result.find_first_not_of('.') == std::string::npos ? result + "_" : result;
}

Result<std::vector<std::string>> write_arrays(const std::string& folder, std::span<const ArrayFile> files,
                                              Diagnostics& diagnostics) {
  std::error_code fault;
  const bool is_new = std::filesystem::create_directories(folder, fault);
  if (fault) {
    return diagnostics
        .report(DiagnosticKind::FileNotWritable, {}, "the folder {} can't be made: {}", quoted_name(folder),
                fault.message())
        .emit();
  }
  std::vector<std::string> written;
  std::set<std::string> names;
  Status status;
  for (size_t i = 0; i < files.size() && status.ok(); ++i) {
    std::string name = file_name(files[i].name);
    if (!names.insert(name).second) name = fmt::format("{}.{}", name, i);
    const std::string path = (std::filesystem::path(folder) / (name + ".npy")).string();
    const ConstantData data = borrow(*files[i].tensor);
    status = weights::write_npy(path, data.type, data.bytes, data.strings, diagnostics);
    if (status.ok()) written.push_back(path);
  }
  if (status.ok()) return written;
  for (const std::string& path : written) std::filesystem::remove(path, fault);
  if (is_new) std::filesystem::remove(folder, fault);
  return Failure{};
}

}  // namespace lathe::tools
