// What torch.nn keeps for one evaluation: records of calls, names of modules, keys of registries.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "compiler/frontend/torch/nn/module.h"

namespace lathe::torch {

/// A weight that weight_norm replaced: `name` from `name_g` and `name_v`, whose length is taken over all axes but
/// `dim`.
struct WeightNorm {
  std::string name;
  std::optional<size_t> dim;
};

/// Who registered a module first, and under which name.
struct FirstOwner {
  ObjectId owner;
  std::string name;
};

struct ModuleState : Tracer::LayerState {
  std::vector<LayerRecord> records;
  std::vector<FailedCall> failed_calls;
  std::unordered_map<ObjectId, std::string> paths;
  /// Counts modules made and registered, to tell whether names may have changed.
  uint64_t changes = 0;
  uint64_t named_at = ~uint64_t{0};  ///< `changes` when paths were collected from the top level
  ObjectId flattened{};              ///< a Linear whose input is flattened first: what if the program did so?
  bool only_shapes = false;          ///< nobody will run the graph: layers may make other values of the right shapes
  bool root_is_given = false;        ///< name_modules was called: paths are not collected any more
  std::unordered_map<std::string, Value> keys;
  std::unordered_map<ObjectId, std::vector<WeightNorm>> weight_norms;
  std::unordered_map<ObjectId, FirstOwner> owners;  ///< by the module that is owned
  ObjectId module_class{};
};

[[nodiscard]] ModuleState& module_state(Evaluator& evaluator);
/// The text as a string object that is made once: a key for registries.
[[nodiscard]] Value key_of(Evaluator& evaluator, std::string_view text);
/// Names modules that are reachable from top-level names of the program, unless the driver has named a root. Called
/// for a module without a name.
void collect_paths(Evaluator& evaluator);

}  // namespace lathe::torch
