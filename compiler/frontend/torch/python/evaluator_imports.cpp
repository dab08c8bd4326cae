// Imports: modules of the library, files beside the program, and modules that Lathe doesn't know.
//
// Files are only read below the folder of the program's main file, links resolved; nothing else is ever opened. A
// module that is neither becomes a namespace that is reported when the program uses it: importing it is harmless.
#include <algorithm>

#include "compiler/frontend/torch/python/evaluator_internals.h"
#include "compiler/frontend/torch/python/parser.h"

namespace lathe::torch {

namespace {

namespace filesystem = std::filesystem;

std::string joined(const std::vector<std::string>& parts) {
  std::string path;
  for (const std::string& part : parts) path += (path.empty() ? "" : ".") + part;
  return path;
}

std::vector<std::string> split(std::string_view path) {
  std::vector<std::string> parts;
  while (!path.empty()) {
    const size_t dot = std::min(path.find('.'), path.size());
    parts.emplace_back(path.substr(0, dot));
    path.remove_prefix(std::min(dot + 1, path.size()));
  }
  return parts;
}

/// Whether `path`, links resolved, is a regular file inside of `root`.
std::optional<filesystem::path> file_inside(const filesystem::path& path, const filesystem::path& root) {
  std::error_code error;
  const filesystem::path real = filesystem::canonical(path, error);
  if (error || !filesystem::is_regular_file(real, error) || error) return std::nullopt;
  const auto [end, rest] = std::mismatch(root.begin(), root.end(), real.begin(), real.end());
  if (end != root.end()) return std::nullopt;
  return real;
}

}  // namespace

ObjectId Evaluator::Internals::unknown_module(const std::string& name) {
  const auto [position, is_new] = namespaces.try_emplace("?" + name);
  if (is_new) {
    position->second = heap.add(NamespaceObject{name, {}});
    unknown_namespaces.insert(position->second);
  }
  return position->second;
}

Status Evaluator::Internals::refuse_unknown(ObjectId module, LocationId where) {
  if (import_guards == 0 || !unknown_namespaces.contains(module)) return {};
  return evaluator
      .error(where, DiagnosticKind::UnknownName, "ModuleNotFoundError", "no module `{}` is known",
             std::get<NamespaceObject>(heap[module]).name)
      .emit();
}

bool Evaluator::Internals::expects_import_errors(const Activation& activation, const TryStatement& node) const {
  const auto& expressions = activation.unit.ast.expressions;
  const auto fits = [&](ExpressionId id) {
    const auto* name = std::get_if<NameExpression>(&expressions[id].kind);
    if (name == nullptr) return false;
    const std::string& text = evaluator.names_.text(name->name);
    return text == "ImportError" || text == "ModuleNotFoundError" || text == "Exception" || text == "BaseException";
  };
  return std::any_of(node.handlers.begin(), node.handlers.end(), [&](const ExceptHandler& handler) {
    if (!handler.type.valid() || fits(handler.type)) return true;
    const auto* tuple = std::get_if<TupleExpression>(&expressions[handler.type].kind);
    return tuple != nullptr && std::any_of(tuple->items.begin(), tuple->items.end(), fits);
  });
}

Value Evaluator::Internals::report_unknown(ObjectId module, LocationId where) {
  const std::string& name = std::get<NamespaceObject>(heap[module]).name;
  return evaluator.unsupported(where, fmt::format("`{}`, which is neither known nor a file beside the program", name));
}

Result<std::optional<ObjectId>> Evaluator::Internals::load_module(const filesystem::path& stem, const std::string& name,
                                                                  LocationId where) {
  std::optional<filesystem::path> file = file_inside(filesystem::path(stem).concat(".py"), root);
  filesystem::path folder = stem.parent_path();
  if (!file) {
    file = file_inside(stem / "__init__.py", root);
    folder = stem;
  }
  if (!file) return std::optional<ObjectId>();
  if (const auto found = file_namespaces.find(file->string()); found != file_namespaces.end()) {
    return std::optional<ObjectId>(found->second);
  }
  if (file_namespaces.size() >= limits.files) {
    budget_is_used_up = true;
    return evaluator
        .error(where, DiagnosticKind::BudgetExceeded, "ImportError", "more than {} files are imported", limits.files)
        .emit();
  }
  constexpr uintmax_t kLargestFile = uintmax_t{16} << 20u;
  std::error_code size_error;
  const uintmax_t size = filesystem::file_size(*file, size_error);
  std::optional<std::string> text;
  if (!size_error && size <= kLargestFile) text = read_source(*file);
  if (!text) {
    return evaluator.error(where, DiagnosticKind::FileNotReadable, "ImportError", "`{}` can't be read", file->string())
        .emit();
  }
  const std::string shown =
      (filesystem::path(main_folder) / filesystem::relative(*file, root)).lexically_normal().string();
  const FileId id = evaluator.locations_.add_file(shown, std::move(*text));
  Diagnostics syntax;
  Unit& unit = add_unit(parse_file(id, evaluator.names_, evaluator.locations_, syntax), shown, folder);
  const ObjectId module = heap.add(NamespaceObject{name, {}});
  file_namespaces.emplace(file->string(), module);
  file_scopes.emplace(module, unit.scope);
  store_in(unit.scope, known.name, heap.new_string(name), {});
  store_in(unit.scope, known.file, heap.new_string(shown), {});
  if (syntax.failed()) {
    for (const Diagnostic& fault : syntax.all()) kept.add(fault);
    broken_namespaces.insert(module);
    return std::optional<ObjectId>(module);
  }
  if (!run_unit(unit, where).ok()) {
    broken_namespaces.insert(module);
    return Failure{};
  }
  return std::optional<ObjectId>(module);
}

Result<std::optional<ObjectId>> Evaluator::Internals::import_file(const filesystem::path& base,
                                                                  const std::vector<std::string>& path,
                                                                  LocationId where) {
  filesystem::path stem = base;
  std::optional<ObjectId> module;
  std::string name;
  for (size_t i = 0; i < path.size(); ++i) {
    stem /= path[i];
    name += (i > 0 ? "." : "") + path[i];
    LATHE_TRY(std::optional<ObjectId> part, load_module(stem, name, where));
    const bool is_last = i + 1 == path.size();
    if (!part) {
      // A folder without __init__.py is a package, too.
      std::error_code error;
      const bool is_folder = filesystem::is_directory(stem, error);
      if (!is_folder || is_last) return std::optional<ObjectId>();
      const auto [position, is_new] = file_namespaces.try_emplace(stem.string() + "/");
      if (is_new) position->second = heap.add(NamespaceObject{name, {}});
      part = position->second;
    }
    if (module && !file_scopes.contains(*module)) {
      std::get<NamespaceObject>(heap[*module]).attributes.set(evaluator.name(path[i]), *part);
    } else if (module) {
      const ObjectId scope = file_scopes.at(*module);
      if (find_name(scope, evaluator.name(path[i])) == nullptr) store_in(scope, evaluator.name(path[i]), *part, {});
    }
    module = part;
  }
  return module;
}

Result<ObjectId> Evaluator::Internals::import_module(Activation& activation, const std::string& path,
                                                     LocationId where) {
  if (const std::optional<ObjectId> known_module = library_module(path)) return *known_module;
  const std::vector<std::string> parts = split(path);
  // What a program calls like a module of the library is the library's.
  if (!library_module(parts.front())) {
    LATHE_TRY(std::optional<ObjectId> file, import_file(root, parts, where));
    if (!file && activation.unit.folder != root) {
      LATHE_TRY(file, import_file(activation.unit.folder, parts, where));
    }
    if (!file && parts.size() > 1 && root.filename() == parts.front()) {
      LATHE_TRY(file, import_file(root, {parts.begin() + 1, parts.end()}, where));
    }
    if (file) return *file;
  }
  return unknown_module(path);
}

Status Evaluator::Internals::import_names(Activation& activation, const ImportStatement& node) {
  for (const ImportedName& row : node.names) {
    const LocationId where = place(row.span);
    std::vector<std::string> parts;
    for (NameId part : row.path) parts.push_back(evaluator.names_.text(part));
    LATHE_TRY(const ObjectId module, import_module(activation, joined(parts), where));
    LATHE_TRY_VOID(refuse_unknown(module, where));
    if (row.alias.valid()) {
      LATHE_TRY_VOID(store(activation, row.alias, module, where));
      continue;
    }
    // `import a.b` binds `a`.
    LATHE_TRY(const ObjectId first, import_module(activation, parts.front(), where));
    LATHE_TRY_VOID(store(activation, row.path.front(), first, where));
  }
  return {};
}

Status Evaluator::Internals::import_star(Activation& activation, ObjectId module, LocationId where) {
  if (unknown_namespaces.contains(module)) {
    report_unknown(module, where);
    open_scopes.insert(std::get<ScopeObject>(heap[activation.scope]).globals);
    return {};
  }
  if (broken_namespaces.contains(module)) open_scopes.insert(std::get<ScopeObject>(heap[activation.scope]).globals);
  std::vector<std::pair<NameId, Value>> rows;
  if (const auto scope = file_scopes.find(module); scope != file_scopes.end()) {
    const auto& names = std::get<ScopeObject>(heap[scope->second]).names;
    rows.assign(names.begin(), names.end());
    std::sort(rows.begin(), rows.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  } else {
    rows = std::get<NamespaceObject>(heap[module]).attributes.rows();
  }
  std::optional<std::vector<std::string>> listed;
  for (const auto& [name, value] : rows) {
    if (name != known.all) continue;
    LATHE_TRY(const std::vector<Value> items, evaluator.iterate(value, where));
    listed.emplace();
    for (const Value& item : items) {
      if (const std::string* text = heap.string(item)) listed->push_back(*text);
    }
  }
  for (const auto& [name, value] : rows) {
    const std::string& text = evaluator.names_.text(name);
    const bool is_public =
        listed ? std::find(listed->begin(), listed->end(), text) != listed->end() : !text.starts_with("_");
    if (is_public) LATHE_TRY_VOID(store(activation, name, value, where));
  }
  return {};
}

Status Evaluator::Internals::import_from(Activation& activation, const ImportFromStatement& node,
                                         const Statement& statement) {
  const LocationId where = place(statement.span);
  std::vector<std::string> parts;
  for (NameId part : node.module) parts.push_back(evaluator.names_.text(part));
  if (node.level == 0 && parts == std::vector<std::string>{"__future__"}) return {};
  ObjectId module;
  filesystem::path folder = activation.unit.folder;
  if (node.level == 0) {
    LATHE_TRY(module, import_module(activation, joined(parts), where));
  } else {
    for (uint32_t i = 1; i < node.level; ++i) folder = folder.parent_path();
    std::optional<ObjectId> found;
    if (parts.empty()) {
      const auto [position, is_new] = file_namespaces.try_emplace(folder.string() + "/");
      if (is_new) position->second = heap.add(NamespaceObject{folder.filename().string(), {}});
      found = position->second;
    } else {
      LATHE_TRY(found, import_file(folder, parts, where));
    }
    module = found ? *found : unknown_module(std::string(node.level, '.') + joined(parts));
  }
  LATHE_TRY_VOID(refuse_unknown(module, where));
  if (node.star) return import_star(activation, module, where);
  for (const ImportedName& row : node.names) {
    const NameId name = row.path.front();
    const NameId bound = row.alias.valid() ? row.alias : name;
    const LocationId at = place(row.span);
    const std::string& text = evaluator.names_.text(name);
    const std::string& module_name = std::get<NamespaceObject>(heap[module]).name;
    if (unknown_namespaces.contains(module)) {
      LATHE_TRY_VOID(store(activation, bound, unknown_module(fmt::format("{}.{}", module_name, text)), at));
      continue;
    }
    LATHE_TRY(std::optional<Value> value, namespace_attribute(module, name, at));
    if (!value && node.level > 0) {
      std::vector<std::string> below = parts;
      below.push_back(text);
      LATHE_TRY(const std::optional<ObjectId> file, import_file(folder, below, at));
      if (file) value = *file;
    } else if (!value && !namespaces.contains(module_name)) {
      LATHE_TRY(const ObjectId file, import_module(activation, joined(parts) + "." + text, at));
      if (!unknown_namespaces.contains(file)) value = file;
    }
    if (!value) {
      std::vector<std::string> candidates;
      for (const auto& [other, ignored] : std::get<NamespaceObject>(heap[module]).attributes.rows()) {
        candidates.push_back(evaluator.names_.text(other));
      }
      const bool is_library = namespaces.contains(module_name);
      if (const auto scope = file_scopes.find(module); scope != file_scopes.end()) {
        for (const auto& [other, ignored] : std::get<ScopeObject>(heap[scope->second]).names) {
          candidates.push_back(evaluator.names_.text(other));
        }
        std::sort(candidates.begin(), candidates.end());
      }
      const std::string nearest = nearest_name(text, candidates);
      if (is_library && nearest.empty()) {
        const ObjectId missing = unknown_module(fmt::format("{}.{}", module_name, text));
        LATHE_TRY_VOID(refuse_unknown(missing, at));
        LATHE_TRY_VOID(store(activation, bound, missing, at));
        continue;
      }
      const std::string hint = nearest.empty() ? std::string() : fmt::format("; did you mean `{}`?", nearest);
      return evaluator
          .error(at, DiagnosticKind::UnknownName, "ImportError", "`{}` has no `{}`{}", module_name, text, hint)
          .emit();
    }
    LATHE_TRY_VOID(store(activation, bound, *std::move(value), at));
  }
  return {};
}

}  // namespace lathe::torch
