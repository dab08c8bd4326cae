// A trace as one JSON object.
#include <nlohmann/json.hpp>

#include <array>
#include <cmath>

#include "compiler/tools/layers.h"
#include "compiler/tools/trace_report.h"
#include "ir/base/display.h"
#include "ir/base/render.h"

namespace lathe::tools {
namespace {

using Json = nlohmann::ordered_json;

// Whole numbers as such.
Json number(double value, ElementType element) {
  if (is_float(element)) return value;
  return static_cast<int64_t>(value);
}

void add_tensor(const TracedTensor& traced, Json& object) {
  constexpr std::array kNumbers = {"min", "max", "mean", "std", "nan", "inf"};
  if (traced.tensor == nullptr) {
    object["dtype"] = nullptr;
    object["shape"] = nullptr;
    for (const char* name : kNumbers) object[name] = nullptr;
    return;
  }
  const ElementType element = traced.tensor->element();
  object["dtype"] = text(element);
  object["shape"] = traced.tensor->dims();
  for (const char* name : kNumbers) object[name] = nullptr;
  if (!traced.statistics) return;
  const Statistics& found = *traced.statistics;
  if (found.finite() != 0) {
    object["min"] = number(found.least, element);
    object["max"] = number(found.most, element);
    object["mean"] = found.mean;
    object["std"] = found.deviation;
  }
  object["nan"] = found.nan;
  object["inf"] = found.infinite;
}

Json layer_json(const TracedLayer& traced, const std::vector<TracedLayer>& all) {
  Json object{
      {"name", valid_utf8(traced.layer->name)}, {"op", valid_utf8(traced.layer->op)}, {"output", traced.layer->output}};
  add_tensor(traced.tensors.empty() ? TracedTensor{} : traced.tensors.front(), object);
  const bool is_own = traced.time.kind == LayerTime::Kind::Own;
  object["time_us"] = is_own ? Json(traced.time.microseconds) : Json(nullptr);
  object["time_in"] =
      traced.time.kind == LayerTime::Kind::Shared ? Json(valid_utf8(all[traced.time.with].layer->name)) : Json(nullptr);
  object["line"] = traced.line == 0 ? Json(nullptr) : Json(traced.line);
  if (traced.tensors.size() > 1) {
    object["others"] = Json::array();
    for (size_t i = 1; i < traced.tensors.size(); ++i) {
      Json other = Json::object();
      add_tensor(traced.tensors[i], other);
      object["others"].push_back(std::move(other));
    }
  }
  return object;
}

Json ports_json(const std::vector<TracedPort>& ports) {
  Json list = Json::array();
  for (const TracedPort& port : ports) {
    Json object{{"name", valid_utf8(port.name)}};
    add_tensor(port.tensor, object);
    list.push_back(std::move(object));
  }
  return list;
}

std::string_view cause_text(NonFinite::Cause cause) {
  switch (cause) {
    case NonFinite::Cause::Operation: return "operation";
    case NonFinite::Cause::Input: return "input";
    case NonFinite::Cause::Weight: return "weight";
  }
  return {};
}

// JSON has no NaN: such a value is a string.
Json value_json(double value) {
  if (std::isfinite(value)) return value;
  return std::isnan(value) ? "nan" : value < 0 ? "-inf" : "inf";
}

Json nonfinite_json(const TraceReport& report) {
  if (!report.nonfinite) return nullptr;
  const NonFinite& found = *report.nonfinite;
  Json operands = Json::array();
  for (const NonFinite::Operand& operand : found.operands) {
    operands.push_back(
        {{"name", valid_utf8(operand.name)}, {"value", value_json(operand.value)}, {"position", operand.position}});
  }
  const bool has_layer = found.layer < report.layers.size();
  Json explanation = Json::array();
  for (const std::string& sentence : found.text) explanation.push_back(valid_utf8(sentence));
  const uint32_t line = line_of(*report.locations, found.where);
  return {{"kind", found.kind == NonFinite::Kind::NaN ? "nan" : "inf"},
          {"cause", cause_text(found.cause)},
          {"harmless", found.harmless},
          {"layer", has_layer ? Json(valid_utf8(report.layers[found.layer].layer->name)) : Json(nullptr)},
          {"index", has_layer ? Json(found.layer) : Json(nullptr)},
          {"op", valid_utf8(found.operation)},
          {"line", line == 0 ? Json(nullptr) : Json(line)},
          {"count", found.count},
          {"elements", found.elements},
          {"position", found.position},
          {"expression", found.expression.empty() ? Json(nullptr) : Json(found.expression)},
          {"operands", std::move(operands)},
          {"explanation", std::move(explanation)}};
}

}  // namespace

std::string as_json(const TraceReport& report, std::span<const std::string> written) {
  Json layer_list = Json::array();
  for (const TracedLayer& layer : report.layers) layer_list.push_back(layer_json(layer, report.layers));
  Json files = Json::array();
  for (const std::string& path : written) files.push_back(valid_utf8(path));
  const Json object{{"model", valid_utf8(report.model)},
                    {"backend", report.backend},
                    {"threads", report.threads},
                    {"layers", std::move(layer_list)},
                    {"first_nonfinite", nonfinite_json(report)},
                    {"inputs", ports_json(report.inputs)},
                    {"outputs", ports_json(report.outputs)},
                    {"run_us", report.has_time ? Json(report.run_us) : Json(nullptr)},
                    {"outside_us", report.has_time ? Json(report.outside_us) : Json(nullptr)},
                    {"files", std::move(files)}};
  return json_text(object) + "\n";
}

}  // namespace lathe::tools
