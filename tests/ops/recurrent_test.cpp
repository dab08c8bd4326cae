// Recurrent rows against loops over doubles, written from the formulas of ONNX's specification.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "tests/ops/support.h"

namespace lathe::ops_test {
namespace {

double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

// One network of one or two directions with gates in ONNX's order.
struct Network {
  int64_t steps = 0;
  int64_t batch = 0;
  int64_t inputs = 0;
  int64_t hidden = 0;
  int64_t gates = 0;
  int64_t directions = 1;
  Array x, weight, recurrent, bias, lengths, state, cell, peepholes;

  Network(int64_t t, int64_t n, int64_t i, int64_t h, int64_t g, int64_t d)
      : steps(t), batch(n), inputs(i), hidden(h), gates(g), directions(d) {
    x = numbers({t, n, i}, 1);
    weight = scaled(numbers({d, g * h, i}, 2));
    recurrent = scaled(numbers({d, g * h, h}, 3));
    bias = numbers({d, 2 * g * h}, 4);
    lengths = Array{{n}, {}, ElementType::I64};
    for (int64_t k = 0; k < n; ++k) lengths.values.push_back(static_cast<double>((k * 2 + 1) % (t + 1)));
    state = numbers({d, n, h}, 5);
    cell = numbers({d, n, h}, 6);
    peepholes = numbers({d, 3 * h}, 7);
  }

