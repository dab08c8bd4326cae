// The name that a misspelt one was probably meant to be, for notes in diagnostics.
#pragma once

#include <span>
#include <string_view>

namespace lathe {

/// The candidate that is at most two insertions, deletions or substitutions away; empty when there is none.
[[nodiscard]] std::string_view closest_name(std::string_view name, std::span<const std::string_view> candidates);

}  // namespace lathe
