// Declaring and reading of the compile options.
#include "compiler/tools/compile_arguments.h"

#include "compiler/tools/debug.h"
#include "compiler/tools/model_file.h"
#include "ir/base/display.h"

namespace lathe::tools {

void CompileArguments::add_to(OptionParser& parser) {
  constexpr std::string_view kBackends[] = {"jit", "aot", "cpp", "interp", "kernel-interp"};
  constexpr std::string_view kCppSimds[] = {"vector-extension", "highway"};
  constexpr int64_t kMostThreads = 1024;
  parser.choice("--backend", backend, kBackends,
                "How the model is executed; interp is slow and the definition of right");
  parser.text("--cxx", cxx, "PROGRAM", "The C++ compiler of --backend=cpp ($CXX, or the first that is found)");
  parser.choice("--cpp-simd", cpp_simd, kCppSimds, "What the vectors of --backend=cpp are (vector-extension)");
  add_model_options_to(parser);
  parser.integer("--threads", threads, 0, kMostThreads, "Threads for one call; 0 is one for each CPU");
}

void CompileArguments::add_model_options_to(OptionParser& parser) {
  constexpr std::string_view kNumerics[] = {"fast", "exact"};
  parser.choice("--numerics", numerics, kNumerics, "exact keeps to the order of operations everywhere");
  parser.texts("--dim", dims, "N=8", "Compile for this size of a symbol");
}

Result<CompileOptions> CompileArguments::compile_options(const Session& session, Diagnostics& diagnostics) const {
  CompileOptions options;
  options.backend = *parse_backend(backend);
  options.cxx = cxx;
  options.cpp_simd = cpp_simd == "highway" ? codegen::CppSimd::Highway : codegen::CppSimd::VectorExtension;
  options.numerics = numerics == "exact" ? Numerics::Exact : Numerics::Fast;
  options.threads = static_cast<int32_t>(threads);
  options.reproducer_folder = ".";
  for (const std::string& text : dims) {
    const auto size = parse_named_size(text);
    if (!size) {
      return diagnostics
          .report(DiagnosticKind::InputMismatch, {}, "`--dim` takes NAME=SIZE, such as N=8; {} is none",
                  quoted_name(text))
          .emit();
    }
    options.dims.push_back(*size);
  }
  passes::PipelineOptions pipeline;
  pipeline.verify_each = pipeline.round_trip = options.verify_each;
  apply_debug(pipeline, session);
  options.verify_each = pipeline.verify_each;
  options.print_after = pipeline.print_after;
  options.print_changed = pipeline.print_changed;
  options.print = pipeline.print;
  return options;
}

}  // namespace lathe::tools
