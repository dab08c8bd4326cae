// Topologies of the shared collection with their weights, filled once and kept in a build folder.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace lathe::test {

/// A filled copy of `models`/topologies/`name`.onnx in `folder`; nothing with the cause in `why`. Several processes may
/// ask for one model at once.
[[nodiscard]] std::optional<std::filesystem::path> filled_topology(const std::filesystem::path& models,
                                                                   const std::string& name,
                                                                   const std::filesystem::path& folder,
                                                                   std::string& why);

}  // namespace lathe::test
