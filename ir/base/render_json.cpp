// Diagnostics as the objects of `check --format=json`.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "ir/base/display.h"
#include "ir/base/render.h"

namespace lathe {
namespace {

using Json = nlohmann::ordered_json;

void add_range(Json& object, const Span& span, const LocationTable& locations) {
  const LineColumn begin = locations.line_column(span.file, span.begin);
  const LineColumn end = locations.line_column(span.file, span.end);
  object["file"] = valid_utf8(locations.file(span.file).path);
  object["line"] = begin.line;
  object["column"] = begin.column;
  object["end_line"] = end.line;
  object["end_column"] = end.column;
}

// file, line, column, end_line, end_column; and `element` for a place in a model file.
void add_place(Json& object, LocationId where, const LocationTable& locations) {
  const Location* location = locations.origin(where);
  if (location != nullptr) {
    if (const auto* span = std::get_if<Span>(location)) {
      add_range(object, *span, locations);
      return;
    }
  }
  const auto* model = location == nullptr ? nullptr : std::get_if<ModelLocation>(location);
  object["file"] = model == nullptr ? Json(nullptr) : Json(valid_utf8(locations.file(model->file).path));
  for (const char* key : {"line", "column", "end_line", "end_column"}) object[key] = nullptr;
  if (model == nullptr || model->what.empty()) return;
  Json element{{"kind", valid_utf8(model->what)}, {"name", valid_utf8(model->name)}};
  if (!model->op.empty()) {
    element["op"] = valid_utf8(model->op);
    element["index"] = model->index;
  }
  object["element"] = std::move(element);
}

Json layer_of(const Diagnostic& diagnostic, const LocationTable& locations) {
  if (!diagnostic.layer.empty()) return valid_utf8(diagnostic.layer);
  const Location* location = locations.origin(diagnostic.where);
  const auto* model = location == nullptr ? nullptr : std::get_if<ModelLocation>(location);
  if (model == nullptr || model->op.empty() || model->name.empty()) return nullptr;
  return valid_utf8(model->name);
}

Json fix_json(const FixIt& fix, const LocationTable& locations) {
  Json edits = Json::array();
  for (const Edit& edit : fix.edits) {
    Json object;
    add_range(object, edit.where, locations);
    object["text"] = valid_utf8(edit.text);
    edits.push_back(std::move(object));
  }
  return {{"title", valid_utf8(fix.title)}, {"verified", fix.verified}, {"edits", std::move(edits)}};
}

/// "32-35,40": the form of ranges.
std::string ranges_text(const std::vector<AcceptedSizes::Range>& ranges) {
  std::string text;
  for (const auto& [first, last] : ranges) {
    text += fmt::format("{}{}", text.empty() ? "" : ",", first);
    if (last != first) text += fmt::format("-{}", last);
  }
  return text;
}

Json accepted_json(const AcceptedSizes& accepted) {
  Json object{{"input", valid_utf8(accepted.input)},
              {"type", accepted.type},
              {"axes", accepted.axes},
              {"equal", ranges_text(accepted.equal)},
              {"equal_upto", accepted.equal_limit}};
  if (accepted.axes.size() != 2) return object;
  Json pairs = Json::object();
  for (const AcceptedSizes::Row& row : accepted.pairs) pairs[std::to_string(row.size)] = ranges_text(row.others);
  object["pairs"] = std::move(pairs);
  object["pairs_upto"] = {accepted.first_limit, accepted.second_limit};
  return object;
}

}  // namespace

Json diagnostics_json(const Diagnostics& diagnostics, const LocationTable& locations) {
  Json result = Json::array();
  for (const Diagnostic& diagnostic : diagnostics.all()) {
    const DiagnosticInfo& kind = info(diagnostic.kind);
    Json object{{"code", kind.code},
                {"kind", kind.name},
                {"severity", text(kind.severity)},
                {"message", valid_utf8(diagnostic.message)},
                {"layer", layer_of(diagnostic, locations)}};
    add_place(object, diagnostic.where, locations);
    Json labels = Json::array();
    for (const Label& label : diagnostic.labels) {
      Json entry;
      add_place(entry, label.where, locations);
      entry["message"] = valid_utf8(label.message);
      labels.push_back(std::move(entry));
    }
    object["labels"] = std::move(labels);
    object["notes"] = Json::array();
    for (const std::string& note : diagnostic.notes) object["notes"].push_back(valid_utf8(note));
    object["fixes"] = Json::array();
    for (const FixIt& fix : diagnostic.fixes) object["fixes"].push_back(fix_json(fix, locations));
    if (diagnostic.accepted) object["accepted"] = accepted_json(*diagnostic.accepted);
    result.push_back(std::move(object));
  }
  return result;
}

std::string json_text(const Json& value) {
  constexpr int kIndent = 2;
  return value.dump(kIndent, ' ', false, Json::error_handler_t::replace);
}

}  // namespace lathe
