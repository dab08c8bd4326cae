// Placement: consumers that assemble come first (backwards), then windows of what exists (forwards).
#include "compiler/lower/placement.h"

#include <algorithm>

#include "compiler/lower/group.h"

namespace lathe::lower {

const Placement* Placements::find(ValueId value) const {
  return value.index < placements_.size() && placements_[value.index] ? &*placements_[value.index] : nullptr;
}

const Placement& Placements::at(ValueId value) const {
  const Placement* placement = find(value);
  LATHE_CHECK(placement != nullptr);
  return *placement;
}

bool Placements::lies_in(ValueId value, ValueId result, size_t piece) const {
  return std::any_of(parts_.begin(), parts_.end(), [&](const Part& part) {
    return part.part == value && part.result == result && part.piece == piece;
  });
}

std::vector<Dim> dense_strides(const Shape& dims) {
  std::vector<Dim> strides(dims.size());
  Dim stride = 1;
  for (size_t axis = dims.size(); axis-- > 0;) {
    strides[axis] = stride;
    stride *= dims[axis];
  }
  return strides;
}

bool is_dense(const Placement& placement, const Shape& dims) {
  const std::vector<Dim> dense = dense_strides(dims);
  for (size_t axis = 0; axis < dims.size(); ++axis) {
    if (!dims[axis].is_constant(1) && !(placement.strides[axis] == dense[axis])) return false;
  }
  return true;
}

namespace {

// A symbol table in which the axis symbols of `dims` are bounded too, for simplifying index maps.
SymbolTable with_axes(const SymbolTable& symbols, const Shape& dims) {
  SymbolTable table = symbols;
  for (size_t axis = 0; axis < dims.size(); ++axis) table.declare(*axis_symbol(axis).as_symbol(), 0, dims[axis] - 1);
  return table;
}

bool covers(const MovePiece& piece, const Shape& dims) {
  for (size_t axis = 0; axis < dims.size(); ++axis) {
    if (!piece.begin[axis].is_constant(0) || !(piece.end[axis] == dims[axis])) return false;
  }
  return true;
}

// True when the piece is the whole operand, moved to `begin` without any change.
bool is_plain_part(const MovePiece& piece, const Shape& operand_dims) {
  if (piece.index.size() != piece.begin.size()) return false;
  for (size_t axis = 0; axis < piece.index.size(); ++axis) {
    if (!(piece.index[axis] == axis_symbol(axis) - piece.begin[axis])) return false;
    if (!(piece.end[axis] - piece.begin[axis] == operand_dims[axis])) return false;
  }
  return true;
}

}  // namespace

class Placer {
 public:
  explicit Placer(const Module& module) : module_(module), graph_(module.graph) {}

  Placements run() {
    result_.placements_.resize(graph_.value_table_size());
    result_.roles_.assign(graph_.node_table_size(), NodeRole::Compute);
    nodes_ = graph_.nodes_in(Graph::root());
    place_inputs_and_constants();
    place_outputs();
    for (size_t i = nodes_.size(); i-- > 0;) assemble(nodes_[i]);
    number_nodes();
    for (NodeId node : nodes_) place_results(node);
    record_lifetimes();
    return std::move(result_);
  }

 private:
  StorageId add_storage(Storage storage) {
    tenants_.emplace_back();
    return result_.storages_.push_back(std::move(storage));
  }

  void place(ValueId value, Placement placement) {
    tenants_[placement.storage.index].push_back(value);
    result_.placements_[value.index] = std::move(placement);
  }

  void place_dense(ValueId value, Storage storage) {
    const TensorType& type = graph_.tensor(value);
    storage.element = type.element;
    storage.elements = type.element_count();
    place(value, Placement{add_storage(std::move(storage)), 0, dense_strides(type.dims)});
  }

  void place_inputs_and_constants() {
    const std::span<const ValueId> inputs = graph_.inputs();
    for (uint32_t i = 0; i < inputs.size(); ++i) {
      Storage storage;
      storage.kind = Storage::Kind::Input;
      storage.number = i;
      place_dense(inputs[i], std::move(storage));
    }
    for (NodeId node : nodes_) {
      const auto* structural = form<Structural>(*graph_.node(node).op);
      if (structural == nullptr) continue;
      if (structural->kind == Structural::Kind::Return) result_.roles_[node.index] = NodeRole::Nothing;
      if (structural->kind != Structural::Kind::Constant) continue;
      result_.roles_[node.index] = NodeRole::Nothing;
      Storage storage;
      storage.kind = Storage::Kind::Constant;
      storage.constant = std::get<ConstantId>(graph_.node(node).attributes[0]);
      place_dense(graph_.node(node).results[0], std::move(storage));
    }
  }

