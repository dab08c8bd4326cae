// Which values of the two sides are equal, which operations stand between the last equal ones and the outputs, and
// which of those are each other's.
//
// Equal is numerical first: a value has a counterpart when its signature has one. What lies behind the last values with
// counterparts is aligned by kind, parameters and order, as a diff aligns lines. Internal to compiler/compare.
#pragma once

#include <optional>
#include <vector>

#include "compiler/compare/parameters.h"
#include "compiler/compare/signature.h"

namespace lathe::comparison {

/// Everything that is known of the two sides when they have been run.
struct Evidence {
  const Side& a;
  const Side& b;
  const Reading& reading_a;
  const Reading& reading_b;
  const ParameterMap& parameters;
  const InputPlan& inputs;
  const Runs& runs_a;
  const Runs& runs_b;
  double tolerance = 0;
};

/// The counterparts of each value, by its index.
struct Correspondence {
  std::vector<std::vector<ValueId>> of_a;
  std::vector<std::vector<ValueId>> of_b;
  size_t matched = 0;  ///< computed values of A that have one
};
[[nodiscard]] Correspondence match_values(const Evidence& evidence);

/// The operations, in order, that the differing outputs need and whose results have no counterpart.
/// Counterparts of another shape don't end the search: whoever flattens is shown beside who flattens on the other side.
[[nodiscard]] std::vector<size_t> unmatched_operations(const Side& side, const Reading& reading, const Module& other,
                                                       const std::vector<std::vector<ValueId>>& counterparts,
                                                       const std::vector<size_t>& outputs);

/// Rows of the operations of A and B; one of them is absent where the other side has an operation more.
struct Column {
  std::optional<size_t> a;
  std::optional<size_t> b;
};
[[nodiscard]] std::vector<Column> align(const Evidence& evidence, const std::vector<size_t>& operations_a,
                                        const std::vector<size_t>& operations_b);

/// Whether two operations may be each other's, wherever they stand: the same kind, and the same parameters if any.
[[nodiscard]] bool is_same_step(const Evidence& evidence, const Operation& a, const Operation& b);
/// Layers that are one object of one program.
[[nodiscard]] bool is_same_object(const Evidence& evidence, const Operation& a, const Operation& b);

}  // namespace lathe::comparison
