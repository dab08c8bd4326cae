// Tensors written to a folder, one .npy file each: all of them or none.
//
// Used by `run -o` for outputs and by `trace -o` for the results of layers.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/compile.h"

namespace lathe::tools {

/// The name as a file may have it: characters outside of [A-Za-z0-9._-] become `_`.
[[nodiscard]] std::string file_name(std::string_view name);

struct ArrayFile {
  std::string name;  ///< without the extension; a name that is taken gets its position behind it
  const Tensor* tensor = nullptr;
};
/// Makes the folder and writes the files, whose paths it gives; after a failure none of them is left. LT0002.
[[nodiscard]] Result<std::vector<std::string>> write_arrays(const std::string& folder, std::span<const ArrayFile> files,
                                                            Diagnostics& diagnostics);

}  // namespace lathe::tools
