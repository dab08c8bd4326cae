// The families of ONNX operators. A new family is declared here and listed in operators.cpp.
#pragma once

#include <span>

#include "compiler/frontend/onnx/operator.h"

namespace lathe::onnx {

std::span<const OperatorRow> unary_operators();
std::span<const OperatorRow> binary_operators();
std::span<const OperatorRow> old_binary_operators();
std::span<const OperatorRow> activation_operators();
std::span<const OperatorRow> conversion_operators();
std::span<const OperatorRow> reduction_operators();
std::span<const OperatorRow> normalization_operators();
std::span<const OperatorRow> contraction_operators();
std::span<const OperatorRow> convolution_operators();
std::span<const OperatorRow> pooling_operators();
std::span<const OperatorRow> shape_operators();
std::span<const OperatorRow> slicing_operators();
std::span<const OperatorRow> padding_operators();
std::span<const OperatorRow> indexing_operators();
std::span<const OperatorRow> resize_operators();
std::span<const OperatorRow> constant_operators();
std::span<const OperatorRow> quantization_operators();
std::span<const OperatorRow> selection_operators();
std::span<const OperatorRow> control_operators();
std::span<const OperatorRow> integer_convolution_operators();
std::span<const OperatorRow> arrangement_operators();
std::span<const OperatorRow> signal_operators();
std::span<const OperatorRow> loss_operators();
std::span<const OperatorRow> attention_operators();
std::span<const OperatorRow> recurrent_operators();
std::span<const OperatorRow> stateful_operators();

}  // namespace lathe::onnx
