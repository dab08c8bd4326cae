// The search: which changes of which nodes make the model importable.
#include "compiler/frontend/onnx/cures.h"

#include <fmt/format.h>

#include <algorithm>
#include <climits>
#include <map>
#include <optional>
#include <set>

#include "compiler/frontend/onnx/importer.h"
#include "compiler/frontend/onnx/model_reader.h"
#include "ir/base/display.h"

namespace lathe::onnx {
namespace {

constexpr size_t kMostFaults = 8;  ///< faults that are looked at
constexpr size_t kMostFixes = 3;   ///< fixes of one fault
constexpr size_t kMostCures = 6;   ///< of which those are chosen that ask least of sizes
constexpr size_t kMostNodesBehind = 40;
/// Imports of one node of the model that the trials for one fault may cost, and bounds of their number.
constexpr size_t kMostImportedNodes = 50'000;
constexpr size_t kLeastTrials = 24;
constexpr size_t kMostTrials = 240;
/// Changes that cost so much more than one that cures are not worth a try.
constexpr int kMostWorse = 30;
/// Every step away from the failed node makes a cause less likely.
constexpr int kCostOfDistance = 3;

// A fault as one import sees it and another one would see it again.
using FaultKey = std::pair<std::string, DiagnosticKind>;

FaultKey key_of(const Diagnostic& diagnostic, const LocationTable& locations) {
  const Location* origin = locations.origin(diagnostic.where);
  const auto* place = origin == nullptr ? nullptr : std::get_if<ModelLocation>(origin);
  if (place == nullptr) return {"the file", diagnostic.kind};
  if (place->name.empty()) return {fmt::format("{} #{} ({})", place->what, place->index, place->op), diagnostic.kind};
  return {fmt::format("{} {}", place->what, quoted_name(place->name)), diagnostic.kind};
}

// Faults of attributes, sizes and types; names and structure are another matter.
bool is_about_node(DiagnosticKind kind) {
  constexpr DiagnosticKind kAttributes[] = {DiagnosticKind::UnknownAttribute, DiagnosticKind::BadAttribute,
                                            DiagnosticKind::MissingAttribute};
  return info(kind).severity == Severity::Error &&
         (info(kind).code.starts_with("LT02") ||
          std::find(std::begin(kAttributes), std::end(kAttributes), kind) != std::end(kAttributes));
}

bool is_error(const Diagnostic& diagnostic) {
  const Severity severity = info(diagnostic.kind).severity;
  return severity != Severity::Warning && severity != Severity::Remark;
}

// What a change changes: of several values that would do for one thing, the first is offered.
struct TargetOf {
  std::string operator()(const SetInteger& change) const { return fmt::format("{} {}", change.node, change.name); }
  std::string operator()(const SetIntegers& change) const { return fmt::format("{} {}", change.node, change.name); }
  std::string operator()(const RenameAttribute& change) const { return fmt::format("{} {}", change.node, change.from); }
  std::string operator()(const SetOperand& change) const { return fmt::format("{} #{}", change.node, change.operand); }
  std::string operator()(const InsertBefore& change) const {
    return fmt::format("{} <{}", change.node, change.operand);
  }
  std::string operator()(const SetWeightShape& change) const { return std::string(change.name); }
  std::string operator()(const AddBatchAxis& change) const { return std::string(change.input); }
};

std::string target_of(const std::vector<Change>& changes) {
  std::string target;
  for (const Change& change : changes) target += std::visit(TargetOf{}, change) + ";";
  return target;
}

struct Trial {
  std::multiset<FaultKey> faults;
  std::string declared;  ///< what the first declared type that no longer holds is said to be
  std::string outputs;   ///< "`y` is `f32[1, 10]`" for a model that can be imported
  size_t demands = 0;    ///< conditions that its sizes have to keep, and declared names of sizes that became numbers
};

class Cures {
 public:
  Cures(const FailedImport& failed, const Model& model, Module& module, Diagnostics& diagnostics)
      : failed_(failed),
        model_(model),
        graph_(model.graphs[*model.graph]),
        module_(module),
        diagnostics_(diagnostics),
        opset_(OpsetTable(model.opsets).version("").value_or(kNewestOpset)) {
    for (size_t i = 0; i < graph_.nodes.size(); ++i) {
      for (const std::string_view output : graph_.nodes[i].outputs) producers_.emplace(output, i);
    }
    read_integers();
    for (const Diagnostic& diagnostic : diagnostics.all()) {
      if (is_error(diagnostic)) faults_.insert(key_of(diagnostic, module.locations));
    }
  }

