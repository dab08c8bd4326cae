// compiler/frontend/torch/advice finds out, after a program has been evaluated, what may be done about its faults.
//
// Each fault carries facts (evaluator.h): the frames, the layer, what it was given. Proposers (proposals.h) turn them
// into changes of the source, which load_model() tries one by one before anybody sees them. Sizes of inputs that would
// have been accepted are solved backwards. Runs while the evaluator still lives; called by import.cpp.
#pragma once

#include "compiler/frontend/torch/python/evaluator.h"

namespace lathe::torch {

/// Adds notes, unverified fixes and accepted sizes to diagnostics of the program that `evaluator` has evaluated. Faults
/// of what it does itself (calls of modules with other sizes) are nobody's.
void advise(Evaluator& evaluator, Diagnostics& diagnostics);

}  // namespace lathe::torch
