// Diagnostics as people and programs read them: terminal text, JSON, SARIF 2.1.0.
//
// The renderers only read; they never fail. Everything that comes from an input file is made safe to show (display.h),
// long lines are cut around the marked place. Diagnostics of severity Unsupported become one list, grouped by message.
// Called by the `lathe` program and by tests; the compiler itself only collects diagnostics.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include <string>
#include <string_view>

#include "ir/base/diagnostic.h"

namespace lathe {

enum class Colour : uint8_t { Never, Always };

struct RenderOptions {
  Colour colour = Colour::Never;
  size_t width = 120;            ///< columns to which source lines are cut
  size_t nodes_per_message = 3;  ///< nodes named per line of the list of unsupported things
};

/// One diagnostic with its snippets, notes and fixes; ends with a line end.
[[nodiscard]] std::string render_text(const Diagnostic& diagnostic, const LocationTable& locations,
                                      const RenderOptions& options = {});
/// All of them with blank lines between, unsupported ones as one list at the end.
[[nodiscard]] std::string render_text(const Diagnostics& diagnostics, const LocationTable& locations,
                                      const RenderOptions& options = {});
/// `2 errors, 1 warning`; empty when there is nothing to count.
[[nodiscard]] std::string render_counts(const Diagnostics& diagnostics);

/// The array of `check --format=json`: one object per diagnostic. Lines and columns count from 1, columns in bytes,
/// ends exclusive; a place in a binary model file has null lines and an `element` object instead.
[[nodiscard]] nlohmann::ordered_json diagnostics_json(const Diagnostics& diagnostics, const LocationTable& locations);

/// A SARIF 2.1.0 log with one run. Nodes of model files are logical locations; columns count code points.
[[nodiscard]] std::string render_sarif(const Diagnostics& diagnostics, const LocationTable& locations,
                                       std::string_view tool_version);

/// Text of a JSON value; bytes that are no UTF-8 become U+FFFD. Two blanks of indentation.
[[nodiscard]] std::string json_text(const nlohmann::ordered_json& value);

}  // namespace lathe
