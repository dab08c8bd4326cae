// The options that `run`, `bench`, `dump`, `compile` and `verify` share: how a model is compiled.
#pragma once

#include <string>
#include <vector>

#include "compiler/compile.h"
#include "compiler/tools/options.h"

namespace lathe::tools {

struct CompileArguments {
  std::string backend = std::string(text(default_backend()));
  std::string numerics = "fast";
  std::string cxx;
  std::string cpp_simd = "vector-extension";
  std::vector<std::string> dims;
  int64_t threads = 1;

  void add_to(OptionParser& parser);
  /// Those that do not tell how it runs: `--numerics`, `--dim`.
  void add_model_options_to(OptionParser& parser);
  /// The compiler's options; LT0701 for a `--dim` that is no NAME=SIZE.
  [[nodiscard]] Result<CompileOptions> compile_options(const Session& session, Diagnostics& diagnostics) const;
};

}  // namespace lathe::tools
