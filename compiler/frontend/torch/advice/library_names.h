// How a file of the program writes names of PyTorch's library: `nn.Flatten` after `import torch.nn as nn`.
#pragma once

#include <string>
#include <string_view>

#include "compiler/frontend/torch/advice/source_view.h"

namespace lathe::torch {

/// The name with which a file reaches `path`, such as "torch.nn.Flatten" or "torch.nn.functional.pad", through its
/// imports at the top level; the full path when it imports nothing that leads there.
[[nodiscard]] std::string library_name(const SourceView& source, FileId file, std::string_view path);
/// The path behind a name that a file imports: "torch.nn.functional.relu" for `F.relu`; empty when it imports none.
[[nodiscard]] std::string library_path(const SourceView& source, FileId file, std::string_view dotted);

}  // namespace lathe::torch
