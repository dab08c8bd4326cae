// What surrounds tensors: dtypes, devices, contexts (no_grad, autocast), decorators (jit.script, compile), settings.
#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <numbers>

#include "compiler/frontend/torch/tensor/element_types.h"
#include "compiler/frontend/torch/tensor/table.h"
#include "compiler/frontend/torch/tensor/tensor_attributes.h"

namespace lathe::torch {
namespace {

Result<Value> nothing(NativeCall&) { return Value(NoneValue{}); }
Result<Value> always_false(NativeCall&) { return Value(false); }
Result<Value> zero(NativeCall&) { return integer(0); }
Result<Value> one(NativeCall&) { return integer(1); }
Result<Value> first(NativeCall& call) { return call.arguments[0]; }
Result<Value> second(NativeCall& call) { return call.arguments[1]; }

void set(Evaluator& evaluator, const Value& self, std::string_view name, Value value) {
  if (auto* instance = evaluator.heap().as<InstanceObject>(self)) {
    instance->attributes.set(evaluator.name(name), std::move(value));
  }
}

// ---- contexts and decorators

Result<Value> ignore(NativeCall&) { return Value(NoneValue{}); }
/// torch.no_grad(function) as a decorator without parentheses gives the function back.
Result<Value> new_context(NativeCall& call) {
  const Heap& heap = call.evaluator.heap();
  const auto* arguments = heap.as<TupleObject>(call.argument("arguments"));
  LATHE_CHECK(arguments != nullptr);
  if (arguments->items.size() == 1 && heap.as<FunctionObject>(arguments->items[0]) != nullptr) {
    return arguments->items[0];
  }
  const auto* type = std::get_if<ObjectId>(&call.arguments.front());
  LATHE_CHECK(type != nullptr);
  return Value(call.evaluator.new_instance(*type, call.where));
}

constexpr NativeFunctionRow kContextMethods[] = {
    {"__new__", "cls, *arguments, **keywords", new_context},
    {"__init__", "self, *arguments, **keywords", ignore},
    {"__enter__", "self", first},
    {"__exit__", "self, *arguments", always_false},
    {"__call__", "self, function", second},
};

constexpr NativeFunctionRow kIdentityRow{"identity", "function", first};

/// A decorator that leaves the function as it is, with or without arguments of its own.
Result<Value> decorator(NativeCall& call) {
  if (!torch::is_none(call.arguments[0])) return call.arguments[0];
  return Value(call.evaluator.heap().add(NativeFunctionObject{&kIdentityRow}));
}

Result<Value> ignoring_decorator(NativeCall& call) {
  if (std::holds_alternative<bool>(call.arguments[0])) call.arguments[0] = NoneValue{};
  return decorator(call);
}

/// checkpoint(function, *args): calls it.
Result<Value> call_through(NativeCall& call) {
  Heap& heap = call.evaluator.heap();
  const auto* positional = heap.as<TupleObject>(call.argument("args"));
  const auto* keywords = heap.as<DictObject>(call.argument("kwargs"));
  LATHE_CHECK(positional != nullptr && keywords != nullptr);
  Arguments arguments;
  arguments.positional = positional->items;
  for (const DictStorage::Entry& entry : keywords->entries.entries()) {
    const std::string* name = heap.string(entry.key);
    if (name != nullptr) arguments.keywords.emplace_back(call.evaluator.name(*name), entry.value);
  }
  const Value function = call.argument("function");
  return call.evaluator.call(function, std::move(arguments), call.where);
}

/// checkpoint_sequential(functions, segments, input): one after the other.
Result<Value> call_in_order(NativeCall& call) {
  LATHE_TRY(const std::vector<Value> functions, call.items("functions"));
  Value value = call.argument("input");
  for (const Value& function : functions) {
    LATHE_TRY(value, call.evaluator.call(function, Arguments{{value}, {}, {}}, call.where));
  }
  return value;
}

Result<Value> refuse_function(NativeCall& call) {
  return call.evaluator.unsupported(call.where, "a subclass of torch.autograd.Function");
}

// ---- devices

/// device('cuda:1'), device('cuda', 1), device(0)
Result<Value> make_device(NativeCall& call) {
  const Value self = call.arguments[0];
  std::string name = "cuda";
  Value index = call.argument("index");
  if (const std::string* text = call.evaluator.heap().string(call.argument("type"))) {
    name = *text;
    const size_t colon = name.find(':');
    if (colon != std::string::npos) {
      index = integer(std::strtol(name.c_str() + colon + 1, nullptr, 10));
      name.resize(colon);
    }
  } else if (std::holds_alternative<Dim>(call.argument("type"))) {
    index = call.argument("type");
  }
  set(call.evaluator, self, "type", call.evaluator.heap().new_string(std::move(name)));
  set(call.evaluator, self, "index", index);
  return Value(NoneValue{});
}

Result<Value> device_text(NativeCall& call) {
  const auto* self = call.evaluator.heap().as<InstanceObject>(call.arguments[0]);
  const Value* type = self != nullptr ? self->attributes.find(call.evaluator.name("type")) : nullptr;
  const std::string* text = type != nullptr ? call.evaluator.heap().string(*type) : nullptr;
  return call.evaluator.heap().new_string(text != nullptr ? *text : "cpu");
}

/// There is one device: all names of it are equal.
Result<Value> same_device(NativeCall& call) {
  return Value(call.evaluator.heap().as<InstanceObject>(call.arguments[1]) != nullptr ||
               call.evaluator.heap().string(call.arguments[1]) != nullptr);
}

constexpr NativeFunctionRow kDeviceMethods[] = {
    {"__init__", "self, type, index=None", make_device},
    {"__str__", "self", device_text},
    {"__repr__", "self", device_text},
    {"__eq__", "self, other", same_device},
};

// ---- limits of number types

Result<ElementType> wanted_element(NativeCall& call, ElementType fallback) {
  LATHE_TRY(const auto element, dtype_argument(call, "type"));
  return element.value_or(fallback);
}

struct FloatLimits {
  double largest;
  double smallest_normal;
  double epsilon;
};

FloatLimits limits_of(ElementType element) {
  if (element == ElementType::F16) return {65504, 6.103515625e-05, 0.0009765625};
  if (element == ElementType::BF16) return {3.3895313892515355e38, 1.1754943508222875e-38, 0.0078125};
  if (element == ElementType::F64) {
    using Limits = std::numeric_limits<double>;
    return {Limits::max(), Limits::min(), Limits::epsilon()};
  }
  using Limits = std::numeric_limits<float>;
  return {static_cast<double>(Limits::max()), static_cast<double>(Limits::min()),
          static_cast<double>(Limits::epsilon())};
}

Result<Value> make_finfo(NativeCall& call) {
  LATHE_TRY(const ElementType element, wanted_element(call, ElementType::F32));
  const FloatLimits limits = limits_of(element);
  const Value self = call.arguments[0];
  Evaluator& evaluator = call.evaluator;
  set(evaluator, self, "bits", integer(info(element).bits));
  set(evaluator, self, "max", limits.largest);
  set(evaluator, self, "min", -limits.largest);
  set(evaluator, self, "eps", limits.epsilon);
  set(evaluator, self, "tiny", limits.smallest_normal);
  set(evaluator, self, "smallest_normal", limits.smallest_normal);
  set(evaluator, self, "resolution", std::pow(10.0, std::floor(std::log10(limits.epsilon) + 1)));
  set(evaluator, self, "dtype", evaluator.heap().new_string(std::string(dtype_name(element))));
  return Value(NoneValue{});
}

Result<Value> make_iinfo(NativeCall& call) {
  LATHE_TRY(const ElementType element, wanted_element(call, ElementType::I64));
  const Value self = call.arguments[0];
  const uint32_t bits = info(element).bits;
  const bool has_sign = is_signed(element);
  const int64_t largest =
      bits == 64 ? std::numeric_limits<int64_t>::max() : (int64_t{1} << (has_sign ? bits - 1 : bits)) - 1;
  set(call.evaluator, self, "bits", integer(bits));
  set(call.evaluator, self, "max", integer(largest));
  set(call.evaluator, self, "min", integer(has_sign ? -largest - 1 : 0));
  return Value(NoneValue{});
}

constexpr NativeFunctionRow kFinfoMethods[] = {{"__init__", "self, type=None", make_finfo}};
constexpr NativeFunctionRow kIinfoMethods[] = {{"__init__", "self, type", make_iinfo}};

Result<Value> size_count(NativeCall& call) {
  LATHE_TRY(const std::vector<Value> items, call.evaluator.iterate(call.arguments[0], call.where));
  Dim count = 1;
  for (const Value& item : items) {
    if (const auto* size = std::get_if<Dim>(&item)) count *= *size;
  }
  return Value(count);
}

constexpr NativeFunctionRow kSizeMethods[] = {{"numel", "self", size_count}};

constexpr NativeFunctionRow kGeneratorMethods[] = {
    {"__init__", "self, device=None", ignore},
    {"manual_seed", "self, seed", first},
    {"initial_seed", "self", zero},
    {"seed", "self", zero},
};

/// Classes that programs name and never need while a model is compiled.
Result<Value> refuse_class(NativeCall& call) {
  const std::string name = call.evaluator.type_name(call.arguments[0]);
  call.evaluator.unsupported(call.where, fmt::format("`{}`", name));
  return Failure{};
}
constexpr NativeFunctionRow kRefusedClass[] = {{"__init__", "self, *arguments, **keywords", refuse_class}};
constexpr NativeFunctionRow kRefusedFunctions[] = {
    {"apply", "cls, *arguments, **keywords", refuse_function, NativeKind::ClassMethod},
};

// ---- constants

template <size_t position>
Value dtype_constant(Evaluator& evaluator) {
  return tracer_of(evaluator).dtype_value(evaluator, dtype_names()[position].element);
}

template <size_t... positions>
std::vector<NativeConstantRow> dtype_constants(std::index_sequence<positions...>) {
  return {NativeConstantRow{dtype_names()[positions].name, dtype_constant<positions>}...};
}

template <int which>
Value token(Evaluator& evaluator) {
  constexpr std::string_view kNames[] = {"torch.strided",         "torch.contiguous_format", "torch.channels_last",
                                         "torch.preserve_format", "torch.channels_last_3d",  "torch.sparse_coo"};
  return evaluator.heap().add(TokenObject{"format", std::string(kNames[which])});
}

constexpr NativeConstantRow kConstants[] = {
    {"pi", [](Evaluator&) { return Value(std::numbers::pi); }},
    {"e", [](Evaluator&) { return Value(std::numbers::e); }},
    {"inf", [](Evaluator&) { return Value(std::numeric_limits<double>::infinity()); }},
    {"nan", [](Evaluator&) { return Value(std::numeric_limits<double>::quiet_NaN()); }},
    {"newaxis", [](Evaluator&) { return Value(NoneValue{}); }},
    {"__version__", [](Evaluator& evaluator) { return evaluator.heap().new_string("2.1.0"); }},
    {"strided", token<0>},
    {"contiguous_format", token<1>},
    {"channels_last", token<2>},
    {"preserve_format", token<3>},
    {"channels_last_3d", token<4>},
    {"sparse_coo", token<5>},
};

constexpr NativeFunctionRow kFunctions[] = {
    {"manual_seed", "seed", nothing},
    {"seed", "", zero},
    {"initial_seed", "", zero},
    {"set_num_threads", "number", nothing},
    {"get_num_threads", "", one},
    {"set_default_dtype", "dtype", nothing},
    {"set_default_tensor_type", "type", nothing},
    {"set_printoptions", "*arguments, **keywords", nothing},
    {"set_float32_matmul_precision", "precision", nothing},
    {"use_deterministic_algorithms", "mode, *, warn_only=False", nothing},
    {"save", "obj, f, *arguments, **keywords", nothing},
    {"is_grad_enabled", "", always_false},
    {"is_inference_mode_enabled", "", always_false},
    {"is_autocast_enabled", "", always_false},
    {"compile", "model=None, **keywords", decorator},
    {"_assert", "condition, message", nothing},
};

constexpr NativeClassRow kClasses[] = {
    {"Size", "builtins.tuple", kSizeMethods},
    {"device", "", kDeviceMethods},
    {"finfo", "", kFinfoMethods},
    {"iinfo", "", kIinfoMethods},
    {"Generator", "", kGeneratorMethods},
    {"dtype", "", {}},
    {"no_grad", "", kContextMethods},
    {"enable_grad", "", kContextMethods},
    {"inference_mode", "", kContextMethods},
    {"set_grad_enabled", "", kContextMethods},
    {"autocast", "", kContextMethods},
};

constexpr NativeClassRow kAutocast[] = {{"autocast", "", kContextMethods}};
constexpr NativeClassRow kGradScaler[] = {{"autocast", "", kContextMethods}, {"GradScaler", "", kRefusedClass}};
constexpr NativeClassRow kAutograd[] = {
    {"Function", "", kRefusedFunctions},     {"no_grad", "", kContextMethods},
    {"enable_grad", "", kContextMethods},    {"set_detect_anomaly", "", kContextMethods},
    {"detect_anomaly", "", kContextMethods},
};
constexpr NativeFunctionRow kAutogradFunctions[] = {
    {"Variable", "data, requires_grad=False, volatile=False", guarded<first>},
};
constexpr NativeFunctionRow kJit[] = {
    {"script", "obj=None, *arguments, **keywords", decorator},
    {"script_if_tracing", "function=None", decorator},
    {"script_method", "function=None", decorator},
    {"trace", "func, *arguments, **keywords", decorator},
    {"export", "function=None", decorator},
    {"ignore", "drop=None, **keywords", ignoring_decorator},
    {"unused", "function=None", decorator},
    {"interface", "obj=None", decorator},
    {"is_scripting", "", always_false},
    {"is_tracing", "", always_false},
    {"annotate", "type, value", second},
    {"save", "obj, f", nothing},
};
constexpr NativeFunctionRow kCheckpoint[] = {
    {"checkpoint",
     "function, *args, use_reentrant=None, preserve_rng_state=True, context_fn=None, determinism_check=None, "
     "debug=False, **kwargs",
     call_through},
    {"checkpoint_sequential", "functions, segments, input, use_reentrant=None, **kwargs", call_in_order},
};
constexpr NativeFunctionRow kCuda[] = {
    {"is_available", "", always_false}, {"device_count", "", zero},           {"current_device", "", zero},
    {"set_device", "device", nothing},  {"empty_cache", "", nothing},         {"synchronize", "device=None", nothing},
    {"manual_seed", "seed", nothing},   {"manual_seed_all", "seed", nothing}, {"is_bf16_supported", "", always_false},
};
constexpr NativeFunctionRow kMps[] = {{"is_available", "", always_false}, {"is_built", "", always_false}};
constexpr NativeClassRow kData[] = {
    {"Dataset", "", {}},
    {"IterableDataset", "", {}},
    {"TensorDataset", "", kRefusedClass},
    {"DataLoader", "", kRefusedClass},
    {"Sampler", "", kRefusedClass},
};
constexpr NativeFunctionRow kDataFunctions[] = {
    {"random_split", "dataset, lengths, generator=None", nothing},
};
constexpr NativeFunctionRow kFx[] = {{"wrap", "function=None", decorator}};
constexpr NativeConstantRow kCudnn[] = {
    {"enabled", [](Evaluator&) { return Value(false); }},
    {"benchmark", [](Evaluator&) { return Value(false); }},
    {"deterministic", [](Evaluator&) { return Value(true); }},
    {"allow_tf32", [](Evaluator&) { return Value(false); }},
};
constexpr NativeConstantRow kMatmulSettings[] = {
    {"allow_tf32", [](Evaluator&) { return Value(false); }},
};
Result<Value> refuse_named(NativeCall& call) {
  return call.evaluator.unsupported(call.where, fmt::format("`{}`", call.row.name));
}
constexpr std::string_view kAnything = "*arguments, **keywords";
constexpr NativeFunctionRow kFourier[] = {
    {"fft", kAnything, refuse_named},     {"ifft", kAnything, refuse_named},     {"rfft", kAnything, refuse_named},
    {"irfft", kAnything, refuse_named},   {"fft2", kAnything, refuse_named},     {"ifft2", kAnything, refuse_named},
    {"rfft2", kAnything, refuse_named},   {"irfft2", kAnything, refuse_named},   {"fftn", kAnything, refuse_named},
    {"ifftn", kAnything, refuse_named},   {"rfftn", kAnything, refuse_named},    {"irfftn", kAnything, refuse_named},
    {"fftfreq", kAnything, refuse_named}, {"fftshift", kAnything, refuse_named}, {"ifftshift", kAnything, refuse_named},
};
constexpr NativeClassRow kDistributions[] = {
    {"Distribution", "", kRefusedClass}, {"Normal", "", kRefusedClass},
    {"Categorical", "", kRefusedClass},  {"Bernoulli", "", kRefusedClass},
    {"Uniform", "", kRefusedClass},      {"MultivariateNormal", "", kRefusedClass},
    {"Beta", "", kRefusedClass},         {"kl_divergence", "", kRefusedClass},
};
constexpr NativeFunctionRow kHub[] = {
    {"load", kAnything, refuse_named},
    {"load_state_dict_from_url", kAnything, refuse_named},
};
constexpr NativeFunctionRow kOnnx[] = {{"export", kAnything, nothing}};
constexpr NativeFunctionRow kDistributed[] = {
    {"is_available", "", always_false},      {"is_initialized", "", always_false},
    {"get_rank", "group=None", zero},        {"get_world_size", "group=None", one},
    {"all_reduce", kAnything, refuse_named}, {"all_gather", kAnything, refuse_named},
};
constexpr NativeClassRow kSummaryWriter[] = {{"SummaryWriter", "", kRefusedClass}};
constexpr NativeClassRow kScriptModule[] = {{"Final", "", {}}};

}  // namespace

Value cpu_device(Evaluator& evaluator) {
  const ObjectId self = evaluator.new_instance(evaluator.library_object("torch.device"), {});
  set(evaluator, self, "type", evaluator.heap().new_string("cpu"));
  set(evaluator, self, "index", NoneValue{});
  return self;
}

std::span<const NativeModuleRow> context_modules() {
  static const std::vector<NativeConstantRow> dtypes = dtype_constants(std::make_index_sequence<19>());
  static const std::vector<NativeModuleRow> modules = [] {
    LATHE_CHECK(dtype_names().size() == 19);
    return std::vector<NativeModuleRow>{
        {"torch", kFunctions, kClasses, kConstants},
        {"torch", {}, {}, dtypes},
        {"torch.linalg", norm_functions(), {}, {}},
        {"torch.amp", {}, kGradScaler, {}},
        {"torch.cuda", kCuda, {}, {}},
        {"torch.cuda.amp", {}, kGradScaler, {}},
        {"torch.cpu.amp", {}, kAutocast, {}},
        {"torch.backends.cudnn", {}, {}, kCudnn},
        {"torch.backends.cuda.matmul", {}, {}, kMatmulSettings},
        {"torch.backends.mps", kMps, {}, {}},
        {"torch.autograd", kAutogradFunctions, kAutograd, {}},
        {"torch.jit", kJit, kScriptModule, {}},
        {"torch.fx", kFx, {}, {}},
        {"torch.fft", kFourier, {}, {}},
        {"torch.distributions", {}, kDistributions, {}},
        {"torch.distributed", kDistributed, {}, {}},
        {"torch.hub", kHub, {}, {}},
        {"torch.onnx", kOnnx, {}, {}},
        {"torch.utils.tensorboard", {}, kSummaryWriter, {}},
        {"torch.utils.checkpoint", kCheckpoint, {}, {}},
        {"torch.utils.data", kDataFunctions, kData, {}},
    };
  }();
  return modules;
}

}  // namespace lathe::torch
