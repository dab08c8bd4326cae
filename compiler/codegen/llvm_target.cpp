// The CPU that code is made for, and texts and objects for it.
#include "compiler/codegen/llvm_target.h"

#include <array>
#include <mutex>
#include <set>

#include "llvm/Bitcode/BitcodeWriter.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Verifier.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Support/SmallVectorMemoryBuffer.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/TargetParser/Host.h"
#include "llvm-c/Target.h"

#include "lathe/runtime.h"

namespace lathe::codegen {
namespace {

enum class Level : uint8_t { Sse4, Avx2, Avx512, Everything };

/// The runtime's target names are those of Highway.
Level level_of(const std::string& name) {
  if (name == "SSE4") return Level::Sse4;
  if (name == "AVX2") return Level::Avx2;
  if (name.starts_with("AVX3")) return Level::Avx512;
  return Level::Everything;
}

/// What SSE4 code may use besides the base of x86-64.
constexpr std::array<std::string_view, 12> kSse4 = {"64bit", "cmov", "cx8",  "cx16",  "fxsr",   "mmx",
                                                    "sse",   "sse2", "sse3", "ssse3", "sse4.1", "sse4.2"};
constexpr std::string_view kAlsoSse4[] = {"popcnt", "sahf", "x87", "crc32"};

bool allowed(Level level, std::string_view feature) {
  switch (level) {
    case Level::Sse4: {
      const auto lists = [&](const auto& list) {
        return std::find(std::begin(list), std::end(list), feature) != std::end(list);
      };
      return lists(kSse4) || lists(kAlsoSse4);
    }
    case Level::Avx2:
      return !feature.starts_with("avx512") && !feature.starts_with("avx10") && !feature.starts_with("amx") &&
             feature != "evex512";
    case Level::Avx512:
    case Level::Everything: return true;
  }
  return false;
}

std::string selected_target_name() {
  const int32_t selected = lathe_target_selected();
  return selected < 0 ? std::string() : lathe_target_name(selected);
}

}  // namespace

void initialize_llvm(Architecture architecture) {
  static std::once_flag x86;
  static std::once_flag aarch64;
  switch (architecture) {
    case Architecture::X86_64:
      return std::call_once(x86, [] {
        LLVMInitializeX86TargetInfo();
        LLVMInitializeX86Target();
        LLVMInitializeX86TargetMC();
        LLVMInitializeX86AsmPrinter();
      });
    case Architecture::Aarch64:
      return std::call_once(aarch64, [] {
        LLVMInitializeAArch64TargetInfo();
        LLVMInitializeAArch64Target();
        LLVMInitializeAArch64TargetMC();
        LLVMInitializeAArch64AsmPrinter();
      });
  }
}

Result<CpuTarget> host_target(const std::string& name, Diagnostics& diagnostics) {
  if (!name.empty() || lathe_target_selected() < 0) {
    std::array<char, 512> message{};
    const std::string wanted = name.empty() ? std::string() : name;
    // Asks the runtime what it thinks of the name without changing what it has selected.
    bool known = false;
    for (int32_t i = 0; i < lathe_target_count(); ++i) {
      known = known || (wanted == lathe_target_name(i) && lathe_target_supported(i) != 0);
    }
    if (!known) {
      if (wanted.empty()) lathe_target_select(nullptr, message.data(), message.size());
      return diagnostics
          .report(DiagnosticKind::TargetUnusable, {}, "{}",
                  wanted.empty() ? std::string(message.data())
                                 : fmt::format("target `{}` is not one that the runtime and this CPU have", wanted))
          .emit();
    }
  }
  const Level level = level_of(name.empty() ? selected_target_name() : name);
  CpuTarget target;
  target.triple = llvm::sys::getProcessTriple();
  target.cpu = llvm::sys::getHostCPUName().str();
  std::set<std::string> features;
  for (const auto& feature : llvm::sys::getHostCPUFeatures()) {
    const bool use = feature.second && allowed(level, feature.first().str());
    features.insert((use ? "+" : "-") + feature.first().str());
  }
  for (const std::string& feature : features) target.features += (target.features.empty() ? "" : ",") + feature;
  const bool x86 = target.triple.starts_with("x86_64");
  target.has_fma = !x86 || features.contains("+fma");
  target.has_f16_conversion = !x86 || features.contains("+f16c");
  target.vector_bits = features.contains("+avx512f") ? 512 : features.contains("+avx2") ? 256 : 128;
  return target;
}

std::unique_ptr<llvm::TargetMachine> make_target_machine(const CpuTarget& target) {
  const bool x86 = target.triple.starts_with("x86_64");
  initialize_llvm(x86 ? Architecture::X86_64 : Architecture::Aarch64);
  std::string error;
  const llvm::Target* llvm_target = llvm::TargetRegistry::lookupTarget(target.triple, error);
  LATHE_CHECK(llvm_target != nullptr);
  llvm::TargetOptions options;
  options.AllowFPOpFusion = llvm::FPOpFusion::Strict;
  std::unique_ptr<llvm::TargetMachine> machine(
      llvm_target->createTargetMachine(target.triple, x86 ? "x86-64" : "generic", target.features, options,
                                       llvm::Reloc::PIC_, llvm::CodeModel::Small, llvm::CodeGenOptLevel::Less));
  LATHE_CHECK(machine != nullptr);
  return machine;
}

Status verify_module(const llvm::Module& module, Diagnostics& diagnostics) {
  std::string complaints;
  llvm::raw_string_ostream stream(complaints);
  if (!llvm::verifyModule(module, &stream)) return {};
  return diagnostics
      .report(DiagnosticKind::InternalError, {}, "LLVM's verifier rejects the code of `{}`: {}",
              module.getModuleIdentifier(), stream.str())
      .emit();
}

Result<std::unique_ptr<llvm::Module>> make_part(const kernel::Program& program, const ModulePlan& plan, uint32_t part,
                                                const CpuTarget& target, const llvm::TargetMachine& machine,
                                                const std::string& entry_name, bool verify, llvm::LLVMContext& context,
                                                Diagnostics& diagnostics) {
  auto module = std::make_unique<llvm::Module>(program.name, context);
  module->setTargetTriple(target.triple);
  module->setDataLayout(machine.createDataLayout());
  emit_llvm_part(program, plan, part, target, {.name = entry_name}, *module);
  if (verify) LATHE_TRY_VOID(verify_module(*module, diagnostics));
  return module;
}

Result<std::string> emit_llvm(const kernel::Program& program, const CpuTarget& target, EmitKind kind,
                              const EmitOptions& options, Diagnostics& diagnostics) {
  const auto machine = make_target_machine(target);
  llvm::LLVMContext context;
  const ModulePlan plan = plan_modules(program, 1);
  LATHE_TRY(const auto module,
            make_part(program, plan, 0, target, *machine, program.name, options.verify, context, diagnostics));
  return module_bytes(*module, *machine, kind);
}

std::string module_bytes(llvm::Module& module, llvm::TargetMachine& machine, EmitKind kind) {
  llvm::SmallVector<char, 0> bytes;
  llvm::raw_svector_ostream stream(bytes);
  const auto generate = [&](llvm::CodeGenFileType type) {
    llvm::legacy::PassManager passes;
    LATHE_CHECK(!machine.addPassesToEmitFile(passes, stream, nullptr, type));
    passes.run(module);
  };
  switch (kind) {
    case EmitKind::LlvmText: module.print(stream, nullptr); break;
    case EmitKind::Bitcode: llvm::WriteBitcodeToFile(module, stream); break;
    case EmitKind::Assembly: generate(llvm::CodeGenFileType::AssemblyFile); break;
    case EmitKind::Object: generate(llvm::CodeGenFileType::ObjectFile); break;
  }
  return {bytes.begin(), bytes.end()};
}

}  // namespace lathe::codegen
