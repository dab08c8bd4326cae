// Running regions: values, their lifetimes, control flow.
#include "compiler/interp/graph_interpreter.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <unordered_map>

#include "compiler/interp/graph_bindings.h"
#include "compiler/interp/graph_forms.h"
#include "compiler/interp/graph_node.h"
#include "ir/base/result.h"

namespace lathe::interp {
namespace {

/// The tensor of a value: its own, or one that stands elsewhere for as long as the value lives.
struct Slot {
  const HostTensor* tensor = nullptr;
  std::unique_ptr<HostTensor> owned;

  void own(HostTensor value) {
    owned = std::make_unique<HostTensor>(std::move(value));
    tensor = owned.get();
  }
  void borrow(const HostTensor* value) {
    owned.reset();
    tensor = value;
  }
  void clear() { borrow(nullptr); }
};

/// A region's nodes, and the values of the region that nobody reads behind each of them.
struct RegionPlan {
  std::vector<NodeId> nodes;
  std::vector<std::vector<ValueId>> dead_after;
  std::vector<ValueId> dead_at_start;
};

class Interpreter {
 public:
  Interpreter(const Module& module, Diagnostics& diagnostics, const InterpretOptions& options)
      : module_(module),
        graph_(module.graph),
        diagnostics_(diagnostics),
        options_(options),
        bindings_(module, diagnostics) {
    for (size_t i = 0; i < graph_.value_table_size(); ++i) slots_.push_back({});
  }

  Result<std::vector<HostTensor>> run(std::span<const HostTensor* const> inputs) {
    LATHE_TRY_VOID(bindings_.bind_inputs(inputs));
    for (size_t i = 0; i < inputs.size(); ++i) {
      slots_[graph_.inputs()[i]].borrow(inputs[i]);
      if (options_.observe) options_.observe(graph_.inputs()[i], *inputs[i]);
    }
    return run_region(Graph::root());
  }

 private:
  // ---- regions

  const RegionPlan& plan(RegionId region) {
    const auto found = plans_.find(region.index);
    if (found != plans_.end()) return found->second;
    RegionPlan plan;
    plan.nodes = graph_.nodes_in(region);
    plan.dead_after.resize(plan.nodes.size());
    std::unordered_map<uint32_t, size_t> positions;
    for (size_t i = 0; i < plan.nodes.size(); ++i) positions.emplace(plan.nodes[i].index, i);
    // The position in `region` of a use, which may be in a region inside it.
    const auto position_of = [&](NodeId user) {
      while (graph_.node(user).region != region) user = graph_.region(graph_.node(user).region).owner;
      return positions.at(user.index);
    };
    for (const ValueId argument : graph_.region(region).arguments) {
      std::optional<size_t> last;
      for (const Use& use : graph_.value(argument).uses) last = std::max(last.value_or(0), position_of(use.node));
      (last ? plan.dead_after[*last] : plan.dead_at_start).push_back(argument);
    }
    for (size_t i = 0; i < plan.nodes.size(); ++i) {
      for (const ValueId result : graph_.node(plan.nodes[i]).results) {
        size_t last = i;
        for (const Use& use : graph_.value(result).uses) last = std::max(last, position_of(use.node));
        plan.dead_after[last].push_back(result);
      }
    }
    return plans_.emplace(region.index, std::move(plan)).first->second;
  }

  // Runs the nodes of a region whose arguments are set; gives what it returns.
  Result<std::vector<HostTensor>> run_region(RegionId region) {
    const RegionPlan& steps = plan(region);
    for (const ValueId value : steps.dead_at_start) slots_[value].clear();
    std::vector<HostTensor> returned;
    for (size_t i = 0; i < steps.nodes.size(); ++i) {
      const Node& node = graph_.node(steps.nodes[i]);
      const auto* structural = form<Structural>(*node.op);
      if (structural != nullptr && structural->kind == Structural::Kind::Return) {
        for (const ValueId value : node.operands) returned.push_back(*slots_[value].tensor);
      } else {
        LATHE_TRY(std::vector<HostTensor> results,
                  structural != nullptr ? run_structural(node, structural->kind) : run_plain(node));
        LATHE_TRY_VOID(set_results(node, std::move(results)));
        if (region == Graph::root() && options_.observe) {
          for (const ValueId value : node.results) options_.observe(value, *slots_[value].tensor);
        }
      }
      for (const ValueId value : steps.dead_after[i]) slots_[value].clear();
    }
    return returned;
  }

  Status set_results(const Node& node, std::vector<HostTensor> results) {
    LATHE_CHECK(results.size() == node.results.size());
    for (size_t i = 0; i < results.size(); ++i) {
      LATHE_TRY_VOID(bindings_.bind_computed(node.results[i], results[i].type));
      slots_[node.results[i]].own(std::move(results[i]));
    }
    return {};
  }

