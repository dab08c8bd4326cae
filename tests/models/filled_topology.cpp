// Fills a topology into a file of its own and moves it into place.
#include "tests/models/filled_topology.h"

#include <unistd.h>

#include "tests/support/fill_weights.h"

namespace lathe::test {

std::optional<std::filesystem::path> filled_topology(const std::filesystem::path& models, const std::string& name,
                                                     const std::filesystem::path& folder, std::string& why) {
  const std::filesystem::path topology = models / "topologies" / (name + ".onnx");
  const std::filesystem::path filled = folder / (name + ".onnx");
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (std::filesystem::exists(filled, error) &&
      std::filesystem::last_write_time(filled, error) >= std::filesystem::last_write_time(topology, error)) {
    return filled;
  }
  const std::filesystem::path temporary = filled.string() + "." + std::to_string(::getpid());
  if (!fill_topology(topology.string(), temporary.string(), why)) return std::nullopt;
  std::filesystem::rename(temporary, filled, error);
  if (error) {
    why = error.message();
    return std::nullopt;
  }
  return filled;
}

}  // namespace lathe::test
