// Functions behind the built-in classes that the evaluator itself calls. The rows of the classes are in library.h.
#pragma once

#include <string>
#include <string_view>

#include "compiler/frontend/torch/python/evaluator.h"

namespace lathe::torch {

/// format(value, spec): what `{value:spec}` of an f-string gives. Faults go to the evaluator.
Result<std::string> format_value(Evaluator& evaluator, const Value& value, std::string_view spec, LocationId where);
/// `format % arguments`
Result<std::string> percent_format(Evaluator& evaluator, const std::string& format, const Value& arguments,
                                   LocationId where);

}  // namespace lathe::torch
