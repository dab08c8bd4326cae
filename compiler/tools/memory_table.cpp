// Lifetimes of storages, read off the steps of a program.
#include "compiler/tools/memory_table.h"

#include <fmt/format.h>

#include "ir/base/display.h"
#include "ir/kernel/step_uses.h"

namespace lathe::tools {
namespace {

std::string what(const kernel::Program& program, const kernel::Step& step) {
  if (const auto* run = std::get_if<kernel::RunStep>(&step.kind)) {
    return fmt::format("kernel {}", display_text(program.kernels[run->kernel].name));
  }
  if (const auto* call = std::get_if<kernel::CallStep>(&step.kind)) return fmt::format("call {}", call->function);
  const auto& guard = std::get<kernel::GuardStep>(step.kind);
  return fmt::format("guard {} {} {}", guard.left.python_text(),
                     guard.relation == kernel::Relation::Equal ? "==" : "<=", guard.right.python_text());
}

}  // namespace

std::string memory_table(const kernel::Program& program) {
  std::string steps;
  for (size_t i = 0; i < program.steps.size(); ++i) {
    const kernel::Step& step = program.steps[i];
    steps += fmt::format("{:>5}  {}", i, what(program, step));
    if (!step.layer.empty()) steps += "  " + quoted_name(step.layer);
    steps += "\n";
  }
  std::string text = fmt::format("arena: {} bytes\n\n{:>12} {:>12}  {:<9}  storage\n",
                                 program.arena_bytes.python_text(), "offset", "bytes", "steps");
  const auto lifetimes = kernel::lifetimes(program);
  for (size_t i = 0; i < program.storages.size(); ++i) {
    const kernel::Storage& storage = program.storages[kernel::StorageId(i)];
    const auto& lifetime = lifetimes[kernel::StorageId(i)];
    const auto* arena = std::get_if<kernel::ArenaPlace>(&storage.place);
    if (!lifetime || arena == nullptr) continue;
    text += fmt::format("{:>12} {:>12}  {:<9}  {}\n", arena->offset.python_text(),
                        kernel::byte_extent(storage.element, storage.extent).python_text(),
                        fmt::format("{}..{}", lifetime->first, lifetime->last), display_text(storage.name));
  }
  return text + "\n step  does\n" + steps;
}

}  // namespace lathe::tools
