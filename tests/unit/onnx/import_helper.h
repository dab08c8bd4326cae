// Imports a model that a test describes, and shows what came of it as text.
#pragma once

#include <string>
#include <vector>

#include "compiler/frontend/onnx/import.h"
#include "ir/graph/print.h"
#include "ir/graph/verify.h"
#include "tests/support/onnx_writer.h"
#include "tests/support/temporary_folder.h"

namespace lathe::onnx {

/// The outcome of an import.
struct Imported {
  bool ok = false;
  Module module;
  Diagnostics diagnostics;

  /// The graph as text, without its head.
  [[nodiscard]] std::string graph() const { return print(module, {.locations = false, .data = false}); }
  /// One line for each diagnostic: code, place, message, notes.
  [[nodiscard]] std::string messages() const {
    std::string text;
    for (const Diagnostic& diagnostic : diagnostics.all()) {
      std::string place = module.locations.describe(diagnostic.where);
      place.erase(0, place.find("m.onnx"));
      text += fmt::format("{} {}: {}\n", info(diagnostic.kind).code, place, diagnostic.message);
      for (const std::string& note : diagnostic.notes) text += "  note: " + note + "\n";
    }
    return text;
  }
};

/// Imports a file's bytes. A module that comes out must pass the verifier.
inline Imported import_bytes(const std::string& bytes, const ImportOptions& options = {}) {
  const test::TemporaryFolder folder;
  Imported outcome;
  outcome.ok = import_model(folder.write("m.onnx", bytes), options, outcome.module, outcome.diagnostics).ok();
  if (outcome.ok) {
    Diagnostics verification;
    if (!verify(outcome.module, verification).ok()) {
      outcome.ok = false;
      outcome.diagnostics = verification;
    }
  }
  return outcome;
}

inline Imported import_graph(const test::OnnxModel& model, const ImportOptions& options = {}) {
  return import_bytes(test::to_bytes(model), options);
}

/// A tensor of float32 zeros.
inline test::OnnxTensor zeros(const std::string& name, std::vector<int64_t> shape) {
  size_t count = 1;
  for (const int64_t dim : shape) count *= static_cast<size_t>(dim);
  return test::float_tensor(name, std::move(shape), std::vector<float>(count, 0.0F));
}

/// A model with one node that reads `x` and whatever else is given, and writes `y`.
struct OneNode {
  test::OnnxNode node;
  std::vector<test::OnnxDim> x;
  std::vector<test::OnnxTensor> initializers = {};
  int64_t opset = 17;
  int32_t element = 1;
};

inline Imported import_one(OneNode one) {
  test::OnnxModel model;
  model.opset = one.opset;
  if (one.node.inputs.empty()) one.node.inputs = {"x"};
  if (one.node.outputs.empty()) one.node.outputs = {"y"};
  if (one.node.name.empty()) one.node.name = "n";
  model.graph.inputs = {{.name = "x", .element = one.element, .dims = one.x}};
  for (const std::string& output : one.node.outputs) {
    if (!output.empty()) model.graph.outputs.push_back({.name = output, .element = 0, .dims = std::nullopt});
  }
  model.graph.initializers = std::move(one.initializers);
  model.graph.nodes = {std::move(one.node)};
  return import_graph(model);
}

/// The type of output `y` as text, or the messages.
inline std::string output_type(const Imported& imported, size_t output = 0) {
  if (!imported.ok) return imported.messages();
  return text(imported.module.graph.tensor(imported.module.graph.outputs()[output]));
}

}  // namespace lathe::onnx
