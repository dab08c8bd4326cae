// Why the difference is there, and what to do: `.children()`, plain lists, functional calls, modes.
//
// What is said is derived from the two definitions, not from words in their sources: which modules are one object,
// which operations are calls of modules and which are not. Internal to compiler/compare.
#pragma once

#include <string>
#include <vector>

#include "compiler/compare/difference.h"

namespace lathe::comparison {

/// Sentences, the most important first; empty when the difference speaks for itself.
[[nodiscard]] std::vector<std::string> explain(const Evidence& evidence, const Difference& difference);

/// The layers of the library that differ in a setting without effect on this comparison: `momentum`.
[[nodiscard]] std::vector<std::string> silent_settings(const Evidence& evidence);

}  // namespace lathe::comparison
