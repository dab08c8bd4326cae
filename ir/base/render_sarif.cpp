// Diagnostics as a SARIF 2.1.0 log, for editors and code-scanning services.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include <algorithm>

#include "ir/base/display.h"
#include "ir/base/render.h"

namespace lathe {
namespace {

using Json = nlohmann::ordered_json;

std::string_view level(Severity severity) {
  switch (severity) {
    case Severity::Error:
    case Severity::Unsupported:
    case Severity::Internal: return "error";
    case Severity::Warning: return "warning";
    case Severity::Remark: return "note";
  }
  return "error";
}

// A path as a URI reference: everything but unreserved characters and `/` is percent-encoded.
std::string uri(std::string_view path) {
  std::string result = path.starts_with('/') ? "file://" : "";
  for (const char c : path) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       std::string_view("-._~/").find(c) != std::string_view::npos;
    result += plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return result;
}

// Column in code points, from 1.
uint32_t code_point_column(const LocationTable& locations, FileId file, LineColumn at) {
  const std::string_view before = locations.line_text(file, at.line).substr(0, at.column - 1);
  const auto starts = std::count_if(before.begin(), before.end(),
                                    [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; });
  return static_cast<uint32_t>(starts) + 1;
}

Json region(const Span& span, const LocationTable& locations) {
  const LineColumn begin = locations.line_column(span.file, span.begin);
  const LineColumn end = locations.line_column(span.file, span.end);
  return {{"startLine", begin.line},
          {"startColumn", code_point_column(locations, span.file, begin)},
          {"endLine", end.line},
          {"endColumn", code_point_column(locations, span.file, end)}};
}

Json artifact(FileId file, const LocationTable& locations) { return {{"uri", uri(locations.file(file).path)}}; }

// A `location` object; null when the place is unknown.
Json location_object(LocationId where, const LocationTable& locations) {
  const Location* location = locations.origin(where);
  if (location == nullptr) return nullptr;
  if (const auto* span = std::get_if<Span>(location)) {
    return {{"physicalLocation",
             {{"artifactLocation", artifact(span->file, locations)}, {"region", region(*span, locations)}}}};
  }
  const auto& model = std::get<ModelLocation>(*location);
  Json object{{"physicalLocation", {{"artifactLocation", artifact(model.file, locations)}}}};
  if (model.what.empty()) return object;
  const std::string name = model.name.empty() ? fmt::format("#{}", model.index) : valid_utf8(model.name);
  Json logical{{"name", name}, {"kind", valid_utf8(model.what)}};
  if (!model.op.empty()) logical["fullyQualifiedName"] = fmt::format("{} ({})", name, valid_utf8(model.op));
  object["logicalLocations"] = Json::array({std::move(logical)});
  return object;
}

Json fix_object(const FixIt& fix, const LocationTable& locations) {
  Json changes = Json::array();
  std::vector<FileId> files;
  for (const Edit& edit : fix.edits) {
    auto found = std::find(files.begin(), files.end(), edit.where.file);
    if (found == files.end()) {
      found = files.insert(files.end(), edit.where.file);
      changes.push_back({{"artifactLocation", artifact(edit.where.file, locations)}, {"replacements", Json::array()}});
    }
    changes[static_cast<size_t>(found - files.begin())]["replacements"].push_back(
        {{"deletedRegion", region(edit.where, locations)}, {"insertedContent", {{"text", valid_utf8(edit.text)}}}});
  }
  return {{"description", {{"text", valid_utf8(fix.title)}}}, {"artifactChanges", std::move(changes)}};
}

Json result_object(const Diagnostic& diagnostic, const LocationTable& locations) {
  const DiagnosticInfo& kind = info(diagnostic.kind);
  std::string message = valid_utf8(diagnostic.message);
  for (const std::string& note : diagnostic.notes) message += "\n" + valid_utf8(note);
  Json object{{"ruleId", kind.code},
              {"ruleIndex", static_cast<size_t>(diagnostic.kind)},
              {"level", level(kind.severity)},
              {"message", {{"text", std::move(message)}}}};
  Json where = location_object(diagnostic.where, locations);
  object["locations"] = where.is_null() ? Json::array() : Json::array({std::move(where)});
  Json related = Json::array();
  for (const Label& label : diagnostic.labels) {
    Json place = location_object(label.where, locations);
    if (place.is_null()) continue;
    place["id"] = related.size();
    place["message"] = {{"text", valid_utf8(label.message)}};
    related.push_back(std::move(place));
  }
  if (!related.empty()) object["relatedLocations"] = std::move(related);
  Json fixes = Json::array();
  for (const FixIt& fix : diagnostic.fixes) {
    if (!fix.edits.empty()) fixes.push_back(fix_object(fix, locations));
  }
  if (!fixes.empty()) object["fixes"] = std::move(fixes);
  if (!diagnostic.layer.empty()) object["properties"] = {{"layer", valid_utf8(diagnostic.layer)}};
  return object;
}

}  // namespace

std::string render_sarif(const Diagnostics& diagnostics, const LocationTable& locations,
                         std::string_view tool_version) {
  Json rules = Json::array();
  for (const DiagnosticInfo& kind : diagnostic_kinds()) {
    rules.push_back({{"id", kind.code},
                     {"name", kind.name},
                     {"shortDescription", {{"text", kind.title}}},
                     {"defaultConfiguration", {{"level", level(kind.severity)}}}});
  }
  Json results = Json::array();
  for (const Diagnostic& diagnostic : diagnostics.all()) results.push_back(result_object(diagnostic, locations));
  Json driver{{"name", "lathe"}, {"version", tool_version}, {"rules", std::move(rules)}};
  Json run{
      {"tool", {{"driver", std::move(driver)}}}, {"columnKind", "unicodeCodePoints"}, {"results", std::move(results)}};
  return json_text({{"$schema", "https://json.schemastore.org/sarif-2.1.0.json"},
                    {"version", "2.1.0"},
                    {"runs", Json::array({std::move(run)})}});
}

}  // namespace lathe
