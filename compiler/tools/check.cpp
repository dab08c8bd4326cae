// `lathe check MODEL`: all diagnostics, and the layers with their shapes.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <memory>

#include "compiler/tools/apply_fixes.h"
#include "compiler/tools/command.h"
#include "compiler/tools/layers.h"
#include "compiler/tools/model_file.h"
#include "compiler/tools/options.h"
#include "compiler/tools/version.h"
#include "ir/base/display.h"

namespace lathe::tools {
namespace {

using Json = nlohmann::ordered_json;

struct Named {
  std::string name;
  std::string type;
};

std::vector<Named> inputs_of(const Module& module) {
  std::vector<Named> result;
  for (const ValueId id : module.graph.inputs()) {
    const Value& value = module.graph.value(id);
    result.push_back({value.name, compact_text(value.type)});
  }
  return result;
}

std::vector<Named> outputs_of(const Module& module) {
  std::vector<Named> result;
  const std::vector<std::string> names = output_names(module);
  const auto outputs = module.graph.outputs();
  for (size_t i = 0; i < outputs.size(); ++i) {
    result.push_back({names[i], compact_text(module.graph.value(outputs[i]).type)});
  }
  return result;
}

Json named_json(const std::vector<Named>& list) {
  Json result = Json::array();
  for (const Named& row : list) result.push_back({{"name", valid_utf8(row.name)}, {"type", row.type}});
  return result;
}

std::vector<Layer> layers_of(const Definition& definition, const Module& module) {
  std::vector<Layer> result;
  for (const Definition::Layer& layer : definition.layers) {
    const Location* origin = module.locations.origin(layer.where);
    const Span* span = origin == nullptr ? nullptr : std::get_if<Span>(origin);
    result.push_back({.name = layer.name,
                      .op = layer.type,
                      .output = layer.output,
                      .line = span == nullptr ? 0 : module.locations.line_column(span->file, span->begin).line,
                      .parameters = layer.parameters});
  }
  return result;
}

std::string as_json(const Diagnostics& diagnostics, const Module& module, const Definition& definition,
                    bool is_loaded) {
  Json layer_list = Json::array();
  Json value_list = Json::array();
  Json parameter_list = Json::array();
  for (const Definition::NamedTensor& value : definition.values) {
    const auto* span = std::get_if<Span>(module.locations.origin(value.where));
    value_list.push_back({{"name", valid_utf8(value.name)},
                          {"line", span == nullptr ? 0 : module.locations.line_column(span->file, span->begin).line},
                          {"type", compact_text(value.type)}});
  }
  for (const Definition::Parameter& parameter : definition.parameters) {
    parameter_list.push_back({{"name", valid_utf8(parameter.name)},
                              {"type", compact_text(parameter.type)},
                              {"buffer", parameter.is_buffer}});
  }
  if (is_loaded || definition.is_definition) {
    for (const Layer& layer : definition.is_definition ? layers_of(definition, module) : layers(module)) {
      layer_list.push_back({{"name", valid_utf8(layer.name)},
                            {"op", valid_utf8(layer.op)},
                            {"output", layer.output},
                            {"line", layer.line == 0 ? Json(nullptr) : Json(layer.line)}});
    }
  }
  if (is_loaded && !definition.is_definition) {
    for (const Parameter& parameter : parameters(module)) {
      parameter_list.push_back(
          {{"name", valid_utf8(parameter.name)}, {"type", compact_text(parameter.type)}, {"buffer", false}});
    }
  }
  const Json report{{"ok", !diagnostics.failed()},
                    {"errors", diagnostics.count(Severity::Error) + diagnostics.dropped()},
                    {"warnings", diagnostics.count(Severity::Warning)},
                    {"unsupported", diagnostics.count(Severity::Unsupported)},
                    {"diagnostics", diagnostics_json(diagnostics, module.locations)},
                    {"layers", std::move(layer_list)},
                    {"values", std::move(value_list)},
                    {"parameters", std::move(parameter_list)},
                    {"inputs", is_loaded ? named_json(inputs_of(module)) : Json::array()},
                    {"outputs", is_loaded ? named_json(outputs_of(module)) : Json::array()}};
  return json_text(report) + "\n";
}

std::string bytes_text(double bytes) {
  constexpr std::string_view kUnits[] = {"bytes", "KiB", "MiB", "GiB"};
  size_t unit = 0;
  while (bytes >= 1024 && unit + 1 < std::size(kUnits)) {
    bytes /= 1024;
    ++unit;
  }
  return unit == 0 ? fmt::format("{:.0f} {}", bytes, kUnits[unit]) : fmt::format("{:.1f} {}", bytes, kUnits[unit]);
}

std::string totals(std::span<const Parameter> parameter_list, size_t layer_count) {
  double elements = 0;
  double bytes = 0;
  for (const Parameter& parameter : parameter_list) {
    const auto count = parameter.type.element_count().as_constant();
    if (!count) continue;
    elements += static_cast<double>(*count);
    bytes += static_cast<double>(storage_bytes(parameter.type.element, *count).value_or(0));
  }
  return fmt::format("{} {}, {:.0f} parameters ({})", layer_count, layer_count == 1 ? "layer" : "layers", elements,
                     bytes_text(bytes));
}

// One column of the table of layers, wide enough for its longest entry.
class Column {
 public:
  Column(std::string title, const std::vector<Layer>& list, std::string (*entry)(const Layer&))
      : title_(std::move(title)), width_(display_width(title_)), entry_(entry) {
    for (const Layer& layer : list) width_ = std::max(width_, std::min(kWidest, display_width(entry(layer))));
  }
  [[nodiscard]] std::string title() const { return padded(title_); }
  [[nodiscard]] std::string cell(const Layer& layer) const { return padded(entry_(layer)); }

