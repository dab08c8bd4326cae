// Finding and calling the machine's C++ compiler.
#include "compiler/host_compiler.h"

#include <unistd.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <cstdlib>
#include <filesystem>

#include "compiler/codegen/archives.h"

namespace lathe {
namespace {

constexpr std::array<std::string_view, 4> kNames = {"clang++-19", "clang++", "g++", "c++"};
constexpr size_t kMostLines = 12;

/// Those instructions and no others: the bits of results depend on FMA.
std::string_view target_flag(std::string_view target) {
  if (target == "AVX3") return "-march=x86-64-v4";
  if (target == "AVX2") return "-march=x86-64-v3";
  if (target == "SSE4") return "-march=x86-64-v2";
  return {};
}

std::string first_lines(std::string_view text) {
  size_t end = 0;
  for (size_t i = 0; i < kMostLines && end != std::string_view::npos; ++i) end = text.find('\n', i == 0 ? 0 : end + 1);
  return end == std::string_view::npos ? std::string(text) : std::string(text.substr(0, end)) + "\n...";
}

std::filesystem::path own_folder() {
  std::error_code fault;
  const std::filesystem::path program = std::filesystem::read_symlink("/proc/self/exe", fault);
  return fault ? std::filesystem::path() : program.parent_path();
}

}  // namespace

std::span<const std::string_view> host_compiler_names() { return kNames; }

Result<std::string> find_host_compiler(const HostCompilerOptions& options, Diagnostics& diagnostics) {
  const char* variable = std::getenv("CXX");
  const bool is_set = variable != nullptr && *variable != '\0';
  const std::string wanted = !options.compiler.empty() ? options.compiler : is_set ? variable : "";
  std::string path = wanted.empty() ? find_program(kNames) : find_program(wanted);
  if (!path.empty()) return path;
  if (wanted.empty()) {
    return diagnostics
        .report(DiagnosticKind::LinkFailed, {}, "no C++ compiler is found: looked for {}", fmt::join(kNames, ", "))
        .note("the back end `cpp` compiles what it emits; the variable CXX names another compiler")
        .emit();
  }
  return diagnostics
      .report(DiagnosticKind::LinkFailed, {}, "the C++ compiler `{}` is not there, or can't be run", wanted)
      .note(options.compiler.empty() ? "it is named by the variable CXX" : "it was asked for by name")
      .emit();
}

Result<std::string> find_runtime_headers(const HostCompilerOptions& options, Diagnostics& diagnostics) {
  std::vector<std::string> places = {options.include};
  if (options.include.empty())
    places = {(own_folder() / "../include").lexically_normal().string(), LATHE_BUILD_INCLUDE};
  for (const std::string& place : places) {
    std::error_code ignored;
    if (std::filesystem::exists(std::filesystem::path(place) / "lathe/simd.h", ignored)) return place;
  }
  return diagnostics
      .report(DiagnosticKind::FileNotReadable, {}, "the headers of the runtime (lathe/simd.h) are not in {}",
              fmt::join(places, ", nor in "))
      .emit();
}

Status compile_shared_library(const PrivateFolder& folder, std::string_view source, std::string_view library,
                              const HostCompilerOptions& options, Diagnostics& diagnostics) {
  LATHE_TRY(const std::string compiler, find_host_compiler(options, diagnostics));
  LATHE_TRY(const std::string include, find_runtime_headers(options, diagnostics));
  constexpr std::string_view kRuntime = "liblathe_runtime.a";
  LATHE_TRY_VOID(folder.write(kRuntime, codegen::runtime_archive(), diagnostics));

  std::vector<std::string> arguments = {"-std=c++20", "-fPIC", "-shared"};
  if (const std::string_view flag = target_flag(options.target); !flag.empty()) arguments.emplace_back(flag);
  arguments.insert(arguments.end(), options.flags.begin(), options.flags.end());
  // The library calls its own runtime, whatever the host exports; what a host asks of it must be there.
  for (const char* flag : {"-Wl,-Bsymbolic", "-Wl,-u,lathe_target_select", "-Wl,-u,lathe_model_program"}) {
    arguments.emplace_back(flag);
  }
  arguments.push_back("-I" + include);
  arguments.push_back("-I" + folder.path());
  arguments.push_back(folder.file(source));
  arguments.push_back(folder.file(kRuntime));
  arguments.emplace_back("-o");
  arguments.push_back(folder.file(library));
  const ProgramResult result = run_program(compiler, arguments);
  if (result.status == 0) return {};
  auto report = diagnostics.report(DiagnosticKind::LinkFailed, {}, "`{}` could not compile the emitted C++ (status {})",
                                   compiler, result.status);
  return std::move(report).note(first_lines(result.messages)).emit();
}

}  // namespace lathe
