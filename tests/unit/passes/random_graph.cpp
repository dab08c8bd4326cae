// Grows a graph node by node from a pool of values.
#include "tests/unit/passes/random_graph.h"

#include <algorithm>
#include <cstring>
#include <numeric>

#include "ir/graph/builder.h"

namespace lathe::test {
namespace {

class Grower {
 public:
  explicit Grower(unsigned seed) : random_(seed), builder_(module_, diagnostics_) {}

  Module run() {
    const size_t inputs = 1 + below(2);
    for (size_t i = 0; i < inputs; ++i) {
      pool_.push_back(builder_.input(TensorType{ElementType::F32, random_shape()}, i == 0 ? "x" : "y"));
    }
    const size_t nodes = 4 + below(14);
    for (size_t i = 0; i < nodes; ++i) add_node();
    std::vector<ValueId> outputs{pool_.back()};
    if (below(2) == 0) outputs.push_back(any());
    const Status status = builder_.output(std::move(outputs));
    LATHE_CHECK(status.ok());
    return std::move(module_);
  }

 private:
  size_t below(size_t limit) { return std::uniform_int_distribution<size_t>(0, limit - 1)(random_); }
  double number() { return std::uniform_real_distribution<double>(-2, 2)(random_); }
  bool coin() { return below(2) == 0; }
  // Recent values more often, so that graphs are deep.
  ValueId any() {
    return pool_[coin() ? pool_.size() - 1 - below(std::min<size_t>(pool_.size(), 3)) : below(pool_.size())];
  }
  const Shape& dims(ValueId value) const { return module_.graph.tensor(value).dims; }

  Shape random_shape() {
    if (below(3) == 0)
      return {Dim(static_cast<int64_t>(1 + below(2))), Dim(4), Dim(6), Dim(static_cast<int64_t>(5 + below(3)))};
    Shape shape;
    const size_t rank = 1 + below(4);
    for (size_t i = 0; i < rank; ++i) shape.emplace_back(static_cast<int64_t>(1 + below(5)));
    return shape;
  }

  ValueId constant(const Shape& shape) {
    const TensorType type{ElementType::F32, shape};
    constexpr double kSpecial[] = {0.0, -0.0, 1.0, 2.0, -1.0, 0.5};
    if (below(4) == 0) return *builder_.constant(splat_constant(type, kSpecial[below(std::size(kSpecial))]));
    std::vector<double> numbers(static_cast<size_t>(type.element_count().constant()));
    for (double& each : numbers) each = number();
    return *builder_.constant(constant_from_doubles(type, numbers));
  }

  void keep(const Result<ValueId>& value) {
    LATHE_CHECK(value.ok());
    // Products of products overflow and then all results are alike; large tensors take too long.
    if (product(dims(*value)).constant() <= 4096) pool_.push_back(*value);
  }

  void add_node() {
    switch (below(16)) {
      case 0:
      case 1: return add_unary();
      case 2:
      case 3: return add_binary();
      case 4: return add_clamp();
      case 5: return add_transpose();
      case 6: return add_reshape();
      case 7: return add_slice();
      case 8: return add_pad();
      case 9: return add_concat();
      case 10: return add_reduction();
      case 11: return add_normalisation();
      case 12: return add_matmul();
      case 13: return add_convolution();
      case 14: return add_pool();
      default: return add_gather();
    }
  }

  void add_unary() {
    constexpr std::string_view kOps[] = {"neg",     "abs", "relu",       "floor", "tanh",
                                         "sigmoid", "exp", "hard_swish", "sign",  "neg"};
    keep(builder_.one(kOps[below(std::size(kOps))], {any()}));
  }

  void add_binary() {
    constexpr std::string_view kOps[] = {"add", "sub", "mul", "maximum", "minimum", "add", "mul", "div", "pow"};
    const std::string_view op = kOps[below(std::size(kOps))];
    const ValueId a = any();
    ValueId b;
    if (op == "div" || op == "pow") {
      b = *builder_.scalar(ElementType::F32, coin() ? 2.0 : 4.0);
    } else if (coin()) {
      // A constant that broadcasts: some leading axes are missing, some others have size 1.
      Shape shape(dims(a).begin() + static_cast<std::ptrdiff_t>(below(dims(a).size() + 1)), dims(a).end());
      for (Dim& dim : shape) {
        if (coin()) dim = 1;
      }
      b = constant(shape);
    } else {
      b = a;
      for (int tries = 0; tries < 6; ++tries) {
        const ValueId other = any();
        if (dims(other) == dims(a)) b = other;
      }
    }
    const bool swapped = below(4) == 0 && op != "div" && op != "pow";
    keep(builder_.one(op, swapped ? std::vector{b, a} : std::vector{a, b}));
  }

