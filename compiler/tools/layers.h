// The layers of a model as its user wrote them: ONNX nodes, or lines of text, with the types of their outputs.
//
// A layer may have become several nodes of the graph IR; its output is that of the last one. Used by `check`.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "ir/graph/graph.h"

namespace lathe::tools {

struct Layer {
  std::string name;
  std::string op;
  std::string output;                       ///< one type, or several with commas between
  uint32_t line = 0;                        ///< 0 for model files, which have none
  std::optional<uint64_t> parameters = {};  ///< elements of its own parameters; nothing where layers don't own any
};

[[nodiscard]] std::vector<Layer> layers(const Module& module);

/// A named weight.
struct Parameter {
  std::string name;
  TensorType type;
};
[[nodiscard]] std::vector<Parameter> parameters(const Module& module);

/// `f32[1,3,24,24]`: the form of `-i` and of JSON, without blanks.
[[nodiscard]] std::string compact_text(const Type& type);

}  // namespace lathe::tools
