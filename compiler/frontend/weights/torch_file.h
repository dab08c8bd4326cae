// PyTorch's two file formats: a zip archive of a pickle and its storages, and the older row of pickles with the
// storages behind them.
//
// The pickle is read by the unpickler, which executes nothing. Only the storages of the chosen state dict are looked
// at. Elements are borrowed from the mapped file. Called by read_state_dict().
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

#include "compiler/frontend/weights/state_dict.h"
#include "compiler/frontend/weights/zip_archive.h"

namespace lathe::weights {

/// A file in memory. `wanted` is the part of a checkpoint that the user named, or empty.
struct WeightsFile {
  std::string_view path;
  std::span<const std::byte> bytes;
  std::shared_ptr<const void> owner;
  std::string_view wanted;
};

/// The bytes begin like a pickle.
[[nodiscard]] bool looks_like_pickle(std::span<const std::byte> bytes);
/// The archive has the pickle of a PyTorch file.
[[nodiscard]] bool is_torch_archive(const ZipArchive& archive);

/// Faults: LT0601 damaged, LT0602 no state dict in it, LT0603 a pickle that wants more than tensors.
[[nodiscard]] Result<StateDict> read_torch_archive(ZipArchive& archive, const WeightsFile& file,
                                                   Diagnostics& diagnostics);
[[nodiscard]] Result<StateDict> read_torch_pickles(const WeightsFile& file, Diagnostics& diagnostics);

}  // namespace lathe::weights
