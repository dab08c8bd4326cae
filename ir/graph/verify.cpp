// The verifier. The list of what it checks stands in the header.
#include "ir/graph/verify.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

#include "ir/graph/infer.h"
#include "ir/graph/print.h"
#include "ir/graph/type_match.h"

namespace lathe {
namespace {

class Verifier {
 public:
  Verifier(Module& module, Diagnostics& diagnostics)
      : module_(module), graph_(module.graph), diagnostics_(diagnostics) {}

  Status run() {
    // Inference declares symbols, guards and origins; running it again must leave no trace.
    const std::vector<SymbolTable::Row> rows = module_.symbols.rows();
    const size_t guards = module_.guards.size();
    const OriginTable origins = module_.origins;
    if (check_structure()) check_types();
    module_.guards.erase(module_.guards.begin() + static_cast<std::ptrdiff_t>(guards), module_.guards.end());
    module_.origins = origins;
    if (module_.symbols.rows().size() != rows.size()) {
      module_.symbols = {};
      for (const SymbolTable::Row& row : rows) module_.symbols.declare(row.name, row.lower, row.upper);
    }
    if (failed_) return Failure{};
    return {};
  }

 private:
  template <class... Arguments>
  void broken(LocationId where, fmt::format_string<Arguments...> format, Arguments&&... arguments) {
    failed_ = true;
    static_cast<void>(
        diagnostics_.report(DiagnosticKind::GraphInvalid, where, format, std::forward<Arguments>(arguments)...).emit());
  }

  [[nodiscard]] std::string shown(NodeId id) const { return std::string(graph_.node(id).op->name); }

  // Links, definitions and uses. What follows may rely on them, so nothing follows when they are broken.
  bool check_structure() {
    std::vector<RegionId> pending{Graph::root()};
    while (!pending.empty()) {
      const RegionId id = pending.back();
      pending.pop_back();
      const Region& region = graph_.region(id);
      for (ValueId argument : region.arguments) define(argument, {}, id);
      NodeId previous;
      for (NodeId node = region.first; node.valid(); node = graph_.node(node).next) {
        if (order_.contains(node.index)) {
          broken({}, "the list of nodes of a region runs in a circle");
          return false;
        }
        order_.emplace(node.index, nodes_.size());
        nodes_.push_back(node);
        if (!check_links(node, id, previous)) return false;
        for (RegionId inner : graph_.node(node).regions) pending.push_back(inner);
        previous = node;
      }
      if (region.last != previous) broken({}, "a region's last node isn't the end of its list");
      check_return(id);
    }
    for (NodeId node : nodes_) check_operands(node);
    check_uses();
    return !failed_;
  }

  bool check_links(NodeId id, RegionId region, NodeId previous) {
    const Node& node = graph_.node(id);
    if (node.op == nullptr) {
      broken(node.location, "a node has no operation");
      return false;
    }
    if (node.erased) broken(node.location, "`{}` is erased but still listed", shown(id));
    if (node.region != region) broken(node.location, "`{}` is listed in a region that isn't its own", shown(id));
    if (node.previous != previous) broken(node.location, "the links of `{}` don't agree", shown(id));
    for (RegionId inner : node.regions) {
      if (graph_.region(inner).owner != id) broken(node.location, "a region of `{}` has another owner", shown(id));
    }
    for (size_t i = 0; i < node.results.size(); ++i) {
      const Value& value = graph_.value(node.results[i]);
      if (value.producer != id || value.index != i) {
        broken(node.location, "result {} of `{}` says that something else produces it", i, shown(id));
      }
      define(node.results[i], id, region);
    }
    return true;
  }

  void define(ValueId value, NodeId producer, RegionId region) {
    if (defined_.emplace(value.index, region).second) {
      values_.push_back(value);
    } else {
      broken(graph_.value(value).location, "a value is defined twice");
    }
    if (!producer.valid() && graph_.value(value).producer.valid()) {
      broken(graph_.value(value).location, "an argument of a region has a producer");
    }
  }

  void check_return(RegionId id) {
    size_t returns = 0;
    for (NodeId node = graph_.region(id).first; node.valid(); node = graph_.node(node).next) {
      returns += has(graph_.node(node).op->traits, Trait::Terminator) ? 1 : 0;
    }
    if (returns != 1 || !graph_.has_return(id)) {
      const NodeId owner = graph_.region(id).owner;
      broken(owner.valid() ? graph_.node(owner).location : LocationId{}, "a region doesn't end with its only `return`");
    }
  }

