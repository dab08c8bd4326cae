// Conditions on the sizes of an input, as a program that is run for many sizes.
//
// What a model demands of its sizes is a list of guards over Dims. Trying thousands of sizes evaluates the same
// expressions again and again; here every expression is one instruction, equal ones are one, and conditions are sorted
// by the sizes that they speak of: those of one size are asked once for each of its values. Used by input_sizes.cpp.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "ir/graph/graph.h"

namespace lathe::advice {

class SizeConditions {
 public:
  /// `symbols` names the free sizes, at most two. `fixed` gives other symbols a value (the batch). Conditions on
  /// symbols that are neither are left out: nobody knows them before the model runs.
  SizeConditions(std::vector<std::string> symbols, std::vector<std::pair<std::string, int64_t>> fixed);
  void add(const Guard& guard);

  /// Whether the conditions that speak of one free size alone hold for this value of it.
  [[nodiscard]] bool hold_for(size_t which, int64_t size);
  /// Whether those that speak of both free sizes hold.
  [[nodiscard]] bool hold_together(std::span<const int64_t> sizes);
  /// Whether there are conditions that speak of both free sizes.
  [[nodiscard]] bool are_coupled() const { return !together_.empty(); }
  /// The conditions that don't hold, by their numbers in the order of add().
  [[nodiscard]] std::vector<size_t> broken(std::span<const int64_t> sizes);

 private:
  enum class Op : uint8_t { Constant, Size, Add, Multiply, FloorDiv, Modulo, Minimum, Maximum };
  struct Instruction {
    Op op = Op::Constant;
    int64_t value = 0;  ///< of Constant; which size, of Size
    uint32_t a = 0;
    uint32_t b = 0;
    uint32_t uses = 0;  ///< bits of the free sizes that it reads
    friend auto operator<=>(const Instruction&, const Instruction&) = default;
  };
  struct Condition {
    Guard::Relation relation;
    uint32_t left;
    uint32_t right;
    size_t number;
  };
  [[nodiscard]] std::optional<uint32_t> compile(const Dim& dim);
  [[nodiscard]] std::optional<uint32_t> compile(const DimAtom& atom);
  uint32_t instruction(Instruction row);
  void run(uint32_t count, std::span<const int64_t> sizes);
  [[nodiscard]] bool holds(const Condition& condition) const;
  [[nodiscard]] bool all_hold(const std::vector<Condition>& conditions, std::span<const int64_t> sizes);

  std::vector<std::string> symbols_;
  std::vector<std::pair<std::string, int64_t>> fixed_;
  std::vector<Instruction> program_;
  std::map<Instruction, uint32_t> known_;
  std::vector<int64_t> values_;
  std::vector<Condition> alone_[2];
  std::vector<Condition> together_;
  std::vector<Condition> constant_;
  size_t added_ = 0;
};

}  // namespace lathe::advice
