// Types of ONNX files as types of the graph IR: symbols for named dimensions, comparison of declared with inferred
// types.
//
// A dimension may be a number, a name (`dim_param`) or nothing. Names of inputs become symbols; ONNX allows any text,
// so it is turned into an identifier, and different texts stay different. Names elsewhere say nothing. Called by the
// importer.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>

#include "compiler/frontend/onnx/model.h"
#include "ir/graph/graph.h"

namespace lathe::onnx {

/// Makes the symbols of a model's inputs.
class SymbolNames {
 public:
  explicit SymbolNames(Module& module) : module_(&module) {}

  /// The symbol for a dimension name; the same for the same name.
  [[nodiscard]] Dim named(std::string_view param);
  /// A symbol of its own for an axis without a size.
  [[nodiscard]] Dim fresh(std::string_view input, size_t axis);

 private:
  [[nodiscard]] Dim declare(const std::string& base);

  Module* module_;
  std::unordered_map<std::string, std::string> symbols_;
};

/// The type of a graph input. LT0215 and LT0214 for impossible sizes, LT0901 for kinds that Lathe doesn't have.
[[nodiscard]] Result<Type> input_type(const ValueInfo& input, SymbolNames& symbols, LocationId where, Module& module,
                                      Diagnostics& diagnostics);

/// Compares what a file declares of a value with what was inferred; reports LT0213 where both can't be true.
void check_declared_type(const TypeProto& declared, std::string_view what, ValueId value, const Module& module,
                         LocationId where, Diagnostics& diagnostics);

/// An identifier of the textual IR made of any text.
[[nodiscard]] std::string identifier(std::string_view text);

}  // namespace lathe::onnx
