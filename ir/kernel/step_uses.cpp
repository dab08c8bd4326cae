// One walk over the arguments of a step.
#include "ir/kernel/step_uses.h"

#include "ir/kernel/overloaded.h"

namespace lathe::kernel {
namespace {

// Calls `on_buffer` and `on_run` in the order of the step's text; the buffers of a run are its own.
template <class OnBuffer, class OnRun>
void walk(const Step& step, OnBuffer on_buffer, OnRun on_run) {
  const auto field = [&](const Field& row) {
    std::visit(Overloaded{[&](const PointerField& pointer) { on_buffer(pointer.buffer); },
                          [&](const CallbackField& callback) { on_run(callback.run); }, [](const SignedField&) {},
                          [](const UnsignedField&) {}, [](const FloatField&) {}, [](const NullField&) {}},
               row.value);
  };
  const auto argument = [&](const Argument& row) {
    std::visit(Overloaded{[&](const PointerArgument& pointer) { on_buffer(pointer.buffer); },
                          [&](const StructArgument& structure) {
                            for (const Field& in_structure : structure.fields) field(in_structure);
                          },
                          [](const ExecutionArgument&) {}, [](const NullArgument&) {}, [](const IntegerArgument&) {},
                          [](const FloatArgument&) {}},
               row);
  };
  std::visit(Overloaded{[&](const RunStep& run) { on_run(run); },
                        [&](const CallStep& call) {
                          for (const Argument& row : call.arguments) argument(row);
                        },
                        [](const GuardStep&) {}},
             step.kind);
}

}  // namespace

std::vector<const RunStep*> runs_of(const Step& step) {
  std::vector<const RunStep*> runs;
  walk(step, [](const BufferRef&) {}, [&](const RunStep& run) { runs.push_back(&run); });
  return runs;
}

std::vector<BufferRef> buffers_of(const Step& step) {
  std::vector<BufferRef> buffers;
  walk(
      step, [&](const BufferRef& buffer) { buffers.push_back(buffer); },
      [&](const RunStep& run) { buffers.insert(buffers.end(), run.buffers.begin(), run.buffers.end()); });
  return buffers;
}

IdVector<StorageId, std::optional<Lifetime>> lifetimes(const Program& program) {
  IdVector<StorageId, std::optional<Lifetime>> result;
  for (size_t i = 0; i < program.storages.size(); ++i) result.push_back(std::nullopt);
  for (size_t i = 0; i < program.steps.size(); ++i) {
    for (const BufferRef& buffer : buffers_of(program.steps[i])) {
      std::optional<Lifetime>& lifetime = result[buffer.storage];
      if (!lifetime) lifetime = Lifetime{i, i};
      lifetime->last = i;
    }
  }
  return result;
}

}  // namespace lathe::kernel
