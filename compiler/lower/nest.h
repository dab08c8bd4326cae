// Nests: groups as loop nests of kernel IR, written from the semantic forms of their nodes.
//
// A nest walks the elements of the group's results. A result element is evaluated by demand: elementwise bodies are
// inlined, index maps are composed, leaves are loaded, reductions become loops at the place of demand. Lanes run over
// the innermost axis; they are elements of the result, or (row nests) elements of the row that is reduced, spread over
// kReductionLanes virtual lanes and combined by the fixed tree. The order of arithmetic depends on shapes only, never
// on the machine. nest_builder writes statements; the drivers pointwise_kernel and row_kernel choose loops. Called by
// lower.cpp.
#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "compiler/lower/group.h"
#include "compiler/lower/index_map.h"
#include "compiler/lower/placement.h"
#include "ir/kernel/builder.h"

namespace lathe::lower {

/// A kernel and the windows of memory that its parameters are, in order.
struct LoweredKernel {
  kernel::Kernel kernel;
  std::vector<std::pair<StorageId, Dim>> buffers;  ///< storage and offset in elements
  std::vector<Dim> sizes;
};

/// Evaluates elements of a group inside an open kernel.
class NestBuilder {
 public:
  NestBuilder(const Module& module, const Placements& placements, const Group& group, std::string name);

  [[nodiscard]] kernel::KernelBuilder& builder() { return builder_; }
  [[nodiscard]] const SymbolTable& symbols() const { return symbols_; }

  /// Declares the windows that the kernel writes; before anything else.
  void declare_results(const std::vector<ValueId>& outer);

  /// Opens a loop whose variable is known to the provers; returns the variable.
  Dim open_loop(const kernel::ForOptions& options);
  Dim open_loop(const kernel::ForOptions& options, const std::vector<kernel::ValueId>& initial,
                std::vector<kernel::ValueId>& arguments);
  std::vector<kernel::ValueId> close_loop(const std::vector<kernel::ValueId>& yielded = {});

  /// From here on values have `lanes` lanes that run along `variable` (a loop variable) with `active` of them in use.
  struct Lanes {
    uint32_t count = 1;
    std::string variable;
    std::optional<Dim> active;
  };
  void set_lanes(Lanes lanes);

  /// The element of `value` at `index`, in the current lanes. Opens loops for reductions on the way.
  kernel::ValueId evaluate(ValueId value, const IndexVector& index);
  /// The element of `indices` at `at`, a scalar, as a position on an axis: negative ones count from the end, and one
  /// outside of [-extent, extent) ends the kernel.
  Dim read_position(ValueId indices, const IndexVector& at, const Dim& extent);
  /// An element of a result of the group that was stored before, in the current lanes; read from memory each time.
  kernel::ValueId reload(ValueId outer, const IndexVector& index) { return load(outer, index); }
  /// Makes the size symbols of `dim` sizes of the kernel.
  void use_sizes_of(const Dim& dim);
  /// Writes an element of a result of the group to where the outer value lies.
  void store(ValueId outer, const IndexVector& index, kernel::ValueId element);
  /// Writes an element at a position of the outer value's window.
  void store_number(ValueId outer, const IndexVector& index, const ScalarValue& number);

  /// The horizontal form: `node` (a Reduce of trailing axes) at `kept`, lanes over the row. Held afterwards.
  void reduce_row(NodeId node, const IndexVector& kept);

  [[nodiscard]] LoweredKernel finish() &&;

 private:
  struct Held {
    ValueId value;
    IndexVector index;
    kernel::ValueId element;
    std::string lane_variable;  ///< empty when the element is the same for all lanes
  };

  /// Addresses of the first and last element in memory of an outer value, from its element 0: views that run backwards
  /// reach below it.
  struct Reach {
    Dim lowest = 0;
    Dim highest = 0;
  };
  [[nodiscard]] Reach reach_of(ValueId outer) const;
  kernel::BufferId buffer_of(ValueId outer);
  void add_parameter(ValueId outer, kernel::Access access);
  [[nodiscard]] std::string parameter_name(const std::string& hint) const;
  void use_size(const std::string& symbol);
  void use_sizes(const kernel::ForOptions& options);
  [[nodiscard]] Dim address(ValueId outer, const IndexVector& index) const;
  kernel::ValueId load(ValueId leaf, const IndexVector& index);
  kernel::ValueId widen(kernel::ValueId value);
  std::optional<kernel::ValueId> find(ValueId value, const IndexVector& index);
  void remember(ValueId value, const IndexVector& index, kernel::ValueId element);
  kernel::ValueId element(ValueId value, const IndexVector& index);
  kernel::ValueId emit(NodeId node, const IndexVector& index);
  kernel::ValueId emit_elementwise(NodeId node, const IndexVector& index);
  kernel::ValueId emit_move(NodeId node, const IndexVector& index);
  kernel::ValueId emit_index(NodeId node, const IndexVector& index);
  kernel::ValueId emit_reduction(NodeId node, const IndexVector& index);
  kernel::ValueId combine(const Reduction& reduction, kernel::ValueId accumulator,
                          const std::vector<kernel::ValueId>& elements);
  kernel::ValueId finish_reduction(const NodeView& view, const Reduction& reduction, kernel::ValueId accumulator,
                                   const IndexVector& index);
  [[nodiscard]] Dim bounded(const Dim& dim) const { return symbols_.simplify(dim); }

  const Module& module_;
  const Placements& placements_;
  const Group& group_;
  kernel::KernelBuilder builder_;
  SymbolTable symbols_;
  Lanes lanes_;
  std::vector<std::vector<Held>> held_{1};
  struct Parameter {
    StorageId storage;
    Dim offset;
    kernel::BufferId buffer;
  };
  std::vector<Parameter> parameters_;
};

/// Result elements in lanes; all results have the same shape.
[[nodiscard]] LoweredKernel pointwise_kernel(const Module& module, const Placements& placements, const Group& group,
                                             std::string name);
/// True when the group's reductions run over the same trailing axes, whose last one is contiguous.
[[nodiscard]] bool is_row_group(const Module& module, const Group& group);
/// Rows one after the other, each reduced and then written.
[[nodiscard]] LoweredKernel row_kernel(const Module& module, const Placements& placements, const Group& group,
                                       std::string name);
/// A Move with several pieces or a border: copies and fills what is not in place; nothing when all of it is.
[[nodiscard]] std::optional<LoweredKernel> assemble_kernel(const Module& module, const Placements& placements,
                                                           const Group& group, std::string name);

}  // namespace lathe::lower
