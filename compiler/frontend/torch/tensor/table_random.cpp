// Random tensors: inputs of the graph, or constants while a module is constructed (see Tracer::add_random).
#include <fmt/format.h>

#include "compiler/frontend/torch/tensor/table.h"

namespace lathe::torch {
namespace {

constexpr Initialization kNormal{.kind = Initialization::Kind::Normal, .bound = 1};

Status check_sizes(Tracer& tracer, const Shape& dims) {
  for (const Dim& size : dims) {
    if (!size.is_constant() || size.constant() >= 0) continue;
    return tensor_error(tracer, DiagnosticKind::NegativeDimension, "RuntimeError",
                        fmt::format("a tensor can't have the shape {}", Tracer::shape_text(dims)))
        .emit();
  }
  if (product(dims).valid()) return {};
  return tensor_error(tracer, DiagnosticKind::SizeOverflow, "RuntimeError",
                      fmt::format("a tensor of shape {} is larger than can be addressed", Tracer::shape_text(dims)))
      .emit();
}

Result<TensorId> random(NativeCall& call, const Shape& dims, ElementType element, std::string_view name) {
  Tracer& tracer = tracer_of(call.evaluator);
  LATHE_TRY_VOID(check_sizes(tracer, dims));
  const TensorType type{element, dims};
  if (name == "randn") return tracer.add_random(type, kNormal, name, call.where);
  if (name == "rand" && is_constructing(call.evaluator)) {
    const TensorId centred =
        tracer.add_random(type, Initialization{.kind = Initialization::Kind::Uniform, .bound = 0.5}, name, call.where);
    return binary_operation(tracer, TensorBinary::Add, centred, 0.5);
  }
  return tracer.add_random(type, std::nullopt, name, call.where);
}

Result<ElementType> element_of(NativeCall& call, ElementType fallback) {
  LATHE_TRY(const auto given, dtype_argument(call));
  return given.value_or(fallback);
}

Result<Value> of_sizes(NativeCall& call) {
  LATHE_TRY(const Shape sizes, sizes_argument(call, "sizes", "size"));
  LATHE_TRY(const ElementType element, element_of(call, ElementType::F32));
  return as_value(random(call, sizes, element, call.row.name));
}

Result<Value> like(NativeCall& call) {
  Tracer& tracer = tracer_of(call.evaluator);
  LATHE_TRY(const TensorId x, self_tensor(call));
  LATHE_TRY(const ElementType element, element_of(call, tracer.element(x)));
  const std::string_view name = call.row.name;
  return as_value(random(call, tracer.dims(x), element, name.substr(0, name.find('_'))));
}

/// randint(high, size), randint(low, high, size).
Result<Value> integers(NativeCall& call) {
  const Value& size = call.is_none("size") ? (call.is_none("third") ? call.argument("second") : call.argument("third"))
                                           : call.argument("size");
  LATHE_TRY(const std::vector<Value> items, call.evaluator.iterate(size, call.where));
  Shape dims;
  for (const Value& item : items) {
    LATHE_TRY(Dim each, integer_of(call, item, "a size"));
    dims.push_back(std::move(each));
  }
  LATHE_TRY(const ElementType element, element_of(call, ElementType::I64));
  return as_value(random(call, dims, element, "randint"));
}

Result<Value> permutation(NativeCall& call) {
  LATHE_TRY(const Dim count, integer_of(call, call.argument("n"), "`n`"));
  LATHE_TRY(const ElementType element, element_of(call, ElementType::I64));
  return as_value(random(call, {count}, element, "randperm"));
}

/// normal(mean, std): of tensors or numbers; with numbers there is a size.
Result<Value> normal(NativeCall& call) {
  Tracer& tracer = tracer_of(call.evaluator);
  const Value& mean = call.argument("mean");
  const Value& deviation = call.argument("std");
  Shape dims;
  if (!call.is_none("size")) {
    LATHE_TRY(dims, call.integers("size"));
  }
  for (const Value* value : {&mean, &deviation}) {
    if (const auto* tensor = std::get_if<TensorId>(value)) {
      LATHE_TRY(dims, broadcast_shapes(tracer, dims, tracer.dims(*tensor), "combine"));
    }
  }
  LATHE_TRY(const TensorId noise, random(call, dims, ElementType::F32, "randn"));
  LATHE_TRY(const TensorId scaled, binary_operation(tracer, TensorBinary::Multiply, noise, deviation));
  return as_value(binary_operation(tracer, TensorBinary::Add, scaled, mean));
}

/// 1 with the probability that each element says.
Result<Value> bernoulli(NativeCall& call) {
  Tracer& tracer = tracer_of(call.evaluator);
  LATHE_TRY(const TensorId x, self_tensor(call));
  const Value chance = torch::is_none(call.argument("p")) ? Value(x) : call.argument("p");
  LATHE_TRY(const TensorId noise, random(call, tracer.dims(x), ElementType::F32, "rand"));
  LATHE_TRY(const TensorId hit, compare_operation(tracer, TensorCompare::Less, noise, chance));
  return as_value(cast_operation(tracer, hit, tracer.element(x)));
}

/// normal_(mean, std): initial values of a parameter, random elements of anything else.
Result<Value> normal_in_place(NativeCall& call) {
  Tracer& tracer = tracer_of(call.evaluator);
  LATHE_TRY(const TensorId x, self_tensor(call));
  LATHE_TRY(const double mean, call.number("mean"));
  LATHE_TRY(const double deviation, call.number("std"));
  const Initialization initialization{.kind = Initialization::Kind::Normal, .bound = deviation};
  if (mean == 0) {
    LATHE_TRY_VOID(tracer.set_initialization(x, initialization));
    return Value(x);
  }
  const TensorId noise = tracer.add_random(tracer.type(x), kNormal, "normal", call.where);
  LATHE_TRY(const TensorId scaled, binary_operation(tracer, TensorBinary::Multiply, noise, deviation));
  LATHE_TRY(const TensorId moved, binary_operation(tracer, TensorBinary::Add, scaled, mean));
  LATHE_TRY(const ValueId value, tracer.value(moved));
  LATHE_TRY_VOID(tracer.assign(x, value));
  return Value(x);
}

Result<Value> uniform_in_place(NativeCall& call) {
  Tracer& tracer = tracer_of(call.evaluator);
  LATHE_TRY(const TensorId x, self_tensor(call));
  LATHE_TRY(const double low, call.number("from"));
  LATHE_TRY(const double high, call.number("to"));
  const Initialization initialization{.kind = Initialization::Kind::Uniform, .bound = (high - low) / 2};
  if (low == -high) {
    LATHE_TRY_VOID(tracer.set_initialization(x, initialization));
    return Value(x);
  }
  const TensorId noise = tracer.add_random(tracer.type(x), initialization, "uniform", call.where);
  LATHE_TRY(const TensorId moved, binary_operation(tracer, TensorBinary::Add, noise, (high + low) / 2));
  LATHE_TRY(const ValueId value, tracer.value(moved));
  LATHE_TRY_VOID(tracer.assign(x, value));
  return Value(x);
}

Result<Value> bernoulli_in_place(NativeCall& call) {
  LATHE_TRY(const Value result, bernoulli(call));
  return store_in_place(call, result);
}

Result<Value> random_in_place(NativeCall& call) {
  Tracer& tracer = tracer_of(call.evaluator);
  LATHE_TRY(const TensorId x, self_tensor(call));
  LATHE_TRY(const TensorId noise, random(call, tracer.dims(x), tracer.element(x), "random"));
  return store_in_place(call, Value(noise));
}

constexpr std::string_view kSizes =
    "*sizes, size=None, generator=None, out=None, names=None, dtype=None, layout=None, device=None, "
    "requires_grad=False, pin_memory=False";
constexpr std::string_view kLike =
    "input, *, dtype=None, layout=None, device=None, requires_grad=False, memory_format=None, generator=None";

constexpr TensorFunction kTable[] = {
    only_function<of_sizes>("randn", kSizes),
    only_function<of_sizes>("rand", kSizes),
    only_function<like>("randn_like", kLike),
    only_function<like>("rand_like", kLike),
    only_function<integers>("randint",
                            "first=None, second=None, third=None, *, size=None, low=None, high=None, "
                            "generator=None, out=None, dtype=None, layout=None, device=None, "
                            "requires_grad=False"),
    only_function<permutation>("randperm",
                               "n, *, generator=None, out=None, dtype=None, layout=None, device=None, "
                               "requires_grad=False, pin_memory=False"),
    only_function<normal>("normal", "mean, std=1.0, size=None, *, generator=None, out=None, dtype=None, device=None"),
    both<bernoulli>("bernoulli", "input, p=None, *, generator=None, out=None"),
    only_method<bernoulli_in_place>("bernoulli_", "input, p=0.5, *, generator=None"),
    only_method<normal_in_place>("normal_", "input, mean=0.0, std=1.0, *, generator=None"),
    only_method<uniform_in_place>("uniform_", "input, from=0.0, to=1.0, *, generator=None"),
    only_method<random_in_place>("random_", "input, *limits, generator=None"),
};

}  // namespace

std::span<const TensorFunction> random_table() { return kTable; }

}  // namespace lathe::torch
