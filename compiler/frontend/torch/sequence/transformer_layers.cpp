// nn.TransformerEncoderLayer and nn.TransformerDecoderLayer.
//
// PyTorch's fast path for padding masks in eval mode, which shortens the output to the longest sequence that is not
// masked, is not reproduced: shapes here never depend on data, results at masked positions are those of train mode.
#include "compiler/frontend/torch/sequence/families.h"
#include "compiler/frontend/torch/sequence/stack.h"

namespace lathe::torch {
namespace {

// The attribute `activation`: a function, from its name or as given.
Status set_activation(LayerBuilder& layer) {
  const Value& given = layer.argument("activation");
  Evaluator& evaluator = layer.evaluator();
  const std::string* name = evaluator.heap().string(given);
  if (name == nullptr) {
    if (is_module(evaluator, given)) {
      layer.module("activation", given);
    } else {
      layer.set("activation", given);
    }
    return {};
  }
  LATHE_TRY(const std::string choice, layer.choice("activation", {"relu", "gelu"}));
  layer.set("activation", Value(evaluator.library_object("torch.nn.functional." + choice)));
  return {};
}

Status add_parts(LayerBuilder& layer, bool decoder) {
  LATHE_TRY(const int64_t features, layer.size("d_model", 1));
  LATHE_TRY(const int64_t heads, layer.size("nhead", 1));
  LATHE_TRY(const int64_t hidden, layer.size("dim_feedforward", 1));
  LATHE_TRY_VOID(layer.probability("dropout"));
  LATHE_TRY(const double epsilon, layer.number("layer_norm_eps"));
  LATHE_TRY(const bool norm_first, layer.flag("norm_first"));
  LATHE_TRY(const bool batch_first, layer.flag("batch_first"));
  LATHE_TRY(const bool bias, layer.flag("bias"));
  if (features % heads != 0) {
    return layer.error("nhead", "AssertionError", "nhead = {} does not divide d_model = {}", heads, features).emit();
  }
  const Value dropout = layer.argument("dropout");
  const auto part = [&](std::string_view name, std::string_view path, std::vector<Value> positional,
                        Keywords keywords) -> Status {
    LATHE_TRY(const Value module, layer.make(path, std::move(positional), std::move(keywords)));
    layer.module(name, module);
    return {};
  };
  const auto attention = [&](std::string_view name) {
    return part(name, "torch.nn.MultiheadAttention", {integer(features), integer(heads)},
                {{"dropout", dropout}, {"bias", Value(bias)}, {"batch_first", Value(batch_first)}});
  };
  const auto norm = [&](std::string_view name) {
    return part(name, "torch.nn.LayerNorm", {integer(features)}, {{"eps", Value(epsilon)}, {"bias", Value(bias)}});
  };
  const auto drop = [&](std::string_view name) { return part(name, "torch.nn.Dropout", {dropout}, {}); };
  LATHE_TRY_VOID(attention("self_attn"));
  if (decoder) LATHE_TRY_VOID(attention("multihead_attn"));
  LATHE_TRY_VOID(part("linear1", "torch.nn.Linear", {integer(features), integer(hidden), Value(bias)}, {}));
  LATHE_TRY_VOID(drop("dropout"));
  LATHE_TRY_VOID(part("linear2", "torch.nn.Linear", {integer(hidden), integer(features), Value(bias)}, {}));
  layer.set_flag("norm_first", norm_first);
  LATHE_TRY_VOID(norm("norm1"));
  LATHE_TRY_VOID(norm("norm2"));
  if (decoder) LATHE_TRY_VOID(norm("norm3"));
  LATHE_TRY_VOID(drop("dropout1"));
  LATHE_TRY_VOID(drop("dropout2"));
  if (decoder) LATHE_TRY_VOID(drop("dropout3"));
  return set_activation(layer);
}

Status make_encoder_layer(LayerBuilder& layer) { return add_parts(layer, false); }
Status make_decoder_layer(LayerBuilder& layer) { return add_parts(layer, true); }

// dropoutN(attention(x, memory, memory)[0])
Result<Value> attention_block(LayerCall& layer, std::string_view attention, std::string_view dropout, const Value& x,
                              const Value& memory, const Value& mask, const Value& padding, const Value& is_causal) {
  LATHE_TRY(const Value pair, call_part(layer, attention, {x, memory, memory},
                                        {{"attn_mask", mask},
                                         {"key_padding_mask", padding},
                                         {"is_causal", is_causal},
                                         {"need_weights", Value(false)}}));
  if (is_unknown(pair)) return Value(UnknownValue{});
  LATHE_TRY(const Value first, layer.evaluator().get_item(pair, integer(0), layer.where()));
  return call_part(layer, dropout, {first});
}

// dropoutN(linear2(dropout(activation(linear1(x)))))
Result<Value> feed_forward(LayerCall& layer, std::string_view last_dropout, const Value& x) {
  LATHE_TRY(Value value, call_part(layer, "linear1", {x}));
  LATHE_TRY(value, call_part(layer, "activation", {value}));
  LATHE_TRY(value, call_part(layer, "dropout", {value}));
  LATHE_TRY(value, call_part(layer, "linear2", {value}));
  return call_part(layer, last_dropout, {value});
}

// x + block(norm(x)), or norm(x + block(x)).
template <class Block>
Result<Value> residual(LayerCall& layer, bool norm_first, std::string_view norm, const Value& x, const Block& block) {
  Value inner = x;
  if (norm_first) {
    LATHE_TRY(inner, call_part(layer, norm, {x}));
  }
  LATHE_TRY(const Value branch, block(inner));
  LATHE_TRY(const Value sum, sum_of(layer, x, branch));
  if (norm_first) return sum;
  return call_part(layer, norm, {sum});
}

Result<Value> run_encoder_layer(LayerCall& layer) {
  LATHE_TRY(const bool norm_first, layer.flag("norm_first"));
  LATHE_TRY_VOID(layer.input_tensor("src"));
  LATHE_TRY(const Value attended, residual(layer, norm_first, "norm1", layer.argument("src"), [&](const Value& x) {
              return attention_block(layer, "self_attn", "dropout1", x, x, layer.argument("src_mask"),
                                     layer.argument("src_key_padding_mask"), layer.argument("is_causal"));
            }));
  return residual(layer, norm_first, "norm2", attended,
                  [&](const Value& x) { return feed_forward(layer, "dropout2", x); });
}

Result<Value> run_decoder_layer(LayerCall& layer) {
  LATHE_TRY(const bool norm_first, layer.flag("norm_first"));
  LATHE_TRY_VOID(layer.input_tensor("tgt"));
  LATHE_TRY_VOID(layer.input_tensor("memory"));
  const Value& memory = layer.argument("memory");
  LATHE_TRY(const Value attended, residual(layer, norm_first, "norm1", layer.argument("tgt"), [&](const Value& x) {
              return attention_block(layer, "self_attn", "dropout1", x, x, layer.argument("tgt_mask"),
                                     layer.argument("tgt_key_padding_mask"), layer.argument("tgt_is_causal"));
            }));
  LATHE_TRY(const Value crossed, residual(layer, norm_first, "norm2", attended, [&](const Value& x) {
              return attention_block(layer, "multihead_attn", "dropout2", x, memory, layer.argument("memory_mask"),
                                     layer.argument("memory_key_padding_mask"), layer.argument("memory_is_causal"));
            }));
  return residual(layer, norm_first, "norm3", crossed,
                  [&](const Value& x) { return feed_forward(layer, "dropout3", x); });
}

constexpr std::string_view kParameters =
    "self, d_model, nhead, dim_feedforward=2048, dropout=0.1, activation='relu', layer_norm_eps=1e-5, "
    "batch_first=False, norm_first=False, bias=True, device=None, dtype=None";
constexpr NativeFunctionRow kEncoderLayer[] = {
    {"__init__", kParameters, constructor<make_encoder_layer>},
    {"forward", "self, src, src_mask=None, src_key_padding_mask=None, is_causal=False", forward<run_encoder_layer>},
};
constexpr NativeFunctionRow kDecoderLayer[] = {
    {"__init__", kParameters, constructor<make_decoder_layer>},
    {"forward",
     "self, tgt, memory, tgt_mask=None, memory_mask=None, tgt_key_padding_mask=None, memory_key_padding_mask=None, "
     "tgt_is_causal=False, memory_is_causal=False",
     forward<run_decoder_layer>},
};
constexpr NativeClassRow kClasses[] = {
    {"TransformerEncoderLayer", "torch.nn.Module", kEncoderLayer},
    {"TransformerDecoderLayer", "torch.nn.Module", kDecoderLayer},
};

}  // namespace

std::span<const NativeClassRow> transformer_layer_classes() { return kClasses; }

}  // namespace lathe::torch
