// NumPy's .npz files: zip archives of .npy files, stored or deflated.
//
// Reading goes through libzip, entry by entry. Entries that unpack to more than deflate can make of the archive's size
// (entries that overlap, wrong sizes) are refused, so memory follows from the size of the file. Used for parameters and
// for inputs on the command line.
#pragma once

#include <string>
#include <vector>

#include "ir/base/diagnostic.h"
#include "ir/graph/constant.h"

namespace lathe::weights {

/// All arrays in the order of the archive; each constant's name is the entry's name without `.npy`. Entries that are no
/// .npy files are refused. Faults: LT0001 when the file can't be opened, LT0601 when it isn't valid.
[[nodiscard]] Result<std::vector<ConstantData>> read_npz(const std::string& path, Diagnostics& diagnostics);

}  // namespace lathe::weights
