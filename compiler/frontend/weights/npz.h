// NumPy's .npz files: zip archives of .npy files, stored or deflated.
//
// Entries that unpack to more than deflate can make of their size, or that overlap, are refused, so memory follows from
// the size of the file. Stored arrays are copied: NumPy does not align them. Used for parameters and for inputs on the
// command line.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ir/base/diagnostic.h"
#include "ir/graph/constant.h"

namespace lathe::weights {

/// All arrays in the order of the archive; each constant's name is the entry's name without `.npy`. Entries that are no
/// .npy files are refused. Faults: LT0001 when the file can't be opened, LT0601 when it isn't valid.
[[nodiscard]] Result<std::vector<ConstantData>> read_npz(const std::string& path, Diagnostics& diagnostics);
/// The same of the bytes of a file; `what` names it in messages.
[[nodiscard]] Result<std::vector<ConstantData>> read_npz_bytes(std::span<const std::byte> bytes, std::string_view what,
                                                               Diagnostics& diagnostics);

}  // namespace lathe::weights