  void add_clamp() {
    const double low = number();
    keep(builder_.one("clamp", {any()}, {{"min", coin() ? 0.0 : low}, {"max", low + 1.5}}));
  }

  void add_transpose() {
    const ValueId x = any();
    Integers permutation(dims(x).size());
    std::iota(permutation.begin(), permutation.end(), int64_t{0});
    std::shuffle(permutation.begin(), permutation.end(), random_);
    keep(builder_.transpose(x, std::move(permutation)));
  }

  void add_reshape() {
    const ValueId x = any();
    Shape shape;
    // Join some neighbours, split what can be split.
    for (const Dim& dim : dims(x)) {
      if (!shape.empty() && below(3) == 0) {
        shape.back() *= dim;
      } else if (dim.constant() % 2 == 0 && coin()) {
        shape.emplace_back(2);
        shape.emplace_back(dim.constant() / 2);
      } else {
        shape.push_back(dim);
      }
    }
    if (below(4) == 0) shape.insert(shape.begin() + static_cast<std::ptrdiff_t>(below(shape.size() + 1)), Dim(1));
    if (shape.size() <= 5) keep(builder_.reshape(x, std::move(shape)));
  }

  void add_slice() {
    const ValueId x = any();
    Shape starts;
    Shape limits;
    Integers steps;
    for (const Dim& dim : dims(x)) {
      const auto size = static_cast<size_t>(dim.constant());
      const size_t start = coin() ? 0 : below(size);
      starts.emplace_back(static_cast<int64_t>(start));
      limits.emplace_back(static_cast<int64_t>(coin() ? size : start + 1 + below(size - start)));
      steps.push_back(below(4) == 0 ? 2 : 1);
    }
    keep(builder_.slice(x, std::move(starts), std::move(limits), std::move(steps)));
  }

  void add_pad() {
    const ValueId x = any();
    Shape low;
    Shape high;
    for (size_t i = 0; i < dims(x).size(); ++i) {
      low.emplace_back(static_cast<int64_t>(below(3) == 0 ? 1 : 0));
      high.emplace_back(static_cast<int64_t>(below(3) == 0 ? 1 : 0));
    }
    keep(builder_.one("pad", {x}, {{"low", std::move(low)}, {"high", std::move(high)}, {"value", coin() ? 0.0 : 1.0}}));
  }

  void add_concat() {
    const ValueId x = any();
    const size_t axis = below(dims(x).size());
    std::vector<ValueId> parts{x};
    Shape other = dims(x);
    other[axis] = static_cast<int64_t>(1 + below(2));
    parts.push_back(coin() ? x : constant(other));
    if (dims(x)[axis].constant() <= 6)
      keep(builder_.one("concat", std::move(parts), {{"axis", static_cast<int64_t>(axis)}}));
  }

  void add_reduction() {
    constexpr std::string_view kOps[] = {"reduce_sum", "reduce_mean", "reduce_max", "reduce_sum_square"};
    const ValueId x = any();
    Integers axes;
    const bool trailing = coin();
    for (size_t axis = 0; axis < dims(x).size(); ++axis) {
      if (trailing ? axis + 1 == dims(x).size() : coin()) axes.push_back(static_cast<int64_t>(axis));
    }
    const bool keeps = coin() || axes.size() == dims(x).size();
    const Result<ValueId> value =
        builder_.one(kOps[below(std::size(kOps))], {x}, {{"axes", std::move(axes)}, {"keep_dims", keeps}});
    keep(value);
    if (keeps && coin()) keep(builder_.one(coin() ? "sub" : "add", {x, *value}));
  }