  void run() {
    size_t looked_at = 0;
    // Diagnostics are added to none while this goes on.
    for (Diagnostic& diagnostic : diagnostics_.all()) {
      if (!is_about_node(diagnostic.kind) || !diagnostic.fixes.empty()) continue;
      const std::optional<size_t> position = node_of(diagnostic);
      if (!position || ++looked_at > kMostFaults) continue;
      const bool has_labels = !diagnostic.labels.empty();
      label_operands(*position, has_labels ? Labelled::Numbers : Labelled::All, diagnostic);
      find_cures(*position, diagnostic);
    }
  }

 private:
  // The node of the main graph that a fault is about: where it stands, or the one that made an output.
  std::optional<size_t> node_of(const Diagnostic& diagnostic) const {
    const Location* origin = module_.locations.origin(diagnostic.where);
    const auto* place = origin == nullptr ? nullptr : std::get_if<ModelLocation>(origin);
    if (place == nullptr) return std::nullopt;
    if (place->what == "output") {
      const auto producer = producers_.find(place->name);
      return producer == producers_.end() ? std::nullopt : std::optional(producer->second);
    }
    if (place->what != "node" || place->index >= graph_.nodes.size()) return std::nullopt;
    // Nodes of inner graphs and of functions have positions of their own.
    const Node& node = graph_.nodes[place->index];
    if (node.op_type != place->op || node.name != place->name) return std::nullopt;
    return place->index;
  }

  // -----------------------------------------------------------------------------------------------------------
  // operands

  void read_integers() {
    constexpr int64_t kMostElements = 16;
    TensorFiles files = failed_.files;
    const auto read = [&](std::string_view name, const Tensor& tensor) {
      if (tensor.data_type != static_cast<int32_t>(DataType::Int64) || tensor.dims.size() > 1) return;
      if (!tensor.dims.empty() && tensor.dims[0] > kMostElements) return;
      Diagnostics ignored;
      const Result<ConstantData> data = read_tensor(tensor, files, MissingData::Refuse, "", {}, ignored);
      if (!data.ok()) return;
      std::vector<int64_t>& values = integers_[name];
      for (int64_t i = 0; i < data->element_count(); ++i) values.push_back(element_as_integer(*data, i));
    };
    for (const Tensor& tensor : graph_.initializers) {
      if (tensor.dims.size() == 1) read(tensor.name, tensor);
    }
    for (const Node& node : graph_.nodes) {
      if (node.op_type != "Constant" || node.outputs.size() != 1) continue;
      for (const Attribute& attribute : node.attributes) {
        if (attribute.name == "value" && attribute.tensors.size() == 1) read(node.outputs[0], attribute.tensors[0]);
        if (attribute.name == "value_ints" && std::ssize(attribute.ints) <= kMostElements) {
          integers_[node.outputs[0]] = attribute.ints;
        }
      }
    }
  }

  LocationId locate_value(std::string_view name) const {
    const auto producer = producers_.find(name);
    if (producer != producers_.end()) {
      const Node& node = graph_.nodes[producer->second];
      return module_.locations.add(ModelLocation{failed_.file, "node", std::string(node.name),
                                                 std::string(node.op_type), static_cast<uint32_t>(producer->second)});
    }
    const bool is_input = std::any_of(graph_.inputs.begin(), graph_.inputs.end(),
                                      [&](const ValueInfo& input) { return input.name == name; });
    return module_.locations.add(
        ModelLocation{failed_.file, is_input ? "input" : "initializer", std::string(name), "", 0});
  }

  enum class Labelled : uint8_t { All, Numbers };

  // What the node reads, and who made it; or only the numbers that are given to it as operands.
  void label_operands(size_t position, Labelled which, Diagnostic& diagnostic) const {
    std::set<std::string_view> seen;
    for (const std::string_view input : graph_.nodes[position].inputs) {
      const auto type = failed_.types.find(std::string(input));
      const auto values = integers_.find(input);
      if (values == integers_.end() && which == Labelled::Numbers) continue;
      if (type == failed_.types.end() || !seen.insert(input).second) continue;
      std::string message = fmt::format("{} is `{}`", quoted_name(input), text(type->second));
      if (values != integers_.end()) {
        message = fmt::format("{} is [{}]", quoted_name(input), fmt::join(values->second, ", "));
      }
      diagnostic.labels.push_back({locate_value(input), std::move(message), false});
    }
  }

