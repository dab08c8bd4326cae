// Lowered programs, run by the kernel interpreter with its checks, against the graph interpreter.
//
// The two share the rows' scalar bodies and index maps, which tests/ops checks against independent numbers; what is
// tested here is everything lowering adds: placement, loops, lanes, tails, masks, padding in place, runtime calls, the
// arena.
#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "compiler/interp/graph_interpreter.h"
#include "compiler/interp/kernel_interpreter.h"
#include "compiler/lower/expand_math.h"
#include "compiler/lower/lower.h"
#include "ir/graph/print.h"
#include "ir/kernel/text.h"
#include "ir/kernel/verify.h"

namespace lathe::lower {
namespace {

struct Case {
  const char* name;
  const char* text;
  std::vector<std::pair<const char*, int64_t>> sizes = {};  ///< values of symbols
  /// How many steps the program may have at most: 0 for any number. Says that placement saved copies.
  size_t steps = 0;
  /// Windows clipped at a border and reflections stay within bounds for reasons that the verifier's provers don't find.
  bool clipped = false;
};

void PrintTo(const Case& test, std::ostream* stream) { *stream << test.name; }

std::string messages(const Diagnostics& diagnostics) {
  std::string text;
  for (const Diagnostic& diagnostic : diagnostics.all()) text += diagnostic.message + "\n";
  return text;
}

class LowerTest : public testing::TestWithParam<Case> {
 protected:
  int64_t value_of(const Dim& dim) const {
    return *evaluate(dim, [&](const std::string& name) -> std::optional<int64_t> {
      for (const auto& [symbol, value] : GetParam().sizes) {
        if (name == symbol) return value;
      }
      return std::nullopt;
    });
  }

  TensorType concrete(TensorType type) const {
    for (Dim& dim : type.dims) dim = value_of(dim);
    return type;
  }

  HostTensor random_tensor(const TensorType& type) {
    HostTensor tensor{type, std::vector<std::byte>(*storage_bytes(type.element, type.element_count().constant())), {}};
    for (int64_t i = 0; i < type.element_count().constant(); ++i) {
      const ScalarValue value = is_float(type.element)
                                    ? ScalarValue::of(type.element, static_cast<double>(random_() % 2001) / 500.0 - 2.0)
                                    : ScalarValue::of_integer(type.element, static_cast<int64_t>(random_() % 3));
      store_element(type.element, tensor.bytes.data(), i, value);
    }
    return tensor;
  }

  static void expect_close(const HostTensor& got, const HostTensor& want, size_t index) {
    double largest = 0;
    const int64_t count = want.type.element_count().constant();
    for (int64_t i = 0; i < count; ++i) {
      const double number = load_element(want.type.element, want.bytes.data(), i).as_double();
      if (std::isfinite(number)) largest = std::max(largest, std::fabs(number));
    }
    for (int64_t i = 0; i < count; ++i) {
      const double a = load_element(got.type.element, got.bytes.data(), i).as_double();
      const double b = load_element(want.type.element, want.bytes.data(), i).as_double();
      if (std::isnan(a) && std::isnan(b)) continue;
      ASSERT_LE(std::fabs(a - b), 2e-6 * std::max(1.0, largest)) << "output " << index << " element " << i;
    }
  }

