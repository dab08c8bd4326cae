// The data of the page. Names of its fields are those that the page's program reads.
#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <string_view>
#include <nlohmann/json.hpp>

#include "compiler/codegen/module_plan.h"
#include "compiler/report/code_sections.h"
#include "compiler/report/report.h"
#include "compiler/report/step_costs.h"
#include "ir/base/display.h"
#include "ir/kernel/overloaded.h"
#include "ir/kernel/step_uses.h"
#include "ir/kernel/text.h"

namespace lathe::report {
namespace {

using Json = nlohmann::ordered_json;

// Figures of a page need no more digits, and digits are most of its numbers.
double rounded(double value) {
  constexpr double kPrecision = 1000;
  return std::round(value * kPrecision) / kPrecision;
}

std::string endpoint(const Endpoint& end) {
  switch (end.kind) {
    case Endpoint::Kind::Input: return "i" + std::to_string(end.index);
    case Endpoint::Kind::Node: return "n" + std::to_string(end.index);
    case Endpoint::Kind::Output: return "o" + std::to_string(end.index);
  }
  return {};
}

Json edges_json(const std::vector<Edge>& edges) {
  Json rows = Json::array();
  for (const Edge& edge : edges) {
    rows.push_back({endpoint(edge.from), endpoint(edge.to), edge.type, edge.value.index});
  }
  return rows;
}

class ReportWriter {
 public:
  explicit ReportWriter(const ReportInput& input)
      : input_(input),
        program_(*input.program),
        cpp_(cpp_sections(program_, input.cpp)),
        assembly_(assembly_sections(program_, input.assembly)) {
    for (const SymbolTable::Row& row : program_.symbols.rows()) sizes_[row.name] = number(row.lower).value_or(1);
    for (const auto& [name, size] : input.sizes) sizes_[name] = size;
    link_steps();
  }

  Json all() {
    Json page;
    page["lathe"] = input_.version;
    page["target"] = input_.target;
    page["model"] = model();
    page["options"] = Json::array();
    for (const auto& [name, value] : input_.options) page["options"].push_back({name, display_text(value)});
    page["stages"] = Json::array();
    for (const CompileReport::Stage& stage : input_.compilation->stages) {
      page["stages"].push_back({stage.name, rounded(stage.milliseconds)});
    }
    page["passes"] = Json::array();
    for (const passes::PassReport& pass : input_.compilation->passes) {
      page["passes"].push_back({pass.pass, rounded(pass.milliseconds), pass.changes});
    }
    page["profile"] = profile();
    page["arena"] = {{"formula", program_.arena_bytes.python_text()},
                     {"bytes", number(program_.arena_bytes).value_or(0)}};
    page["layers"] = layers();
    page["layer_edges"] = edges_json(input_.source->edges);
    page["groups"] = groups();
    page["group_edges"] = edges_json(input_.fused->edges);
    page["steps"] = steps();
    page["kernels"] = kernels();
    page["storages"] = storages();
    return page;
  }

 private:
  [[nodiscard]] std::optional<int64_t> number(const Dim& dim) const { return evaluate(dim, values()); }

  [[nodiscard]] SymbolValues values() const {
    return [this](const std::string& name) -> std::optional<int64_t> {
      const auto found = sizes_.find(name);
      if (found == sizes_.end()) return std::nullopt;
      return found->second;
    };
  }

  // Which steps belong to which group, and the groups of layers.
  void link_steps() {
    steps_of_group_.resize(input_.fused->groups.size());
    groups_of_layer_.resize(input_.source->layers.size());
    for (uint32_t i = 0; i < program_.steps.size(); ++i) {
      const std::vector<uint32_t> found =
          marked_behind(input_.module->locations, program_.steps[i].where, input_.fused->group_at);
      group_of_step_.push_back(found.empty() ? std::nullopt : std::optional(found.front()));
      if (!found.empty()) steps_of_group_[found.front()].push_back(i);
    }
    for (uint32_t group = 0; group < input_.fused->groups.size(); ++group) {
      for (const uint32_t layer : input_.fused->groups[group].layers) groups_of_layer_[layer].push_back(group);
    }
  }

