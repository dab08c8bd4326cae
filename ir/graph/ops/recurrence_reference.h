// The reference of the `recurrence` row, apart from the rows that decompose into it.
#pragma once

#include "ir/graph/op.h"

namespace lathe {

/// Computes y, h and (LSTM) c of a `recurrence` node on dense f32 or f64 tensors.
Status recurrence_reference(const NodeView& node, std::span<const HostTensor* const> operands,
                            std::span<HostTensor> results, Diagnostics& diagnostics);

}  // namespace lathe
