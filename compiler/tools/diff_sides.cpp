// Which side is loaded first, and where the types of inputs come from.
#include "compiler/tools/diff_sides.h"

#include <fmt/format.h>

#include <algorithm>

#include "compiler/frontend/torch/import.h"
#include "compiler/tools/input_values.h"
#include "compiler/tools/model_file.h"

namespace lathe::tools {
namespace {

using comparison::Side;

std::vector<InputArgument> types_of_inputs(const Module& module, bool by_name) {
  std::vector<InputArgument> result;
  for (const ValueId id : module.graph.inputs()) {
    const Value& value = module.graph.value(id);
    if (const TensorType* tensor = value.type.as_tensor(); tensor != nullptr && tensor->ranked)
      result.push_back({by_name ? value.name : std::string(), *tensor, value.name});
  }
  return result;
}

// The inputs of the graph that the nodes of a call read, in order, but for masks of its dropouts.
std::vector<ValueId> inputs_read_by(const Graph& graph, const Definition::Layer& layer) {
  std::vector<ValueId> result;
  for (uint32_t node = layer.first_node; node < layer.end_node && node < graph.node_table_size(); ++node) {
    for (const ValueId operand : graph.node(NodeId(node)).operands) {
      if (!operand.valid() || graph.value(operand).producer.valid()) continue;
      const bool is_mask = graph.value(operand).name.starts_with("dropout");
      if (!is_mask && std::find(result.begin(), result.end(), operand) == result.end()) result.push_back(operand);
    }
  }
  return result;
}

// The types with which a script calls a module that its top level names: `y = net(x)`.
std::vector<InputArgument> types_of_calls(const std::string& path) {
  const auto source = torch::parse_source_name(path);
  if (!source || source->entry.empty()) return {};
  Module module;
  Diagnostics unread;
  Definition definition;
  LoadOptions options;
  options.types_only = true;
  options.advise = false;
  if (!load_model(source->path, options, module, unread, &definition).ok()) return {};
  const std::string class_name = source->entry.substr(0, source->entry.find('('));
  const auto find = [&](const auto& is_it) {
    return std::find_if(definition.layers.begin(), definition.layers.end(), is_it);
  };
  auto layer = find([&](const Definition::Layer& row) { return row.name == source->entry; });
  if (layer == definition.layers.end())
    layer = find([&](const Definition::Layer& row) { return row.type == class_name; });
  if (layer == definition.layers.end()) return {};
  // A random tensor that nobody had read before has no value in the record; the call's nodes read it first.
  std::vector<ValueId> fresh = inputs_read_by(module.graph, *layer);
  std::vector<InputArgument> result;
  for (ValueId id : layer->input_values) {
    if (!id.valid()) {
      if (fresh.empty()) return {};
      id = fresh.front();
      fresh.erase(fresh.begin());
    }
    const TensorType* tensor = module.graph.value(id).type.as_tensor();
    if (tensor == nullptr) return {};
    result.push_back({{}, *tensor, {}});
  }
  return result;
}

// A script without an entry takes no inputs.
bool takes_types(const std::string& path) {
  const auto source = torch::parse_source_name(path);
  return source && !source->entry.empty();
}

class Loading {
 public:
  Loading(const DiffSides& arguments, Side (&sides)[2], Diagnostics& diagnostics)
      : arguments_(arguments), sides_(sides), diagnostics_(diagnostics) {}

  Status run(std::vector<comparison::GivenInput>& arrays, size_t& failed) {
    failed = 0;
    LocationTable locations;
    Result<std::vector<InputArgument>> given =
        parse_input_arguments(arguments_.inputs, sides_[0].module.locations, diagnostics_);
    if (!given.ok()) return Failure{};
    sides_[0].module = Module();
    given_ = *std::move(given);
    // What states the types of its inputs goes first.
    const bool a_states = !takes_types(arguments_.paths[0]);
    const size_t order[2] = {a_states ? size_t{0} : size_t{1}, a_states ? size_t{1} : size_t{0}};
    const bool b_states = !takes_types(arguments_.paths[1]);
    if (given_.empty() && !a_states && !b_states) {
      fallback_ = types_of_calls(arguments_.paths[0]);
      if (fallback_.empty()) fallback_ = types_of_calls(arguments_.paths[1]);
    }
    for (const size_t side :
         a_states || b_states ? std::span<const size_t>(order) : std::span<const size_t>(kInOrder)) {
      failed = side;
      LATHE_TRY_VOID(load(side));
    }
    failed = 0;
    return read_arrays(arrays);
  }

 private:
  static constexpr size_t kInOrder[2] = {0, 1};

