// Where a tensor of a fault came into the functions of the program: the argument at the fault, the argument of the call
// that passed it on, and so on outwards.
#pragma once

#include <string>
#include <vector>

#include "compiler/frontend/torch/advice/fault_view.h"

namespace lathe::torch {

/// The expressions that stand for the layer's first tensor, outermost first, as long as functions pass on a parameter
/// that they have not changed. Empty when the tensor is not written anywhere.
[[nodiscard]] std::vector<ExpressionView> outer_tensor_expressions(const FaultView& view);
/// The title with the line of an expression that doesn't stand in the statement of the fault itself.
[[nodiscard]] std::string place_title(const FaultView& view, const ExpressionView& expression,
                                      const std::string& title);
/// The value of the last assignment `name = value` in the same function before an expression; nothing when the name is
/// a parameter, or is assigned in another way.
[[nodiscard]] std::optional<ExpressionView> assigned_before(const SourceView& source, const ExpressionView& name);

/// The number that is the default of the parameter which a name stands for; nothing for other expressions.
[[nodiscard]] std::optional<ExpressionView> default_behind(const SourceView& source, const ExpressionView& name);

}  // namespace lathe::torch
