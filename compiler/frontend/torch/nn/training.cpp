// torch.optim and torch.nn.utils: what training scripts hold. Optimizers may be made; a step is not supported, for
// Lathe compiles what a model computes and does not train it.
#include "compiler/frontend/torch/nn/families.h"
#include "compiler/frontend/torch/nn/layer.h"

namespace lathe::torch {
namespace {

Result<Value> nothing(NativeCall&) { return Value(NoneValue{}); }

Result<Value> step(NativeCall& call) {
  return call.evaluator.unsupported(
      call.where,
      "training: an optimizer's step. Lathe compiles the model as it is; train it with PyTorch and give the "
      "weights as a file");
}

Result<Value> empty_dict(NativeCall& call) { return Value(call.evaluator.heap().add(DictObject{})); }
Result<Value> no_rates(NativeCall& call) { return call.evaluator.heap().new_list({Value(0.0)}); }

constexpr NativeFunctionRow kOptimizer[] = {
    {"__init__", "self, params, *args, **kwargs", nothing}, {"step", "self, *args, **kwargs", step},
    {"zero_grad", "self, set_to_none=True", nothing},       {"state_dict", "self", empty_dict},
    {"load_state_dict", "self, state_dict", nothing},       {"add_param_group", "self, param_group", nothing},
};
constexpr NativeFunctionRow kScheduler[] = {
    {"__init__", "self, optimizer, *args, **kwargs", nothing},
    {"step", "self, *args, **kwargs", step},
    {"state_dict", "self", empty_dict},
    {"load_state_dict", "self, state_dict", nothing},
    {"get_last_lr", "self", no_rates},
};

constexpr std::string_view kOptimizerBase = "torch.optim.Optimizer";
constexpr NativeClassRow kOptimizers[] = {
    {"Optimizer", "", kOptimizer},   {"SGD", kOptimizerBase, {}},        {"Adam", kOptimizerBase, {}},
    {"AdamW", kOptimizerBase, {}},   {"Adamax", kOptimizerBase, {}},     {"NAdam", kOptimizerBase, {}},
    {"RAdam", kOptimizerBase, {}},   {"Adagrad", kOptimizerBase, {}},    {"Adadelta", kOptimizerBase, {}},
    {"RMSprop", kOptimizerBase, {}}, {"Rprop", kOptimizerBase, {}},      {"ASGD", kOptimizerBase, {}},
    {"LBFGS", kOptimizerBase, {}},   {"SparseAdam", kOptimizerBase, {}},
};
constexpr std::string_view kSchedulerBase = "torch.optim.lr_scheduler.LRScheduler";
constexpr NativeClassRow kSchedulers[] = {
    {"LRScheduler", "", kScheduler},           {"_LRScheduler", kSchedulerBase, {}},
    {"LambdaLR", kSchedulerBase, {}},          {"StepLR", kSchedulerBase, {}},
    {"MultiStepLR", kSchedulerBase, {}},       {"ExponentialLR", kSchedulerBase, {}},
    {"LinearLR", kSchedulerBase, {}},          {"ConstantLR", kSchedulerBase, {}},
    {"SequentialLR", kSchedulerBase, {}},      {"PolynomialLR", kSchedulerBase, {}},
    {"CosineAnnealingLR", kSchedulerBase, {}}, {"CosineAnnealingWarmRestarts", kSchedulerBase, {}},
    {"ReduceLROnPlateau", kSchedulerBase, {}}, {"OneCycleLR", kSchedulerBase, {}},
    {"CyclicLR", kSchedulerBase, {}},
};

}  // namespace

std::span<const NativeClassRow> training_classes() { return kOptimizers; }
std::span<const NativeClassRow> scheduler_classes() { return kSchedulers; }

}  // namespace lathe::torch
