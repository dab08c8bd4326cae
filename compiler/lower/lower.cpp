// The driver: what becomes of each node, in program order.
#include "compiler/lower/lower.h"

#include <fmt/format.h>

#include <algorithm>

#include "compiler/lower/contraction.h"
#include "compiler/lower/cumsum.h"
#include "compiler/lower/recurrence.h"
#include "compiler/lower/scatter.h"
#include "ir/graph/builder.h"

namespace lathe::lower {
namespace {

const Structural* structural(const OpDef& op) { return form<Structural>(op); }

// Call rows whose kernels are generated: by symbol, why a node can't be (empty when it can), and its kernel.
struct CallRow {
  std::string_view symbol;
  std::string (*obstacle)(const NodeView&);
  LoweredKernel (*kernel)(const Module&, const Placements&, const Group&, std::string);
};
constexpr CallRow kCalls[] = {
    {"cumsum", [](const NodeView&) { return std::string(); }, cumsum_kernel},
    {"cumprod", [](const NodeView&) { return std::string(); }, cumsum_kernel},
    {"recurrence", recurrence_obstacle, recurrence_kernel},
    {"scatter_elements", scatter_obstacle, scatter_elements_kernel},
    {"scatter_nd", scatter_obstacle, scatter_nd_kernel},
};

const CallRow* find_call(const Call& call) {
  const auto* found =
      std::find_if(std::begin(kCalls), std::end(kCalls), [&](const CallRow& row) { return row.symbol == call.symbol; });
  return found == std::end(kCalls) ? nullptr : found;
}

// Why a node can't be lowered; empty when it can.
std::string obstacle(const Module& module, NodeId id) {
  const Node& node = module.graph.node(id);
  struct Visitor {
    const Module& module;
    NodeId id;
    const Node& node;
    std::string operator()(const Elementwise&) const { return {}; }
    std::string operator()(const Reduce&) const { return {}; }
    std::string operator()(const Contract&) const { return {}; }
    std::string operator()(const Window&) const { return {}; }
    std::string operator()(const Move&) const { return {}; }
    std::string operator()(const Index&) const { return {}; }
    std::string operator()(const Decompose&) const { return fmt::format("`{}` was not decomposed", node.op->name); }
    std::string operator()(const Call& call) const {
      if (const CallRow* row = find_call(call)) return row->obstacle(ExistingNodeView(module, id));
      return fmt::format("`{}` has no kernel yet; --backend=interp runs it", node.op->name);
    }
    std::string operator()(const Structural& form) const {
      switch (form.kind) {
        case Structural::Kind::Constant:
        case Structural::Kind::Return:
        case Structural::Kind::ShapeOf:
        case Structural::Kind::Fused: return {};
        case Structural::Kind::If:
        case Structural::Kind::Loop:
        case Structural::Kind::Scan:
          return fmt::format("`{}` can't be compiled yet; --backend=interp runs it", node.op->name);
      }
      return {};
    }
  };
  std::string reason = std::visit(Visitor{module, id, node}, node.op->semantics);
  if (!reason.empty()) return reason;
  for (ValueId result : node.results) {
    const TensorType* type = module.graph.value(result).type.as_tensor();
    if (type == nullptr) return fmt::format("`{}` gives a sequence or an optional", node.op->name);
    if (info(type->element).bits < 8) return fmt::format("`{}` gives `{}`", node.op->name, text(*type));
  }
  return {};
}

Status check_supported(const Module& module, Diagnostics& diagnostics) {
  bool supported = true;
  for (NodeId id : module.graph.nodes_in(Graph::root())) {
    const Node& node = module.graph.node(id);
    const std::string reason = obstacle(module, id);
    if (!reason.empty()) {
      supported = false;
      static_cast<void>(
          diagnostics.report(DiagnosticKind::Unsupported, node.location, "{}", reason).layer(node.name).emit());
    }
    const Structural* form = structural(*node.op);
    if (form == nullptr || form->kind != Structural::Kind::Constant) continue;
    const ConstantData& constant = module.constants[std::get<ConstantId>(node.attributes[0])];
    if (constant.absent) {
      supported = false;
      static_cast<void>(diagnostics
                            .report(DiagnosticKind::MissingPayload, constant.location, "weight `{}` (`{}`) has no data",
                                    constant.name, text(constant.type))
                            .emit());
    }
  }
  if (!supported) return Failure{};
  return {};
}

// Results that are inputs, constants or repeated get a copy of their own.
Status own_outputs(Module& module, Diagnostics& diagnostics) {
  Graph& graph = module.graph;
  const NodeId last = graph.region(Graph::root()).last;
  const std::vector<ValueId> outputs(graph.outputs().begin(), graph.outputs().end());
  for (uint32_t i = 0; i < outputs.size(); ++i) {
    const NodeId producer = graph.value(outputs[i]).producer;
    const Structural* form = producer.valid() ? structural(*graph.node(producer).op) : nullptr;
    const bool constant = form != nullptr && form->kind == Structural::Kind::Constant;
    const bool repeated = std::find(outputs.begin(), outputs.begin() + i, outputs[i]) != outputs.begin() + i;
    if (producer.valid() && !constant && !repeated) continue;
    GraphBuilder builder(module, diagnostics);
    builder.set_insertion_point(last);
    builder.set_location(graph.value(outputs[i]).location);
    LATHE_TRY(const ValueId copy, builder.reshape(outputs[i], graph.tensor(outputs[i]).dims));
    builder.name_value(copy, graph.value(outputs[i]).name);
    graph.set_operand(last, i, copy);
  }
  return {};
}

std::string kernel_name(const Module& module, const Group& group, size_t number) {
  std::string name = fmt::format("k{}", number);
  constexpr size_t kMostOps = 3;
  for (size_t i = 0; i < group.nodes.size() && i < kMostOps; ++i) {
    name += fmt::format("_{}", module.graph.node(group.nodes[i]).op->name);
  }
  return name;
}

// The extents of an operand as numbers.
LoweredKernel shape_kernel(const Module& module, const Placements& placements, const Group& group, std::string name) {
  const ExistingNodeView view(module, group.nodes[0]);
  NestBuilder nest(module, placements, group, std::move(name));
  const ValueId result = group.results[0].second;
  nest.declare_results({result});
  const Shape& dims = view.dims(0);
  for (size_t axis = 0; axis < dims.size(); ++axis) {
    nest.use_sizes_of(dims[axis]);
    nest.store(result, {Dim(static_cast<int64_t>(axis))}, nest.builder().index(ElementType::I64, dims[axis]));
  }
  return std::move(nest).finish();
}

class Driver {
 public:
  Driver(const Module& module, const Placements& placements, const Options& options)
      : module_(module), placements_(placements), options_(options), program_(module, placements) {}

