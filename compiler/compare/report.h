// The answer as people and programs read it.
//
// Text: a headline with the verdict, both source lines as diagnostics show them, reasons and cures, outputs, the
// mapping of parameters, and how it was compared. JSON: the same as data; its fields are in docs/diff.md. Used by
// `lathe diff`.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include <string>

#include "compiler/compare/compare.h"
#include "ir/base/render.h"

namespace lathe::comparison {

/// The headline alone: `different: B lacks torch.relu (line 12) [missing-operation]`.
[[nodiscard]] std::string headline(const Comparison& comparison);
[[nodiscard]] std::string render_text(const Comparison& comparison, const Side& a, const Side& b,
                                      const RenderOptions& options);
[[nodiscard]] nlohmann::ordered_json as_json(const Comparison& comparison, const Side& a, const Side& b);

}  // namespace lathe::comparison
