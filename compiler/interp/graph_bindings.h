// The values of symbols during one run: bound from shapes, checked against bounds and guards.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "ir/graph/op.h"

namespace lathe::interp {

class SymbolBindings {
 public:
  SymbolBindings(const Module& module, Diagnostics& diagnostics) : module_(module), diagnostics_(diagnostics) {}

  /// Binds the symbols of the model's inputs from the shapes that are given; LT0701 when one doesn't fit.
  [[nodiscard]] Status bind_inputs(std::span<const HostTensor* const> inputs);
  /// Binds symbols that are declared by a computed value, and compares all other dims; LT0702 when they contradict each
  /// other.
  [[nodiscard]] Status bind_computed(ValueId value, const TensorType& actual);
  /// Checks every guard whose sizes are known and that was not checked before; LT0702.
  [[nodiscard]] Status check_guards();

  [[nodiscard]] std::optional<int64_t> value(const Dim& dim) const;
  /// `attribute` with all sizes as numbers; nothing when a symbol has no value.
  [[nodiscard]] std::optional<Attribute> concrete(const Attribute& attribute) const;

 private:
  [[nodiscard]] Status bind_axis(ValueId input, size_t axis, const TensorType& actual, bool solve);
  [[nodiscard]] Status check_bounds();
  [[nodiscard]] std::string input_text(ValueId input) const;

  const Module& module_;
  Diagnostics& diagnostics_;
  std::unordered_map<std::string, int64_t> values_;
  std::unordered_map<std::string, std::string> sources_;  ///< which input axis bound a symbol
  std::vector<bool> checked_;                             ///< for each guard
};

}  // namespace lathe::interp