  DefinitionArguments model_arguments(size_t side) const {
    DefinitionArguments model;
    model.path = arguments_.paths[side];
    model.seed = arguments_.seed;
    const bool is_python = names_python(model.path);
    model.weights = arguments_.own_weights[side];
    model.train = arguments_.own_train[side];
    if (is_python) {
      if (model.weights.empty()) model.weights = arguments_.weights;
      model.train |= arguments_.train;
      model.no_strict = arguments_.no_strict && !model.weights.empty();
    }
    return model;
  }

  Status load(size_t index) {
    Side& side = sides_[index];
    const DefinitionArguments model = model_arguments(index);
    side.name = model.path;
    side.train = model.train;
    const bool is_python = names_python(model.path);
    side.values = is_python && model.weights.empty() ? comparison::Values::Initial : comparison::Values::Given;
    const Side& other = sides_[1 - index];
    std::vector<InputArgument> inputs = given_;
    if (inputs.empty() && takes_types(model.path)) {
      inputs = fallback_;
      if (inputs.empty() && !other.name.empty()) inputs = types_of_inputs(other.module, true);
    }
    if (!is_python && given_.empty()) inputs.clear();
    if (!takes_types(model.path) && is_python) inputs.clear();
    Diagnostics found;
    if (!open(model, inputs, side, found)) {
      // The two may have other names for their inputs.
      const bool has_names =
          std::any_of(inputs.begin(), inputs.end(), [](const auto& row) { return !row.name.empty(); });
      Diagnostics again;
      Module first = std::move(side.module);
      Definition first_definition = std::move(side.definition);
      for (InputArgument& input : inputs) input.name.clear();
      side.module = Module();
      side.definition = {};
      if (!has_names || !is_about_inputs(found) || !open(model, inputs, side, again)) {
        side.module = std::move(first);
        side.definition = std::move(first_definition);
        // Warnings are for `check`: here it matters why nothing can be compared.
        for (const Diagnostic& diagnostic : found.all()) {
          if (info(diagnostic.kind).severity != Severity::Warning) diagnostics_.add(diagnostic);
        }
        return Failure{};
      }
    }
    return {};
  }

  static bool is_about_inputs(const Diagnostics& diagnostics) {
    return std::any_of(diagnostics.all().begin(), diagnostics.all().end(),
                       [](const Diagnostic& row) { return row.kind == DiagnosticKind::InputMismatch; });
  }

  static bool open(const DefinitionArguments& model, const std::vector<InputArgument>& inputs, Side& side,
                   Diagnostics& diagnostics) {
    return open_model(model, inputs, ModelUse::Run, side.module, diagnostics, &side.definition).ok();
  }

  Status read_arrays(std::vector<comparison::GivenInput>& arrays) {
    const std::vector<std::string> names = input_names(sides_[0].module);
    size_t position = 0;
    for (const InputArgument& input : given_) {
      const std::string name = !input.name.empty()       ? input.name
                               : position < names.size() ? names[position]
                                                         : std::string();
      if (input.name.empty()) ++position;
      if (input.path() == nullptr) continue;
      LATHE_TRY(const ConstantData data, read_array(*input.path(), name, diagnostics_));
      LATHE_TRY(Tensor tensor, to_tensor(data, diagnostics_));
      arrays.push_back({name, std::move(tensor)});
    }
    return {};
  }

  const DiffSides& arguments_;
  Side (&sides_)[2];
  Diagnostics& diagnostics_;
  std::vector<InputArgument> given_;
  std::vector<InputArgument> fallback_;
};

}  // namespace

void DiffSides::add_to(OptionParser& parser) {
  parser.positional("A", paths[0],
                    "A .onnx, .lathe or .py file; net.py:NAME or net.py:'Net(10)' names a PyTorch model");
  parser.positional("B", paths[1], "The other one");
  parser.texts("-i,--input", inputs, "X=FILE", "An input of both: a type such as x=f32[1,3,32,32], or a .npy file");
  parser.text("--weights", weights, "FILE", "Parameters of both, as far as they are PyTorch models");
  parser.text("--weights-a", own_weights[0], "FILE", "Parameters of A: .safetensors, .pth, .pt or .npz");
  parser.text("--weights-b", own_weights[1], "FILE", "Parameters of B");
  parser.flag("--no-strict", no_strict, "Let names of a weights file and of the definition differ");
  parser.flag("--train", train, "Both in PyTorch's training mode: batch statistics, dropout");
  parser.flag("--train-a", own_train[0], "Only A in training mode");
  parser.flag("--train-b", own_train[1], "Only B in training mode");
  parser.integer("--seed", seed, 0, INT64_MAX / 2, "Of random inputs and random parameters (0)");
}

Status load_sides(const DiffSides& arguments, Side (&sides)[2], std::vector<comparison::GivenInput>& arrays,
                  Diagnostics& diagnostics, size_t& failed) {
  return Loading(arguments, sides, diagnostics).run(arrays, failed);
}

}  // namespace lathe::tools
