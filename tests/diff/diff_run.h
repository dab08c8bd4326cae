// Runs `lathe diff` inside of the test process.
#pragma once

#include <nlohmann/json.hpp>

#include <string>
#include <vector>

#include "compiler/tools/session.h"

namespace lathe::test {

struct DiffResult {
  tools::ExitStatus status = tools::ExitStatus::Fine;
  std::string out;
  std::string err;
};
[[nodiscard]] DiffResult run_diff(std::vector<std::string> arguments);
/// The same with --format=json; a discarded value when the output is no JSON.
[[nodiscard]] nlohmann::json diff_json(std::vector<std::string> arguments, tools::ExitStatus& status);
/// The path of a file in tests/diff/pairs, with whatever stands behind it.
[[nodiscard]] std::string pair_file(const std::string& name);

}  // namespace lathe::test
