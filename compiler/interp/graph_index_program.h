// Index maps made ready to run: a Dim over axis symbols as an affine part and, where needed, a short list of
// instructions.
//
// The graph interpreter evaluates an index map for every element, so names are resolved to slots once. Slots 0.. are
// the indices on the axes of the iteration space, in order; further slots may follow for indices read from tensors.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "ir/base/dim.h"

namespace lathe::interp {

class IndexProgram {
 public:
  IndexProgram() = default;
  /// `slots[i]` names slot i. Every symbol of `dim` must be there (checked): sizes have been put in before.
  IndexProgram(const Dim& dim, std::span<const std::string> slots);

  [[nodiscard]] int64_t evaluate(const int64_t* slots) const;
  /// True when the value is base() + the sum of stride(i) * slot i.
  [[nodiscard]] bool affine() const { return code_.empty(); }
  [[nodiscard]] int64_t base() const { return base_; }
  [[nodiscard]] int64_t stride(size_t slot) const;

 private:
  enum class Action : uint8_t { Constant, Slot, Add, Multiply, FloorDiv, Modulo, Minimum, Maximum };
  /// Puts a value on top of a stack, or replaces the two on top by one.
  struct Instruction {
    Action action;
    int64_t operand = 0;
  };
  void compile(const Dim& dim, std::span<const std::string> slots);
  void compile_factor(const DimAtom& atom, std::span<const std::string> slots);
  void emit(Action action, int64_t operand = 0);

  int64_t base_ = 0;
  /// The slots that occur in the affine part, and their factors.
  struct Stride {
    size_t slot;
    int64_t factor;
  };
  std::vector<Stride> strides_;
  std::vector<Instruction> code_;  ///< computes what is not affine; added to the affine part
  size_t depth_ = 0;
  size_t deepest_ = 0;
};

/// Names `%0` ... of the axes of a space with `rank` axes.
[[nodiscard]] std::vector<std::string> axis_names(size_t rank);

}  // namespace lathe::interp
