// Collects the tables: functions of `torch`, methods of torch.Tensor, and the modules beside.
#include "compiler/frontend/torch/tensor/library.h"

#include <deque>

#include "compiler/frontend/torch/tensor/table.h"

namespace lathe::torch {
namespace {

/// What rows point into; made once.
struct Tables {
  std::deque<std::string> texts;
  std::vector<NativeFunctionRow> functions;
  std::vector<NativeFunctionRow> methods;
  std::vector<NativeClassRow> classes;
  std::vector<NativeModuleRow> modules;

  std::string_view keep(std::string text) { return texts.emplace_back(std::move(text)); }

  /// "input, dim=0" as a method spells it: "self, dim=0".
  std::string_view method_parameters(std::string_view parameters) {
    const size_t end = std::min(parameters.find_first_of(",="), parameters.size());
    return keep("self" + std::string(parameters.substr(end)));
  }

  void add(const TensorFunction& row) {
    if (row.scope != TensorScope::Method) functions.push_back({row.name, row.parameters, row.function});
    if (row.in_place != nullptr && row.scope != TensorScope::Method) {
      functions.push_back({keep(std::string(row.name) + "_"), row.parameters, row.in_place});
    }
    if (row.scope == TensorScope::Function) return;
    const std::string_view parameters = method_parameters(row.parameters);
    methods.push_back({row.name, parameters, row.function});
    if (row.in_place == nullptr) return;
    methods.push_back({keep(std::string(row.name) + "_"), parameters, row.in_place});
  }
};

Tables make_tables() {
  Tables tables;
  for (const auto table :
       {arithmetic_table(), pointwise_table(), comparison_table(), reduction_table(), selection_table(), shape_table(),
        joining_table(), index_table(), triangle_table(), creation_table(), random_table(), conversion_table(),
        linear_algebra_table(), refused_table()}) {
    for (const TensorFunction& row : table) tables.add(row);
  }
  return tables;
}

}  // namespace

std::span<const NativeModuleRow> tensor_library() {
  static constexpr NativeClassRow kPairs[] = {{"ValuesAndIndices", "builtins.tuple", {}}};
  static const Tables tables = [] {
    Tables made = make_tables();
    made.classes.push_back({"Tensor", "", made.methods});
    made.modules.push_back({"torch", made.functions, made.classes, {}});
    made.modules.push_back({"torch.return_types", {}, kPairs, {}});
    for (const NativeModuleRow& row : context_modules()) made.modules.push_back(row);
    return made;
  }();
  return tables.modules;
}

}  // namespace lathe::torch
