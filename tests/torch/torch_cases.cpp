// `lathe_torch_cases FOLDER [FILTER]`: runs a folder of PyTorch cases and says how many facts of each group hold.
// Exit status 0 when all do, 77 when the folder isn't there (a failure with CI=true), else 1.
#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>

#include "tests/torch/case_runner.h"

int main(int argument_count, char** arguments) {
  using namespace lathe::test;
  if (argument_count < 2) {
    fmt::print(stderr, "usage: lathe_torch_cases FOLDER [FILTER]\n");
    return 2;
  }
  const std::filesystem::path folder = arguments[1];
  if (!std::filesystem::exists(folder / "index.json")) {
    fmt::print("no cases: {} is not there\n", (folder / "index.json").string());
    const char* ci = std::getenv("CI");
    return ci != nullptr && std::string_view(ci) == "true" ? 1 : 77;
  }
  const CaseReport report = run_cases(folder, argument_count > 2 ? arguments[2] : "");
  for (const std::string& failure : report.failures) fmt::print("{}\n", failure);
  for (size_t i = 0; i < kFactGroups; ++i) {
    fmt::print("{:>22}: {} of {}\n", text(static_cast<FactGroup>(i)), report.counts[i].holds, report.counts[i].rows);
  }
  return report.failures.empty() ? 0 : 1;
}
