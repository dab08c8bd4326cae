// The table of what PyTorch source may use, as text for `lathe ops --pytorch` and as the page docs/pytorch-support.md.
#pragma once

#include <string>
#include <string_view>

namespace lathe::tools {

/// A line for each name that contains `part`: `torch.nn.Linear(in_features, out_features, bias=True)`.
[[nodiscard]] std::string support_lines(std::string_view part);
[[nodiscard]] std::string support_markdown();

}  // namespace lathe::tools