 private:
  static constexpr size_t kWidest = 48;
  [[nodiscard]] std::string padded(const std::string& value) const {
    std::string shown = display_text(value, kWidest);
    const size_t used = display_width(value.size() > kWidest ? std::string_view(shown) : value);
    return "  " + shown + std::string(used < width_ ? width_ - used : 0, ' ');
  }

  std::string title_;
  size_t width_;
  std::string (*entry_)(const Layer&);
};

std::string parameters_text(const Layer& layer) {
  return layer.parameters.value_or(0) == 0 ? "" : fmt::format("{}", *layer.parameters);
}

// `  name  op  output` a line, under a head; with the numbers of parameters where layers own any.
std::string layer_lines(const std::vector<Layer>& list) {
  std::vector<Column> columns;
  columns.emplace_back("layer", list, [](const Layer& layer) { return layer.name; });
  columns.emplace_back("op", list, [](const Layer& layer) { return layer.op; });
  if (std::any_of(list.begin(), list.end(), [](const Layer& layer) { return layer.parameters.has_value(); })) {
    columns.emplace_back("parameters", list, parameters_text);
  }
  std::string text;
  for (const Column& column : columns) text += column.title();
  text += "  output\n";
  for (const Layer& layer : list) {
    for (const Column& column : columns) text += column.cell(layer);
    text += "  " + layer.output + "\n";
  }
  return text;
}

std::string layer_table(const Module& module) {
  const std::vector<Layer> list = layers(module);
  std::string text = layer_lines(list) + "\n";
  for (const Named& input : inputs_of(module))
    text += fmt::format("input   {}  {}\n", display_text(input.name), input.type);
  for (const Named& output : outputs_of(module))
    text += fmt::format("output  {}  {}\n", display_text(output.name), output.type);
  return text + totals(parameters(module), list.size()) + "\n";
}

// The layers in order of completion, then the tensors of a script or the outputs of a model.
std::string definition_table(const Definition& definition, const Module& module, bool is_loaded) {
  const std::vector<Layer> list = layers_of(definition, module);
  std::string text = list.empty() ? "" : layer_lines(list);
  const auto paragraph = [&](std::string line) { text += (text.empty() ? "" : "\n") + std::move(line); };
  std::string lines;
  for (const Definition::NamedTensor& value : definition.values) {
    lines += fmt::format("{}  {}  {}\n", module.locations.describe(value.where), display_text(value.name),
                         compact_text(value.type));
  }
  if (is_loaded && !definition.missing_inputs && definition.values.empty()) {
    for (const Named& input : inputs_of(module))
      lines += fmt::format("input   {}  {}\n", display_text(input.name), input.type);
    for (const Named& output : outputs_of(module))
      lines += fmt::format("output  {}  {}\n", display_text(output.name), output.type);
  }
  if (!lines.empty()) paragraph(lines);
  std::vector<Parameter> own;
  for (const Definition::Parameter& parameter : definition.parameters) {
    if (!parameter.is_buffer && !parameter.is_tied) own.push_back({parameter.name, parameter.type});
  }
  if (definition.missing_inputs) {
    paragraph("");
    for (const Definition::Parameter& parameter : definition.parameters) {
      text += fmt::format("{}  {}  {}\n", parameter.is_buffer ? "buffer   " : "parameter", display_text(parameter.name),
                          compact_text(parameter.type));
    }
    text += fmt::format("built, not run: give the types of its inputs ({}) with `-i`\n",
                        display_text(fmt::format("{}", fmt::join(*definition.missing_inputs, ", "))));
  }
  if (!own.empty()) text += totals(own, list.size()) + "\n";
  return text;
}

// Applies the fixes, shows the changes and what is left; the status is that of the changed model.
ExitStatus fix_and_report(const DefinitionArguments& model, std::span<const InputArgument> inputs,
                          const Diagnostics& found, const Module& module, const Session& session) {
  const advice::Reload check = [&](const advice::EditedFiles& files) {
    advice::Outcome outcome{std::make_unique<Module>(), {}};
    static_cast<void>(open_model(model, inputs, ModelUse::TypesOnly, *outcome.module, outcome.diagnostics, nullptr,
                                 {.edited_files = files, .advise = false}));
    return outcome;
  };
  Diagnostics faults;
  const Result<AppliedFixes> fixes = apply_fixes(found, module.locations, check, faults);
  if (!fixes.ok()) return session.fail(faults, module.locations);
  if (fixes->applied == 0) {
    session.err.write("no verified fix can be applied\n");
    return status_of(found);
  }
  session.err.write(fmt::format("\n{} {} applied to {}\n{}", fixes->applied, fixes->applied == 1 ? "fix" : "fixes",
                                fmt::join(fixes->files, ", "), fixes->changes));
  if (fixes->left_out != 0)
    session.err.write(
        fmt::format("{} left out, as they don't go together with these: run it again\n", fixes->left_out));
  const advice::Outcome now = check({});
  const std::string counts = render_counts(now.diagnostics);
  session.err.write(fmt::format("now: {}\n", counts.empty() ? "no errors, no warnings" : counts));
  return status_of(now.diagnostics);
}

}  // namespace

ExitStatus check_command(Arguments arguments, const Session& session) {
  constexpr std::string_view kFormats[] = {"text", "json", "sarif"};
  DefinitionArguments model;
  std::string format = "text";
  bool fix = false;
  OptionParser options(
      "check", "Says what is wrong with a model; shows its layers with their shapes.",
      "Examples:\n  lathe check net.onnx\n  lathe check net.onnx -i 'x=f32[8,3,224,224]' --format=json\n"
      "  lathe check net.py\n  lathe check 'net.py:Net(10)' -i x=f32[N,3,32,32] --train");
  model.add_to(options, false);
  options.choice("--format", format, kFormats, "How diagnostics and layers are written");
  options.flag("--fix", fix, "Apply the fixes that were verified to the source files");
  if (const auto status = options.parse(arguments, session)) return *status;

  Module module;
  Diagnostics diagnostics;
  Result<std::vector<InputArgument>> inputs = parse_input_arguments(model.inputs, module.locations, diagnostics);
  if (!inputs.ok()) {
    static_cast<void>(session.fail(diagnostics, module.locations));
    return ExitStatus::CommandLineWrong;
  }
  module = Module();
  Definition definition;
  const bool is_loaded = open_model(model, *inputs, ModelUse::TypesOnly, module, diagnostics, &definition).ok();
  if (is_loaded) {
    for (const Guard& guard : module.guards) {
      const std::string_view relation = guard.relation == Guard::Relation::Equal ? "==" : "<=";
      (void)diagnostics
          .report(DiagnosticKind::GuardAdded, guard.location, "checked at run time: {} {} {}, else {}",
                  guard.left.python_text(), relation, guard.right.python_text(), guard.message)
          .emit();
    }
  }
  if (format == "json") {
    session.out.write(as_json(diagnostics, module, definition, is_loaded));
  } else if (format == "sarif") {
    session.out.write(render_sarif(diagnostics, module.locations, version_number()) + "\n");
  } else {
    session.show(diagnostics, module.locations, session.out);
    const std::string table = definition.is_definition ? definition_table(definition, module, is_loaded)
                              : is_loaded              ? layer_table(module)
                                                       : "";
    if (!table.empty() && !diagnostics.all().empty()) session.out.write("\n");
    session.out.write(table);
    const bool is_script = definition.is_definition && !definition.missing_inputs;
    if (is_loaded && is_script && outputs_of(module).empty()) {
      session.out.write(
          "the file makes no tensor at its top level; to check a model of it, name it after a colon, as in "
          "net.py:'Net(10)'\n");
    }
  }
  if (fix) return fix_and_report(model, *inputs, diagnostics, module, session);
  return status_of(diagnostics);
}

}  // namespace lathe::tools
