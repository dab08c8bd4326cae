// The layers and functions of losses. Both read the same settings: a function from its arguments, a layer from its
// attributes.
#include "compiler/frontend/torch/nn/layer.h"
#include "compiler/frontend/torch/sequence/families.h"
#include "compiler/frontend/torch/sequence/losses.h"

namespace lathe::torch {
namespace {

std::vector<std::string_view> words(std::string_view text) {
  std::vector<std::string_view> result;
  while (!text.empty()) {
    const size_t end = std::min(text.find(' '), text.size());
    if (end > 0) result.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return result;
}

// ---- settings

Result<double> number_of(const Operation& operation, std::string_view name, const Value& value) {
  if (const auto* number = std::get_if<double>(&value)) return *number;
  if (const auto* truth = std::get_if<bool>(&value)) return *truth ? 1.0 : 0.0;
  if (const auto* dim = std::get_if<Dim>(&value); dim != nullptr && dim->is_constant()) {
    return static_cast<double>(dim->constant());
  }
  return operation
      .error(DiagnosticKind::BadArgument, "TypeError", "{} of {} is {}; it must be a number", name, operation.name(),
             operation.evaluator().describe(value))
      .emit();
}

Status set_reduction(const Operation& operation, const Value& value, LossSettings& settings) {
  const std::string* text = operation.evaluator().heap().string(value);
  if (text == nullptr) {
    return operation
        .error(DiagnosticKind::BadArgument, "ValueError", "reduction of {} is {}; it may be 'none', 'mean' or 'sum'",
               operation.name(), operation.evaluator().describe(value))
        .emit();
  }
  settings.reduction = *text;
  return {};
}

Status set_setting(const Operation& operation, std::string_view name, const Value& value, LossSettings& settings) {
  if (is_unknown(value)) return Failure{};
  if (name == "reduction") return set_reduction(operation, value, settings);
  if (name == "weight" || name == "pos_weight") {
    ValueId& target = name == "weight" ? settings.weight : settings.pos_weight;
    LATHE_TRY(target, operation.optional_value(value, fmt::format("`{}`", name)));
    return {};
  }
  struct Flag {
    std::string_view name;
    bool LossSettings::* field;
  };
  constexpr Flag kFlags[] = {{"log_target", &LossSettings::log_target},
                             {"log_input", &LossSettings::log_input},
                             {"full", &LossSettings::full},
                             {"swap", &LossSettings::swap}};
  for (const Flag& flag : kFlags) {
    if (flag.name != name) continue;
    LATHE_TRY(settings.*flag.field, operation.evaluator().truth(value, operation.where()));
    return {};
  }
  LATHE_TRY(const double number, number_of(operation, name, value));
  struct Number {
    std::string_view name;
    double LossSettings::* field;
  };
  constexpr Number kNumbers[] = {
      {"margin", &LossSettings::margin}, {"beta", &LossSettings::beta},
      {"delta", &LossSettings::delta},   {"p", &LossSettings::p},
      {"eps", &LossSettings::eps},       {"label_smoothing", &LossSettings::label_smoothing}};
  for (const Number& row : kNumbers) {
    if (row.name != name) continue;
    settings.*row.field = number;
    return {};
  }
  LATHE_CHECK(name == "ignore_index");
  settings.ignore_index = static_cast<int64_t>(number);
  return {};
}

// The old arguments size_average and reduce, which decide when one of them is given.
Result<Value> reduction_of(NativeCall& call) {
  if (call.is_none("size_average") && call.is_none("reduce")) return call.argument("reduction");
  const auto flag = [&](std::string_view name) -> Result<bool> {
    if (call.is_none(name)) return true;
    return call.truth(name);
  };
  LATHE_TRY(const bool average, flag("size_average"));
  LATHE_TRY(const bool reduce, flag("reduce"));
  return call.evaluator.heap().new_string(!reduce ? "none" : average ? "mean" : "sum");
}

bool has_parameter(const NativeCall& call, std::string_view name) {
  return std::find(call.parameters.begin(), call.parameters.end(), name) != call.parameters.end();
}

// ---- layers and functions of a row

template <const LossRow& row>
Status make_loss(LayerBuilder& layer) {
  for (const std::string_view name : words(row.settings)) {
    if (name == "reduction" && has_parameter(layer.call(), "reduce")) {
      LATHE_TRY(const Value reduction, reduction_of(layer.call()));
      layer.set("reduction", reduction);
    } else if (name == "weight" || name == "pos_weight") {
      register_buffer(layer.evaluator(), layer.self(), name, layer.argument(name));
    } else {
      layer.keep({name});
    }
  }
  return {};
}

template <const LossRow& row>
Result<Value> run_loss(LayerCall& layer) {
  std::vector<ValueId> tensors;
  for (const std::string_view name : words(row.tensors)) {
    LATHE_TRY(const ValueId tensor, layer.input(name));
    tensors.push_back(tensor);
  }
  LossSettings settings;
  for (const std::string_view name : words(row.settings)) {
    LATHE_TRY(const Value value, layer.attribute(name));
    LATHE_TRY_VOID(set_setting(layer, name, value, settings));
  }
  return layer.result(row.compute(layer, tensors, settings));
}

template <const LossRow& row>
Result<Value> loss_function(NativeCall& call, Operation& operation) {
  std::vector<ValueId> tensors;
  for (const std::string_view name : words(row.tensors)) {
    LATHE_TRY(const ValueId tensor, operation.value(call.argument(name), fmt::format("`{}`", name)));
    tensors.push_back(tensor);
  }
  LossSettings settings;
  for (const std::string_view name : words(row.settings)) {
    if (name == "reduction" && has_parameter(call, "reduce")) {
      LATHE_TRY(const Value reduction, reduction_of(call));
      LATHE_TRY_VOID(set_setting(operation, name, reduction, settings));
    } else if (has_parameter(call, name)) {
      LATHE_TRY_VOID(set_setting(operation, name, call.argument(name), settings));
    }
  }
  return operation.result(row.compute(operation, tensors, settings));
}

// A loss as a layer: its constructor and forward, with the parameters of both.
template <const LossRow& row>
constexpr NativeFunctionRow constructor_of(std::string_view parameters) {
  return {"__init__", parameters, constructor<make_loss<row>>};
}
template <const LossRow& row>
constexpr NativeFunctionRow forward_of(std::string_view parameters) {
  return {"forward", parameters, forward<run_loss<row>>};
}
template <const LossRow& row>
constexpr NativeFunctionRow function_of(std::string_view name, std::string_view parameters) {
  return {name, parameters, tensor_function<loss_function<row>>};
}

constexpr std::string_view kPair = "self, input, target";
constexpr std::string_view kPlain = "self, size_average=None, reduce=None, reduction='mean'";
constexpr std::string_view kPlainFunction = "input, target, size_average=None, reduce=None, reduction='mean'";

constexpr LossRow kMse{"input target", "reduction", mse_loss};
constexpr LossRow kL1{"input target", "reduction", l1_loss};
constexpr LossRow kSmoothL1{"input target", "reduction beta", smooth_l1_loss};
constexpr LossRow kHuber{"input target", "reduction delta", huber_loss};
constexpr LossRow kBce{"input target", "weight reduction", bce_loss};
constexpr LossRow kBceLogits{"input target", "weight reduction pos_weight", bce_logits_loss};
constexpr LossRow kKl{"input target", "reduction log_target", kl_loss};
constexpr LossRow kSoftMargin{"input target", "reduction", soft_margin_loss};
constexpr LossRow kHinge{"input target", "margin reduction", hinge_embedding_loss};
constexpr LossRow kPoisson{"input target", "log_input full eps reduction", poisson_loss};
constexpr LossRow kGaussian{"input target var", "full eps reduction", gaussian_loss};
constexpr LossRow kMultilabel{"input target", "weight reduction", multilabel_soft_margin_loss};
constexpr LossRow kNll{"input target", "weight ignore_index reduction", nll_loss};
constexpr LossRow kCrossEntropy{"input target", "weight ignore_index reduction label_smoothing", cross_entropy_loss};
constexpr LossRow kCosine{"input1 input2 target", "margin reduction", cosine_embedding_loss};
constexpr LossRow kRanking{"input1 input2 target", "margin reduction", margin_ranking_loss};
constexpr LossRow kTriplet{"anchor positive negative", "margin p eps swap reduction", triplet_margin_loss};

constexpr NativeFunctionRow kMseLayer[] = {constructor_of<kMse>(kPlain), forward_of<kMse>(kPair)};
constexpr NativeFunctionRow kL1Layer[] = {constructor_of<kL1>(kPlain), forward_of<kL1>(kPair)};
constexpr NativeFunctionRow kSmoothL1Layer[] = {
    constructor_of<kSmoothL1>("self, size_average=None, reduce=None, reduction='mean', beta=1.0"),
    forward_of<kSmoothL1>(kPair)};
constexpr NativeFunctionRow kHuberLayer[] = {constructor_of<kHuber>("self, reduction='mean', delta=1.0"),
                                             forward_of<kHuber>(kPair)};
constexpr NativeFunctionRow kBceLayer[] = {
    constructor_of<kBce>("self, weight=None, size_average=None, reduce=None, reduction='mean'"),
    forward_of<kBce>(kPair)};
constexpr NativeFunctionRow kBceLogitsLayer[] = {
    constructor_of<kBceLogits>("self, weight=None, size_average=None, reduce=None, reduction='mean', pos_weight=None"),
    forward_of<kBceLogits>(kPair)};
constexpr NativeFunctionRow kKlLayer[] = {
    constructor_of<kKl>("self, size_average=None, reduce=None, reduction='mean', log_target=False"),
    forward_of<kKl>(kPair)};
constexpr NativeFunctionRow kSoftMarginLayer[] = {constructor_of<kSoftMargin>(kPlain), forward_of<kSoftMargin>(kPair)};
constexpr NativeFunctionRow kHingeLayer[] = {
    constructor_of<kHinge>("self, margin=1.0, size_average=None, reduce=None, reduction='mean'"),
    forward_of<kHinge>(kPair)};
constexpr NativeFunctionRow kPoissonLayer[] = {
    constructor_of<kPoisson>(
        "self, log_input=True, full=False, size_average=None, eps=1e-8, reduce=None, reduction='mean'"),
    forward_of<kPoisson>("self, input, target")};
constexpr NativeFunctionRow kGaussianLayer[] = {
    constructor_of<kGaussian>("self, *, full=False, eps=1e-6, reduction='mean'"),
    forward_of<kGaussian>("self, input, target, var")};
constexpr NativeFunctionRow kMultilabelLayer[] = {
    constructor_of<kMultilabel>("self, weight=None, size_average=None, reduce=None, reduction='mean'"),
    forward_of<kMultilabel>(kPair)};
constexpr NativeFunctionRow kNllLayer[] = {
    constructor_of<kNll>("self, weight=None, size_average=None, ignore_index=-100, reduce=None, reduction='mean'"),
    forward_of<kNll>(kPair)};
constexpr NativeFunctionRow kCrossEntropyLayer[] = {
    constructor_of<kCrossEntropy>("self, weight=None, size_average=None, ignore_index=-100, reduce=None, "
                                  "reduction='mean', label_smoothing=0.0"),
    forward_of<kCrossEntropy>(kPair)};
constexpr NativeFunctionRow kCosineLayer[] = {
    constructor_of<kCosine>("self, margin=0.0, size_average=None, reduce=None, reduction='mean'"),
    forward_of<kCosine>("self, input1, input2, target")};
constexpr NativeFunctionRow kRankingLayer[] = {
    constructor_of<kRanking>("self, margin=0.0, size_average=None, reduce=None, reduction='mean'"),
    forward_of<kRanking>("self, input1, input2, target")};
constexpr NativeFunctionRow kTripletLayer[] = {
    constructor_of<kTriplet>("self, margin=1.0, p=2.0, eps=1e-6, swap=False, size_average=None, reduce=None, "
                             "reduction='mean'"),
    forward_of<kTriplet>("self, anchor, positive, negative")};

constexpr std::string_view kModule = "torch.nn.Module";
constexpr NativeClassRow kClasses[] = {
    {"MSELoss", kModule, kMseLayer},
    {"L1Loss", kModule, kL1Layer},
    {"SmoothL1Loss", kModule, kSmoothL1Layer},
    {"HuberLoss", kModule, kHuberLayer},
    {"BCELoss", kModule, kBceLayer},
    {"BCEWithLogitsLoss", kModule, kBceLogitsLayer},
    {"KLDivLoss", kModule, kKlLayer},
    {"SoftMarginLoss", kModule, kSoftMarginLayer},
    {"HingeEmbeddingLoss", kModule, kHingeLayer},
    {"PoissonNLLLoss", kModule, kPoissonLayer},
    {"GaussianNLLLoss", kModule, kGaussianLayer},
    {"MultiLabelSoftMarginLoss", kModule, kMultilabelLayer},
    {"NLLLoss", kModule, kNllLayer},
    {"CrossEntropyLoss", kModule, kCrossEntropyLayer},
    {"CosineEmbeddingLoss", kModule, kCosineLayer},
    {"MarginRankingLoss", kModule, kRankingLayer},
    {"TripletMarginLoss", kModule, kTripletLayer},
};

Result<Value> refuse_ctc(NativeCall& call) {
  return call.evaluator.unsupported(call.where, "the CTC loss, which is for training");
}

constexpr NativeFunctionRow kFunctions[] = {
    function_of<kMse>("mse_loss", kPlainFunction),
    function_of<kL1>("l1_loss", kPlainFunction),
    function_of<kSmoothL1>("smooth_l1_loss",
                           "input, target, size_average=None, reduce=None, reduction='mean', beta=1.0"),
    function_of<kHuber>("huber_loss", "input, target, reduction='mean', delta=1.0"),
    function_of<kBce>("binary_cross_entropy",
                      "input, target, weight=None, size_average=None, reduce=None, reduction='mean'"),
    function_of<kBceLogits>("binary_cross_entropy_with_logits",
                            "input, target, weight=None, size_average=None, reduce=None, reduction='mean', "
                            "pos_weight=None"),
    function_of<kKl>("kl_div", "input, target, size_average=None, reduce=None, reduction='mean', log_target=False"),
    function_of<kSoftMargin>("soft_margin_loss", kPlainFunction),
    function_of<kHinge>("hinge_embedding_loss",
                        "input, target, margin=1.0, size_average=None, reduce=None, reduction='mean'"),
    function_of<kPoisson>("poisson_nll_loss",
                          "input, target, log_input=True, full=False, size_average=None, eps=1e-8, reduce=None, "
                          "reduction='mean'"),
    function_of<kGaussian>("gaussian_nll_loss", "input, target, var, full=False, eps=1e-6, reduction='mean'"),
    function_of<kMultilabel>("multilabel_soft_margin_loss",
                             "input, target, weight=None, size_average=None, reduce=None, reduction='mean'"),
    function_of<kNll>("nll_loss",
                      "input, target, weight=None, size_average=None, ignore_index=-100, reduce=None, "
                      "reduction='mean'"),
    function_of<kCrossEntropy>("cross_entropy",
                               "input, target, weight=None, size_average=None, ignore_index=-100, reduce=None, "
                               "reduction='mean', label_smoothing=0.0"),
    function_of<kCosine>("cosine_embedding_loss",
                         "input1, input2, target, margin=0, size_average=None, reduce=None, reduction='mean'"),
    function_of<kRanking>("margin_ranking_loss",
                          "input1, input2, target, margin=0, size_average=None, reduce=None, reduction='mean'"),
    function_of<kTriplet>("triplet_margin_loss",
                          "anchor, positive, negative, margin=1.0, p=2, eps=1e-6, swap=False, size_average=None, "
                          "reduce=None, reduction='mean'"),
    {"ctc_loss", "*args, **kwargs", refuse_ctc},
};

}  // namespace

std::span<const NativeClassRow> loss_classes() { return kClasses; }
std::span<const NativeFunctionRow> loss_functions() { return kFunctions; }

}  // namespace lathe::torch
