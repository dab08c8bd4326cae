// CPUs by name: the levels of target_cpus.h, and what LLVM knows of others.
#include <algorithm>

#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/TargetParser/AArch64TargetParser.h"
#include "llvm/TargetParser/Host.h"
#include "llvm/TargetParser/X86TargetParser.h"

#include "compiler/codegen/llvm_engine.h"
#include "lathe/runtime.h"

namespace lathe::codegen {
namespace {

/// A level, and the CPU whose timings the scheduler goes by.
struct Choice {
  const CpuLevel* level = nullptr;
  std::string tuned_for;
};

/// Whether a CPU with these features, and those that they imply, has every feature of the level.
bool covers(const llvm::StringMap<bool>& features, const CpuLevel& level) {
  llvm::SmallVector<llvm::StringRef, 32> wanted;
  llvm::StringRef(level.features.data(), level.features.size()).split(wanted, ',');
  return std::all_of(wanted.begin(), wanted.end(), [&](llvm::StringRef feature) {
    const llvm::StringRef name = feature.drop_front();
    // Every CPU with AVX-512 has 512-bit registers; LLVM's lists of older CPUs don't say so.
    return name == "evex512" || features.lookup(name);
  });
}

const CpuLevel* x86_level(const std::string& cpu) {
  if (llvm::X86::parseArchX86(cpu, true) == llvm::X86::CK_None) return nullptr;
  llvm::SmallVector<llvm::StringRef, 64> listed;
  llvm::X86::getFeaturesForCPU(cpu, listed);
  // The lists leave out some of what is implied: sse2 of Intel's CPUs.
  llvm::StringMap<bool> features;
  for (const llvm::StringRef feature : listed) {
    features[feature] = true;
    llvm::X86::updateImpliedFeatures(feature, true, features);
  }
  for (const CpuLevel& level : cpu_levels()) {
    if (level.architecture == Architecture::X86_64 && covers(features, level)) return &level;
  }
  return nullptr;
}

const CpuLevel* aarch64_level(const std::string& cpu) {
  if (cpu != "generic" && !llvm::AArch64::parseCpu(cpu)) return nullptr;
  return find_cpu_level(Architecture::Aarch64, "armv8-a");
}

const CpuLevel* level_of(Architecture architecture, const std::string& cpu) {
  switch (architecture) {
    case Architecture::X86_64: return x86_level(cpu);
    case Architecture::Aarch64: return aarch64_level(cpu);
  }
  internal_error("an architecture of no kind", __FILE__, __LINE__);
}

std::string known_cpus(Architecture architecture) {
  llvm::SmallVector<llvm::StringRef, 128> names;
  switch (architecture) {
    case Architecture::X86_64: llvm::X86::fillValidCPUArchList(names, true); break;
    case Architecture::Aarch64: llvm::AArch64::fillValidCPUArchList(names); break;
  }
  std::string text = level_names(architecture);
  for (const llvm::StringRef name : names) {
    const std::string cpu = name.str();
    if (find_cpu_level(architecture, cpu) != nullptr || level_of(architecture, cpu) == nullptr) continue;
    text += ", " + cpu;
  }
  return text;
}

/// The best level that the runtime finds on this machine, tuned for this CPU.
Choice native() {
  const int32_t detected = lathe_target_detected();
  Choice choice{.level = nullptr, .tuned_for = llvm::sys::getHostCPUName().str()};
  for (const CpuLevel& level : cpu_levels()) {
    if (detected >= 0 && level.isa == lathe_target_name(detected)) choice.level = &level;
  }
  return choice;
}

Choice choose(const Triple& triple, const std::string& name) {
  if (const CpuLevel* level = find_cpu_level(triple.architecture, name)) {
    return {level, triple.architecture == Architecture::X86_64 ? "x86-64" : "generic"};
  }
  if (name == "native") return &triple == find_triple({}) ? native() : Choice{};
  return {level_of(triple.architecture, name), name};
}

CpuTarget make_target(const Triple& triple, const Choice& choice) {
  const CpuLevel& level = *choice.level;
  return {.name = std::string(level.name),
          .isa = std::string(level.isa),
          .triple = std::string(triple.llvm),
          .cpu = choice.tuned_for,
          .features = std::string(level.features),
          .has_fma = level.has_fma,
          .has_f16_conversion = level.has_f16_conversion,
          .vector_bits = level.vector_bits};
}

}  // namespace

Result<std::vector<CpuTarget>> cpu_targets(const Triple& triple, std::span<const std::string> names,
                                           Diagnostics& diagnostics) {
  std::vector<Choice> choices;
  for (const std::string& name : names) {
    const Choice choice = choose(triple, name);
    if (choice.level == nullptr) {
      return diagnostics
          .report(DiagnosticKind::TargetUnusable, {}, "CPU `{}` is not one that code for {} can be made for", name,
                  triple.name)
          .note("known are " + std::string(&triple == find_triple({}) ? "native, " : "") +
                known_cpus(triple.architecture))
          .emit();
    }
    choices.push_back(choice);
  }
  std::vector<CpuTarget> targets;
  for (const CpuLevel& level : cpu_levels()) {
    if (level.architecture != triple.architecture) continue;
    const auto named = std::find_if(choices.begin(), choices.end(), [&](const Choice& c) { return c.level == &level; });
    if (named != choices.end()) {
      targets.push_back(make_target(triple, *named));
    } else if (names.empty()) {
      targets.push_back(make_target(triple, choose(triple, std::string(level.name))));
    }
  }
  return targets;
}

}  // namespace lathe::codegen
