// The table of C functions that generated code may call.
#include "compiler/codegen/runtime_symbols.h"

#include <bit>
#include <cmath>
#include <cstring>
#include <type_traits>
#include <utility>

#include "ir/base/result.h"
#include "lathe/kernels.h"

namespace lathe::codegen {
namespace {

template <class T>
T from_bits(uint64_t bits) {
  if constexpr (std::is_pointer_v<T>) {
    return reinterpret_cast<T>(bits);
  } else if constexpr (std::is_same_v<T, float>) {
    return std::bit_cast<float>(static_cast<uint32_t>(bits));
  } else {
    static_assert(std::is_integral_v<T>);
    return static_cast<T>(bits);
  }
}

template <class T>
int64_t to_result(T value) {
  if constexpr (std::is_pointer_v<T>) {
    return static_cast<int64_t>(reinterpret_cast<intptr_t>(value));
  } else {
    return static_cast<int64_t>(value);
  }
}

template <auto Function, class Result, class... Arguments, size_t... Index>
int64_t call(std::span<const uint64_t> arguments, Result (*)(Arguments...), std::index_sequence<Index...>) {
  LATHE_CHECK(arguments.size() == sizeof...(Arguments));
  if constexpr (std::is_void_v<Result>) {
    Function(from_bits<Arguments>(arguments[Index])...);
    return 0;
  } else {
    return to_result(Function(from_bits<Arguments>(arguments[Index])...));
  }
}

template <class Result, class... Arguments>
constexpr size_t count_arguments(Result (*)(Arguments...)) {
  return sizeof...(Arguments);
}

template <auto Function>
RuntimeSymbol row(std::string_view name, uint32_t written = 0) {
  constexpr size_t kCount = count_arguments(Function);
  return {.name = name,
          .address = reinterpret_cast<void*>(Function),
          .invoke =
              [](std::span<const uint64_t> arguments) {
                return call<Function>(arguments, Function, std::make_index_sequence<kCount>());
              },
          .argument_count = kCount,
          .written_arguments = written};
}

constexpr uint32_t argument(uint32_t index) { return 1u << index; }

}  // namespace

std::span<const RuntimeSymbol> runtime_symbols() {
  static const RuntimeSymbol symbols[] = {
      row<lathe_parallel_for>("lathe_parallel_for"),
      row<lathe_fail>("lathe_fail"),
      row<lathe_allocate>("lathe_allocate"),
      row<lathe_release>("lathe_release"),
      row<lathe_packed_gemm_b_floats>("lathe_packed_gemm_b_floats"),
      row<lathe_pack_gemm_b_f32>("lathe_pack_gemm_b_f32", argument(5)),
      row<lathe_pack_gemm_b_batch_f32>("lathe_pack_gemm_b_batch_f32", argument(8)),
      row<lathe_gemm_f32>("lathe_gemm_f32", argument(4)),
      row<lathe_pack_conv2d_f32>("lathe_pack_conv2d_f32", argument(2)),
      row<lathe_conv2d_f32>("lathe_conv2d_f32", argument(4)),
      row<lathe_pack_depthwise_conv2d_f32>("lathe_pack_depthwise_conv2d_f32", argument(7)),
      row<lathe_depthwise_conv2d_f32>("lathe_depthwise_conv2d_f32", argument(4)),
      row<lathe_winograd_conv2d_f32>("lathe_winograd_conv2d_f32", argument(4) | argument(7)),
  };
  return symbols;
}

const RuntimeSymbol* find_runtime_symbol(std::string_view name) {
  for (const RuntimeSymbol& symbol : runtime_symbols()) {
    if (symbol.name == name) return &symbol;
  }
  return nullptr;
}

std::span<const LibrarySymbol> library_symbols() {
  using Unary = double (*)(double);
  using Binary = double (*)(double, double);
  const auto unary = [](Unary function) { return reinterpret_cast<void*>(function); };
  const auto binary = [](Binary function) { return reinterpret_cast<void*>(function); };
  using SingleBinary = float (*)(float, float);
  static const LibrarySymbol symbols[] = {
      {"fmod", binary(std::fmod)},
      {"fmodf", reinterpret_cast<void*>(static_cast<SingleBinary>(std::fmod))},
      {"exp", unary(std::exp)},
      {"expm1", unary(std::expm1)},
      {"log", unary(std::log)},
      {"log1p", unary(std::log1p)},
      {"sin", unary(std::sin)},
      {"cos", unary(std::cos)},
      {"tan", unary(std::tan)},
      {"asin", unary(std::asin)},
      {"acos", unary(std::acos)},
      {"atan", unary(std::atan)},
      {"sinh", unary(std::sinh)},
      {"cosh", unary(std::cosh)},
      {"tanh", unary(std::tanh)},
      {"asinh", unary(std::asinh)},
      {"acosh", unary(std::acosh)},
      {"atanh", unary(std::atanh)},
      {"erf", unary(std::erf)},
      {"pow", binary(std::pow)},
      {"memcpy", reinterpret_cast<void*>(static_cast<void* (*)(void*, const void*, size_t)>(std::memcpy))},
      {"memset", reinterpret_cast<void*>(static_cast<void* (*)(void*, int, size_t)>(std::memset))},
  };
  return symbols;
}

}  // namespace lathe::codegen
