// The files of the page, as embed_page.cmake puts them into the program.
#pragma once

#include <string_view>

namespace lathe::report {

/// The page with its style and program in place, up to where its data stands, and from there on.
struct PageFiles {
  std::string_view before_data;
  std::string_view after_data;
};
[[nodiscard]] PageFiles page_files();

}  // namespace lathe::report
