// The packages einops and einops.layers.torch.
#include <algorithm>

#include "compiler/frontend/torch/nn/layer.h"
#include "compiler/frontend/torch/sequence/einops.h"
#include "compiler/frontend/torch/sequence/einops_pattern.h"
#include "compiler/frontend/torch/sequence/families.h"
#include "compiler/frontend/torch/tensor/operations.h"

namespace lathe::torch {
namespace {

// The sizes in `**axes_lengths`.
Status read_sizes(NativeCall& call, EinopsRequest& request) {
  const auto* dict = call.evaluator.heap().as<DictObject>(call.argument("axes_lengths"));
  LATHE_CHECK(dict != nullptr);
  for (const DictStorage::Entry& entry : dict->entries.entries()) {
    const std::string* name = call.evaluator.heap().string(entry.key);
    LATHE_CHECK(name != nullptr);
    const auto* size = std::get_if<Dim>(&entry.value);
    if (is_unknown(entry.value)) return Failure{};
    if (size == nullptr) {
      return call
          .error(DiagnosticKind::BadArgument, "TypeError", "the size of `{}` in {} is {}; it must be an int", *name,
                 call.display_name(), call.evaluator.describe(entry.value))
          .emit();
    }
    request.sizes.emplace_back(*name, *size);
  }
  return {};
}

Status read_reduction(NativeCall& call, EinopsRequest& request) {
  const std::string* text = call.evaluator.heap().string(call.argument("reduction"));
  constexpr std::string_view kReductions[] = {"mean", "max", "min", "sum", "prod"};
  if (text != nullptr && std::ranges::find(kReductions, *text) != std::end(kReductions)) {
    request.reduction = *text;
    return {};
  }
  if (text == nullptr) {
    call.evaluator.unsupported(call.place("reduction"), "einops.reduce with a function as its reduction");
    return Failure{};
  }
  return call
      .error_at(call.place("reduction"), DiagnosticKind::BadArgument, "RuntimeError",
                fmt::format("reduction is '{}'; it may be 'mean', 'max', 'min', 'sum', 'prod'", *text))
      .emit();
}

// A tensor, or a list of tensors along a new first axis.
Result<TensorId> stacked_tensor(const Operation& operation, const Value& value) {
  const Heap& heap = operation.evaluator().heap();
  std::vector<Value> items;
  if (const auto* list = heap.as<ListObject>(value)) items = list->items;
  if (items.empty()) return operation.tensor(value, "its input");
  std::vector<TensorId> parts;
  for (const Value& item : items) {
    LATHE_TRY(const TensorId part, operation.tensor(item, "an entry of its list"));
    parts.push_back(part);
  }
  return stack_operation(operation.tracer(), parts, 0);
}

template <EinopsKind kind>
Result<Value> transform(NativeCall& call, Operation& operation) {
  EinopsRequest request{.kind = kind, .pattern = {}, .reduction = {}, .sizes = {}};
  LATHE_TRY(request.pattern, call.string("pattern"));
  LATHE_TRY_VOID(read_sizes(call, request));
  if (kind == EinopsKind::Reduce) LATHE_TRY_VOID(read_reduction(call, request));
  LATHE_TRY(const TensorId x, stacked_tensor(operation, call.argument("tensor")));
  LATHE_TRY(const TensorId result, apply_einops(operation, x, request));
  return Value(result);
}

// ---- layers

template <EinopsKind kind>
Status make_layer(LayerBuilder& layer) {
  EinopsRequest request{.kind = kind, .pattern = {}, .reduction = {}, .sizes = {}};
  LATHE_TRY(request.pattern, layer.call().string("pattern"));
  LATHE_TRY_VOID(read_sizes(layer.call(), request));
  if (kind == EinopsKind::Reduce) {
    LATHE_TRY_VOID(read_reduction(layer.call(), request));
    layer.keep({"reduction"});
  }
  const std::string fault = pattern_fault(request);
  if (!fault.empty()) {
    return layer.error("pattern", "RuntimeError", "{} '{}': {}", layer.type_name(), request.pattern, fault).emit();
  }
  layer.keep({"pattern", "axes_lengths"});
  return {};
}

template <EinopsKind kind>
Result<Value> run_layer(LayerCall& layer) {
  EinopsRequest request{.kind = kind, .pattern = {}, .reduction = {}, .sizes = {}};
  LATHE_TRY(request.pattern, layer.string("pattern"));
  if (kind == EinopsKind::Reduce) {
    LATHE_TRY(request.reduction, layer.string("reduction"));
  }
  LATHE_TRY(const Value sizes, layer.attribute("axes_lengths"));
  const Heap& heap = layer.evaluator().heap();
  if (const auto* dict = heap.as<DictObject>(sizes)) {
    for (const DictStorage::Entry& entry : dict->entries.entries()) {
      const std::string* name = heap.string(entry.key);
      const auto* size = std::get_if<Dim>(&entry.value);
      if (name != nullptr && size != nullptr) request.sizes.emplace_back(*name, *size);
    }
  }
  LATHE_TRY(const TensorId x, layer.input_tensor());
  LATHE_TRY(const TensorId result, apply_einops(layer, x, request));
  return Value(result);
}

Result<std::string> pattern_text(LayerCall& layer) {
  LATHE_TRY(const std::string pattern, layer.string("pattern"));
  return fmt::format("'{}'", pattern);
}

// ---- einsum, pack, unpack, parse_shape

std::vector<std::string_view> words(std::string_view text) {
  std::vector<std::string_view> result;
  while (!text.empty()) {
    const size_t end = std::min(text.find(' '), text.size());
    if (end > 0) result.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return result;
}

// "b head i, b head j -> b i j" with one letter a name.
Result<std::string> letters_of(const Operation& operation, std::string_view pattern) {
  std::vector<std::string> names;
  std::string equation;
  for (size_t at = 0; at < pattern.size();) {
    const char c = pattern[at];
    const bool is_name = std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
    if (!is_name) {
      if (c != ' ') equation += c;
      ++at;
      continue;
    }
    size_t end = at;
    while (end < pattern.size() && (std::isalnum(static_cast<unsigned char>(pattern[end])) != 0 || pattern[end] == '_'))
      ++end;
    const std::string name(pattern.substr(at, end - at));
    const auto found = std::find(names.begin(), names.end(), name);
    const auto index = static_cast<size_t>(found - names.begin());
    if (found == names.end()) names.push_back(name);
    if (index >= 52) {
      static_cast<void>(operation.unsupported("einops.einsum over more than 52 axes"));
      return Failure{};
    }
    equation += static_cast<char>(index < 26 ? 'a' + index : 'A' + (index - 26));
    at = end;
  }
  return equation;
}

Result<Value> named_einsum(NativeCall& call, Operation& operation) {
  LATHE_TRY(const std::vector<Value> arguments, call.items("tensors_and_pattern"));
  const std::string* pattern = arguments.empty() ? nullptr : call.evaluator.heap().string(arguments.back());
  if (pattern == nullptr) {
    return call.error(DiagnosticKind::BadArgument, "TypeError", "einops.einsum takes tensors, then a pattern").emit();
  }
  LATHE_TRY(const std::string equation, letters_of(operation, *pattern));
  std::vector<TensorId> tensors;
  for (size_t i = 0; i + 1 < arguments.size(); ++i) {
    LATHE_TRY(const TensorId tensor, operation.tensor(arguments[i], "an operand"));
    tensors.push_back(tensor);
  }
  LATHE_TRY(const TensorId result, einsum_operation(operation.tracer(), equation, tensors));
  return Value(result);
}

// Where `*` stands in a pattern of pack and unpack.
Result<std::pair<size_t, size_t>> star_of(NativeCall& call, const std::string& pattern) {
  const std::vector<std::string_view> axes = words(pattern);
  const auto star = std::find(axes.begin(), axes.end(), "*");
  if (star == axes.end()) {
    return call
        .error_at(call.place("pattern"), DiagnosticKind::BadArgument, "RuntimeError",
                  fmt::format("the pattern '{}' of {} has no `*`", pattern, call.display_name()))
        .emit();
  }
  return std::pair(static_cast<size_t>(star - axes.begin()), static_cast<size_t>(axes.end() - star) - 1);
}

Result<Value> pack_tensors(NativeCall& call, Operation& operation) {
  LATHE_TRY(const std::string pattern, call.string("pattern"));
  LATHE_TRY(const auto star, star_of(call, pattern));
  const auto [before, after] = star;
  LATHE_TRY(const std::vector<Value> items, call.items("tensors"));
  Tracer& tracer = operation.tracer();
  std::vector<TensorId> parts;
  std::vector<Value> shapes;
  for (const Value& item : items) {
    LATHE_TRY(const TensorId tensor, operation.tensor(item, "an entry of its list"));
    const Shape dims = tracer.dims(tensor);
    if (dims.size() < before + after) {
      return operation
          .error(DiagnosticKind::RankMismatch, "RuntimeError", "pack '{}' wants {} axes at least, a tensor has {}",
                 pattern, before + after, python_shape(dims))
          .emit();
    }
    const auto first = dims.begin() + static_cast<std::ptrdiff_t>(before);
    const auto last = dims.end() - static_cast<std::ptrdiff_t>(after);
    const Shape middle(first, last);
    Shape flat(dims.begin(), first);
    flat.push_back(product(middle));
    flat.insert(flat.end(), last, dims.end());
    LATHE_TRY(const TensorId part, reshape_operation(tracer, tensor, flat));
    parts.push_back(part);
    shapes.push_back(tracer.size_value(middle));
  }
  LATHE_TRY(const TensorId packed, concat_operation(tracer, parts, static_cast<int64_t>(before)));
  Heap& heap = call.evaluator.heap();
  const Value list = heap.new_list(std::move(shapes));
  return heap.new_tuple({Value(packed), list});
}

Result<Value> unpack_tensor(NativeCall& call, Operation& operation) {
  LATHE_TRY(const std::string pattern, call.string("pattern"));
  LATHE_TRY(const auto star, star_of(call, pattern));
  const auto [before, after] = star;
  LATHE_TRY(const TensorId packed, operation.tensor(call.argument("tensor"), "its input"));
  LATHE_TRY(const std::vector<Value> items, call.items("packed_shapes"));
  Tracer& tracer = operation.tracer();
  const Shape dims = tracer.dims(packed);
  if (dims.size() != before + after + 1) {
    return operation
        .error(DiagnosticKind::RankMismatch, "RuntimeError", "unpack '{}' wants {} axes, the tensor has {}", pattern,
               before + after + 1, python_shape(dims))
        .emit();
  }
  std::vector<Shape> middles;
  Shape sizes;
  for (const Value& item : items) {
    LATHE_TRY(const std::vector<Value> numbers, call.evaluator.iterate(item, call.where));
    Shape middle;
    for (const Value& number : numbers) {
      const auto* dim = std::get_if<Dim>(&number);
      if (dim == nullptr) return Value(UnknownValue{});
      middle.push_back(*dim);
    }
    sizes.push_back(product(middle));
    middles.push_back(std::move(middle));
  }
  LATHE_TRY(const std::vector<TensorId> parts, split_operation(tracer, packed, sizes, static_cast<int64_t>(before)));
  std::vector<Value> results;
  for (size_t i = 0; i < parts.size(); ++i) {
    Shape shape(dims.begin(), dims.begin() + static_cast<std::ptrdiff_t>(before));
    shape.insert(shape.end(), middles[i].begin(), middles[i].end());
    shape.insert(shape.end(), dims.end() - static_cast<std::ptrdiff_t>(after), dims.end());
    LATHE_TRY(const TensorId part, reshape_operation(tracer, parts[i], shape));
    results.emplace_back(part);
  }
  return call.evaluator.heap().new_list(std::move(results));
}

// {name: size}; `_` names nothing.
Result<Value> parse_shape(NativeCall& call, Operation& operation) {
  LATHE_TRY(const std::string pattern, call.string("pattern"));
  LATHE_TRY(const TensorId x, operation.tensor(call.argument("x"), "its input"));
  const std::vector<std::string_view> axes = words(pattern);
  const Shape dims = operation.tracer().dims(x);
  const bool dots = std::find(axes.begin(), axes.end(), "...") != axes.end();
  if (axes.size() - (dots ? 1 : 0) > dims.size() || (!dots && axes.size() != dims.size())) {
    return operation
        .error(DiagnosticKind::RankMismatch, "RuntimeError", "parse_shape '{}' names {} axes, the tensor has {}",
               pattern, axes.size(), python_shape(dims))
        .emit();
  }
  Heap& heap = call.evaluator.heap();
  const ObjectId dict = heap.add(DictObject{});
  size_t at = 0;
  for (const std::string_view name : axes) {
    if (name == "...") {
      at += dims.size() + 1 - axes.size();
      continue;
    }
    const Dim size = dims[at++];
    if (name == "_") continue;
    LATHE_TRY_VOID(call.evaluator.dict_set(dict, heap.new_string(std::string(name)), Value(size), call.where));
  }
  return Value(dict);
}

Result<Value> refuse_mix(NativeCall& call) {
  return call.evaluator.unsupported(call.where, "einops.layers.torch.EinMix; a Rearrange and a Linear do the same");
}

constexpr NativeFunctionRow kFunctions[] = {
    {"rearrange", "tensor, pattern, **axes_lengths", tensor_function<transform<EinopsKind::Rearrange>>},
    {"reduce", "tensor, pattern, reduction, **axes_lengths", tensor_function<transform<EinopsKind::Reduce>>},
    {"repeat", "tensor, pattern, **axes_lengths", tensor_function<transform<EinopsKind::Repeat>>},
    {"einsum", "*tensors_and_pattern", tensor_function<named_einsum>},
    {"pack", "tensors, pattern", tensor_function<pack_tensors>},
    {"unpack", "tensor, packed_shapes, pattern", tensor_function<unpack_tensor>},
    {"parse_shape", "x, pattern", tensor_function<parse_shape>},
};

constexpr NativeFunctionRow kRearrange[] = {
    {"__init__", "self, pattern, **axes_lengths", constructor<make_layer<EinopsKind::Rearrange>>},
    {"forward", "self, input", forward<run_layer<EinopsKind::Rearrange>>},
    {"extra_repr", "self", layer_text<pattern_text>},
};
constexpr NativeFunctionRow kReduce[] = {
    {"__init__", "self, pattern, reduction, **axes_lengths", constructor<make_layer<EinopsKind::Reduce>>},
    {"forward", "self, input", forward<run_layer<EinopsKind::Reduce>>},
    {"extra_repr", "self", layer_text<pattern_text>},
};
constexpr NativeFunctionRow kMix[] = {{"__new__", "cls, *args, **kwargs", refuse_mix}};
constexpr NativeClassRow kClasses[] = {
    {"Rearrange", "torch.nn.Module", kRearrange},
    {"Reduce", "torch.nn.Module", kReduce},
    {"EinMix", "torch.nn.Module", kMix},
};

}  // namespace

std::span<const NativeFunctionRow> einops_functions() { return kFunctions; }
std::span<const NativeClassRow> einops_classes() { return kClasses; }

}  // namespace lathe::torch
