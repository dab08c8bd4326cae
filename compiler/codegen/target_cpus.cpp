// The tables of architectures and levels.
#include "compiler/codegen/target_cpus.h"

#include <algorithm>
#include <iterator>

namespace lathe::codegen {
namespace {

// The levels of the psABI. runtime/target.cpp tests for all of it before it takes the target of a level.
#define LATHE_V2 "+cx8,+fxsr,+mmx,+sse,+sse2,+sse3,+ssse3,+sse4.1,+sse4.2,+crc32,+popcnt,+cx16,+sahf"
#define LATHE_V3 LATHE_V2 ",+avx,+avx2,+fma,+f16c,+bmi,+bmi2,+lzcnt,+movbe,+xsave"
#define LATHE_V4 LATHE_V3 ",+avx512f,+avx512dq,+avx512bw,+avx512vl,+avx512cd,+evex512"

constexpr CpuLevel kLevels[] = {
    {"x86-64-v4", Architecture::X86_64, "AVX3", LATHE_V4, 512, true, true},
    {"x86-64-v3", Architecture::X86_64, "AVX2", LATHE_V3, 256, true, true},
    {"x86-64-v2", Architecture::X86_64, "SSE4", LATHE_V2, 128, false, false},
    {"armv8-a", Architecture::Aarch64, "NEON", "+fp-armv8,+neon", 128, true, true},
};

#undef LATHE_V2
#undef LATHE_V3
#undef LATHE_V4

constexpr Triple kTriples[] = {
    {"x86_64-linux-gnu", "x86_64-unknown-linux-gnu", Architecture::X86_64},
    {"aarch64-linux-gnu", "aarch64-unknown-linux-gnu", Architecture::Aarch64},
};

#if defined(__aarch64__)
constexpr std::string_view kHost = "aarch64-linux-gnu";
#else
constexpr std::string_view kHost = "x86_64-linux-gnu";
#endif

/// `x86_64-pc-linux-gnu` without its vendor.
std::string without_vendor(std::string_view text) {
  const size_t first = text.find('-');
  const size_t second = first == std::string_view::npos ? first : text.find('-', first + 1);
  const auto dashes = std::count(text.begin(), text.end(), '-');
  if (dashes != 3 || second == std::string_view::npos) return std::string(text);
  return std::string(text.substr(0, first)) + std::string(text.substr(second));
}

void append(std::string& list, std::string_view name) {
  if (!list.empty()) list += ", ";
  list += name;
}

}  // namespace

std::span<const CpuLevel> cpu_levels() { return kLevels; }

const CpuLevel* find_cpu_level(Architecture architecture, std::string_view name) {
  const auto found = std::find_if(std::begin(kLevels), std::end(kLevels), [&](const CpuLevel& level) {
    return level.architecture == architecture && level.name == name;
  });
  return found == std::end(kLevels) ? nullptr : found;
}

std::span<const Triple> triples() { return kTriples; }

const Triple* find_triple(std::string_view text) {
  const std::string name = text.empty() ? std::string(kHost) : without_vendor(text);
  const auto found =
      std::find_if(std::begin(kTriples), std::end(kTriples), [&](const Triple& row) { return row.name == name; });
  return found == std::end(kTriples) ? nullptr : found;
}

std::string level_names(Architecture architecture) {
  std::string names;
  for (const CpuLevel& level : kLevels) {
    if (level.architecture == architecture) append(names, level.name);
  }
  return names;
}

std::string triple_names() {
  std::string names;
  for (const Triple& triple : kTriples) append(names, triple.name);
  return names;
}

}  // namespace lathe::codegen
