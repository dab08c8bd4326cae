// Permutations of axes, as `transpose` has them: axis i of the result is axis permutation[i] of the operand.
#pragma once

#include <optional>

#include "ir/base/type.h"
#include "ir/graph/attribute.h"

namespace lathe::passes {

[[nodiscard]] bool is_identity(const Integers& permutation);
[[nodiscard]] Integers inverse(const Integers& permutation);
/// One transpose for transpose(transpose(x, first), second).
[[nodiscard]] Integers composed(const Integers& first, const Integers& second);
/// `values[permutation[i]]` for each i.
[[nodiscard]] Shape permuted(const Shape& values, const Integers& permutation);
/// The axes of size other than 1 stay in their order: such a transpose moves nothing in memory.
[[nodiscard]] bool moves_nothing(const Shape& operand, const Integers& permutation);
/// [N, C, spatial...] -> [N, spatial..., C]
[[nodiscard]] Integers to_channels_last(size_t rank);
/// [N, spatial..., C] -> [N, C, spatial...]
[[nodiscard]] Integers to_channels_first(size_t rank);
/// The permutation that orders like `keys`: position i of the result holds the index of the i-th smallest key.
[[nodiscard]] Integers sorting(const Integers& keys);

/// reshape(transpose(x, permutation), shape) as transpose(reshape(transpose(x, inner), reshaped), outer), with `outer`
/// moving as much as it can. `inner` is the identity when only whole runs of x's axes are split or joined.
struct ReshapeBehindTranspose {
  Integers inner;
  Shape reshaped;
  Integers outer;
};
/// Nothing when the sizes can't be matched, because they are symbolic or empty.
[[nodiscard]] std::optional<ReshapeBehindTranspose> reshape_behind_transpose(const Shape& x,
                                                                             const Integers& permutation,
                                                                             const Shape& shape);

}  // namespace lathe::passes
