// The notes about accepted sizes: pairs of sizes as blocks, the condition behind them, or why no size fits. Used by
// input_sizes.cpp.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "compiler/advice/size_text.h"
#include "ir/graph/graph.h"

namespace lathe::advice {

/// What is said, and the sizes in it, each with one number for each free size.
struct SizePhrase {
  std::string text;
  std::vector<std::vector<int64_t>> shown;
};

/// Two free sizes that depend on each other: `rows` holds for each first size the second ones that go with it, up to
/// `limit`; `at` is what was given.
[[nodiscard]] SizePhrase describe_pairs(const std::vector<std::string>& names,
                                        const std::vector<AcceptedSizes::Row>& rows, int64_t limit,
                                        const std::vector<int64_t>& at);
/// Two free sizes that don't.
[[nodiscard]] SizePhrase describe_apart(const std::vector<std::string>& names, const std::vector<SizeRange>& first,
                                        const std::vector<SizeRange>& second, int64_t limit,
                                        const std::vector<int64_t>& at);

/// "x: (2, 3, H, W)"; "an input (2, 3, H, W)" for the name `input`, which layers of the library give
[[nodiscard]] std::string input_text(const std::string& input, const Shape& dims);

/// `12*(H//4 - 3)*(W//4 - 3) = 300`, simplified for sizes that are at least `least`; empty when it is too long for a
/// note or no equation.
[[nodiscard]] std::string condition_text(const Guard& guard, const std::vector<std::string>& names,
                                         const std::vector<int64_t>& least);
/// Why no size fits, when the features that a layer gets are always a multiple of a number that those it wants are not;
/// empty when that is not why.
[[nodiscard]] std::string indivisible_text(const Dim& have, const Dim& wanted, const std::vector<std::string>& names);

}  // namespace lathe::advice
