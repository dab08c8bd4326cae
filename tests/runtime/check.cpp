// The essentials of the runtime in one program that needs nothing but the runtime: for machines without GoogleTest, and
// for emulators. Every kernel on every target of this CPU against plain loops, bit by bit; the thread pool; a model.
// Prints a line for each case with the bits of its result on the best target: two machines with fused multiply-add
// print the same. Ends with 1 when anything is wrong.
#include <algorithm>
#include <atomic>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

#include "lathe/kernels.h"
#include "lathe/model.h"
#include "tests/unit/runtime/model_support.h"

namespace {

int failures = 0;

void expect(bool holds, const std::string& what) {
  if (holds) return;
  std::printf("failed: %s\n", what.c_str());
  ++failures;
}

std::vector<float> random_floats(int64_t count, uint32_t seed) {
  std::vector<float> values(static_cast<size_t>(count));
  uint32_t state = seed * 2654435761u + 1;
  for (float& value : values) {
    state = state * 1664525u + 1013904223u;
    value = static_cast<float>(state >> 8) / 8388608.0f - 1.0f;
  }
  return values;
}

// FNV-1a over the bits.
uint64_t hash(const std::vector<float>& values) {
  uint64_t result = 14695981039346656037u;
  for (const float value : values) result = (result ^ std::bit_cast<uint32_t>(value)) * 1099511628211u;
  return result;
}

// The targets of this CPU, best first.
std::vector<std::string> targets() {
  std::vector<std::string> names;
  for (int32_t i = 0; i < lathe_target_count(); ++i) {
    if (lathe_target_supported(i) != 0) names.emplace_back(lathe_target_name(i));
  }
  return names;
}

float multiply_add(const std::string& target, float a, float b, float sum) {
  if (target != "SSE4") return std::fma(a, b, sum);
  // volatile: two roundings, whatever the compiler's flags.
  volatile float product = a * b;
  return product + sum;
}

// scale, bias, residual, then HardSwish: the order and the roundings that lathe/kernels.h states.
struct Epilogue {
  std::vector<float> scale;
  std::vector<float> bias;
  lathe_epilogue_f32 descriptor = {};

  explicit Epilogue(int64_t columns) : scale(random_floats(columns, 91)), bias(random_floats(columns, 92)) {
    descriptor.struct_size = sizeof(descriptor);
    descriptor.activation = LATHE_ACTIVATION_HARD_SWISH;
    descriptor.alpha = 1.0f / 6.0f;
    descriptor.beta = 0.5f;
    descriptor.scale = scale.data();
    descriptor.bias = bias.data();
  }

