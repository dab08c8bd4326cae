// The JIT: one LLJIT a program, linked by JITLink, whose memory is written first and made executable after.
#include <chrono>
#include <cstdint>
#include <system_error>
#include <thread>
#include <vector>

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

/// One part on its way to machine code. Every part has a context and a target machine of its own, so threads share
/// nothing but the program.
struct Part {
  Diagnostics diagnostics;
  std::unique_ptr<llvm::MemoryBuffer> object{};  ///< null when something failed
  double emit = 0;
};

Status compile_part(const kernel::Program& program, const ModulePlan& plan, uint32_t number, const CpuTarget& target,
                    const JitOptions& options, Part& part) {
  const Clock::time_point start = Clock::now();
  const auto machine = make_target_machine(target);
  llvm::LLVMContext context;
  LATHE_TRY(const auto module,
            make_part(program, plan, number, target, *machine, kEntryName, options.verify, context, part.diagnostics));
  part.emit = seconds_since(start);
  llvm::orc::SimpleCompiler compiler(*machine);
  auto object = compiler(*module);
  if (!object) return internal(part.diagnostics, "the code can't be made", object.takeError());
  part.object = std::move(*object);
  return {};
}

std::vector<Part> compile_parts(const kernel::Program& program, const ModulePlan& plan, const CpuTarget& target,
                                const JitOptions& options) {
  std::vector<Part> parts(plan.parts);
  const auto compile = [&](uint32_t number) {
    // A failure leaves the part without an object, and its diagnostics.
    static_cast<void>(compile_part(program, plan, number, target, options, parts[number]));
  };
  std::vector<std::thread> threads;
  for (uint32_t i = 1; i < plan.parts; ++i) {
    try {
      threads.emplace_back(compile, i);
    } catch (const std::system_error&) {
      compile(i);  // No more threads are to be had.
    }
  }
  compile(0);
  for (std::thread& thread : threads) thread.join();
  return parts;
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
  const Clock::time_point start = Clock::now();
  LATHE_TRY(const CpuTarget target, host_target(options.target, diagnostics));
  const uint32_t threads = options.threads != 0 ? options.threads : std::thread::hardware_concurrency();
  std::vector<Part> parts = compile_parts(program, plan_modules(program, threads), target, options);
  for (const Part& part : parts) {
    for (const Diagnostic& diagnostic : part.diagnostics.all()) diagnostics.add(diagnostic);
  }
  auto jit = make_jit(target);
  if (!jit) return internal(diagnostics, "the JIT can't be set up", jit.takeError());
  state->jit = std::move(*jit);
  if (llvm::Error error = define_symbols(*state->jit)) {
    return internal(diagnostics, "the runtime's functions can't be defined", std::move(error));
  }
  for (Part& part : parts) {
    if (part.object == nullptr) return Failure{};
    state->code_bytes += part.object->getBufferSize();
    state->times.emit += part.emit;
    if (llvm::Error error = state->jit->addObjectFile(std::move(part.object))) {
      return internal(diagnostics, "the code can't be added", std::move(error));
    }
  }
  auto entry = state->jit->lookup(kEntryName);
  if (!entry) return internal(diagnostics, "the code can't be linked", entry.takeError());
  state->entry = entry->toPtr<ProgramEntry>();
  state->times.parts = static_cast<uint32_t>(parts.size());
  state->times.wall = seconds_since(start);
  return JitProgram(std::move(state));
}

}  // namespace lathe::codegen
