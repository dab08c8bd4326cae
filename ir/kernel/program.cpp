// Facts about programs: sizes in bytes, overlap of memory.
#include "ir/kernel/program.h"

#include <algorithm>

namespace lathe::kernel {

Data owned_data(std::string name, std::vector<std::byte> bytes) {
  auto owner = std::make_shared<const std::vector<std::byte>>(std::move(bytes));
  const std::span<const std::byte> span(*owner);
  Data data;
  data.name = std::move(name);
  data.bytes = span;
  data.owner = std::move(owner);
  return data;
}

Dim byte_extent(ElementType element, const Dim& extent) {
  const uint32_t bits = info(element).bits;
  return bits == 4 ? ceildiv(extent, 2) : extent * Dim(int64_t{bits} / 8);
}

Dim parameter_extent(const Program& program, const RunStep& run, size_t parameter) {
  const Kernel& kernel = program.kernels[run.kernel];
  return substitute(kernel.buffers[BufferId(parameter)].extent, [&](const std::string& symbol) -> std::optional<Dim> {
    const auto& sizes = kernel.sizes.rows();
    for (size_t i = 0; i < sizes.size() && i < run.sizes.size(); ++i) {
      if (sizes[i].name == symbol) return run.sizes[i];
    }
    return std::nullopt;
  });
}

namespace {

/// A piece of the arena or of another region, in bytes.
struct Range {
  size_t region = 0;    ///< the kind of the place
  uint32_t number = 0;  ///< which input, output or data
  Dim begin{};
  Dim end{};
};

Range range_of(const Program& program, const RunStep& run, size_t parameter) {
  const BufferRef& ref = run.buffers[parameter];
  const Storage& storage = program.storages[ref.storage];
  Range range{.region = storage.place.index()};
  Dim base = 0;
  if (const auto* arena = std::get_if<ArenaPlace>(&storage.place)) base = arena->offset;
  if (const auto* input = std::get_if<InputPlace>(&storage.place)) range.number = input->index;
  if (const auto* output = std::get_if<OutputPlace>(&storage.place)) range.number = output->index;
  if (const auto* data = std::get_if<DataPlace>(&storage.place)) range.number = data->data.index;
  range.begin = base + byte_extent(storage.element, ref.offset);
  range.end = range.begin + byte_extent(storage.element, parameter_extent(program, run, parameter));
  return range;
}

bool disjoint(const SymbolTable& symbols, const Range& a, const Range& b) {
  if (a.region != b.region || a.number != b.number) return true;
  return symbols.known_le(a.end, b.begin) || symbols.known_le(b.end, a.begin);
}

}  // namespace

bool may_share_memory(const Program& program, const RunStep& run) {
  const Kernel& kernel = program.kernels[run.kernel];
  std::vector<Range> ranges;
  for (size_t i = 0; i < run.buffers.size(); ++i) ranges.push_back(range_of(program, run, i));
  for (size_t i = 0; i < ranges.size(); ++i) {
    for (size_t k = 0; k < i; ++k) {
      const bool written =
          kernel.buffers[BufferId(i)].access != Access::In || kernel.buffers[BufferId(k)].access != Access::In;
      if (written && !disjoint(program.symbols, ranges[i], ranges[k])) return true;
    }
  }
  return false;
}

bool has_parallel_loop(const Kernel& kernel) {
  return std::any_of(kernel.statements.begin(), kernel.statements.end(), [](const Statement& statement) {
    const auto* loop = std::get_if<ForStatement>(&statement.kind);
    return loop != nullptr && loop->kind == LoopKind::Parallel;
  });
}

bool can_fail(const Kernel& kernel) {
  return std::any_of(kernel.statements.begin(), kernel.statements.end(), [](const Statement& statement) {
    const auto* bind = std::get_if<BindStatement>(&statement.kind);
    return bind != nullptr && bind->mode == BindMode::Check;
  });
}

}  // namespace lathe::kernel
