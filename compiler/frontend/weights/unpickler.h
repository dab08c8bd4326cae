// A pickle machine that executes nothing.
//
// Runs the opcodes of pickle protocols 2 to 5 that tensors and containers need, over a table of plain values. Globals
// are looked up in pickle_globals.h; a call makes the value that the row stands for. Any other global, opcode or call
// ends the run with LT0603, a damaged stream with LT0601. Steps, values and memory follow from the size of the pickle
// and have a limit of their own. No recursion. Called by the readers of PyTorch's formats.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "compiler/frontend/weights/pickle_value.h"
#include "ir/base/diagnostic.h"

namespace lathe::weights {

/// Values that one pickle may make; a checkpoint of a large model with its optimizer makes some hundred thousand.
inline constexpr size_t kMostPickleValues = size_t{1} << 22u;

struct PickleRun {
  PickleTable table;
  size_t size = 0;  ///< bytes up to and with the end of the pickle
};

/// Runs the pickle at the beginning of `bytes`, which must outlive the result. `what` names it in messages
/// ("`net.pth`"), `base` is where in that file it begins.
[[nodiscard]] Result<PickleRun> unpickle(std::span<const std::byte> bytes, std::string_view what, size_t base,
                                         Diagnostics& diagnostics);

}  // namespace lathe::weights
