// Runs `lathe diff` inside of the test process.
#include "tests/diff/diff_run.h"

#include "compiler/tools/command.h"

namespace lathe::test {

DiffResult run_diff(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "diff");
  tools::OutputStream out;
  tools::OutputStream err;
  DiffResult result;
  result.status = tools::run_tool(arguments, {out, err});
  result.out = out.text();
  result.err = err.text();
  return result;
}

nlohmann::json diff_json(std::vector<std::string> arguments, tools::ExitStatus& status) {
  arguments.emplace_back("--format=json");
  const DiffResult result = run_diff(std::move(arguments));
  status = result.status;
  return nlohmann::json::parse(result.out, nullptr, false);
}

std::string pair_file(const std::string& name) { return LATHE_DIFF_PAIRS "/" + name; }

}  // namespace lathe::test