  // Numbers among the sizes of what a node reads.
  std::vector<int64_t> sizes_at(size_t position) const {
    std::set<int64_t> sizes;
    for (const std::string_view input : graph_.nodes[position].inputs) {
      const auto type = failed_.types.find(std::string(input));
      if (type == failed_.types.end()) continue;
      for (const Dim& dim : type->second.dims) {
        if (const auto size = dim.as_constant(); size && *size > 1) sizes.insert(*size);
      }
    }
    return {sizes.begin(), sizes.end()};
  }

  // -------------------------------------------------------------------------------------------------------------
  // search

  // The nodes that the labels of a fault name: those that made its numbers.
  std::vector<size_t> named_by(const Diagnostic& diagnostic) const {
    std::vector<size_t> nodes;
    for (const Label& label : diagnostic.labels) {
      const auto* place = label.where.valid() ? std::get_if<ModelLocation>(&module_.locations[label.where]) : nullptr;
      if (place == nullptr || place->what != "node" || place->index >= graph_.nodes.size()) continue;
      const Node& node = graph_.nodes[place->index];
      if (node.op_type == place->op && node.name == place->name) nodes.push_back(place->index);
    }
    return nodes;
  }

  // The node, those that made its numbers, and those that its operands come from, nearest first, with their distance.
  std::vector<std::pair<size_t, int>> nodes_behind(size_t position, const Diagnostic& diagnostic) const {
    std::vector<std::pair<size_t, int>> result{{position, 0}};
    std::set<size_t> seen{position};
    constexpr int kDistanceOfNamed = 2;
    for (const size_t named : named_by(diagnostic)) {
      if (seen.insert(named).second) result.emplace_back(named, kDistanceOfNamed);
    }
    for (size_t next = 0; next < result.size() && result.size() < kMostNodesBehind; ++next) {
      const auto [at, distance] = result[next];
      for (const std::string_view input : graph_.nodes[at].inputs) {
        const auto producer = producers_.find(input);
        if (producer != producers_.end() && seen.insert(producer->second).second) {
          result.emplace_back(producer->second, distance + 1);
        }
      }
    }
    return result;
  }

  // Axes that the file calls by a name, and that have a fixed size.
  static size_t fixed_sizes(const TypeProto& declared, const Type& type) {
    const TensorType* tensor = type.as_tensor();
    if (tensor == nullptr || !declared.has_shape || declared.shape.size() != tensor->dims.size()) return 0;
    size_t count = 0;
    for (size_t axis = 0; axis < tensor->dims.size(); ++axis) {
      count += !declared.shape[axis].param.empty() && tensor->dims[axis].is_constant() ? 1 : 0;
    }
    return count;
  }

  Trial attempt(const std::vector<Change>& changes) const {
    EditTexts texts;
    Model model = model_;
    for (const Change& change : changes) apply(model, change, opset_, texts);
    Module module;
    Diagnostics found;
    const FileId file = module.locations.add_file(failed_.files.path);
    const LocationId where = module.locations.add(ModelLocation{file, "", "", "", 0});
    const bool is_right =
        Importer(std::move(model), failed_.files, file, where, failed_.options, module, found).run().ok();
    Trial trial;
    for (const Diagnostic& diagnostic : found.all()) {
      if (!is_error(diagnostic)) continue;
      const FaultKey key = key_of(diagnostic, module.locations);
      trial.faults.insert(key);
      const bool is_declared = key.second == DiagnosticKind::DeclaredTypeMismatch && !faults_.contains(key);
      if (is_declared && trial.declared.empty()) trial.declared = diagnostic.message;
    }
    if (!is_right) return trial;
    trial.demands = module.guards.size();
    const std::span<const ValueId> outputs = module.graph.outputs();
    for (size_t i = 0; i < outputs.size(); ++i) {
      const lathe::Value& value = module.graph.value(outputs[i]);
      trial.demands += fixed_sizes(graph_.outputs[i].type, value.type);
      trial.outputs +=
          fmt::format("{}{} is `{}`", trial.outputs.empty() ? "" : ", ", quoted_name(value.name), text(value.type));
    }
    return trial;
  }

  // Nothing that was right before is wrong now, and the fault is gone.
  bool is_cure(const Trial& trial, const FaultKey& fault) const {
    if (trial.faults.count(fault) >= faults_.count(fault)) return false;
    return std::all_of(trial.faults.begin(), trial.faults.end(),
                       [&](const FaultKey& key) { return trial.faults.count(key) <= faults_.count(key); });
  }