  std::mt19937 random_{11};
};

TEST_P(LowerTest, EqualsTheGraphInterpreter) {
  Diagnostics diagnostics;
  Result<Module> module = parse_module(GetParam().text, "case.lathe", diagnostics);
  ASSERT_TRUE(module.ok()) << messages(diagnostics);
  std::vector<HostTensor> inputs;
  for (ValueId input : module->graph.inputs()) inputs.push_back(random_tensor(concrete(module->graph.tensor(input))));
  Result<std::vector<HostTensor>> want = interp::interpret(*module, inputs, diagnostics);
  ASSERT_TRUE(want.ok()) << messages(diagnostics);

  Result<kernel::Program> program = lower(*module, {}, diagnostics);
  ASSERT_TRUE(program.ok()) << messages(diagnostics);
  for (kernel::Kernel& kernel : program->kernels) kernel = expand_math(kernel);
  const auto report = kernel::verify(*program, diagnostics);
  ASSERT_TRUE(report.ok()) << messages(diagnostics) << kernel::print(*program);
  EXPECT_TRUE(GetParam().clipped || report->unproven_accesses.empty())
      << report->unproven_accesses[0].second.reason << "\n"
      << kernel::print(*program);
  if (GetParam().steps != 0) EXPECT_LE(program->steps.size(), GetParam().steps) << kernel::print(*program);

  std::vector<HostTensor> outputs;
  for (const kernel::Port& port : program->outputs) {
    const TensorType type = concrete(port.type);
    outputs.push_back(
        {type, std::vector<std::byte>(*storage_bytes(type.element, type.element_count().constant())), {}});
  }
  std::vector<const void*> input_pointers;
  for (const HostTensor& input : inputs) input_pointers.push_back(input.bytes.data());
  std::vector<void*> output_pointers;
  for (HostTensor& output : outputs) output_pointers.push_back(output.bytes.data());
  std::vector<int64_t> symbols;
  for (const SymbolTable::Row& row : program->symbols.rows()) symbols.push_back(value_of(Dim::symbol(row.name)));
  const Result<lathe_status> status =
      interp::run_program(*program, {input_pointers, output_pointers, symbols}, nullptr, diagnostics);
  ASSERT_TRUE(status.ok()) << messages(diagnostics) << kernel::print(*program);
  ASSERT_EQ(*status, LATHE_OK);
  for (size_t i = 0; i < outputs.size(); ++i) expect_close(outputs[i], (*want)[i], i);
}

const Case kCases[] = {
    {"elementwise_merged",
     R"(graph @g(%x: f32[3, 5, 7], %y: f32[3, 5, 7]) -> (f32[3, 5, 7]) {
  %s = add %x, %y : f32[3, 5, 7]
  return %s : f32[3, 5, 7]
})"},
    {"elementwise_broadcast",
     R"(graph @g(%x: f32[3, 5, 40], %y: f32[5, 1]) -> (f32[3, 5, 40]) {
  %s = mul %x, %y : f32[3, 5, 40]
  %t = tanh %s : f32[3, 5, 40]
  return %t : f32[3, 5, 40]
})"},
    {"elementwise_symbolic",
     R"(sym N in [1, 64]
graph @g(%x: f32[N, 20], %y: f32[20]) -> (f32[N, 20]) {
  %s = sub %x, %y : f32[N, 20]
  return %s : f32[N, 20]
})",
     {{"N", 3}}},
    {"integers_and_bools",
     R"(graph @g(%x: i64[3, 9], %y: i64[9]) -> (bool[3, 9], f32[3, 9]) {
  %c = less %x, %y : bool[3, 9]
  %s = add %x, %y : i64[3, 9]
  %f = cast %s {to = f32} : f32[3, 9]
  return %c, %f : bool[3, 9], f32[3, 9]
})"},
    {"transpose",
     R"(graph @g(%x: f32[3, 5, 17]) -> (f32[17, 3, 5]) {
  %t = transpose %x {permutation = [2, 0, 1]} : f32[17, 3, 5]
  return %t : f32[17, 3, 5]
})"},
    {"reshape_is_free",
     R"(graph @g(%x: f32[4, 6]) -> (f32[8, 3]) {
  %a = neg %x : f32[4, 6]
  %b = reshape %a {shape = [2, 3, 4]} : f32[2, 3, 4]
  %c = reshape %b {shape = [8, 3]} : f32[8, 3]
  %d = exp %c : f32[8, 3]
  return %d : f32[8, 3]
})",
     {},
     2},
    {"concat_in_place",
     R"(graph @g(%x: f32[2, 3, 5], %y: f32[2, 4, 5]) -> (f32[2, 7, 5]) {
  %a = neg %x : f32[2, 3, 5]
  %b = abs %y : f32[2, 4, 5]
  %c = concat %a, %b {axis = 1} : f32[2, 7, 5]
  return %c : f32[2, 7, 5]
})",
     {},
     2},
    {"concat_copies_inputs",
     R"(graph @g(%x: f32[2, 3, 5], %y: f32[2, 4, 5]) -> (f32[2, 10, 5]) {
  %c = concat %x, %y, %x {axis = 1} : f32[2, 10, 5]
  return %c : f32[2, 10, 5]
})",
     {},
     1},
    {"concat_twice",
     R"(graph @g(%x: f32[2, 3]) -> (f32[2, 9], f32[2, 6]) {
  %a = neg %x : f32[2, 3]
  %b = exp %x : f32[2, 3]
  %c = concat %a, %b {axis = 1} : f32[2, 6]
  %d = concat %c, %b {axis = 1} : f32[2, 9]
  return %d, %c : f32[2, 9], f32[2, 6]
})"},
    {"pad_in_place",
     R"(graph @g(%x: f32[2, 3, 5]) -> (f32[2, 6, 8]) {
  %a = neg %x : f32[2, 3, 5]
  %b = pad %a {low = [0, 1, 0], high = [0, 2, 3], value = 0.5} : f32[2, 6, 8]
  return %b : f32[2, 6, 8]
})",
     {},
     2},
    {"pad_reflect",
     R"(graph @g(%x: f32[2, 5]) -> (f32[2, 9]) {
  %b = pad %x {low = [0, 2], high = [0, 2], mode = "reflect"} : f32[2, 9]
  return %b : f32[2, 9]
})",
     {},
     0,
     true},
    {"slice_is_a_view",
     R"(graph @g(%x: f32[6, 20]) -> (f32[2, 20]) {
  %a = neg %x : f32[6, 20]
  %s = slice %a {starts = [1, 0], limits = [5, 20], steps = [2, 1]} : f32[2, 20]
  %e = exp %s : f32[2, 20]
  return %e : f32[2, 20]
})",
     {},
     2},
    {"slice_backwards",
     R"(graph @g(%x: f32[2, 21]) -> (f32[2, 21]) {
  %s = slice %x {starts = [0, 20], limits = [2, -1], steps = [1, -1]} : f32[2, 21]
  return %s : f32[2, 21]
})"},
    {"in_place_chain",
     R"(graph @g(%x: f32[5, 20]) -> (f32[5, 20], f32[5, 20]) {
  %a = neg %x : f32[5, 20]
  %b = exp %a : f32[5, 20]
  %c = sub %b, %x : f32[5, 20]
  %d = mul %c, %b : f32[5, 20]
  %e = add %d, %c : f32[5, 20]
  return %e, %c : f32[5, 20], f32[5, 20]
})"},
    {"outputs_that_are_inputs",
     R"(graph @g(%x: f32[2, 3]) -> (f32[2, 3], f32[2, 3], f32[2, 3]) {
  %a = neg %x : f32[2, 3]
  return %x, %a, %a : f32[2, 3], f32[2, 3], f32[2, 3]
})"},
    {"reduce_rows",
     R"(graph @g(%x: f32[3, 4, 37]) -> (f32[3, 4, 1], f32[3]) {
  %a = reduce_max %x {axes = [2], keep_dims = true} : f32[3, 4, 1]
  %b = reduce_mean %x {axes = [1, 2]} : f32[3]
  return %a, %b : f32[3, 4, 1], f32[3]
})"},
    {"reduce_columns",
     R"(graph @g(%x: f32[3, 6, 5, 20]) -> (f32[3, 20]) {
  %a = reduce_sum %x {axes = [1, 2]} : f32[3, 20]
  return %a : f32[3, 20]
})"},
    {"reduce_middle",
     R"(graph @g(%x: f32[3, 6, 5]) -> (f32[3, 1, 5]) {
  %a = reduce_min %x {axes = [1], keep_dims = true} : f32[3, 1, 5]
  return %a : f32[3, 1, 5]
})"},
    {"softmax_group",
     R"(graph @g(%x: f32[3, 37]) -> (f32[3, 37]) {
  %r = fused %x {kind = "row"} region (%a: f32[3, 37]) {
    %m = reduce_max %a {axes = [1], keep_dims = true} : f32[3, 1]
    %d = sub %a, %m : f32[3, 37]
    %e = exp %d : f32[3, 37]
    %s = reduce_sum %e {axes = [1], keep_dims = true} : f32[3, 1]
    %q = div %e, %s : f32[3, 37]
    return %q : f32[3, 37]
  } : f32[3, 37]
  return %r : f32[3, 37]
})"},
    {"max_pool_padded",
     R"(graph @g(%x: f32[2, 7, 6, 5]) -> (f32[2, 4, 3, 5]) {
  %m = max_pool %x {kernel = [3, 3], strides = [2, 2], pads = [1, 1, 1, 1], channels_last = true} : f32[2, 4, 3, 5]
  return %m : f32[2, 4, 3, 5]
})",
     {},
     0,
     true},
    {"average_pool_channels_first",
     R"(graph @g(%x: f32[2, 5, 7, 6]) -> (f32[2, 5, 4, 3]) {
  %m = average_pool %x {kernel = [3, 3], strides = [2, 2], pads = [1, 1, 1, 1]} : f32[2, 5, 4, 3]
  return %m : f32[2, 5, 4, 3]
})",
     {},
     0,
     true},
    {"conv_channels_first",
     R"(graph @g(%x: f32[1, 4, 7, 6], %w: f32[6, 2, 3, 3], %b: f32[6]) -> (f32[1, 6, 7, 6]) {
  %m = conv %x, %w, %b {strides = [1, 1], pads = [1, 1, 1, 1], dilations = [1, 1], groups = 2} : f32[1, 6, 7, 6]
  return %m : f32[1, 6, 7, 6]
})",
     {},
     0,
     true},
    {"matmul_of_inputs",
     R"(graph @g(%x: f32[2, 3, 5], %y: f32[2, 5, 20]) -> (f32[2, 3, 20]) {
  %m = matmul %x, %y : f32[2, 3, 20]
  return %m : f32[2, 3, 20]
})"},
    {"matmul_of_large_inputs",
     R"(sym N in [1, 64]
graph @g(%x: f32[2, N, 24], %y: f32[2, 70, 24]) -> (f32[2, N, 70]) {
  %m = matmul %x, %y {transpose_b = true} : f32[2, N, 70]
  %r = relu %m : f32[2, N, 70]
  return %r : f32[2, N, 70]
})",
     {{"N", 9}},
     3},
    {"gather_rows",
     R"(graph @g(%x: f32[7, 20], %i: i64[2, 3]) -> (f32[2, 3, 20]) {
  %m = gather %x, %i {axis = 0} : f32[2, 3, 20]
  return %m : f32[2, 3, 20]
})"},
    {"gather_columns",
     R"(graph @g(%x: f32[3, 7], %i: i64[20]) -> (f32[3, 20]) {
  %m = gather %x, %i {axis = 1} : f32[3, 20]
  return %m : f32[3, 20]
})"},
    {"cumprod",
     R"(sym N in [1, 64]
graph @g(%x: f32[3, N, 5]) -> (f32[3, N, 5]) {
  %s = cumprod %x {axis = 1, reverse = true} : f32[3, N, 5]
  return %s : f32[3, N, 5]
})",
     {{"N", 6}}},
    // Indices are few, so some elements are written more than once.
    {"scatter_elements_replaces",
     R"(graph @g(%x: f32[3, 9], %i: i64[4, 9], %u: f32[4, 9]) -> (f32[3, 9]) {
  %s = scatter_elements %x, %i, %u {axis = 0} : f32[3, 9]
  return %s : f32[3, 9]
})"},
    {"scatter_elements_adds",
     R"(sym N in [3, 64]
graph @g(%x: f32[2, N], %i: i32[2, 7], %u: f32[2, 7]) -> (f32[2, N]) {
  %r = relu %x : f32[2, N]
  %s = scatter_elements %r, %i, %u {axis = 1, reduction = "add"} : f32[2, N]
  %t = tanh %s : f32[2, N]
  return %t : f32[2, N]
})",
     {{"N", 5}}},
    {"scatter_elements_of_narrow_floats",
     R"(graph @g(%x: f16[3], %i: i64[20], %u: f16[20]) -> (f16[3]) {
  %s = scatter_elements %x, %i, %u {axis = 0, reduction = "mul"} : f16[3]
  return %s : f16[3]
})"},
    {"scatter_elements_of_integers",
     R"(graph @g(%x: i64[3, 2], %i: i64[3, 2], %u: i64[3, 2]) -> (i64[3, 2]) {
  %t = transpose %u {permutation = [0, 1]} : i64[3, 2]
  %s = scatter_elements %x, %i, %t {axis = 0, reduction = "max"} : i64[3, 2]
  return %s : i64[3, 2]
})"},
    {"scatter_nd_slices",
     R"(sym N in [3, 64]
graph @g(%x: f32[N, 4, 5], %i: i64[6, 1], %u: f32[6, 4, 5]) -> (f32[N, 4, 5]) {
  %s = scatter_nd %x, %i, %u {reduction = "min"} : f32[N, 4, 5]
  return %s : f32[N, 4, 5]
})",
     {{"N", 4}}},
    {"scatter_nd_elements",
     R"(graph @g(%x: f32[4, 3], %i: i64[2, 3, 2], %u: f32[2, 3]) -> (f32[3, 4]) {
  %s = scatter_nd %x, %i, %u : f32[4, 3]
  %t = transpose %s {permutation = [1, 0]} : f32[3, 4]
  return %t : f32[3, 4]
})"},
    {"shape_of",
     R"(sym N in [1, 64]
graph @g(%x: f32[N, 20]) -> (i64[2]) {
  %s = shape_of %x : i64[2]
  return %s : i64[2]
})",
     {{"N", 3}}},
    {"iota",
     R"(graph @g(%x: i64[3, 20]) -> (i64[3, 20]) {
  %i = iota {dims = [3, 20], axis = 1, element = i64} : i64[3, 20]
  %s = add %i, %x : i64[3, 20]
  return %s : i64[3, 20]
})"},
};

INSTANTIATE_TEST_SUITE_P(Cases, LowerTest, testing::ValuesIn(kCases),
                         [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace lathe::lower
