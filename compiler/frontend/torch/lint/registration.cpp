// Modules and parameters that a module holds in a plain list, tuple or dict, where PyTorch does not see them.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <unordered_set>

#include "compiler/frontend/torch/lint/class_source.h"
#include "compiler/frontend/torch/lint/trace.h"

namespace lathe::torch {
namespace {

/// What a container holds, nested ones included.
struct Held {
  std::vector<ObjectId> modules;
  std::vector<TensorId> parameters;
  bool is_dict = false;
};

Held held_by(Evaluator& evaluator, const Value& container) {
  constexpr size_t kDeepest = 4;
  constexpr size_t kMost = 10'000;
  Held held;
  held.is_dict = evaluator.heap().as<DictObject>(container) != nullptr;
  std::unordered_set<ObjectId> seen;
  std::vector<std::pair<Value, size_t>> waiting{{container, 0}};
  while (!waiting.empty() && held.modules.size() + held.parameters.size() < kMost) {
    const auto [value, depth] = waiting.back();
    waiting.pop_back();
    const auto* object = std::get_if<ObjectId>(&value);
    if (object != nullptr && !seen.insert(*object).second) continue;
    std::vector<Value> items;
    if (const auto* tensor = std::get_if<TensorId>(&value)) {
      if (tracer_of(evaluator).is_parameter(*tensor)) held.parameters.push_back(*tensor);
    } else if (is_module(evaluator, value)) {
      held.modules.push_back(std::get<ObjectId>(value));
    } else if (const auto* list = evaluator.heap().as<ListObject>(value)) {
      items = list->items;
    } else if (const auto* tuple = evaluator.heap().as<TupleObject>(value)) {
      items = tuple->items;
    } else if (const auto* dict = evaluator.heap().as<DictObject>(value)) {
      for (const DictStorage::Entry& entry : dict->entries.entries()) items.push_back(entry.value);
    }
    if (depth >= kDeepest) continue;
    for (auto item = items.rbegin(); item != items.rend(); ++item) waiting.emplace_back(*item, depth + 1);
  }
  return held;
}

class Registration {
 public:
  explicit Registration(Trace& trace) : trace_(trace), evaluator_(trace.evaluator()) {
    if (trace.options().root) add_root(*trace.options().root);
    for (const Evaluator::TopLevelName& name : evaluator_.top_level_names()) {
      if (is_module(evaluator_, name.value)) add_root(std::get<ObjectId>(name.value));
    }
  }

  void check() {
    const bool all = trace_.options().is_script || !trace_.options().root;
    for (const auto& [module, path] : modules_) {
      if (all || is_below_root(module)) check_module(module);
    }
  }

 private:
  struct Row {
    ObjectId module;
    std::string path;
  };

  void add_root(ObjectId root) {
    const Result<std::vector<NamedModule>> found = named_modules(evaluator_, root);
    if (!found.ok()) return;
    for (const NamedModule& row : *found) {
      if (registered_.insert(row.module).second) modules_.push_back({row.module, row.path});
      for (const NamedValue& entry : entries(evaluator_, row.module, Registry::Parameters)) {
        parameters_.insert(std::get<TensorId>(entry.value));
      }
    }
    if (trace_.options().root == root) below_root_ = registered_;
  }

  [[nodiscard]] bool is_below_root(ObjectId module) const { return below_root_.contains(module); }

  void check_module(ObjectId module) {
    const auto* instance = evaluator_.heap().as<InstanceObject>(Value(module));
    if (instance == nullptr) return;
    const std::vector<std::pair<NameId, Value>> rows = instance->attributes.rows();
    std::vector<ClassSource> classes;
    for (const auto& [name, value] : rows) {
      const bool is_container = evaluator_.heap().as<ListObject>(value) != nullptr ||
                                evaluator_.heap().as<TupleObject>(value) != nullptr ||
                                evaluator_.heap().as<DictObject>(value) != nullptr;
      const std::string& text = evaluator_.names().text(name);
      // The registries themselves.
      if (!is_container || text == "_modules" || text == "_parameters" || text == "_buffers") continue;
      const Held held = held_by(evaluator_, value);
      if (held.modules.empty() && held.parameters.empty()) continue;
      if (classes.empty()) classes = classes_of(trace_.source(), module);
      if (!classes.empty()) check_attribute(module, text, held, classes);
    }
  }

