// What GEMM and the convolutions have in common: rows of A times packed panels of B, as data.
//
// The entry points (gemm.cpp, conv2d.cpp) describe their problem as a Contraction; contraction-inl.h executes it for
// one instruction set. Rows are output pixels or matrix rows, columns are output channels. Assumes that the entry point
// has validated all extents and that strides fit the operands.
#pragma once

#include <cstdint>

#include "lathe/kernels.h"

namespace lathe::runtime {

// How the k axis lies in memory relative to the start of a row of A: `outer` x `inner` runs of `length` adjacent
// floats. A GEMM has one run; a convolution has one run a kernel row, or one a kernel element when those are not
// adjacent.
struct KRuns {
  int64_t outer = 1;
  int64_t outer_stride = 0;
  int64_t inner = 1;
  int64_t inner_stride = 0;
  int64_t length = 0;
};

// `runs` with as few and as long runs as possible: neighbours in memory become one.
constexpr KRuns merge_k_runs(KRuns runs) {
  if (runs.inner == 1 || runs.inner_stride == runs.length) {
    runs.length *= runs.inner;
    runs.inner = 1;
    runs.inner_stride = 0;
    if (runs.outer == 1 || runs.outer_stride == runs.length) {
      runs.length *= runs.outer;
      runs.outer = 1;
      runs.outer_stride = 0;
    }
  }
  return runs;
}

// Where the elements of a flat row index ((z * y_extent + y) * x_extent + x) begin, in floats.
struct RowStrides {
  int64_t z = 0;
  int64_t y = 0;
  int64_t x = 0;
};

// `groups` independent products over the same extents. Pointers are those of group 0; the group strides are in floats,
// except column_group_stride and row_group_stride, which shift the columns and rows that the epilogue sees.
struct Contraction {
  int64_t groups = 1;
  int64_t a_group_stride = 0;
  int64_t b_group_stride = 0;
  int64_t c_group_stride = 0;
  int64_t residual_group_stride = 0;
  int64_t column_group_stride = 0;
  int64_t row_group_stride = 0;

  int64_t rows = 0;
  int64_t y_extent = 1;
  int64_t x_extent = 1;
  RowStrides a_strides;
  RowStrides c_strides;
  RowStrides residual_strides;
  // Set for convolutions: a call of after_block stays within one value of (z, y).
  bool after_block_by_line = false;

  int64_t columns = 0;
  KRuns k_runs;
  // Sums continue from C. Only without a residual.
  bool resume = false;
  // B is in a cache already.
  bool b_is_near = false;

  const float* a = nullptr;
  const float* packed_b = nullptr;
  float* c = nullptr;
  const float* residual = nullptr;
  // Never null.
  const lathe_epilogue_f32* epilogue = nullptr;

  // What is read afterwards, to be fetched meanwhile, or null: while panel p of group g is multiplied, from
  // next + p * next_panel_stride + g * depth() * next_step on, next_step floats with each step of k.
  const float* next = nullptr;
  int64_t next_panel_stride = 0;
  int64_t next_step = 0;

  [[nodiscard]] int64_t depth() const { return k_runs.outer * k_runs.inner * k_runs.length; }
};

// A part of a contraction: one group, a range of rows and a range of panels of 16 columns.
struct ContractionPart {
  int64_t group = 0;
  int64_t row_begin = 0;
  int64_t row_end = 0;
  int64_t panel_begin = 0;
  int64_t panel_end = 0;
};

// The kernels of one target.
struct ContractionKernels {
  // Rows of one register tile; rows are best split at multiples of it.
  int32_t tile_rows;
  void (*contract)(const Contraction& problem, const ContractionPart& part);
};

}  // namespace lathe::runtime

extern "C" {

// Splits `problem` by groups, rows and panels into parts for the execution's threads and runs them on the selected
// target. How it is split does not influence results.
lathe_status lathe_internal_run_contraction(const lathe_execution* execution,
                                            const lathe::runtime::Contraction* problem);

// The kernels of target `target`, which is an index of lathe_target_name.
const lathe::runtime::ContractionKernels* lathe_internal_contraction_kernels(int32_t target);
}
