// Speed of the runtime's kernels on one thread as a part of the FMA peak measured in the same run.
//
//   lathe_bench_kernels [--target NAME] [--filter TEXT] [--rounds N] [--minimum RATIO]
//
// Every round runs the peak burst and then each case once for about 2 ms, so that all see the same machine; the medians
// over the rounds are compared. Time is CPU time of the thread. With --minimum the exit status is 1 when a case marked
// * is below RATIO of the peak.
#include <time.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <new>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/core.h>

#include "bench/kernels/fma_peak.h"
#include "lathe/kernels.h"
#include "lathe/runtime.h"

namespace lathe::bench {
namespace {

constexpr double kSliceSeconds = 0.002;

struct Case {
  std::string name;
  // Held to --minimum.
  bool required = false;
  double flops = 0;
  std::function<lathe_status()> run;
  int64_t runs = 1;
  std::vector<double> rates = {};
};

struct Options {
  std::string target;
  std::string filter;
  int rounds = 40;
  double minimum = 0;
};

// Operands start at cache lines and lie on huge pages where there are any, as those of compiled programs do.
template <class T>
struct AlignedAllocator {
  using value_type = T;
  AlignedAllocator() = default;
  template <class U>
  explicit AlignedAllocator(const AlignedAllocator<U>&) {}
  T* allocate(size_t count) {
    void* memory = lathe_allocate(nullptr, count * sizeof(T));
    if (memory == nullptr) throw std::bad_alloc();
    return static_cast<T*>(memory);
  }
  void deallocate(T* memory, size_t count) { lathe_release(nullptr, memory, count * sizeof(T)); }
  bool operator==(const AlignedAllocator&) const = default;
};

using Floats = std::vector<float, AlignedAllocator<float>>;

Floats noise(int64_t count) {
  Floats values(static_cast<size_t>(std::max<int64_t>(count, 1)));
  uint32_t state = 12345;
  for (float& value : values) {
    state = state * 1664525u + 1013904223u;
    value = static_cast<float>(state >> 8) / 16777216.0f - 0.5f;
  }
  return values;
}

Case gemm_case(std::string name, int64_t m, int64_t n, int64_t k, bool required) {
  const lathe_gemm_f32_shape shape = {.struct_size = sizeof(lathe_gemm_f32_shape),
                                      .reserved = 0,
                                      .batch = 1,
                                      .m = m,
                                      .n = n,
                                      .k = k,
                                      .a_row_stride = k,
                                      .a_batch_stride = 0,
                                      .b_batch_stride = 0,
                                      .c_row_stride = n,
                                      .c_batch_stride = 0,
                                      .residual_row_stride = 0,
                                      .residual_batch_stride = 0};
  Floats packed(static_cast<size_t>(lathe_packed_gemm_b_floats(k, n)));
  lathe_pack_gemm_b_f32(noise(k * n).data(), k, n, n, 1, packed.data());
  auto run = [shape, a = noise(m * k), packed = std::move(packed), c = noise(m * n), bias = noise(n)]() mutable {
    lathe_epilogue_f32 epilogue = {};
    epilogue.struct_size = sizeof(epilogue);
    epilogue.activation = LATHE_ACTIVATION_RELU;
    epilogue.bias = bias.data();
    return lathe_gemm_f32(nullptr, &shape, a.data(), packed.data(), c.data(), nullptr, &epilogue);
  };
  return {.name = std::move(name),
          .required = required,
          .flops = 2.0 * static_cast<double>(m) * static_cast<double>(n) * static_cast<double>(k),
          .run = std::move(run)};
}

enum class ConvKernel { Direct, Depthwise, Winograd };

struct ConvCase {
  std::string name;
  int64_t size = 0;
  int64_t in_c = 0;
  int64_t out_c = 0;
  int64_t kernel = 1;
  int64_t stride = 1;
  ConvKernel by = ConvKernel::Direct;
  // Of Winograd: 2 or 4.
  int64_t tile = 4;
  bool required = false;
};

Case conv_case(const ConvCase& conv) {
  const int64_t in_size = (conv.size - 1) * conv.stride + conv.kernel;
  const bool depthwise = conv.by == ConvKernel::Depthwise;
  const int64_t group_in = depthwise ? 1 : conv.in_c;
  const lathe_conv2d_f32_shape shape = {.struct_size = sizeof(lathe_conv2d_f32_shape),
                                        .reserved = 0,
                                        .batch = 1,
                                        .out_h = conv.size,
                                        .out_w = conv.size,
                                        .in_c = conv.in_c,
                                        .out_c = conv.out_c,
                                        .kernel_h = conv.kernel,
                                        .kernel_w = conv.kernel,
                                        .stride_h = conv.stride,
                                        .stride_w = conv.stride,
                                        .dilation_h = 1,
                                        .dilation_w = 1,
                                        .groups = depthwise ? conv.in_c : 1,
                                        .in_image_stride = in_size * in_size * conv.in_c,
                                        .in_row_stride = in_size * conv.in_c,
                                        .in_pixel_stride = conv.in_c,
                                        .out_image_stride = conv.size * conv.size * conv.out_c,
                                        .out_row_stride = conv.size * conv.out_c,
                                        .out_pixel_stride = conv.out_c,
                                        .residual_image_stride = 0,
                                        .residual_row_stride = 0,
                                        .residual_pixel_stride = 0};
  // Random weights are as good packed as not; 16 columns more than any packing needs.
  const int64_t taps = conv.kernel * conv.kernel;
  const bool winograd = conv.by == ConvKernel::Winograd;
  const int64_t packed_floats = (conv.out_c + LATHE_PANEL) * taps * group_in;
  const int64_t scratch_floats =
      winograd ? lathe_winograd_conv2d_scratch_floats(conv.tile, 1, conv.size, conv.size, conv.in_c, conv.out_c) : 0;
  auto run = [shape, by = conv.by, tile = conv.tile, in = noise(in_size * in_size * conv.in_c),
              packed = noise(packed_floats), bias = noise(conv.out_c), out = noise(conv.size * conv.size * conv.out_c),
              scratch = noise(scratch_floats)]() mutable {
    lathe_epilogue_f32 epilogue = {};
    epilogue.struct_size = sizeof(epilogue);
    epilogue.activation = LATHE_ACTIVATION_RELU;
    epilogue.bias = bias.data();
    if (by == ConvKernel::Winograd) {
      return lathe_winograd_conv2d_f32(nullptr, &shape, in.data(), packed.data(), out.data(), nullptr, &epilogue,
                                       scratch.data(), tile);
    }
    const auto kernel = by == ConvKernel::Depthwise ? &lathe_depthwise_conv2d_f32 : &lathe_conv2d_f32;
    return kernel(nullptr, &shape, in.data(), packed.data(), out.data(), nullptr, &epilogue);
  };
  return {.name = conv.name,
          .required = conv.required,
          .flops = 2.0 * static_cast<double>(conv.size * conv.size * conv.out_c) * static_cast<double>(taps * group_in),
          .run = std::move(run)};
}

std::vector<Case> make_cases() {
  std::vector<Case> cases;
  for (const int64_t size : {64, 128, 192, 256, 384, 512}) {
    cases.push_back(gemm_case(fmt::format("gemm {0}x{0}x{0}", size), size, size, size, size >= 128));
  }
  cases.push_back(gemm_case("gemm 197x768x768", 197, 768, 768, false));
  cases.push_back(gemm_case("gemm 128x3072x768", 128, 3072, 768, false));
  cases.push_back(gemm_case("gemm 16x1024x1024", 16, 1024, 1024, false));
  cases.push_back(gemm_case("gemm 4x1024x1024", 4, 1024, 1024, false));
  cases.push_back(gemm_case("gemv 1x512x512", 1, 512, 512, false));
  cases.push_back(gemm_case("gemv 1x1000x2048", 1, 1000, 2048, false));
  cases.push_back(gemm_case("gemv 1x4096x4096", 1, 4096, 4096, false));
  const ConvCase convs[] = {
      {.name = "conv 3x3 56x56x64", .size = 56, .in_c = 64, .out_c = 64, .kernel = 3, .required = true},
      {.name = "conv 3x3 28x28x128", .size = 28, .in_c = 128, .out_c = 128, .kernel = 3, .required = true},
      {.name = "conv 3x3 14x14x256", .size = 14, .in_c = 256, .out_c = 256, .kernel = 3, .required = true},
      {.name = "conv 3x3 7x7x512", .size = 7, .in_c = 512, .out_c = 512, .kernel = 3, .required = true},
      {.name = "conv 3x3 5x5x512", .size = 5, .in_c = 512, .out_c = 512, .kernel = 3},
      {.name = "conv 3x3 5x5x128", .size = 5, .in_c = 128, .out_c = 128, .kernel = 3},
      {.name = "conv 3x3/2 28x28 64-128", .size = 28, .in_c = 64, .out_c = 128, .kernel = 3, .stride = 2},
      {.name = "conv 3x3/2 7x7 256-512", .size = 7, .in_c = 256, .out_c = 512, .kernel = 3, .stride = 2},
      {.name = "stem 7x7/2 112x112 3-64", .size = 112, .in_c = 3, .out_c = 64, .kernel = 7, .stride = 2},
      {.name = "stem 3x3/2 112x112 3-16", .size = 112, .in_c = 3, .out_c = 16, .kernel = 3, .stride = 2},
      {.name = "stem 5x5 24x24 1-8", .size = 24, .in_c = 1, .out_c = 8, .kernel = 5},
      {.name = "conv 1x1 56x56 16-64", .size = 56, .in_c = 16, .out_c = 64},
      {.name = "conv 1x1 28x28 24-72", .size = 28, .in_c = 24, .out_c = 72},
      {.name = "conv 1x1 56x56 64-256", .size = 56, .in_c = 64, .out_c = 256},
      {.name = "conv 1x1 56x56 256-64", .size = 56, .in_c = 256, .out_c = 64},
      {.name = "conv 1x1 14x14 1024-256", .size = 14, .in_c = 1024, .out_c = 256},
      {.name = "conv 1x1 7x7 512-2048", .size = 7, .in_c = 512, .out_c = 2048},
      {.name = "depthwise 3x3 56x56x72", .size = 56, .in_c = 72, .out_c = 72, .kernel = 3, .by = ConvKernel::Depthwise},
      {.name = "depthwise 3x3 28x28x128",
       .size = 28,
       .in_c = 128,
       .out_c = 128,
       .kernel = 3,
       .by = ConvKernel::Depthwise},
      {.name = "depthwise 3x3/2 28x28x96",
       .size = 28,
       .in_c = 96,
       .out_c = 96,
       .kernel = 3,
       .stride = 2,
       .by = ConvKernel::Depthwise},
      {.name = "depthwise 5x5 14x14x240",
       .size = 14,
       .in_c = 240,
       .out_c = 240,
       .kernel = 5,
       .by = ConvKernel::Depthwise},
      {.name = "depthwise 3x3 7x7x576", .size = 7, .in_c = 576, .out_c = 576, .kernel = 3, .by = ConvKernel::Depthwise},
  };
  // Rates are those of the direct sum that they replace.
  const struct {
    int64_t size;
    int64_t channels;
    int64_t tile;
  } kWinograd[] = {{56, 64, 4}, {28, 128, 4}, {14, 256, 4}, {7, 512, 4}, {56, 16, 4}, {12, 64, 4},
                   {7, 128, 4}, {14, 256, 2}, {7, 512, 2},  {7, 128, 2}, {7, 64, 2},  {8, 256, 2},
                   {5, 512, 2}, {5, 128, 2},  {4, 512, 2},  {4, 128, 2}};
  for (const auto& [size, channels, tile] : kWinograd) {
    cases.push_back(conv_case({.name = fmt::format("winograd/{2} {0}x{0}x{1}", size, channels, tile),
                               .size = size,
                               .in_c = channels,
                               .out_c = channels,
                               .kernel = 3,
                               .by = ConvKernel::Winograd,
                               .tile = tile}));
  }
  for (const ConvCase& conv : convs) cases.push_back(conv_case(conv));
  return cases;
}

// CPU time of this thread: what other processes take of the core does not count.
double seconds_now() {
  timespec now = {};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

// How many runs fill a slice.
int64_t runs_of_slice(const std::function<lathe_status()>& run) {
  int64_t runs = 0;
  const double start = seconds_now();
  do {
    run();
    ++runs;
  } while (seconds_now() - start < kSliceSeconds);
  return runs;
}

// Floating-point operations a second, in units of 1e9; the clock is read only around the whole slice.
double measure(const Case& item) {
  const double start = seconds_now();
  for (int64_t i = 0; i < item.runs; ++i) item.run();
  return item.flops * static_cast<double>(item.runs) / (seconds_now() - start) * 1e-9;
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

int run(const Options& options) {
  char message[512] = "";
  if (lathe_target_select(options.target.c_str(), message, sizeof(message)) != LATHE_OK) {
    fmt::print(stderr, "{}\n", message);
    return 2;
  }
  const std::string_view target = lathe_target_name(lathe_target_selected());
  std::vector<Case> cases = make_cases();
  std::erase_if(cases, [&](const Case& item) { return item.name.find(options.filter) == std::string::npos; });
  for (Case& item : cases) {
    if (item.run() != LATHE_OK) {
      fmt::print(stderr, "{} failed\n", item.name);
      return 4;
    }
    item.runs = runs_of_slice(item.run);
  }
  std::vector<double> peaks;
  for (int round = 0; round < options.rounds; ++round) {
    double flops = 0;
    const double start = seconds_now();
    for (int burst = 0; burst < 10; ++burst) flops += run_fma_burst(target);
    peaks.push_back(flops / (seconds_now() - start) * 1e-9);
    for (Case& item : cases) item.rates.push_back(measure(item));
  }
  const double peak = median(peaks);
  fmt::print("target {}, one thread, FMA peak {:.1f} GFLOPS, {} rounds\n", target, peak, options.rounds);
  fmt::print("  {:<28} {:>8} {:>8} {:>7}\n", "case", "median", "best", "ratio");
  bool good = true;
  for (const Case& item : cases) {
    const double rate = median(item.rates);
    const bool low = item.required && rate < options.minimum * peak;
    fmt::print("{} {:<28} {:>8.1f} {:>8.1f} {:>6.1f}%{}\n", item.required ? '*' : ' ', item.name, rate,
               *std::max_element(item.rates.begin(), item.rates.end()), 100 * rate / peak, low ? "  low" : "");
    good = good && !low;
  }
  return good ? 0 : 1;
}

}  // namespace
}  // namespace lathe::bench

int main(int argc, char** argv) {
  lathe::bench::Options options;
  for (int i = 1; i < argc; i += 2) {
    const std::string_view name = argv[i];
    const char* value = i + 1 < argc ? argv[i + 1] : nullptr;
    if (value != nullptr && name == "--target") {
      options.target = value;
    } else if (value != nullptr && name == "--filter") {
      options.filter = value;
    } else if (value != nullptr && name == "--rounds") {
      options.rounds = std::max(std::atoi(value), 1);
    } else if (value != nullptr && name == "--minimum") {
      options.minimum = std::atof(value);
    } else {
      fmt::print(stderr, "usage: {} [--target NAME] [--filter TEXT] [--rounds N] [--minimum RATIO]\n", argv[0]);
      return 2;
    }
  }
  return lathe::bench::run(options);
}
