// The tracer itself: random inputs, parameters and their names, symbolic sizes, whole graphs.
#include <gtest/gtest.h>

#include "compiler/frontend/torch/tensor/operations.h"
#include "compiler/interp/graph_interpreter.h"
#include "ir/graph/verify.h"
#include "tests/unit/torch/tensor/program.h"

namespace lathe::torch::test {
namespace {

TensorType floats(Shape dims) { return {ElementType::F32, std::move(dims)}; }

HostTensor host(const Shape& dims, std::vector<double> numbers) {
  return *interp::to_host(constant_from_doubles(floats(dims), numbers));
}

std::vector<double> numbers_of(const HostTensor& tensor) {
  const ConstantData data = interp::to_constant(tensor);
  std::vector<double> numbers;
  for (int64_t i = 0; i < data.element_count(); ++i) numbers.push_back(element_as_double(data, i));
  return numbers;
}

TEST(TracerTest, RandomTensorsAreInputsWhenTheyAreUsed) {
  Program program("import torch\nunused = torch.randn(9)\nx = torch.randn(2, 2)\ny = torch.rand(2)\nz = x @ y + y\n");
  ASSERT_TRUE(program.faults.all().empty()) << program.diagnostics();
  const auto& inputs = program.tracer->random_inputs();
  ASSERT_EQ(inputs.size(), 2u);
  EXPECT_EQ(program.module.graph.value(inputs[0].value).name, "randn");
  EXPECT_EQ(program.module.graph.value(inputs[1].value).name, "rand");
  ASSERT_EQ(program.module.graph.inputs().size(), 2u);
  program.run([&] {
    const auto z = program.tracer->value(std::get<TensorId>(program.object("z")));
    ASSERT_TRUE(z.ok());
    ASSERT_TRUE(program.tracer->builder().output({*z}).ok());
  });
  const HostTensor given[] = {host({2, 2}, {1, 2, 3, 4}), host({2}, {10, 20})};
  Diagnostics faults;
  const auto results = interp::interpret(program.module, given, faults);
  ASSERT_TRUE(results.ok());
  EXPECT_EQ(numbers_of((*results)[0]), (std::vector<double>{60, 130}));
}

TEST(TracerTest, RandomTensorsInConstructorsAreConstants) {
  Program program(
      "import torch\nclass Net:\n  def __init__(self):\n    self.w = torch.randn(3) * 2\n    self.u = "
      "torch.rand(2)\nnet = Net()\nr = (net.w, net.u)\n");
  EXPECT_EQ(program.value("r"), "(float32 (3,) [2, 4, 6], float32 (2,) [1.5, 2.5])");
  EXPECT_TRUE(program.module.graph.inputs().empty());
}

TEST(TracerTest, ParametersAskForTheirDataByName) {
  Program program("import torch\n");
  program.run([&] {
    Tracer& tracer = *program.tracer;
    const TensorId weight = tracer.add_parameter(floats({2, 2}), {}, true, {});
    EXPECT_TRUE(tracer.is_parameter(weight));
    const TensorId alias = tracer.add_alias(weight);
    EXPECT_FALSE(tracer.is_parameter(alias));
    // Before it has a name it stands for its initial value, and changes are initialisations.
    ASSERT_TRUE(tracer.set_initialization(alias, {.kind = Initialization::Kind::Ones}).ok());
    ASSERT_TRUE(tracer.value(weight).ok());
    EXPECT_EQ(program.source.asked, (std::vector<std::string>{""}));
    const auto doubled = binary_operation(tracer, TensorBinary::Multiply, weight, integer(2));
    ASSERT_TRUE(doubled.ok());
    ASSERT_TRUE(tracer.assign(alias, *tracer.value(*doubled)).ok());
    // Named: a source without data of its own keeps the computed value.
    tracer.set_parameter_name(weight, "fc.weight");
    tracer.set_parameter_name(weight, "other");
    const auto data = tracer.known(weight, {});
    ASSERT_TRUE(data.ok());
    EXPECT_EQ(program.source.asked, (std::vector<std::string>{"", "fc.weight"}));
    EXPECT_EQ(element_as_double(*data, 3), 8);
    // From now on changes are part of the model.
    const auto more = binary_operation(tracer, TensorBinary::Add, weight, integer(1));
    ASSERT_TRUE(tracer.assign(weight, *tracer.value(*more)).ok());
    EXPECT_EQ(element_as_double(*tracer.known(alias, {}), 3), 9);
  });
  EXPECT_TRUE(program.faults.all().empty()) << program.diagnostics();
}

/// A program whose function `f` gets a tensor with symbolic sizes.
void run_symbolic(const std::string& text, const Shape& dims,
                  const std::function<void(Program&, const Value& result)>& check) {
  Program program("import torch\n" + text);
  program.run([&] {
    Tracer& tracer = *program.tracer;
    const ValueId input = tracer.builder().input(floats(dims), "x");
    const TensorId x = tracer.add(input);
    const auto result = program.evaluator->call(program.object("f"), Arguments{{x}, {}, {}}, {});
    ASSERT_TRUE(result.ok());
    check(program, *result);
  });
  EXPECT_TRUE(program.faults.all().empty()) << program.diagnostics();
}

TEST(TracerTest, ShapesMayBeSymbolic) {
  const Dim n = Dim::symbol("N");
  run_symbolic(
      "def f(x):\n"
      "  n, c, h, w = x.shape\n"
      "  y = x.view(n, -1)\n"
      "  z = x.flatten(2).transpose(1, 2)\n"
      "  u = torch.cat([z, z], dim=1)[:, 1:]\n"
      "  v = u.mean(1) / n + torch.arange(n).unsqueeze(1)\n"
      "  p = torch.zeros(n, 1).expand(-1, 4)\n"
      "  return y, z, u, v, p\n",
      {n, 3, 2, 2}, [&](Program& program, const Value& result) {
        Tracer& tracer = *program.tracer;
        const auto* tuple = program.evaluator->heap().as<TupleObject>(result);
        ASSERT_NE(tuple, nullptr);
        const std::vector<std::string> expected = {"(N, 12)", "(N, 4, 3)", "(N, 7, 3)", "(N, 3)", "(N, 4)"};
        std::vector<ValueId> values;
        for (size_t i = 0; i < expected.size(); ++i) {
          const TensorId tensor = std::get<TensorId>(tuple->items[i]);
          EXPECT_EQ(tracer.shape_text(tensor), expected[i]);
          values.push_back(*tracer.value(tensor));
        }
        ASSERT_TRUE(tracer.builder().output(values).ok());
        Diagnostics faults;
        EXPECT_TRUE(verify(program.module, faults).ok());
        std::vector<double> numbers;
        for (int i = 0; i < 24; ++i) numbers.push_back(i);
        const HostTensor given[] = {host({2, 3, 2, 2}, numbers)};
        const auto results = interp::interpret(program.module, given, faults);
        ASSERT_TRUE(results.ok());
        // u of the first sample: rows 1, 2, 3, 0, 1, 2, 3 of x.flatten(2).transpose(1, 2); its mean, over n = 2.
        const std::vector<double> v = numbers_of((*results)[3]);
        const double mean = (1 + 2 + 3 + 0 + 1 + 2 + 3) / 7.0;
        EXPECT_NEAR(v[0], mean / 2, 1e-6);
        EXPECT_NEAR(v[1], (mean + 4) / 2, 1e-6);
        EXPECT_NEAR(v[3], (mean + 12) / 2 + 1, 1e-6);
      });
}

TEST(TracerTest, SizesSurviveTensors) {
  run_symbolic("def f(x):\n  return int(torch.tensor(x.shape[0]) * 2 + 1), torch.tensor(x.shape)[1].item()\n",
               {Dim::symbol("N"), 5}, [&](Program& program, const Value& result) {
                 const auto* tuple = program.evaluator->heap().as<TupleObject>(result);
                 ASSERT_NE(tuple, nullptr);
                 EXPECT_EQ(std::get<Dim>(tuple->items[0]), Dim::symbol("N") * 2 + 1);
                 EXPECT_EQ(std::get<Dim>(tuple->items[1]), Dim(5));
               });
}

TEST(TracerTest, StridedViewsOfSymbolicTensors) {
  run_symbolic("def f(x):\n  n = x.size(0)\n  return x.permute(0, 2, 1).contiguous().view(n, -1).chunk(2, dim=1)[1]\n",
               {Dim::symbol("N"), 4, 6}, [&](Program& program, const Value& result) {
                 EXPECT_EQ(program.tracer->shape_text(std::get<TensorId>(result)), "(N, 12)");
               });
}

TEST(TracerTest, MultiIndexWithSymbolicBatch) {
  run_symbolic("def f(x):\n  x[:, 0] = x[:, 1] * 2\n  x[..., -1] += 1\n  return x\n", {Dim::symbol("N"), 2, 2},
               [&](Program& program, const Value& result) {
                 Tracer& tracer = *program.tracer;
                 ASSERT_TRUE(tracer.builder().output({*tracer.value(std::get<TensorId>(result))}).ok());
                 const HostTensor given[] = {host({1, 2, 2}, {1, 2, 3, 4})};
                 Diagnostics faults;
                 const auto results = interp::interpret(program.module, given, faults);
                 ASSERT_TRUE(results.ok());
                 EXPECT_EQ(numbers_of((*results)[0]), (std::vector<double>{6, 9, 3, 5}));
               });
}

}  // namespace
}  // namespace lathe::torch::test
