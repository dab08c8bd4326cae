// Formulas of many steps, written without a test after every step.
//
// When a step fails its diagnostic has been reported; all further steps do nothing and give an invalid id, and
// `result` passes the failure on. Dims may only be asked of values while ok().
#pragma once

#include <utility>
#include <vector>

#include "compiler/frontend/torch/nn/operation.h"

namespace lathe::torch {

class Formula {
 public:
  explicit Formula(const Operation& operation) : operation_(&operation), builder_(&operation.builder()) {}

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
  /// The same with a number on the right, in the element type of x.
  ValueId add(ValueId x, double value) { return op("add", {x, like(x, value)}); }
  ValueId sub(ValueId x, double value) { return op("sub", {x, like(x, value)}); }
  ValueId mul(ValueId x, double value) { return op("mul", {x, like(x, value)}); }
  ValueId div(ValueId x, double value) { return op("div", {x, like(x, value)}); }
  ValueId like(ValueId x, double value) { return ok_ ? number(element(x), value) : ValueId(); }
  ValueId number(ElementType element, double value) { return ok_ ? take(builder_->scalar(element, value)) : ValueId(); }
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
  ValueId squeeze(ValueId x, std::vector<size_t> axes) {
    return ok_ ? take(builder_->squeeze(x, std::move(axes))) : ValueId();
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
  /// Another computation as a step.
  ValueId take(const Result<ValueId>& value) {
    ok_ = ok_ && value.ok();
    return ok_ ? *value : ValueId();
  }

  [[nodiscard]] Result<ValueId> result(ValueId value) const {
    if (!ok_) return Failure{};
    return value;
  }
  [[nodiscard]] const Operation& operation() const { return *operation_; }

 private:
  const Operation* operation_;
  GraphBuilder* builder_;
  bool ok_ = true;
};

}  // namespace lathe::torch