  void check_operands(NodeId id) {
    const Node& node = graph_.node(id);
    for (uint32_t i = 0; i < node.operands.size(); ++i) {
      const ValueId operand = node.operands[i];
      if (!operand.valid()) continue;
      const auto definition = defined_.find(operand.index);
      if (definition == defined_.end()) {
        broken(node.location, "operand {} of `{}` is a value that nothing in the graph defines", i, shown(id));
        continue;
      }
      if (!graph_.encloses(definition->second, node.region)) {
        broken(node.location, "operand {} of `{}` is defined in a region that doesn't enclose it", i, shown(id));
        continue;
      }
      check_order(id, i, definition->second);
      const std::vector<Use>& uses = graph_.value(operand).uses;
      if (std::count(uses.begin(), uses.end(), Use{id, i}) != 1) {
        broken(node.location, "operand {} of `{}` isn't in the uses of its value", i, shown(id));
      }
    }
  }

  // The producer stands before the node of its own region that holds the reader.
  void check_order(NodeId reader, uint32_t operand, RegionId home) {
    const NodeId producer = graph_.value(graph_.node(reader).operands[operand]).producer;
    if (!producer.valid()) return;
    NodeId holder = reader;
    while (graph_.node(holder).region != home) holder = graph_.region(graph_.node(holder).region).owner;
    if (order_.at(producer.index) >= order_.at(holder.index)) {
      broken(graph_.node(reader).location, "operand {} of `{}` is defined behind it", operand, shown(reader));
    }
  }

  void check_uses() {
    for (ValueId value : values_) {
      for (const Use& use : graph_.value(value).uses) {
        const bool listed = order_.contains(use.node.index);
        const bool agrees = listed && use.operand < graph_.node(use.node).operands.size() &&
                            graph_.node(use.node).operands[use.operand] == value;
        if (!agrees) broken(graph_.value(value).location, "a value lists a use that doesn't read it");
      }
    }
  }

  void check_types() {
    for (ValueId value : values_) check_symbols(value);
    const size_t first_fresh = module_.symbols.rows().size();
    TypeMatcher matcher(module_, first_fresh);
    for (NodeId node : nodes_) check_node(node, matcher);
  }

  void check_symbols(ValueId id) {
    const Value& value = graph_.value(id);
    const TensorType* tensor = value.type.as_tensor();
    if (tensor == nullptr) return;
    for (const Dim& dim : tensor->dims) {
      if (!dim.valid()) broken(value.location, "the type of a value has an invalid dimension: `{}`", text(*tensor));
      for_each_symbol(dim, [&](const std::string& symbol) {
        if (module_.symbols.find(symbol) == nullptr) {
          broken(value.location, "the symbol `{}` in `{}` is not declared", symbol, text(*tensor));
        }
      });
    }
  }

  void check_node(NodeId id, TypeMatcher& matcher) {
    const Node& node = graph_.node(id);
    if (node.attributes.size() != node.op->attributes.size()) {
      broken(node.location, "`{}` has {} attributes, its row declares {}", shown(id), node.attributes.size(),
             node.op->attributes.size());
      return;
    }
    for (const Attribute& attribute : node.attributes) {
      if (const auto* constant = std::get_if<ConstantId>(&attribute)) {
        if (!check_constant(id, *constant)) return;
      }
    }
    const Result<std::vector<Type>> types = infer(module_, node, diagnostics_);
    if (!types) {
      failed_ = true;
      return;
    }
    if (types->size() != node.results.size()) {
      broken(node.location, "`{}` has {} results, inference gives {}", shown(id), node.results.size(), types->size());
      return;
    }
    for (size_t i = 0; i < types->size(); ++i) {
      const Type& stated = graph_.value(node.results[i]).type;
      if (!matcher.matches((*types)[i], stated)) {
        broken(node.location, "result {} of `{}` is `{}`, inference gives `{}`", i, shown(id), text(stated),
               text((*types)[i]));
      }
    }
  }

  bool check_constant(NodeId id, ConstantId constant) {
    const Node& node = graph_.node(id);
    if (!module_.constants.contains(constant)) {
      broken(node.location, "`{}` refers to a constant that doesn't exist", shown(id));
      return false;
    }
    const ConstantData& data = module_.constants[constant];
    if (!data.type.is_static() || !data.type.element_count().is_constant()) {
      broken(node.location, "a constant has the type `{}`, which isn't static", text(data.type));
      return false;
    }
    if (data.absent) return true;
    const int64_t stored = data.splat ? 1 : data.element_count();
    const bool fits = data.type.element == ElementType::String
                          ? static_cast<int64_t>(data.strings.size()) == stored
                          : storage_bytes(data.type.element, stored) == data.bytes.size();
    if (!fits)
      broken(node.location, "a constant of type `{}` has {} bytes of data", text(data.type), data.bytes.size());
    return fits;
  }

  Module& module_;
  const Graph& graph_;
  Diagnostics& diagnostics_;
  std::vector<NodeId> nodes_;  // of all regions, outer before inner
  std::vector<ValueId> values_;
  std::unordered_map<uint32_t, size_t> order_;      // position of a node in nodes_, by index
  std::unordered_map<uint32_t, RegionId> defined_;  // values and where
  bool failed_ = false;
};

}  // namespace

Status verify(Module& module, Diagnostics& diagnostics) { return Verifier(module, diagnostics).run(); }

}  // namespace lathe
