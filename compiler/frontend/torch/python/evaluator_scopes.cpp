// Names: where they are looked up and stored.
//
// A function's names live in one ScopeObject a call; functions made in it keep it as the parent, so closures see later
// changes. A comprehension has a scope of its own inside. Names of a class body are not seen by its functions.
#include <algorithm>

#include "compiler/frontend/torch/python/evaluator_internals.h"

namespace lathe::torch {

namespace {

/// Number of edits between two names; transposed neighbours count once.
size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<size_t> before(b.size() + 1);
  std::vector<size_t> last(b.size() + 1);
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) last[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) row[j] = std::min(row[j], before[j - 2] + 1);
    }
    before.swap(last);
    last.swap(row);
  }
  return last[b.size()];
}

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& character : result) {
    if (character >= 'A' && character <= 'Z') character = static_cast<char>(character - 'A' + 'a');
  }
  return result;
}

}  // namespace

std::string Evaluator::Internals::nearest_name(std::string_view name,
                                               const std::vector<std::string>& candidates) const {
  constexpr size_t kLongest = 40;
  if (name.size() > kLongest) return {};
  const std::string wanted = lower(name);
  std::string best;
  // A name of one letter is near to too many.
  size_t best_distance = name.size() <= 1 ? 0 : name.size() <= 3 ? 1 : name.size() <= 6 ? 2 : 3;
  for (const std::string& candidate : candidates) {
    if (candidate == name || candidate.size() > kLongest) continue;
    // Half of a name that is added or missing counts as near: `pad` for `padding`.
    const std::string other = lower(candidate);
    const bool begins =
        name.size() >= 3 && (other.starts_with(wanted) || wanted.starts_with(other)) && other.size() >= 3;
    const size_t edits = edit_distance(wanted, other);
    const size_t distance = begins ? std::min<size_t>(name.size() <= 3 ? 1 : 2, edits) : edits;
    if (distance < best_distance || (distance == best_distance && best.empty())) {
      best_distance = distance;
      best = candidate;
    }
  }
  return best;
}

const FunctionNames& Evaluator::Internals::function_names(Unit& unit, FunctionId id) {
  FunctionNames& names = unit.functions[id];
  if (!names.ready) {
    const Function& function = unit.ast.functions[id];
    names.locals.insert(function.locals.begin(), function.locals.end());
    names.globals.insert(function.globals.begin(), function.globals.end());
    names.nonlocals.insert(function.nonlocals.begin(), function.nonlocals.end());
    names.ready = true;
  }
  return names;
}

Value* Evaluator::Internals::find_name(ObjectId scope, NameId name) {
  auto& names = std::get<ScopeObject>(heap[scope]).names;
  const auto found = names.find(name);
  return found == names.end() ? nullptr : &found->second;
}

Result<Value> Evaluator::Internals::load(Activation& activation, NameId name, ExpressionId id) {
  ObjectId scope = activation.scope;
  if (activation.names != nullptr && activation.names->globals.contains(name)) {
    scope = std::get<ScopeObject>(heap[scope]).globals;
  }
  while (scope.valid()) {
    if (const Value* found = find_name(scope, name)) return *found;
    if (scope == activation.home && activation.names != nullptr && activation.names->locals.contains(name)) {
      return evaluator
          .error(enter(activation, id), DiagnosticKind::UnknownName, "UnboundLocalError",
                 "`{}` is a local name of this function and has no value yet", evaluator.names_.text(name))
          .emit();
    }
    scope = std::get<ScopeObject>(heap[scope]).parent;
  }
  if (const Value* found = std::get<NamespaceObject>(heap[builtins]).attributes.find(name)) return *found;
  if (open_scopes.contains(std::get<ScopeObject>(heap[activation.scope]).globals)) return Value(UnknownValue{});
  const std::string& text = evaluator.names_.text(name);
  std::vector<std::string> candidates;
  for (scope = activation.scope; scope.valid(); scope = std::get<ScopeObject>(heap[scope]).parent) {
    for (const auto& [other, value] : std::get<ScopeObject>(heap[scope]).names) {
      candidates.push_back(evaluator.names_.text(other));
    }
  }
  for (const auto& [other, value] : std::get<NamespaceObject>(heap[builtins]).attributes.rows()) {
    candidates.push_back(evaluator.names_.text(other));
  }
  std::sort(candidates.begin(), candidates.end());
  const std::string nearest = nearest_name(text, candidates);
  if (nearest.empty()) {
    return evaluator
        .error(enter(activation, id), DiagnosticKind::UnknownName, "NameError", "the name `{}` is not defined", text)
        .emit();
  }
  return evaluator
      .error(enter(activation, id), DiagnosticKind::UnknownName, "NameError",
             "the name `{}` is not defined; did you mean `{}`?", text, nearest)
      .emit();
}

void Evaluator::Internals::store_in(ObjectId scope, NameId name, Value value, LocationId where) {
  auto& names = std::get<ScopeObject>(heap[scope]).names;
  const auto [position, is_new] = names.insert_or_assign(name, std::move(value));
  if (is_new && scope == main_scope) top_level.emplace_back(name, where);
}

Status Evaluator::Internals::store(Activation& activation, NameId name, Value value, LocationId where) {
  ObjectId scope = activation.scope;
  if (activation.names != nullptr && scope == activation.home) {
    if (activation.names->globals.contains(name)) {
      scope = std::get<ScopeObject>(heap[scope]).globals;
    } else if (activation.names->nonlocals.contains(name)) {
      do {
        scope = std::get<ScopeObject>(heap[scope]).parent;
      } while (scope.valid() && find_name(scope, name) == nullptr);
      if (!scope.valid()) {
        return evaluator
            .error(where, DiagnosticKind::UnknownName, "NameError", "no function around this one has the name `{}`",
                   evaluator.names_.text(name))
            .emit();
      }
    }
  }
  if (activation.class_names != nullptr && scope == activation.home && find_name(scope, name) == nullptr) {
    activation.class_names->push_back(name);
  }
  store_in(scope, name, std::move(value), where);
  return {};
}

Status Evaluator::Internals::erase(Activation& activation, NameId name, LocationId where) {
  ObjectId scope = activation.scope;
  if (activation.names != nullptr && activation.names->globals.contains(name)) {
    scope = std::get<ScopeObject>(heap[scope]).globals;
  }
  if (std::get<ScopeObject>(heap[scope]).names.erase(name) == 0) {
    return evaluator
        .error(where, DiagnosticKind::UnknownName, "NameError", "the name `{}` is not defined",
               evaluator.names_.text(name))
        .emit();
  }
  if (scope == main_scope) std::erase_if(top_level, [&](const auto& row) { return row.first == name; });
  if (activation.class_names != nullptr) std::erase(*activation.class_names, name);
  return {};
}

ObjectId Evaluator::Internals::parent_for_functions(const Activation& activation) const {
  const bool in_class_body = activation.class_names != nullptr && activation.scope == activation.home;
  return in_class_body ? std::get<ScopeObject>(heap[activation.scope]).parent : activation.scope;
}

std::vector<Evaluator::TopLevelName> Evaluator::top_level_names() const {
  std::vector<TopLevelName> names;
  if (!internals_->main_scope.valid()) return names;
  for (const auto& [name, where] : internals_->top_level) {
    if (const Value* value = internals_->find_name(internals_->main_scope, name)) {
      names.push_back({names_.text(name), *value, where});
    }
  }
  return names;
}

}  // namespace lathe::torch
