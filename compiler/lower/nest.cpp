// Evaluating elements of a group: demands backwards, statements forwards.
#include "compiler/lower/nest.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

namespace lathe::lower {

using kernel::Access;
using kernel::BufferId;
using kernel::ForOptions;
using kernel::KernelBuilder;
using KernelValue = kernel::ValueId;

NestBuilder::NestBuilder(const Module& module, const Placements& placements, const Group& group, std::string name)
    : module_(module),
      placements_(placements),
      group_(group),
      builder_(std::move(name), group.location),
      symbols_(module.symbols) {}

Dim NestBuilder::open_loop(const ForOptions& options) {
  use_sizes(options);
  const Dim variable = builder_.open_for(options);
  symbols_.declare(*variable.as_symbol(), options.begin, options.end - 1);
  held_.emplace_back();
  return variable;
}

Dim NestBuilder::open_loop(const ForOptions& options, const std::vector<KernelValue>& initial,
                           std::vector<KernelValue>& arguments) {
  use_sizes(options);
  const Dim variable = builder_.open_for(options, initial, arguments);
  symbols_.declare(*variable.as_symbol(), options.begin, options.end - 1);
  held_.emplace_back();
  return variable;
}

std::vector<KernelValue> NestBuilder::close_loop(const std::vector<KernelValue>& yielded) {
  held_.pop_back();
  return builder_.close_for(yielded);
}

void NestBuilder::set_lanes(Lanes lanes) { lanes_ = std::move(lanes); }

void NestBuilder::declare_results(const std::vector<ValueId>& outer) {
  for (ValueId result : outer) {
    const Placement& home = placements_.at(result);
    bool read = false;
    for (NodeId node : group_.nodes) {
      for (ValueId operand : module_.graph.node(node).operands) {
        if (!operand.valid() || group_.producer(module_.graph, operand).valid()) continue;
        const Placement* leaf = placements_.find(group_.outside(operand));
        read |= leaf != nullptr && leaf->storage == home.storage && leaf->offset == home.offset;
      }
    }
    add_parameter(result, read ? Access::InOut : Access::Out);
  }
}

void NestBuilder::add_parameter(ValueId outer, Access access) {
  const Placement& placement = placements_.at(outer);
  const TensorType& type = module_.graph.tensor(outer);
  const Reach reach = reach_of(outer);
  const Dim extent = reach.highest - reach.lowest + 1;
  use_sizes_of(extent);
  const BufferId buffer = builder_.buffer({.name = parameter_name(module_.graph.value(outer).name),
                                           .element = type.element,
                                           .extent = extent,
                                           .access = access});
  parameters_.push_back({placement.storage, placement.offset + reach.lowest, buffer});
}

NestBuilder::Reach NestBuilder::reach_of(ValueId outer) const {
  const Placement& placement = placements_.at(outer);
  const Shape& dims = module_.graph.tensor(outer).dims;
  Reach reach;
  for (size_t axis = 0; axis < dims.size(); ++axis) {
    const Dim& stride = placement.strides[axis];
    Dim& end = symbols_.known_lt(stride, 0) ? reach.lowest : reach.highest;
    end += (dims[axis] - 1) * stride;
  }
  return reach;
}

// A name for text: the value's, as far as the grammar takes it, and unique.
std::string NestBuilder::parameter_name(const std::string& hint) const {
  std::string name;
  for (char c : hint) name += std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' ? c : '_';
  const auto taken = [&](const std::string& candidate) {
    return std::any_of(builder_.kernel().buffers.begin(), builder_.kernel().buffers.end(),
                       [&](const kernel::Buffer& buffer) { return buffer.name == candidate; });
  };
  if (name.empty()) name = "t";
  std::string unique = name;
  for (int i = 1; taken(unique); ++i) unique = fmt::format("{}.{}", name, i);
  return unique;
}

void NestBuilder::use_size(const std::string& symbol) {
  const SymbolTable::Row* row = module_.symbols.find(symbol);
  if (row != nullptr) builder_.size(symbol, row->lower, row->upper);
}

void NestBuilder::use_sizes_of(const Dim& dim) {
  for_each_symbol(dim, [&](const std::string& symbol) { use_size(symbol); });
}

void NestBuilder::use_sizes(const ForOptions& options) {
  for (const Dim& dim : {options.begin, options.end, options.step}) use_sizes_of(dim);
}

BufferId NestBuilder::buffer_of(ValueId outer) {
  const Placement& placement = placements_.at(outer);
  const Dim offset = placement.offset + reach_of(outer).lowest;
  const auto known = [&](const Parameter& parameter) {
    return parameter.storage == placement.storage && parameter.offset == offset;
  };
  auto found = std::find_if(parameters_.begin(), parameters_.end(), known);
  if (found == parameters_.end()) {
    add_parameter(outer, Access::In);
    found = parameters_.end() - 1;
  }
  return found->buffer;
}

Dim NestBuilder::address(ValueId outer, const IndexVector& index) const {
  const Placement& placement = placements_.at(outer);
  Dim result = -reach_of(outer).lowest;
  for (size_t axis = 0; axis < index.size(); ++axis) result += index[axis] * placement.strides[axis];
  return bounded(result);
}

KernelValue NestBuilder::load(ValueId leaf, const IndexVector& index) {
  if (const auto number = uniform_leaf(module_, group_, leaf)) return builder_.constant(*number, lanes_.count);
  const ValueId outer = group_.outside(leaf);
  const BufferId buffer = buffer_of(outer);
  const Dim at = address(outer, index);
  if (lanes_.count == 1) return builder_.load(buffer, at);
  const auto parts = linear_in(at, lanes_.variable);
  LATHE_CHECK(parts.has_value());
  if (parts->coefficient.is_constant(0)) return builder_.broadcast(builder_.load(buffer, at), lanes_.count);
  return builder_.load(buffer, at, {.lanes = lanes_.count, .lane_stride = parts->coefficient, .active = lanes_.active});
}

KernelValue NestBuilder::widen(KernelValue value) {
  return builder_.type(value).lanes == lanes_.count ? value : builder_.broadcast(value, lanes_.count);
}

std::optional<KernelValue> NestBuilder::find(ValueId value, const IndexVector& index) {
  for (size_t level = held_.size(); level-- > 0;) {
    for (const Held& held : held_[level]) {
      if (held.value != value || held.index != index) continue;
      if (!held.lane_variable.empty() && held.lane_variable != lanes_.variable) continue;
      const uint32_t lanes = builder_.type(held.element).lanes;
      if (lanes == lanes_.count) return held.element;
      if (lanes == 1) return builder_.broadcast(held.element, lanes_.count);
    }
  }
  return std::nullopt;
}

void NestBuilder::remember(ValueId value, const IndexVector& index, KernelValue element) {
  held_.back().push_back({value, index, element, lanes_.count == 1 ? std::string() : lanes_.variable});
}

KernelValue NestBuilder::element(ValueId value, const IndexVector& index) {
  if (const auto held = find(value, index)) return *held;
  LATHE_CHECK(!group_.producer(module_.graph, value).valid());
  const KernelValue loaded = load(value, index);
  remember(value, index, loaded);
  return loaded;
}

KernelValue NestBuilder::evaluate(ValueId target, const IndexVector& index) {
  if (const auto held = find(target, index)) return *held;
  if (!group_.producer(module_.graph, target).valid()) return element(target, index);
  std::vector<std::vector<IndexVector>> wanted(group_.nodes.size());
  const auto demand = [&](ValueId value, const IndexVector& at) {
    const NodeId producer = group_.producer(module_.graph, value);
    if (!producer.valid() || find(value, at)) return;
    const auto position =
        static_cast<size_t>(std::find(group_.nodes.begin(), group_.nodes.end(), producer) - group_.nodes.begin());
    std::vector<IndexVector>& list = wanted[position];
    if (std::find(list.begin(), list.end(), at) == list.end()) list.push_back(at);
  };
  demand(target, index);
  for (size_t i = group_.nodes.size(); i-- > 0;) {
    for (size_t k = 0; k < wanted[i].size(); ++k) {
      for (const Demand& each : operand_demands(ExistingNodeView(module_, group_.nodes[i]), wanted[i][k], symbols_))
        demand(each.value, each.index);
    }
  }
  for (size_t i = 0; i < group_.nodes.size(); ++i) {
    const ValueId result = module_.graph.node(group_.nodes[i]).results[0];
    for (const IndexVector& at : wanted[i]) {
      if (!find(result, at)) remember(result, at, emit(group_.nodes[i], at));
    }
  }
  return *find(target, index);
}

KernelValue NestBuilder::emit(NodeId node, const IndexVector& index) {
  struct Visitor {
    NestBuilder& nest;
    NodeId node;
    const IndexVector& index;
    KernelValue operator()(const Elementwise&) const { return nest.emit_elementwise(node, index); }
    KernelValue operator()(const Move&) const { return nest.emit_move(node, index); }
    KernelValue operator()(const Index&) const { return nest.emit_index(node, index); }
    KernelValue operator()(const Reduce&) const { return nest.emit_reduction(node, index); }
    KernelValue operator()(const Contract&) const { return nest.emit_reduction(node, index); }
    KernelValue operator()(const Window&) const { return nest.emit_reduction(node, index); }
    KernelValue operator()(const Decompose&) const { return unreachable(); }
    KernelValue operator()(const Call&) const { return unreachable(); }
    KernelValue operator()(const Structural&) const { return unreachable(); }
    static KernelValue unreachable() { internal_error("a form without a loop nest in a group", __FILE__, __LINE__); }
  };
  return std::visit(Visitor{*this, node, index}, module_.graph.node(node).op->semantics);
}

KernelValue NestBuilder::emit_elementwise(NodeId id, const IndexVector& index) {
  const ExistingNodeView view(module_, id);
  const ScalarExpression body = elementwise_body(view);
  std::vector<KernelValue> arguments(view.operand_count() + index.size());
  std::vector<bool> used(arguments.size(), false);
  for (const ScalarNode& node : body.nodes) {
    if (node.op == ScalarOp::Argument) used[node.argument] = true;
  }
  for (size_t k = 0; k < arguments.size(); ++k) {
    if (!used[k]) continue;
    if (k < view.operand_count()) {
      arguments[k] = widen(element(view.operand(k), broadcast_index(view.dims(k), index)));
      continue;
    }
    const Dim& at = index[k - view.operand_count()];
    const auto parts = lanes_.count == 1 ? std::nullopt : linear_in(at, lanes_.variable);
    arguments[k] = builder_.index(ElementType::I64, at, lanes_.count, parts ? parts->coefficient : Dim(0));
  }
  return builder_.evaluate(body, arguments, lanes_.count);
}

KernelValue NestBuilder::emit_move(NodeId id, const IndexVector& index) {
  const std::vector<Demand> source = operand_demands(ExistingNodeView(module_, id), index, symbols_);
  return widen(element(source[0].value, source[0].index));
}

Dim NestBuilder::read_position(ValueId indices, const IndexVector& at, const Dim& extent) {
  KernelValue position = builder_.cast(evaluate(indices, at), ElementType::I64);
  const KernelValue negative = builder_.apply(ScalarOp::Lt, position, builder_.constant_like(position, 0));
  const KernelValue size = builder_.index(ElementType::I64, extent);
  position = builder_.select(negative, builder_.add(position, size), position);
  const Dim symbol = builder_.bind("g", position, 0, extent - 1, kernel::BindMode::Check);
  symbols_.declare(*symbol.as_symbol(), 0, extent - 1);
  return symbol;
}

KernelValue NestBuilder::emit_index(NodeId id, const IndexVector& index) {
  const ExistingNodeView view(module_, id);
  const IndexMap map = describe_index(view);
  std::vector<std::pair<std::string, Dim>> bound;
  const Lanes lanes = lanes_;
  for (const IndexBinding& binding : map.bindings) {
    // An index that is the same for all lanes is read once, as a scalar.
    set_lanes({});
    bound.emplace_back(binding.symbol,
                       read_position(view.operand(binding.operand), at_index(binding.index, index), binding.extent));
    set_lanes(lanes);
  }
  IndexVector where;
  for (const Dim& dim : map.index) {
    where.push_back(substitute(at_index(dim, index), [&](const std::string& name) -> std::optional<Dim> {
      for (const auto& [symbol, value] : bound) {
        if (symbol == name) return value;
      }
      return std::nullopt;
    }));
  }
  return widen(element(view.operand(map.operand), where));
}

void NestBuilder::store(ValueId outer, const IndexVector& index, KernelValue value) {
  const BufferId buffer = buffer_of(outer);
  const Dim at = address(outer, index);
  if (lanes_.count == 1) {
    builder_.store(buffer, at, value);
    return;
  }
  const auto parts = linear_in(at, lanes_.variable);
  LATHE_CHECK(parts.has_value());
  builder_.store(buffer, at, value, {.lane_stride = parts->coefficient, .active = lanes_.active});
}

void NestBuilder::store_number(ValueId outer, const IndexVector& index, const ScalarValue& number) {
  store(outer, index, builder_.constant(number, lanes_.count));
}

LoweredKernel NestBuilder::finish() && {
  LoweredKernel result;
  for (const Parameter& parameter : parameters_) result.buffers.emplace_back(parameter.storage, parameter.offset);
  result.kernel = std::move(builder_).finish();
  for (const SymbolTable::Row& row : result.kernel.sizes.rows()) result.sizes.push_back(Dim::symbol(row.name));
  return result;
}

}  // namespace lathe::lower
