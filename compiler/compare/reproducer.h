// The first difference as two small models: the operations between the last equal values and the first unequal one.
//
// Both take the equal values as inputs under the same names, hold the parameters that the operations read, and give one
// output; `lathe diff` on the two says what it said of the whole. Internal to compiler/compare.
#pragma once

#include "compiler/compare/difference.h"

namespace lathe::comparison {

/// Empty texts when there is no such pair: the difference is in inputs or outputs, or values can't be cut out.
[[nodiscard]] Reproducer cut_out(const Evidence& evidence, const Correspondence& values, const Difference& difference);

}  // namespace lathe::comparison
