// How contractions are spread over threads: parts large enough to be worth a thread, several a thread to even out.
#include "runtime/kernels/contraction.h"

#include <algorithm>

#include "runtime/kernels/schedule.h"
#include "runtime/target.h"

namespace lathe::runtime {
namespace {

constexpr int64_t kPartsPerThread = 4;
// A part should have at least so many rows: fewer would read all of B for little work.
constexpr int64_t kRowsPerPart = 96;

struct ContractionParts {
  const Contraction* problem;
  const ContractionKernels* kernels;
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

}  // namespace
}  // namespace lathe::runtime

lathe_status lathe_internal_run_contraction(const lathe_execution* execution,
                                            const lathe::runtime::Contraction* contraction) {
  using namespace lathe::runtime;
  const Contraction& problem = *contraction;
  lathe_status status = LATHE_OK;
  const int32_t target = lathe_internal_selected_target(execution, &status);
  if (target < 0) return status;
  const ContractionKernels* kernels = lathe_internal_contraction_kernels(target);
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
