// The parameters of a callable, for those who call it from outside of the program.
#include "compiler/frontend/torch/python/evaluator_internals.h"

namespace lathe::torch {

std::optional<std::vector<Evaluator::CallParameter>> Evaluator::parameters_of(const Value& function) {
  Value target = function;
  size_t bound = 0;
  while (const auto* method = heap_.as<BoundMethodObject>(target)) {
    ++bound;
    target = Value(method->function);
  }
  std::vector<CallParameter> parameters;
  if (const auto* object = heap_.as<FunctionObject>(target)) {
    const Function& definition = internals_->units[object->unit]->ast.functions[object->function];
    for (const Parameter& row : definition.parameters) {
      parameters.push_back({names_.text(row.name), row.kind, !row.fallback.valid()});
    }
  } else if (const auto* native = heap_.as<NativeFunctionObject>(target)) {
    const NativeSignature& signature = internals_->signature(*native->row);
    for (size_t i = 0; i < signature.rows.size(); ++i) {
      parameters.push_back({signature.names[i], signature.rows[i].kind, !signature.rows[i].has_fallback});
    }
  } else {
    return std::nullopt;
  }
  parameters.erase(parameters.begin(),
                   parameters.begin() + static_cast<std::ptrdiff_t>(std::min(bound, parameters.size())));
  return parameters;
}

}  // namespace lathe::torch