  // The first output that a value is becomes its home; further ones are copied by the driver.
  void place_outputs() {
    const std::span<const ValueId> outputs = graph_.outputs();
    for (uint32_t i = 0; i < outputs.size(); ++i) {
      if (result_.find(outputs[i]) != nullptr) continue;
      Storage storage;
      storage.kind = Storage::Kind::Output;
      storage.number = i;
      place_dense(outputs[i], std::move(storage));
    }
  }

  [[nodiscard]] bool is_move(NodeId node) const { return form<Move>(*graph_.node(node).op) != nullptr; }

  // A value that kernels write and that has no home yet.
  [[nodiscard]] bool is_free(ValueId value) const {
    return result_.find(value) == nullptr && graph_.value(value).producer.valid() &&
           graph_.node(graph_.value(value).producer).region == Graph::root();
  }

  // Gives the parts of a concatenation or padding, and the source of a reshape, their place in the result.
  void assemble(NodeId id) {
    if (!is_move(id)) return;
    const Node& node = graph_.node(id);
    const ExistingNodeView view(module_, id);
    const ValueId result = node.results[0];
    const MoveMap map = describe_move(view);
    const bool whole = map.pieces.size() == 1 && covers(map.pieces[0], view.result().dims);
    if (whole) {
      adopt_reshape(node, view, result);
      return;
    }
    result_.roles_[id.index] = NodeRole::Gather;
    if (result_.find(result) == nullptr) place_dense(result, {});
    const Placement home = result_.at(result);
    for (size_t k = 0; k < map.pieces.size(); ++k) {
      const MovePiece& piece = map.pieces[k];
      const ValueId operand = node.operands[piece.operand];
      if (!is_free(operand) || !is_plain_part(piece, graph_.tensor(operand).dims)) continue;
      Placement part{home.storage, home.offset, home.strides};
      for (size_t axis = 0; axis < piece.begin.size(); ++axis) part.offset += piece.begin[axis] * home.strides[axis];
      place(operand, std::move(part));
      result_.parts_.push_back({operand, result, k});
    }
  }

  // A reshape whose result has a dense home: the source may be written there at once.
  void adopt_reshape(const Node& node, const NodeView& view, ValueId result) {
    const Placement* home = result_.find(result);
    const ValueId source = node.operands[0];
    if (home == nullptr || !is_free(source) || !is_dense(*home, view.result().dims)) return;
    if (!(view.tensor(0).element_count() == view.result().element_count())) return;
    const auto window = window_of(view, Placement{home->storage, home->offset, dense_strides(view.tensor(0).dims)});
    if (!window || !(window->offset == home->offset) || window->strides != home->strides) return;
    place(source, Placement{home->storage, home->offset, dense_strides(view.tensor(0).dims)});
  }

  // The window that a one-piece move makes of its operand's placement, when the map is affine.
  [[nodiscard]] std::optional<Placement> window_of(const NodeView& view, const Placement& operand) const {
    const MoveMap map = describe_move(view);
    if (map.pieces.size() != 1 || !covers(map.pieces[0], view.result().dims)) return std::nullopt;
    Dim address = operand.offset;
    const std::vector<Dim>& index = map.pieces[0].index;
    for (size_t axis = 0; axis < index.size(); ++axis) address += index[axis] * operand.strides[axis];
    const Shape& dims = view.result().dims;
    address = with_axes(module_.symbols, dims).simplify(address);
    if (!address.valid()) return std::nullopt;
    Placement window{operand.storage, 0, std::vector<Dim>(dims.size(), Dim(0))};
    for (size_t axis = 0; axis < dims.size(); ++axis) {
      const auto parts = linear_in(address, *axis_symbol(axis).as_symbol());
      if (!parts) return std::nullopt;
      window.strides[axis] = parts->coefficient;
      address = parts->rest;
    }
    for (size_t axis = 0; axis < dims.size(); ++axis) {
      for (const Dim& stride : window.strides) {
        if (mentions(stride, *axis_symbol(axis).as_symbol())) return std::nullopt;
      }
    }
    window.offset = address;
    return window;
  }

