// From the MODEL and `-i` of a command line to a module, and the small things that commands ask of modules.
//
// Which front end reads which file is decided by compile.h; here `-i` types find their inputs, by name or position.
// Called by every command that takes a MODEL.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/compile.h"
#include "compiler/tools/definition_arguments.h"
#include "compiler/tools/input_argument.h"

namespace lathe::tools {

/// Loads the model into `module`, which must be empty. Types among `inputs` narrow or replace what the model declares;
/// files are left alone, but for PyTorch source, whose `forward` takes the types of their arrays. On failure the module
/// holds the locations of the diagnostics. `definition` may be null.
/// `base` has what no argument says: edited files, whether to advise.
enum class ModelUse : uint8_t { Run, TypesOnly };
[[nodiscard]] Status open_model(const DefinitionArguments& arguments, std::span<const InputArgument> inputs,
                                ModelUse use, Module& module, Diagnostics& diagnostics,
                                Definition* definition = nullptr, const LoadOptions& base = {});

/// Reads `N=8`; nothing when it is no such text.
[[nodiscard]] std::optional<NamedSize> parse_named_size(std::string_view text);
/// LT0701 for sizes whose symbol the module doesn't have.
[[nodiscard]] Status check_sizes(std::span<const NamedSize> sizes, const Module& module, Diagnostics& diagnostics);

[[nodiscard]] std::vector<std::string> input_names(const Module& module);
/// As files and messages call them: `output`, or `output.K` of several, for one without a name.
[[nodiscard]] std::vector<std::string> output_names(std::span<const std::string> names);
[[nodiscard]] std::vector<std::string> output_names(const Module& module);

}  // namespace lathe::tools
