// Making nodes from rows.
#include "ir/graph/builder.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

namespace lathe {

ValueId GraphBuilder::input(Type type, std::string name, LocationId location) {
  if (TensorType* tensor = type.as_tensor()) {
    for (size_t i = 0; i < tensor->dims.size(); ++i) {
      Dim& dim = tensor->dims[i];
      for_each_symbol(dim, [&](const std::string& symbol) {
        if (module_->symbols.find(symbol) == nullptr) module_->symbols.declare(symbol);
      });
      if (!dim.origin().valid()) {
        dim = module_->origins.declared(dim, fmt::format("axis {} of input `{}`", i, name), location);
      }
    }
  }
  return graph().add_argument(region_, std::move(type), std::move(name), location);
}

Result<std::vector<ValueId>> GraphBuilder::add(const OpDef& op, std::vector<ValueId> operands,
                                               std::vector<NamedAttribute> attributes, std::vector<RegionId> regions) {
  NodeDraft draft{&op, std::move(operands), {}, std::move(regions), location_, name_};
  for (const AttributeDef& def : op.attributes) draft.attributes.push_back(default_attribute(def));
  for (NamedAttribute& given : attributes) {
    const int index = op.attribute_index(given.name);
    LATHE_CHECK(index >= 0);
    draft.attributes[static_cast<size_t>(index)] = std::move(given.value);
  }
  return add_draft(std::move(draft));
}

Result<std::vector<ValueId>> GraphBuilder::add_draft(NodeDraft draft) {
  while (!draft.operands.empty() && !draft.operands.back().valid()) draft.operands.pop_back();
  LATHE_TRY(const std::vector<Type> types, infer(*module_, draft, *diagnostics_));
  KnownElements known = known_elements(*module_, draft, types);
  const NodeId node = graph().insert_node(std::move(draft), types, region_, before_);
  const std::vector<ValueId>& results = graph().node(node).results;
  if (!results.empty()) graph().set_known(results[0], std::move(known.integers), std::move(known.floats));
  return results;
}

Result<ValueId> GraphBuilder::one(std::string_view op, std::vector<ValueId> operands,
                                  std::vector<NamedAttribute> attributes) {
  LATHE_TRY(const std::vector<ValueId> results, add(op_named(op), std::move(operands), std::move(attributes)));
  LATHE_CHECK(results.size() == 1);
  return results[0];
}

Result<ValueId> GraphBuilder::constant(ConstantData data) {
  const std::string name = data.name;
  const LocationId where = data.location;
  const ConstantId id = module_->constants.add(std::move(data));
  const LocationId saved = location_;
  if (where.valid()) location_ = where;
  Result<ValueId> value = one("constant", {}, {{"value", id}});
  location_ = saved;
  if (value && !name.empty()) name_value(*value, name);
  return value;
}

Result<ValueId> GraphBuilder::scalar(ElementType element, double value) {
  return constant(constant_from_doubles(TensorType{element, {}}, std::span(&value, 1)));
}

Result<ValueId> GraphBuilder::scalar_integer(ElementType element, int64_t value) {
  return constant(constant_from_integers(TensorType{element, {}}, std::span(&value, 1)));
}

Result<ValueId> GraphBuilder::integers(std::span<const int64_t> values) {
  return constant(
      constant_from_integers(TensorType{ElementType::I64, {Dim(static_cast<int64_t>(values.size()))}}, values));
}

Status GraphBuilder::output(std::vector<ValueId> values) {
  NodeDraft draft{&op_named("return"), std::move(values), {}, {}, location_, {}};
  LATHE_TRY(const std::vector<Type> types, infer(*module_, draft, *diagnostics_));
  graph().insert_node(std::move(draft), types, region_, before_);
  return {};
}

Result<ValueId> GraphBuilder::reshape(ValueId x, Shape shape) {
  return one("reshape", {x}, {{"shape", std::move(shape)}});
}

Result<ValueId> GraphBuilder::transpose(ValueId x, Integers permutation) {
  return one("transpose", {x}, {{"permutation", std::move(permutation)}});
}

Result<ValueId> GraphBuilder::expand(ValueId x, Shape shape) {
  return one("expand", {x}, {{"shape", std::move(shape)}});
}

Result<ValueId> GraphBuilder::slice(ValueId x, Shape starts, Shape limits, Integers steps) {
  return one("slice", {x}, {{"starts", std::move(starts)}, {"limits", std::move(limits)}, {"steps", std::move(steps)}});
}

Result<ValueId> GraphBuilder::cast(ValueId x, ElementType element) {
  if (tensor(x).element == element) return x;
  return one("cast", {x}, {{"to", element}});
}

Result<ValueId> GraphBuilder::unsqueeze(ValueId x, std::vector<size_t> axes) {
  Shape shape = dims(x);
  for (size_t axis : axes) {
    LATHE_CHECK(axis <= shape.size());
    shape.insert(shape.begin() + static_cast<std::ptrdiff_t>(axis), Dim(1));
  }
  return reshape(x, std::move(shape));
}

Result<ValueId> GraphBuilder::squeeze(ValueId x, std::vector<size_t> axes) {
  Shape shape = dims(x);
  for (size_t i = axes.size(); i-- > 0;) shape.erase(shape.begin() + static_cast<std::ptrdiff_t>(axes[i]));
  return reshape(x, std::move(shape));
}

}  // namespace lathe