  // The fault is gone, and another node is the first to fail, or a declared type no longer holds: what is to be said.
  // Nothing when the change is no step ahead.
  std::optional<std::string> next_fault(const Trial& trial, const FaultKey& fault) const {
    if (trial.faults.count(fault) >= faults_.count(fault)) return std::nullopt;
    std::optional<std::string> next;
    for (const FaultKey& key : trial.faults) {
      if (faults_.contains(key) || key.second == DiagnosticKind::DeclaredTypeMismatch) continue;
      if (key.first == fault.first || !trial.declared.empty()) return std::nullopt;
      if (!next) next = fmt::format("the next fault is then at {}", key.first);
    }
    return trial.declared.empty() ? next : "then " + trial.declared;
  }

  void find_cures(size_t position, Diagnostic& diagnostic) {
    const FaultKey fault = key_of(diagnostic, module_.locations);
    const std::vector<int64_t> wanted = sizes_at(position);
    struct Candidate {
      Proposal proposal;
      int distance = 0;
    };
    std::multimap<int, Candidate> candidates;  // by cost, else as they were made
    for (const auto& [at, distance] : nodes_behind(position, diagnostic)) {
      for (Proposal& proposal : propose({.model = model_,
                                         .graph = graph_,
                                         .position = at,
                                         .opset = opset_,
                                         .types = failed_.types,
                                         .integers = integers_,
                                         .fault = diagnostic.kind,
                                         .has_failed = distance == 0,
                                         .wanted = wanted})) {
        const int cost = proposal.cost + kCostOfDistance * distance;
        candidates.emplace(cost, Candidate{std::move(proposal), distance});
      }
    }
    size_t trials = std::clamp(kMostImportedNodes / (graph_.nodes.size() + 1), kLeastTrials, kMostTrials);
    struct Cure {
      FixIt fix;
      size_t demands = 0;
    };
    std::vector<Cure> cures;
    std::optional<FixIt> further;
    int worst = INT_MAX;
    std::set<std::string> titles;
    std::set<std::string> offered;
    for (const auto& [cost, candidate] : candidates) {
      const Proposal& proposal = candidate.proposal;
      if (trials == 0 || cures.size() == kMostCures || cost > worst) break;
      if (!titles.insert(proposal.title).second || offered.contains(target_of(proposal.changes))) continue;
      --trials;
      const Trial trial = attempt(proposal.changes);
      FixIt fix{.title = proposal.title, .edits = {}, .verified = true};
      if (is_cure(trial, fault)) {
        constexpr size_t kLongest = 120;
        if (!trial.outputs.empty() && trial.outputs.size() <= kLongest) {
          fix.title += fmt::format(" (then {})", trial.outputs);
        }
        offered.insert(target_of(proposal.changes));
        cures.push_back({std::move(fix), trial.demands});
        if (trial.demands == 0) worst = std::min(worst, cost + kMostWorse);
      } else if (const auto next = next_fault(trial, fault); next && !further && candidate.distance == 0) {
        fix.title += "; " + *next;
        further = std::move(fix);
      }
    }
    // A change that fits only for some sizes, such as one batch, is hardly meant when another one fits for all.
    size_t least = SIZE_MAX;
    for (const Cure& cure : cures) least = std::min(least, cure.demands);
    for (Cure& cure : cures) {
      if (cure.demands == least && diagnostic.fixes.size() < kMostFixes)
        diagnostic.fixes.push_back(std::move(cure.fix));
    }
    if (cures.empty() && further) diagnostic.fixes.push_back(*std::move(further));
  }

  const FailedImport& failed_;
  const Model& model_;
  const Graph& graph_;
  Module& module_;
  Diagnostics& diagnostics_;
  int64_t opset_;
  std::unordered_map<std::string_view, size_t> producers_;
  std::unordered_map<std::string_view, std::vector<int64_t>> integers_;
  std::multiset<FaultKey> faults_;
};

}  // namespace

void add_cures(const FailedImport& failed, Module& module, Diagnostics& diagnostics) {
  // The importer has taken the model that it read.
  const LocationId where = module.locations.add(ModelLocation{failed.file, "", "", "", 0});
  Diagnostics found;
  const Result<Model> model = read_model(failed.files.model->text(), where, found);
  if (!model.ok() || !model->graph) return;
  Cures(failed, *model, module, diagnostics).run();
}

}  // namespace lathe::onnx
