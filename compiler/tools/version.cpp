// The version and how this program was built.
#include "compiler/tools/version.h"

#include <fmt/format.h>

namespace lathe::tools {

std::string_view version_number() { return LATHE_VERSION; }

std::string version_text() {
#if defined(__clang__)
  const std::string compiler = fmt::format("clang {}.{}", __clang_major__, __clang_minor__);
#else
  const std::string compiler = fmt::format("gcc {}.{}", __GNUC__, __GNUC_MINOR__);
#endif
  return fmt::format("lathe {}\nbuilt with {}, back ends: {}\n", LATHE_VERSION, compiler, LATHE_BACKENDS);
}

}  // namespace lathe::tools