  [[nodiscard]] Json model() const {
    Json model;
    model["name"] = display_text(program_.name);
    model["file"] = display_text(input_.model);
    const auto ports = [](const std::vector<kernel::Port>& rows) {
      Json list = Json::array();
      for (const kernel::Port& port : rows) list.push_back({display_text(port.name), text(port.type)});
      return list;
    };
    model["inputs"] = ports(program_.inputs);
    model["outputs"] = ports(program_.outputs);
    uint64_t weights = 0;
    for (const kernel::Data& data : program_.data) weights += data.size();
    model["weights"] = weights;
    model["symbols"] = Json::array();
    for (const SymbolTable::Row& row : program_.symbols.rows()) {
      model["symbols"].push_back({row.name, row.lower.text(), row.upper.text(), sizes_.at(row.name)});
    }
    return model;
  }

  [[nodiscard]] Json profile() const {
    if (input_.profile == nullptr) return nullptr;
    return {{"whole", rounded(input_.profile->whole)},
            {"rounds", input_.profile->rounds},
            {"note", input_.profile->no_steps}};
  }

  [[nodiscard]] std::string line_of(LocationId where) const {
    const LocationTable& locations = input_.module->locations;
    const Location* origin = locations.origin(where);
    const auto* span = origin == nullptr ? nullptr : std::get_if<Span>(origin);
    if (span == nullptr) return {};
    std::string_view line = locations.line_text(span->file, locations.line_column(span->file, span->begin).line);
    line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
    constexpr size_t kLongestLine = 300;
    return display_text(line, kLongestLine);
  }

  [[nodiscard]] Json layers() const {
    Json rows = Json::array();
    for (uint32_t i = 0; i < input_.source->layers.size(); ++i) {
      const Layer& layer = input_.source->layers[i];
      Json row;
      row["name"] = display_text(layer.name);
      row["op"] = display_text(layer.op);
      row["where"] = layer.where.valid() ? display_text(input_.module->locations.describe(layer.where)) : "";
      if (std::string line = line_of(layer.where); !line.empty()) row["line"] = std::move(line);
      row["outputs"] = layer.outputs;
      row["groups"] = groups_of_layer_[i];
      rows.push_back(std::move(row));
    }
    return rows;
  }

  [[nodiscard]] Json groups() const {
    Json rows = Json::array();
    for (uint32_t i = 0; i < input_.fused->groups.size(); ++i) {
      const Group& group = input_.fused->groups[i];
      rows.push_back({{"ops", group.ops},
                      {"text", group.text},
                      {"layers", group.layers},
                      {"outputs", group.outputs},
                      {"steps", steps_of_group_[i]}});
    }
    return rows;
  }

  [[nodiscard]] static std::string_view kind_of(const kernel::Step& step) {
    return std::visit(Overloaded{[](const kernel::RunStep&) { return std::string_view("kernel"); },
                                 [](const kernel::CallStep&) { return std::string_view("call"); },
                                 [](const kernel::GuardStep&) { return std::string_view("guard"); }},
                      step.kind);
  }

  [[nodiscard]] std::string name_of(const kernel::Step& step) const {
    return std::visit(
        Overloaded{[&](const kernel::RunStep& run) { return display_text(program_.kernels[run.kernel].name); },
                   [](const kernel::CallStep& call) { return call.function; },
                   [](const kernel::GuardStep& guard) {
                     return guard.left.python_text() + " " + std::string(kernel::text(guard.relation)) + " " +
                            guard.right.python_text();
                   }},
        step.kind);
  }

