// nn.MultiheadAttention.
#include <cmath>

#include "compiler/frontend/torch/nn/compute.h"
#include "compiler/frontend/torch/nn/layer.h"
#include "compiler/frontend/torch/sequence/attention.h"
#include "compiler/frontend/torch/sequence/families.h"

namespace lathe::torch {
namespace {

Initialization xavier_uniform(int64_t rows, int64_t columns) {
  return {.kind = Initialization::Kind::Uniform, .bound = std::sqrt(6.0 / static_cast<double>(rows + columns))};
}

Status make_attention(LayerBuilder& layer) {
  LATHE_TRY(const int64_t features, layer.size("embed_dim", 1));
  LATHE_TRY(const int64_t heads, layer.size("num_heads", 1));
  if (features % heads != 0) {
    return layer.error("num_heads", "AssertionError", "num_heads = {} does not divide embed_dim = {}", heads, features)
        .emit();
  }
  LATHE_TRY_VOID(layer.probability("dropout"));
  LATHE_TRY(const bool bias, layer.flag("bias"));
  LATHE_TRY(const bool bias_kv, layer.flag("add_bias_kv"));
  const auto features_of = [&](std::string_view parameter) -> Result<int64_t> {
    if (layer.is_none(parameter)) return features;
    return layer.size(parameter, 1);
  };
  LATHE_TRY(const int64_t keys, features_of("kdim"));
  LATHE_TRY(const int64_t values, features_of("vdim"));
  const bool packed = keys == features && values == features;
  const ElementType element = layer.element();
  layer.keep({"embed_dim", "num_heads", "dropout", "batch_first", "add_zero_attn"});
  layer.set("kdim", keys);
  layer.set("vdim", values);
  layer.set("head_dim", features / heads);
  layer.set_flag("_qkv_same_embed_dim", packed);
  if (packed) {
    LATHE_TRY_VOID(
        layer.parameter("in_proj_weight", {3 * features, features}, xavier_uniform(3 * features, features), element));
    for (const std::string_view name : {"q_proj_weight", "k_proj_weight", "v_proj_weight"}) {
      layer.absent_parameter(name);
    }
  } else {
    LATHE_TRY_VOID(layer.parameter("q_proj_weight", {features, features}, xavier_uniform(features, features), element));
    LATHE_TRY_VOID(layer.parameter("k_proj_weight", {features, keys}, xavier_uniform(features, keys), element));
    LATHE_TRY_VOID(layer.parameter("v_proj_weight", {features, values}, xavier_uniform(features, values), element));
    layer.absent_parameter("in_proj_weight");
  }
  if (bias) {
    LATHE_TRY_VOID(layer.parameter("in_proj_bias", {3 * features}, {}, element));
  } else {
    layer.absent_parameter("in_proj_bias");
  }
  LATHE_TRY(const Value projection, layer.make("torch.nn.Linear", {integer(features), integer(features), Value(bias)}));
  layer.module("out_proj", projection);
  if (bias) {
    const auto bias_value = registered(layer.evaluator(), std::get<ObjectId>(projection), Registry::Parameters, "bias");
    if (const auto* tensor = bias_value ? std::get_if<TensorId>(&*bias_value) : nullptr) {
      LATHE_TRY_VOID(layer.tracer().set_initialization(*tensor, {}));
    }
  }
  for (const std::string_view name : {"bias_k", "bias_v"}) {
    if (!bias_kv) {
      layer.absent_parameter(name);
      continue;
    }
    const Initialization normal{.kind = Initialization::Kind::Normal,
                                .bound = std::sqrt(1.0 / static_cast<double>(features))};
    LATHE_TRY_VOID(layer.parameter(name, {1, 1, features}, normal, element));
  }
  return {};
}

// One call: queries, keys and values as [L, N, E], and what becomes of them.
class HeadsWriter {
 public:
  explicit HeadsWriter(LayerCall& layer) : layer_(layer), formula_(layer) {}

