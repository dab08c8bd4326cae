// split_padding makes the padding of convolutions a node of its own, and spells out the attributes of windows.
//
// Pre: layout has run. Post: no convolution pads; `strides`, `dilations` and `pads` of window rows have one entry for
// each axis. A producer may then write straight into the padded buffer, and the runtime's kernels, which know no
// borders, run every convolution. It stands behind the last canonicalize, whose rule conv_of_pad does the opposite.
// Padding adds products with zero where nothing was added before: the same bits for finite weights.
#include <algorithm>

#include "compiler/passes/match.h"
#include "compiler/passes/pass.h"
#include "ir/graph/rewriter.h"

namespace lathe::passes {
namespace {

void spell_out(Graph& graph, NodeId id, std::string_view name, size_t length, int64_t value) {
  const int index = graph.node(id).op->attribute_index(name);
  if (index < 0) return;
  if (!std::get<Integers>(graph.node(id).attributes[static_cast<size_t>(index)]).empty()) return;
  graph.set_attribute(id, static_cast<size_t>(index), Integers(length, value));
}

Status split(Rewriter& rewriter, NodeId id) {
  Graph& graph = rewriter.graph();
  const Node& node = graph.node(id);
  const Integers pads = attribute<Integers>(node, "pads");
  if (std::all_of(pads.begin(), pads.end(), [](int64_t pad) { return pad == 0; })) return {};
  const size_t spatial = pads.size() / 2;
  const size_t first = attribute<bool>(node, "channels_last") ? 1 : 2;
  Shape low(spatial + 2, Dim(0));
  Shape high = low;
  for (size_t i = 0; i < spatial; ++i) {
    low[first + i] = pads[i];
    high[first + i] = pads[spatial + i];
  }
  const ValueId x = node.operands[0];
  const auto index = static_cast<size_t>(node.op->attribute_index("pads"));
  LATHE_TRY(const ValueId padded,
            rewriter.before(id).one("pad", {x}, {{"low", std::move(low)}, {"high", std::move(high)}}));
  graph.set_operand(id, 0, padded);
  graph.set_attribute(id, index, Integers(2 * spatial, 0));
  rewriter.count_change();
  return {};
}

}  // namespace

Status split_padding(Module& module, PassContext& context) {
  Graph& graph = module.graph;
  Rewriter rewriter(module, context.diagnostics, "split_padding");
  for (NodeId id : graph.all_nodes()) {
    const auto* window = form<Window>(*graph.node(id).op);
    if (window == nullptr) continue;
    const size_t spatial = graph.tensor(graph.node(id).operands[0]).dims.size() - 2;
    spell_out(graph, id, "strides", spatial, 1);
    spell_out(graph, id, "dilations", spatial, 1);
    spell_out(graph, id, "pads", 2 * spatial, 0);
    if (window->contraction) LATHE_TRY_VOID(split(rewriter, id));
  }
  context.changes += rewriter.changes();
  return {};
}

}  // namespace lathe::passes
