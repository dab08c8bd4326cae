// Formulas in handlers of operators that are written out with many rows.
#pragma once

#include <utility>
#include <vector>

#include "compiler/frontend/onnx/operator.h"
#include "ir/graph/formula.h"

namespace lathe::onnx {

class Formula : public lathe::Formula {
 public:
  explicit Formula(NodeContext& context) : lathe::Formula(context.builder()) {}

  /// The outputs of the node, or the failure of a step.
  [[nodiscard]] Outputs result(std::vector<ValueId> values) const { return results(std::move(values)); }
};

}  // namespace lathe::onnx
