// DataParallel and DistributedDataParallel: the module inside, called as it is; keys begin with `module.`.
#include "compiler/frontend/torch/nn/families.h"
#include "compiler/frontend/torch/nn/layer.h"

namespace lathe::torch {
namespace {

Status make_parallel(LayerBuilder& layer) {
  const Value& module = layer.argument("module");
  if (!is_module(layer.evaluator(), module)) {
    return layer
        .error("module", "TypeError", "{} takes a module, not {}", layer.type_name(),
               layer.evaluator().describe(module))
        .emit();
  }
  layer.module("module", module);
  return {};
}

Result<Value> run_parallel(LayerCall& layer) {
  Evaluator& evaluator = layer.evaluator();
  LATHE_TRY(const Value module, layer.attribute("module"));
  LATHE_TRY(Arguments arguments, passed_on(layer.call()));
  return evaluator.call(module, std::move(arguments), layer.where());
}

constexpr NativeFunctionRow kDataParallel[] = {
    {"__init__", "self, module, device_ids=None, output_device=None, dim=0", constructor<make_parallel>},
    {"forward", "self, *args, **kwargs", forward<run_parallel>},
};
constexpr NativeFunctionRow kDistributed[] = {
    {"__init__", "self, module, device_ids=None, output_device=None, dim=0, **kwargs", constructor<make_parallel>},
    {"forward", "self, *args, **kwargs", forward<run_parallel>},
};
constexpr NativeClassRow kClasses[] = {{"DataParallel", "torch.nn.Module", kDataParallel}};
constexpr NativeClassRow kDistributedClasses[] = {{"DistributedDataParallel", "torch.nn.Module", kDistributed}};

}  // namespace

std::span<const NativeClassRow> parallel_classes() { return kClasses; }
std::span<const NativeClassRow> distributed_classes() { return kDistributedClasses; }

}  // namespace lathe::torch
