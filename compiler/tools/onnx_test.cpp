// Finding and running of ONNX test folders.
#include "compiler/tools/onnx_test.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <map>
#include <variant>

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

struct DataSet {
  std::vector<ConstantData> inputs;
  std::vector<ConstantData> outputs;
};

Result<std::vector<ConstantData>> read_files(const fs::path& folder, std::string_view prefix,
                                             Diagnostics& diagnostics) {
  std::vector<ConstantData> result;
  for (const std::string& path : numbered_files(folder, prefix)) {
    LATHE_TRY(ConstantData constant, onnx::read_test_tensor(path, diagnostics));
    result.push_back(std::move(constant));
  }
  return result;
}

Result<DataSet> read_data_set(const fs::path& folder, Diagnostics& diagnostics) {
  DataSet data;
  LATHE_TRY(data.inputs, read_files(folder, "input", diagnostics));
  LATHE_TRY(data.outputs, read_files(folder, "output", diagnostics));
  return data;
}

TestOutcome run_data_set(const OnnxTest& test, const DataSet& data, const CompiledModel& model) {
  Diagnostics diagnostics;
  if (data.inputs.size() != model.inputs().size() || data.outputs.size() != model.outputs().size()) {
    return {TestStatus::Error,
            fmt::format("{} inputs and {} outputs stored, the model has {} and {}", data.inputs.size(),
                        data.outputs.size(), model.inputs().size(), model.outputs().size())};
  }
  std::vector<Tensor> inputs;
  for (const ConstantData& constant : data.inputs) {
    Result<Tensor> tensor = to_tensor(constant, diagnostics);
    if (!tensor.ok()) return from_diagnostics(diagnostics);
    inputs.push_back(*std::move(tensor));
  }
  std::vector<TensorView> views;
  for (const Tensor& input : inputs) views.push_back(input.view());
  const Result<std::vector<Tensor>> outputs = model.run(views, diagnostics);
  if (!outputs.ok()) return from_diagnostics(diagnostics);
  for (size_t i = 0; i < data.outputs.size(); ++i) {
    const ConstantData& want = data.outputs[i];
    const ConstantData got = borrow((*outputs)[i]);
    const auto wrong = test.only_types ? type_difference(got, want) : difference(got, want, test.tolerance);
    if (wrong) return {TestStatus::Fail, fmt::format("output {}: {}", i, *wrong)};
  }
  return {TestStatus::Pass, test.only_types ? "only type and shape are compared" : ""};
}

/// The model as a program that can run, or why there is none.
using Compilation = std::variant<CompiledModel, TestOutcome>;

Compilation compile_test(const OnnxTest& test, std::vector<ConstantData> values, const CompileOptions& options) {
  Module module;
  Diagnostics diagnostics;
  const std::string path = (fs::path(test.folder) / "model.onnx").string();
  if (!load_model(path, {.input_values = std::move(values), .advise = false}, module, diagnostics).ok()) {
    return from_diagnostics(diagnostics);
  }
  Result<CompiledModel> model = compile(std::move(module), options, diagnostics);
  if (!model.ok()) return from_diagnostics(diagnostics);
  if (auto refused = check_ports(*model)) return *std::move(refused);
  return *std::move(model);
}

/// Whether an input is one of those that real models have as constants: the shape of a Reshape, the axes of a sum, then
/// also the scales of a Resize. Never the data.
bool is_parameter(const TensorType& type, bool with_numbers) {
  return type.rank() <= 1 && (with_numbers || is_integer(type.element) || type.element == ElementType::Boolean);
}

// Many tests give as inputs what a real model has as constants. Where the model can't be built for every value of them,
// it is built for the values of the test; tensors of data stay inputs.
TestOutcome run_with_values(const OnnxTest& test, const DataSet& data, const TestOutcome& refused,
                            const CompileOptions& options) {
  for (const bool with_numbers : {false, true}) {
    std::vector<ConstantData> values(data.inputs.size());
    for (size_t i = 0; i < values.size(); ++i) {
      values[i].absent = true;
      if (!is_parameter(data.inputs[i].type, with_numbers)) continue;
      values[i] = data.inputs[i];
      values[i].name.clear();
    }
    const Compilation again = compile_test(test, std::move(values), options);
    if (const auto* model = std::get_if<CompiledModel>(&again)) {
      TestOutcome outcome = run_data_set(test, data, *model);
      if (outcome.status == TestStatus::Pass && outcome.detail.empty()) outcome.detail = "compiled for its parameters";
      return outcome;
    }
  }
  // What is missing is told in terms of the model itself.
  return refused;
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
  const Compilation compilation = compile_test(test, {}, options);
  const auto* refused = std::get_if<TestOutcome>(&compilation);
  if (refused != nullptr && refused->status != TestStatus::Unsupported) return *refused;
  TestOutcome outcome{TestStatus::Error, "no test_data_set_0"};
  std::error_code ignored;
  for (size_t i = 0;; ++i) {
    const fs::path folder = fs::path(test.folder) / fmt::format("test_data_set_{}", i);
    if (!fs::is_directory(folder, ignored)) return outcome;
    Diagnostics diagnostics;
    const Result<DataSet> data = read_data_set(folder, diagnostics);
    if (!data.ok()) return refused != nullptr ? *refused : from_diagnostics(diagnostics);
    outcome = refused != nullptr ? run_with_values(test, *data, *refused, options)
                                 : run_data_set(test, *data, std::get<CompiledModel>(compilation));
    if (outcome.status != TestStatus::Pass) return outcome;
  }
}

}  // namespace lathe::tools
