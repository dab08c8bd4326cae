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
  std::map<std::string, Numbers> tensors;  ///< top-level names that start with `out_`
  std::map<std::string, std::string> shapes;
  /// One line a diagnostic: `LT0203:4 message`, with its line.
  std::string diagnostics;
};

/// Executes a text. Tensors that depend on inputs have no numbers.
[[nodiscard]] ProgramResult run_program(const std::string& text);

}  // namespace lathe::torch::test
