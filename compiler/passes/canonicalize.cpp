// canonicalize applies the rules of rules_*.cpp until none applies.
//
// Pre: any verified module. Post: no rule applies, unless the limit of rounds was reached. It stands in several places
// of the pipeline: rules meet new nodes after decompose and layout. Rules whose bits are not Preserved are off with
// Numerics::Exact.
#include <string>
#include <unordered_map>
#include <vector>

#include "compiler/passes/rules.h"

namespace lathe::passes {
namespace {

// Rules by the row they look at, those for every row included, in the order of the tables.
using RulesByOp = std::unordered_map<const OpDef*, std::vector<const Rule*>>;

void add_rule(RulesByOp& rules, const Rule& rule) {
  if (rule.ops.empty()) {
    for (const OpDef* op : all_ops()) rules[op].push_back(&rule);
    return;
  }
  std::string_view rest = rule.ops;
  while (!rest.empty()) {
    const size_t blank = std::min(rest.find(' '), rest.size());
    rules[&op_named(rest.substr(0, blank))].push_back(&rule);
    rest.remove_prefix(std::min(blank + 1, rest.size()));
  }
}

const RulesByOp& rules_by_op() {
  static const RulesByOp rules = [] {
    RulesByOp result;
    for (const auto family : {elementwise_rules, move_rules, concat_rules, contraction_rules}) {
      for (const Rule& rule : family()) add_rule(result, rule);
    }
    return result;
  }();
  return rules;
}

bool apply_first(const RuleContext& context, NodeId id) {
  const auto found = rules_by_op().find(context.node(id).op);
  if (found == rules_by_op().end()) return false;
  for (const Rule* rule : found->second) {
    const bool allowed = rule->bits == Bits::Preserved || context.options.numerics == Numerics::Fast;
    if (allowed && rule->apply(context, id)) return true;
  }
  return false;
}

}  // namespace

bool RuleContext::replace(NodeId id, std::string_view op, std::vector<ValueId> operands,
                          std::vector<NamedAttribute> attributes) const {
  const ValueId value = checked(rewriter.before(id).one(op, std::move(operands), std::move(attributes)));
  return replace(id, value);
}

Status canonicalize(Module& module, PassContext& context) {
  // Rules shrink the graph, so they end; the limit is there for a pair of rules that would undo each other.
  constexpr int kMostRounds = 32;
  Rewriter rewriter(module, context.diagnostics, "canonicalize");
  const RuleContext rules{module, module.graph, rewriter, context.options};
  bool changed = true;
  for (int round = 0; changed && round < kMostRounds; ++round) {
    changed = false;
    for (NodeId id : module.graph.all_nodes()) {
      while (!module.graph.node(id).erased && apply_first(rules, id)) changed = true;
    }
  }
  context.changes += rewriter.changes();
  return {};
}

}  // namespace lathe::passes
