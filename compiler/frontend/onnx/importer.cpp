// The main graph: inputs, initializers, outputs, and the order of it all.
#include "compiler/frontend/onnx/importer.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <memory>
#include <unordered_set>
#include <utility>

#include "compiler/frontend/onnx/cures.h"
#include "compiler/frontend/onnx/model_reader.h"
#include "compiler/frontend/onnx/names.h"

namespace lathe::onnx {

OpsetTable::OpsetTable(std::span<const OperatorSet> imports) {
  for (const OperatorSet& import : imports) {
    const auto [entry, is_new] = versions_.try_emplace(import.domain == "ai.onnx" ? "" : import.domain, import.version);
    if (!is_new) entry->second = std::max(entry->second, import.version);
  }
}

std::optional<int64_t> OpsetTable::version(std::string_view domain) const {
  const auto found = versions_.find(domain);
  return found == versions_.end() ? std::nullopt : std::optional(found->second);
}

const Attribute* Importer::Frame::find(std::string_view name) const {
  for (const Attribute& attribute : attributes) {
    if (attribute.name == name) return &attribute;
  }
  return nullptr;
}

const Binding* Importer::Scope::find(std::string_view name) const {
  for (const Scope* scope = this; scope != nullptr; scope = scope->parent) {
    const auto found = scope->names.find(name);
    if (found != scope->names.end()) return &found->second;
  }
  return nullptr;
}

Importer::Importer(Model model, TensorFiles files, FileId file, LocationId whole_file, const ImportOptions& options,
                   Module& module, Diagnostics& diagnostics)
    : model_(std::move(model)),
      files_(std::move(files)),
      options_(options),
      module_(module),
      diagnostics_(diagnostics),
      builder_(module, diagnostics),
      symbols_(module),
      file_(file),
      whole_file_(whole_file),
      opsets_(model_.opsets) {
  // Files before IR version 3 say nothing about opsets.
  constexpr int64_t kFirstWithOpsets = 3;
  if (model_.opsets.empty() && model_.ir_version < kFirstWithOpsets)
    opsets_ = OpsetTable(std::array{OperatorSet{"", 1}});
}

LocationId Importer::locate(std::string_view what, std::string_view name) {
  return module_.locations.add(ModelLocation{file_, std::string(what), std::string(name), "", 0});
}

LocationId Importer::locate_node(const Node& node, size_t position) {
  const std::string name = node.name.empty() ? "" : prefix_ + std::string(node.name);
  return module_.locations.add(
      ModelLocation{file_, "node", name, std::string(node.op_type), static_cast<uint32_t>(position)});
}

Status Importer::run() {
  LATHE_TRY_VOID(check_model());
  LATHE_TRY_VOID(check_support());
  const Graph& graph = model_.graphs[*model_.graph];
  if (!graph.name.empty()) module_.name = identifier(graph.name);
  Scope scope;
  scope_ = &scope;
  declare_types(graph);
  import_initializers(graph);
  import_inputs(graph);
  import_nodes(graph.nodes);
  import_outputs(graph);
  scope_ = nullptr;
  if (diagnostics_.failed()) {
    keep_types(scope);
    return Failure{};
  }
  if (absent_weights_ != 0) report_absent_weights();
  return {};
}

void Importer::keep_types(const Scope& scope) {
  for (const auto& [name, binding] : scope.names) {
    if (binding.state != Binding::State::Present) continue;
    const TensorType* type = module_.graph.value(binding.value).type.as_tensor();
    if (type != nullptr && type->ranked) types_.emplace(name, *type);
  }
}

void Importer::report_absent_weights() {
  (void)diagnostics_
      .report(DiagnosticKind::WeightsLeftOut, whole_file_, "{} weights have no data: the model can be checked, not run",
              absent_weights_)
      .emit();
}

Result<ConstantData> Importer::constant(const Tensor& tensor, std::string_view what, LocationId where) {
  return read_tensor(tensor, files_, MissingData::Refuse, what, where, diagnostics_);
}

void Importer::import_initializers(const Graph& graph) {
  for (const Tensor& tensor : graph.initializers) {
    const LocationId where = locate("initializer", tensor.name);
    if (scope_->names.contains(tensor.name)) {
      (void)diagnostics_
          .report(DiagnosticKind::DuplicateName, where, "there is more than one initializer `{}`", tensor.name)
          .emit();
      continue;
    }
    Binding& binding = scope_->names[tensor.name];
    Result<ConstantData> data = read_tensor(tensor, files_, MissingData::Absent,
                                            fmt::format("initializer `{}`", tensor.name), where, diagnostics_);
    if (!data) continue;
    if (data->absent) ++absent_weights_;
    for (size_t axis = 0; axis < data->type.dims.size(); ++axis) {
      Dim& dim = data->type.dims[axis];
      dim = module_.origins.declared(dim, fmt::format("axis {} of weight `{}`", axis, tensor.name), where);
    }
    builder_.set_location(where);
    const Result<ValueId> value = builder_.constant(std::move(*data));
    if (value) binding = {Binding::State::Present, *value};
  }
  for (const SparseTensor& sparse : graph.sparse_initializers) {
    const std::string_view name = sparse.values.name;
    scope_->names[name] = {};
    (void)diagnostics_
        .report(DiagnosticKind::Unsupported, locate("initializer", name), "initializer `{}` is sparse", name)
        .emit();
  }
}

namespace {

/// Whether a declared type allows another one, which is more precise, or only has other sizes.
bool allows(const TypeProto& declared, const TensorType& type, bool any_sizes) {
  if (declared.kind != TypeKind::Tensor || element_type(declared.element_type) != type.element) return false;
  if (!declared.has_shape) return true;
  if (declared.shape.size() != type.dims.size()) return false;
  if (any_sizes) return true;
  for (size_t axis = 0; axis < type.dims.size(); ++axis) {
    const std::optional<int64_t> size = declared.shape[axis].value;
    if (size && type.dims[axis].is_constant() && !type.dims[axis].is_constant(*size)) return false;
  }
  return true;
}

template <class List, class Name>
auto find_named(const List& list, std::string_view wanted, Name name) {
  const auto found =
      std::find_if(list.begin(), list.end(), [&](const auto& candidate) { return name(candidate) == wanted; });
  return found == list.end() ? nullptr : &*found;
}

}  // namespace

const ConstantData* Importer::given_value(std::string_view input, size_t position) const {
  const std::vector<ConstantData>& values = options_.input_values;
  if (position < values.size() && values[position].name.empty()) {
    return values[position].absent ? nullptr : &values[position];
  }
  return find_named(values, input, [](const ConstantData& value) { return value.name; });
}

Result<Type> Importer::type_of_input(const ValueInfo& input, const ConstantData* value, LocationId where) {
  const auto* given = find_named(options_.input_types, input.name, [](const auto& pair) { return pair.first; });
  if (given == nullptr && value == nullptr) return input_type(input, symbols_, where, module_, diagnostics_);
  const TensorType& type = value != nullptr ? value->type : given->second;
  if (!allows(input.type, type, options_.any_sizes)) {
    Diagnostics unheard;
    const Result<Type> declared = input_type(input, symbols_, where, module_, unheard);
    return diagnostics_
        .report(DiagnosticKind::InputMismatch, where, "input `{}` can't be `{}`: the model declares {}", input.name,
                text(type), declared.ok() ? fmt::format("`{}`", text(*declared)) : "another type")
        .emit();
  }
  return Type(type);
}

/// The value that stands for an input inside of the graph: the argument, or a constant that is known to be its value.
Binding Importer::bind_input(const ValueInfo& input, Type type, const ConstantData* given, LocationId where) {
  ValueId value = builder_.input(std::move(type), std::string(input.name), where);
  if (given != nullptr) {
    ConstantData constant = *given;
    constant.location = where;
    const Result<ValueId> known = builder_.constant(std::move(constant));
    if (!known) return {};
    value = *known;
  }
  return {Binding::State::Present, value};
}

void Importer::import_inputs(const Graph& graph) {
  std::unordered_set<std::string_view> inputs;
  size_t position = 0;
  for (const ValueInfo& input : graph.inputs) {
    const LocationId where = locate("input", input.name);
    if (!inputs.insert(input.name).second) {
      (void)diagnostics_.report(DiagnosticKind::DuplicateName, where, "there is more than one input `{}`", input.name)
          .emit();
      continue;
    }
    // Files of old IR versions list their weights as inputs too.
    if (scope_->names.contains(input.name)) continue;
    Binding& binding = scope_->names[input.name];
    const ConstantData* given = given_value(input.name, position++);
    Result<Type> type = type_of_input(input, given, where);
    if (!type) continue;
    const bool is_tensor = type->as_tensor() != nullptr;
    if (!is_tensor) {
      (void)diagnostics_
          .report(DiagnosticKind::Unsupported, where, "input `{}` is of type `{}`", input.name, text(*type))
          .emit();
      continue;
    }
    binding = bind_input(input, std::move(*type), given, where);
  }
  const auto require_input = [&](std::string_view name) {
    if (inputs.contains(name)) return;
    (void)diagnostics_.report(DiagnosticKind::InputMismatch, whole_file_, "the model has no input `{}`", name).emit();
  };
  for (const auto& [name, type] : options_.input_types) require_input(name);
  for (const ConstantData& value : options_.input_values) {
    if (!value.name.empty()) require_input(value.name);
  }
}

void Importer::import_outputs(const Graph& graph) {
  std::vector<ValueId> values;
  bool complete = true;
  for (const ValueInfo& output : graph.outputs) {
    const Binding* binding = scope_->find(output.name);
    if (binding == nullptr) {
      (void)diagnostics_
          .report(DiagnosticKind::MissingInput, locate("output", output.name), "nothing produces the output `{}`",
                  output.name)
          .emit();
    }
    if (binding == nullptr || binding->state != Binding::State::Present) {
      complete = false;
      continue;
    }
    if (!options_.any_sizes) {
      check_declared_type(output.type, fmt::format("output `{}`", output.name), binding->value, module_,
                          locate("output", output.name), diagnostics_);
    }
    values.push_back(binding->value);
  }
  builder_.set_location(whole_file_);
  if (complete && !diagnostics_.failed()) (void)builder_.output(std::move(values));
}

void Importer::declare_types(const Graph& graph) {
  if (options_.any_sizes) return;
  for (const ValueInfo& info : graph.value_infos) scope_->declared.emplace(info.name, &info.type);
}

Outputs Importer::import_subgraph(GraphIndex index, std::span<const ValueId> arguments) {
  const Graph& graph = model_.graphs[index];
  const LocationId where = builder_.location();
  if (arguments.size() != graph.inputs.size()) {
    return diagnostics_
        .report(DiagnosticKind::OperandCount, where, "the graph `{}` of this node has {} inputs, it is given {} values",
                graph.name, graph.inputs.size(), arguments.size())
        .emit();
  }
  Scope scope;
  scope.parent = scope_;
  scope_ = &scope;
  declare_types(graph);
  import_initializers(graph);
  for (size_t position = 0; position < arguments.size(); ++position) {
    scope.names[graph.inputs[position].name] = {Binding::State::Present, arguments[position]};
  }
  import_nodes(graph.nodes);
  std::vector<ValueId> values;
  bool complete = true;
  for (const ValueInfo& output : graph.outputs) {
    const Binding* binding = scope.find(output.name);
    if (binding == nullptr) {
      (void)diagnostics_
          .report(DiagnosticKind::MissingInput, where, "nothing produces the output `{}` of graph `{}`", output.name,
                  graph.name)
          .emit();
    }
    const bool present = binding != nullptr && binding->state == Binding::State::Present;
    complete = complete && present;
    if (present) values.push_back(binding->value);
  }
  scope_ = scope.parent;
  builder_.set_location(where);
  if (!complete) return Failure{};
  return values;
}

Outputs NodeContext::import_subgraph(GraphIndex graph, std::span<const ValueId> arguments) {
  return importer_->import_subgraph(graph, arguments);
}

Result<ConstantData> NodeContext::constant(const Tensor& tensor, std::string_view what) {
  return importer_->constant(tensor, what, builder_->location());
}

Status import_model(const std::string& path, const ImportOptions& options, Module& module, Diagnostics& diagnostics) {
  std::string why;
  std::optional<weights::MappedFile> file = weights::MappedFile::open(path, why);
  if (!file) {
    return diagnostics.report(DiagnosticKind::FileNotReadable, {}, "`{}` can't be read: {}", path, why).emit();
  }
  TensorFiles files{path, std::make_shared<const weights::MappedFile>(std::move(*file)), {}};
  const FileId file_id = module.locations.add_file(path);
  const LocationId where = module.locations.add(ModelLocation{file_id, "", "", "", 0});
  LATHE_TRY(Model model, read_model(files.model->text(), where, diagnostics));
  Importer importer(std::move(model), files, file_id, where, options, module, diagnostics);
  Status status = importer.run();
  if (!status.ok() && options.advise) add_cures({files, options, file_id, importer.types()}, module, diagnostics);
  return status;
}

}  // namespace lathe::onnx
