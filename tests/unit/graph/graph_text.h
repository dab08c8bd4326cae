// Small helpers of the graph tests: parse a text that must be good, render what diagnostics say about one that isn't.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "ir/base/render.h"
#include "ir/graph/print.h"

namespace lathe {

/// The module of a text without errors; the test fails, with the errors, when there are any.
inline Module parsed(std::string_view text, const ParseOptions& options = {}) {
  Module module;
  Diagnostics diagnostics;
  const Status status = parse_module(text, "test.lathe", module, diagnostics, options);
  EXPECT_TRUE(status.ok()) << render_text(diagnostics, module.locations);
  return module;
}

/// One line per diagnostic: `LT0103 2:13 nothing above defines `%z``, notes behind ` | `.
inline std::string errors_of(std::string_view text) {
  Module module;
  Diagnostics diagnostics;
  const Status status = parse_module(text, "test.lathe", module, diagnostics);
  EXPECT_EQ(status.ok(), !diagnostics.failed());
  std::string result;
  for (const Diagnostic& diagnostic : diagnostics.all()) {
    const Location* where = module.locations.origin(diagnostic.where);
    EXPECT_NE(where, nullptr) << diagnostic.message;
    result += info(diagnostic.kind).code;
    if (where != nullptr && std::holds_alternative<Span>(*where)) {
      const Span& span = std::get<Span>(*where);
      const LineColumn at = module.locations.line_column(span.file, span.begin);
      result += fmt::format(" {}:{}", at.line, at.column);
    }
    result += " " + diagnostic.message;
    for (const std::string& note : diagnostic.notes) result += " | " + note;
    result += "\n";
  }
  return result;
}

}  // namespace lathe
