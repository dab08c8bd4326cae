// The options that every command with a MODEL shares: its inputs, and for PyTorch source weights and mode.
//
// Used by `check`, `run`, `bench` and `dump`, which hand them to open_model (model_file.h).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "compiler/tools/options.h"

namespace lathe::tools {

struct DefinitionArguments {
  std::string path;
  std::vector<std::string> inputs;
  std::string weights;
  bool no_strict = false;
  bool train = false;
  int64_t seed = 0;

  /// `takes_data` is for commands that run the model: an input may then be a file.
  void add_to(OptionParser& parser, bool takes_data);
  /// The same for a command that declares `--weights` by itself.
  void add_without_weights_to(OptionParser& parser, bool takes_data);
};

}  // namespace lathe::tools