  /// `[teacher]` is how people keep a module out of the registry.
  [[nodiscard]] bool is_on_purpose(const ExpressionView& value) const {
    std::vector<ExpressionId> items;
    if (const auto* list = value.as<ListExpression>()) items = list->items;
    if (const auto* tuple = value.as<TupleExpression>()) items = tuple->items;
    if (items.size() != 1) return false;
    const ExpressionView item = value.child(items[0]);
    return item.as<NameExpression>() != nullptr || item.as<AttributeExpression>() != nullptr;
  }

  void check_attribute(ObjectId owner, const std::string& name, const Held& held,
                       const std::vector<ClassSource>& classes) {
    std::vector<ObjectId> modules;
    std::unordered_set<TensorId> parameters;
    std::string type;
    bool one_type = true;
    for (const ObjectId module : held.modules) {
      if (registered_.contains(module) || std::find(modules.begin(), modules.end(), module) != modules.end()) continue;
      const Result<std::vector<NamedModule>> below = named_modules(evaluator_, module);
      if (!below.ok()) return;
      size_t own = 0;
      for (const NamedModule& row : *below) {
        for (const NamedValue& entry : entries(evaluator_, row.module, Registry::Parameters)) {
          const TensorId tensor = std::get<TensorId>(entry.value);
          if (parameters_.contains(tensor)) continue;
          parameters.insert(tensor);
          ++own;
        }
      }
      if (own == 0) continue;
      modules.push_back(module);
      const std::string here = evaluator_.type_name(Value(module));
      one_type = one_type && (type.empty() || type == here);
      type = here;
    }
    size_t lone = 0;
    for (const TensorId tensor : held.parameters) {
      if (!parameters_.contains(tensor) && parameters.insert(tensor).second) ++lone;
    }
    if (modules.empty() && lone == 0) return;
    const std::optional<AttributeAssignment> assignment = assignment_of(trace_.source(), classes, name);
    if (!assignment || is_on_purpose(assignment->value)) return;
    int64_t elements = 0;
    for (const TensorId tensor : parameters) {
      elements += tracer_of(evaluator_).type(tensor).element_count().as_constant().value_or(0);
    }
    report(owner, name, *assignment, what(modules.size(), lone, one_type ? type : std::string()), elements,
           held.is_dict, modules.empty());
  }

  static std::string what(size_t modules, size_t parameters, const std::string& type) {
    if (modules == 0) return parameters == 1 ? "this parameter" : fmt::format("these {} parameters", parameters);
    if (modules == 1) return type.empty() ? "this module" : fmt::format("this {} layer", type);
    return type.empty() ? fmt::format("these {} layers", modules) : fmt::format("these {} {} layers", modules, type);
  }

  void report(ObjectId owner, const std::string& name, const AttributeAssignment& assignment, const std::string& what,
              int64_t elements, bool is_dict, bool is_parameters) {
    const LocationId where = evaluator_.locations().add(assignment.target.span());
    const bool is_one = what.starts_with("this ");
    auto warning =
        trace_.warn(where, DiagnosticKind::UnregisteredModules,
                    fmt::format("{} ({} {}) {} not registered: no parameters(), no state_dict, no .to()", what,
                                elements, is_parameters ? "elements" : "parameters", is_one ? "is" : "are"));
    if (!warning) return;
    trace_.note(owner, {Value(is_dict), Value(is_parameters)});
    const bool is_tuple = assignment.value.as<TupleExpression>() != nullptr;
    const std::string_view kind = is_dict ? "dict" : is_tuple ? "tuple" : "list";
    std::vector<std::string> keys;
    const Result<std::vector<StateEntry>> state = state_entries(evaluator_, owner);
    for (size_t i = 0; state.ok() && i < state->size() && i < 4; ++i) {
      keys.push_back(i == 3 && state->size() > 4 ? "..." : (*state)[i].name);
    }
    static_cast<void>(std::move(*warning).note(fmt::format(
        "`{}` is a plain {}: an optimizer does not train {}, and the compiled model takes {} random initial values; a "
        "state_dict of this `{}` holds {}",
        name, kind, is_one ? "it" : "them", is_one ? "its" : "their", evaluator_.type_name(Value(owner)),
        keys.empty() ? "nothing" : fmt::format("only {}", fmt::join(keys, ", ")))));
    static_cast<void>(std::move(*warning).emit());
  }

  Trace& trace_;
  Evaluator& evaluator_;
  std::vector<Row> modules_;
  std::unordered_set<ObjectId> registered_;
  std::unordered_set<ObjectId> below_root_;
  std::unordered_set<TensorId> parameters_;
};

}  // namespace

void check_registration(Trace& trace) { Registration(trace).check(); }

}  // namespace lathe::torch