  Result<Value> run() {
    LATHE_TRY_VOID(read_settings());
    LATHE_TRY_VOID(read_inputs());
    LATHE_TRY_VOID(project());
    LATHE_TRY_VOID(append_biases());
    LATHE_TRY_VOID(read_masks());
    const Dim length = formula_.dims(q_)[0];
    const Dim keys = formula_.dims(k_)[0];
    // [N, heads, length, features of a head]
    const auto split = [&](ValueId x, const Dim& count) {
      return formula_.transpose(formula_.reshape(x, {count, batch_, Dim(heads_), Dim(features_ / heads_)}),
                                {1, 2, 0, 3});
    };
    const ValueId q = split(q_, length);
    const ValueId k = split(k_, keys);
    const ValueId v = split(v_, keys);
    if (!formula_.ok()) return Failure{};
    const int64_t head_features = features_ / heads_;
    const double scale = 1.0 / std::sqrt(static_cast<double>(head_features));
    LATHE_TRY(const AttentionResults results, attend(layer_, q, k, v, mask_, scale, training_ ? dropout_ : 0));
    const ValueId joined =
        formula_.reshape(formula_.transpose(results.output, {2, 0, 1, 3}), {length * batch_, Dim(features_)});
    if (!formula_.ok()) return Failure{};
    LATHE_TRY(const ValueId weight, projection("weight"));
    LATHE_TRY(const ValueId bias, projection("bias"));
    ValueId output = formula_.take(linear(layer_, joined, weight, bias));
    output = formula_.reshape(output, {length, batch_, Dim(features_)});
    if (!batched_) {
      output = formula_.squeeze(output, {1});
    } else if (batch_first_) {
      output = formula_.transpose(output, {1, 0, 2});
    }
    if (!formula_.ok()) return Failure{};
    Value weights{NoneValue{}};
    if (need_weights_) {
      LATHE_TRY(weights, weights_result(results.weights));
    }
    LATHE_TRY(const Value first, layer_.result(output));
    return layer_.evaluator().heap().new_tuple({first, weights});
  }

 private:
  Status read_settings() {
    LATHE_TRY(features_, layer_.integer("embed_dim"));
    LATHE_TRY(heads_, layer_.integer("num_heads"));
    LATHE_TRY(key_features_, layer_.integer("kdim"));
    LATHE_TRY(value_features_, layer_.integer("vdim"));
    LATHE_TRY(dropout_, layer_.number("dropout"));
    LATHE_TRY(batch_first_, layer_.flag("batch_first"));
    LATHE_TRY(zero_attention_, layer_.flag("add_zero_attn"));
    LATHE_TRY(training_, layer_.training());
    NativeCall& call = layer_.call();
    LATHE_TRY(need_weights_, call.truth("need_weights"));
    LATHE_TRY(average_, call.truth("average_attn_weights"));
    LATHE_TRY(const bool is_causal, call.truth("is_causal"));
    if (is_causal && call.is_none("attn_mask")) {
      return layer_
          .error(DiagnosticKind::BadArgument, "RuntimeError",
                 "is_causal=True of MultiheadAttention only says what attn_mask is; attn_mask is None")
          .emit();
    }
    return {};
  }

  Status require_rank(std::string_view name, ValueId x, size_t rank) {
    if (layer_.rank(x) == rank) return {};
    return layer_
        .error(DiagnosticKind::RankMismatch, "RuntimeError", "{} takes {} of {} axes like its query {}, it gets {}",
               layer_.name(), name, rank, layer_.shape_text(q_), layer_.shape_text(x))
        .emit();
  }

  Status require_features(std::string_view name, ValueId x, int64_t wanted) {
    const Dim& have = layer_.dims(x).back();
    return layer_.require_equal(
        DiagnosticKind::FeatureMismatch, "RuntimeError", have, Dim(wanted),
        fmt::format("{} wants {} on the last axis of its {}, which has {}: {}", layer_.name(),
                    counted(Dim(wanted), "feature"), name, have.python_text(), layer_.shape_text(x)));
  }

