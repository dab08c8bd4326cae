// What a C++ source says of the steps of its program: comments, and the table of contents. Called by cpp_source.cpp.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "ir/base/location.h"
#include "ir/kernel/program.h"

namespace lathe::codegen {

/// Text for a comment, which ends with its line, whatever names a model has.
[[nodiscard]] std::string one_line(std::string text);

class StepTexts {
 public:
  /// Both are borrowed; `locations` may be null.
  StepTexts(const kernel::Program& program, const LocationTable* locations);

  /// The layer and its place in the model: `features.3: net.onnx: node /features.3/Conv (Conv)`.
  [[nodiscard]] const std::string& text(size_t step) const { return texts_[step]; }
  /// For the comment above a kernel: the steps that run it, or one of `same` text.
  [[nodiscard]] std::string users(const std::vector<kernel::KernelId>& same, kernel::KernelId id) const;
  /// A row for every step: number, layer, what it calls, sizes. `kernel_names` has the function of every kernel.
  [[nodiscard]] std::string contents(const std::vector<std::string>& kernel_names) const;

 private:
  const kernel::Program& program_;
  std::vector<std::string> texts_;
};

}  // namespace lathe::codegen
