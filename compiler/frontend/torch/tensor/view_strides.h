// Whether a reshape of strided elements is a view, and the strides it has then.
#pragma once

#include <optional>
#include <vector>

#include "ir/base/type.h"

namespace lathe::torch {

struct ViewStrides {
  Answer viewable = Answer::Unknown;
  std::vector<Dim> strides;  ///< of the new shape when viewable is Yes; invalid Dims when it is Unknown
};

/// PyTorch's rule (aten/src/ATen/TensorUtils.cpp, computeStride): neighbouring axes that lie together in memory form
/// chunks, and every new axis must stay within one chunk. Sizes that can't be compared make the answer Unknown.
[[nodiscard]] ViewStrides view_strides(const SymbolTable& symbols, const Shape& dims, const std::vector<Dim>& strides,
                                       const Shape& new_dims);

}  // namespace lathe::torch
