// Golden files: commands of the `lathe` program with the output they must have, in the file that is their input.
//
//   // test: opt --passes=canonicalize           the command, without `lathe`; one for all cases of the file
//   // x + 0 is x.                               one sentence on what the case shows
//   graph @g(...) ...                            the input, written to case.lathe and appended to the command
//   // exit: 1                                   when it isn't 0
//   // expect:                                   standard output
//   // graph @g(...) ...
//   // stderr:                                   standard error, when there is any
//   // -----                                     the next case
//
// `%lathe` in the command is the input's path when it doesn't stand at the end, `%onnx` writes it as an ONNX file from
// the text form of tests/support/onnx_text.h, `%python` as model.py without the lines of comments, `%none` has no
// input. With LATHE_BLESS=1 the tests write what came out into the files. Commands run inside of the test process, in a
// folder of their own. Files in a folder `native` are for builds that make machine code.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace lathe::test {

struct ToolResult {
  int status = 0;
  std::string out;
  std::string err;
};

/// Runs one command line, split at blanks (quotes '...' group), in `folder`.
[[nodiscard]] ToolResult run_lathe(std::string_view command_line, const std::filesystem::path& folder);

struct GoldenCase {
  std::string input;     ///< comments and text up to the expectation
  std::string expected;  ///< the comment lines with status and output, as in the file
};

struct GoldenFile {
  std::string command;
  std::string head;  ///< lines above the first case: the command and comments behind it
  std::vector<GoldenCase> cases;
};

[[nodiscard]] GoldenFile parse_golden(std::string_view text);
[[nodiscard]] std::string golden_text(const GoldenFile& file);
/// Runs a case and writes its status and output as `expected` does. Faults of the case itself come in `fault`.
[[nodiscard]] std::string run_case(const GoldenFile& file, const GoldenCase& golden, std::string& fault);

[[nodiscard]] std::string read_text(const std::filesystem::path& path);
[[nodiscard]] bool blessing();

}  // namespace lathe::test
