// PyTorch's rule for views of strided tensors.
#include "compiler/frontend/torch/tensor/view_strides.h"

namespace lathe::torch {

ViewStrides view_strides(const SymbolTable& symbols, const Shape& dims, const std::vector<Dim>& strides,
                         const Shape& new_dims) {
  const ViewStrides unknown{Answer::Unknown, std::vector<Dim>(new_dims.size(), Dim::invalid())};
  std::vector<Dim> result(new_dims.size(), Dim(1));
  if (dims.empty()) return {Answer::Yes, std::move(result)};
  bool decided = true;
  const auto equal = [&](const Dim& a, const Dim& b) {
    const Answer answer = symbols.prove_eq(a, b);
    decided &= answer != Answer::Unknown;
    return answer == Answer::Yes;
  };
  for (const Dim& stride : strides) {
    if (!stride.valid()) return unknown;
  }
  size_t left = new_dims.size();
  Dim base = strides.back();
  Dim chunk = 1;
  Dim filled = 1;
  for (size_t axis = dims.size(); axis-- > 0;) {
    chunk *= dims[axis];
    const bool ends = axis == 0 || (!dims[axis - 1].is_constant(1) && !equal(strides[axis - 1], chunk * base));
    if (!ends) continue;
    while (left > 0 && (symbols.prove_lt(filled, chunk) == Answer::Yes ||
                        (symbols.prove_eq(filled, chunk) == Answer::Unknown) || new_dims[left - 1].is_constant(1))) {
      --left;
      result[left] = filled * base;
      filled *= new_dims[left];
    }
    if (!equal(filled, chunk)) return decided ? ViewStrides{Answer::No, {}} : unknown;
    if (axis > 0) {
      base = strides[axis - 1];
      chunk = 1;
      filled = 1;
    }
  }
  if (left != 0) return decided ? ViewStrides{Answer::No, {}} : unknown;
  return {Answer::Yes, std::move(result)};
}

}  // namespace lathe::torch
