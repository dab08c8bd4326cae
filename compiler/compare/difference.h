// The first difference: which operations, which cause, in which words.
//
// Operations behind the last equal values are looked at in order; the first pair, or the first operation without a
// partner, that explains different numbers is the answer. Internal to compiler/compare.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "compiler/compare/alignment.h"

namespace lathe::comparison {

struct Difference {
  Cause cause = Cause::Unknown;
  std::string summary;
  std::optional<size_t> a;  ///< rows of Reading::operations
  std::optional<size_t> b;
  bool a_is_next = false;  ///< stands where the other side's operation is missing; does not differ itself
  bool b_is_next = false;
  bool a_is_end = false;  ///< its result is the output there
  bool b_is_end = false;
  std::string says_a;
  std::string says_b;
  std::vector<std::string> details;
  std::vector<Column> columns;
};

/// `outputs` are the positions of those that differ.
[[nodiscard]] Difference find_difference(const Evidence& evidence, const Correspondence& values,
                                         const std::vector<size_t>& outputs);

/// What is different about two operations of one kind.
struct Finding {
  Cause cause = Cause::Attribute;
  std::string text;    ///< for the summary: `eps`
  std::string says_a;  ///< `eps = 1e-05`
  std::string says_b;
};
[[nodiscard]] std::vector<Finding> findings(const Evidence& evidence, const Operation& a, const Operation& b);

/// `fc.weight: 1 of 60 elements differs, [2,3] is 0.12 in A and 0.13 in B`; empty when the values are equal within
/// rounding.
[[nodiscard]] std::string describe_distance(const Evidence& evidence, const ParameterPair& pair);

}  // namespace lathe::comparison
