// What is done to emitted C++ once it is there: values that nothing uses are taken out, long lines are broken.
//
// Works on the lines that CppEmitter writes, one statement a line. Called by cpp_emitter.cpp and cpp_source.cpp.
#pragma once

#include <string>
#include <string_view>

namespace lathe::codegen {

[[nodiscard]] bool uses_word(std::string_view text, std::string_view word);

/// The body without the values (`const f32x16 v3 = ..`) that nothing below uses; defining one must do nothing else.
[[nodiscard]] std::string without_dead_values(const std::string& body);

/// No line longer than 120 characters: code is broken at commas and aligned with its bracket, comments at spaces.
[[nodiscard]] std::string with_broken_lines(std::string_view text);

}  // namespace lathe::codegen