  Status set_argument(RegionId region, size_t index, const HostTensor* tensor) {
    const ValueId argument = graph_.region(region).arguments[index];
    LATHE_TRY_VOID(bindings_.bind_computed(argument, tensor->type));
    slots_[argument].borrow(tensor);
    return {};
  }

  [[nodiscard]] const HostTensor* operand(const Node& node, size_t index) const {
    if (index >= node.operands.size() || !node.operands[index].valid()) return nullptr;
    return slots_[node.operands[index]].tensor;
  }

  // ---- nodes

  Result<std::vector<HostTensor>> run_plain(const Node& node) {
    std::vector<const HostTensor*> operands;
    NodeCall call{.op = node.op, .location = node.location, .name = node.name, .byte_limit = options_.byte_limit};
    for (size_t i = 0; i < node.operands.size(); ++i) {
      operands.push_back(operand(node, i));
      call.operand_names.push_back(node.operands[i].valid() ? graph_.value(node.operands[i]).name : "");
    }
    call.operands = operands;
    for (const Attribute& attribute : node.attributes) {
      auto concrete = bindings_.concrete(attribute);
      if (!concrete) {
        return diagnostics_
            .report(DiagnosticKind::GuardFailed, node.location, "a size that `{}` needs is not known when it runs",
                    node.op->name)
            .layer(node.name)
            .emit();
      }
      call.attributes.push_back(std::move(*concrete));
    }
    return run_node(call, diagnostics_);
  }

  Result<std::vector<HostTensor>> run_structural(const Node& node, Structural::Kind kind) {
    switch (kind) {
      case Structural::Kind::Constant: return run_constant(node);
      case Structural::Kind::ShapeOf: return run_shape_of(node);
      case Structural::Kind::Fused: return run_fused(node);
      case Structural::Kind::If: return run_if(node);
      case Structural::Kind::Loop: return run_loop(node);
      case Structural::Kind::Return:
      case Structural::Kind::Scan: break;
    }
    return diagnostics_
        .report(DiagnosticKind::Unsupported, node.location, "the interpreter doesn't run `{}`", node.op->name)
        .layer(node.name)
        .emit();
  }

  Result<std::vector<HostTensor>> run_constant(const Node& node) {
    const ConstantData& constant = module_.constants[std::get<ConstantId>(node.attributes[0])];
    if (constant.absent) {
      return diagnostics_
          .report(DiagnosticKind::MissingPayload, constant.location.valid() ? constant.location : node.location,
                  "weight `{}` (`{}`) has no data", constant.name, text(constant.type))
          .emit();
    }
    std::vector<HostTensor> results;
    results.push_back({constant.type, {}, {}});
    // Checks the size before a splat is spread out.
    if (constant.splat) LATHE_TRY_VOID(allocate_tensor(results[0], options_.byte_limit, node.location, diagnostics_));
    results[0] = *to_host(constant);
    return results;
  }

  Result<std::vector<HostTensor>> run_shape_of(const Node& node) {
    const HostTensor& x = *operand(node, 0);
    std::vector<HostTensor> results;
    results.push_back({TensorType{ElementType::I64, {Dim(x.type.rank())}}, {}, {}});
    LATHE_TRY_VOID(allocate_tensor(results[0], options_.byte_limit, node.location, diagnostics_));
    for (size_t axis = 0; axis < x.type.dims.size(); ++axis) {
      store_element(ElementType::I64, results[0].bytes.data(), static_cast<int64_t>(axis),
                    ScalarValue::of_integer(ElementType::I64, x.type.dims[axis].constant()));
    }
    return results;
  }

  Result<std::vector<HostTensor>> run_fused(const Node& node) {
    for (size_t i = 0; i < node.operands.size(); ++i) {
      LATHE_TRY_VOID(set_argument(node.regions[0], i, operand(node, i)));
    }
    return run_region(node.regions[0]);
  }

  static bool is_true(const HostTensor& tensor) {
    return load_element(ElementType::Boolean, tensor.bytes.data(), 0).integer != 0;
  }

  Result<std::vector<HostTensor>> run_if(const Node& node) {
    return run_region(node.regions[is_true(*operand(node, 0)) ? 0 : 1]);
  }

