// Formulas of many steps, written without a test after every step.
//
// A Formula builds nodes through a GraphBuilder. When a step fails, its diagnostic has been reported, and all further
// steps do nothing and give an invalid id. Dims and types must only be asked of values while `ok()`. Used by rows that
// are made of many others; front ends add how they take operands and hand on results.
#pragma once

#include <initializer_list>
#include <string_view>
#include <utility>
#include <vector>

#include "ir/graph/builder.h"

namespace lathe {

class Formula {
 public:
  explicit Formula(GraphBuilder& builder) : builder_(&builder) {}

  [[nodiscard]] bool ok() const { return ok_; }
  [[nodiscard]] const Shape& dims(ValueId value) const { return builder_->dims(value); }
  [[nodiscard]] ElementType element(ValueId value) const { return builder_->tensor(value).element; }

  /// A row with one result.
  ValueId op(std::string_view name, std::vector<ValueId> operands, std::vector<NamedAttribute> attributes = {}) {
    return ok_ ? take(builder_->one(name, std::move(operands), std::move(attributes))) : ValueId();
  }
  ValueId add(ValueId a, ValueId b) { return op("add", {a, b}); }
  ValueId sub(ValueId a, ValueId b) { return op("sub", {a, b}); }
  ValueId mul(ValueId a, ValueId b) { return op("mul", {a, b}); }
  ValueId div(ValueId a, ValueId b) { return op("div", {a, b}); }
  ValueId where(ValueId condition, ValueId a, ValueId b) { return op("where", {condition, a, b}); }
  ValueId cast(ValueId x, ElementType element) { return ok_ ? take(builder_->cast(x, element)) : ValueId(); }
  ValueId reshape(ValueId x, Shape shape) { return ok_ ? take(builder_->reshape(x, std::move(shape))) : ValueId(); }
  ValueId expand(ValueId x, Shape shape) { return ok_ ? take(builder_->expand(x, std::move(shape))) : ValueId(); }
  ValueId transpose(ValueId x, Integers order) {
    return ok_ ? take(builder_->transpose(x, std::move(order))) : ValueId();
  }
  ValueId unsqueeze(ValueId x, std::vector<size_t> axes) {
    return ok_ ? take(builder_->unsqueeze(x, std::move(axes))) : ValueId();
  }
  /// Elements [begin, end) of one axis.
  ValueId slice(ValueId x, size_t axis, const Dim& begin, const Dim& end, int64_t step = 1) {
    if (!ok_) return {};
    Shape starts(dims(x).size(), Dim(0));
    Shape limits = dims(x);
    Integers steps(dims(x).size(), 1);
    starts[axis] = begin;
    limits[axis] = end;
    steps[axis] = step;
    return take(builder_->slice(x, std::move(starts), std::move(limits), std::move(steps)));
  }
  ValueId concat(std::vector<ValueId> parts, size_t axis) {
    return op("concat", std::move(parts), {{"axis", static_cast<int64_t>(axis)}});
  }
  ValueId reduce(std::string_view name, ValueId x, Integers axes, bool keep_dims) {
    return op(name, {x}, {{"axes", std::move(axes)}, {"keep_dims", keep_dims}});
  }
  ValueId number(ElementType element, double value) { return ok_ ? take(builder_->scalar(element, value)) : ValueId(); }
  ValueId integer(int64_t value) { return ok_ ? take(builder_->scalar_integer(ElementType::I64, value)) : ValueId(); }
  /// Indices on `axis` in a tensor of a shape.
  ValueId iota(Shape shape, size_t axis, ElementType element = ElementType::I64) {
    return op("iota", {}, {{"dims", std::move(shape)}, {"axis", static_cast<int64_t>(axis)}, {"element", element}});
  }

  ValueId squeeze(ValueId x, std::vector<size_t> axes) {
    return ok_ ? take(builder_->squeeze(x, std::move(axes))) : ValueId();
  }
  /// Another computation as a step.
  ValueId take(const Result<ValueId>& value) {
    ok_ = ok_ && value.ok();
    return ok_ ? *value : ValueId();
  }
  /// The values, or the failure of a step.
  [[nodiscard]] Result<std::vector<ValueId>> results(std::vector<ValueId> values) const {
    if (!ok_) return Failure{};
    return values;
  }

 private:
  GraphBuilder* builder_;
  bool ok_ = true;
};

}  // namespace lathe
