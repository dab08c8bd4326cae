// Formulas in layers and functions of torch.nn.
#pragma once

#include "compiler/frontend/torch/nn/operation.h"
#include "ir/graph/formula.h"

namespace lathe::torch {

class Formula : public lathe::Formula {
 public:
  explicit Formula(const Operation& operation) : lathe::Formula(operation.builder()), operation_(&operation) {}

  using lathe::Formula::add;
  using lathe::Formula::div;
  using lathe::Formula::mul;
  using lathe::Formula::sub;
  /// The same with a number on the right, in the element type of x.
  ValueId add(ValueId x, double value) { return op("add", {x, like(x, value)}); }
  ValueId sub(ValueId x, double value) { return op("sub", {x, like(x, value)}); }
  ValueId mul(ValueId x, double value) { return op("mul", {x, like(x, value)}); }
  ValueId div(ValueId x, double value) { return op("div", {x, like(x, value)}); }
  ValueId like(ValueId x, double value) { return ok() ? number(element(x), value) : ValueId(); }

  [[nodiscard]] Result<ValueId> result(ValueId value) const {
    if (!ok()) return Failure{};
    return value;
  }
  [[nodiscard]] const Operation& operation() const { return *operation_; }

 private:
  const Operation* operation_;
};

}  // namespace lathe::torch
