// The parts of terminal rendering: colours, source snippets with carets, previews of fixes, aligned model places.
// Only render_text.cpp uses it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "ir/base/render.h"

namespace lathe::render {

enum class Style : uint8_t { Error, Warning, Remark, Unsupported, Gutter, Help, Strong };

/// Wraps text in the escape sequences of a style, when colour is wanted.
class Painter {
 public:
  explicit Painter(Colour colour) : colour_(colour) {}
  [[nodiscard]] std::string operator()(Style style, std::string_view text) const;

 private:
  Colour colour_;
};

[[nodiscard]] Style style_of(Severity severity);

/// A marked range of a source file and what is said of it.
struct Mark {
  Span span;
  std::string message;
  bool primary = false;
};

/// The source lines of `marks` with carets (`^` primary, `-` others) and messages beneath. Marks on one line share it;
/// the order of lines is that of their first marks. `gutter` is the width of line numbers. Every mark must be in one
/// file.
[[nodiscard]] std::string snippet(const std::vector<Mark>& marks, const LocationTable& locations, size_t gutter,
                                  const Painter& paint, const RenderOptions& options);

/// The lines that a fix changes, before (`-`) and after (`+`); empty when its edits overlap or lie in several files.
[[nodiscard]] std::string fix_preview(const FixIt& fix, const LocationTable& locations, size_t gutter,
                                      const Painter& paint, const RenderOptions& options);

/// `node `conv1` (Conv)`, without the file.
[[nodiscard]] std::string describe_element(const ModelLocation& model);

}  // namespace lathe::render
