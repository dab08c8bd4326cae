// The pages of docs/diagnostics inside the program. The table is made by embed_pages.cmake when Lathe is built.
#pragma once

#include <span>
#include <string_view>

namespace lathe::tools {

struct DiagnosticPage {
  std::string_view code;
  std::string_view text;  ///< Markdown, as in docs/diagnostics/CODE.md
};

[[nodiscard]] std::span<const DiagnosticPage> diagnostic_pages();
/// The page of `LT0203`; empty when there is none.
[[nodiscard]] std::string_view diagnostic_page(std::string_view code);

}  // namespace lathe::tools