  Status read_inputs() {
    LATHE_TRY(q_, layer_.input("query"));
    LATHE_TRY(k_, layer_.input("key"));
    LATHE_TRY(v_, layer_.input("value"));
    same_ = layer_.argument("query") == layer_.argument("key") && layer_.argument("key") == layer_.argument("value");
    const size_t rank = layer_.rank(q_);
    if (rank != 2 && rank != 3) {
      return layer_
          .error(DiagnosticKind::RankMismatch, "RuntimeError",
                 "{} takes {} or one sequence (length, features), its query has rank {}: {}", layer_.name(),
                 batch_first_ ? "(batch, length, features)" : "(length, batch, features)", rank, layer_.shape_text(q_))
          .emit();
    }
    batched_ = rank == 3;
    LATHE_TRY_VOID(require_rank("a key", k_, rank));
    LATHE_TRY_VOID(require_rank("a value", v_, rank));
    LATHE_TRY_VOID(require_features("query", q_, features_));
    LATHE_TRY_VOID(require_features("key", k_, key_features_));
    LATHE_TRY_VOID(require_features("value", v_, value_features_));
    for (ValueId* x : {&q_, &k_, &v_}) {
      if (!batched_) {
        *x = formula_.unsqueeze(*x, {1});
      } else if (batch_first_) {
        *x = formula_.transpose(*x, {1, 0, 2});
      }
    }
    if (!formula_.ok()) return Failure{};
    if (same_) k_ = v_ = q_;
    batch_ = layer_.dims(q_)[1];
    const std::string shapes =
        fmt::format("query {}, key {}, value {}", text_of("query"), text_of("key"), text_of("value"));
    LATHE_TRY_VOID(
        layer_.require_equal(DiagnosticKind::ShapeMismatch, "RuntimeError", layer_.dims(k_)[0], layer_.dims(v_)[0],
                             fmt::format("key and value of {} have {} and {} positions: {}", layer_.name(),
                                         layer_.dims(k_)[0].python_text(), layer_.dims(v_)[0].python_text(), shapes)));
    for (const ValueId x : {k_, v_}) {
      LATHE_TRY_VOID(layer_.require_equal(DiagnosticKind::ShapeMismatch, "RuntimeError", layer_.dims(x)[1], batch_,
                                          fmt::format("the batches of {} have {} and {} sequences: {}", layer_.name(),
                                                      batch_.python_text(), layer_.dims(x)[1].python_text(), shapes)));
    }
    return {};
  }

  std::string text_of(std::string_view parameter) {
    const auto tensor = layer_.input_tensor(parameter);
    return tensor ? layer_.tracer().shape_text(*tensor) : std::string();
  }

  // x times a weight, which is [E, ...] at rows [part * E, ...) of a larger one.
  ValueId projected(ValueId x, ValueId weight, ValueId bias) {
    return formula_.ok() ? formula_.take(linear(layer_, x, weight, bias)) : ValueId();
  }

  Status project() {
    LATHE_TRY(const ValueId bias, layer_.parameter("in_proj_bias"));
    LATHE_TRY(const bool packed, layer_.flag("_qkv_same_embed_dim"));
    const Dim size = features_;
    const auto part_of = [&](ValueId x, int64_t part, size_t axis) {
      return x.valid() ? formula_.slice(x, axis, Dim(part) * size, Dim(part + 1) * size) : x;
    };
    ValueId* const inputs[] = {&q_, &k_, &v_};
    if (packed) {
      LATHE_TRY(const ValueId weight, layer_.parameter("in_proj_weight"));
      if (same_) {
        const ValueId all = projected(q_, weight, bias);
        for (int64_t part = 0; part < 3; ++part) *inputs[part] = part_of(all, part, 2);
      } else {
        for (int64_t part = 0; part < 3; ++part) {
          *inputs[part] = projected(*inputs[part], part_of(weight, part, 0), part_of(bias, part, 0));
        }
      }
    } else {
      constexpr std::string_view kNames[] = {"q_proj_weight", "k_proj_weight", "v_proj_weight"};
      for (int64_t part = 0; part < 3; ++part) {
        LATHE_TRY(const ValueId weight, layer_.parameter(kNames[part]));
        *inputs[part] = projected(*inputs[part], weight, part_of(bias, part, 0));
      }
    }
    if (!formula_.ok()) return Failure{};
    return {};
  }

  // bias_k and bias_v, then zeros, are further positions of keys and values.
  Status append_biases() {
    LATHE_TRY(const ValueId bias_k, layer_.parameter("bias_k"));
    LATHE_TRY(const ValueId bias_v, layer_.parameter("bias_v"));
    const Shape row{Dim(1), batch_, Dim(features_)};
    if (bias_k.valid() && bias_v.valid()) {
      k_ = formula_.concat({k_, formula_.expand(bias_k, row)}, 0);
      v_ = formula_.concat({v_, formula_.expand(bias_v, row)}, 0);
      ++appended_;
    }
    if (zero_attention_) {
      const ValueId zeros = formula_.expand(formula_.like(q_, 0), row);
      k_ = formula_.concat({k_, zeros}, 0);
      v_ = formula_.concat({v_, zeros}, 0);
      ++appended_;
    }
    if (!formula_.ok()) return Failure{};
    return {};
  }

  Status require_mask(std::string_view name, ValueId mask, const Shape& dims) {
    const Shape& have = layer_.dims(mask);
    bool fits = have.size() == dims.size();
    for (size_t axis = 0; axis < dims.size() && fits; ++axis) {
      const Answer answer = layer_.symbols().prove_eq(have[axis], dims[axis]);
      fits = answer != Answer::No;
      if (answer == Answer::Unknown) {
        LATHE_TRY_VOID(layer_.require_equal(DiagnosticKind::ShapeMismatch, "RuntimeError", have[axis], dims[axis],
                                            mask_text(name, have, dims)));
      }
    }
    if (fits) return {};
    return layer_.error(DiagnosticKind::ShapeMismatch, "RuntimeError", "{}", mask_text(name, have, dims)).emit();
  }