  [[nodiscard]] Json steps() const {
    const std::vector<StepCost> costs = step_costs(program_, values());
    Json rows = Json::array();
    for (size_t i = 0; i < program_.steps.size(); ++i) {
      const kernel::Step& step = program_.steps[i];
      Json row;
      row["kind"] = kind_of(step);
      row["name"] = name_of(step);
      row["layer"] = display_text(step.layer);
      row["group"] = group_of_step_[i] ? Json(*group_of_step_[i]) : Json(nullptr);
      row["text"] = kernel::print_step(program_, step);
      row["kernels"] = Json::array();
      for (const kernel::RunStep* run : kernel::runs_of(step)) row["kernels"].push_back(run->kernel.index);
      row["storages"] = Json::array();
      for (const kernel::BufferRef& buffer : kernel::buffers_of(step)) {
        const Json storage = buffer.storage.index;
        if (std::find(row["storages"].begin(), row["storages"].end(), storage) == row["storages"].end()) {
          row["storages"].push_back(storage);
        }
      }
      row["operations"] = costs[i].operations;
      row["bytes"] = costs[i].bytes;
      if (input_.profile != nullptr && i < input_.profile->microseconds.size()) {
        row["time"] = rounded(input_.profile->microseconds[i]);
      }
      if (i < cpp_.steps.size()) row["cpp"] = cpp_.steps[i];
      if (i < assembly_.steps.size()) row["assembly"] = assembly_.steps[i];
      rows.push_back(std::move(row));
    }
    return rows;
  }

  [[nodiscard]] Json kernels() const {
    const codegen::ModulePlan plan = codegen::plan_modules(program_, 1);
    Json rows = Json::array();
    for (uint32_t i = 0; i < program_.kernels.size(); ++i) {
      const kernel::Kernel& kernel = program_.kernels[kernel::KernelId(i)];
      Json row{{"name", display_text(kernel.name)}, {"ir", kernel::print(kernel)}};
      // Emitters write one function for kernels that differ in names only.
      if (plan.same[i].index != i) row["same"] = plan.same[i].index;
      if (!cpp_.kernels[i].empty()) row["cpp"] = cpp_.kernels[i];
      if (!assembly_.kernels[i].empty()) row["assembly"] = assembly_.kernels[i];
      rows.push_back(std::move(row));
    }
    return rows;
  }

  [[nodiscard]] Json storages() const {
    const auto lifetimes = kernel::lifetimes(program_);
    Json rows = Json::array();
    for (uint32_t i = 0; i < program_.storages.size(); ++i) {
      const kernel::StorageId id(i);
      const kernel::Storage& storage = program_.storages[id];
      Json row{{"name", display_text(storage.name)},
               {"type", std::string(text(storage.element)) + "[" + storage.extent.python_text() + "]"},
               {"bytes", number(kernel::byte_extent(storage.element, storage.extent)).value_or(0)}};
      std::visit(Overloaded{[&](const kernel::InputPlace&) { row["place"] = "input"; },
                            [&](const kernel::OutputPlace&) { row["place"] = "output"; },
                            [&](const kernel::DataPlace&) { row["place"] = "data"; },
                            [&](const kernel::ArenaPlace& arena) {
                              row["place"] = "arena";
                              row["offset"] = number(arena.offset).value_or(0);
                              row["formula"] = arena.offset.python_text();
                            }},
                 storage.place);
      if (const auto& lifetime = lifetimes[id]) {
        row["first"] = lifetime->first;
        row["last"] = lifetime->last;
      }
      rows.push_back(std::move(row));
    }
    return rows;
  }

  const ReportInput& input_;
  const kernel::Program& program_;
  CodeSections cpp_;
  CodeSections assembly_;
  std::map<std::string, int64_t> sizes_;
  std::vector<std::optional<uint32_t>> group_of_step_;
  std::vector<std::vector<uint32_t>> steps_of_group_;
  std::vector<std::vector<uint32_t>> groups_of_layer_;
};

}  // namespace

std::string report_json(const ReportInput& input) {
  return ReportWriter(input).all().dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace lathe::report
