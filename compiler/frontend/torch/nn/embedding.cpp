// Embedding, EmbeddingBag and F.one_hot.
#include "compiler/frontend/torch/nn/compute.h"
#include "compiler/frontend/torch/nn/families.h"
#include "compiler/frontend/torch/nn/layer.h"
#include "compiler/frontend/torch/nn/parameter.h"

namespace lathe::torch {
namespace {

Status make_embedding(LayerBuilder& layer) {
  LATHE_TRY(const int64_t count, layer.size("num_embeddings"));
  LATHE_TRY(const int64_t width, layer.size("embedding_dim"));
  if (!layer.is_none("padding_idx")) {
    LATHE_TRY(const int64_t padding, layer.size("padding_idx", -(int64_t{1} << 40)));
    if (padding >= count || padding < -count) {
      return layer
          .error("padding_idx", "AssertionError", "padding_idx = {} is beyond the {} rows of {}", padding, count,
                 layer.type_name())
          .emit();
    }
  }
  if (!layer.is_none("max_norm")) {
    layer.evaluator().unsupported(layer.call().place("max_norm"), "max_norm of nn.Embedding");
  }
  layer.keep(
      {"num_embeddings", "embedding_dim", "padding_idx", "max_norm", "norm_type", "scale_grad_by_freq", "sparse"});
  if (!layer.is_none("_weight")) {
    const auto* tensor = std::get_if<TensorId>(&layer.argument("_weight"));
    if (tensor == nullptr) {
      return layer
          .error("_weight", "TypeError", "_weight of {} is {}; it must be a tensor", layer.type_name(),
                 layer.evaluator().describe(layer.argument("_weight")))
          .emit();
    }
    register_parameter(layer.evaluator(), layer.self(), "weight",
                       Value(as_weights(layer.evaluator(), *tensor, true, layer.call().where)));
    return {};
  }
  return layer.parameter("weight", {count, width}, {.kind = Initialization::Kind::Normal, .bound = 1.0},
                         layer.element());
}

Result<Value> run_embedding(LayerCall& layer) {
  LATHE_TRY(const ValueId indices, layer.input());
  LATHE_TRY(const ValueId weight, layer.parameter("weight"));
  return layer.result(embedding(layer, indices, weight));
}

Result<std::string> embedding_text(LayerCall& layer) {
  LATHE_TRY(const int64_t count, layer.integer("num_embeddings"));
  LATHE_TRY(const int64_t width, layer.integer("embedding_dim"));
  LATHE_TRY(const bool no_padding, layer.is_none("padding_idx"));
  if (no_padding) return fmt::format("{}, {}", count, width);
  LATHE_TRY(const int64_t padding, layer.integer("padding_idx"));
  return fmt::format("{}, {}, padding_idx={}", count, width, padding);
}

/// Embedding.from_pretrained(embeddings, ...)
Result<Value> from_pretrained(NativeCall& call, Operation& operation) {
  LATHE_TRY(const TensorId rows, operation.tensor(call.argument("embeddings"), "`embeddings`"));
  const Shape dims = operation.tracer().dims(rows);
  if (dims.size() != 2) {
    return operation
        .error(DiagnosticKind::RankMismatch, "AssertionError", "from_pretrained takes a matrix, `embeddings` is {}",
               python_shape(dims))
        .emit();
  }
  Arguments arguments;
  arguments.positional = {Value(dims[0]), Value(dims[1]), call.argument("padding_idx")};
  arguments.keywords.emplace_back(call.evaluator.name("_weight"), Value(rows));
  return call.evaluator.call(call.argument("cls"), std::move(arguments), call.where);
}

// -------------------------------------------------------------------------------------------------------- EmbeddingBag

/// The sum, mean or largest of the rows that each row of a matrix of indices chooses.
Result<Value> bag(const Operation& operation, ValueId indices, ValueId weight, const Value& offsets,
                  const Value& per_sample_weights, const std::string& mode) {
  if (!is_none(offsets) || operation.rank(indices) != 2) {
    return operation.unsupported(
        fmt::format("{} of bags of unequal length; give a matrix of indices", operation.name()));
  }
  LATHE_TRY(const ValueId sample_weights, operation.optional_value(per_sample_weights, "`per_sample_weights`"));
  LATHE_TRY(const ValueId rows, embedding(operation, indices, weight));
  Formula formula(operation);
  const ValueId scaled = sample_weights.valid() ? formula.mul(rows, formula.unsqueeze(sample_weights, {2})) : rows;
  const std::string_view row = mode == "sum" ? "reduce_sum" : mode == "max" ? "reduce_max" : "reduce_mean";
  return operation.result(formula.result(formula.reduce(row, scaled, {1}, false)));
}

Status make_bag(LayerBuilder& layer) {
  LATHE_TRY(const int64_t count, layer.size("num_embeddings"));
  LATHE_TRY(const int64_t width, layer.size("embedding_dim"));
  LATHE_TRY_VOID(layer.choice("mode", {"sum", "mean", "max"}));
  if (!layer.is_none("max_norm")) {
    layer.evaluator().unsupported(layer.call().place("max_norm"), "max_norm of nn.EmbeddingBag");
  }
  layer.keep({"num_embeddings", "embedding_dim", "mode", "padding_idx"});
  return layer.parameter("weight", {count, width}, {.kind = Initialization::Kind::Normal, .bound = 1.0},
                         layer.element());
}

Result<Value> run_bag(LayerCall& layer) {
  LATHE_TRY(const ValueId indices, layer.input());
  LATHE_TRY(const ValueId weight, layer.parameter("weight"));
  LATHE_TRY(const std::string mode, layer.string("mode"));
  return bag(layer, indices, weight, layer.argument("offsets"), layer.argument("per_sample_weights"), mode);
}

Result<Value> call_bag(NativeCall& call, Operation& operation) {
  LATHE_TRY(const ValueId indices, operation.value(call.argument("input")));
  LATHE_TRY(const ValueId weight, operation.value(call.argument("weight"), "`weight`"));
  LATHE_TRY(const std::string mode, call.string("mode"));
  return bag(operation, indices, weight, call.argument("offsets"), call.argument("per_sample_weights"), mode);
}

constexpr NativeFunctionRow kBag[] = {
    {"__init__",
     "self, num_embeddings, embedding_dim, max_norm=None, norm_type=2.0, scale_grad_by_freq=False, mode='mean', "
     "sparse=False, _weight=None, include_last_offset=False, padding_idx=None, device=None, dtype=None",
     constructor<make_bag>},
    {"forward", "self, input, offsets=None, per_sample_weights=None", forward<run_bag>},
};
constexpr NativeFunctionRow kEmbedding[] = {
    {"__init__",
     "self, num_embeddings, embedding_dim, padding_idx=None, max_norm=None, norm_type=2.0, scale_grad_by_freq=False, "
     "sparse=False, _weight=None, _freeze=False, device=None, dtype=None",
     constructor<make_embedding>},
    {"forward", "self, input", forward<run_embedding>},
    {"extra_repr", "self", layer_text<embedding_text>},
    {"from_pretrained",
     "cls, embeddings, freeze=True, padding_idx=None, max_norm=None, norm_type=2.0, scale_grad_by_freq=False, "
     "sparse=False",
     tensor_function<from_pretrained>, NativeKind::ClassMethod},
};
constexpr NativeClassRow kClasses[] = {{"Embedding", "torch.nn.Module", kEmbedding},
                                       {"EmbeddingBag", "torch.nn.Module", kBag}};

Result<Value> call_embedding(NativeCall& call, Operation& operation) {
  if (!call.is_none("max_norm")) return operation.unsupported("max_norm of F.embedding");
  LATHE_TRY(const ValueId indices, operation.value(call.argument("input")));
  LATHE_TRY(const ValueId weight, operation.value(call.argument("weight"), "`weight`"));
  return operation.result(embedding(operation, indices, weight));
}

Result<Value> call_one_hot(NativeCall& call, Operation& operation) {
  LATHE_TRY(const ValueId x, operation.value(call.argument("tensor"), "argument `tensor`"));
  LATHE_TRY(const Dim classes, call.integer("num_classes"));
  if (classes.is_constant(-1)) {
    return operation.unsupported("one_hot without num_classes, whose size depends on data");
  }
  if (operation.type(x).element != ElementType::I64) {
    return operation
        .error(DiagnosticKind::ElementTypeMismatch, "RuntimeError", "one_hot takes int64, its input {} is {}",
               operation.shape_text(x), torch_dtype_name(operation.type(x).element))
        .emit();
  }
  Formula formula(operation);
  const size_t rank = operation.rank(x);
  const ValueId column = formula.unsqueeze(x, {rank});
  const ValueId numbers =
      formula.op("iota", {}, {{"dims", Shape{classes}}, {"axis", int64_t{0}}, {"element", ElementType::I64}});
  return operation.result(formula.result(formula.cast(formula.op("equal", {column, numbers}), ElementType::I64)));
}

constexpr NativeFunctionRow kFunctions[] = {
    {"embedding",
     "input, weight, padding_idx=None, max_norm=None, norm_type=2.0, scale_grad_by_freq=False, sparse=False",
     tensor_function<call_embedding>},
    {"embedding_bag",
     "input, weight, offsets=None, max_norm=None, norm_type=2, scale_grad_by_freq=False, mode='mean', sparse=False, "
     "per_sample_weights=None, include_last_offset=False, padding_idx=None",
     tensor_function<call_bag>},
    {"one_hot", "tensor, num_classes=-1", tensor_function<call_one_hot>},
};

}  // namespace

Result<ValueId> embedding(const Operation& operation, ValueId indices, ValueId weight) {
  const ElementType element = operation.type(indices).element;
  if (element != ElementType::I64 && element != ElementType::I32) {
    return operation
        .error(DiagnosticKind::ElementTypeMismatch, "RuntimeError",
               "{} wants int64 or int32 indices, its input {} is {}", operation.name(), operation.shape_text(indices),
               torch_dtype_name(element))
        .emit();
  }
  if (operation.rank(weight) != 2) {
    return operation
        .error(DiagnosticKind::RankMismatch, "RuntimeError", "the weight of {} is {}; it must be a matrix",
               operation.name(), operation.shape_text(weight))
        .emit();
  }
  return operation.one("gather", {weight, indices}, {{"axis", int64_t{0}}});
}

std::span<const NativeClassRow> embedding_classes() { return kClasses; }
std::span<const NativeFunctionRow> embedding_functions() { return kFunctions; }

}  // namespace lathe::torch
