// What the tests of op rows share: running one row on numbers, reading its diagnostics, naive loops over positions.
//
// Expectations come from the tests themselves: closed forms or loops over plain doubles. `run_row` runs the row through
// the builder (inference), print and parse (text), and the graph interpreter.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <initializer_list>
#include <string>
#include <vector>

#include "compiler/interp/graph_interpreter.h"
#include "ir/graph/builder.h"

namespace lathe::ops_test {

using Dims = std::vector<int64_t>;
using Numbers = std::vector<double>;

/// A dense array with its element type; values are converted to it (rounded, wrapped).
struct Array {
  Dims dims;
  Numbers values;
  ElementType element = ElementType::F32;
};

[[nodiscard]] int64_t count_of(const Dims& dims);
[[nodiscard]] HostTensor to_tensor(const Array& array);
[[nodiscard]] Array to_array(const HostTensor& tensor);
[[nodiscard]] TensorType static_type(ElementType element, const Dims& dims);
[[nodiscard]] Shape shape_of(const Dims& dims);

/// Numbers in [-2, 2) from a fixed sequence; `seed` picks another one. Exact in f32.
[[nodiscard]] Array numbers(const Dims& dims, int seed = 1, ElementType element = ElementType::F32);
/// 0, 1, 2 ...
[[nodiscard]] Array counting(const Dims& dims, ElementType element = ElementType::F32);

/// Runs one row; fails the test when it doesn't infer or run. An Array without dims and values is a scalar 0, so an
/// absent optional operand is given as nullptr.
[[nodiscard]] std::vector<Array> run_row(std::string_view op, const std::vector<const Array*>& operands,
                                         std::vector<NamedAttribute> attributes = {});
[[nodiscard]] Array run_one(std::string_view op, const std::vector<const Array*>& operands,
                            std::vector<NamedAttribute> attributes = {});

/// Infers the row with the given operand types and names, whose symbols have default bounds. The result types as text,
/// or the diagnostics, one a line: `LT0204: message`, then `  label: ...` and `  note: ...`.
struct Operand {
  std::string name;
  TensorType type;
};
[[nodiscard]] std::string infer_text(std::string_view op, const std::vector<Operand>& operands,
                                     std::vector<NamedAttribute> attributes = {});
/// The diagnostics of running the row on these operands; empty when it runs.
[[nodiscard]] std::string run_errors(std::string_view op, const std::vector<const Array*>& operands,
                                     std::vector<NamedAttribute> attributes = {});

/// `f32[N, 3, 8]`, dims as symbols or numbers.
[[nodiscard]] Operand operand(std::string name, std::string_view type);

/// Calls `visit` with every position of `dims` in row-major order.
void for_each_position(const Dims& dims, const std::function<void(const Dims&)>& visit);
/// The row-major position of an index.
[[nodiscard]] int64_t flat(const Dims& dims, const Dims& index);
/// The value of `array` at `index`, whose axes of size 1 are broadcast and whose missing leading axes too.
[[nodiscard]] double broadcast_value(const Array& array, const Dims& index);

/// Same dims, and values equal within |tolerance| * max(1, |wanted|); NaN equals NaN, infinities equal themselves.
void expect_near(const Array& got, const Dims& dims, const Numbers& wanted, double tolerance);
/// Same dims and values, bit for bit except for NaNs.
void expect_exact(const Array& got, const Dims& dims, const Numbers& wanted);

}  // namespace lathe::ops_test
