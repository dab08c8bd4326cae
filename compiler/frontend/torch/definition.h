// What a PyTorch definition says beyond its graph: its layers, parameters and top-level tensors, for people to read.
//
// Filled by import.h; `lathe check` prints it, tests compare it. Part of the compiler's public header.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "ir/base/location.h"
#include "ir/base/type.h"
#include "ir/graph/graph.h"

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
    LocationId call;          ///< the expression of the program that called it
    /// The tensors of its arguments and of its result in the graph, nested ones in order, as they were when the call
    /// began and ended. Invalid for those that had no value then, such as random numbers that nobody had read.
    std::vector<ValueId> input_values;
    std::vector<ValueId> output_values;
    /// Nodes of the graph that the call made, those of layers in it included: ids in [first_node, end_node). Only ids
    /// and values of the module as it was imported.
    uint32_t first_node = 0;
    uint32_t end_node = 0;
    /// Numbers the object among those that the program made: two evaluations of one program give one object one number.
    uint32_t object = 0;
    /// Plain attributes of a layer of the library, as Python writes them: `eps`, `1e-05`. Empty for other classes.
    std::vector<std::pair<std::string, std::string>> settings = {};
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
    uint32_t object = 0;   ///< numbers the tensor as Layer::object does a layer
  };
  bool is_definition = false;  ///< false for ONNX and textual IR, which have nothing of this
  /// A module whose `forward` was not run, for want of inputs: the names of its arguments.
  std::optional<std::vector<std::string>> missing_inputs = {};
  uint64_t steps = 0;  ///< of evaluation, for whoever thinks of doing it again
  std::vector<Layer> layers;
  std::vector<NamedTensor> values;
  std::vector<Parameter> parameters;
};

}  // namespace lathe
