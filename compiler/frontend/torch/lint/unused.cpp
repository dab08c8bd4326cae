// Layers and parameters of a model that its forward never uses.
#include <fmt/format.h>

#include <algorithm>
#include <unordered_set>

#include "compiler/frontend/torch/lint/class_source.h"
#include "compiler/frontend/torch/lint/trace.h"

namespace lathe::torch {
namespace {

class Unused {
 public:
  explicit Unused(Trace& trace) : trace_(trace), evaluator_(trace.evaluator()) {
    for (const LayerRecord& record : trace.records()) called_.insert(record.module);
  }

  void check(ObjectId root) {
    const Result<std::vector<NamedModule>> all = named_modules(evaluator_, root);
    if (!all.ok()) return;
    for (const NamedModule& owner : *all) {
      if (!called_.contains(owner.module)) continue;
      const std::vector<ClassSource> classes = classes_of(trace_.source(), owner.module);
      if (classes.empty() || is_container(owner.module)) continue;
      check_children(owner, classes);
      check_parameters(owner, classes);
    }
  }

 private:
  [[nodiscard]] bool is_container(ObjectId module) const {
    for (const std::string_view path : {"torch.nn.Sequential", "torch.nn.ModuleList", "torch.nn.ModuleDict"}) {
      if (evaluator_.is_instance(Value(module), evaluator_.library_object(path))) return true;
    }
    return false;
  }

  [[nodiscard]] bool is_used(TensorId tensor) const {
    const std::optional<ValueId> value = tracer_of(evaluator_).present_value(tensor);
    return value && value->valid() && !trace_.graph().value(*value).uses.empty();
  }

  void check_children(const NamedModule& owner, const std::vector<ClassSource>& classes) {
    for (const NamedValue& child : entries(evaluator_, owner.module, Registry::Modules)) {
      const ObjectId module = std::get<ObjectId>(child.value);
      if (called_.contains(module)) continue;
      const Result<std::vector<NamedModule>> below = named_modules(evaluator_, module);
      if (!below.ok()) return;
      int64_t elements = 0;
      bool is_free = true;
      for (const NamedModule& row : *below) {
        is_free = is_free && !called_.contains(row.module);
        for (const NamedValue& entry : entries(evaluator_, row.module, Registry::Parameters)) {
          const TensorId tensor = std::get<TensorId>(entry.value);
          is_free = is_free && !is_used(tensor);
          elements += tracer_of(evaluator_).type(tensor).element_count().as_constant().value_or(0);
        }
      }
      if (!is_free || elements == 0) continue;
      report(owner, classes, child.name, fmt::format("{}, {} parameters", evaluator_.type_name(child.value), elements),
             module);
    }
  }

  void check_parameters(const NamedModule& owner, const std::vector<ClassSource>& classes) {
    for (const NamedValue& entry : entries(evaluator_, owner.module, Registry::Parameters)) {
      const TensorId tensor = std::get<TensorId>(entry.value);
      if (is_used(tensor)) continue;
      const int64_t elements = tracer_of(evaluator_).type(tensor).element_count().as_constant().value_or(0);
      report(owner, classes, entry.name,
             fmt::format("a parameter of {} {}", elements, elements == 1 ? "element" : "elements"), {});
    }
  }

  void report(const NamedModule& owner, const std::vector<ClassSource>& classes, const std::string& name,
              const std::string& what, ObjectId module) {
    const std::optional<AttributeAssignment> assignment = assignment_of(trace_.source(), classes, name);
    if (!assignment || is_mentioned(trace_.source(), classes, name)) return;
    const LocationId where = evaluator_.locations().add(assignment->target.span());
    const std::string type = evaluator_.type_name(Value(owner.module));
    auto warning = trace_.warn(
        where, DiagnosticKind::UnusedLayer,
        fmt::format("`{}` ({}) is never used: no method of `{}` but `__init__` names it", name, what, type));
    if (!warning) return;
    trace_.note(module);
    static_cast<void>(
        std::move(*warning)
            .note("it is saved, loaded and given to the optimizer, but changes no result and gets no gradient "
                  "(DistributedDataParallel stops at such parameters): use it in `forward`, or remove it")
            .layer(owner.path.empty() ? name : fmt::format("{}.{}", owner.path, name))
            .emit());
  }

  Trace& trace_;
  Evaluator& evaluator_;
  std::unordered_set<ObjectId> called_;
};

}  // namespace

void check_unused(Trace& trace) {
  const LintOptions& options = trace.options();
  if (trace.has_errors() || options.train) return;
  Unused unused(trace);
  if (options.root) {
    if (options.has_run) unused.check(*options.root);
    return;
  }
  if (!options.is_script) return;
  std::unordered_set<ObjectId> seen;
  for (const LayerRecord& record : trace.records()) {
    if (trace.is_whole(record) && seen.insert(record.module).second) unused.check(record.module);
  }
}

}  // namespace lathe::torch
