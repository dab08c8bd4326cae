// The walk over an ONNX model that builds a module. Internal to the front end; callers use import.h.
//
// Graphs are imported through scopes: names to values, each scope seeing the scope of the graph around it. A node that
// fails marks its outputs as broken, and whatever reads a broken value is skipped silently, so that every fault is
// reported once. Bodies of functions are imported in place of the nodes that call them, with a scope of their own.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "compiler/frontend/onnx/import.h"
#include "compiler/frontend/onnx/model.h"
#include "compiler/frontend/onnx/operator.h"
#include "compiler/frontend/onnx/tensor.h"
#include "compiler/frontend/onnx/types.h"

namespace lathe::onnx {

/// The operator sets that a model or a function imports.
class OpsetTable {
 public:
  explicit OpsetTable(std::span<const OperatorSet> imports);
  /// The version imported for a domain; "ai.onnx" is "".
  [[nodiscard]] std::optional<int64_t> version(std::string_view domain) const;

 private:
  std::map<std::string_view, int64_t> versions_;
};

/// What a name stands for: a value, an absent optional operand, or a value that could not be made.
struct Binding {
  enum class State : uint8_t { Present, Absent, Broken };
  State state = State::Broken;
  ValueId value;
};

class Importer {
 public:
  Importer(Model model, TensorFiles files, FileId file, LocationId whole_file, const ImportOptions& options,
           Module& module, Diagnostics& diagnostics);

  Status run();
  /// The types of the main graph's values that could be made, by name, after a run that failed.
  [[nodiscard]] const std::unordered_map<std::string, TensorType>& types() const { return types_; }
  /// For handlers of If, Loop and Scan: see NodeContext::import_subgraph.
  Outputs import_subgraph(GraphIndex graph, std::span<const ValueId> arguments);
  Result<ConstantData> constant(const Tensor& tensor, std::string_view what, LocationId where);

 private:
  /// Attributes of the call whose function body is imported.
  struct Frame {
    std::vector<Attribute> attributes;
    [[nodiscard]] const Attribute* find(std::string_view name) const;
  };
  struct Scope {
    std::unordered_map<std::string_view, Binding> names;
    std::unordered_map<std::string_view, const TypeProto*> declared;
    Scope* parent = nullptr;
    [[nodiscard]] const Binding* find(std::string_view name) const;
  };

  // Before building.
  Status check_model();
  Status check_opsets(std::span<const OperatorSet> imports);
  Status check_support();
  [[nodiscard]] const Function* find_function(const Node& node) const;
  void report_absent_weights();
  void keep_types(const Scope& scope);

  // The main graph.
  void import_inputs(const Graph& graph);
  Result<Type> type_of_input(const ValueInfo& input, const ConstantData* value, LocationId where);
  [[nodiscard]] const ConstantData* given_value(std::string_view input, size_t position) const;
  Binding bind_input(const ValueInfo& input, Type type, const ConstantData* given, LocationId where);
  void import_outputs(const Graph& graph);

  // Any graph.
  void import_initializers(const Graph& graph);
  void declare_types(const Graph& graph);
  void import_nodes(std::span<const Node> nodes);
  void import_node(const Node& node, size_t position);
  Outputs call_function(const Function& function, const Node& node, std::vector<Binding> arguments);
  Outputs call_operator(const Node& node, std::vector<ValueId> inputs);
  Status check_node(const Node& node, const OperatorRow& row, std::span<const ValueId> inputs);
  Status check_attributes(const Node& node, const OperatorRow& row);
  void bind_outputs(const Node& node, const Outputs& outputs, size_t first_new_value);
  [[nodiscard]] Node resolved(const Node& node) const;
  [[nodiscard]] LocationId locate(std::string_view what, std::string_view name);
  [[nodiscard]] LocationId locate_node(const Node& node, size_t position);

  Model model_;
  TensorFiles files_;
  const ImportOptions& options_;
  Module& module_;
  Diagnostics& diagnostics_;
  GraphBuilder builder_;
  SymbolNames symbols_;
  FileId file_;
  LocationId whole_file_;
  OpsetTable opsets_;
  Scope* scope_ = nullptr;
  const Frame* frame_ = nullptr;
  std::string prefix_;  ///< of node names in bodies of functions
  int depth_ = 0;
  size_t inlined_nodes_ = 0;
  size_t most_inlined_nodes_ = 0;
  size_t absent_weights_ = 0;
  std::unordered_map<std::string, TensorType> types_;
};

}  // namespace lathe::onnx
