// Lifetimes of storages, read off the steps of a program.
#include "compiler/tools/memory_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <vector>

#include "ir/base/display.h"

namespace lathe::tools {
namespace {

using kernel::BufferRef;
using kernel::StorageId;

void collect(const kernel::RunStep& run, std::vector<StorageId>& touched) {
  for (const BufferRef& buffer : run.buffers) touched.push_back(buffer.storage);
}

void collect(const kernel::CallStep& call, std::vector<StorageId>& touched) {
  for (const kernel::Argument& argument : call.arguments) {
    if (const auto* pointer = std::get_if<kernel::PointerArgument>(&argument)) {
      touched.push_back(pointer->buffer.storage);
    } else if (const auto* structure = std::get_if<kernel::StructArgument>(&argument)) {
      for (const kernel::Field& field : structure->fields) {
        if (const auto* in_field = std::get_if<kernel::PointerField>(&field.value)) {
          touched.push_back(in_field->buffer.storage);
        } else if (const auto* callback = std::get_if<kernel::CallbackField>(&field.value)) {
          collect(callback->run, touched);
        }
      }
    }
  }
}

void collect(const kernel::GuardStep&, std::vector<StorageId>&) {}

std::string what(const kernel::Program& program, const kernel::Step& step) {
  if (const auto* run = std::get_if<kernel::RunStep>(&step.kind)) {
    return fmt::format("kernel {}", display_text(program.kernels[run->kernel].name));
  }
  if (const auto* call = std::get_if<kernel::CallStep>(&step.kind)) return fmt::format("call {}", call->function);
  const auto& guard = std::get<kernel::GuardStep>(step.kind);
  return fmt::format("guard {} {} {}", guard.left.python_text(),
                     guard.relation == kernel::Relation::Equal ? "==" : "<=", guard.right.python_text());
}

struct Row {
  Dim offset;
  Dim bytes;
  size_t first = 0;
  size_t last = 0;
  std::string name;
};

}  // namespace

std::string memory_table(const kernel::Program& program) {
  std::vector<std::optional<Row>> rows(program.storages.size());
  std::string steps;
  for (size_t i = 0; i < program.steps.size(); ++i) {
    const kernel::Step& step = program.steps[i];
    std::vector<StorageId> touched;
    std::visit([&](const auto& kind) { collect(kind, touched); }, step.kind);
    for (const StorageId id : touched) {
      const kernel::Storage& storage = program.storages[id];
      const auto* arena = std::get_if<kernel::ArenaPlace>(&storage.place);
      if (arena == nullptr) continue;
      std::optional<Row>& row = rows[id.index];
      if (!row) {
        row = Row{arena->offset, kernel::byte_extent(storage.element, storage.extent), i, i, storage.name};
      }
      row->last = i;
    }
    steps += fmt::format("{:>5}  {}", i, what(program, step));
    if (!step.layer.empty()) steps += "  " + quoted_name(step.layer);
    steps += "\n";
  }
  std::string text = fmt::format("arena: {} bytes\n\n{:>12} {:>12}  {:<9}  storage\n",
                                 program.arena_bytes.python_text(), "offset", "bytes", "steps");
  for (const std::optional<Row>& row : rows) {
    if (!row) continue;
    text += fmt::format("{:>12} {:>12}  {:<9}  {}\n", row->offset.python_text(), row->bytes.python_text(),
                        fmt::format("{}..{}", row->first, row->last), display_text(row->name));
  }
  return text + "\n step  does\n" + steps;
}

}  // namespace lathe::tools
