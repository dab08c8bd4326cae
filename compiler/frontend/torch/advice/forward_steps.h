// Functional steps of a `forward` as modules: `F.max_pool2d(x, 2)` is `nn.MaxPool2d(2)`. Used by children.cpp.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "compiler/frontend/torch/advice/source_view.h"

namespace lathe::torch {

/// A call with a tensor as first operand.
struct FunctionalCall {
  std::string_view name;      ///< "max_pool2d", "view"
  ExpressionView call;        ///< the whole call
  size_t first_argument = 0;  ///< of the arguments behind the tensor: 1 for functions, 0 for methods
};

/// The module, or several with commas between them; nothing when no module does the same.
[[nodiscard]] std::optional<std::string> as_module(const SourceView& source, const FunctionalCall& call);
/// The layer class that stands for a function: "torch.nn.ReLU" for relu; empty when there is none.
[[nodiscard]] std::string_view module_class_of(std::string_view function);

}  // namespace lathe::torch
