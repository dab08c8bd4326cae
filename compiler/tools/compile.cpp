// `lathe compile MODEL -o OUT`: ahead of time, to objects, libraries and texts, with the headers beside them.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <list>

#include "compiler/artifact.h"
#include "compiler/codegen/target_cpus.h"
#include "compiler/frontend/weights/atomic_file.h"
#include "compiler/tools/command.h"
#include "compiler/tools/compile_arguments.h"
#include "compiler/tools/compile_report.h"
#include "compiler/tools/model_file.h"
#include "compiler/tools/options.h"
#include "compiler/tools/version.h"
#include "ir/base/display.h"

namespace lathe::tools {
namespace {

namespace fs = std::filesystem;

struct CompileWords {
  DefinitionArguments model;
  std::vector<std::string> weights;  ///< FILE, or embed or file
  std::string output;
  std::string emit;
  std::string name;
  std::string target;
  std::vector<std::string> cpus;
  std::string linker;
  std::string runtime;
  std::string simd = "highway";
  std::string dispatch = "dynamic";
  ReportArguments report;
  CompileArguments compile;
};

/// `a,b` as two words.
std::vector<std::string> split(const std::vector<std::string>& lists) {
  std::vector<std::string> words;
  for (const std::string& list : lists) {
    size_t begin = 0;
    while (begin <= list.size()) {
      const size_t end = std::min(list.find(',', begin), list.size());
      if (end > begin) words.push_back(list.substr(begin, end - begin));
      begin = end + 1;
    }
  }
  return words;
}

std::string kind_names() {
  std::string names;
  for (const ArtifactRow& row : artifact_kinds())
    names += fmt::format("{}{} ({})", names.empty() ? "" : ", ", row.name, row.extension);
  return names;
}

/// `libnet.so` gives `net`, `my-net.o` gives `my_net`.
std::string prefix_of(const std::string& output, ArtifactKind kind) {
  std::string stem = fs::path(output).stem().string();
  const bool is_library = kind == ArtifactKind::Archive || kind == ArtifactKind::Shared;
  if (is_library && stem.starts_with("lib") && stem.size() > 3) stem = stem.substr(3);
  return codegen::c_identifier(stem);
}

/// Writes all files, or none.
Status write_files(const CompileWords& words, const Artifact& artifact, std::string_view page,
                   Diagnostics& diagnostics) {
  const fs::path folder = fs::path(words.output).parent_path();
  std::vector<std::pair<std::string, std::string_view>> contents = {{words.output, artifact.bytes}};
  if (!words.report.path.empty()) contents.emplace_back(words.report.path, page);
  // Beside a pipe or a device there is no place for headers.
  std::error_code ignored;
  const bool is_stream = fs::exists(words.output, ignored) && !fs::is_regular_file(words.output, ignored);
  const auto fail = [&](const std::string& path, const std::string& why) {
    return diagnostics.report(DiagnosticKind::FileNotWritable, {}, "{} can't be written: {}", quoted_name(path), why)
        .emit();
  };
  for (const ArtifactFile& file : artifact.beside) {
    const bool is_header = file.name.ends_with(".h") || file.name.ends_with(".hpp");
    if (is_stream && !is_header) return fail(file.name, fmt::format("there is no folder beside {}", words.output));
    if (!is_stream) contents.emplace_back((folder / file.name).string(), file.bytes);
  }
  std::list<weights::AtomicFile> files;
  for (const auto& [path, bytes] : contents) {
    files.emplace_back(path).write(bytes);
    std::string why;
    if (!files.back().is_sound(why)) return fail(path, why);
  }
  // The artefact comes last: where it is, everything is.
  for (size_t i = contents.size(); i-- > 0;) {
    std::string why;
    const bool is_placed = files.back().commit(why);
    files.pop_back();
    if (is_placed) continue;
    for (size_t placed = i + 1; placed < contents.size(); ++placed) fs::remove(contents[placed].first, ignored);
    return fail(contents[i].first, why);
  }
  return {};
}

/// What --weights says: where they come from, where they go.
std::optional<std::string> read_weights(CompileWords& words, ArtifactOptions& options) {
  for (const std::string& word : words.weights) {
    if (word == "embed") {
      options.weights = codegen::WeightsPlace::Embedded;
    } else if (word == "file") {
      options.weights = codegen::WeightsPlace::File;
    } else if (words.model.weights.empty()) {
      words.model.weights = word;
    } else {
      return fmt::format("--weights names two files, {} and {}", quoted_name(words.model.weights), quoted_name(word));
    }
  }
  return std::nullopt;
}

/// The kind, the prefix and where weights go; a sentence when the words don't say.
std::optional<std::string> read_words(CompileWords& words, ArtifactOptions& options) {
  if (words.output.empty()) return "where to? `-o FILE` names the result";
  const auto kind = words.emit.empty() ? artifact_kind_of(words.output) : parse_artifact_kind(words.emit);
  if (!kind) {
    return fmt::format("the extension of {} says no kind of result; `--emit` takes {}", quoted_name(words.output),
                       kind_names());
  }
  options.kind = *kind;
  options.prefix = words.name.empty() ? prefix_of(words.output, *kind) : words.name;
  if (!codegen::is_c_identifier(options.prefix)) {
    return fmt::format("`--name` takes an identifier of C; {} is none", quoted_name(options.prefix));
  }
  if (options.prefix == "lathe" || options.prefix.starts_with("lathe_")) {
    return fmt::format("names like {} are those of the runtime; `--name` gives another", quoted_name(options.prefix));
  }
  options.source = fs::path(words.model.path).filename().string();
  options.version = version_number();
  options.triple = words.target;
  options.cpus = split(words.cpus);
  options.linker = words.linker;
  options.runtime_archive = words.runtime;
  options.cpp_simd = words.simd == "highway" ? codegen::CppSimd::Highway : codegen::CppSimd::VectorExtension;
  options.cpp_dispatch = words.dispatch == "dynamic" ? codegen::CppDispatch::Dynamic : codegen::CppDispatch::Static;
  options.file_name = fs::path(words.output).filename().string();
  if (words.report.profile && words.report.path.empty()) return "`--profile` goes with `--report FILE`";
  return read_weights(words, options);
}

ExitStatus execute(CompileWords& words, ArtifactOptions& options, const Session& session) {
  Module module;
  Diagnostics diagnostics;
  const Result<std::vector<InputArgument>> inputs =
      parse_input_arguments(words.model.inputs, module.locations, diagnostics);
  if (!inputs.ok()) {
    static_cast<void>(session.fail(diagnostics, module.locations));
    return ExitStatus::CommandLineWrong;
  }
  Result<CompileOptions> compile_options = words.compile.compile_options(session, diagnostics);
  if (!compile_options.ok()) return session.fail(diagnostics, module.locations);
  options.compile = *std::move(compile_options);
  module = Module();
  session.progress("loading");
  Definition definition;
  if (!open_model(words.model, *inputs, ModelUse::Run, module, diagnostics, &definition).ok() ||
      !check_sizes(options.compile.dims, module, diagnostics).ok()) {
    return session.fail(diagnostics, module.locations);
  }
  session.progress("compiling");
  words.report.model = words.model.path;
  words.report.seed = static_cast<uint64_t>(words.model.seed);
  std::string page;
  Result<Artifact> artifact =
      words.report.path.empty()
          ? make_artifact(module, options, diagnostics)
          : make_reported_artifact(module, &definition, options, words.report, *inputs, page, diagnostics);
  session.progress({});
  if (artifact.ok()) static_cast<void>(write_files(words, *artifact, page, diagnostics));
  session.show(diagnostics, module.locations, session.err);
  return status_of(diagnostics);
}

std::string details() {
  std::string text = "Kinds of results, by --emit or by the extension of OUT:\n";
  for (const ArtifactRow& row : artifact_kinds()) {
    text += fmt::format("  {:<8} {:<7} {}\n", row.name, row.extension, row.summary);
  }
  return text +
         "\nA header P.h for C and P.hpp for C++ are written beside it; P is the name of OUT, or --name.\n"
         "Code holds a variant for each CPU; the first call chooses the best one for its machine.\n\n"
         "Examples:\n  lathe compile net.onnx -o net.o\n"
         "  lathe compile net.onnx -o libnet.so --weights=file\n"
         "  lathe compile 'net.py:Net()' -i f32[N,3,32,32] --weights net.pth -o net.a --cpu x86-64-v3,x86-64-v4\n"
         "  lathe compile net.onnx -o net.cpp --cpp-simd vector-extension\n"
         "  lathe compile net.onnx -o net.o --report net.html --profile\n"
         "  lathe compile net.onnx -o net.o --target aarch64-linux-gnu";
}

}  // namespace

ExitStatus compile_command(Arguments arguments, const Session& session) {
  constexpr std::string_view kSimd[] = {"highway", "vector-extension"};
  constexpr std::string_view kDispatch[] = {"dynamic", "static"};
  CompileWords words;
  OptionParser options("compile", "Compiles a model ahead of time.", details());
  words.model.add_without_weights_to(options, false);
  options.texts("--weights", words.weights, "FILE|embed|file",
                "Parameters of a PyTorch model; embed: weights are part of the code (default), file: in P.weights");
  options.text("-o,--output", words.output, "OUT", "The file to write");
  options.text("--emit", words.emit, "KIND", "What to write; else the extension of OUT says it");
  options.text("--name", words.name, "P", "What the names of functions and headers begin with");
  options.text("--target", words.target, "TRIPLE", "The machine it is for: " + codegen::triple_names());
  options.texts("--cpu", words.cpus, "CPU,..",
                "CPUs to make variants for: x86-64-v2, x86-64-v3, x86-64-v4, native, or a model such as znver4");
  options.text("--linker", words.linker, "PROGRAM", "Links shared libraries (ld.lld or ld)");
  options.text("--runtime", words.runtime, "FILE", "liblathe_runtime.a for another machine's archives and libraries");
  options.choice("--cpp-simd", words.simd, kSimd, "The vectors of C++ source: Highway's, or the compiler's extensions");
  options.choice("--cpp-dispatch", words.dispatch, kDispatch,
                 "dynamic: C++ source for every CPU level; static: for the CPU that its compiler is told");
  options.text("--report", words.report.path, "FILE.html", "A page that leads from layers to kernels and code");
  options.flag("--profile", words.report.profile, "Time the steps on this machine for the report");
  words.compile.add_model_options_to(options);
  if (const auto status = options.parse(arguments, session)) return *status;
  ArtifactOptions artifact;
  if (const auto fault = read_words(words, artifact)) return session.usage_error("compile", *fault);
  return execute(words, artifact, session);
}

}  // namespace lathe::tools