  [[nodiscard]] float apply(float sum, int64_t column, float residual) const {
    volatile float value = sum * scale[static_cast<size_t>(column)];
    value = value + bias[static_cast<size_t>(column)];
    value = value + residual;
    const float x = value;
    volatile float line = descriptor.alpha * x;
    line = line + descriptor.beta;
    const float y = line;
    return x * (y < 0.0f ? 0.0f : y > 1.0f ? 1.0f : y);
  }
};

// Runs `kernel` on every target, with and without a pool, against `expected`, and prints the bits of the best target.
template <class Kernel, class Expected>
void check(const std::string& name, int64_t count, Kernel kernel, Expected expected) {
  lathe_thread_pool* pool = nullptr;
  expect(lathe_thread_pool_create(3, &pool) == LATHE_OK, "a pool of three threads");
  uint64_t best = 0;
  for (const std::string& target : targets()) {
    expect(lathe_target_select(target.c_str(), nullptr, 0) == LATHE_OK, "selecting " + target);
    const std::vector<float> wanted = expected(target);
    for (const bool threads : {false, true}) {
      lathe_execution execution = LATHE_EXECUTION_INIT;
      if (threads) lathe_execution_use_pool(&execution, pool);
      std::vector<float> result(static_cast<size_t>(count), -1.0f);
      expect(kernel(&execution, result.data()) == LATHE_OK, name + ": its status on " + target);
      expect(std::memcmp(result.data(), wanted.data(), result.size() * sizeof(float)) == 0,
             name + ": its bits on " + target + (threads ? " with threads" : ""));
      if (best == 0) best = hash(result);
    }
  }
  lathe_thread_pool_destroy(pool);
  lathe_target_select(nullptr, nullptr, 0);
  std::printf("%s: %016llx\n", name.c_str(), static_cast<unsigned long long>(best));
}

void check_gemm(int64_t m, int64_t n, int64_t k) {
  const std::vector<float> a = random_floats(m * k, 1);
  const std::vector<float> b = random_floats(k * n, 2);
  const std::vector<float> residual = random_floats(m * n, 3);
  std::vector<float> packed(static_cast<size_t>(lathe_packed_gemm_b_floats(k, n)));
  lathe_pack_gemm_b_f32(b.data(), k, n, n, 1, packed.data());
  const Epilogue epilogue(n);
  lathe_gemm_f32_shape shape = {};
  shape.struct_size = sizeof(shape);
  shape.batch = 1;
  shape.m = m;
  shape.n = n;
  shape.k = k;
  shape.a_row_stride = k;
  shape.c_row_stride = n;
  shape.residual_row_stride = n;
  check(
      "gemm " + std::to_string(m) + "x" + std::to_string(n) + "x" + std::to_string(k), m * n,
      [&](const lathe_execution* execution, float* c) {
        return lathe_gemm_f32(execution, &shape, a.data(), packed.data(), c, residual.data(), &epilogue.descriptor);
      },
      [&](const std::string& target) {
        std::vector<float> c;
        for (int64_t i = 0; i < m; ++i) {
          for (int64_t j = 0; j < n; ++j) {
            float sum = 0.0f;
            for (int64_t l = 0; l < k; ++l) {
              sum = multiply_add(target, a[static_cast<size_t>(i * k + l)], b[static_cast<size_t>(l * n + j)], sum);
            }
            c.push_back(epilogue.apply(sum, j, residual[static_cast<size_t>(i * n + j)]));
          }
        }
        return c;
      });
}

// Channels innermost; the input has `kernel - 1` more lines and pixels than the output takes at stride 1.
struct Convolution {
  int64_t size;
  int64_t in_c;
  int64_t out_c;
  int64_t groups;
  int64_t kernel;
  int64_t stride;

  [[nodiscard]] int64_t in_size() const { return (size - 1) * stride + kernel; }
  [[nodiscard]] int64_t in_group() const { return in_c / groups; }
  [[nodiscard]] int64_t out_count() const { return size * size * out_c; }

  [[nodiscard]] lathe_conv2d_f32_shape shape() const {
    lathe_conv2d_f32_shape result = {};
    result.struct_size = sizeof(result);
    result.batch = 1;
    result.out_h = result.out_w = size;
    result.in_c = in_c;
    result.out_c = out_c;
    result.kernel_h = result.kernel_w = kernel;
    result.stride_h = result.stride_w = stride;
    result.dilation_h = result.dilation_w = 1;
    result.groups = groups;
    result.in_pixel_stride = in_c;
    result.in_row_stride = in_size() * in_c;
    result.in_image_stride = in_size() * in_size() * in_c;
    result.out_pixel_stride = result.residual_pixel_stride = out_c;
    result.out_row_stride = result.residual_row_stride = size * out_c;
    result.out_image_stride = result.residual_image_stride = out_count();
    return result;
  }

  // Of w[out_c][in_group][kernel][kernel].
  [[nodiscard]] lathe_conv2d_weights weights() const {
    lathe_conv2d_weights result = {};
    result.struct_size = sizeof(result);
    result.out_c = out_c;
    result.in_c_per_group = in_group();
    result.kernel_h = result.kernel_w = kernel;
    result.groups = groups;
    result.out_c_stride = in_group() * kernel * kernel;
    result.in_c_stride = kernel * kernel;
    result.kernel_h_stride = kernel;
    result.kernel_w_stride = 1;
    return result;
  }

  [[nodiscard]] std::vector<float> expected(const std::string& target, const std::vector<float>& in,
                                            const std::vector<float>& w, const std::vector<float>& residual,
                                            const Epilogue& epilogue) const {
    std::vector<float> result;
    for (int64_t y = 0; y < size; ++y) {
      for (int64_t x = 0; x < size; ++x) {
        for (int64_t o = 0; o < out_c; ++o) {
          const float sum = sum_at(target, in, w, y, x, o);
          result.push_back(epilogue.apply(sum, o, residual[result.size()]));
        }
      }
    }
    return result;
  }

