// Loading of cases through the compiler's library, and comparing with index.json.
#include "tests/torch/case_runner.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <iterator>
#include <optional>
#include <sstream>

#include "compiler/advice/fix_trial.h"
#include "compiler/compile.h"
#include "compiler/frontend/weights/npy.h"
#include "compiler/tools/layers.h"
#include "compiler/tools/session.h"
#include "ir/base/render.h"

namespace lathe::test {
namespace {

using Json = nlohmann::json;
namespace fs = std::filesystem;

constexpr double kTolerance = 1e-4;

// A model or script as loaded; the module lives as long as the diagnostics refer to it.
struct Loaded {
  Module module;
  Diagnostics diagnostics;
  Definition definition;
  bool is_loaded = false;
};

std::optional<TensorType> type_of(const Json& input) {
  TensorType type;
  const std::string dtype = input.at("dtype");
  if (dtype == "float32")
    type.element = ElementType::F32;
  else if (dtype == "float64")
    type.element = ElementType::F64;
  else if (dtype == "float16")
    type.element = ElementType::F16;
  else if (dtype == "int64")
    type.element = ElementType::I64;
  else if (dtype == "int32")
    type.element = ElementType::I32;
  else if (dtype == "bool")
    type.element = ElementType::Boolean;
  else
    return std::nullopt;
  for (const Json& size : input.at("shape")) type.dims.emplace_back(size.get<int64_t>());
  return type;
}

// `[2, 3]` is `(2,3)`; lists of lists are tuples of shapes; null is None.
std::string shape_text(const Json& shape) {
  if (shape.is_null()) return "None";
  const bool is_nested = std::any_of(shape.begin(), shape.end(), [](const Json& part) { return !part.is_number(); });
  std::string text;
  for (const Json& part : shape) {
    if (!text.empty()) text += is_nested ? ", " : ",";
    text += is_nested ? shape_text(part) : std::to_string(part.get<int64_t>());
  }
  return (is_nested ? "[" : "(") + text + (is_nested ? "]" : ")");
}

// The same from the text of types: `(f32[2,7,8], (f32[1,2,8], f32[1,2,8]))`.
std::string shapes_of_types(std::string_view types) {
  std::string text;
  size_t bracket = std::string_view::npos;
  for (size_t i = 0; i < types.size(); ++i) {
    const char c = types[i];
    if (c == '(')
      text += '[';
    else if (c == ')')
      text += ']';
    else if (c == '[') {
      bracket = i;
      text += '(';
    } else if (c == ']') {
      bracket = std::string_view::npos;
      text += ')';
    } else if (bracket != std::string_view::npos)
      text += c;
    else if (c == ',')
      text += ", ";
    else if (types.substr(i).starts_with("None")) {
      text += "None";
      i += 3;
    }
  }
  return text;
}

std::string shape_of(const TensorType& type) { return shapes_of_types(tools::compact_text(Type(type))); }

// The lines that a diagnostic may start at.
std::vector<int64_t> allowed_lines(const Json& error) {
  std::vector<int64_t> lines;
  if (error.contains("best_line") && error["best_line"].is_number()) lines.push_back(error["best_line"]);
  for (const Json& line : error.value("other_lines", Json::array())) lines.push_back(line);
  return lines;
}

uint32_t line_at(LocationId where, const LocationTable& locations) {
  const Location* origin = where.valid() ? locations.origin(where) : nullptr;
  const Span* span = origin == nullptr ? nullptr : std::get_if<Span>(origin);
  return span == nullptr ? 0 : locations.line_column(span->file, span->begin).line;
}

uint32_t line_of(const Diagnostic& diagnostic, const LocationTable& locations) {
  return line_at(diagnostic.where, locations);
}

std::vector<const Diagnostic*> errors_of(const Diagnostics& diagnostics) {
  std::vector<const Diagnostic*> errors;
  for (const Diagnostic& diagnostic : diagnostics.all()) {
    const Severity severity = info(diagnostic.kind).severity;
    if (severity != Severity::Warning && severity != Severity::Remark) errors.push_back(&diagnostic);
  }
  return errors;
}

// Whether a diagnostic or one of its labels stands on the line.
bool is_on_line(const Diagnostic& diagnostic, const LocationTable& locations, int64_t line) {
  if (line_of(diagnostic, locations) == line) return true;
  return std::any_of(diagnostic.labels.begin(), diagnostic.labels.end(),
                     [&](const Label& label) { return line_at(label.where, locations) == line; });
}

std::string without_blanks(std::string_view text) {
  std::string result;
  for (const char c : text) {
    if (c != ' ' && c != '\n' && c != '\t') result += c;
  }
  return result;
}

std::string read_text(const fs::path& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

// The source with edits by whole lines, as index.json states them.
std::string edited_source(const std::string& source, const Json& edits) {
  std::vector<std::string> lines;
  std::istringstream stream(source);
  for (std::string line; std::getline(stream, line);) lines.push_back(line + "\n");
  for (const Json& edit : edits) {
    std::string& line = lines.at(edit.at("line").get<size_t>() - 1);
    const std::string text = edit.at("text").get<std::string>() + "\n";
    const std::string action = edit.at("action");
    line = action == "replace" ? text : action == "after" ? line + text : text + line;
  }
  std::string result;
  for (const std::string& line : lines) result += line;
  return result;
}

// What a fault is, wherever an edit has moved it to.
std::string identity(const Diagnostic& diagnostic, const LocationTable& locations) {
  const auto text_at = [&](LocationId where) -> std::string {
    const Location* origin = where.valid() ? locations.origin(where) : nullptr;
    const Span* span = origin == nullptr ? nullptr : std::get_if<Span>(origin);
    if (span == nullptr) return {};
    return std::string(locations.file(span->file).text.substr(span->begin, span->end - span->begin));
  };
  return fmt::format("{} at `{}` of `{}`: {}", info(diagnostic.kind).name, text_at(diagnostic.where),
                     text_at(diagnostic.statement), diagnostic.message);
}

class Runner {
 public:
  Runner(fs::path folder, CaseReport& report) : folder_(std::move(folder)), report_(report) {}

  void run(const Json& entry) {
    name_ = entry.at("case");
    const fs::path file = folder_ / entry.at("file").get<std::string>();
    if (entry.at("kind") == "script") return run_script(entry, file);
    for (const Json& run : entry.at("runs")) {
      name_ = fmt::format("{} {}", entry.at("case").get<std::string>(), run.at("run").get<int>());
      std::vector<Json> fixes;
      for (const Json& fix : entry.value("fixes", Json::array())) {
        if (fix.at("result").value("run", 0) == run.at("run")) fixes.push_back(fix);
      }
      run_model(run, file, fixes);
    }
  }

 private:
  bool row(FactGroup group, bool holds, const std::string& why) {
    CaseReport::Count& count = report_.counts[static_cast<size_t>(group)];
    ++count.rows;
    count.holds += holds ? 1 : 0;
    if (!holds) report_.failures.push_back(fmt::format("{}: {}: {}", name_, text(group), why));
    return holds;
  }

  void same(FactGroup group, const std::string& got, const std::string& want) {
    row(group, got == want, fmt::format("got {}, want {}", got, want));
  }

  void load(const std::string& path, const LoadOptions& options, Loaded& loaded) {
    loaded.is_loaded = load_model(path, options, loaded.module, loaded.diagnostics, &loaded.definition).ok();
  }

  void check_status(const Loaded& loaded, int want) {
    const int got = static_cast<int>(tools::status_of(loaded.diagnostics));
    row(FactGroup::Status, got == want,
        fmt::format("exit status {}, want {}\n{}", got, want,
                    render_text(loaded.diagnostics, loaded.module.locations)));
  }

  void check_error(const Diagnostic& diagnostic, const LocationTable& locations, const Json& error) {
    const std::vector<int64_t> lines = allowed_lines(error);
    const uint32_t line = line_of(diagnostic, locations);
    row(FactGroup::ErrorLine, std::find(lines.begin(), lines.end(), int64_t{line}) != lines.end(),
        fmt::format("line {}, want one of {}\n{}", line, fmt::join(lines, ", "), render_text(diagnostic, locations)));
    same(FactGroup::ErrorKind, std::string(info(diagnostic.kind).name), error.at("kind").get<std::string>());
  }

  void check_layers(const Loaded& loaded, const Json& layers) {
    std::vector<std::string> got;
    for (const Definition::Layer& layer : loaded.definition.layers) {
      got.push_back(fmt::format("{} {} {}", layer.name, layer.type, shapes_of_types(layer.output)));
    }
    for (size_t i = 0; i < std::max(got.size(), layers.size()); ++i) {
      const std::string want =
          i < layers.size() ? fmt::format("{} {} {}", layers[i].at("layer").get<std::string>(),
                                          layers[i].at("type").get<std::string>(), shape_text(layers[i].at("output")))
                            : "nothing";
      same(FactGroup::Layers, i < got.size() ? got[i] : "nothing", want);
    }
  }

  // Every stated lint has its warning, and there is no other.
  void check_warnings(const Loaded& loaded, const Json& lints, bool is_error) {
    const LocationTable& locations = loaded.module.locations;
    std::vector<const Diagnostic*> warnings;
    for (const Diagnostic& diagnostic : loaded.diagnostics.all()) {
      if (info(diagnostic.kind).severity == Severity::Warning) warnings.push_back(&diagnostic);
    }
    for (const Json& lint : lints) {
      const std::string kind = lint.at("kind");
      const int64_t line = lint.at("line");
      const auto found = std::find_if(warnings.begin(), warnings.end(), [&](const Diagnostic* warning) {
        return info(warning->kind).name == kind && is_on_line(*warning, locations, line);
      });
      const bool holds =
          row(FactGroup::Warnings, found != warnings.end(),
              fmt::format("no {} on line {}\n{}", kind, line, render_text(loaded.diagnostics, locations)));
      if (holds) warnings.erase(found);
    }
    if (is_error) return;
    row(FactGroup::FalseAlarms, warnings.empty(), warnings.empty() ? "" : render_text(*warnings.front(), locations));
  }

  // What a program comes to: errors that are left, and the shapes it makes.
  std::string result_of(const std::string& path, LoadOptions options, const fs::path& file, const std::string& text) {
    options.edited_files = {{file.string(), text}};
    options.advise = false;
    Loaded loaded;
    load(path, options, loaded);
    std::string result = fmt::format("{} errors", errors_of(loaded.diagnostics).size());
    for (const Diagnostic* error : errors_of(loaded.diagnostics)) {
      result += fmt::format("; line {} {}", line_of(*error, loaded.module.locations), error->message);
    }
    for (const Definition::NamedTensor& value : loaded.definition.values) {
      result += fmt::format("; {} {}", value.name, shape_of(value.type));
    }
    if (!loaded.is_loaded) return result;
    for (const ValueId output : loaded.module.graph.outputs()) {
      result += "; " + shape_of(loaded.module.graph.tensor(output));
    }
    return result;
  }

  void check_fixes(const std::string& path, const LoadOptions& options, const fs::path& file, const Loaded& loaded,
                   const std::vector<Json>& stated) {
    const LocationTable& locations = loaded.module.locations;
    const std::string source = read_text(file);
    std::vector<std::string> offered;
    for (const Diagnostic& diagnostic : loaded.diagnostics.all()) {
      for (const FixIt& fix : diagnostic.fixes) {
        if (fix.edits.empty()) continue;
        row(FactGroup::FixCures, fix.verified, "not verified: " + fix.title);
        const advice::EditedFiles files = advice::edited(fix.edits, locations);
        offered.push_back(files.front().second);
        LoadOptions again = options;
        again.edited_files = files;
        again.advise = false;
        Loaded cured;
        load(path, again, cured);
        const std::string fault = identity(diagnostic, locations);
        const bool is_gone =
            std::none_of(cured.diagnostics.all().begin(), cured.diagnostics.all().end(),
                         [&](const Diagnostic& other) { return identity(other, cured.module.locations) == fault; });
        row(FactGroup::FixCures, is_gone, fmt::format("`{}` leaves {}", fix.title, fault));
      }
    }
    for (const Json& fix : stated) {
      const std::string want = edited_source(source, fix.at("edits"));
      const std::string result = result_of(path, options, file, want);
      const bool is_offered = std::any_of(offered.begin(), offered.end(), [&](const std::string& text) {
        return without_blanks(text) == without_blanks(want) || result_of(path, options, file, text) == result;
      });
      row(FactGroup::FixOffered, is_offered,
          fmt::format("{} is not among {} offered\n{}", fix.at("title").get<std::string>(), offered.size(),
                      render_text(loaded.diagnostics, locations)));
    }
  }

  void run_script(const Json& entry, const fs::path& file) {
    Loaded loaded;
    load(file.string(), {.types_only = true}, loaded);
    const Json& errors = entry.at("errors");
    check_status(loaded, errors.empty() ? 0 : 1);
    const std::vector<const Diagnostic*> found = errors_of(loaded.diagnostics);
    row(FactGroup::ScriptErrors, found.size() == errors.size(),
        fmt::format("{} errors, want {}\n{}", found.size(), errors.size(),
                    render_text(loaded.diagnostics, loaded.module.locations)));
    for (size_t i = 0; i < std::min(found.size(), errors.size()); ++i) {
      check_error(*found[i], loaded.module.locations, errors[i]);
    }
    check_values(loaded, entry.at("steps"));
    check_layers(loaded, entry.at("layers"));
    check_warnings(loaded, entry.value("lints", Json::array()), !errors.empty());
    check_fixes(file.string(), {.types_only = true}, file, loaded, entry.value("fixes", std::vector<Json>()));
  }

  void check_values(const Loaded& loaded, const Json& steps) {
    std::vector<std::string> got;
    for (const Definition::NamedTensor& value : loaded.definition.values) {
      const Span* span = std::get_if<Span>(loaded.module.locations.origin(value.where));
      const uint32_t line = span == nullptr ? 0 : loaded.module.locations.line_column(span->file, span->begin).line;
      got.push_back(fmt::format("L{} {}={}", line, value.name, shape_of(value.type)));
    }
    for (size_t i = 0; i < std::max(got.size(), steps.size()); ++i) {
      const std::string want =
          i < steps.size() ? fmt::format("L{} {}={}", steps[i].at("line").get<int>(),
                                         steps[i].at("var").get<std::string>(), shape_text(steps[i].at("shape")))
                           : "nothing";
      same(FactGroup::ScriptValues, i < got.size() ? got[i] : "nothing", want);
    }
  }

  void run_model(const Json& run, const fs::path& file, const std::vector<Json>& fixes) {
    LoadOptions options{.train = run.at("mode") == "train", .types_only = true};
    for (const Json& input : run.at("inputs")) {
      const std::optional<TensorType> type = type_of(input);
      if (!row(FactGroup::Status, type.has_value(), "unknown dtype of an input")) return;
      options.input_types.emplace_back("", *type);
    }
    const std::string path = file.string() + ":" + run.at("entry").get<std::string>();
    Loaded loaded;
    load(path, options, loaded);
    const bool is_error = run.at("expect") == "error";
    check_status(loaded, is_error ? 1 : 0);
    if (is_error) {
      const std::vector<const Diagnostic*> found = errors_of(loaded.diagnostics);
      if (!found.empty()) check_error(*found[0], loaded.module.locations, run.at("error"));
    }
    if (run.contains("layers")) check_layers(loaded, run["layers"]);
    check_warnings(loaded, run.value("lints", Json::array()), is_error);
    check_fixes(path, options, file, loaded, fixes);
    if (is_error) return;
    check_outputs(loaded, run);
    check_state_dict(loaded, run);
    if (run.contains("golden")) check_goldens(path, options, run["golden"]);
  }

  void check_outputs(const Loaded& loaded, const Json& run) {
    std::string got;
    if (loaded.is_loaded) {
      for (const ValueId output : loaded.module.graph.outputs()) got += shape_of(loaded.module.graph.tensor(output));
    }
    std::string want;
    for (const Json& shape : run.at("outputs")) want += shape_text(shape);
    same(FactGroup::Outputs, got, want);
  }

  void check_state_dict(const Loaded& loaded, const Json& run) {
    if (!run.contains("state_dict")) return;
    std::string got;
    for (const Definition::Parameter& parameter : loaded.definition.parameters) {
      got += fmt::format("{} {}; ", parameter.name, shape_of(parameter.type));
    }
    // The order of a JSON object is lost in some readers: names are compared as a set.
    std::vector<std::string> got_rows;
    std::vector<std::string> want_rows;
    for (const Definition::Parameter& parameter : loaded.definition.parameters) {
      got_rows.push_back(parameter.name + " " + shape_of(parameter.type));
    }
    for (const auto& [name, shape] : run["state_dict"].items()) want_rows.push_back(name + " " + shape_text(shape));
    std::sort(got_rows.begin(), got_rows.end());
    std::sort(want_rows.begin(), want_rows.end());
    same(FactGroup::StateDict, fmt::format("{}", fmt::join(got_rows, "; ")),
         fmt::format("{}", fmt::join(want_rows, "; ")));
  }

  void check_goldens(const std::string& path, LoadOptions options, const Json& golden) {
    const fs::path weights = folder_ / "golden" / golden.at("weights").get<std::string>();
    options.types_only = false;
    for (const char* extension : {".safetensors", ".pth"}) {
      options.weights = fs::path(weights).replace_extension(extension).string();
      for (const Backend backend : {Backend::Jit, Backend::Interpreter}) {
        if (!is_available(backend)) continue;
        const FactGroup group = backend == Backend::Jit ? FactGroup::GoldenJit : FactGroup::GoldenInterpreter;
        const std::string fault = golden_fault(path, options, golden, backend);
        row(group, fault.empty(), fmt::format("{}: {}", extension, fault));
      }
    }
  }

  // What is wrong with the outputs; empty when they agree.
  std::string golden_fault(const std::string& path, const LoadOptions& options, const Json& golden, Backend backend) {
    Loaded loaded;
    load(path, options, loaded);
    if (!loaded.is_loaded) return render_text(loaded.diagnostics, loaded.module.locations);
    Result<CompiledModel> model = compile(std::move(loaded.module), {.backend = backend}, loaded.diagnostics);
    if (!model.ok()) return render_text(loaded.diagnostics, loaded.module.locations);
    std::vector<ConstantData> inputs;
    std::vector<std::vector<int64_t>> dims;
    for (const Json& name : golden.at("inputs")) {
      Result<ConstantData> array =
          weights::read_npy((folder_ / "golden" / name.get<std::string>()).string(), loaded.diagnostics);
      if (!array.ok()) return render_text(loaded.diagnostics, {});
      std::vector<int64_t> sizes;
      for (const Dim& dim : array->type.dims) sizes.push_back(dim.constant());
      dims.push_back(std::move(sizes));
      inputs.push_back(*std::move(array));
    }
    std::vector<TensorView> views;
    for (size_t i = 0; i < inputs.size(); ++i) {
      views.push_back({inputs[i].type.element, dims[i], inputs[i].bytes.data()});
    }
    const Result<std::vector<Tensor>> outputs = model->run(views, loaded.diagnostics);
    if (!outputs.ok()) return render_text(loaded.diagnostics, model->locations());
    const Json& names = golden.at("outputs");
    if (outputs->size() != names.size()) return fmt::format("{} outputs, want {}", outputs->size(), names.size());
    for (size_t i = 0; i < outputs->size(); ++i) {
      const Result<ConstantData> want =
          weights::read_npy((folder_ / "golden" / names[i].get<std::string>()).string(), loaded.diagnostics);
      if (!want.ok()) return render_text(loaded.diagnostics, {});
      const std::string fault = difference((*outputs)[i], *want);
      if (!fault.empty()) return fmt::format("output {}: {}", i, fault);
    }
    return {};
  }

  static std::string difference(const Tensor& got, const ConstantData& want) {
    if (got.element() != want.type.element || static_cast<int64_t>(got.element_count()) != want.element_count()) {
      return "another type than " + tools::compact_text(Type(want.type));
    }
    const ConstantData data{.name = {},
                            .type = want.type,
                            .location = {},
                            .owner = nullptr,
                            .bytes = got.bytes(),
                            .strings = {},
                            .source = {}};
    for (int64_t i = 0; i < want.element_count(); ++i) {
      const double a = element_as_double(data, i);
      const double b = element_as_double(want, i);
      if (!(std::fabs(a - b) <= kTolerance)) return fmt::format("element {} is {}, want {}", i, a, b);
    }
    return {};
  }

  fs::path folder_;
  CaseReport& report_;
  std::string name_;
};

}  // namespace

std::string_view text(FactGroup group) {
  switch (group) {
    case FactGroup::Status: return "status";
    case FactGroup::ErrorLine: return "line of the error";
    case FactGroup::ErrorKind: return "kind of the error";
    case FactGroup::ScriptErrors: return "errors of a script";
    case FactGroup::ScriptValues: return "tensors of a script";
    case FactGroup::Layers: return "layers";
    case FactGroup::Outputs: return "outputs";
    case FactGroup::StateDict: return "state dict";
    case FactGroup::GoldenJit: return "golden, jit";
    case FactGroup::GoldenInterpreter: return "golden, interp";
    case FactGroup::Warnings: return "warnings";
    case FactGroup::FalseAlarms: return "false alarms";
    case FactGroup::FixOffered: return "stated fix offered";
    case FactGroup::FixCures: return "offered fix cures";
  }
  return {};
}

CaseReport run_cases(const fs::path& folder, std::string_view filter) {
  CaseReport report;
  std::ifstream stream(folder / "index.json");
  const Json index = Json::parse(stream, nullptr, false);
  if (!index.is_array()) {
    report.failures.push_back((folder / "index.json").string() + " can't be read");
    return report;
  }
  Runner runner(folder, report);
  for (const Json& entry : index) {
    if (entry.at("case").get<std::string>().find(filter) != std::string::npos) runner.run(entry);
  }
  return report;
}

}  // namespace lathe::test
