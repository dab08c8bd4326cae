// What models take from timm.layers: DropPath, Mlp, tuples of sizes.
#include <algorithm>

#include "compiler/frontend/torch/sequence/families.h"
#include "compiler/frontend/torch/sequence/stack.h"

namespace lathe::torch {
namespace {

// ---- DropPath: whole samples are dropped in train mode only

Status make_drop_path(LayerBuilder& layer) {
  if (!layer.is_none("drop_prob")) {
    LATHE_TRY_VOID(layer.probability("drop_prob"));
  }
  layer.keep({"drop_prob", "scale_by_keep"});
  return {};
}

Result<Value> run_drop_path(LayerCall& layer) {
  LATHE_TRY_VOID(layer.input_tensor("x"));
  LATHE_TRY(const bool training, layer.training());
  LATHE_TRY(const bool absent, layer.is_none("drop_prob"));
  if (!training || absent) return layer.argument("x");
  LATHE_TRY(const double probability, layer.number("drop_prob"));
  if (probability == 0) return layer.argument("x");
  return layer.unsupported("DropPath in train mode");
}

// ---- Mlp

Status make_mlp(LayerBuilder& layer) {
  LATHE_TRY(const int64_t in, layer.size("in_features", 1));
  const auto or_else = [&](std::string_view parameter, int64_t otherwise) -> Result<int64_t> {
    if (layer.is_none(parameter)) return otherwise;
    return layer.size(parameter, 1);
  };
  LATHE_TRY(const int64_t hidden, or_else("hidden_features", in));
  LATHE_TRY(const int64_t out, or_else("out_features", in));
  LATHE_TRY(const bool bias, layer.flag("bias"));
  LATHE_TRY(const Value first, layer.make("torch.nn.Linear", {integer(in), integer(hidden), Value(bias)}));
  layer.module("fc1", first);
  Evaluator& evaluator = layer.evaluator();
  Value act_class = layer.argument("act_layer");
  if (is_none(act_class)) act_class = Value(evaluator.library_object("torch.nn.GELU"));
  LATHE_TRY(const Value activation, evaluator.call(act_class, {}, layer.call().where));
  layer.module("act", activation);
  LATHE_TRY(const Value drop1, layer.make("torch.nn.Dropout", {layer.argument("drop")}));
  layer.module("drop1", drop1);
  Value norm;
  if (layer.is_none("norm_layer")) {
    LATHE_TRY(norm, layer.make("torch.nn.Identity", {}));
  } else {
    LATHE_TRY(norm,
              evaluator.call(layer.argument("norm_layer"),
                             {.positional = {integer(hidden)}, .keywords = {}, .places = {}}, layer.call().where));
  }
  layer.module("norm", norm);
  LATHE_TRY(const Value second, layer.make("torch.nn.Linear", {integer(hidden), integer(out), Value(bias)}));
  layer.module("fc2", second);
  LATHE_TRY(const Value drop2, layer.make("torch.nn.Dropout", {layer.argument("drop")}));
  layer.module("drop2", drop2);
  return {};
}

Result<Value> run_mlp(LayerCall& layer) {
  Value value = layer.argument("x");
  for (const std::string_view part : {"fc1", "act", "drop1", "norm", "fc2", "drop2"}) {
    LATHE_TRY(value, call_part(layer, part, {value}));
  }
  return value;
}

// ---- to_2tuple and its kind

template <int64_t count>
Result<Value> to_tuple(NativeCall& call) {
  const Value& x = call.argument("x");
  Heap& heap = call.evaluator.heap();
  if (const auto* list = heap.as<ListObject>(x)) return heap.new_tuple(list->items);
  if (heap.as<TupleObject>(x) != nullptr) return x;
  return heap.new_tuple(std::vector<Value>(static_cast<size_t>(count), x));
}

Result<Value> make_divisible(NativeCall& call) {
  LATHE_TRY(const double value, call.number("v"));
  LATHE_TRY(const int64_t divisor, call.known_integer("divisor"));
  int64_t least = divisor;
  if (!call.is_none("min_value")) {
    LATHE_TRY(least, call.known_integer("min_value"));
  }
  LATHE_TRY(const double limit, call.number("round_limit"));
  if (divisor <= 0) {
    return call.error(DiagnosticKind::BadArgument, "ValueError", "divisor is {}; it must be above 0", divisor).emit();
  }
  int64_t result = std::max(least, static_cast<int64_t>(value + static_cast<double>(divisor) / 2) / divisor * divisor);
  if (static_cast<double>(result) < limit * value) result += divisor;
  return integer(result);
}

Result<Value> truncated_normal(NativeCall& call) {
  Arguments arguments{.positional = {call.argument("tensor")}, .keywords = {}, .places = {}};
  for (const std::string_view name : {"mean", "std", "a", "b"}) {
    arguments.keywords.emplace_back(call.evaluator.name(name), call.argument(name));
  }
  return call.evaluator.call(Value(call.evaluator.library_object("torch.nn.init.trunc_normal_")), std::move(arguments),
                             call.where);
}

Result<Value> same_function(NativeCall& call) { return call.argument("fn"); }

constexpr NativeFunctionRow kFunctions[] = {
    {"to_1tuple", "x", to_tuple<1>},
    {"to_2tuple", "x", to_tuple<2>},
    {"to_3tuple", "x", to_tuple<3>},
    {"to_4tuple", "x", to_tuple<4>},
    {"make_divisible", "v, divisor=8, min_value=None, round_limit=0.9", make_divisible},
    {"trunc_normal_", "tensor, mean=0.0, std=1.0, a=-2.0, b=2.0", truncated_normal},
    {"register_model", "fn", same_function},
};

constexpr NativeFunctionRow kDropPath[] = {
    {"__init__", "self, drop_prob=0.0, scale_by_keep=True", constructor<make_drop_path>},
    {"forward", "self, x", forward<run_drop_path>},
};
constexpr NativeFunctionRow kMlp[] = {
    {"__init__",
     "self, in_features, hidden_features=None, out_features=None, act_layer=None, norm_layer=None, bias=True, drop=0.0",
     constructor<make_mlp>},
    {"forward", "self, x", forward<run_mlp>},
};
constexpr NativeClassRow kClasses[] = {
    {"DropPath", "torch.nn.Module", kDropPath},
    {"Mlp", "torch.nn.Module", kMlp},
};

}  // namespace

std::span<const NativeFunctionRow> timm_functions() { return kFunctions; }
std::span<const NativeClassRow> timm_classes() { return kClasses; }

}  // namespace lathe::torch