  static Array scaled(Array array) {
    for (double& value : array.values) value /= 4;
    return array;
  }
};

double at(const Array& array, const Dims& index) { return array.values[static_cast<size_t>(flat(array.dims, index))]; }

struct Options {
  bool bias = true, lengths = false, state = true, peepholes = false, reverse = false, linear_before_reset = false;
  double clip = 1e30;
};

struct Expected {
  Array y, h, c;
};

// w x + wb, and r h + rb, of one gate and column.
struct Sums {
  double input = 0;
  double recurrent = 0;
};

Sums sums_of(const Network& net, const Options& options, int64_t d, int64_t t, int64_t n, int64_t row,
             const Numbers& state) {
  Sums sums;
  for (int64_t i = 0; i < net.inputs; ++i) sums.input += at(net.x, {t, n, i}) * at(net.weight, {d, row, i});
  for (int64_t k = 0; k < net.hidden; ++k)
    sums.recurrent += state[static_cast<size_t>(k)] * at(net.recurrent, {d, row, k});
  if (options.bias) {
    sums.input += at(net.bias, {d, row});
    sums.recurrent += at(net.bias, {d, net.gates * net.hidden + row});
  }
  return sums;
}

Expected expected(const std::string& op, const Network& net, const Options& options) {
  const int64_t hidden = net.hidden;
  Expected result;
  result.y.dims = {net.steps, net.batch, net.directions * hidden};
  result.y.values.assign(static_cast<size_t>(count_of(result.y.dims)), 0);
  result.h.dims = result.c.dims = {net.directions, net.batch, hidden};
  result.h.values.assign(static_cast<size_t>(count_of(result.h.dims)), 0);
  result.c.values = result.h.values;
  const auto clip = [&](double sum) { return std::clamp(sum, -options.clip, options.clip); };
  for (int64_t d = 0; d < net.directions; ++d) {
    for (int64_t n = 0; n < net.batch; ++n) {
      const auto count = static_cast<size_t>(hidden);
      Numbers h(count, 0), c(count, 0);
      for (int64_t j = 0; j < hidden && options.state; ++j) {
        h[static_cast<size_t>(j)] = at(net.state, {d, n, j});
        c[static_cast<size_t>(j)] = at(net.cell, {d, n, j});
      }
      const int64_t length = options.lengths ? static_cast<int64_t>(at(net.lengths, {n})) : net.steps;
      const bool reverse = options.reverse || d == 1;
      for (int64_t step = 0; step < length; ++step) {
        const int64_t t = reverse ? length - 1 - step : step;
        Numbers next(count), reset(count), scaled(count);
        const auto both = [&](int64_t gate, int64_t j) {
          const Sums sums = sums_of(net, options, d, t, n, gate * hidden + j, h);
          return sums.input + sums.recurrent;
        };
        for (size_t j = 0; j < count && op == "gru"; ++j) {
          reset[j] = sigmoid(clip(both(1, static_cast<int64_t>(j))));
          scaled[j] = reset[j] * h[j];
        }
        for (int64_t column = 0; column < hidden; ++column) {
          const auto j = static_cast<size_t>(column);
          const auto peephole = [&](int64_t gate) {
            return options.peepholes ? at(net.peepholes, {d, gate * hidden + column}) : 0.0;
          };
          if (op == "rnn") {
            next[j] = std::tanh(clip(both(0, column)));
          } else if (op == "lstm") {
            const double input = sigmoid(clip(both(0, column) + peephole(0) * c[j]));
            const double forget = sigmoid(clip(both(2, column) + peephole(2) * c[j]));
            c[j] = forget * c[j] + input * std::tanh(clip(both(3, column)));
            next[j] = sigmoid(clip(both(1, column) + peephole(1) * c[j])) * std::tanh(c[j]);
          } else {
            const double update = sigmoid(clip(both(0, column)));
            const Sums sums =
                sums_of(net, options, d, t, n, 2 * hidden + column, options.linear_before_reset ? h : scaled);
            const double sum =
                options.linear_before_reset ? sums.input + reset[j] * sums.recurrent : sums.input + sums.recurrent;
            next[j] = (1 - update) * std::tanh(clip(sum)) + update * h[j];
          }
        }
        h = next;
        for (int64_t j = 0; j < hidden; ++j) {
          result.y.values[static_cast<size_t>(flat(result.y.dims, {t, n, d * hidden + j}))] = h[static_cast<size_t>(j)];
        }
      }
      for (int64_t j = 0; j < hidden; ++j) {
        const auto place = static_cast<size_t>(flat(result.h.dims, {d, n, j}));
        result.h.values[place] = h[static_cast<size_t>(j)];
        result.c.values[place] = c[static_cast<size_t>(j)];
      }
    }
  }
  return result;
}

void expect_row(const std::string& op, const Network& net, const Options& options, double tolerance = 1e-5) {
  const auto if_given = [](bool given, const Array& array) { return given ? &array : nullptr; };
  std::vector<const Array*> operands{&net.x,
                                     &net.weight,
                                     &net.recurrent,
                                     if_given(options.bias, net.bias),
                                     if_given(options.lengths, net.lengths),
                                     if_given(options.state, net.state)};
  if (op == "lstm") {
    operands.push_back(if_given(options.state, net.cell));
    operands.push_back(if_given(options.peepholes, net.peepholes));
  }
  std::vector<NamedAttribute> attributes;
  const std::string direction = net.directions == 2 ? "bidirectional" : options.reverse ? "reverse" : "forward";
  attributes.push_back({"direction", direction});
  if (options.clip < 1e30) attributes.push_back({"clip", options.clip});
  if (op == "gru") attributes.push_back({"linear_before_reset", options.linear_before_reset});
  const std::vector<Array> results = run_row(op, operands, attributes);
  const Expected wanted = expected(op, net, options);
  ASSERT_EQ(results.size(), op == "lstm" ? 3u : 2u);
  expect_near(results[0], wanted.y.dims, wanted.y.values, tolerance);
  expect_near(results[1], wanted.h.dims, wanted.h.values, tolerance);
  if (op == "lstm") expect_near(results[2], wanted.c.dims, wanted.c.values, tolerance);
}

// 17 columns do not fill their second panel.
TEST(Recurrent, Lstm) {
  const Network net(3, 2, 5, 17, 4, 1);
  expect_row("lstm", net, {});
  expect_row("lstm", net, {.bias = false, .state = false});
  expect_row("lstm", net, {.reverse = true});
  expect_row("lstm", net, {.lengths = true, .reverse = true});
  expect_row("lstm", net, {.peepholes = true});
  expect_row("lstm", net, {.clip = 0.5});
  expect_row("lstm", Network(4, 3, 2, 3, 4, 2), {.lengths = true, .peepholes = true});
  expect_row("lstm", Network(0, 2, 3, 4, 4, 1), {});
}

TEST(Recurrent, Gru) {
  const Network net(3, 2, 5, 17, 3, 1);
  expect_row("gru", net, {});
  expect_row("gru", net, {.linear_before_reset = true});
  expect_row("gru", net, {.bias = false, .state = false, .reverse = true});
  expect_row("gru", net, {.lengths = true, .linear_before_reset = true, .clip = 0.5});
  expect_row("gru", Network(4, 3, 2, 16, 3, 2), {.lengths = true});
}

TEST(Recurrent, Rnn) {
  expect_row("rnn", Network(3, 2, 5, 17, 1, 1), {});
  expect_row("rnn", Network(4, 3, 2, 3, 1, 2), {.lengths = true});
  expect_row("rnn", Network(2, 1, 1, 1, 1, 1), {.bias = false, .state = false, .reverse = true});
}

// The rows of a weight that stand in another order are named by `gates`.
TEST(Recurrent, GatesMayStandInAnyOrder) {
  const int64_t hidden = 3;
  const Network net(2, 1, 2, hidden, 4, 1);
  const auto reordered = [&](const Array& array, int64_t halves) {
    // i o f g becomes i f g o.
    constexpr int64_t kFrom[] = {0, 2, 3, 1};
    Array result = array;
    const int64_t each = count_of(array.dims) / (4 * halves);
    for (int64_t part = 0; part < halves; ++part) {
      for (int64_t gate = 0; gate < 4; ++gate) {
        for (int64_t k = 0; k < each; ++k) {
          result.values[static_cast<size_t>((part * 4 + gate) * each + k)] =
              array.values[static_cast<size_t>((part * 4 + kFrom[gate]) * each + k)];
        }
      }
    }
    return result;
  };
  const Array weight = reordered(net.weight, 1);
  const Array recurrent = reordered(net.recurrent, 1);
  const Array bias = reordered(net.bias, 2);
  const std::vector<Array> results = run_row("lstm", {&net.x, &weight, &recurrent, &bias}, {{"gates", "ifgo"}});
  const Expected wanted = expected("lstm", net, {.state = false});
  expect_near(results[0], wanted.y.dims, wanted.y.values, 1e-5);
}

TEST(Recurrent, ActivationsByName) {
  const Network net(2, 2, 3, 2, 1, 1);
  const std::vector<Array> results =
      run_row("rnn", {&net.x, &net.weight, &net.recurrent, &net.bias}, {{"activations", "relu"}});
  Numbers state(2, 0);
  for (int64_t t = 0; t < 2; ++t) {
    Numbers next(2);
    for (int64_t j = 0; j < 2; ++j) {
      const Sums sums = sums_of(net, {}, 0, t, 0, j, state);
      next[static_cast<size_t>(j)] = std::max(0.0, sums.input + sums.recurrent);
      EXPECT_NEAR(at(results[0], {t, 0, j}), next[static_cast<size_t>(j)], 1e-5);
    }
    state = next;
  }
}

// Doubles are computed as doubles, halves in f32.
TEST(Recurrent, ElementTypes) {
  Network net(3, 2, 5, 4, 4, 1);
  for (Array* array : {&net.x, &net.weight, &net.recurrent, &net.bias, &net.state, &net.cell}) {
    array->element = ElementType::F64;
  }
  expect_row("lstm", net, {}, 1e-14);
  for (Array* array : {&net.x, &net.weight, &net.recurrent, &net.bias, &net.state, &net.cell}) {
    array->element = ElementType::F16;
  }
  expect_row("lstm", net, {}, 2e-2);
}

TEST(Recurrent, Types) {
  const std::vector<Operand> operands{operand("x", "f32[T, N, 8]"), operand("w", "f32[2, 64, 8]"),
                                      operand("r", "f32[2, 64, 16]")};
  EXPECT_EQ(infer_text("lstm", operands, {{"direction", "bidirectional"}}),
            "f32[T, N, 32], f32[2, N, 16], f32[2, N, 16]");
  EXPECT_NE(infer_text("lstm", operands).find("LT0212"), std::string::npos);
  std::vector<Operand> narrow = operands;
  narrow[0] = operand("x", "f32[T, N, 7]");
  const std::string text = infer_text("lstm", narrow, {{"direction", "bidirectional"}});
  EXPECT_NE(text.find("LT0212: `weight` `w` of `lstm` is `f32[2, 64, 8]`, expected [2, 64, 7]"), std::string::npos)
      << text;
  EXPECT_NE(infer_text("lstm", operands, {{"direction", "bidirectional"}, {"gates", "iofx"}}).find("LT0106"),
            std::string::npos);
  EXPECT_NE(infer_text("lstm", operands, {{"direction", "bidirectional"}, {"activations", "tanh"}}).find("LT0106"),
            std::string::npos);
}

}  // namespace
}  // namespace lathe::ops_test
