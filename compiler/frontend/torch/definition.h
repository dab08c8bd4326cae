// What a PyTorch definition says beyond its graph: its layers, parameters and top-level tensors, for people to read.
//
// Filled by import.h; `lathe check` prints it, tests compare it. Part of the compiler's public header.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "ir/base/location.h"
#include "ir/base/type.h"

namespace lathe {

/// What a PyTorch definition says beyond its graph: what its author would recognise.
struct Definition {
  /// A call of a module, in the order in which they ended.
  struct Layer {
    std::string name;         ///< dotted: `features.0`; `<model>` for the whole, `?` for a module without a name
    std::string type;         ///< `Conv2d`
    std::string output;       ///< `f32[1,8,24,24]`, or `(f32[2,7,8], (f32[1,2,8], f32[1,2,8]))`
    LocationId where;         ///< where it was built; invalid for the whole
    uint64_t parameters = 0;  ///< elements of its own parameters, without those of the modules in it
  };
  /// A tensor at the top level of a script.
  struct NamedTensor {
    std::string name;
    TensorType type;
    LocationId where;
  };
  struct Parameter {
    std::string name;
    TensorType type;
    bool is_buffer = false;
    bool is_tied = false;  ///< another name of a tensor that came before
  };
  bool is_definition = false;  ///< false for ONNX and textual IR, which have nothing of this
  /// A module whose `forward` was not run, for want of inputs: the names of its arguments.
  std::optional<std::vector<std::string>> missing_inputs = {};
  std::vector<Layer> layers;
  std::vector<NamedTensor> values;
  std::vector<Parameter> parameters;
};

}  // namespace lathe