  // Kernels and the runtime read rows of adjacent elements; other windows are copied.
  [[nodiscard]] static bool is_readable(const Placement& window, const Shape& dims) {
    if (dims.empty()) return true;
    for (size_t axis = dims.size(); axis-- > 0;) {
      if (dims[axis].is_constant(1)) continue;
      return window.strides[axis].is_constant(1);
    }
    return true;
  }

  void place_results(NodeId id) {
    const Node& node = graph_.node(id);
    if (is_move(id) && result_.find(node.results[0]) == nullptr) {
      const ExistingNodeView view(module_, id);
      const auto window = window_of(view, result_.at(node.operands[0]));
      if (window && is_readable(*window, view.result().dims)) {
        place(node.results[0], *window);
        result_.roles_[id.index] = NodeRole::View;
        return;
      }
    } else if (is_move(id) && result_.role(id) == NodeRole::Compute && already_in_place(node)) {
      result_.roles_[id.index] = NodeRole::View;
      return;
    }
    for (ValueId value : node.results) {
      if (result_.find(value) != nullptr) continue;
      if (const auto home = dying_operand(id)) {
        place(value, *home);
      } else {
        place_dense(value, {});
      }
    }
  }

  // ---- in place

  void number_nodes() {
    result_.positions_.assign(graph_.node_table_size(), -1);
    for (size_t i = 0; i < nodes_.size(); ++i) result_.positions_[nodes_[i].index] = static_cast<int>(i);
  }

  // The position of the last node of the root region that reads the value, regions inside of nodes included.
  [[nodiscard]] int last_use(ValueId value) const {
    int last = -1;
    for (const Use& use : graph_.value(value).uses) {
      NodeId node = use.node;
      while (graph_.node(node).region != Graph::root()) node = graph_.region(graph_.node(node).region).owner;
      last = std::max(last, result_.position(node));
    }
    return last;
  }

  // The window of an operand that dies at this element-wise group and is read only where the result is written.
  [[nodiscard]] std::optional<Placement> dying_operand(NodeId id) const {
    const Group group = make_group(module_, id);
    if (group.results.size() != 1) return std::nullopt;
    const TensorType& type = graph_.tensor(group.results[0].second);
    for (NodeId member : group.nodes) {
      if (form<Elementwise>(*graph_.node(member).op) == nullptr) return std::nullopt;
    }
    for (ValueId operand : graph_.node(id).operands) {
      const Placement* window = operand.valid() ? result_.find(operand) : nullptr;
      if (window == nullptr || result_.storage(window->storage).kind != Storage::Kind::Arena) continue;
      const TensorType& read = graph_.tensor(operand);
      if (!(read == type) || !is_dense(*window, read.dims)) continue;
      if (dies_at(window->storage, result_.position(id))) return *window;
    }
    return std::nullopt;
  }

  [[nodiscard]] bool dies_at(StorageId storage, int position) const {
    return std::all_of(tenants_[storage.index].begin(), tenants_[storage.index].end(),
                       [&](ValueId value) { return last_use(value) <= position; });
  }

  // A reshape whose source was written straight into the result's home.
  [[nodiscard]] bool already_in_place(const Node& node) const {
    const ExistingNodeView view(module_, graph_.value(node.results[0]).producer);
    const Placement& home = result_.at(node.results[0]);
    const Placement& source = result_.at(node.operands[0]);
    if (home.storage != source.storage) return false;
    const auto window = window_of(view, source);
    return window && window->offset == home.offset && window->strides == home.strides;
  }

  void record_lifetimes() {
    for (int position = 0; position < static_cast<int>(nodes_.size()); ++position) {
      const Node& node = graph_.node(nodes_[static_cast<size_t>(position)]);
      const auto touch = [&](ValueId value) {
        if (!value.valid() || result_.find(value) == nullptr) return;
        Storage& storage = result_.storages_[result_.at(value).storage];
        if (storage.first < 0) storage.first = position;
        storage.last = position;
      };
      for (ValueId value : node.operands) touch(value);
      for (ValueId value : node.results) touch(value);
    }
  }

  const Module& module_;
  const Graph& graph_;
  std::vector<NodeId> nodes_;
  std::vector<std::vector<ValueId>> tenants_;  // by storage
  Placements result_;
};

Placements place_values(const Module& module) { return Placer(module).run(); }

}  // namespace lathe::lower
