// The answer as data.
#include <nlohmann/json.hpp>

#include <cmath>

#include "compiler/compare/report.h"
#include "ir/base/display.h"

namespace lathe::comparison {
namespace {

using Json = nlohmann::ordered_json;

Json number_or_text(double value) {
  if (std::isfinite(value)) return value;
  return "infinite";
}

void add_position(Json& json, const Module& module, LocationId where, const std::string& prefix) {
  const Location* origin = module.locations.origin(where);
  const auto* span = origin == nullptr ? nullptr : std::get_if<Span>(origin);
  if (span == nullptr) {
    const auto* model = origin == nullptr ? nullptr : std::get_if<ModelLocation>(origin);
    if (prefix.empty())
      json["file"] = model == nullptr ? Json(nullptr) : Json(valid_utf8(module.locations.file(model->file).path));
    json[prefix + "line"] = nullptr;
    return;
  }
  const LineColumn begin = module.locations.line_column(span->file, span->begin);
  const LineColumn end = module.locations.line_column(span->file, span->end);
  if (prefix.empty()) json["file"] = valid_utf8(module.locations.file(span->file).path);
  json[prefix + "line"] = begin.line;
  json[prefix + "column"] = begin.column;
  json[prefix + "end_line"] = end.line;
  json[prefix + "end_column"] = end.column;
}

Json place_json(const std::optional<Place>& place, const Module& module) {
  if (!place) return nullptr;
  Json json;
  json["op"] = valid_utf8(place->op);
  json["name"] = valid_utf8(place->name);
  json["output"] = place->output;
  add_position(json, module, place->where, "");
  if (place->built.valid()) add_position(json, module, place->built, "built_");
  json["says"] = valid_utf8(place->says);
  json["differs"] = !place->is_next;
  return json;
}

Json texts_json(const std::vector<std::string>& texts) {
  Json json = Json::array();
  for (const std::string& text : texts) json.push_back(valid_utf8(text));
  return json;
}

}  // namespace

nlohmann::ordered_json as_json(const Comparison& comparison, const Side& a, const Side& b) {
  Json outputs = Json::array();
  for (const OutputRow& row : comparison.outputs) {
    outputs.push_back({{"a", valid_utf8(row.name_a)},
                       {"b", valid_utf8(row.name_b)},
                       {"type_a", row.type_a},
                       {"type_b", row.type_b},
                       {"max_abs_difference", number_or_text(row.difference)},
                       {"largest", row.largest}});
  }
  Json parameters = Json::array();
  for (const ParameterRow& row : comparison.parameters) {
    Json json{{"a", valid_utf8(row.a)}, {"b", valid_utf8(row.b)},        {"type_a", row.type_a},
              {"type_b", row.type_b},   {"paired_by", text(row.paired)}, {"transposed", row.transposed}};
    if (row.difference) json["max_abs_difference"] = number_or_text(*row.difference);
    parameters.push_back(std::move(json));
  }
  Json first = nullptr;
  if (comparison.a || comparison.b)
    first = {{"a", place_json(comparison.a, a.module)}, {"b", place_json(comparison.b, b.module)}};
  return {{"same", comparison.same()},
          {"verdict", comparison.same() ? "same" : "different"},
          {"cause", text(comparison.cause)},
          {"summary", valid_utf8(comparison.summary)},
          {"a", valid_utf8(a.name)},
          {"b", valid_utf8(b.name)},
          {"first_difference", std::move(first)},
          {"reasons", texts_json(comparison.reasons)},
          {"max_abs_difference", number_or_text(comparison.difference())},
          {"outputs", std::move(outputs)},
          {"parameters", std::move(parameters)},
          {"only_a", texts_json(comparison.only_a)},
          {"only_b", texts_json(comparison.only_b)},
          {"values", {{"a", comparison.values_a}, {"b", comparison.values_b}, {"matched", comparison.matched}}},
          {"notes", texts_json(comparison.notes)}};
}

}  // namespace lathe::comparison
