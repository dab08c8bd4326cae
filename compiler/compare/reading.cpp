// Nodes to operations: by layer call, by expression, by ONNX node.
#include "compiler/compare/reading.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>
#include <utility>

#include "compiler/compare/random.h"
#include "compiler/compare/wording.h"
#include "compiler/passes/pipeline.h"
#include "ir/graph/builder.h"

namespace lathe::comparison {
namespace {

bool is_constant(const Node& node) {
  const auto* structural = form<Structural>(*node.op);
  return structural != nullptr && structural->kind == Structural::Kind::Constant;
}

bool is_return(const Node& node) { return has(node.op->traits, Trait::Terminator); }

// How much a form says about what an operation is: a Linear is its product, not the addition of its bias.
int weight_of(const OpDef& op) {
  struct Weigh {
    int operator()(const Contract&) const { return 7; }
    int operator()(const Window&) const { return 7; }
    int operator()(const Structural&) const { return 6; }
    int operator()(const Call&) const { return 5; }
    int operator()(const Decompose&) const { return 5; }
    int operator()(const Reduce&) const { return 4; }
    int operator()(const Index&) const { return 3; }
    int operator()(const Elementwise&) const { return 2; }
    int operator()(const Move&) const { return 1; }
  };
  return std::visit(Weigh{}, op.semantics);
}

const Span* span_of(const Module& module, LocationId where) {
  const Location* origin = module.locations.origin(where);
  return origin == nullptr ? nullptr : std::get_if<Span>(origin);
}

bool same_place(const Module& module, LocationId a, LocationId b) {
  const Span* left = span_of(module, a);
  const Span* right = span_of(module, b);
  if (left != nullptr && right != nullptr) return *left == *right;
  return module.locations.origin_id(a) == module.locations.origin_id(b);
}

class Reader {
 public:
  explicit Reader(const Side& side) : side_(side), module_(side.module), graph_(side.module.graph) {}

  Reading run() {
    reading_.depends.assign(graph_.value_table_size(), false);
    reading_.operation_of_node.assign(graph_.node_table_size(), Reading::kNone);
    reading_.position.assign(graph_.node_table_size(), 0);
    for (const ValueId input : graph_.inputs()) {
      reading_.depends[input.index] = true;
      if (is_random_input(side_, input)) random_.push_back(input);
    }
    assign_records();
    list_parameters();
    uint32_t position = 0;
    for (const NodeId id : graph_.nodes_in(Graph::root())) {
      reading_.position[id.index] = ++position;
      add_node(id);
    }
    for (Operation& operation : reading_.operations) describe(operation);
    return std::move(reading_);
  }

 private:
  // Calls are listed in order of completion: the outer ones first, the inner ones over them.
  void assign_records() {
    record_of_node_.assign(graph_.node_table_size(), kNoRecord);
    const auto& layers = side_.definition.layers;
    for (size_t i = layers.size(); i-- > 0;) {
      const size_t end = std::min<size_t>(layers[i].end_node, record_of_node_.size());
      for (size_t node = layers[i].first_node; node < end; ++node) record_of_node_[node] = i;
    }
  }

  void list_parameters() {
    std::unordered_map<std::string, const Definition::Parameter*> described;
    for (const Definition::Parameter& row : side_.definition.parameters) described.emplace(row.name, &row);
    for (const NodeId id : graph_.nodes_in(Graph::root())) {
      const Node& node = graph_.node(id);
      if (!is_constant(node)) continue;
      const ConstantData& data = module_.constants[std::get<ConstantId>(node.attributes.front())];
      const std::string& hint = graph_.value(node.results.front()).name;
      Parameter parameter{.name = data.name.empty() ? hint : data.name,
                          .node = id,
                          .value = node.results.front(),
                          .type = data.type,
                          .built = data.location.valid() ? data.location : node.location,
                          .is_buffer = false,
                          .object = {}};
      // Literals of a program have no names; a script's parameters without a path are known by their layers.
      if (described.empty() && parameter.name.empty() && !node.name.empty() && data.type.rank() > 0) {
        parameter.name = fmt::format("{}.{}", node.name, data.type.rank() > 1 ? "weight" : "bias");
      }
      if (parameter.name.empty() && is_unnamed_layer(id) && data.type.rank() > 0) {
        // Modules in plain lists have no names at all.
        const bool is_weight = data.type.rank() > 1;
        if (is_weight || unregistered_ == 0) ++unregistered_;
        parameter.name = fmt::format("unregistered.{}.{}", unregistered_ - 1, is_weight ? "weight" : "bias");
      }
      if (parameter.name.empty()) continue;
      if (const auto row = described.find(parameter.name); row != described.end()) {
        parameter.object = row->second->object;
        parameter.is_buffer = row->second->is_buffer;
      } else if (side_.definition.is_definition && data.type.rank() == 0) {
        continue;
      }
      reading_.parameters.push_back(std::move(parameter));
    }
  }

