// `lathe verify DIR...`: ONNX test folders, each in a process of its own.
#include <poll.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <list>
#include <thread>

#include "compiler/tools/child_process.h"
#include "compiler/tools/command.h"
#include "compiler/tools/compile_arguments.h"
#include "compiler/tools/onnx_test.h"
#include "compiler/tools/options.h"
#include "ir/base/display.h"

namespace lathe::tools {
namespace {

constexpr TestStatus kStatuses[] = {TestStatus::Pass, TestStatus::Fail, TestStatus::Unsupported, TestStatus::Error};

std::string one_line(std::string text) {
  std::replace_if(text.begin(), text.end(), [](char c) { return c == '\n' || c == '\t' || c == '\r'; }, ' ');
  return text;
}

// A child's answer is `status<TAB>detail`.
TestOutcome outcome_of(const ChildResult& result) {
  if (!result.finished) return {TestStatus::Error, result.text};
  const size_t tab = std::min(result.text.find('\t'), result.text.size());
  for (const TestStatus status : kStatuses) {
    if (text(status) == result.text.substr(0, tab)) {
      return {status, one_line(result.text.substr(std::min(tab + 1, result.text.size())))};
    }
  }
  return {TestStatus::Error, "no answer"};
}

struct Running {
  size_t test;
  ChildProcess child;
};

// Waits until a child says something, or a little while, so that time limits are seen.
void wait_for_any(const std::list<Running>& running) {
  constexpr int kMilliseconds = 100;
  std::vector<pollfd> descriptors;
  for (const Running& row : running) descriptors.push_back({row.child.descriptor(), POLLIN, 0});
  ::poll(descriptors.data(), descriptors.size(), kMilliseconds);
}

class Verification {
 public:
  Verification(std::vector<OnnxTest> tests, CompileOptions options, ChildLimits limits, const Session& session)
      : tests_(std::move(tests)), options_(std::move(options)), limits_(limits), session_(session) {
    outcomes_.resize(tests_.size());
  }

  // Runs all tests, `jobs` at a time, and hands their outcomes on in order.
  template <class Show>
  void run(size_t jobs, Show show) {
    size_t next = 0;
    size_t shown = 0;
    std::list<Running> running;
    while (shown < tests_.size()) {
      while (next < tests_.size() && running.size() < jobs) {
        running.push_back({next, start(tests_[next])});
        ++next;
      }
      wait_for_any(running);
      running.remove_if([&](Running& row) {
        if (!row.child.poll()) return false;
        outcomes_[row.test] = outcome_of(row.child.result());
        return true;
      });
      for (; shown < tests_.size() && outcomes_[shown]; ++shown) {
        ++counts_[static_cast<size_t>(outcomes_[shown]->status)];
        show(tests_[shown], *outcomes_[shown]);
      }
      session_.progress(fmt::format("{} of {}", shown, tests_.size()));
    }
    session_.progress({});
  }

  [[nodiscard]] size_t count(TestStatus status) const { return counts_[static_cast<size_t>(status)]; }

 private:
  ChildProcess start(const OnnxTest& test) const {
    return ChildProcess(
        [&]() {
          const TestOutcome outcome = run_onnx_test(test, options_);
          return fmt::format("{}\t{}", text(outcome.status), outcome.detail);
        },
        limits_);
  }

  std::vector<OnnxTest> tests_;
  CompileOptions options_;
  ChildLimits limits_;
  const Session& session_;
  std::vector<std::optional<TestOutcome>> outcomes_;
  std::array<size_t, std::size(kStatuses)> counts_{};
};

}  // namespace

ExitStatus verify_command(Arguments words, const Session& session) {
  constexpr std::string_view kFormats[] = {"text", "tsv"};
  constexpr int64_t kMostJobs = 256;
  constexpr int64_t kMebibyte = int64_t{1} << 20;
  std::vector<std::string> folders;
  std::string format = "text";
  ChildLimits limits;
  int64_t jobs = std::max<int64_t>(1, std::thread::hardware_concurrency());
  int64_t mebibytes = 4096;
  CompileArguments compile;
  OptionParser options(
      "verify", "Runs ONNX test folders (model.onnx and test_data_set_*), at any depth below DIR.",
      "Each test runs in a process of its own: one that crashes or hangs has the status `error`.\n"
      "An index.tsv in DIR or above it may set tolerances (columns name, rtol, atol, flags).\n"
      "A model that can't be built for every value of its inputs is built for the test's shapes, axes\n"
      "and other inputs of one axis or none; its data stay inputs.\n\n"
      "Exit status: 0 when nothing failed (unsupported tests are counted apart), else 4.");
  options.positionals("DIR", folders, "Folders to search");
  options.choice("--format", format, kFormats, "tsv is one line a test: name, status, detail");
  options.integer("-j,--jobs", jobs, 1, kMostJobs, "Tests at a time (all CPUs)");
  options.number("--timeout", limits.seconds, "Seconds a test may take (60)");
  options.integer("--memory", mebibytes, 1, INT64_MAX / kMebibyte, "MiB of memory a test may take (4096)");
  compile.add_to(options);
  if (const auto status = options.parse(words, session)) return *status;
  limits.bytes = static_cast<uint64_t>(mebibytes * kMebibyte);

  Diagnostics diagnostics;
  const LocationTable nowhere;
  const Result<CompileOptions> compile_options = compile.compile_options(session, diagnostics);
  if (!compile_options.ok()) return session.fail(diagnostics, nowhere);
  std::vector<OnnxTest> tests;
  for (const std::string& folder : folders) {
    std::vector<OnnxTest> found = find_onnx_tests(folder);
    if (found.empty()) {
      static_cast<void>(
          diagnostics.report(DiagnosticKind::FileNotReadable, {}, "{} holds no ONNX test", quoted_name(folder))
              .note("a test is a folder with model.onnx and test_data_set_0")
              .emit());
      return session.fail(diagnostics, nowhere);
    }
    tests.insert(tests.end(), std::make_move_iterator(found.begin()), std::make_move_iterator(found.end()));
  }
  // Children start from a copy of this process; what is buffered must not be written by them again.
  session.out.flush();
  session.err.flush();
  Verification verification(std::move(tests), *compile_options, limits, session);
  verification.run(static_cast<size_t>(jobs), [&](const OnnxTest& test, const TestOutcome& outcome) {
    if (format == "tsv") {
      session.out.write(fmt::format("{}\t{}\t{}\n", test.name, text(outcome.status), outcome.detail));
    } else if (outcome.status != TestStatus::Pass) {
      session.out.write(fmt::format("{:<12} {}: {}\n", text(outcome.status), display_text(test.name), outcome.detail));
    }
    session.out.flush();
  });
  session.err.write(fmt::format("{} passed, {} failed, {} unsupported, {} error\n",
                                verification.count(TestStatus::Pass), verification.count(TestStatus::Fail),
                                verification.count(TestStatus::Unsupported), verification.count(TestStatus::Error)));
  const bool is_good = verification.count(TestStatus::Fail) + verification.count(TestStatus::Error) == 0;
  return is_good ? ExitStatus::Fine : ExitStatus::Failed;
}

}  // namespace lathe::tools
