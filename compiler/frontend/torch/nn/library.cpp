// The modules of this folder, by the paths under which programs import them.
#include "compiler/frontend/torch/nn/library.h"

#include <algorithm>
#include <vector>

#include "compiler/frontend/torch/nn/families.h"
#include "compiler/frontend/torch/python/evaluator.h"

namespace lathe::torch {
namespace {

/// Functions of torch.nn.functional that torch has too, and that are not those of its own tables.
constexpr std::string_view kInTorch[] = {
    "adaptive_avg_pool1d",
    "adaptive_max_pool1d",
    "alpha_dropout",
    "avg_pool1d",
    "batch_norm",
    "bilinear",
    "celu",
    "celu_",
    "channel_shuffle",
    "conv1d",
    "conv2d",
    "conv3d",
    "conv_transpose1d",
    "conv_transpose2d",
    "conv_transpose3d",
    "cosine_similarity",
    "feature_alpha_dropout",
    "group_norm",
    "hardshrink",
    "instance_norm",
    "layer_norm",
    "max_pool1d",
    "max_pool2d",
    "max_pool3d",
    "pairwise_distance",
    "pixel_shuffle",
    "pixel_unshuffle",
    "prelu",
    "rms_norm",
    "rrelu",
    "selu",
    "selu_",
    "threshold",
    "threshold_",
};

std::vector<NativeFunctionRow> joined(std::initializer_list<std::span<const NativeFunctionRow>> tables) {
  std::vector<NativeFunctionRow> rows;
  for (const auto table : tables) rows.insert(rows.end(), table.begin(), table.end());
  return rows;
}

/// A class of torch.nn under another path.
template <const char* path>
Value alias(Evaluator& evaluator) {
  return Value(evaluator.library_object(path));
}
constexpr char kModule[] = "torch.nn.Module";
constexpr char kParameter[] = "torch.nn.Parameter";
constexpr char kBatchNorm[] = "torch.nn._BatchNorm";
constexpr char kBatchNorm2d[] = "torch.nn.BatchNorm2d";
constexpr char kInstanceNorm[] = "torch.nn._InstanceNorm";
constexpr char kConvNd[] = "torch.nn._ConvNd";
constexpr char kDropoutNd[] = "torch.nn._DropoutNd";
constexpr char kConv2d[] = "torch.nn.Conv2d";
constexpr char kSequential[] = "torch.nn.Sequential";
constexpr char kModuleList[] = "torch.nn.ModuleList";
constexpr char kDataParallel[] = "torch.nn.DataParallel";
constexpr char kLinear[] = "torch.nn.Linear";

constexpr NativeConstantRow kModuleNames[] = {{"Module", alias<kModule>}};
constexpr NativeConstantRow kParameterNames[] = {{"Parameter", alias<kParameter>}};
constexpr NativeConstantRow kBatchNormNames[] = {{"_BatchNorm", alias<kBatchNorm>},
                                                 {"BatchNorm2d", alias<kBatchNorm2d>}};
constexpr NativeConstantRow kInstanceNormNames[] = {{"_InstanceNorm", alias<kInstanceNorm>}};
constexpr NativeConstantRow kConvolutionNames[] = {{"_ConvNd", alias<kConvNd>}, {"Conv2d", alias<kConv2d>}};
constexpr NativeConstantRow kDropoutNames[] = {{"_DropoutNd", alias<kDropoutNd>}};
constexpr NativeConstantRow kContainerNames[] = {{"Sequential", alias<kSequential>},
                                                 {"ModuleList", alias<kModuleList>}};
constexpr NativeConstantRow kParallelNames[] = {{"DataParallel", alias<kDataParallel>}};
constexpr NativeConstantRow kLinearNames[] = {{"Linear", alias<kLinear>}};

/// torch.nn.modules.utils: a number repeated, a sequence as a tuple.
template <size_t count>
Result<Value> repeated(NativeCall& call) {
  const Value& given = call.argument("x");
  const Heap& heap = call.evaluator.heap();
  if (heap.as<TupleObject>(given) != nullptr || heap.as<ListObject>(given) != nullptr) {
    LATHE_TRY(std::vector<Value> items, call.items("x"));
    return call.evaluator.heap().new_tuple(std::move(items));
  }
  return call.evaluator.heap().new_tuple(std::vector<Value>(count, given));
}
constexpr NativeFunctionRow kTupleFunctions[] = {{"_single", "x", repeated<1>},
                                                 {"_pair", "x", repeated<2>},
                                                 {"_triple", "x", repeated<3>},
                                                 {"_quadruple", "x", repeated<4>}};

/// Everything that must outlive the evaluators, made once.
struct Tables {
  std::vector<NativeFunctionRow> functional;
  std::vector<NativeFunctionRow> in_torch;
  std::vector<NativeFunctionRow> module_rows;
  std::vector<NativeClassRow> module_class;
  std::vector<NativeModuleRow> modules;
};

Tables make_tables() {
  Tables tables;
  tables.functional =
      joined({linear_functions(), convolution_functions(), transposed_convolution_functions(), batch_norm_functions(),
              normalization_functions(), activation_functions(), in_place_activation_functions(),
              special_activation_functions(), pooling_functions(), adaptive_pooling_functions(), dropout_functions(),
              arrangement_functions(), padding_functions(), upsampling_functions(), embedding_functions(),
              distance_functions()});
  for (const NativeFunctionRow& row : tables.functional) {
    if (std::ranges::find(kInTorch, row.name) != std::end(kInTorch)) tables.in_torch.push_back(row);
  }
  for (const NativeFunctionRow& row : torch_dropout_functions()) tables.in_torch.push_back(row);
  tables.module_rows =
      joined({module_methods(), module_walk_methods(), module_text_methods(), module_setting_methods()});
  return tables;
}

void add_modules(Tables& tables) {
  tables.module_class = {{"Module", "", tables.module_rows}};
  tables.modules.push_back({"torch.nn", {}, tables.module_class, {}});
  for (const auto classes : {container_classes(),   named_container_classes(),
                             parameter_classes(),   linear_classes(),
                             convolution_classes(), transposed_convolution_classes(),
                             batch_norm_classes(),  normalization_classes(),
                             activation_classes(),  special_activation_classes(),
                             pooling_classes(),     adaptive_pooling_classes(),
                             dropout_classes(),     arrangement_classes(),
                             padding_classes(),     upsampling_classes(),
                             embedding_classes(),   distance_classes(),
                             lazy_classes(),        parallel_classes()}) {
    tables.modules.push_back({"torch.nn", {}, classes, {}});
  }
  tables.modules.push_back({"torch.nn.functional", tables.functional, {}, {}});
  tables.modules.push_back({"torch", tables.in_torch, {}, {}});
  tables.modules.push_back({"torch.nn.parallel", {}, distributed_classes(), kParallelNames});
  tables.modules.push_back({"torch.nn.utils.parametrizations", parametrization_functions(), {}, {}});
  tables.modules.push_back({"torch.nn.init", initialization_functions(), {}, {}});
  tables.modules.push_back({"torch.nn.utils", utility_functions(), {}, {}});
  tables.modules.push_back({"torch.optim", {}, training_classes(), {}});
  tables.modules.push_back({"torch.optim.lr_scheduler", {}, scheduler_classes(), {}});
  tables.modules.push_back({"torch.nn.parameter", {}, {}, kParameterNames});
  tables.modules.push_back({"torch.nn.modules", {}, {}, kModuleNames});
  tables.modules.push_back({"torch.nn.modules.module", {}, {}, kModuleNames});
  tables.modules.push_back({"torch.nn.modules.batchnorm", {}, {}, kBatchNormNames});
  tables.modules.push_back({"torch.nn.modules.instancenorm", {}, {}, kInstanceNormNames});
  tables.modules.push_back({"torch.nn.modules.dropout", {}, {}, kDropoutNames});
  tables.modules.push_back({"torch.nn.modules.conv", {}, {}, kConvolutionNames});
  tables.modules.push_back({"torch.nn.modules.container", {}, {}, kContainerNames});
  tables.modules.push_back({"torch.nn.modules.linear", {}, {}, kLinearNames});
  tables.modules.push_back({"torch.nn.modules.utils", kTupleFunctions, {}, {}});
}

}  // namespace

std::span<const NativeModuleRow> nn_library() {
  static const Tables tables = [] {
    Tables made = make_tables();
    add_modules(made);
    return made;
  }();
  return tables.modules;
}

}  // namespace lathe::torch
