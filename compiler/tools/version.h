// The version of the program: for `lathe --version`, SARIF logs and reproducers.
#pragma once

#include <string>
#include <string_view>

namespace lathe::tools {

/// `0.1.0`
[[nodiscard]] std::string_view version_number();
/// What `lathe --version` prints: the version, what it was built with, and which back ends it has.
[[nodiscard]] std::string version_text();

}  // namespace lathe::tools
