// A side as its author would tell it: operations in order of execution, and the parameters that they read.
//
// The nodes of one layer call, of one expression, or of one ONNX node are one operation. Only what depends on an input
// is an operation; what is computed from parameters alone belongs to its readers. Internal to compiler/compare.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "compiler/compare/compare.h"
#include "ir/graph/op.h"

namespace lathe::comparison {

struct Parameter {
  std::string name;
  NodeId node;  ///< its `constant`
  ValueId value;
  TensorType type;
  LocationId built;
  bool is_buffer = false;
  std::optional<uint32_t> object;  ///< Definition::Parameter::object
};

struct Operation {
  std::vector<NodeId> nodes;  ///< in program order, constants left out
  NodeId main;                ///< the node that gives the operation its character
  std::string kind;           ///< name of that node's row, or `dropout`
  std::string op;             ///< as the author calls it
  std::string layer;
  LocationId where;
  LocationId built;
  std::optional<size_t> record;    ///< row of Definition::layers: a layer of the library
  std::vector<size_t> parameters;  ///< rows of Reading::parameters, in the order of operands
  bool is_random = false;          ///< reads random numbers that the program draws
};

struct Reading {
  std::vector<Operation> operations;
  std::vector<Parameter> parameters;
  std::vector<bool> depends;                ///< by value: on an input
  std::vector<uint32_t> operation_of_node;  ///< kNone for nodes that belong to none
  std::vector<uint32_t> position;           ///< of nodes, in program order
  static constexpr uint32_t kNone = ~uint32_t{0};

  [[nodiscard]] const Operation* operation_of(const Module& module, ValueId value) const;
  /// The parameters that a value is made of, when it depends on no input.
  [[nodiscard]] std::vector<size_t> parameters_behind(const Module& module, ValueId value) const;
};

/// Removes nodes that nobody reads, and the random inputs that only they read.
[[nodiscard]] Status prune(Side& side, Diagnostics& diagnostics);
/// Parameters whose initial value a program computes (`nn.Parameter(torch.randn(8) * 0.1)`) become constants.
[[nodiscard]] Status state_parameters(Side& side, uint64_t seed, Diagnostics& diagnostics);
[[nodiscard]] Reading read(const Side& side);

/// An input that the program draws at random: a `torch.randn` of a script, the mask of a dropout.
[[nodiscard]] bool is_random_input(const Side& side, ValueId input);
/// The record of the model itself, or nullptr.
[[nodiscard]] const Definition::Layer* root_layer(const Side& side);
/// A layer of the library that is no container.
[[nodiscard]] bool is_library_layer(const Definition::Layer& layer);
/// The value of a plain attribute of a layer; nullptr when it has none of it.
[[nodiscard]] const std::string* setting(const Definition::Layer& layer, std::string_view name);
/// Line of a location in its file; 0 without one.
[[nodiscard]] uint32_t line_of(const Module& module, LocationId where);
/// The source text of a location's line, without indentation; empty without one.
[[nodiscard]] std::string_view line_text(const Module& module, LocationId where);
/// `line 12`, or what the location is called without lines.
[[nodiscard]] std::string place_text(const Module& module, LocationId where);
/// `torch.relu (line 12)`, "Linear `fc1` (line 8)"
[[nodiscard]] std::string called(const Module& module, const Operation& operation);

}  // namespace lathe::comparison
