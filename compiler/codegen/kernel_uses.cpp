// What parts of a kernel use.
#include "compiler/codegen/kernel_uses.h"

#include "ir/kernel/overloaded.h"

namespace lathe::codegen {
namespace {

using DimVisitor = std::function<void(const Dim&)>;

void visit_dims(const kernel::Operation& operation, const DimVisitor& visit) {
  std::visit(Overloaded{[](const kernel::ScalarOperation&) {}, [](const kernel::ConstantOperation&) {},
                        [&](const kernel::LoadOperation& load) {
                          visit(load.index);
                          visit(load.lane_stride);
                          if (load.active) visit(*load.active);
                        },
                        [](const kernel::BroadcastOperation&) {}, [](const kernel::ReduceOperation&) {},
                        [&](const kernel::IndexOperation& index) {
                          visit(index.index);
                          visit(index.lane_stride);
                        },
                        [](const kernel::ShuffleOperation&) {}},
             operation);
}

void visit_operands(const kernel::Operation& operation, const std::function<void(kernel::ValueId)>& visit) {
  std::visit(Overloaded{[&](const kernel::ScalarOperation& scalar) {
                          for (size_t i = 0; i < info(scalar.op).arity; ++i) visit(scalar.operands[i]);
                        },
                        [](const kernel::ConstantOperation&) {}, [](const kernel::LoadOperation&) {},
                        [&](const kernel::BroadcastOperation& broadcast) { visit(broadcast.value); },
                        [&](const kernel::ReduceOperation& reduce) { visit(reduce.value); },
                        [](const kernel::IndexOperation&) {},
                        [&](const kernel::ShuffleOperation& shuffle) {
                          visit(shuffle.first);
                          visit(shuffle.second);
                        }},
             operation);
}

/// Nesting is limited by the verifier.
void for_each_statement(const kernel::Kernel& kernel, const kernel::Block& block,
                        const std::function<void(const kernel::Statement&)>& visit) {
  for (const kernel::StatementId id : block) {
    const kernel::Statement& statement = kernel.statements[id];
    visit(statement);
    if (const auto* loop = std::get_if<kernel::ForStatement>(&statement.kind)) {
      for_each_statement(kernel, loop->body, visit);
    }
    if (const auto* branch = std::get_if<kernel::IfStatement>(&statement.kind)) {
      for_each_statement(kernel, branch->then_block, visit);
      for_each_statement(kernel, branch->else_block, visit);
    }
  }
}

}  // namespace

void for_each_dim(const kernel::Kernel& kernel, const kernel::Block& block, const DimVisitor& visit) {
  for_each_statement(kernel, block, [&](const kernel::Statement& statement) {
    std::visit(Overloaded{[&](const kernel::ForStatement& loop) {
                            visit(loop.begin);
                            visit(loop.end);
                            visit(loop.step);
                          },
                          [&](const kernel::IfStatement& branch) {
                            for (const kernel::Condition& condition : branch.conditions) {
                              visit(condition.left);
                              visit(condition.right);
                            }
                          },
                          [&](const kernel::LetStatement& let) { visit_dims(let.operation, visit); },
                          [&](const kernel::StoreStatement& store) {
                            visit(store.index);
                            visit(store.lane_stride);
                            if (store.active) visit(*store.active);
                          },
                          [&](const kernel::BindStatement& bind) {
                            visit(bind.lower);
                            visit(bind.upper);
                          }},
               statement.kind);
  });
}

RegionUses uses_of(const kernel::Kernel& kernel, kernel::StatementId id) {
  const auto& loop = std::get<kernel::ForStatement>(kernel.statements[id].kind);
  RegionUses uses;
  std::set<kernel::ValueId> defined;
  const auto use = [&](kernel::ValueId value) { uses.values.insert(value); };
  for_each_statement(kernel, loop.body, [&](const kernel::Statement& statement) {
    std::visit(Overloaded{[&](const kernel::ForStatement& inner) {
                            for (const kernel::Carried& carried : inner.carried) {
                              use(carried.initial);
                              use(carried.yielded);
                              defined.insert(carried.argument);
                              defined.insert(carried.result);
                            }
                          },
                          [](const kernel::IfStatement&) {},
                          [&](const kernel::LetStatement& let) {
                            visit_operands(let.operation, use);
                            defined.insert(let.result);
                          },
                          [&](const kernel::StoreStatement& store) { use(store.value); },
                          [&](const kernel::BindStatement& bind) { use(bind.value); }},
               statement.kind);
  });
  for (const kernel::ValueId value : defined) uses.values.erase(value);
  const auto use_symbols = [&](const Dim& dim) {
    for_each_symbol(dim, [&](const std::string& symbol) { uses.symbols.insert(symbol); });
  };
  for_each_dim(kernel, loop.body, use_symbols);
  use_symbols(loop.begin);
  use_symbols(loop.step);
  return uses;
}

}  // namespace lathe::codegen
