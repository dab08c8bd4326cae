// Finding and running of ONNX test folders.
#include "compiler/tools/onnx_test.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <map>

#include "compiler/frontend/onnx/test_data.h"
#include "compiler/tools/input_values.h"
#include "compiler/tools/session.h"
#include "ir/base/display.h"

namespace lathe::tools {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> split_tabs(const std::string& line) {
  std::vector<std::string> fields;
  size_t begin = 0;
  while (true) {
    const size_t tab = line.find('\t', begin);
    fields.push_back(line.substr(begin, tab - begin));
    if (tab == std::string::npos) return fields;
    begin = tab + 1;
  }
}

// What an index says of one test.
struct IndexRow {
  Tolerance tolerance;
  bool only_types = false;
};

// Reads the columns name, rtol, atol and flags of an index.tsv; other files of that name give nothing.
void read_index(const fs::path& path, std::map<std::string, IndexRow>& rows) {
  std::ifstream file(path);
  std::string line;
  if (!std::getline(file, line)) return;
  const std::vector<std::string> header = split_tabs(line);
  const auto column = [&](std::string_view name) {
    return static_cast<size_t>(std::find(header.begin(), header.end(), name) - header.begin());
  };
  const size_t name = column("name");
  const size_t relative = column("rtol");
  const size_t absolute = column("atol");
  const size_t flags = column("flags");
  if (std::max({name, relative, absolute, flags}) >= header.size()) return;
  const auto number = [](const std::string& text, double& value) {
    static_cast<void>(std::from_chars(text.data(), text.data() + text.size(), value));
  };
  while (std::getline(file, line)) {
    const std::vector<std::string> fields = split_tabs(line);
    if (fields.size() != header.size()) continue;
    IndexRow row;
    number(fields[relative], row.tolerance.relative);
    number(fields[absolute], row.tolerance.absolute);
    row.only_types = fields[flags].find("nondeterministic") != std::string::npos;
    rows.emplace(fields[name], row);
  }
}

// Files such as `input_0.pb`, `input_1.pb` ... of a data set.
std::vector<std::string> numbered_files(const fs::path& folder, std::string_view prefix) {
  std::vector<std::string> result;
  std::error_code ignored;
  for (size_t i = 0;; ++i) {
    const fs::path path = folder / fmt::format("{}_{}.pb", prefix, i);
    if (!fs::exists(path, ignored)) return result;
    result.push_back(path.string());
  }
}

TestOutcome from_diagnostics(const Diagnostics& diagnostics) {
  constexpr size_t kLongest = 300;
  // A model that needs a newer opset than Lathe knows may be right.
  for (const Diagnostic& diagnostic : diagnostics.all()) {
    if (diagnostic.kind != DiagnosticKind::UnknownOpset) continue;
    return {TestStatus::Unsupported, fmt::format("{}: {}", info(diagnostic.kind).code, diagnostic.message)};
  }
  const bool is_unsupported = status_of(diagnostics) == ExitStatus::Unsupported;
  std::vector<std::string> messages;
  for (const Diagnostic& diagnostic : diagnostics.all()) {
    const Severity severity = info(diagnostic.kind).severity;
    if (is_unsupported ? severity != Severity::Unsupported
                       : severity != Severity::Error && severity != Severity::Internal) {
      continue;
    }
    const std::string message = fmt::format("{}: {}", info(diagnostic.kind).code, diagnostic.message);
    if (std::find(messages.begin(), messages.end(), message) == messages.end()) messages.push_back(message);
    if (!is_unsupported) break;
  }
  return {is_unsupported ? TestStatus::Unsupported : TestStatus::Error,
          display_text(fmt::format("{}", fmt::join(messages, "; ")), kLongest)};
}

// A fault of a type the compiled interface doesn't carry; nothing when all ports are tensors.
std::optional<TestOutcome> check_ports(const CompiledModel& model) {
  for (const auto ports : {model.inputs(), model.outputs()}) {
    for (const ModelPort& port : ports) {
      if (port.type.as_tensor() != nullptr) continue;
      return TestOutcome{TestStatus::Unsupported, fmt::format("{} is `{}`", quoted_name(port.name), text(port.type))};
    }
  }
  return std::nullopt;
}

TestOutcome run_data_set(const OnnxTest& test, const fs::path& folder, const CompiledModel& model) {
  Diagnostics diagnostics;
  const std::vector<std::string> input_files = numbered_files(folder, "input");
  const std::vector<std::string> output_files = numbered_files(folder, "output");
  if (input_files.size() != model.inputs().size() || output_files.size() != model.outputs().size()) {
    return {TestStatus::Error,
            fmt::format("{} inputs and {} outputs stored, the model has {} and {}", input_files.size(),
                        output_files.size(), model.inputs().size(), model.outputs().size())};
  }
  std::vector<Tensor> inputs;
  for (const std::string& path : input_files) {
    const Result<ConstantData> constant = onnx::read_test_tensor(path, diagnostics);
    if (!constant.ok()) return from_diagnostics(diagnostics);
    Result<Tensor> tensor = to_tensor(*constant, diagnostics);
    if (!tensor.ok()) return from_diagnostics(diagnostics);
    inputs.push_back(*std::move(tensor));
  }
  std::vector<TensorView> views;
  for (const Tensor& input : inputs) views.push_back(input.view());
  const Result<std::vector<Tensor>> outputs = model.run(views, diagnostics);
  if (!outputs.ok()) return from_diagnostics(diagnostics);
  for (size_t i = 0; i < output_files.size(); ++i) {
    const Result<ConstantData> want = onnx::read_test_tensor(output_files[i], diagnostics);
    if (!want.ok()) return from_diagnostics(diagnostics);
    const ConstantData got = borrow((*outputs)[i]);
    const auto wrong = test.only_types ? type_difference(got, *want) : difference(got, *want, test.tolerance);
    if (wrong) return {TestStatus::Fail, fmt::format("output {}: {}", i, *wrong)};
  }
  return {TestStatus::Pass, test.only_types ? "only type and shape are compared" : ""};
}

}  // namespace

