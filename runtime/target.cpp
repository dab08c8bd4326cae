// Detects what the CPU can run and keeps the process's selection among the compiled targets.
#include "runtime/target.h"

#include <strings.h>

#include <atomic>
#include <cstdlib>

#include "lathe/kernels.h"
#include "runtime/message.h"

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace lathe::runtime {
namespace {

struct TargetRow {
  Target target;
  char name[8];
};

// Best first: each is part of those before it. detect_best() is the index of the best one that this CPU and its system
// run, -1 when there is none.
#if defined(__x86_64__)

constexpr TargetRow kTargets[] = {{Target::Avx3, "AVX3"}, {Target::Avx2, "AVX2"}, {Target::Sse4, "SSE4"}};

// The bits are those of Highway's definitions of its targets (AVX2 includes FMA, BMI2, F16C and LZCNT; AVX3 is F, VL,
// DQ, BW and CD) and those of the levels x86-64-v2, v3 and v4 of the psABI: code for a level runs where the target
// does.
int32_t detect_best() {
  unsigned eax = 0;
  unsigned ebx = 0;
  unsigned ecx = 0;
  unsigned edx = 0;
  const auto bit = [](unsigned word, int index) { return (word >> index & 1u) != 0; };
  if (__get_cpuid(0x80000001u, &eax, &ebx, &ecx, &edx) == 0) return -1;
  const bool lahf = bit(ecx, 0);
  const bool lzcnt = bit(ecx, 5);
  if (__get_cpuid(1, &eax, &ebx, &ecx, &edx) == 0) return -1;
  const bool sse3 = bit(ecx, 0) && bit(ecx, 9);
  const bool cmpxchg16b = bit(ecx, 13);
  if (!(lahf && sse3 && cmpxchg16b && bit(ecx, 19) && bit(ecx, 20) && bit(ecx, 23))) return -1;
  constexpr auto kSse4 = static_cast<int32_t>(Target::Sse4);
  const bool fma = bit(ecx, 12);
  const bool movbe = bit(ecx, 22);
  const bool os_saves_state = bit(ecx, 27);
  const bool avx = bit(ecx, 28);
  const bool f16c = bit(ecx, 29);
  if (!os_saves_state) return kSse4;
  unsigned state_low = 0;
  unsigned state_high = 0;
  asm volatile("xgetbv" : "=a"(state_low), "=d"(state_high) : "c"(0));
  const bool saves_ymm = (state_low & 0x6u) == 0x6u;
  const bool saves_zmm = (state_low & 0xe6u) == 0xe6u;
  if (__get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) == 0) return kSse4;
  const bool bmi = bit(ebx, 3) && bit(ebx, 8);
  if (!(saves_ymm && avx && fma && f16c && movbe && lzcnt && bmi && bit(ebx, 5))) return kSse4;
  const bool avx3 = saves_zmm && bit(ebx, 16) && bit(ebx, 17) && bit(ebx, 28) && bit(ebx, 30) && bit(ebx, 31);
  return static_cast<int32_t>(avx3 ? Target::Avx3 : Target::Avx2);
}

#else

constexpr TargetRow kTargets[] = {{Target::Neon, "NEON"}};
int32_t detect_best() { return 0; }

#endif

constexpr int32_t kTargetCount = static_cast<int32_t>(sizeof(kTargets) / sizeof(kTargets[0]));

constexpr bool in_order() {
  for (int32_t i = 0; i < kTargetCount; ++i) {
    if (static_cast<int32_t>(kTargets[i].target) != i) return false;
  }
  return true;
}
static_assert(in_order(), "a target is its index");

// One more than the index of the selected target; 0 when none is.
constinit std::atomic<int32_t> selected_place = 0;

bool is_supported(int32_t index) {
  const int32_t best = detect_best();
  return best >= 0 && index >= best;
}

void describe(Message& message, const char* origin, const char* name, const char* problem) {
  lathe_internal_add_text(&message, origin);
  lathe_internal_add_text(&message, " `");
  lathe_internal_add_text(&message, name);
  lathe_internal_add_text(&message, "` ");
  lathe_internal_add_text(&message, problem);
  lathe_internal_add_text(&message, "; compiled targets: ");
  for (int32_t i = 0; i < kTargetCount; ++i) {
    if (i > 0) lathe_internal_add_text(&message, ", ");
    lathe_internal_add_text(&message, kTargets[i].name);
    if (!is_supported(i)) lathe_internal_add_text(&message, " (not supported by this CPU)");
  }
}

// Finds the target that `name` (null or "": LATHE_TARGET, else the best) asks for.
lathe_status resolve(const char* name, int32_t& index, Message& message) {
  const char* origin = "target";
  if (name == nullptr || *name == '\0') {
    name = std::getenv("LATHE_TARGET");
    origin = "LATHE_TARGET";
  }
  if (name == nullptr || *name == '\0') {
    index = detect_best();
    if (index >= 0) return LATHE_OK;
    describe(message, "target", kTargets[kTargetCount - 1].name, "is the least that is needed");
    return LATHE_UNSUPPORTED_CPU;
  }
  for (int32_t i = 0; i < kTargetCount; ++i) {
    if (strcasecmp(name, kTargets[i].name) != 0) continue;
    if (!is_supported(i)) {
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
}  // namespace lathe::runtime

namespace runtime = lathe::runtime;

int32_t lathe_internal_selected_target(const lathe_execution* execution, lathe_status* status) {
  const int32_t place = runtime::selected_place.load(std::memory_order_relaxed);
  *status = LATHE_OK;
  if (place != 0) return place - 1;
  int32_t index = -1;
  runtime::Message message;
  lathe_internal_open_message(&message, execution);
  *status = runtime::resolve(nullptr, index, message);
  if (*status != LATHE_OK) return -1;
  runtime::selected_place.store(index + 1, std::memory_order_relaxed);
  return index;
}

int32_t lathe_target_count(void) { return runtime::kTargetCount; }

const char* lathe_target_name(int32_t index) {
  return index >= 0 && index < runtime::kTargetCount ? runtime::kTargets[index].name : nullptr;
}

int32_t lathe_target_supported(int32_t index) {
  return index >= 0 && index < runtime::kTargetCount && runtime::is_supported(index) ? 1 : 0;
}

int32_t lathe_target_detected(void) { return runtime::detect_best(); }

int32_t lathe_target_selected(void) {
  lathe_status status = LATHE_OK;
  return lathe_internal_selected_target(nullptr, &status);
}

lathe_status lathe_target_select(const char* name, char* message, size_t message_size) {
  int32_t index = -1;
  runtime::Message text;
  lathe_internal_open_buffer(&text, message, message_size);
  const lathe_status status = runtime::resolve(name, index, text);
  const bool anew = name == nullptr || *name == '\0';
  if (status == LATHE_OK || anew) runtime::selected_place.store(index + 1, std::memory_order_relaxed);
  return status;
}
