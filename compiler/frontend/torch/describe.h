// What an import tells of the definition: layers, parameters, tensors of a script, and the signature of an entry.
//
// Internal to the driver (import.cpp).
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "compiler/frontend/torch/definition.h"
#include "compiler/frontend/torch/nn/module.h"

namespace lathe::torch {

/// One argument that a call of the entry may give.
struct SignatureRow {
  std::string name;
  bool is_required = true;
  bool is_native = false;   ///< of a layer of the library
  bool takes_more = false;  ///< `*args`: any number from here on
};
using Signature = std::vector<SignatureRow>;
/// The arguments of a function, or of the `forward` of a module, without `self`. A fault when it can't be called.
[[nodiscard]] Result<Signature> signature_of(Evaluator& evaluator, const Value& callee);

/// Fills `definition.layers` from the records of the trace.
void describe_layers(Evaluator& evaluator, Definition& definition);
/// Adds to `definition.parameters`.
void describe_parameters(Tracer& tracer, const std::vector<StateEntry>& entries, Definition& definition);
/// Fills `definition.values` with the tensors that statements of the top level assigned.
void describe_values(Evaluator& evaluator, Definition& definition);

/// What may be named as the entry of the program's file, in order: a module at the top level by its name (`net`), a
/// class of modules by a call with what it must be given (`Net(width)`).
[[nodiscard]] std::vector<std::string> entries_of(Evaluator& evaluator);
/// The call that makes an object of a class of the program: `Net(width)`.
[[nodiscard]] std::string construction_text(Evaluator& evaluator, ObjectId type);

/// `f32[1,8]`, `(f32[2,7,8], (f32[1,2,8], f32[1,2,8]))`, `None`: the types of a result.
[[nodiscard]] std::string type_text(Evaluator& evaluator, const Value& value);
/// The tensors of a result: nested tuples, lists and dict values in order.
void collect_tensors(Evaluator& evaluator, const Value& value, std::vector<std::pair<std::string, TensorId>>& tensors);

}  // namespace lathe::torch
