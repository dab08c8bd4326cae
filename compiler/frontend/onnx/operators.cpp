// The list of operator families and the look-up by name and opset.
#include "compiler/frontend/onnx/operators.h"

#include <algorithm>
#include <unordered_map>

namespace lathe::onnx {
namespace {

using OperatorMap = std::unordered_map<std::string_view, std::vector<const OperatorRow*>>;

OperatorMap make_map() {
  OperatorMap map;
  for (const OperatorRow* row : all_operators()) map[row->name].push_back(row);
  return map;
}

const OperatorMap& operator_map() {
  static const OperatorMap map = make_map();
  return map;
}

}  // namespace

std::vector<const OperatorRow*> all_operators() {
  std::vector<const OperatorRow*> rows;
  for (const std::span<const OperatorRow> family : {unary_operators(),
                                                    binary_operators(),
                                                    old_binary_operators(),
                                                    activation_operators(),
                                                    conversion_operators(),
                                                    reduction_operators(),
                                                    normalization_operators(),
                                                    contraction_operators(),
                                                    convolution_operators(),
                                                    pooling_operators(),
                                                    shape_operators(),
                                                    slicing_operators(),
                                                    padding_operators(),
                                                    indexing_operators(),
                                                    resize_operators(),
                                                    constant_operators(),
                                                    quantization_operators(),
                                                    selection_operators(),
                                                    control_operators(),
                                                    attention_operators(),
                                                    recurrent_operators(),
                                                    loss_operators(),
                                                    signal_operators(),
                                                    arrangement_operators(),
                                                    integer_convolution_operators(),
                                                    stateful_operators()}) {
    for (const OperatorRow& row : family) rows.push_back(&row);
  }
  return rows;
}

const OperatorRow* find_operator(std::string_view name, int64_t opset) {
  const auto found = operator_map().find(name);
  if (found == operator_map().end()) return nullptr;
  for (const OperatorRow* row : found->second) {
    if (row->since <= opset && opset <= row->until) return row;
  }
  return nullptr;
}

bool is_known_operator(std::string_view name) { return operator_map().contains(name); }

}  // namespace lathe::onnx
