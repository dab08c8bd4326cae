// Lookup and description of locations.
#include "ir/base/location.h"

#include <fmt/format.h>

#include <algorithm>

namespace lathe {

FileId LocationTable::add_file(std::string path, std::string text) {
  SourceFile file{std::move(path), std::move(text), {0}};
  for (uint32_t i = 0; i < file.text.size(); ++i) {
    if (file.text[i] == '\n') file.line_starts.push_back(i + 1);
  }
  return files_.push_back(std::move(file));
}

LocationId LocationTable::fuse(const std::vector<LocationId>& parents) {
  std::vector<LocationId> distinct;
  for (LocationId parent : parents) {
    if (parent.valid() && std::find(distinct.begin(), distinct.end(), parent) == distinct.end()) {
      distinct.push_back(parent);
    }
  }
  if (distinct.empty()) return {};
  if (distinct.size() == 1) return distinct.front();
  return add(FusedLocation{std::move(distinct)});
}

LineColumn LocationTable::line_column(FileId file, uint32_t offset) const {
  const std::vector<uint32_t>& starts = files_[file].line_starts;
  const auto next = std::upper_bound(starts.begin(), starts.end(), offset);
  const auto line = static_cast<uint32_t>(next - starts.begin());
  return {line, offset - starts[line - 1] + 1};
}

std::string_view LocationTable::line_text(FileId file, uint32_t line) const {
  const SourceFile& source = files_[file];
  if (line == 0 || line > source.line_starts.size()) return {};
  const std::string_view text = source.text;
  std::string_view rest = text.substr(source.line_starts[line - 1]);
  rest = rest.substr(0, rest.find('\n'));
  if (!rest.empty() && rest.back() == '\r') rest.remove_suffix(1);
  return rest;
}

LocationId LocationTable::origin_id(LocationId id) const {
  while (id.valid()) {
    const Location& location = locations_[id];
    if (const auto* derived = std::get_if<DerivedLocation>(&location)) {
      id = derived->from;
    } else if (const auto* fused = std::get_if<FusedLocation>(&location)) {
      id = fused->parents.front();
    } else {
      return id;
    }
  }
  return {};
}

const Location* LocationTable::origin(LocationId id) const {
  const LocationId found = origin_id(id);
  return found.valid() ? &locations_[found] : nullptr;
}

std::string LocationTable::describe(LocationId id) const {
  const Location* location = origin(id);
  if (location == nullptr) return "unknown location";
  if (const auto* span = std::get_if<Span>(location)) {
    const LineColumn at = line_column(span->file, span->begin);
    return fmt::format("{}:{}:{}", files_[span->file].path, at.line, at.column);
  }
  const auto& model = std::get<ModelLocation>(*location);
  std::string text = files_[model.file].path;
  if (model.what.empty()) return text;
  text += fmt::format(": {}", model.what);
  if (model.name.empty()) {
    text += fmt::format(" #{}", model.index);
  } else {
    text += fmt::format(" `{}`", model.name);
  }
  if (!model.op.empty()) text += fmt::format(" ({})", model.op);
  return text;
}

}  // namespace lathe
