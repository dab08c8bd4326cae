// ONNX models written as text, so that a test shows the model it is about. Wrong models can be said as well as right
// ones.
//
//   opset 17                                     default 17; `opset "com.x" 1` adds another domain, `ir 8` the IR
//   version graph (float[N,3,8,8] x) => (float[N,4,8,8] y) {
//     w = float[4,3,3,3]                         an initializer of zeros; `int64[2] {1, -1}` spells the elements,
//     b = float[4] raw 12                        a payload of 12 bytes, `external "w.bin" 0 16` one in another file
//     y = Conv "conv1" <pads = [1,1,1,1]> (x, w, b)
//   }
//   truncate 10                                  cuts bytes off the end; `bytes "..."` is the whole file instead
//   file "w.bin" 16                              a file of zeros beside the model; `link "w.bin" "../x"` a symbolic
//   link
//
// Names that are no identifiers stand in quotes; "" is an absent operand. `com.x.Foo` is operator Foo of domain com.x;
// `elem 99` is an element type by number; `float x` has no shape, `?` is a size that isn't said. Attributes: whole
// numbers, floats, strings, lists, tensors, `graph ...`.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace lathe::test {

/// Writes `folder / name` and the files beside it. Returns what is wrong with the text; empty when nothing is.
[[nodiscard]] std::string write_onnx_text(std::string_view text, const std::filesystem::path& folder,
                                          std::string_view name);

}  // namespace lathe::test
