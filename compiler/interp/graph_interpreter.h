// The graph interpreter: the slow, obvious definition of what a graph computes.
//
// `interpret` runs a module on tensors in host memory, node by node, by semantic form; `lathe run --backend=interp`,
// the passes' constant folding and the tests use it. Symbols are bound from the shapes of the inputs and checked
// against their bounds and the module's guards. Values are freed after their last use. Nothing here is parallel or
// depends on the machine.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "ir/graph/op.h"

namespace lathe::interp {

struct InterpretOptions {
  /// Largest tensor that may be made; LT0703 beyond it.
  uint64_t byte_limit = uint64_t{1} << 36;
  /// Called with every value of the model's own region when it has been computed, inputs included.
  std::function<void(ValueId, const HostTensor&)> observe = {};
};

/// Runs the model. `inputs` are in the order of the graph's inputs. LT0701 when an input doesn't fit, LT0702 when a
/// guard fails.
[[nodiscard]] Result<std::vector<HostTensor>> interpret(const Module& module, std::span<const HostTensor> inputs,
                                                        Diagnostics& diagnostics, const InterpretOptions& options = {});

/// The same for inputs that stand anywhere.
[[nodiscard]] Result<std::vector<HostTensor>> interpret_borrowed(const Module& module,
                                                                 std::span<const HostTensor* const> inputs,
                                                                 Diagnostics& diagnostics,
                                                                 const InterpretOptions& options = {});

/// The elements of a constant as a tensor; splats are spread out. Nothing when its data is absent.
[[nodiscard]] std::optional<HostTensor> to_host(const ConstantData& constant);
/// A tensor as a constant that owns its elements; equal elements become a splat.
[[nodiscard]] ConstantData to_constant(HostTensor tensor);

/// The results of a node as constants, when all its operands are constants with data, its shapes are static, it is pure
/// and has no regions, and neither operands nor results take more than `byte_limit` bytes together; nothing otherwise,
/// also when the node would fail at run time.
[[nodiscard]] std::optional<std::vector<ConstantData>> fold(const Module& module, NodeId node, uint64_t byte_limit);

}  // namespace lathe::interp
