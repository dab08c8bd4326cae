// The taps of a reduction: which elements of its operands each result element combines, and in which order.
//
// Used by graph_reduction.cpp. Index maps that are affine in the reduction axes become a base for each result element
// and a table of offsets, one for each tap inside of a padded operand; tables are shared by all result elements whose
// windows are cut alike. What is not affine, or too large for a table, is evaluated tap by tap.
#pragma once

#include <deque>
#include <functional>
#include <span>
#include <vector>

#include "compiler/interp/graph_forms.h"
#include "compiler/interp/graph_index_program.h"

namespace lathe::interp {

/// The taps [begin, end) on one reduction axis.
struct TapRange {
  int64_t begin = 0;
  int64_t end = 0;
  friend bool operator==(const TapRange&, const TapRange&) = default;
};

/// Offsets of all taps from the operands' bases, in order: offsets[i][k] is tap k of participating operand i.
struct TapTable {
  std::vector<TapRange> ranges;
  std::vector<std::vector<int64_t>> offsets;
  size_t count = 0;
};

class TapSpace {
 public:
  TapSpace(const Reduction& reduction, Operands operands);

  /// Sets the result element whose taps are asked for next; `position` holds its index on each result axis.
  void move_to(std::span<const int64_t> position);
  /// The table of the current result element; nullptr when its taps must be visited one by one.
  [[nodiscard]] const TapTable* table();
  /// Where the offsets of participating operand `i` start.
  [[nodiscard]] int64_t base(size_t i) const { return maps_[i].base; }
  /// Calls `visit` with the flat positions in all participating operands, tap by tap.
  void visit(const std::function<void(std::span<const int64_t>)>& visit);

 private:
  struct OperandMap {
    std::vector<int64_t> dims;
    std::vector<int64_t> strides;
    std::vector<IndexProgram> whole;  ///< the index on each axis
    /// When all axes are affine in the reduction axes: the part that result axes decide, how far each reduction axis
    /// moves the index on each axis, and how far it moves the flat position.
    std::vector<IndexProgram> outer;
    std::vector<std::vector<int64_t>> coefficients;
    std::vector<int64_t> steps;
    bool affine = true;
    int64_t base = 0;
    std::vector<int64_t> base_index;
  };
  [[nodiscard]] OperandMap make_map(const std::vector<int64_t>& dims, const std::vector<Dim>& index) const;
  void narrow(const OperandMap& map);
  [[nodiscard]] TapTable make_table() const;

  size_t result_rank_;
  std::vector<int64_t> taps_;  ///< extents of the reduction axes
  std::vector<std::string> slots_;
  bool padded_;
  bool affine_ = true;
  bool small_ = true;  ///< few enough taps for a table
  std::vector<OperandMap> maps_;
  std::vector<int64_t> position_;
  std::vector<TapRange> ranges_;
  bool exact_ = true;  ///< `ranges_` says exactly which taps lie inside
  std::deque<TapTable> tables_;
  size_t table_entries_ = 0;
};

}  // namespace lathe::interp
