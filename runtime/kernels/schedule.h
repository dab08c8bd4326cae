// Runs contractions and depthwise convolutions over the threads of an execution, and holds the checks that the kernel
// entry points share. Called by gemm.cpp and conv2d.cpp only.
#pragma once

#include <cstdint>

#include "lathe/kernels.h"
#include "runtime/kernels/contraction.h"

namespace lathe::runtime {

// What a null epilogue means.
inline constexpr lathe_epilogue_f32 kNoEpilogue = {.struct_size = sizeof(lathe_epilogue_f32),
                                                   .activation = LATHE_ACTIVATION_NONE,
                                                   .alpha = 0.0f,
                                                   .beta = 0.0f,
                                                   .scale = nullptr,
                                                   .bias = nullptr,
                                                   .after_block = nullptr,
                                                   .after_block_state = nullptr};

// True when `epilogue` is null or one that this runtime understands.
bool valid_epilogue(const lathe_epilogue_f32* epilogue);

// Splits `problem` by groups, rows and panels into parts for the execution's threads and runs them on the selected
// target. How it is split does not influence results.
lathe_status run_contraction(const lathe_execution* execution, const Contraction& problem);

// Splits by output lines.
lathe_status run_depthwise(const lathe_execution* execution, const Depthwise& problem);

}  // namespace lathe::runtime
