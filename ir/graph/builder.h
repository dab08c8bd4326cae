// GraphBuilder: makes nodes, the way front ends and decompositions write graphs.
//
// Every add() completes the draft from its row (defaults), runs inference, tracks known integer elements, and appends
// at the insertion point. Failures have been reported. Convenience functions spell the rows that decompositions use
// most.
#pragma once

#include <initializer_list>
#include <string_view>
#include <utility>
#include <vector>

#include "ir/graph/infer.h"

namespace lathe {

/// A named attribute value for the builder; attributes left out get their defaults.
struct NamedAttribute {
  std::string_view name;
  Attribute value;
};

class GraphBuilder {
 public:
  /// Appends to `region`, or inserts before a node when one is set.
  GraphBuilder(Module& module, Diagnostics& diagnostics, RegionId region = Graph::root())
      : module_(&module), diagnostics_(&diagnostics), region_(region) {}

  [[nodiscard]] Module& module() const { return *module_; }
  [[nodiscard]] Graph& graph() const { return module_->graph; }
  [[nodiscard]] Diagnostics& diagnostics() const { return *diagnostics_; }

  /// Location and layer name of the nodes that follow.
  void set_location(LocationId location, std::string name = {}) {
    location_ = location;
    name_ = std::move(name);
  }
  [[nodiscard]] LocationId location() const { return location_; }
  void set_insertion_point(NodeId before) { before_ = before; }
  void set_region(RegionId region) {
    region_ = region;
    before_ = {};
  }
  [[nodiscard]] RegionId region() const { return region_; }

  /// Declares symbols that the type mentions and are not declared yet, with default bounds, and dim origins.
  ValueId input(Type type, std::string name, LocationId location = {});
  Result<std::vector<ValueId>> add(const OpDef& op, std::vector<ValueId> operands,
                                   std::vector<NamedAttribute> attributes = {}, std::vector<RegionId> regions = {});
  Result<std::vector<ValueId>> add(std::string_view op, std::vector<ValueId> operands,
                                   std::vector<NamedAttribute> attributes = {}) {
    return add(op_named(op), std::move(operands), std::move(attributes));
  }
  /// The same for rows with one result.
  Result<ValueId> one(std::string_view op, std::vector<ValueId> operands, std::vector<NamedAttribute> attributes = {});
  /// Appends a draft whose attributes are complete.
  Result<std::vector<ValueId>> add_draft(NodeDraft draft);

  Result<ValueId> constant(ConstantData data);
  Result<ValueId> scalar(ElementType element, double value);
  Result<ValueId> scalar_integer(ElementType element, int64_t value);
  Result<ValueId> integers(std::span<const int64_t> values);  ///< i64[n]
  Status output(std::vector<ValueId> values);                 ///< the `return` of the region

  [[nodiscard]] const TensorType& tensor(ValueId value) const { return graph().tensor(value); }
  [[nodiscard]] const Shape& dims(ValueId value) const { return graph().tensor(value).dims; }
  void name_value(ValueId value, std::string name) { graph().set_value_name(value, std::move(name)); }

  // Rows that decompositions and importers spell often.
  Result<ValueId> reshape(ValueId x, Shape shape);
  Result<ValueId> transpose(ValueId x, Integers permutation);
  Result<ValueId> expand(ValueId x, Shape shape);
  Result<ValueId> slice(ValueId x, Shape starts, Shape limits, Integers steps);
  Result<ValueId> cast(ValueId x, ElementType element);
  Result<ValueId> unsqueeze(ValueId x, std::vector<size_t> axes);  ///< axes of the result, ascending
  Result<ValueId> squeeze(ValueId x, std::vector<size_t> axes);    ///< axes of x, ascending

 private:
  Module* module_;
  Diagnostics* diagnostics_;
  RegionId region_;
  NodeId before_;
  LocationId location_;
  std::string name_;
};

}  // namespace lathe
