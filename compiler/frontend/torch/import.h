// compiler/frontend/torch reads PyTorch source without Python: it executes what builds the model, and traces what runs.
//
// A script's statements are evaluated as PyTorch would; of a file with an entry (`net.py:Net(10)`) the entry is
// evaluated after the file, and when it is a module its `forward` is traced with the given inputs. python/ is the
// language, tensor/ the tracer and torch.*, nn/ and sequence/ the layers. Nothing but the named file, files beside it
// that it imports, and the weights file is ever read; nothing is run. Called by compile.h.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "compiler/frontend/torch/definition.h"
#include "compiler/frontend/torch/python/evaluator.h"
#include "ir/graph/graph.h"

namespace lathe::torch {

struct ImportOptions {
  /// Arguments of `forward`, by name, or by position where the name is empty.
  std::vector<std::pair<std::string, TensorType>> inputs;
  std::string weights;      ///< a file with parameters; "" for none
  bool strict = true;       ///< names in the file and in the definition must be the same
  bool train = false;       ///< training mode
  uint64_t seed = 0;        ///< of parameters without weights
  bool types_only = false;  ///< parameters need no elements
  /// Paths of source files, and texts that stand for them.
  std::vector<std::pair<std::string, std::string>> edited_files = {};
  /// After faults: propose changes of the source (fixes that nobody has verified), and solve for the sizes of inputs.
  bool advise = true;
};

/// `net.py:Net(10)` in its parts; the entry is empty for a script.
struct SourceName {
  std::string path;
  std::string entry;
};
/// Nothing when the text names no `.py` file.
[[nodiscard]] std::optional<SourceName> parse_source_name(std::string_view text);

/// Imports a definition into `module`, which must be empty; on failure it holds the locations that the diagnostics
/// refer to and nothing else of use, while `definition` has what was found until then. Inputs of the graph have the
/// names of the arguments of `forward`; tensors that a program draws at random are inputs too. Outputs have no names,
/// those of a script those of its variables.
[[nodiscard]] Status import_definition(const SourceName& name, const ImportOptions& options, Module& module,
                                       Diagnostics& diagnostics, Definition& definition);

/// Makes the module object of a model that stands in no file; called once.
using MakeModel = std::function<Result<Value>(Evaluator&)>;
/// The same for such a model (compiler/nn.h).
[[nodiscard]] Status import_made(const MakeModel& make, const ImportOptions& options, Module& module,
                                 Diagnostics& diagnostics, Definition& definition);

}  // namespace lathe::torch
