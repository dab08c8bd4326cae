// Where tests find the shared test data: models, conformance suites, published goldens.
// The data lives beside the repository (`../shared`) and is not part of it. A test that needs it starts with
//   LATHE_REQUIRE_SHARED(folder, "models");
// which skips the test when the data is absent, and fails it when CI=true, so that a CI run cannot lose its coverage
// without being noticed. LATHE_SHARED names another place than `../shared`.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

#include "gtest/gtest.h"

namespace lathe::test {

// The folder of shared data, whether or not it exists.
[[nodiscard]] inline std::filesystem::path shared_root() {
  const char* chosen = std::getenv("LATHE_SHARED");
  return chosen != nullptr && *chosen != '\0' ? chosen : LATHE_SHARED_DEFAULT;
}

// The path of a file or folder of the shared data, or nothing when it is not there.
[[nodiscard]] inline std::optional<std::filesystem::path> find_shared(std::string_view relative) {
  std::filesystem::path path = shared_root() / relative;
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored)) return std::nullopt;
  return path;
}

// True in continuous integration, where absent data is a failure.
[[nodiscard]] inline bool in_ci() {
  const char* value = std::getenv("CI");
  return value != nullptr && std::string_view(value) == "true";
}

// The sentence a skipped or failed test says.
[[nodiscard]] inline std::string shared_missing(std::string_view relative) {
  return "needs shared test data `" + std::string(relative) + "`, which is not in " + shared_root().string() +
         " (set LATHE_SHARED to the folder that has it)";
}

}  // namespace lathe::test

// Declares `variable` as the path of shared data, or ends the test: skipped, or failed in CI.
#define LATHE_REQUIRE_SHARED(variable, relative)                                                      \
  if (!::lathe::test::find_shared(relative) && ::lathe::test::in_ci()) {                              \
    FAIL() << ::lathe::test::shared_missing(relative);                                                \
  }                                                                                                   \
  if (!::lathe::test::find_shared(relative)) GTEST_SKIP() << ::lathe::test::shared_missing(relative); \
  const std::filesystem::path variable = *::lathe::test::find_shared(relative)
