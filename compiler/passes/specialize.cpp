// specialize replaces symbols by sizes: `--dim N=8`.
//
// Pre: any verified module. Post: no type, attribute, guard or bound mentions a given symbol, and sizes that were
// formulas of it alone are numbers. A size outside of the symbol's bounds, or one that makes a guard false, is the
// user's error. It stands first: everything behind it profits from numbers.
#include <map>

#include "compiler/passes/pass.h"

namespace lathe::passes {
namespace {

using Sizes = std::map<std::string, int64_t>;

Dim with_sizes(const Dim& dim, const Sizes& sizes) {
  const Dim result = substitute(dim, [&](const std::string& symbol) -> std::optional<Dim> {
    const auto found = sizes.find(symbol);
    if (found == sizes.end()) return std::nullopt;
    return Dim(found->second);
  });
  return result.with_origin(dim.origin());
}

Type with_sizes(const Type& type, const Sizes& sizes) {
  Type result = type;
  if (TensorType* tensor = result.as_tensor()) {
    for (Dim& dim : tensor->dims) dim = with_sizes(dim, sizes);
  }
  return result;
}

Status check_sizes(const Module& module, const Sizes& sizes, Diagnostics& diagnostics) {
  Status status;
  for (const auto& [name, size] : sizes) {
    const SymbolTable::Row* row = module.symbols.find(name);
    if (row == nullptr) {
      status = diagnostics.report(DiagnosticKind::UnknownValue, {}, "the model has no size `{}`", name).emit();
      continue;
    }
    const Dim lower = with_sizes(row->lower, sizes);
    const Dim upper = with_sizes(row->upper, sizes);
    if (module.symbols.prove_lt(size, lower) != Answer::Yes && module.symbols.prove_lt(upper, size) != Answer::Yes)
      continue;
    status = diagnostics
                 .report(DiagnosticKind::InputMismatch, {}, "{} is out of bounds for `{}`, which is in [{}, {}]", size,
                         name, lower.text(), upper.text())
                 .emit();
  }
  return status;
}

// Guards that hold are dropped; one that can't hold is an error.
Status specialize_guards(Module& module, const Sizes& sizes, Diagnostics& diagnostics) {
  Status status;
  std::vector<Guard> kept;
  for (Guard guard : module.guards) {
    guard.left = with_sizes(guard.left, sizes);
    guard.right = with_sizes(guard.right, sizes);
    const Answer answer = guard.relation == Guard::Relation::Equal ? module.symbols.prove_eq(guard.left, guard.right)
                                                                   : module.symbols.prove_le(guard.left, guard.right);
    switch (answer) {
      case Answer::Yes: break;
      case Answer::No:
        status = diagnostics.report(DiagnosticKind::GuardFailed, guard.location, "{}", guard.message).emit();
        break;
      case Answer::Unknown: kept.push_back(std::move(guard)); break;
    }
  }
  module.guards.clear();
  for (Guard& guard : kept) module.add_guard(std::move(guard));
  return status;
}

void specialize_attributes(Module& module, NodeId id, const Sizes& sizes) {
  Graph& graph = module.graph;
  for (size_t i = 0; i < graph.node(id).attributes.size(); ++i) {
    Attribute value = graph.node(id).attributes[i];
    if (Dim* dim = std::get_if<Dim>(&value)) {
      *dim = with_sizes(*dim, sizes);
    } else if (Shape* shape = std::get_if<Shape>(&value)) {
      for (Dim& each : *shape) each = with_sizes(each, sizes);
    } else {
      continue;
    }
    graph.set_attribute(id, i, std::move(value));
  }
}

}  // namespace

Status specialize(Module& module, PassContext& context) {
  const Sizes sizes(context.options.dims.begin(), context.options.dims.end());
  if (sizes.empty()) return {};
  LATHE_TRY_VOID(check_sizes(module, sizes, context.diagnostics));
  const std::vector<SymbolTable::Row> rows = module.symbols.rows();
  module.symbols = {};
  for (const SymbolTable::Row& row : rows) {
    if (!sizes.contains(row.name))
      module.symbols.declare(row.name, with_sizes(row.lower, sizes), with_sizes(row.upper, sizes));
  }
  LATHE_TRY_VOID(specialize_guards(module, sizes, context.diagnostics));
  Graph& graph = module.graph;
  const std::vector<NodeId> nodes = graph.all_nodes();
  std::vector<RegionId> regions{Graph::root()};
  for (NodeId id : nodes) {
    regions.insert(regions.end(), graph.node(id).regions.begin(), graph.node(id).regions.end());
    specialize_attributes(module, id, sizes);
    for (ValueId result : graph.node(id).results) {
      graph.set_type(result, with_sizes(graph.value(result).type, sizes));
      std::optional<Shape> known = graph.value(result).known;
      if (!known) continue;
      for (Dim& element : *known) element = with_sizes(element, sizes);
      graph.set_known(result, std::move(known));
    }
  }
  for (RegionId region : regions) {
    for (ValueId argument : graph.region(region).arguments) {
      graph.set_type(argument, with_sizes(graph.value(argument).type, sizes));
    }
  }
  context.changes += sizes.size();
  return {};
}

}  // namespace lathe::passes
