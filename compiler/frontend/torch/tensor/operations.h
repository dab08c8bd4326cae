// Operations on traced tensors as C++ functions: what torch.* functions, tensor methods and layers are made of.
//
// Each follows PyTorch's rules (promotion, broadcasting, views that share storage, strides) and reports faults in the
// user's terms at Tracer::here(). Axes may be negative where they are int64_t. Sizes may be symbolic. Results of shape
// operations are views of their operand where PyTorch's are. Used by the tables of this folder, by nn/ and sequence/.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/frontend/torch/tensor/tracer.h"

namespace lathe::torch {

// ------------------------------------------------------------------------------------------------------- arguments

/// The tensor behind a value. `what` is who takes it, in the user's terms without quotes: "Linear", "torch.cat".
/// Reports tuple-not-tensor, none-not-tensor or bad-argument at `where`; fails silently for Unknown.
Result<TensorId> expect_tensor(Evaluator& evaluator, const Value& value, std::string_view what, LocationId where);
/// A report through Evaluator::error at Tracer::here().
DiagnosticBuilder tensor_error(Tracer& tracer, DiagnosticKind kind, std::string_view exception, std::string message);
/// The axis in [0, rank) for one in [-rank, rank); a tensor without axes has axis 0 and -1. `shape` is for the message.
Result<size_t> normal_axis(Tracer& tracer, int64_t axis, const Shape& shape);
/// The same for a tensor.
Result<size_t> normal_axis(Tracer& tracer, int64_t axis, TensorId tensor);
/// "torch.float32", "torch.int64"
[[nodiscard]] std::string dtype_text(ElementType element);
/// True when an `__init__` is under way.
[[nodiscard]] bool is_constructing(const Evaluator& evaluator);
/// PyTorch's torch.promote_types.
[[nodiscard]] ElementType promote_types(ElementType a, ElementType b);
/// PyTorch's result type: tensors with axes decide before those without, those before Python numbers, as long as the
/// category (bool, integer, float) allows.
[[nodiscard]] ElementType result_type(Tracer& tracer, std::span<const Value> operands);

// ----------------------------------------------------------------------------------------------------- elementwise

enum class TensorBinary : uint8_t {
  Add,
  Subtract,
  Multiply,
  Divide,       ///< true division: integers give f32
  TruncDivide,  ///< div(rounding_mode='trunc')
  FloorDivide,
  Remainder,  ///< the sign of the divisor, as Python's %
  Fmod,       ///< the sign of the dividend
  Power,
  Minimum,
  Maximum,
  BitAnd,
  BitOr,
  BitXor,
  ShiftLeft,
  ShiftRight,
};
enum class TensorCompare : uint8_t { Equal, NotEqual, Less, LessEqual, Greater, GreaterEqual };

/// Operands are tensors or numbers, at least one a tensor; broadcast-mismatch names both shapes.
Result<TensorId> binary_operation(Tracer& tracer, TensorBinary op, const Value& left, const Value& right);
Result<TensorId> compare_operation(Tracer& tracer, TensorCompare op, const Value& left, const Value& right);
/// A row of one operand on floats (`exp`, `sigmoid`, `erf` ...); integers become f32 first.
Result<TensorId> float_unary(Tracer& tracer, std::string_view row, TensorId x,
                             std::vector<NamedAttribute> attributes = {});
/// A row of one operand that keeps the element type (`abs`, `neg`, `relu`, `sign`).
Result<TensorId> same_unary(Tracer& tracer, std::string_view row, TensorId x,
                            std::vector<NamedAttribute> attributes = {});
/// condition (bool) ? a : b, broadcast, with promotion of a and b (tensors or numbers).
Result<TensorId> where_operation(Tracer& tracer, TensorId condition, const Value& a, const Value& b);
/// min and max are numbers or tensors or None.
Result<TensorId> clamp_operation(Tracer& tracer, TensorId x, const Value& low, const Value& high);
/// x itself when it has that element type.
Result<TensorId> cast_operation(Tracer& tracer, TensorId x, ElementType element);
/// The common shape of two; `what` as in "cannot add (2, 3) and (4,)".
Result<Shape> broadcast_shapes(Tracer& tracer, const Shape& left, const Shape& right, std::string_view what);

// ------------------------------------------------------------------------------------------- reductions, contractions

/// A reduce_* row over axes; no axes are all axes.
Result<TensorId> reduce_operation(Tracer& tracer, std::string_view row, TensorId x, const std::vector<int64_t>& axes,
                                  bool keep_dims);
Result<TensorId> softmax_operation(Tracer& tracer, TensorId x, int64_t axis);
Result<TensorId> log_softmax_operation(Tracer& tracer, TensorId x, int64_t axis);
/// torch.matmul with feature-mismatch, dtype-mismatch and broadcast-mismatch.
Result<TensorId> matmul_operation(Tracer& tracer, TensorId left, TensorId right);
Result<TensorId> einsum_operation(Tracer& tracer, const std::string& equation, std::span<const TensorId> operands);

// ---------------------------------------------------------------------------------------------------------- shapes

/// torch.reshape: a view when the strides allow, else a copy. One size may be -1.
Result<TensorId> reshape_operation(Tracer& tracer, TensorId x, Shape sizes);
/// Tensor.view: reports view-needs-contiguous.
Result<TensorId> view_operation(Tracer& tracer, TensorId x, Shape sizes);
Result<TensorId> permute_operation(Tracer& tracer, TensorId x, const std::vector<int64_t>& permutation);
Result<TensorId> transpose_operation(Tracer& tracer, TensorId x, int64_t a, int64_t b);
/// Axes first..last become one.
Result<TensorId> flatten_operation(Tracer& tracer, TensorId x, int64_t first, int64_t last);
/// `axis` is one of the result.
Result<TensorId> unsqueeze_operation(Tracer& tracer, TensorId x, int64_t axis);
/// Drops the axes that have size 1; no axes are all axes.
Result<TensorId> squeeze_operation(Tracer& tracer, TensorId x, std::optional<std::vector<int64_t>> axes);
/// -1 keeps a size.
Result<TensorId> expand_operation(Tracer& tracer, TensorId x, Shape sizes);
/// start:stop:step of one axis, as a view; bounds must lie in the axis (Python's clamping is done by index()).
Result<TensorId> slice_operation(Tracer& tracer, TensorId x, size_t axis, const Dim& start, const Dim& stop,
                                 int64_t step = 1);
/// x.select(axis, index): the axis goes; a negative index counts from the end; LT0210 when it is out of range.
Result<TensorId> select_operation(Tracer& tracer, TensorId x, int64_t axis, const Dim& index);
/// One view for each piece along an axis.
Result<std::vector<TensorId>> split_operation(Tracer& tracer, TensorId x, const Shape& sizes, int64_t axis);
/// torch.chunk: `count` pieces or fewer.
Result<std::vector<TensorId>> chunk_operation(Tracer& tracer, TensorId x, int64_t count, int64_t axis);
Result<TensorId> concat_operation(Tracer& tracer, std::span<const TensorId> parts, int64_t axis);
Result<TensorId> stack_operation(Tracer& tracer, std::span<const TensorId> parts, int64_t axis);
/// A dense copy with storage of its own.
Result<TensorId> clone_operation(Tracer& tracer, TensorId x);
/// The tensor itself when it is contiguous, else a dense copy.
Result<TensorId> contiguous_operation(Tracer& tracer, TensorId x);

// -------------------------------------------------------------------------------------------------------- creation

/// Every element is `number` (an int, float or bool).
Result<TensorId> full_operation(Tracer& tracer, const Shape& dims, const Value& number, ElementType element);
/// 0, 1, ... along `axis` of a shape.
Result<TensorId> iota_operation(Tracer& tracer, const Shape& dims, size_t axis, ElementType element);
/// x[index] and x[index] = value with everything Python allows between the brackets.
Result<Value> index_operation(Tracer& tracer, TensorId x, const Value& index);
Status assign_index(Tracer& tracer, TensorId x, const Value& index, const Value& value);

}  // namespace lathe::torch
