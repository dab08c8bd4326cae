// The `-i` options: `x=f32[1,3,32,32]`, `x=file.npy`, or either without `x=`, by position.
//
// Parsing only looks at the text; whether the model has such an input is for load_model and for the reading of values
// (input_values.h). Used by the commands that take a MODEL.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "ir/base/diagnostic.h"
#include "ir/base/type.h"

namespace lathe::tools {

struct InputArgument {
  std::string name;                             ///< empty: by position among those without a name
  std::variant<TensorType, std::string> given;  ///< a type, or the path of a file
  std::string text;                             ///< as written

  [[nodiscard]] const TensorType* type() const { return std::get_if<TensorType>(&given); }
  [[nodiscard]] const std::string* path() const { return std::get_if<std::string>(&given); }
};

/// Reads all `-i` values. Faults are reported as LT0701 with the text as source.
[[nodiscard]] Result<std::vector<InputArgument>> parse_input_arguments(std::span<const std::string> texts,
                                                                       LocationTable& locations,
                                                                       Diagnostics& diagnostics);

/// The index in `names` of the input each argument means. LT0701 for a name that isn't there, for one too many, and for
/// two that mean the same.
[[nodiscard]] Result<std::vector<size_t>> match_inputs(std::span<const InputArgument> arguments,
                                                       std::span<const std::string> names, Diagnostics& diagnostics);

}  // namespace lathe::tools
