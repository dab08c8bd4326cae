// Runs small PyTorch programs for the tests of this folder: parameters are filled by a rule that make_goldens.py knows.
#pragma once

#include <map>
#include <string>
#include <vector>

namespace lathe::torch::test {

struct Numbers {
  std::vector<int64_t> dims;
  std::vector<double> elements;
};

struct ProgramResult {
  std::map<std::string, Numbers> tensors;     ///< top-level tensors that start with `out_`
  std::map<std::string, std::string> shapes;  ///< of all top-level tensors: "(2, 3)"
  std::map<std::string, std::string> values;  ///< repr() of other top-level values
  /// The state dict of each top-level module, one line an entry: "0.weight (3, 4)", buffers with a star.
  std::map<std::string, std::string> states;
  /// One line a call of a layer: "net.0 Linear (2, 4)".
  std::string layers;
  /// One line a diagnostic: "feature-mismatch:4 message"; notes follow with two blanks.
  std::string diagnostics;
};

/// Executes a text.
[[nodiscard]] ProgramResult run_program(const std::string& text);

}  // namespace lathe::torch::test
