// Composition of index maps.
#include "compiler/lower/index_map.h"

#include <fmt/format.h>

#include <algorithm>

namespace lathe::lower {

Dim at_index(const Dim& map, const IndexVector& index) {
  return substitute(map, [&](const std::string& name) -> std::optional<Dim> {
    for (size_t axis = 0; axis < index.size(); ++axis) {
      if (name == *axis_symbol(axis).as_symbol()) return index[axis];
    }
    return std::nullopt;
  });
}

IndexVector at_index(const std::vector<Dim>& maps, const IndexVector& index) {
  IndexVector result;
  for (const Dim& map : maps) result.push_back(at_index(map, index));
  return result;
}

IndexVector broadcast_index(const Shape& operand, const IndexVector& index) {
  IndexVector result(operand.size());
  for (size_t axis = 0; axis < operand.size(); ++axis) {
    result[axis] = operand[axis].is_constant(1) ? Dim(0) : index[index.size() - operand.size() + axis];
  }
  return result;
}

std::vector<Demand> operand_demands(const NodeView& node, const IndexVector& index, const SymbolTable& symbols) {
  std::vector<Demand> demands;
  if (form<Elementwise>(node.op()) != nullptr) {
    for (size_t k = 0; k < node.operand_count(); ++k) {
      if (node.has_operand(k)) demands.push_back({node.operand(k), broadcast_index(node.dims(k), index)});
    }
  } else if (form<Move>(node.op()) != nullptr) {
    const MoveMap map = describe_move(node);
    LATHE_CHECK(map.pieces.size() == 1);
    IndexVector inner = at_index(map.pieces[0].index, index);
    for (Dim& dim : inner) dim = symbols.simplify(dim);
    demands.push_back({node.operand(map.pieces[0].operand), std::move(inner)});
  } else if (form<Index>(node.op()) != nullptr) {
    for (const IndexBinding& binding : describe_index(node).bindings) {
      demands.push_back({node.operand(binding.operand), at_index(binding.index, index)});
    }
  }
  return demands;
}

namespace {

class Tracer {
 public:
  Tracer(const Module& module, const Group& group, const SymbolTable& symbols)
      : module_(module), group_(group), symbols_(symbols) {}

  Trace run(ValueId value, const IndexVector& index) {
    want({value, index});
    for (size_t next = 0; next < pending_.size(); ++next) {
      const Demand demand = pending_[next];
      const NodeId producer = group_.producer(module_.graph, demand.value);
      if (producer.valid()) {
        visit(ExistingNodeView(module_, producer), demand.index);
      } else {
        result_.leaves.push_back(demand);
      }
    }
    return std::move(result_);
  }

 private:
  void want(Demand demand) {
    for (const Demand& seen : pending_) {
      if (seen.value == demand.value && seen.index == demand.index) return;
    }
    pending_.push_back(std::move(demand));
  }

  void visit(const NodeView& view, const IndexVector& index) {
    for (Demand& demand : operand_demands(view, index, symbols_)) want(std::move(demand));
    if (form<Index>(view.op()) != nullptr) {
      visit_index(view, index);
    } else if (form<Reduce>(view.op()) != nullptr || form<Contract>(view.op()) != nullptr ||
               form<Window>(view.op()) != nullptr) {
      visit_reduction(view, index);
    }
  }

  void visit_index(const NodeView& view, const IndexVector& index) {
    const IndexMap map = describe_index(view);
    IndexVector position = at_index(map.index, index);
    for (const IndexBinding& binding : map.bindings) {
      for (const Dim& dim : at_index(binding.index, index)) result_.scalar_positions.push_back(dim);
      const Dim fresh = fresh_symbol("%g", binding.extent);
      for (Dim& dim : position) dim = substitute(dim, binding.symbol, fresh);
    }
    want({view.operand(map.operand), std::move(position)});
  }

  void visit_reduction(const NodeView& view, const IndexVector& index) {
    result_.has_reduction = true;
    const Reduction reduction = describe_reduction(view);
    IndexVector full = index;
    for (size_t axis = reduction.result_rank; axis < reduction.extents.size(); ++axis) {
      const Dim variable = fresh_symbol("%r", at_index(reduction.extents[axis], index));
      full.push_back(variable);
      if (!reduction.padded) continue;
      for (const Dim& map : reduction.operand_indices[0]) {
        const auto parts = linear_in(map, *axis_symbol(axis).as_symbol());
        if (parts && !parts->coefficient.is_constant(0))
          result_.scalar_positions.push_back(at_index(parts->rest, full));
      }
    }
    for (size_t k = 0; k < reduction.operands.size(); ++k) {
      want({view.operand(reduction.operands[k]), at_index(reduction.operand_indices[k], full)});
    }
    for (size_t k = 0; k < reduction.finish_operands.size(); ++k) {
      want({view.operand(reduction.finish_operands[k]), at_index(reduction.finish_indices[k], index)});
    }
  }

  Dim fresh_symbol(std::string_view base, const Dim& extent) {
    const std::string name = fmt::format("{}{}", base, fresh_++);
    symbols_.declare(name, 0, extent - 1);
    return Dim::symbol(name);
  }

  const Module& module_;
  const Group& group_;
  SymbolTable symbols_;
  std::vector<Demand> pending_;
  Trace result_;
  int fresh_ = 0;
};

}  // namespace

Trace trace(const Module& module, const Group& group, ValueId value, const IndexVector& index,
            const SymbolTable& symbols) {
  return Tracer(module, group, symbols).run(value, index);
}

}  // namespace lathe::lower
