// Proofs that indices lie in their buffers, for the verifier of kernel IR.
//
// The prover follows the walk of a kernel: it is told of loops, branches and bound indices as they are entered and
// left, and keeps what holds there. A proof tries the bounds of the symbols first, then adds one or two of the
// conditions.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "ir/kernel/kernel.h"

namespace lathe::kernel {

class AccessProver {
 public:
  explicit AccessProver(const SymbolTable& sizes) : symbols_(sizes) {}

  /// Position to go back to with leave().
  [[nodiscard]] size_t mark() const { return facts_.size(); }
  void leave(size_t mark) { facts_.resize(mark); }

  void enter_loop(const ForStatement& loop);
  void enter_branch(const IfStatement& branch, bool then_block);
  void bind(const BindStatement& bind);

  /// Nothing when every touched element is proved to lie in [0, extent); else what could not be proved.
  [[nodiscard]] std::optional<std::string> check_access(const Dim& extent, uint32_t lanes, const Dim& index,
                                                        const Dim& stride, const std::optional<Dim>& active);

  /// True when `value` >= 0 follows from the bounds and the conditions around.
  [[nodiscard]] bool non_negative(const Dim& value) const;

 private:
  [[nodiscard]] bool follows(const Dim& value) const;
  [[nodiscard]] bool search(const Dim& value, int depth) const;
  [[nodiscard]] std::optional<Dim> quotient_bound(const DimAtom& quotient) const;

  SymbolTable symbols_;
  std::vector<Dim> facts_;  ///< each is at least 0 here
};

}  // namespace lathe::kernel
