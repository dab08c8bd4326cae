// nn.TransformerEncoder, nn.TransformerDecoder and nn.Transformer: stacks of copies of a layer.
#include <limits>

#include "compiler/frontend/torch/sequence/attention.h"
#include "compiler/frontend/torch/sequence/families.h"
#include "compiler/frontend/torch/sequence/module_copy.h"
#include "compiler/frontend/torch/sequence/stack.h"

namespace lathe::torch {
namespace {

// `layers`: a ModuleList of copies; `norm`: a module or None.
Status make_stack(LayerBuilder& layer, std::string_view layer_parameter) {
  LATHE_TRY(const int64_t count, layer.size("num_layers"));
  const Value& first = layer.argument(layer_parameter);
  Evaluator& evaluator = layer.evaluator();
  if (!is_module(evaluator, first)) {
    return layer
        .error(layer_parameter, "TypeError", "{} of {} is {}; it must be a layer", layer_parameter, layer.type_name(),
               evaluator.describe(first))
        .emit();
  }
  std::vector<Value> copies;
  for (int64_t i = 0; i < count; ++i) {
    LATHE_TRY(const Value copy, deep_copy(evaluator, first, layer.call().where));
    copies.push_back(copy);
  }
  LATHE_TRY(const Value list, layer.make("torch.nn.ModuleList", {evaluator.heap().new_list(std::move(copies))}));
  layer.module("layers", list);
  layer.set("num_layers", count);
  const Value& norm = layer.argument("norm");
  if (is_module(evaluator, norm)) {
    layer.module("norm", norm);
  } else {
    layer.set("norm", norm);
  }
  return {};
}

Status make_encoder(LayerBuilder& layer) { return make_stack(layer, "encoder_layer"); }
Status make_decoder(LayerBuilder& layer) { return make_stack(layer, "decoder_layer"); }

// All layers one after the other with the same further arguments, then the norm.
Result<Value> run_stack(LayerCall& layer, Value value, const std::vector<Value>& further, const Keywords& keywords) {
  LATHE_TRY(const Value list, layer.attribute("layers"));
  LATHE_TRY(const std::vector<Value> layers, layer.evaluator().iterate(list, layer.where()));
  for (const Value& each : layers) {
    std::vector<Value> positional{value};
    positional.insert(positional.end(), further.begin(), further.end());
    LATHE_TRY(value, call_value(layer, each, std::move(positional), keywords));
  }
  LATHE_TRY(const Value norm, layer.attribute("norm"));
  if (is_none(norm)) return value;
  return call_value(layer, norm, {value});
}

Result<Value> run_encoder(LayerCall& layer) {
  LATHE_TRY_VOID(layer.input_tensor("src"));
  return run_stack(
      layer, layer.argument("src"), {},
      {{"src_mask", layer.argument("mask")}, {"src_key_padding_mask", layer.argument("src_key_padding_mask")}});
}

Result<Value> run_decoder(LayerCall& layer) {
  LATHE_TRY_VOID(layer.input_tensor("tgt"));
  return run_stack(layer, layer.argument("tgt"), {layer.argument("memory")},
                   {{"tgt_mask", layer.argument("tgt_mask")},
                    {"memory_mask", layer.argument("memory_mask")},
                    {"tgt_key_padding_mask", layer.argument("tgt_key_padding_mask")},
                    {"memory_key_padding_mask", layer.argument("memory_key_padding_mask")}});
}

// ---- nn.Transformer

// A stack of new layers with a LayerNorm, or what the user gives.
Status add_half(LayerBuilder& layer, std::string_view name, std::string_view custom, std::string_view count,
                std::string_view layer_class, std::string_view stack_class) {
  if (!layer.is_none(custom)) {
    layer.set(name, layer.argument(custom));
    if (is_module(layer.evaluator(), layer.argument(custom))) layer.module(name, layer.argument(custom));
    return {};
  }
  Keywords keywords;
  for (const std::string_view each :
       {"dim_feedforward", "dropout", "activation", "layer_norm_eps", "batch_first", "norm_first", "bias"}) {
    keywords.emplace_back(each, layer.argument(each));
  }
  LATHE_TRY(const Value part, layer.make(layer_class, {layer.argument("d_model"), layer.argument("nhead")}, keywords));
  LATHE_TRY(const Value norm,
            layer.make("torch.nn.LayerNorm", {layer.argument("d_model")},
                       {{"eps", layer.argument("layer_norm_eps")}, {"bias", layer.argument("bias")}}));
  LATHE_TRY(const Value stack, layer.make(stack_class, {part, layer.argument(count), norm}));
  layer.module(name, stack);
  return {};
}

Status make_transformer(LayerBuilder& layer) {
  LATHE_TRY(const int64_t features, layer.size("d_model", 1));
  LATHE_TRY(const int64_t heads, layer.size("nhead", 1));
  if (features % heads != 0) {
    return layer.error("nhead", "AssertionError", "nhead = {} does not divide d_model = {}", heads, features).emit();
  }
  layer.keep({"d_model", "nhead", "batch_first"});
  LATHE_TRY_VOID(add_half(layer, "encoder", "custom_encoder", "num_encoder_layers", "torch.nn.TransformerEncoderLayer",
                          "torch.nn.TransformerEncoder"));
  return add_half(layer, "decoder", "custom_decoder", "num_decoder_layers", "torch.nn.TransformerDecoderLayer",
                  "torch.nn.TransformerDecoder");
}

Result<Value> run_transformer(LayerCall& layer) {
  LATHE_TRY_VOID(layer.input_tensor("src"));
  LATHE_TRY_VOID(layer.input_tensor("tgt"));
  LATHE_TRY(const Value memory, call_part(layer, "encoder", {layer.argument("src")},
                                          {{"mask", layer.argument("src_mask")},
                                           {"src_key_padding_mask", layer.argument("src_key_padding_mask")}}));
  return call_part(layer, "decoder", {layer.argument("tgt"), memory},
                   {{"tgt_mask", layer.argument("tgt_mask")},
                    {"memory_mask", layer.argument("memory_mask")},
                    {"tgt_key_padding_mask", layer.argument("tgt_key_padding_mask")},
                    {"memory_key_padding_mask", layer.argument("memory_key_padding_mask")}});
}

// -inf above the diagonal.
Result<Value> square_subsequent_mask(NativeCall& call, Operation& operation) {
  LATHE_TRY(const Dim size, call.integer("sz"));
  ElementType element = ElementType::F32;
  if (!call.is_none("dtype")) element = operation.tracer().dtype(call.argument("dtype")).value_or(element);
  Formula formula(operation);
  const ValueId mask = causal_mask(formula, size, size, element);
  return operation.result(formula.result(mask));
}

constexpr NativeFunctionRow kEncoder[] = {
    {"__init__", "self, encoder_layer, num_layers, norm=None, enable_nested_tensor=True, mask_check=True",
     constructor<make_encoder>},
    {"forward", "self, src, mask=None, src_key_padding_mask=None, is_causal=None", forward<run_encoder>},
};
constexpr NativeFunctionRow kDecoder[] = {
    {"__init__", "self, decoder_layer, num_layers, norm=None", constructor<make_decoder>},
    {"forward",
     "self, tgt, memory, tgt_mask=None, memory_mask=None, tgt_key_padding_mask=None, memory_key_padding_mask=None, "
     "tgt_is_causal=None, memory_is_causal=False",
     forward<run_decoder>},
};
constexpr NativeFunctionRow kTransformer[] = {
    {"__init__",
     "self, d_model=512, nhead=8, num_encoder_layers=6, num_decoder_layers=6, dim_feedforward=2048, dropout=0.1, "
     "activation='relu', custom_encoder=None, custom_decoder=None, layer_norm_eps=1e-5, batch_first=False, "
     "norm_first=False, bias=True, device=None, dtype=None",
     constructor<make_transformer>},
    {"forward",
     "self, src, tgt, src_mask=None, tgt_mask=None, memory_mask=None, src_key_padding_mask=None, "
     "tgt_key_padding_mask=None, memory_key_padding_mask=None, src_is_causal=None, tgt_is_causal=None, "
     "memory_is_causal=False",
     forward<run_transformer>},
    {"generate_square_subsequent_mask", "sz, device=None, dtype=None", tensor_function<square_subsequent_mask>,
     NativeKind::StaticMethod},
};
constexpr NativeClassRow kClasses[] = {
    {"TransformerEncoder", "torch.nn.Module", kEncoder},
    {"TransformerDecoder", "torch.nn.Module", kDecoder},
    {"Transformer", "torch.nn.Module", kTransformer},
};

}  // namespace

std::span<const NativeClassRow> transformer_classes() { return kClasses; }

}  // namespace lathe::torch
