// The JIT: one LLJIT a program, linked by JITLink, whose memory is written first and made executable after.
#include <chrono>
#include <cstdint>

#include "llvm/ExecutionEngine/JITLink/JITLinkMemoryManager.h"
#include "llvm/ExecutionEngine/Orc/CompileUtils.h"
#include "llvm/ExecutionEngine/Orc/ExecutionUtils.h"
#include "llvm/ExecutionEngine/Orc/LLJIT.h"
#include "llvm/ExecutionEngine/Orc/ObjectLinkingLayer.h"

#include "compiler/codegen/llvm_engine.h"
#include "compiler/codegen/llvm_target.h"
#include "compiler/codegen/runtime_symbols.h"

namespace lathe::codegen {

struct JitProgram::State {
  std::unique_ptr<llvm::orc::LLJIT> jit;
  ProgramEntry entry = nullptr;
  JitTimes times;
  size_t code_bytes = 0;
};

namespace {

/// Fixed, so that no program's name can clash with a function that the code calls.
constexpr const char* kEntryName = "lathe_entry";

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

Failure internal(Diagnostics& diagnostics, const std::string& what, llvm::Error error) {
  return diagnostics.report(DiagnosticKind::InternalError, {}, "{}: {}", what, llvm::toString(std::move(error))).emit();
}

/// The functions of the runtime and the C library, at their addresses in this process.
llvm::Error define_symbols(llvm::orc::LLJIT& jit) {
  llvm::orc::SymbolMap symbols;
  const auto add = [&](std::string_view name, void* address) {
    symbols[jit.mangleAndIntern(llvm::StringRef(name.data(), name.size()))] = {
        llvm::orc::ExecutorAddr::fromPtr(address), llvm::JITSymbolFlags::Exported | llvm::JITSymbolFlags::Callable};
  };
  for (const RuntimeSymbol& symbol : runtime_symbols()) add(symbol.name, symbol.address);
  for (const LibrarySymbol& symbol : library_symbols()) add(symbol.name, symbol.address);
  return jit.getMainJITDylib().define(llvm::orc::absoluteSymbols(std::move(symbols)));
}

/// Object code of the module, as ELF in memory.
std::unique_ptr<llvm::MemoryBuffer> compile_object(llvm::Module& module, llvm::TargetMachine& machine) {
  llvm::orc::SimpleCompiler compiler(machine);
  auto object = compiler(module);
  LATHE_CHECK(static_cast<bool>(object));
  return std::move(*object);
}

llvm::Expected<std::unique_ptr<llvm::orc::LLJIT>> make_jit(const CpuTarget& target) {
  llvm::orc::JITTargetMachineBuilder builder{llvm::Triple(target.triple)};
  return llvm::orc::LLJITBuilder()
      .setJITTargetMachineBuilder(std::move(builder))
      .setLinkProcessSymbolsByDefault(false)
      .setPlatformSetUp(llvm::orc::setUpInactivePlatform)
      .setObjectLinkingLayerCreator([](llvm::orc::ExecutionSession& session,
                                       const llvm::Triple&) -> llvm::Expected<std::unique_ptr<llvm::orc::ObjectLayer>> {
        // JITLink's default memory manager maps pages writable, and executable only after they are no longer so.
        auto memory = llvm::jitlink::InProcessMemoryManager::Create();
        if (!memory) return memory.takeError();
        return std::make_unique<llvm::orc::ObjectLinkingLayer>(session, std::move(*memory));
      })
      .create();
}

}  // namespace

JitProgram::JitProgram(std::unique_ptr<State> state) : state_(std::move(state)) {}
JitProgram::JitProgram(JitProgram&&) noexcept = default;
JitProgram& JitProgram::operator=(JitProgram&&) noexcept = default;
JitProgram::~JitProgram() = default;

ProgramEntry JitProgram::entry() const { return state_->entry; }
const JitTimes& JitProgram::times() const { return state_->times; }
size_t JitProgram::code_bytes() const { return state_->code_bytes; }

Result<JitProgram> JitProgram::compile(const kernel::Program& program, const JitOptions& options,
                                       Diagnostics& diagnostics) {
  auto state = std::make_unique<State>();
  Clock::time_point start = Clock::now();
  LATHE_TRY(const CpuTarget target, host_target(options.target, diagnostics));
  const auto machine = make_target_machine(target);
  llvm::LLVMContext context;
  const auto module = make_module(program, target, *machine, context);
  LATHE_TRY_VOID(emit_verified(program, target, kEntryName, options.verify, *module, diagnostics));
  state->times.emit = seconds_since(start);

  start = Clock::now();
  std::unique_ptr<llvm::MemoryBuffer> object = compile_object(*module, *machine);
  state->code_bytes = object->getBufferSize();
  auto jit = make_jit(target);
  if (!jit) return internal(diagnostics, "the JIT can't be set up", jit.takeError());
  state->jit = std::move(*jit);
  if (llvm::Error error = define_symbols(*state->jit)) {
    return internal(diagnostics, "the runtime's functions can't be defined", std::move(error));
  }
  if (llvm::Error error = state->jit->addObjectFile(std::move(object))) {
    return internal(diagnostics, "the code can't be added", std::move(error));
  }
  auto entry = state->jit->lookup(kEntryName);
  if (!entry) return internal(diagnostics, "the code can't be linked", entry.takeError());
  state->entry = entry->toPtr<ProgramEntry>();
  state->times.codegen = seconds_since(start);
  return JitProgram(std::move(state));
}

}  // namespace lathe::codegen
