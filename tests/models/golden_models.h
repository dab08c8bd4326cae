// The models of the shared collection with their published inputs and outputs, ready to run.
//
// A case is one folder of goldens: its tensors in the order of the model's inputs and outputs, decoded from their
// codings. Faults of the data are failures of the running test. Used by the tests of this folder.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/compile.h"
#include "tests/models/filled_topology.h"

namespace lathe::test {

struct NamedTensor {
  std::string name;
  Tensor tensor;
};

struct GoldenCase {
  std::string name;  ///< of its folder: `b1`
  std::vector<NamedTensor> inputs;
  std::vector<NamedTensor> outputs;
};

/// The column `ort_noise` of a model in an index.tsv.
[[nodiscard]] std::optional<double> index_noise(const std::filesystem::path& index, std::string_view name);

/// All cases below a folder of goldens, sorted by name. Faults are test failures.
[[nodiscard]] std::vector<GoldenCase> read_cases(const std::filesystem::path& folder);

/// A copy of a constant's elements.
[[nodiscard]] Tensor host_tensor(const ConstantData& constant);
/// The largest |a - b| and the largest |b|; NaN in either counts as an infinite difference, and so do
/// whole numbers that differ.
struct Difference {
  double largest_difference = 0;
  double largest_expected = 0;
};
[[nodiscard]] Difference compare(const Tensor& got, const Tensor& expected);

/// The same dims and bytes; a difference is a test failure.
void expect_same_bits(const std::vector<Tensor>& a, const std::vector<Tensor>& b);

/// Loads and compiles; a failure is a test failure that shows the diagnostics.
[[nodiscard]] std::optional<CompiledModel> compile_file(const std::filesystem::path& path,
                                                        const CompileOptions& options, const LoadOptions& load = {});
/// Runs on the tensors in their order; a failure is a test failure that shows the diagnostics.
[[nodiscard]] std::optional<std::vector<Tensor>> run_model(const CompiledModel& model,
                                                           const std::vector<NamedTensor>& inputs);

/// Values in [-1, 1) that depend on nothing but the seed.
[[nodiscard]] Tensor seeded_tensor(std::vector<int64_t> dims, uint64_t seed);

}  // namespace lathe::test