  void add_node(NodeId id) {
    const Node& node = graph_.node(id);
    if (is_constant(node) || is_return(node)) return;
    if (!depends_on_input(node)) return;
    for (const ValueId result : node.results) reading_.depends[result.index] = true;
    const size_t record = library_record(id);
    const bool continues = !reading_.operations.empty() && belongs(reading_.operations.back(), id, record);
    if (!continues) {
      Operation operation;
      operation.where = node.location;
      operation.layer = node.name;
      if (record != kNoRecord) operation.record = record;
      reading_.operations.push_back(std::move(operation));
    }
    reading_.operations.back().nodes.push_back(id);
    reading_.operation_of_node[id.index] = static_cast<uint32_t>(reading_.operations.size() - 1);
  }

  [[nodiscard]] bool depends_on_input(const Node& node) const {
    const auto depends = [&](ValueId value) { return value.valid() && reading_.depends[value.index]; };
    if (std::any_of(node.operands.begin(), node.operands.end(), depends)) return true;
    // What a region reads from outside is no operand.
    for (const RegionId region : node.regions) {
      for (const NodeId inner : graph_.all_nodes(region)) {
        const auto& operands = graph_.node(inner).operands;
        if (std::any_of(operands.begin(), operands.end(), depends)) return true;
      }
    }
    return has(node.op->traits, Trait::Impure);
  }

  [[nodiscard]] size_t library_record(NodeId id) const {
    const size_t record = record_of_node_[id.index];
    return record != kNoRecord && is_library_layer(side_.definition.layers[record]) ? record : kNoRecord;
  }

  [[nodiscard]] bool is_unnamed_layer(NodeId id) const {
    const size_t record = library_record(id);
    return record != kNoRecord && side_.definition.layers[record].name == "?";
  }

  [[nodiscard]] bool belongs(const Operation& operation, NodeId id, size_t record) const {
    if (operation.record) return *operation.record == record;
    if (record != kNoRecord) return false;
    const Node& node = graph_.node(id);
    const Node& last = graph_.node(operation.nodes.back());
    return last.name == node.name && record_of_node_[operation.nodes.back().index] == record_of_node_[id.index] &&
           node.location.valid() && same_place(module_, last.location, node.location);
  }

  void describe(Operation& operation) {
    for (const NodeId id : operation.nodes) {
      const Node& node = graph_.node(id);
      if (!operation.main.valid() || weight_of(*node.op) >= weight_of(*graph_.node(operation.main).op)) {
        operation.main = id;
      }
      for (const ValueId operand : node.operands) {
        if (!operand.valid()) continue;
        operation.is_random |= std::find(random_.begin(), random_.end(), operand) != random_.end();
        for (const size_t parameter : reading_.parameters_behind(module_, operand)) {
          if (std::find(operation.parameters.begin(), operation.parameters.end(), parameter) ==
              operation.parameters.end()) {
            operation.parameters.push_back(parameter);
          }
        }
      }
    }
    const Node& main = graph_.node(operation.main);
    operation.kind = operation.is_random ? "dropout" : std::string(main.op->name);
    if (operation.record) {
      const Definition::Layer& layer = side_.definition.layers[*operation.record];
      operation.op = layer.type;
      operation.layer = layer.name == "<model>" ? std::string() : layer.name;
      operation.built = layer.where;
      const bool has_place = module_.locations.origin(operation.where) != nullptr;
      if (layer.where.valid() && (!has_place || is_called_by_container(*operation.record)))
        operation.where = layer.where;
      return;
    }
    if (side_.definition.is_definition) operation.layer.clear();
    const Location* origin = module_.locations.origin(operation.where);
    if (const auto* model = origin == nullptr ? nullptr : std::get_if<ModelLocation>(origin)) {
      operation.op = model->op;
      operation.layer = model->name.empty() ? fmt::format("#{}", model->index) : model->name;
    } else if (const Span* span = span_of(module_, operation.where); span != nullptr) {
      operation.op = callee_of(module_.locations.file(span->file).text, span->begin, span->end);
    }
    if (operation.op.empty()) operation.op = std::string(main.op->name);
  }

  // A member of a Sequential has no call of its own in the program: the line that makes it is its place.
  [[nodiscard]] bool is_called_by_container(size_t record) const {
    const auto& layers = side_.definition.layers;
    for (size_t i = record + 1; i < layers.size(); ++i) {
      if (layers[i].first_node > layers[record].first_node || layers[i].end_node < layers[record].end_node) continue;
      return !layers[i].settings.empty() && !is_library_layer(layers[i]);
    }
    return false;
  }

