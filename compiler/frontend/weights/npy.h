// NumPy's .npy files: one array a file, formats 1.0, 2.0 and 3.0.
//
// Reads C and Fortran order, little and big endian, bool, integers of 8 to 64 bits, floats of 16 to 64 bits
// and fixed-width byte strings. Data that is stored as Lathe stores it is borrowed from the mapped file, other data
// is converted. Writes format 1.0, C order, little-endian. Used by the command line for inputs and outputs, by
// parameter files (.npz), and by tests.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "ir/base/diagnostic.h"
#include "ir/graph/constant.h"

namespace lathe::weights {

/// Reads a file. Faults: LT0001 when it can't be opened, LT0601 when it isn't a valid .npy file.
[[nodiscard]] Result<ConstantData> read_npy(const std::string& path, Diagnostics& diagnostics);
/// Reads the bytes of a .npy file, which `owner` keeps alive. `what` names them in messages.
[[nodiscard]] Result<ConstantData> read_npy_bytes(std::span<const std::byte> bytes, std::shared_ptr<const void> owner,
                                                  std::string_view what, Diagnostics& diagnostics);

/// Writes a tensor: `bytes` are its elements (none for strings, which come as `strings`). Element types that NumPy
/// doesn't have are widened exactly: bf16 and the 8-bit floats to f32, 4-bit integers to 8 bits; strings become byte
/// strings. The file appears complete or not at all (LT0002).
[[nodiscard]] Status write_npy(const std::string& path, const TensorType& type, std::span<const std::byte> bytes,
                               std::span<const std::string> strings, Diagnostics& diagnostics);

}  // namespace lathe::weights
