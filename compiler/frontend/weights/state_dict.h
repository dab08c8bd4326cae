// State dicts: the named tensors of a weights file, whatever its format.
//
// read_state_dict() looks at the content, not at the extension: safetensors, PyTorch's zip and legacy formats (.pth,
// .pt, .bin), .npz. Nothing in a file is executed. Elements are borrowed from the mapped file where they lie there as
// Lathe stores them; everything else follows from the size of the file. Entries that are no tensors (an `_extra_state`,
// complex numbers) are listed apart. matching.h compares a state dict with a definition.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "ir/base/diagnostic.h"
#include "ir/graph/constant.h"

namespace lathe::weights {

/// A tensor. Entries with the same storage, offset, type and strides are one tensor under several names.
struct StateEntry {
  ConstantData data;       ///< name included; row-major
  uint32_t storage = 0;    ///< which storage of the file
  uint64_t offset = 0;     ///< of the first element in the storage, in bytes
  bool contiguous = true;  ///< false when the elements were collected into row-major order
  bool parameter = false;  ///< saved as an nn.Parameter
};

/// An entry that gives no elements.
struct OtherEntry {
  std::string name;
  std::string what;  ///< "an int", "a tensor of complex64"
};

class StateDict {
 public:
  std::string path;  ///< of the file, for messages
  std::string key;   ///< where in a checkpoint the state dict was found; empty at its top
  std::vector<OtherEntry> others;
  std::map<std::string, int64_t> versions;  ///< the version of each module by its dotted name, where the file has them

  /// In the order of the file.
  [[nodiscard]] const std::vector<StateEntry>& entries() const { return entries_; }
  [[nodiscard]] const StateEntry* find(std::string_view name) const;
  /// False, and nothing happens, when there is an entry of this name already.
  bool add(StateEntry entry);
  /// Two entries that show the same memory in the same way.
  [[nodiscard]] static bool shared(const StateEntry& a, const StateEntry& b);

 private:
  std::vector<StateEntry> entries_;
  std::unordered_map<std::string, size_t> positions_;
};

/// Reads a file. `FILE:KEY` names the part of a checkpoint that is wanted (`last.ckpt:ema`), when no file has the whole
/// name. Faults: LT0001 when the file can't be opened, LT0601 when it isn't valid, LT0603 for a pickle that wants more
/// than tensors and containers.
[[nodiscard]] Result<StateDict> read_state_dict(const std::string& path, Diagnostics& diagnostics);
/// The same for a file in memory that `owner` keeps alive; `path` names it in messages.
[[nodiscard]] Result<StateDict> read_state_dict_bytes(std::span<const std::byte> bytes,
                                                      std::shared_ptr<const void> owner, std::string_view path,
                                                      Diagnostics& diagnostics);

}  // namespace lathe::weights
