// Detects what the CPU can run and keeps the process's selection among the compiled kernel tables.
#include "runtime/target.h"

#include <strings.h>

#include <atomic>
#include <cstdlib>

#include "lathe/kernels.h"

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace lathe::runtime {
namespace {

struct Target {
  const char* name;
  const KernelTable* kernels;
  bool (*supported)();
};

#if defined(__x86_64__)

struct CpuFeatures {
  bool sse4;
  bool avx2;
  bool avx3;
};

// The bits follow Highway's definitions of its targets: AVX2 includes FMA, BMI2 and F16C; AVX3 is F, VL, DQ and BW.
CpuFeatures detect_features() {
  CpuFeatures features = {};
  unsigned eax = 0;
  unsigned ebx = 0;
  unsigned ecx = 0;
  unsigned edx = 0;
  if (__get_cpuid(1, &eax, &ebx, &ecx, &edx) == 0) return features;
  const auto bit = [](unsigned word, int index) { return (word >> index & 1u) != 0; };
  features.sse4 = bit(ecx, 9) && bit(ecx, 19) && bit(ecx, 20) && bit(ecx, 23);
  const bool fma = bit(ecx, 12);
  const bool f16c = bit(ecx, 29);
  const bool avx = bit(ecx, 28);
  const bool os_saves_state = bit(ecx, 27);
  if (!features.sse4 || !os_saves_state) return features;
  unsigned state_low = 0;
  unsigned state_high = 0;
  asm volatile("xgetbv" : "=a"(state_low), "=d"(state_high) : "c"(0));
  const bool saves_ymm = (state_low & 0x6u) == 0x6u;
  const bool saves_zmm = (state_low & 0xe6u) == 0xe6u;
  if (__get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) == 0) return features;
  const bool bmi = bit(ebx, 3) && bit(ebx, 8);
  features.avx2 = saves_ymm && avx && fma && f16c && bmi && bit(ebx, 5);
  features.avx3 = features.avx2 && saves_zmm && bit(ebx, 16) && bit(ebx, 17) && bit(ebx, 30) && bit(ebx, 31);
  return features;
}

constexpr Target kTargets[] = {
    {"AVX3", &kKernelsAvx3, [] { return detect_features().avx3; }},
    {"AVX2", &kKernelsAvx2, [] { return detect_features().avx2; }},
    {"SSE4", &kKernelsSse4, [] { return detect_features().sse4; }},
};

#else

constexpr Target kTargets[] = {{"NEON", &kKernelsNeon, [] { return true; }}};

#endif

constexpr int32_t kTargetCount = static_cast<int32_t>(sizeof(kTargets) / sizeof(kTargets[0]));
constexpr int32_t kNotSelected = -1;

constinit std::atomic<int32_t> selected_index = kNotSelected;

int32_t detect() {
  for (int32_t i = 0; i < kTargetCount; ++i) {
    if (kTargets[i].supported()) return i;
  }
  return -1;
}

// Appends to a NUL-terminated buffer of `size`, cutting what does not fit.
struct Text {
  char* data;
  size_t size;
  size_t used = 0;

  void add(const char* text) {
    for (; *text != '\0' && used + 1 < size; ++text) data[used++] = *text;
    if (size > 0) data[used] = '\0';
  }
};

void describe(Text& text, const char* origin, const char* name, const char* problem) {
  text.add(origin);
  text.add(" `");
  text.add(name);
  text.add("` ");
  text.add(problem);
  text.add("; compiled targets: ");
  for (int32_t i = 0; i < kTargetCount; ++i) {
    if (i > 0) text.add(", ");
    text.add(kTargets[i].name);
    if (!kTargets[i].supported()) text.add(" (not supported by this CPU)");
  }
}

// Finds the target that `name` (null or "": LATHE_TARGET, else the best) asks for.
lathe_status resolve(const char* name, int32_t& index, Text message) {
  const char* origin = "target";
  if (name == nullptr || *name == '\0') {
    name = std::getenv("LATHE_TARGET");
    origin = "LATHE_TARGET";
  }
  if (name == nullptr || *name == '\0') {
    index = detect();
    if (index >= 0) return LATHE_OK;
    describe(message, "target", kTargets[kTargetCount - 1].name, "is the least that is needed");
    return LATHE_UNSUPPORTED_CPU;
  }
  for (int32_t i = 0; i < kTargetCount; ++i) {
    if (strcasecmp(name, kTargets[i].name) != 0) continue;
    if (!kTargets[i].supported()) {
      describe(message, origin, name, "is not supported by this CPU");
      return LATHE_UNSUPPORTED_CPU;
    }
    index = i;
    return LATHE_OK;
  }
  describe(message, origin, name, "is unknown");
  return LATHE_UNKNOWN_TARGET;
}

}  // namespace

const KernelTable* selected_kernels(const lathe_execution* execution, lathe_status& status) {
  int32_t index = selected_index.load(std::memory_order_relaxed);
  if (index == kNotSelected) {
    char message[512];
    status = resolve(nullptr, index, {message, sizeof(message)});
    if (status != LATHE_OK) {
      lathe_fail(execution, status, message, nullptr, 0);
      return nullptr;
    }
    selected_index.store(index, std::memory_order_relaxed);
  }
  status = LATHE_OK;
  return kTargets[index].kernels;
}

}  // namespace lathe::runtime

namespace runtime = lathe::runtime;

int32_t lathe_target_count(void) { return runtime::kTargetCount; }

const char* lathe_target_name(int32_t index) {
  return index >= 0 && index < runtime::kTargetCount ? runtime::kTargets[index].name : nullptr;
}

int32_t lathe_target_supported(int32_t index) {
  return index >= 0 && index < runtime::kTargetCount && runtime::kTargets[index].supported() ? 1 : 0;
}

int32_t lathe_target_detected(void) { return runtime::detect(); }

int32_t lathe_target_selected(void) {
  lathe_status status = LATHE_OK;
  runtime::selected_kernels(nullptr, status);
  return runtime::selected_index.load(std::memory_order_relaxed);
}

lathe_status lathe_target_select(const char* name, char* message, size_t message_size) {
  int32_t index = runtime::kNotSelected;
  const lathe_status status = runtime::resolve(name, index, {message, message != nullptr ? message_size : 0});
  const bool anew = name == nullptr || *name == '\0';
  if (status == LATHE_OK || anew) runtime::selected_index.store(index, std::memory_order_relaxed);
  return status;
}
