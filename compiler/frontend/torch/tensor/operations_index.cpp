// x[index] and x[index] = value.
#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "compiler/frontend/torch/tensor/index_plan.h"
#include "compiler/frontend/torch/tensor/operations.h"

namespace lathe::torch {
namespace {

/// A mask whose elements are known as the positions that it names, one i64 tensor an axis.
Result<std::vector<ChoosingTensor>> positions_of(Tracer& tracer, const ChoosingTensor& mask) {
  LATHE_TRY(const std::optional<ConstantData> known, tracer.known_if_constant(mask.tensor));
  if (!known) {
    tracer.evaluator().unsupported(tracer.here(),
                                   "choosing elements by a mask that is only known when the model runs: the size of "
                                   "the result depends on data (`torch.where` keeps the shape)");
    return Failure{};
  }
  const ConstantData& data = *known;
  std::vector<std::vector<int64_t>> positions(data.type.dims.size());
  const int64_t count = data.element_count();
  for (int64_t i = 0; i < count; ++i) {
    if (element_as_integer(data, i) == 0) continue;
    int64_t rest = i;
    for (size_t axis = positions.size(); axis-- > 0;) {
      const int64_t size = data.type.dims[axis].constant();
      positions[axis].push_back(rest % size);
      rest /= size;
    }
  }
  std::vector<ChoosingTensor> tensors;
  for (size_t axis = 0; axis < positions.size(); ++axis) {
    LATHE_TRY(const ValueId line, tracer.builder().integers(positions[axis]));
    tensors.push_back({mask.axis + axis, tracer.add(line), false});
  }
  return tensors;
}

/// Masks replaced by positions; data that is only known at run time is refused.
Result<std::vector<ChoosingTensor>> integer_tensors(Tracer& tracer, const std::vector<ChoosingTensor>& tensors) {
  std::vector<ChoosingTensor> all;
  for (const ChoosingTensor& tensor : tensors) {
    if (!tensor.is_mask) {
      all.push_back(tensor);
      continue;
    }
    LATHE_TRY(const std::vector<ChoosingTensor> positions, positions_of(tracer, tensor));
    all.insert(all.end(), positions.begin(), positions.end());
  }
  return all;
}

/// How several index tensors read a view: the view with the indexed axes in front, the positions as one tensor whose
/// last axis spells them, and where the axes of the indices stand in the result.
struct GatherPlan {
  Integers to_front;    ///< permutation of the view
  ValueId positions{};  ///< [B..., k]
  Shape index_dims;     ///< B
  size_t indexed = 0;   ///< k
  size_t place = 0;     ///< axes of the result in front of B
};

Result<GatherPlan> plan_gather(Tracer& tracer, TensorId view, const std::vector<ChoosingTensor>& tensors) {
  GatherPlan plan;
  plan.indexed = tensors.size();
  Shape common;
  for (const ChoosingTensor& tensor : tensors) {
    LATHE_TRY(common, broadcast_shapes(tracer, common, tracer.dims(tensor.tensor), "combine the indices"));
  }
  plan.index_dims = common;
  Shape thick = common;
  thick.emplace_back(1);
  std::vector<ValueId> columns;
  for (const ChoosingTensor& tensor : tensors) {
    LATHE_TRY(const ValueId index, tracer.operand_as(tensor.tensor, ElementType::I64, tracer.here()));
    LATHE_TRY(const ValueId wide, tracer.builder().expand(index, common));
    LATHE_TRY(const ValueId column, tracer.builder().reshape(wide, thick));
    columns.push_back(column);
    plan.to_front.push_back(static_cast<int64_t>(tensor.axis));
  }
  plan.positions = columns[0];
  if (columns.size() > 1) {
    LATHE_TRY(plan.positions,
              tracer.builder().one("concat", std::move(columns), {{"axis", static_cast<int64_t>(common.size())}}));
  }
  for (int axis = 0; axis < tracer.rank(view); ++axis) {
    if (std::find(plan.to_front.begin(), plan.to_front.end(), axis) == plan.to_front.end()) {
      plan.to_front.push_back(axis);
    }
  }
  const bool adjacent = tensors.back().axis - tensors.front().axis + 1 == tensors.size();
  plan.place = adjacent ? tensors.front().axis : 0;
  return plan;
}

/// The permutation that brings [B, before, after] to [before, B, after].
Integers result_order(const GatherPlan& plan, size_t rank) {
  Integers order;
  const size_t index_rank = plan.index_dims.size();
  for (size_t i = 0; i < plan.place; ++i) order.push_back(static_cast<int64_t>(index_rank + i));
  for (size_t i = 0; i < index_rank; ++i) order.push_back(static_cast<int64_t>(i));
  for (size_t i = index_rank + plan.place; i < rank; ++i) order.push_back(static_cast<int64_t>(i));
  return order;
}

bool is_identity(const Integers& permutation) {
  for (size_t i = 0; i < permutation.size(); ++i) {
    if (permutation[i] != static_cast<int64_t>(i)) return false;
  }
  return true;
}

Result<ValueId> permuted(Tracer& tracer, ValueId x, const Integers& permutation) {
  return is_identity(permutation) ? Result<ValueId>(x) : tracer.builder().transpose(x, permutation);
}

Integers inverse(const Integers& permutation) {
  Integers result(permutation.size());
  for (size_t i = 0; i < permutation.size(); ++i) {
    result[static_cast<size_t>(permutation[i])] = static_cast<int64_t>(i);
  }
  return result;
}

Result<Value> read_tensors(Tracer& tracer, const IndexPlan& plan) {
  LATHE_TRY(const std::vector<ChoosingTensor> tensors, integer_tensors(tracer, plan.tensors));
  LATHE_TRY(const ValueId value, tracer.value(plan.view));
  if (tensors.size() == 1) {
    LATHE_TRY(const ValueId index, tracer.operand_as(tensors[0].tensor, ElementType::I64, tracer.here()));
    LATHE_TRY(const ValueId result,
              tracer.builder().one("gather", {value, index}, {{"axis", static_cast<int64_t>(tensors[0].axis)}}));
    return Value(tracer.add(result));
  }
  LATHE_TRY(const GatherPlan gather, plan_gather(tracer, plan.view, tensors));
  LATHE_TRY(const ValueId front, permuted(tracer, value, gather.to_front));
  LATHE_TRY(const ValueId read, tracer.builder().one("gather_nd", {front, gather.positions}));
  const size_t rank = tracer.builder().dims(read).size();
  LATHE_TRY(const ValueId result, permuted(tracer, read, result_order(gather, rank)));
  return Value(tracer.add(result));
}

/// `value` with the element type of `x`, broadcast to `dims`; leading axes of size 1 that `dims` has not are dropped.
Result<ValueId> fitted_value(Tracer& tracer, TensorId x, const Value& value, const Shape& dims) {
  Value given = value;
  const Heap& heap = tracer.evaluator().heap();
  if (heap.as<ListObject>(value) != nullptr || heap.as<TupleObject>(value) != nullptr) {
    LATHE_TRY(const TensorId listed, tracer.from_python(value, tracer.element(x), tracer.here()));
    given = listed;
  }
  if (is_none(given) || std::holds_alternative<ObjectId>(given)) {
    LATHE_TRY([[maybe_unused]] const TensorId never,
              expect_tensor(tracer.evaluator(), given, "an assignment to a part of a tensor", tracer.here()));
  }
  LATHE_TRY(ValueId result, tracer.operand_as(given, tracer.element(x), tracer.here()));
  Shape have = tracer.builder().dims(result);
  bool dropped = false;
  while (have.size() > dims.size() && have.front().is_constant(1)) {
    have.erase(have.begin());
    dropped = true;
  }
  if (dropped) {
    LATHE_TRY(result, tracer.builder().reshape(result, have));
  }
  LATHE_TRY(const Shape common, broadcast_shapes(tracer, dims, have, "assign to"));
  bool same = common.size() == dims.size();
  for (size_t axis = 0; same && axis < dims.size(); ++axis) {
    same = tracer.module().symbols.prove_eq(common[axis], dims[axis]) != Answer::No;
  }
  if (!same) {
    return tensor_error(tracer, DiagnosticKind::BroadcastMismatch, "RuntimeError",
                        fmt::format("cannot assign {} to a part of shape {}", Tracer::shape_text(have),
                                    Tracer::shape_text(dims)))
        .emit();
  }
  if (have == dims) return result;
  return tracer.builder().expand(result, dims);
}

/// view[mask] = value, for a value that has no axis for the elements that the mask chooses.
Status write_mask(Tracer& tracer, TensorId view, const ChoosingTensor& mask, const Value& value) {
  const Shape dims = tracer.dims(view);
  const auto mask_rank = static_cast<size_t>(tracer.rank(mask.tensor));
  Shape spread(dims.size(), Dim(1));
  for (size_t i = 0; i < mask_rank; ++i) spread[mask.axis + i] = dims[mask.axis + i];
  LATHE_TRY(const ValueId test, tracer.operand_as(mask.tensor, ElementType::Boolean, tracer.here()));
  LATHE_TRY(const ValueId condition, tracer.builder().reshape(test, spread));
  LATHE_TRY(const ValueId old, tracer.value(view));
  LATHE_TRY(const ValueId fresh, tracer.operand_as(value, tracer.element(view), tracer.here()));
  LATHE_TRY(const ValueId result, tracer.builder().one("where", {condition, fresh, old}));
  return tracer.assign(view, result);
}

/// True when `value` broadcasts over what a mask chooses without saying how much that is.
bool is_independent(Tracer& tracer, TensorId view, const ChoosingTensor& mask, const Value& value) {
  const auto* tensor = std::get_if<TensorId>(&value);
  if (tensor == nullptr) return !std::holds_alternative<ObjectId>(value);
  if (tracer.rank(*tensor) == 0 || tracer.type(*tensor).element_count().is_constant(1)) return true;
  return mask.axis == 0 && tracer.rank(*tensor) <= tracer.rank(view) - tracer.rank(mask.tensor);
}

Status write_tensors(Tracer& tracer, const IndexPlan& plan, const Value& value) {
  LATHE_TRY(const std::vector<ChoosingTensor> tensors, integer_tensors(tracer, plan.tensors));
  LATHE_TRY(const GatherPlan gather, plan_gather(tracer, plan.view, tensors));
  LATHE_TRY(const ValueId old, tracer.value(plan.view));
  LATHE_TRY(const ValueId front, permuted(tracer, old, gather.to_front));
  Shape rest(tracer.builder().dims(front).begin() + static_cast<std::ptrdiff_t>(gather.indexed),
             tracer.builder().dims(front).end());
  Shape updates_dims = gather.index_dims;
  updates_dims.insert(updates_dims.end(), rest.begin(), rest.end());
  const Integers order = result_order(gather, updates_dims.size());
  Shape wanted;
  for (const int64_t axis : order) wanted.push_back(updates_dims[static_cast<size_t>(axis)]);
  LATHE_TRY(const ValueId fitted, fitted_value(tracer, plan.view, value, wanted));
  LATHE_TRY(const ValueId updates, permuted(tracer, fitted, inverse(order)));
  LATHE_TRY(const ValueId written, tracer.builder().one("scatter_nd", {front, gather.positions, updates},
                                                        {{"reduction", std::string("none")}}));
  LATHE_TRY(const ValueId result, permuted(tracer, written, inverse(gather.to_front)));
  return tracer.assign(plan.view, result);
}

}  // namespace

Result<Value> index_operation(Tracer& tracer, TensorId x, const Value& index) {
  LATHE_TRY(const IndexPlan plan, plan_index(tracer, x, index));
  if (plan.tensors.empty()) return Value(plan.view == x ? tracer.add_alias(x) : plan.view);
  return read_tensors(tracer, plan);
}

Status assign_index(Tracer& tracer, TensorId x, const Value& index, const Value& value) {
  if (is_unknown(value)) return Failure{};
  LATHE_TRY(const IndexPlan plan, plan_index(tracer, x, index));
  if (plan.tensors.empty()) {
    LATHE_TRY(const ValueId fitted, fitted_value(tracer, plan.view, value, tracer.dims(plan.view)));
    return tracer.assign(plan.view, fitted);
  }
  const ChoosingTensor& first = plan.tensors[0];
  if (plan.tensors.size() == 1 && first.is_mask && is_independent(tracer, plan.view, first, value)) {
    return write_mask(tracer, plan.view, first, value);
  }
  return write_tensors(tracer, plan, value);
}

}  // namespace lathe::torch