  std::string mask_text(std::string_view name, const Shape& have, const Shape& dims) const {
    return fmt::format("{} of {} has shape {}, it must be {}", name, layer_.name(), python_shape(have),
                       python_shape(dims));
  }

  // Positions that were appended are always seen.
  ValueId widened(ValueId mask) {
    if (!formula_.ok() || appended_ == 0) return mask;
    Shape low(formula_.dims(mask).size(), Dim(0));
    Shape high = low;
    high.back() = appended_;
    return formula_.op("pad", {mask}, {{"low", low}, {"high", high}});
  }

  // Both masks, added, as [N or 1, heads or 1, L or 1, S].
  Status read_masks() {
    const ElementType element = layer_.type(q_).element;
    const Dim length = layer_.dims(q_)[0];
    const Dim keys = layer_.dims(k_)[0] - Dim(appended_);
    NativeCall& call = layer_.call();
    LATHE_TRY(const ValueId attention, layer_.optional_value(call.argument("attn_mask"), "`attn_mask`"));
    LATHE_TRY(const ValueId padding, layer_.optional_value(call.argument("key_padding_mask"), "`key_padding_mask`"));
    if (attention.valid()) {
      if (layer_.rank(attention) == 3) {
        LATHE_TRY_VOID(require_mask("attn_mask", attention, {batch_ * Dim(heads_), length, keys}));
        mask_ = formula_.reshape(attention, {batch_, Dim(heads_), length, keys});
      } else {
        LATHE_TRY_VOID(require_mask("attn_mask", attention, {length, keys}));
        mask_ = formula_.unsqueeze(attention, {0, 1});
      }
      mask_ = widened(additive_mask(formula_, mask_, true, element));
    }
    if (padding.valid()) {
      LATHE_TRY_VOID(require_mask("key_padding_mask", padding, batched_ ? Shape{batch_, keys} : Shape{keys}));
      ValueId hidden = additive_mask(formula_, padding, true, element);
      hidden = widened(formula_.reshape(hidden, {batch_, Dim(1), Dim(1), keys}));
      mask_ = mask_.valid() ? formula_.add(mask_, hidden) : hidden;
    }
    if (!formula_.ok()) return Failure{};
    return {};
  }

  Result<ValueId> projection(std::string_view name) {
    LATHE_TRY(const Value module, layer_.attribute("out_proj"));
    Evaluator& evaluator = layer_.evaluator();
    LATHE_TRY(const Value value, evaluator.get_attribute(module, evaluator.name(name), layer_.where()));
    return layer_.optional_value(value, fmt::format("`out_proj.{}`", name));
  }

  Result<Value> weights_result(ValueId weights) {
    if (average_) weights = formula_.reduce("reduce_mean", weights, {1}, false);
    if (!batched_) weights = formula_.squeeze(weights, {0});
    return layer_.result(formula_.result(weights));
  }

  LayerCall& layer_;
  Formula formula_;
  int64_t features_ = 0;
  int64_t heads_ = 0;
  int64_t key_features_ = 0;
  int64_t value_features_ = 0;
  int64_t appended_ = 0;
  double dropout_ = 0;
  bool batch_first_ = false;
  bool zero_attention_ = false;
  bool training_ = false;
  bool need_weights_ = true;
  bool average_ = true;
  bool batched_ = true;
  bool same_ = false;
  ValueId q_;
  ValueId k_;
  ValueId v_;
  ValueId mask_;
  Dim batch_;
};

Result<Value> run_attention(LayerCall& layer) { return HeadsWriter(layer).run(); }

constexpr NativeFunctionRow kAttention[] = {
    {"__init__",
     "self, embed_dim, num_heads, dropout=0.0, bias=True, add_bias_kv=False, add_zero_attn=False, kdim=None, "
     "vdim=None, batch_first=False, device=None, dtype=None",
     constructor<make_attention>},
    {"forward",
     "self, query, key, value, key_padding_mask=None, need_weights=True, attn_mask=None, average_attn_weights=True, "
     "is_causal=False",
     forward<run_attention>},
};

constexpr NativeClassRow kClasses[] = {{"MultiheadAttention", "torch.nn.Module", kAttention}};

}  // namespace

std::span<const NativeClassRow> attention_classes() { return kClasses; }

}  // namespace lathe::torch
