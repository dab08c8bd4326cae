// One ONNX test folder: `model.onnx` and `test_data_set_*` with inputs and expected outputs.
//
// Finding of folders, what an `index.tsv` beside them says of tolerances, and the run of one test in this process.
// `verify` runs each in a child of its own.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "compiler/compile.h"
#include "compiler/tools/compare.h"

namespace lathe::tools {

struct OnnxTest {
  std::string name;  ///< the folder's name
  std::string folder;
  Tolerance tolerance;
  bool only_types = false;  ///< expected values can't be reproduced: only type and shape are compared
};

enum class TestStatus : uint8_t { Pass, Fail, Unsupported, Error };
/// `pass`, `fail`, `unsupported`, `error`
[[nodiscard]] std::string_view text(TestStatus status);

struct TestOutcome {
  TestStatus status = TestStatus::Pass;
  std::string detail;  ///< one line; empty for most passes
};

/// All test folders below `folder`, sorted by name; `folder` itself may be one.
[[nodiscard]] std::vector<OnnxTest> find_onnx_tests(const std::string& folder);
[[nodiscard]] TestOutcome run_onnx_test(const OnnxTest& test, const CompileOptions& options);

}  // namespace lathe::tools