std::string_view text(TestStatus status) {
  switch (status) {
    case TestStatus::Pass: return "pass";
    case TestStatus::Fail: return "fail";
    case TestStatus::Unsupported: return "unsupported";
    case TestStatus::Error: return "error";
  }
  return "error";
}

std::vector<OnnxTest> find_onnx_tests(const std::string& folder) {
  std::error_code fault;
  std::map<std::string, IndexRow> index;
  const fs::path root = fs::weakly_canonical(folder, fault);
  for (const fs::path& place : {root, root.parent_path(), root.parent_path().parent_path()}) {
    read_index(place / "index.tsv", index);
  }
  std::vector<OnnxTest> result;
  const auto add = [&](const fs::path& path) {
    if (!fs::is_regular_file(path / "model.onnx", fault)) return;
    OnnxTest test;
    test.name = path.filename().string();
    test.folder = path.string();
    if (const auto row = index.find(test.name); row != index.end()) {
      test.tolerance = row->second.tolerance;
      test.only_types = row->second.only_types;
    }
    result.push_back(std::move(test));
  };
  add(root);
  for (fs::recursive_directory_iterator it(root, fs::directory_options::skip_permission_denied, fault), end; it != end;
       it.increment(fault)) {
    if (it->is_directory(fault)) add(it->path());
  }
  std::sort(result.begin(), result.end(), [](const OnnxTest& a, const OnnxTest& b) { return a.folder < b.folder; });
  return result;
}

TestOutcome run_onnx_test(const OnnxTest& test, const CompileOptions& options) {
  Module module;
  Diagnostics diagnostics;
  if (!load_model((fs::path(test.folder) / "model.onnx").string(), {}, module, diagnostics).ok()) {
    return from_diagnostics(diagnostics);
  }
  const Result<CompiledModel> model = compile(std::move(module), options, diagnostics);
  if (!model.ok()) return from_diagnostics(diagnostics);
  if (auto refused = check_ports(*model)) return *refused;
  TestOutcome outcome{TestStatus::Error, "no test_data_set_0"};
  std::error_code ignored;
  for (size_t i = 0;; ++i) {
    const fs::path folder = fs::path(test.folder) / fmt::format("test_data_set_{}", i);
    if (!fs::is_directory(folder, ignored)) return outcome;
    outcome = run_data_set(test, folder, *model);
    if (outcome.status != TestStatus::Pass) return outcome;
  }
}

}  // namespace lathe::tools