  [[nodiscard]] float sum_at(const std::string& target, const std::vector<float>& in, const std::vector<float>& w,
                             int64_t y, int64_t x, int64_t o) const {
    const int64_t first_channel = o / (out_c / groups) * in_group();
    float sum = 0.0f;
    for (int64_t ky = 0; ky < kernel; ++ky) {
      for (int64_t kx = 0; kx < kernel; ++kx) {
        const int64_t pixel = (y * stride + ky) * in_size() + x * stride + kx;
        for (int64_t i = 0; i < in_group(); ++i) {
          const float weight = w[static_cast<size_t>(((o * in_group() + i) * kernel + ky) * kernel + kx)];
          sum = multiply_add(target, in[static_cast<size_t>(pixel * in_c + first_channel + i)], weight, sum);
        }
      }
    }
    return sum;
  }
};

void check_convolution(const std::string& name, const Convolution& convolution, bool depthwise) {
  const std::vector<float> in = random_floats(convolution.in_size() * convolution.in_size() * convolution.in_c, 4);
  const int64_t taps = convolution.kernel * convolution.kernel;
  const std::vector<float> w = random_floats(convolution.out_c * convolution.in_group() * taps, 5);
  const std::vector<float> residual = random_floats(convolution.out_count(), 6);
  const Epilogue epilogue(convolution.out_c);
  std::vector<float> packed;
  if (depthwise) {
    packed.resize(static_cast<size_t>(
        lathe_packed_depthwise_conv2d_floats(convolution.out_c, convolution.kernel, convolution.kernel)));
    lathe_pack_depthwise_conv2d_f32(w.data(), convolution.out_c, convolution.kernel, convolution.kernel, taps,
                                    convolution.kernel, 1, packed.data());
  } else {
    const lathe_conv2d_weights weights = convolution.weights();
    packed.resize(static_cast<size_t>(lathe_packed_conv2d_floats(&weights)));
    lathe_pack_conv2d_f32(&weights, w.data(), packed.data());
  }
  const lathe_conv2d_f32_shape shape = convolution.shape();
  const auto run = depthwise ? &lathe_depthwise_conv2d_f32 : &lathe_conv2d_f32;
  check(
      name, convolution.out_count(),
      [&](const lathe_execution* execution, float* out) {
        return run(execution, &shape, in.data(), packed.data(), out, residual.data(), &epilogue.descriptor);
      },
      [&](const std::string& target) { return convolution.expected(target, in, w, residual, epilogue); });
}

// Not the bits of the direct sum, but near to it; those of all targets with FMA are one another's.
void check_winograd(int64_t tile) {
  const Convolution convolution = {.size = 11, .in_c = 32, .out_c = 48, .groups = 1, .kernel = 3, .stride = 1};
  const std::string name = "winograd, tiles of " + std::to_string(tile);
  const std::vector<float> in = random_floats(convolution.in_size() * convolution.in_size() * convolution.in_c, 7);
  const std::vector<float> w = random_floats(convolution.out_c * convolution.in_c * 9, 8);
  const std::vector<float> residual = random_floats(convolution.out_count(), 9);
  const Epilogue epilogue(convolution.out_c);
  std::vector<float> packed(w.size());
  lathe_pack_gemm_b_f32(w.data(), convolution.in_c * 9, convolution.out_c, 1, convolution.in_c * 9, packed.data());
  std::vector<float> scratch(static_cast<size_t>(lathe_winograd_conv2d_scratch_floats(
      tile, 1, convolution.size, convolution.size, convolution.in_c, convolution.out_c)));
  const lathe_conv2d_f32_shape shape = convolution.shape();
  std::vector<float> first;
  for (const std::string& target : targets()) {
    expect(lathe_target_select(target.c_str(), nullptr, 0) == LATHE_OK, "selecting " + target);
    std::vector<float> result(residual.size());
    expect(lathe_winograd_conv2d_f32(nullptr, &shape, in.data(), packed.data(), result.data(), residual.data(),
                                     &epilogue.descriptor, scratch.data(), tile) == LATHE_OK,
           name + ": its status on " + target);
    const std::vector<float> wanted = convolution.expected(target, in, w, residual, epilogue);
    float largest = 0;
    float error = 0;
    for (size_t i = 0; i < wanted.size(); ++i) {
      largest = std::max(largest, std::fabs(wanted[i]));
      error = std::max(error, std::fabs(result[i] - wanted[i]));
    }
    expect(error <= 1e-5f * largest, name + ": its numbers on " + target);
    if (first.empty()) first = result;
    expect(target == "SSE4" || std::memcmp(result.data(), first.data(), result.size() * sizeof(float)) == 0,
           name + ": its bits on " + target);
  }
  lathe_target_select(nullptr, nullptr, 0);
  std::printf("%s: %016llx\n", name.c_str(), static_cast<unsigned long long>(hash(first)));
}

// Many jobs in a row, each of whose indices must be visited once.
void check_pool() {
  lathe_thread_pool* pool = nullptr;
  expect(lathe_thread_pool_create(4, &pool) == LATHE_OK, "a pool of four threads");
  expect(lathe_thread_pool_threads(pool) == 4, "the threads of the pool");
  std::vector<std::atomic<int>> visits(1000);
  for (int job = 0; job < 300; ++job) {
    lathe_thread_pool_parallel_for(
        pool, 1000, 7,
        [](void* state, int64_t begin, int64_t end) {
          for (int64_t i = begin; i < end; ++i)
            ++(*static_cast<std::vector<std::atomic<int>>*>(state))[static_cast<size_t>(i)];
        },
        &visits);
  }
  lathe_thread_pool_destroy(pool);
  for (const std::atomic<int>& count : visits) expect(count == 300, "an index of a parallel loop");
}

void check_model() {
  using lathe::runtime::test::PairModel;
  PairModel pair;
  const int64_t image_sizes[2] = {2, 3};
  const int64_t twice_sizes[1] = {4};
  const int64_t* sizes[2] = {image_sizes, twice_sizes};
  int64_t symbol = 0;
  expect(lathe_model_bind(&pair.model, nullptr, nullptr, sizes, &symbol) == LATHE_OK && symbol == 2, "binding a model");
  const float image[6] = {1, 2, 3, 4, 5, 6};
  const float twice[4] = {10, 20, 30, 40};
  float y[2] = {0, 0};
  const void* inputs[2] = {image, twice};
  void* outputs[1] = {y};
  expect(lathe_model_run(&pair.model, nullptr, inputs, outputs, nullptr, &symbol) == LATHE_OK, "running a model");
  expect(y[0] == 42.0f && y[1] == 100.0f, "the result of a model");
  pair.set_variants({{"absent", "no such target", &lathe::runtime::test::run_pair_better},
                     {"best", lathe_target_name(lathe_target_detected()), &lathe::runtime::test::run_pair}});
  expect(lathe_model_select_cpu(&pair.model, nullptr, nullptr, 0) == LATHE_OK, "choosing code");
  expect(std::strcmp(lathe_model_cpu(&pair.model), "best") == 0, "the code that is chosen");
}

}  // namespace

