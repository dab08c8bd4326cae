// The command line of the linker.
#include "compiler/linker.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "compiler/external_program.h"

namespace lathe {
namespace {

constexpr std::array<std::string_view, 3> kGeneric = {"ld.lld-19", "ld.lld", "ld"};

/// What is looked for, in order. GNU ld knows one architecture, that of its prefix.
std::vector<std::string> linker_names(const codegen::Triple& triple) {
  const bool is_host = &triple == codegen::find_triple({});
  std::vector<std::string> names;
  for (const std::string_view name : kGeneric) {
    const bool is_gnu = name == "ld";
    names.push_back(is_gnu && !is_host ? fmt::format("{}-ld", triple.name) : std::string(name));
  }
  return names;
}

Result<std::string> find_linker(const codegen::Triple& triple, const LinkOptions& options, Diagnostics& diagnostics) {
  const std::vector<std::string> names =
      options.linker.empty() ? linker_names(triple) : std::vector<std::string>{options.linker};
  for (const std::string& name : names) {
    if (std::string path = find_program(name); !path.empty()) return path;
  }
  return diagnostics
      .report(DiagnosticKind::LinkFailed, {},
              "a shared library for {} needs a linker, and there is none: looked for {}", triple.name,
              fmt::join(names, ", "))
      .note("an object (`-o model.o`) or an archive (`-o model.a`) needs no linker here")
      .emit();
}

std::string emulation(codegen::Architecture architecture) {
  switch (architecture) {
    case codegen::Architecture::X86_64: return "elf_x86_64";
    case codegen::Architecture::Aarch64: return "aarch64linux";
  }
  internal_error("an architecture of no kind", __FILE__, __LINE__);
}

/// The C library's shared objects, so that the result names what it needs; a machine without them links too.
std::vector<std::string> c_libraries(const codegen::Triple& triple) {
  std::vector<std::string> folders = {fmt::format("/usr/{}/lib", triple.name)};
  if (&triple == codegen::find_triple({})) {
    for (const char* folder : {"/lib", "/usr/lib"}) folders.push_back(fmt::format("{}/{}", folder, triple.name));
    for (const char* folder : {"/lib64", "/usr/lib64", "/lib"}) folders.emplace_back(folder);
  }
  std::vector<std::string> found;
  for (const char* name : {"libc.so.6", "libm.so.6"}) {
    for (const std::string& folder : folders) {
      const std::string path = fmt::format("{}/{}", folder, name);
      std::error_code ignored;
      if (!std::filesystem::exists(path, ignored)) continue;
      found.push_back(path);
      break;
    }
  }
  return found;
}

std::string first_lines(const std::string& text) {
  constexpr int kMostLines = 8;
  std::istringstream stream(text);
  std::string result;
  std::string line;
  for (int i = 0; i < kMostLines && std::getline(stream, line); ++i) result += (i == 0 ? "" : "\n") + line;
  return result;
}

}  // namespace

Result<std::string> link_shared(const std::vector<codegen::ArchiveMember>& objects, const codegen::Triple& triple,
                                const LinkOptions& options, Diagnostics& diagnostics) {
  LATHE_TRY(const std::string linker, find_linker(triple, options, diagnostics));
  LATHE_TRY(const PrivateFolder folder, PrivateFolder::make(diagnostics));
  const std::string output = folder.file("model.so");
  std::vector<std::string> arguments = {"-shared",
                                        "-m",
                                        emulation(triple.architecture),
                                        "-o",
                                        output,
                                        "-soname",
                                        options.soname,
                                        "--gc-sections",
                                        "--hash-style=gnu",
                                        "--build-id=none",
                                        "--as-needed",
                                        "-Bsymbolic-functions",
                                        "-s",
                                        "-z",
                                        "noexecstack",
                                        "-z",
                                        "relro",
                                        "-z",
                                        "now",
                                        "-z",
                                        "noseparate-code"};
  std::string script = "{ global:";
  for (const std::string& name : options.exported) script += fmt::format(" {};", name);
  LATHE_TRY_VOID(folder.write("exports", script + " local: *; };\n", diagnostics));
  arguments.push_back("--version-script=" + folder.file("exports"));
  for (size_t i = 0; i < objects.size(); ++i) {
    const std::string name = fmt::format("{}.o", i);
    LATHE_TRY_VOID(folder.write(name, objects[i].bytes, diagnostics));
    arguments.push_back(folder.file(name));
  }
  for (const std::string& library : c_libraries(triple)) arguments.push_back(library);

  const ProgramResult result = run_program(linker, arguments);
  std::ifstream stream(output, std::ios::binary);
  if (result.status != 0 || !stream) {
    return diagnostics
        .report(DiagnosticKind::LinkFailed, {}, "the linker `{}` failed with status {}", linker, result.status)
        .note(first_lines(result.messages))
        .emit();
  }
  return std::string(std::istreambuf_iterator<char>(stream), {});
}

}  // namespace lathe
