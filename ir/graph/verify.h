// The verifier of the graph IR. Checks, for every node of every region:
//  - it isn't erased, its links agree in both directions, and its region is the one it is listed in;
//  - operand count, element types, attribute kinds and regions are what its row declares;
//  - every operand is defined before it (or in an enclosing region, before the node that holds the region);
//  - uses of values and operands of nodes agree in both directions;
//  - inference, run again, gives the types that the results have (equal up to bounds of symbols);
//  - every region ends with one `return`, of the types its owner needs;
//  - every symbol in a type is declared; constants exist and have the size of their type.
// It doesn't check that locations are present, nor that guards are sufficient. Run after every pass in debug and test
// builds.
#pragma once

#include "ir/graph/graph.h"

namespace lathe {

/// Reports LT0404 for each broken rule; user-visible shape faults keep their own kinds.
[[nodiscard]] Status verify(Module& module, Diagnostics& diagnostics);

}  // namespace lathe