int main() {
  std::printf("target %s\n", lathe_target_name(lathe_target_detected()));
  check_gemm(1, 1, 1);
  check_gemm(7, 33, 65);
  check_gemm(64, 48, 700);
  check_gemm(200, 20, 40);
  check_convolution("conv 3x3", {.size = 9, .in_c = 5, .out_c = 19, .groups = 1, .kernel = 3, .stride = 1}, false);
  check_convolution("conv 3x3/2, groups", {.size = 7, .in_c = 8, .out_c = 36, .groups = 2, .kernel = 3, .stride = 2},
                    false);
  check_convolution("conv 1x1", {.size = 20, .in_c = 40, .out_c = 64, .groups = 1, .kernel = 1, .stride = 1}, false);
  check_convolution("depthwise 3x3", {.size = 13, .in_c = 37, .out_c = 37, .groups = 37, .kernel = 3, .stride = 1},
                    true);
  check_convolution("depthwise 5x5/2", {.size = 6, .in_c = 24, .out_c = 24, .groups = 24, .kernel = 5, .stride = 2},
                    true);
  check_winograd(2);
  check_winograd(4);
  check_pool();
  check_model();
  std::printf("%s\n", failures == 0 ? "all is well" : "failures");
  return failures == 0 ? 0 : 1;
}
