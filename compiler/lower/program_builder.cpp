// Storages, data, kernels and the arena of a program.
#include "compiler/lower/program_builder.h"

#include <fmt/format.h>

#include <cstring>
#include <utility>

#include "compiler/lower/large_array.h"
#include "ir/kernel/text.h"
#include "lathe/runtime.h"

namespace lathe::lower {

ProgramBuilder::ProgramBuilder(const Module& module, const Placements& placements)
    : module_(module), placements_(placements), storages_(placements.storage_count()) {
  program_.name = module.name;
  program_.symbols = module.symbols;
  const Graph& graph = module.graph;
  for (ValueId input : graph.inputs()) program_.inputs.push_back({graph.value(input).name, graph.tensor(input)});
  for (ValueId output : graph.outputs()) program_.outputs.push_back({graph.value(output).name, graph.tensor(output)});
  for (const SymbolTable::Row& row : module.symbols.rows()) {
    kernel::SymbolBinding binding = kernel::FromCall{};
    for (uint32_t i = 0; i < program_.inputs.size(); ++i) {
      const Shape& dims = program_.inputs[i].type.dims;
      for (uint32_t axis = 0; axis < dims.size(); ++axis) {
        const std::string* symbol = dims[axis].as_symbol();
        if (symbol != nullptr && *symbol == row.name && std::holds_alternative<kernel::FromCall>(binding)) {
          binding = kernel::FromInput{i, axis};
        }
      }
    }
    program_.bindings.push_back(binding);
  }
}

std::string ProgramBuilder::unique_name(const std::string& name) {
  const std::string base = name.empty() ? "data" : name;
  std::string unique = base;
  for (int i = 1; !names_.insert(unique).second; ++i) unique = fmt::format("{}.{}", base, i);
  return unique;
}

kernel::StorageId ProgramBuilder::materialise(StorageId id) {
  kernel::StorageId& known = storages_[id.index];
  if (known.valid()) return known;
  const Storage& storage = placements_.storage(id);
  kernel::Storage row{fmt::format("s{}", id.index), storage.element, storage.elements, kernel::ArenaPlace{0}};
  switch (storage.kind) {
    case Storage::Kind::Input: row.place = kernel::InputPlace{storage.number}; break;
    case Storage::Kind::Output: row.place = kernel::OutputPlace{storage.number}; break;
    case Storage::Kind::Constant: {
      const ConstantData& constant = module_.constants[storage.constant];
      row.name = constant.name.empty() ? fmt::format("c{}", storage.constant.index) : constant.name;
      if (constant.splat) {
        const size_t width = info(constant.type.element).bits / 8;
        std::vector<std::byte> bytes(width * static_cast<size_t>(constant.element_count()));
        for (size_t at = 0; at < bytes.size(); at += width)
          std::memcpy(bytes.data() + at, constant.bytes.data(), width);
        row.place = kernel::DataPlace{program_.data.push_back(kernel::owned_data(row.name, std::move(bytes)))};
      } else {
        kernel::Data data{row.name, constant.bytes, constant.owner};
        row.place = kernel::DataPlace{program_.data.push_back(std::move(data))};
      }
      break;
    }
    case Storage::Kind::Arena: break;
  }
  row.name = unique_name(row.name);
  known = program_.storages.push_back(std::move(row));
  if (storage.kind == Storage::Kind::Arena) {
    const Dim bytes = storage.elements * Dim(info(storage.element).bits / 8);
    arena_.push_back({known, {bytes, storage.first, storage.last}});
  }
  return known;
}

kernel::BufferRef ProgramBuilder::reference(StorageId storage, Dim offset) {
  return {materialise(storage), std::move(offset)};
}

kernel::BufferRef ProgramBuilder::reference(const Placement& placement) {
  return reference(placement.storage, placement.offset);
}

kernel::BufferRef ProgramBuilder::data(const std::string& key, const std::string& name, int64_t count,
                                       std::function<void(std::span<float>)> fill) {
  const auto found = data_.find(key);
  if (found != data_.end()) return {found->second, 0};
  const std::shared_ptr<float[]> memory = make_large_array<float>(static_cast<size_t>(count));
  const std::span floats(memory.get(), static_cast<size_t>(count));
  fillings_.push_back({floats, std::move(fill)});
  const std::string unique = unique_name(name);
  kernel::Data data{unique, std::as_bytes(floats), memory};
  const kernel::StorageId storage = program_.storages.push_back(
      {unique, ElementType::F32, count, kernel::DataPlace{program_.data.push_back(std::move(data))}});
  data_.emplace(key, storage);
  return {storage, 0};
}

kernel::BufferRef ProgramBuilder::scratch(ElementType element, Dim elements, NodeId node) {
  const Dim bytes = elements * Dim(info(element).bits / 8);
  const kernel::StorageId storage =
      program_.storages.push_back({unique_name("scratch"), element, std::move(elements), kernel::ArenaPlace{0}});
  const int position = placements_.position(node);
  arena_.push_back({storage, {bytes, position, position}});
  return {storage, 0};
}

void ProgramBuilder::run(LoweredKernel lowered, const Group& group) {
  kernel::RunStep step;
  for (const auto& [storage, offset] : lowered.buffers) step.buffers.push_back(reference(storage, offset));
  step.sizes = std::move(lowered.sizes);
  const std::string name = lowered.kernel.name;
  lowered.kernel.name = "shared";
  std::string text = kernel::print(lowered.kernel);
  lowered.kernel.name = name;
  const auto found = kernels_.find(text);
  if (found != kernels_.end()) {
    step.kernel = found->second;
  } else {
    step.kernel = program_.kernels.push_back(std::move(lowered.kernel));
    kernels_.emplace(std::move(text), step.kernel);
  }
  program_.steps.push_back({std::move(step), group.location, group.layer});
}

void ProgramBuilder::call(kernel::CallStep call, const Group& group) {
  program_.steps.push_back({std::move(call), group.location, group.layer});
}

void ProgramBuilder::guard(const Guard& guard) {
  kernel::GuardStep step;
  step.left = guard.left;
  step.right = guard.right;
  step.relation = guard.relation == Guard::Relation::Equal ? kernel::Relation::Equal : kernel::Relation::LessEqual;
  const std::string_view sign = guard.relation == Guard::Relation::Equal ? "must equal" : "must be at most";
  std::string message;
  for (char c : guard.message) {
    if (c != '{' && c != '}') message += c;
  }
  step.message =
      fmt::format("{}: {} = {{}} {} {} = {{}}", message, guard.left.python_text(), sign, guard.right.python_text());
  program_.steps.push_back({std::move(step), guard.location, {}});
}

// Packing is half of the time from a large model's file to its first result, and every weight is for itself.
void ProgramBuilder::fill_data() {
  constexpr size_t kFloatsForThreads = size_t{1} << 20;
  const auto fill = [](void* fillings, int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const Filling& filling = (*static_cast<std::vector<Filling>*>(fillings))[static_cast<size_t>(i)];
      filling.fill(filling.floats);
    }
  };
  size_t floats = 0;
  for (const Filling& filling : fillings_) floats += filling.floats.size();
  const auto count = static_cast<int64_t>(fillings_.size());
  lathe_thread_pool* pool = nullptr;
  if (floats < kFloatsForThreads || lathe_thread_pool_create(0, &pool) != LATHE_OK) return fill(&fillings_, 0, count);
  lathe_thread_pool_parallel_for(pool, count, 1, fill, &fillings_);
  lathe_thread_pool_destroy(pool);
}

kernel::Program ProgramBuilder::finish() && {
  fill_data();
  std::vector<ArenaRequest> requests;
  for (const Pending& pending : arena_) requests.push_back(pending.request);
  ArenaPlan plan = plan_arena(requests);
  for (size_t i = 0; i < arena_.size(); ++i) {
    program_.storages[arena_[i].storage].place = kernel::ArenaPlace{plan.offsets[i]};
  }
  program_.arena_bytes = plan.total;
  return std::move(program_);
}

}  // namespace lathe::lower
