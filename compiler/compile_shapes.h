// Binds the sizes of given inputs to a model's symbols, and says what does not fit.
//
// Made once for a compiled model. A symbol takes its value from the first axis that is exactly it; every other axis is
// compared with what its type then asks for. Faults are LT0701 and name the input, the axis, what was expected and what
// was given. Used by CompiledModel before each run.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "compiler/compile.h"

namespace lathe {

/// What the checks need to know of a given input.
struct GivenInput {
  ElementType element = ElementType::F32;
  std::span<const int64_t> dims;
};

class ShapeBinder {
 public:
  ShapeBinder() = default;
  ShapeBinder(const std::vector<ModelPort>& inputs, const SymbolTable& symbols);

  /// One value for each row of the symbol table; kUnbound for symbols that no input gives. `inputs` and `symbols` are
  /// those of the constructor. All faults are reported.
  static constexpr int64_t kUnbound = -1;
  [[nodiscard]] Result<std::vector<int64_t>> bind(const std::vector<ModelPort>& inputs, const SymbolTable& symbols,
                                                  std::span<const GivenInput> given, Diagnostics& diagnostics) const;

  /// The value of a dim; nothing when it needs an unbound symbol or overflows.
  [[nodiscard]] std::optional<int64_t> evaluate(const Dim& dim, std::span<const int64_t> values) const;
  /// All of them, or nothing when one is unknown.
  [[nodiscard]] std::optional<std::vector<int64_t>> evaluate(const Shape& shape, std::span<const int64_t> values) const;
  /// The row of a symbol.
  [[nodiscard]] std::optional<size_t> symbol_index(const std::string& name) const;

 private:
  /// The axis that gives a symbol its value.
  struct Source {
    size_t symbol = 0;
    size_t input = 0;
    size_t axis = 0;
  };
  std::unordered_map<std::string, size_t> rows_;
  std::vector<Source> sources_;
};

}  // namespace lathe
