// compiler/lower turns the graph that the passes leave into a kernel-IR program: where values live, which kernels run.
//
// This header: placements. Every tensor value gets a storage and a strided window into it. A concatenation, a padding
// or a reshape costs nothing where the producer can write into the window that its consumer reads: such values share a
// storage. What can't be shared is copied by a kernel. Used by lower.cpp and the memory plan; assumes a verified graph
// whose root region holds only rows that can be lowered.
#pragma once

#include <optional>
#include <vector>

#include "ir/graph/graph.h"

namespace lathe::lower {

using StorageId = Id<struct StorageTag>;

/// A block of memory that one or more values share.
struct Storage {
  enum class Kind : uint8_t { Input, Output, Constant, Arena };
  Kind kind = Kind::Arena;
  ElementType element = ElementType::F32;
  Dim elements;         ///< extent
  uint32_t number = 0;  ///< which input or output of the graph
  ConstantId constant;
  /// Positions of the first write and the last access, in steps of the root region; for the memory plan.
  int first = -1;
  int last = -1;
};

/// A strided window: element (i, j, ...) lies at offset + i*strides[0] + j*strides[1] ..., all in elements.
struct Placement {
  StorageId storage;
  Dim offset;
  std::vector<Dim> strides;
};

/// What lowering must do for a node, as far as placement decides it.
enum class NodeRole : uint8_t {
  Compute,  ///< kernels write its results
  View,     ///< its result is a window of its operand; nothing runs
  Gather,   ///< a concatenation or padding whose parts partly lie in place; the rest is copied or filled
  Nothing,  ///< constants, return
};

class Placements {
 public:
  [[nodiscard]] const Placement* find(ValueId value) const;
  [[nodiscard]] const Placement& at(ValueId value) const;
  [[nodiscard]] const Storage& storage(StorageId id) const { return storages_[id]; }
  [[nodiscard]] Storage& storage(StorageId id) { return storages_[id]; }
  [[nodiscard]] size_t storage_count() const { return storages_.size(); }
  [[nodiscard]] NodeRole role(NodeId node) const { return roles_[node.index]; }
  /// Where the node stands in the root region; what lifetimes count in.
  [[nodiscard]] int position(NodeId node) const { return positions_[node.index]; }
  /// True when the value was placed inside the result of a Gather node as its part `piece`.
  [[nodiscard]] bool lies_in(ValueId value, ValueId result, size_t piece) const;

 private:
  friend class Placer;
  IdVector<StorageId, Storage> storages_;
  std::vector<std::optional<Placement>> placements_;  // by value
  std::vector<NodeRole> roles_;                       // by node
  std::vector<int> positions_;                        // by node; -1 outside of the root region
  struct Part {
    ValueId part;
    ValueId result;
    size_t piece;
  };
  std::vector<Part> parts_;
};

/// Strides of a dense row-major tensor.
[[nodiscard]] std::vector<Dim> dense_strides(const Shape& dims);
/// True when the window is dense row-major; axes of extent 1 may have any stride.
[[nodiscard]] bool is_dense(const Placement& placement, const Shape& dims);

/// Places every value of the root region and fills in the first and last positions of the storages.
[[nodiscard]] Placements place_values(const Module& module);

}  // namespace lathe::lower
