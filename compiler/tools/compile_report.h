// `lathe compile --report`: the same compilation, followed from layer to code, and the page that shows it.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "compiler/artifact.h"
#include "compiler/frontend/torch/definition.h"
#include "compiler/tools/input_argument.h"

namespace lathe::tools {

struct ReportArguments {
  std::string path;      ///< empty for no report
  bool profile = false;  ///< run the model here, and time its steps
  std::string model;     ///< as the user named it
  uint64_t seed = 0;     ///< of the data of a profiled run
};

/// make_artifact(), and the page in `page`. `inputs` give sizes for numbers and for the profiled run.
[[nodiscard]] Result<Artifact> make_reported_artifact(Module& module, const Definition* definition,
                                                      const ArtifactOptions& options, const ReportArguments& report,
                                                      std::span<const InputArgument> inputs, std::string& page,
                                                      Diagnostics& diagnostics);

}  // namespace lathe::tools
