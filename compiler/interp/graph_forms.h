// The semantic forms of the graph IR, executed on host memory: one function a form.
//
// Called by graph_node.cpp for nodes whose shapes are constants. Each function fills `results[0]`, whose type is set.
// Element values go through ScalarExpressions; index maps through IndexPrograms. What is computed, and in which order,
// is stated in ir/graph/op.h and ir/scalar/scalar_ops.def; nothing here adds meaning.
#pragma once

#include <span>

#include "ir/graph/op.h"

namespace lathe::interp {

using Operands = std::span<const HostTensor* const>;

/// Row-major strides of constant dims, in elements.
[[nodiscard]] std::vector<int64_t> host_dims(const TensorType& type);
[[nodiscard]] std::vector<int64_t> host_strides(const std::vector<int64_t>& dims);
[[nodiscard]] int64_t element_count(const std::vector<int64_t>& dims);
/// Steps `position` to the next one in row-major order; false after the last.
bool next_position(std::vector<int64_t>& position, const std::vector<int64_t>& dims);

/// Gives `tensor` storage for its type: zeros, empty strings. LT0703 beyond `byte_limit`.
[[nodiscard]] Status allocate_tensor(HostTensor& tensor, uint64_t byte_limit, LocationId where,
                                     Diagnostics& diagnostics);

void run_elementwise(const NodeView& node, Operands operands, HostTensor& result);
void run_reduction(const NodeView& node, Operands operands, HostTensor& result);
void run_move(const NodeView& node, Operands operands, HostTensor& result);
/// LT0210 when an index read from a tensor is out of range.
[[nodiscard]] Status run_index(const NodeView& node, Operands operands, HostTensor& result, Diagnostics& diagnostics);

}  // namespace lathe::interp
