// Runs a folder of PyTorch cases: source files with the facts of what PyTorch does with them (index.json).
//
// A model case has runs: an entry expression, input types, and what must come out: shapes after every layer, names of
// the state dict, outputs, or the line of the error. A script case is a whole file: the tensors of its statements and
// its independent errors. Every fact is a row of a group; a group counts how many of its rows hold. The form of the
// folder is described in its README. Used by the program torch_cases, and through it by ctest.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace lathe::test {

/// The facts of one kind, in the order of the report.
enum class FactGroup : uint8_t {
  Status,        ///< exit status: 0 for rows that run or only warn, 1 for errors; never 3, never a crash
  ErrorLine,     ///< the first location is the line of the fault or one of those that belong to it
  ErrorKind,     ///< the name of the fault
  ScriptErrors,  ///< as many errors as the script has independent faults
  ScriptValues,  ///< tensors of the top-level statements
  Layers,        ///< layer calls in order, with type and output shape
  Outputs,       ///< shapes of the results
  StateDict,     ///< names and shapes of parameters and buffers, in order
  GoldenJit,     ///< outputs within 1e-4, weights from safetensors and from .pth
  GoldenInterpreter,
  Warnings,     ///< what PyTorch runs and people regret: a warning of that kind on that line
  FalseAlarms,  ///< nothing is said of what is right, and nothing else of what is wrong
  FixOffered,   ///< the stated change is among those offered, or one that comes to the same
  FixCures,     ///< every offered change, carried out, makes its fault go away
};
inline constexpr size_t kFactGroups = 14;
[[nodiscard]] std::string_view text(FactGroup group);

struct CaseReport {
  struct Count {
    size_t holds = 0;
    size_t rows = 0;
  };
  Count counts[kFactGroups];
  std::vector<std::string> failures;  ///< one line for every row that doesn't hold
};

/// Runs every case of `folder`/index.json, or those whose name contains `filter`. A folder that can't be read is one
/// failure.
[[nodiscard]] CaseReport run_cases(const std::filesystem::path& folder, std::string_view filter);

}  // namespace lathe::test