  static constexpr size_t kNoRecord = ~size_t{0};
  const Side& side_;
  const Module& module_;
  const Graph& graph_;
  Reading reading_;
  std::vector<size_t> record_of_node_;
  std::vector<ValueId> random_;
  size_t unregistered_ = 0;
};

}  // namespace

const Operation* Reading::operation_of(const Module& module, ValueId value) const {
  const NodeId producer = module.graph.value(value).producer;
  if (!producer.valid() || operation_of_node[producer.index] == kNone) return nullptr;
  return &operations[operation_of_node[producer.index]];
}

std::vector<size_t> Reading::parameters_behind(const Module& module, ValueId value) const {
  std::vector<size_t> result;
  std::vector<ValueId> pending{value};
  std::vector<ValueId> seen;
  constexpr size_t kMost = 200;
  while (!pending.empty() && seen.size() < kMost) {
    const ValueId current = pending.back();
    pending.pop_back();
    if (!current.valid() || depends[current.index] || std::find(seen.begin(), seen.end(), current) != seen.end())
      continue;
    seen.push_back(current);
    const NodeId producer = module.graph.value(current).producer;
    if (!producer.valid()) continue;
    const auto row = std::find_if(parameters.begin(), parameters.end(),
                                  [&](const Parameter& parameter) { return parameter.value == current; });
    if (row != parameters.end()) result.push_back(static_cast<size_t>(row - parameters.begin()));
    const auto& operands = module.graph.node(producer).operands;
    pending.insert(pending.end(), operands.rbegin(), operands.rend());
  }
  return result;
}

Status prune(Side& side, Diagnostics& diagnostics) {
  const passes::PassList list = passes::parse_pass_list("dead_code");
  LATHE_TRY_VOID(passes::run_passes(side.module, diagnostics, list.passes, {}));
  Graph& graph = side.module.graph;
  for (size_t i = graph.inputs().size(); i-- > 0;) {
    const ValueId input = graph.inputs()[i];
    if (graph.value(input).uses.empty() && is_random_input(side, input)) graph.erase_argument(Graph::root(), i);
  }
  return {};
}

Status state_parameters(Side& side, uint64_t seed, Diagnostics& diagnostics) {
  Module& module = side.module;
  std::unordered_map<std::string, const Definition::Parameter*> described;
  for (const Definition::Parameter& row : side.definition.parameters) described.emplace(row.name, &row);
  for (const NodeId id : module.graph.nodes_in(Graph::root())) {
    const Node node = module.graph.node(id);
    if (is_constant(node) || node.results.size() != 1) continue;
    const Value& value = module.graph.value(node.results.front());
    const auto row = described.find(value.name);
    if (row == described.end() || row->second->is_buffer || !is_float(row->second->type.element) ||
        !(value.type == Type(row->second->type))) {
      continue;
    }
    const auto count = row->second->type.element_count().as_constant();
    constexpr int64_t kMost = int64_t{1} << 28;
    if (!count || *count > kMost) continue;
    Random random(seed ^ std::hash<std::string>{}(value.name));
    std::vector<double> elements(static_cast<size_t>(*count));
    for (double& element : elements) element = random.uniform() - 0.5;
    ConstantData data = constant_from_doubles(row->second->type, elements);
    data.name = value.name;
    data.location = node.location;
    GraphBuilder builder(module, diagnostics);
    builder.set_insertion_point(id);
    builder.set_location(node.location, node.name);
    LATHE_TRY(const ValueId constant, builder.constant(std::move(data)));
    module.graph.set_value_name(constant, row->first);
    module.graph.replace_all_uses(node.results.front(), constant);
  }
  return {};
}

Reading read(const Side& side) { return Reader(side).run(); }

bool is_random_input(const Side& side, ValueId input) {
  return side.definition.is_definition && side.module.graph.value(input).location.valid();
}

const Definition::Layer* root_layer(const Side& side) {
  for (auto layer = side.definition.layers.rbegin(); layer != side.definition.layers.rend(); ++layer) {
    if (layer->name == "<model>") return &*layer;
  }
  return nullptr;
}

bool is_library_layer(const Definition::Layer& layer) {
  constexpr std::string_view kContainers[] = {"Sequential", "ModuleList", "ModuleDict", "DataParallel"};
  return !layer.settings.empty() &&
         std::find(std::begin(kContainers), std::end(kContainers), layer.type) == std::end(kContainers);
}

const std::string* setting(const Definition::Layer& layer, std::string_view name) {
  for (const auto& [key, value] : layer.settings) {
    if (key == name) return &value;
  }
  return nullptr;
}

uint32_t line_of(const Module& module, LocationId where) {
  const Span* span = span_of(module, where);
  return span == nullptr ? 0 : module.locations.line_column(span->file, span->begin).line;
}

std::string_view line_text(const Module& module, LocationId where) {
  const Span* span = span_of(module, where);
  if (span == nullptr) return {};
  const std::string_view line =
      module.locations.line_text(span->file, module.locations.line_column(span->file, span->begin).line);
  const size_t first = line.find_first_not_of(" \t");
  return first == std::string_view::npos ? std::string_view() : line.substr(first);
}

std::string place_text(const Module& module, LocationId where) {
  const uint32_t line = line_of(module, where);
  if (line != 0) return fmt::format("line {}", line);
  return module.locations.describe(where);
}

std::string called(const Module& module, const Operation& operation) {
  const std::string name =
      operation.layer.empty() ? operation.op : fmt::format("{} {}", operation.op, quoted(operation.layer));
  const uint32_t line = line_of(module, operation.where);
  return line == 0 ? name : fmt::format("{} (line {})", name, line);
}

}  // namespace lathe::comparison
