// Imports of a file, read backwards.
#include "compiler/frontend/torch/advice/library_names.h"

#include <fmt/format.h>

#include <utility>

namespace lathe::torch {
namespace {

/// A name of the file, and what it stands for.
using Import = std::pair<std::string, std::string>;

std::string joined(const SourceView& source, const std::vector<NameId>& path) {
  std::string result;
  for (const NameId name : path) result += (result.empty() ? "" : ".") + source.name(name);
  return result;
}

std::vector<Import> imports_of(const SourceView& source, FileId file) {
  std::vector<Import> result;
  const Ast* ast = source.tree(file);
  if (ast == nullptr) return result;
  for (const StatementId id : ast->body) {
    const StatementKind& kind = ast->statements[id].kind;
    if (const auto* import = std::get_if<ImportStatement>(&kind)) {
      for (const ImportedName& row : import->names) {
        const std::string path = joined(source, row.path);
        if (row.alias.valid()) {
          result.emplace_back(source.name(row.alias), path);
        } else {
          result.emplace_back(source.name(row.path.front()), source.name(row.path.front()));
        }
      }
    }
    const auto* from = std::get_if<ImportFromStatement>(&kind);
    if (from == nullptr || from->level != 0) continue;
    const std::string module = joined(source, from->module);
    for (const ImportedName& row : from->names) {
      const std::string name = joined(source, row.path);
      result.emplace_back(row.alias.valid() ? source.name(row.alias) : name, fmt::format("{}.{}", module, name));
    }
  }
  return result;
}

/// Whether `path` is `prefix` or below it.
bool is_below(std::string_view path, std::string_view prefix) {
  return path.starts_with(prefix) && (path.size() == prefix.size() || path[prefix.size()] == '.');
}

}  // namespace

std::string library_name(const SourceView& source, FileId file, std::string_view path) {
  std::string best(path);
  size_t covered = 0;
  for (const auto& [name, target] : imports_of(source, file)) {
    if (!is_below(path, target) || target.size() <= covered) continue;
    covered = target.size();
    best = name + std::string(path.substr(target.size()));
  }
  return best;
}

std::string library_path(const SourceView& source, FileId file, std::string_view dotted) {
  const std::string_view first = dotted.substr(0, dotted.find('.'));
  for (const auto& [name, target] : imports_of(source, file)) {
    if (name == first) return target + std::string(dotted.substr(first.size()));
  }
  return {};
}

}  // namespace lathe::torch
