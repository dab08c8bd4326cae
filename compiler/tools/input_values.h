// Values for the inputs of a model: read from files, or random.
//
// Random data depends on nothing but the seed and the input's position, so that two back ends or two machines get the
// same. Used by `run`, `bench` and `verify`.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "compiler/compile.h"
#include "compiler/tools/input_argument.h"

namespace lathe::tools {

/// One tensor for each port. An input that is not given gets random data, its symbols take the values that the given
/// ones or `sizes` fix. LT0701 when a size stays open or a file doesn't fit; LT0001, LT0301, LT0601 for files that
/// can't be read.
[[nodiscard]] Result<std::vector<Tensor>> input_values(std::span<const ModelPort> ports,
                                                       std::span<const InputArgument> arguments,
                                                       std::span<const NamedSize> sizes, uint64_t seed,
                                                       Diagnostics& diagnostics);

/// Reads an array from a .npy file, a .npz file (the entry `name`, or the only one), or an ONNX .pb file.
[[nodiscard]] Result<ConstantData> read_array(const std::string& path, const std::string& name,
                                              Diagnostics& diagnostics);

/// A copy in memory of its own. The constant's type must be static and its data present.
[[nodiscard]] Result<Tensor> to_tensor(const ConstantData& constant, Diagnostics& diagnostics);
/// A constant that borrows the elements of a tensor.
[[nodiscard]] ConstantData borrow(const Tensor& tensor);

/// Random elements: floats uniform in [-1, 1), whole numbers from 0 to 9, fair bools, short strings.
[[nodiscard]] ConstantData random_constant(const TensorType& type, uint64_t seed);

}  // namespace lathe::tools
