// ProgramBuilder: the program under construction, and the memory that steps refer to.
//
// Storages of the placement become storages of the program when they are first referred to; packed weights and other
// data are added once per key; scratch memory lives for one step. finish() lays out the arena. Used by lower.cpp and
// what it calls.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "compiler/lower/memory_plan.h"
#include "compiler/lower/nest.h"
#include "compiler/lower/placement.h"
#include "ir/kernel/program.h"

namespace lathe::lower {

class ProgramBuilder {
 public:
  ProgramBuilder(const Module& module, const Placements& placements);

  [[nodiscard]] kernel::Program& program() { return program_; }
  [[nodiscard]] const Module& module() const { return module_; }
  [[nodiscard]] const Placements& placements() const { return placements_; }

  /// The position of a window's first element.
  kernel::BufferRef reference(const Placement& placement);
  kernel::BufferRef reference(StorageId storage, Dim offset);
  /// `count` floats that `fill` writes, all of them, unless data with this key exists. It is called in finish(), maybe
  /// on another thread, and keeps what it needs by value or in the module.
  kernel::BufferRef data(const std::string& key, const std::string& name, int64_t count,
                         std::function<void(std::span<float>)> fill);
  /// Arena memory for the steps of one node of the root region only.
  kernel::BufferRef scratch(ElementType element, Dim elements, NodeId node);

  /// Appends a run of a kernel; a kernel with the same text is shared.
  void run(LoweredKernel kernel, const Group& group);
  void call(kernel::CallStep call, const Group& group);
  void guard(const Guard& guard);

  /// Fills the data and lays out the arena. The builder is used up.
  [[nodiscard]] kernel::Program finish() &&;

 private:
  kernel::StorageId materialise(StorageId storage);
  std::string unique_name(const std::string& name);
  void fill_data();

  const Module& module_;
  const Placements& placements_;
  kernel::Program program_;
  std::vector<kernel::StorageId> storages_;  // by storage of the placement
  std::unordered_map<std::string, kernel::StorageId> data_;
  std::unordered_set<std::string> names_;
  std::unordered_map<std::string, kernel::KernelId> kernels_;
  struct Filling {
    std::span<float> floats;
    std::function<void(std::span<float>)> fill;
  };
  std::vector<Filling> fillings_;
  struct Pending {
    kernel::StorageId storage;
    ArenaRequest request;
  };
  std::vector<Pending> arena_;
};

}  // namespace lathe::lower