  Result<std::vector<HostTensor>> run_loop(const Node& node) {
    const RegionId region = node.regions[0];
    const HostTensor* limit = operand(node, 0);
    const HostTensor* condition = operand(node, 1);
    const int64_t trips = limit == nullptr ? INT64_MAX : load_element(ElementType::I64, limit->bytes.data(), 0).integer;
    bool goes_on = condition == nullptr || is_true(*condition);
    std::vector<HostTensor> carried;
    for (size_t i = 2; i < node.operands.size(); ++i) carried.push_back(*operand(node, i));
    std::vector<std::vector<HostTensor>> stacked(node.results.size() - carried.size());
    for (int64_t trip = 0; goes_on && trip < trips; ++trip) {
      HostTensor iteration{TensorType{ElementType::I64, {}}, std::vector<std::byte>(8), {}};
      HostTensor going{TensorType{ElementType::Boolean, {}}, std::vector<std::byte>(1, std::byte{1}), {}};
      store_element(ElementType::I64, iteration.bytes.data(), 0, ScalarValue::of_integer(ElementType::I64, trip));
      // A region may declare its counter and condition as one-element vectors.
      iteration.type.dims = ones_like(graph_.region(region).arguments[0]);
      going.type.dims = ones_like(graph_.region(region).arguments[1]);
      LATHE_TRY_VOID(set_argument(region, 0, &iteration));
      LATHE_TRY_VOID(set_argument(region, 1, &going));
      for (size_t i = 0; i < carried.size(); ++i) LATHE_TRY_VOID(set_argument(region, 2 + i, &carried[i]));
      LATHE_TRY(std::vector<HostTensor> returned, run_region(region));
      goes_on = is_true(returned[0]);
      for (size_t i = 0; i < stacked.size(); ++i) stacked[i].push_back(std::move(returned[1 + carried.size() + i]));
      for (size_t i = 0; i < carried.size(); ++i) carried[i] = std::move(returned[1 + i]);
    }
    std::vector<HostTensor> results = std::move(carried);
    for (size_t i = 0; i < stacked.size(); ++i) {
      LATHE_TRY(HostTensor joined, stack(node, results.size(), stacked[i]));
      results.push_back(std::move(joined));
    }
    return results;
  }

  [[nodiscard]] Shape ones_like(ValueId argument) const { return Shape(graph_.tensor(argument).dims.size(), Dim(1)); }

  // The slices of all rounds along a new first axis.
  Result<HostTensor> stack(const Node& node, size_t result, std::vector<HostTensor>& slices) {
    HostTensor joined{graph_.tensor(node.results[result]), {}, {}};
    if (slices.empty()) {
      for (size_t axis = 1; axis < joined.type.dims.size(); ++axis) {
        joined.type.dims[axis] = bindings_.value(joined.type.dims[axis]).value_or(0);
      }
    } else {
      joined.type.dims = slices[0].type.dims;
      joined.type.dims.insert(joined.type.dims.begin(), Dim(0));
    }
    joined.type.dims[0] = static_cast<int64_t>(slices.size());
    LATHE_TRY_VOID(allocate_tensor(joined, options_.byte_limit, node.location, diagnostics_));
    const ElementType element = joined.type.element;
    int64_t to = 0;
    for (const HostTensor& slice : slices) {
      if (!(slice.type.dims == slices[0].type.dims)) {
        return diagnostics_
            .report(DiagnosticKind::GuardFailed, node.location,
                    "`{}` can't stack `{}` of one round and `{}` of another", node.op->name, text(slices[0].type),
                    text(slice.type))
            .layer(node.name)
            .emit();
      }
      const int64_t count = slice.type.element_count().constant();
      for (int64_t i = 0; i < count; ++i, ++to) {
        if (element == ElementType::String) {
          joined.strings[static_cast<size_t>(to)] = slice.strings[static_cast<size_t>(i)];
        } else {
          store_element(element, joined.bytes.data(), to, load_element(element, slice.bytes.data(), i));
        }
      }
    }
    return joined;
  }

  const Module& module_;
  const Graph& graph_;
  Diagnostics& diagnostics_;
  const InterpretOptions& options_;
  SymbolBindings bindings_;
  IdVector<ValueId, Slot> slots_;
  std::unordered_map<uint32_t, RegionPlan> plans_;
};

}  // namespace

Result<std::vector<HostTensor>> interpret_borrowed(const Module& module, std::span<const HostTensor* const> inputs,
                                                   Diagnostics& diagnostics, const InterpretOptions& options) {
  return Interpreter(module, diagnostics, options).run(inputs);
}

Result<std::vector<HostTensor>> interpret(const Module& module, std::span<const HostTensor> inputs,
                                          Diagnostics& diagnostics, const InterpretOptions& options) {
  std::vector<const HostTensor*> borrowed;
  for (const HostTensor& input : inputs) borrowed.push_back(&input);
  return interpret_borrowed(module, borrowed, diagnostics, options);
}

}  // namespace lathe::interp
