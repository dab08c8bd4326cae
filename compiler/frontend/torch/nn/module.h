// nn.Module: what a module is made of, the names of its parameters, and the record of all calls of layers.
//
// A module is an InstanceObject with the attributes of PyTorch's: `training`, `_parameters`, `_buffers`, `_modules`
// (dicts in the order of registration) and `_non_persistent_buffers_set`. Everything here works on those, so programs
// may change them as they may in PyTorch. How layers of the library are written is in layer.h. Called by the tables of
// nn/ and sequence/ and by the driver.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "compiler/frontend/torch/tensor/tracer.h"

namespace lathe::torch {

// ------------------------------------------------------------------------------------------------------ registration

[[nodiscard]] bool is_module(Evaluator& evaluator, const Value& value);
/// nn.Module.__init__ has run.
[[nodiscard]] bool is_initialized(Evaluator& evaluator, ObjectId module);
/// What nn.Module.__init__ does; nothing when it has run already.
void initialize_module(Evaluator& evaluator, ObjectId module);
/// A layer that was made of Unknown arguments: its attributes and results are Unknown.
[[nodiscard]] bool is_unknown_module(Evaluator& evaluator, ObjectId module);
void mark_unknown_module(Evaluator& evaluator, ObjectId module);

enum class Registry : uint8_t { Parameters, Buffers, Modules };
/// nullptr before nn.Module.__init__ has run.
[[nodiscard]] DictObject* registry(Evaluator& evaluator, ObjectId module, Registry which);

/// Put an entry into a registry, keeping the place of a name that is there. `value` is a tensor (a module) or None.
void register_parameter(Evaluator& evaluator, ObjectId module, std::string_view name, const Value& value);
void register_buffer(Evaluator& evaluator, ObjectId module, std::string_view name, const Value& value,
                     bool persistent = true);
/// Another value for a buffer, which stays persistent or not.
void replace_buffer(Evaluator& evaluator, ObjectId module, std::string_view name, const Value& value);
void register_module(Evaluator& evaluator, ObjectId module, std::string_view name, const Value& value);
/// The entry of a registry; nothing when there is none.
[[nodiscard]] std::optional<Value> registered(Evaluator& evaluator, ObjectId module, Registry which,
                                              std::string_view name);

/// A plain attribute; passes by __setattr__.
void set_attribute(Evaluator& evaluator, ObjectId module, std::string_view name, const Value& value);

// ------------------------------------------------------------------------------------------------------------- walks

struct NamedValue {
  std::string name;
  Value value;
};
/// The entries of a registry, those that are None or Unknown left out.
[[nodiscard]] std::vector<NamedValue> entries(Evaluator& evaluator, ObjectId module, Registry which);

struct NamedModule {
  std::string path;  ///< dotted; the prefix alone for the root
  ObjectId module;
};
/// The root and all modules below it, parents first, each once under its first name. Fails when the budget is used up.
[[nodiscard]] Result<std::vector<NamedModule>> named_modules(Evaluator& evaluator, ObjectId root,
                                                             const std::string& prefix = {});

struct StateEntry {
  std::string name;  ///< dotted, as in a state dict
  TensorId tensor;
  bool is_buffer = false;
};
/// The state dict of a module in PyTorch's order: own parameters, own persistent buffers, then those of the children;
/// a tensor that is reachable by two paths comes twice.
[[nodiscard]] Result<std::vector<StateEntry>> state_entries(Evaluator& evaluator, ObjectId root,
                                                            const std::string& prefix = {});

// ------------------------------------------------------------------------------------------------------------ driver

/// Names the modules below `root` for messages and records, and its parameters for the weights: with prefix "" as the
/// keys of root.state_dict(). Earlier names of modules are forgotten; those of parameters stay.
Status name_modules(Evaluator& evaluator, ObjectId root, const std::string& prefix = {});
/// Only the names of parameters and buffers.
Status set_parameter_names(Evaluator& evaluator, ObjectId root, const std::string& prefix = {});
/// What root.train(training) does.
Status set_training(Evaluator& evaluator, ObjectId root, bool training);

/// One call of a module that came to its end.
struct LayerRecord {
  ObjectId module;
  std::string path;  ///< first registered path from the named root, or from the top-level name; "?" when there is none
  std::string type;  ///< "Conv2d", "LeNet"
  std::vector<Value> inputs;  ///< positional arguments, then keyword ones
  Value output;
  LocationId created;  ///< the call that made the module
  LocationId call;     ///< the innermost expression of the program that led to the call
  /// Graph values of the tensors of `inputs` and `output`, nested ones in order, as they were when the call began and
  /// ended: what changes a tensor in place later does not count. Invalid for one that had no value then.
  std::vector<ValueId> input_values;
  std::vector<ValueId> output_values;
  uint32_t first_node = 0;  ///< nodes of the graph that the call made: [first_node, end_node)
  uint32_t end_node = 0;
};
/// In order of completion.
[[nodiscard]] const std::vector<LayerRecord>& layer_records(Evaluator& evaluator);
void clear_layer_records(Evaluator& evaluator);

/// A call of a module from outside of all modules that failed: where a caller may try other inputs.
struct FailedCall {
  uint32_t facts = 0;  ///< of the fault: Diagnostic::facts
  ObjectId module;
  std::vector<Value> positional;
  std::vector<std::pair<NameId, Value>> keywords;
};
/// In order; only the first ones of a program with many.
[[nodiscard]] const std::vector<FailedCall>& failed_calls(Evaluator& evaluator);

/// The dotted path of a module as in LayerRecord, for messages; "" for the named root with an empty prefix.
[[nodiscard]] std::string module_path(Evaluator& evaluator, ObjectId module);

}  // namespace lathe::torch