  kernel::Program run() {
    for (const Guard& guard : module_.guards) program_.guard(guard);
    for (NodeId node : module_.graph.nodes_in(Graph::root())) lower_node(node);
    return std::move(program_).finish();
  }

 private:
  void lower_node(NodeId id) {
    const NodeRole role = placements_.role(id);
    if (role == NodeRole::Nothing || role == NodeRole::View) return;
    const Group group = make_group(module_, id);
    const std::string name = kernel_name(module_, group, program_.program().steps.size());
    if (role == NodeRole::Gather) {
      if (auto kernel = assemble_kernel(module_, placements_, group, name)) program_.run(std::move(*kernel), group);
      return;
    }
    const OpDef& op = *module_.graph.node(group.nodes[0]).op;
    const Structural* form = structural(op);
    if (const auto* call = lathe::form<Call>(op); call != nullptr) {
      const CallRow* row = find_call(*call);
      LATHE_CHECK(row != nullptr);
      program_.run(row->kernel(module_, placements_, group, name), group);
    } else if (form != nullptr) {
      program_.run(shape_kernel(module_, placements_, group, name), group);
    } else if (lower_contraction(program_, group, options_.other_sums)) {
      return;
    } else if (is_row_group(module_, group)) {
      program_.run(row_kernel(module_, placements_, group, name), group);
    } else {
      program_.run(pointwise_kernel(module_, placements_, group, name), group);
    }
  }

  const Module& module_;
  const Placements& placements_;
  const Options& options_;
  ProgramBuilder program_;
};

}  // namespace

Result<kernel::Program> lower(Module& module, const Options& options, Diagnostics& diagnostics) {
  LATHE_TRY_VOID(check_supported(module, diagnostics));
  LATHE_TRY_VOID(own_outputs(module, diagnostics));
  const Placements placements = place_values(module);
  return Driver(module, placements, options).run();
}

}  // namespace lathe::lower
