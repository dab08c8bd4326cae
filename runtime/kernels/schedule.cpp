// How kernels are spread over threads: parts large enough to be worth a thread, several a thread to even out.
#include "runtime/kernels/schedule.h"

#include <algorithm>

#include "runtime/target.h"

namespace lathe::runtime {
namespace {

// Multiply-adds below which a second thread is not asked: about 3 us of work.
constexpr int64_t kSerialWork = 196608;
constexpr int64_t kPartsPerThread = 4;
// A part should have at least so many rows: fewer would read all of B for little work.
constexpr int64_t kRowsPerPart = 96;

int32_t thread_count(const lathe_execution* execution) {
  if (execution == nullptr || execution->parallel_for == nullptr) return 1;
  return std::max(execution->threads, 1);
}

// a * b * c, or INT64_MAX when that is too large.
int64_t saturating_product(int64_t a, int64_t b, int64_t c) {
  int64_t product = 0;
  if (__builtin_mul_overflow(a, b, &product) || __builtin_mul_overflow(product, c, &product)) return INT64_MAX;
  return product;
}

struct ContractionParts {
  const Contraction* problem;
  const KernelTable* kernels;
  int64_t panels;
  int64_t row_parts;
  int64_t panel_parts;

  // Boundary `index` of `parts` nearly equal parts of `count`, at multiples of `unit`.
  static int64_t boundary(int64_t count, int64_t parts, int64_t index, int64_t unit) {
    if (index == parts) return count;
    return std::min(count / parts * index + count % parts * index / parts + unit - 1, count) / unit * unit;
  }

  void run(int64_t index) const {
    const int64_t row_part = index % row_parts;
    const int64_t panel_part = index / row_parts % panel_parts;
    const ContractionPart part = {
        .group = index / row_parts / panel_parts,
        .row_begin = boundary(problem->rows, row_parts, row_part, kernels->tile_rows),
        .row_end = boundary(problem->rows, row_parts, row_part + 1, kernels->tile_rows),
        .panel_begin = boundary(panels, panel_parts, panel_part, 1),
        .panel_end = boundary(panels, panel_parts, panel_part + 1, 1),
    };
    if (part.row_begin == part.row_end || part.panel_begin == part.panel_end) return;
    kernels->contract(*problem, part);
  }
};

struct DepthwiseTask {
  const Depthwise* problem;
  const KernelTable* kernels;
};

}  // namespace

bool valid_epilogue(const lathe_epilogue_f32* epilogue) {
  if (epilogue == nullptr) return true;
  return epilogue->struct_size >= sizeof(lathe_epilogue_f32) && epilogue->activation >= LATHE_ACTIVATION_NONE &&
         epilogue->activation <= LATHE_ACTIVATION_HARD_SWISH;
}

lathe_status run_contraction(const lathe_execution* execution, const Contraction& problem) {
  lathe_status status = LATHE_OK;
  const KernelTable* kernels = selected_kernels(execution, status);
  if (kernels == nullptr) return status;
  const int64_t panels = (problem.columns + LATHE_PANEL - 1) / LATHE_PANEL;
  if (problem.groups == 0 || problem.rows == 0 || panels == 0) return LATHE_OK;
  ContractionParts parts = {
      .problem = &problem, .kernels = kernels, .panels = panels, .row_parts = 1, .panel_parts = 1};
  const int64_t threads = thread_count(execution);
  const int64_t work = saturating_product(problem.groups * problem.rows, problem.columns, problem.depth());
  if (threads == 1 || work < kSerialWork) {
    for (int64_t group = 0; group < problem.groups; ++group) parts.run(group);
    return LATHE_OK;
  }
  const int64_t wanted = (threads * kPartsPerThread + problem.groups - 1) / problem.groups;
  parts.row_parts = std::clamp<int64_t>(problem.rows / kRowsPerPart, 1, wanted);
  parts.panel_parts = std::min((wanted + parts.row_parts - 1) / parts.row_parts, panels);
  const auto run_parts = [](void* state, int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) static_cast<const ContractionParts*>(state)->run(i);
  };
  lathe_parallel_for(execution, problem.groups * parts.row_parts * parts.panel_parts, 1, run_parts, &parts);
  return LATHE_OK;
}

lathe_status run_depthwise(const lathe_execution* execution, const Depthwise& problem) {
  lathe_status status = LATHE_OK;
  const KernelTable* kernels = selected_kernels(execution, status);
  if (kernels == nullptr) return status;
  const lathe_conv2d_f32_shape& shape = *problem.shape;
  const int64_t lines = shape.batch * shape.out_h;
  if (lines == 0 || shape.out_w == 0 || shape.in_c == 0) return LATHE_OK;
  const int64_t line_work = saturating_product(shape.out_w, shape.in_c, shape.kernel_h * shape.kernel_w);
  // Lines of one grain: at least kSerialWork / 4, since a depthwise line is cheap.
  const int64_t grain = std::clamp<int64_t>(kSerialWork / 4 / std::max<int64_t>(line_work, 1), 1, lines);
  DepthwiseTask task = {.problem = &problem, .kernels = kernels};
  const auto run_lines = [](void* state, int64_t begin, int64_t end) {
    const auto& lines_of = *static_cast<const DepthwiseTask*>(state);
    lines_of.kernels->depthwise(*lines_of.problem, begin, end);
  };
  lathe_parallel_for(execution, lines, grain, run_lines, &task);
  return LATHE_OK;
}

}  // namespace lathe::runtime
