// The tables of native rows that the files of this folder offer, collected by library.cpp.
#pragma once

#include <span>

#include "compiler/frontend/torch/python/native.h"

namespace lathe::torch {

// nn.Module and what it is made of.
std::span<const NativeFunctionRow> module_methods();
std::span<const NativeFunctionRow> module_walk_methods();
std::span<const NativeFunctionRow> module_text_methods();
std::span<const NativeFunctionRow> module_setting_methods();
std::span<const NativeClassRow> container_classes();
std::span<const NativeClassRow> named_container_classes();
std::span<const NativeClassRow> parameter_classes();

// Layers.
std::span<const NativeClassRow> linear_classes();
std::span<const NativeClassRow> convolution_classes();
std::span<const NativeClassRow> transposed_convolution_classes();
std::span<const NativeClassRow> lazy_classes();
std::span<const NativeClassRow> batch_norm_classes();
std::span<const NativeClassRow> normalization_classes();
std::span<const NativeClassRow> activation_classes();
std::span<const NativeClassRow> special_activation_classes();
std::span<const NativeClassRow> pooling_classes();
std::span<const NativeClassRow> adaptive_pooling_classes();
std::span<const NativeClassRow> dropout_classes();
std::span<const NativeClassRow> arrangement_classes();
std::span<const NativeClassRow> padding_classes();
std::span<const NativeClassRow> upsampling_classes();
std::span<const NativeClassRow> embedding_classes();
std::span<const NativeClassRow> distance_classes();
std::span<const NativeClassRow> parallel_classes();
std::span<const NativeClassRow> distributed_classes();

// torch.nn.functional.
std::span<const NativeFunctionRow> linear_functions();
std::span<const NativeFunctionRow> convolution_functions();
std::span<const NativeFunctionRow> transposed_convolution_functions();
std::span<const NativeFunctionRow> batch_norm_functions();
std::span<const NativeFunctionRow> normalization_functions();
std::span<const NativeFunctionRow> activation_functions();
std::span<const NativeFunctionRow> in_place_activation_functions();
std::span<const NativeFunctionRow> special_activation_functions();
std::span<const NativeFunctionRow> pooling_functions();
std::span<const NativeFunctionRow> adaptive_pooling_functions();
std::span<const NativeFunctionRow> dropout_functions();
std::span<const NativeFunctionRow> torch_dropout_functions();
std::span<const NativeFunctionRow> arrangement_functions();
std::span<const NativeFunctionRow> padding_functions();
std::span<const NativeFunctionRow> upsampling_functions();
std::span<const NativeFunctionRow> embedding_functions();
std::span<const NativeFunctionRow> distance_functions();

// torch.nn.init, torch.nn.utils, torch.optim.
std::span<const NativeFunctionRow> initialization_functions();
std::span<const NativeFunctionRow> utility_functions();
std::span<const NativeFunctionRow> parametrization_functions();
std::span<const NativeClassRow> training_classes();
std::span<const NativeClassRow> scheduler_classes();

}  // namespace lathe::torch