  void add_normalisation() {
    const ValueId x = any();
    const Shape shape = dims(x);
    if (coin()) {
      keep(
          builder_.one(coin() ? "softmax" : "log_softmax", {x}, {{"axis", static_cast<int64_t>(below(shape.size()))}}));
      return;
    }
    if (shape.size() >= 2 && coin()) {
      const Shape channels{shape[1]};
      const ValueId scale = constant(channels);
      const ValueId variance = *builder_.constant(splat_constant(TensorType{ElementType::F32, channels}, 0.75));
      keep(builder_.one("batch_norm", {x, scale, constant(channels), constant(channels), variance}));
      return;
    }
    const Shape last{shape.back()};
    keep(builder_.one("layer_norm", {x, constant(last), constant(last)},
                      {{"axis", static_cast<int64_t>(shape.size() - 1)}}));
  }

  void add_matmul() {
    const ValueId x = any();
    if (dims(x).size() < 2) return;
    const Dim k = dims(x).back();
    const Dim n = static_cast<int64_t>(1 + below(5));
    const bool transposed = coin();
    keep(builder_.one("matmul", {x, constant(transposed ? Shape{n, k} : Shape{k, n})}, {{"transpose_b", transposed}}));
  }

  void add_convolution() {
    const ValueId x = any();
    if (dims(x).size() < 3 || dims(x).size() > 4) return;
    const size_t spatial = dims(x).size() - 2;
    Shape weight{Dim(4), dims(x)[1]};
    Integers pads;
    Integers strides;
    for (size_t i = 0; i < spatial; ++i) {
      const int64_t kernel = dims(x)[2 + i].constant() >= 3 && coin() ? 3 : 1;
      weight.emplace_back(kernel);
      pads.push_back(kernel / 2);
      strides.push_back(below(4) == 0 ? 2 : 1);
    }
    pads.insert(pads.end(), pads.begin(), pads.end());
    std::vector<ValueId> operands{x, constant(weight)};
    if (coin()) operands.push_back(constant({Dim(4)}));
    keep(builder_.one("conv", std::move(operands), {{"pads", std::move(pads)}, {"strides", std::move(strides)}}));
  }

  void add_pool() {
    const ValueId x = any();
    if (dims(x).size() < 3 || dims(x).size() > 5) return;
    const size_t spatial = dims(x).size() - 2;
    Integers kernel;
    for (size_t i = 0; i < spatial; ++i) kernel.push_back(dims(x)[2 + i].constant() >= 2 ? 2 : 1);
    keep(builder_.one(coin() ? "max_pool" : "average_pool", {x}, {{"kernel", kernel}, {"strides", kernel}}));
  }

  void add_gather() {
    const ValueId x = any();
    const size_t axis = below(dims(x).size());
    const auto size = static_cast<size_t>(dims(x)[axis].constant());
    std::vector<int64_t> indices(1 + below(3));
    for (int64_t& index : indices) index = static_cast<int64_t>(below(size));
    keep(builder_.one("gather", {x, *builder_.integers(indices)}, {{"axis", static_cast<int64_t>(axis)}}));
  }

  std::mt19937 random_;
  Module module_;
  Diagnostics diagnostics_;
  GraphBuilder builder_;
  std::vector<ValueId> pool_;
};

}  // namespace

Module random_graph(unsigned seed) { return Grower(seed).run(); }

std::vector<HostTensor> random_inputs(const Module& module, unsigned seed) {
  std::mt19937 random(seed);
  std::vector<HostTensor> tensors;
  for (ValueId input : module.graph.inputs()) {
    HostTensor tensor;
    tensor.type = module.graph.tensor(input);
    std::vector<float> numbers(static_cast<size_t>(tensor.type.element_count().constant()));
    for (float& each : numbers) {
      each = std::uniform_real_distribution<float>(-2, 2)(random);
      const int special = std::uniform_int_distribution<int>(0, 15)(random);
      if (special < 2) each = special == 0 ? 0.0f : -0.0f;
    }
    tensor.bytes.resize(numbers.size() * sizeof(float));
    std::memcpy(tensor.bytes.data(), numbers.data(), tensor.bytes.size());
    tensors.push_back(std::move(tensor));
  }
  return tensors;
}

}  // namespace lathe::test
