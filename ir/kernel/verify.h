// The verifier of kernel IR: the rules that emitters and interpreters rely on.
//
// verify() reports every broken rule as LT0405 with the statement's text. It checks: ids are in range; each value is
// defined once, before its uses, in an enclosing block; types of operands and results follow scalar_ops.def; lanes are
// powers of two; symbols in Dims are in scope and unique; loop steps are at least 1; unrolled loops are short and
// constant; parallel loops carry nothing, are not inside of each other, and store no 4-bit elements; In buffers are not
// written; locals are constant and small; refs, sizes and callbacks of a program fit their kernels. Indices are proved
// to lie in their buffers; what can't be proved is listed and not an error: lowering must have guarded it. Run after
// every pass that makes or changes kernels.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "ir/base/diagnostic.h"
#include "ir/kernel/program.h"

namespace lathe::kernel {

/// An access whose index could not be proved to lie within its buffer.
struct UnprovenAccess {
  StatementId statement;
  BufferId buffer;
  std::string reason;  ///< the inequality that was not provable, `16*floordiv(N, 16) + %i <= N - 1`
};

struct VerifyReport {
  std::vector<UnprovenAccess> unproven;
};

[[nodiscard]] Result<VerifyReport> verify(const Kernel& kernel, Diagnostics& diagnostics);

struct ProgramReport {
  /// By kernel.
  std::vector<std::pair<KernelId, UnprovenAccess>> unproven_accesses;
  /// Steps whose refs could not be proved to lie within their storages, and storages not provably in the arena.
  std::vector<std::string> unproven_ranges;
};

/// Verifies every kernel and every step.
[[nodiscard]] Result<ProgramReport> verify(const Program& program, Diagnostics& diagnostics);

}  // namespace lathe::kernel
