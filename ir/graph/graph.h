// ir/graph holds the typed SSA graph of a model: operations as rows with declared semantics, nodes, values, regions.
//
// A Module owns everything one model needs: locations, origins, symbols, constants, guards and the graph. The Graph
// owns nodes, values and regions in tables; ids are indices and stay valid while the graph lives (erased nodes leave a
// hole). A region is a list of nodes in program order that ends with a `return` node; region 0 is the model. Nested
// regions see the values of the regions around them. Uses are maintained by every change. Front ends build through
// GraphBuilder, passes change through Rewriter; nobody edits nodes directly.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ir/base/diagnostic.h"
#include "ir/base/id.h"
#include "ir/base/location.h"
#include "ir/base/origin.h"
#include "ir/base/type.h"
#include "ir/graph/attribute.h"
#include "ir/graph/constant.h"

namespace lathe {

struct OpDef;

using NodeId = Id<struct NodeTag>;
using ValueId = Id<struct ValueTag>;
using RegionId = Id<struct RegionTag>;

/// One operand slot that reads a value.
struct Use {
  NodeId node;
  uint32_t operand = 0;
  friend bool operator==(const Use&, const Use&) = default;
};

struct Value {
  Type type;
  std::string name;    ///< hint for printing; unique names are made by the printer
  NodeId producer;     ///< invalid for an argument of a region
  uint32_t index = 0;  ///< which result of the producer, or which argument of the region
  RegionId region;     ///< for arguments: the region
  LocationId location;
  std::vector<Use> uses;
  /// Elements of a small integer or bool tensor as far as they are known at compile time, row-major; an unknown element
  /// is an invalid Dim. Absent when nothing is known.
  std::optional<Shape> known;
  /// The same for small float tensors, all of whose elements are known.
  std::optional<Floats> known_floats;
};

/// What a node is made of, before it exists: the argument of inference and of building.
struct NodeDraft {
  const OpDef* op = nullptr;
  std::vector<ValueId> operands;  ///< an invalid id is an absent optional operand
  std::vector<Attribute> attributes;
  std::vector<RegionId> regions;
  LocationId location;
  std::string name;  ///< layer or node name in the source; may be empty
};

struct Node : NodeDraft {
  std::vector<ValueId> results;
  RegionId region;
  NodeId previous;
  NodeId next;
  bool erased = false;
};

struct Region {
  std::vector<ValueId> arguments;
  NodeId first;
  NodeId last;
  NodeId owner;  ///< the node whose region this is; invalid for region 0
};

/// A condition on sizes that inference could not decide; the compiled program checks it once per run.
struct Guard {
  enum class Relation : uint8_t { Equal, LessEqual };
  Relation relation = Relation::Equal;
  Dim left;
  Dim right;
  std::string message;  ///< what it means when it fails, in the user's terms
  LocationId location;
};

class Graph {
 public:
  Graph() { regions_.push_back({}); }

  [[nodiscard]] static constexpr RegionId root() { return RegionId(uint32_t{0}); }

  [[nodiscard]] const Node& node(NodeId id) const { return nodes_[id]; }
  [[nodiscard]] const Value& value(ValueId id) const { return values_[id]; }
  [[nodiscard]] const Region& region(RegionId id) const { return regions_[id]; }
  [[nodiscard]] size_t node_table_size() const { return nodes_.size(); }
  [[nodiscard]] size_t value_table_size() const { return values_.size(); }
  [[nodiscard]] size_t region_table_size() const { return regions_.size(); }

  /// The tensor type of a value; checked.
  [[nodiscard]] const TensorType& tensor(ValueId id) const;
  /// The node ids of a region in program order, as a snapshot that survives changes.
  [[nodiscard]] std::vector<NodeId> nodes_in(RegionId region) const;
  /// All nodes of a region and of the regions inside it, outer before inner.
  [[nodiscard]] std::vector<NodeId> all_nodes(RegionId region = root()) const;
  [[nodiscard]] std::span<const ValueId> inputs() const { return regions_[root()].arguments; }
  /// Operands of the `return` of a region; empty while there is none.
  [[nodiscard]] std::span<const ValueId> outputs(RegionId region = root()) const;
  [[nodiscard]] bool has_return(RegionId region) const;
  /// True when `ancestor` is `region` or encloses it.
  [[nodiscard]] bool encloses(RegionId ancestor, RegionId region) const;
  /// True when `a` comes before `b` in the same region. Linear in the length of the region.
  [[nodiscard]] bool is_before(NodeId a, NodeId b) const;

  // Changes. Types of results are given by the caller, who got them from inference.
  RegionId add_region(NodeId owner = {});
  ValueId add_argument(RegionId region, Type type, std::string name, LocationId location);
  /// Inserts before `before`, or at the end of `region` when it is invalid.
  NodeId insert_node(NodeDraft draft, std::span<const Type> result_types, RegionId region, NodeId before = {});
  void erase_node(NodeId node);  ///< results must be unused; nested regions go with it
  void move_before(NodeId node, NodeId before);
  void set_operand(NodeId node, uint32_t operand, ValueId value);
  void add_operand(NodeId node, ValueId value);
  void set_attribute(NodeId node, size_t attribute, Attribute value);
  void replace_all_uses(ValueId value, ValueId with);
  void set_type(ValueId value, Type type) { values_[value].type = std::move(type); }
  void set_value_name(ValueId value, std::string name) { values_[value].name = std::move(name); }
  void set_node_name(NodeId node, std::string name) { nodes_[node].name = std::move(name); }
  void set_node_location(NodeId node, LocationId location) { nodes_[node].location = location; }
  void set_known(ValueId value, std::optional<Shape> known, std::optional<Floats> floats = {}) {
    values_[value].known = std::move(known);
    values_[value].known_floats = std::move(floats);
  }
  void set_region_owner(RegionId region, NodeId owner) { regions_[region].owner = owner; }
  /// Removes the arguments of a region for which `unused` says so; they must have no uses.
  void erase_argument(RegionId region, size_t index);

 private:
  void add_use(ValueId value, Use use);
  void remove_use(ValueId value, Use use);
  void link(NodeId node, RegionId region, NodeId before);
  void unlink(NodeId node);

  IdVector<NodeId, Node> nodes_;
  IdVector<ValueId, Value> values_;
  IdVector<RegionId, Region> regions_;
};

/// A whole model. Movable, not copyable; `clone_module` copies.
struct Module {
  std::string name = "main";
  LocationTable locations;
  OriginTable origins;
  SymbolTable symbols;
  ConstantTable constants;
  std::vector<Guard> guards;
  Graph graph;

  Module() = default;
  Module(Module&&) = default;
  Module& operator=(Module&&) = default;
  Module(const Module&) = delete;
  Module& operator=(const Module&) = delete;

  /// Adds a guard unless the same condition is there.
  void add_guard(Guard guard);
};

/// A deep copy with the same ids; constants share their storage.
[[nodiscard]] Module clone_module(const Module& module);

}  // namespace lathe
