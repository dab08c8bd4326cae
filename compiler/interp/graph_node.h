// Executing one node on tensors: the node is rebuilt with constant shapes in a module of its own, inferred, and run by
// its form.
//
// So every form sees constant sizes only, and the one inference of the row decides result shapes here too. Rows that
// decompose are expanded in that module and interpreted. Called by the interpreter and by folding.
#pragma once

#include <span>
#include <vector>

#include "ir/graph/op.h"

namespace lathe::interp {

/// What to run: a row with attributes whose dims are constants.
struct NodeCall {
  const OpDef* op = nullptr;
  std::vector<Attribute> attributes = {};
  std::span<const HostTensor* const> operands = {};  ///< nullptr is an absent optional operand
  std::vector<std::string> operand_names = {};       ///< for messages; may be empty
  LocationId location = {};                          ///< of the node in the module that diagnostics refer to
  std::string name = {};                             ///< layer or node name
  uint64_t byte_limit = 0;                           ///< largest tensor that may be made
};

/// The results of a node of any form but Structural. Faults are reported in the user's terms.
[[nodiscard]] Result<std::vector<HostTensor>> run_node(const NodeCall& call, Diagnostics& diagnostics);

}  // namespace lathe::interp
