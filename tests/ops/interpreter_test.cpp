// The graph interpreter: symbols, guards, constants, regions, folding, large numbers of taps.
#include <cmath>

#include "tests/ops/support.h"

namespace lathe::ops_test {
namespace {

const Dim kN = Dim::symbol("N");
const Dim kM = Dim::symbol("M");

// A module under construction, and what running it says.
struct Model {
  Module module;
  Diagnostics diagnostics;
  GraphBuilder builder{module, diagnostics};

  ValueId input(std::string name, Shape dims, ElementType element = ElementType::F32) {
    return builder.input(TensorType{element, std::move(dims)}, std::move(name));
  }
  ValueId one(std::string_view op, std::vector<ValueId> operands, std::vector<NamedAttribute> attributes = {}) {
    const auto result = builder.one(op, std::move(operands), std::move(attributes));
    EXPECT_TRUE(result.ok()) << op;
    return result ? *result : ValueId();
  }
  void output(std::vector<ValueId> values) { EXPECT_TRUE(builder.output(std::move(values)).ok()); }

  std::vector<Array> run(const std::vector<Array>& inputs) {
    std::vector<HostTensor> tensors;
    for (const Array& array : inputs) tensors.push_back(to_tensor(array));
    const auto results = interp::interpret(module, tensors, diagnostics);
    std::vector<Array> arrays;
    if (!results) return arrays;
    for (const HostTensor& result : *results) arrays.push_back(to_array(result));
    return arrays;
  }
  // The only diagnostic, as `LT0701: message`.
  std::string fault(const std::vector<Array>& inputs) {
    EXPECT_TRUE(run(inputs).empty());
    if (diagnostics.all().size() != 1) return "?";
    return std::string(info(diagnostics.all()[0].kind).code) + ": " + diagnostics.all()[0].message;
  }
};

TEST(Interpreter, BindsSymbolsFromInputs) {
  Model model;
  const ValueId x = model.input("x", {kN, 2});
  const ValueId y = model.input("y", {kN * 2});
  const ValueId flat_x = *model.builder.reshape(x, {kN * 2});
  model.output({model.one("add", {flat_x, y})});
  for (const int64_t n : {1, 3, 0}) {
    const Array a = counting({n, 2});
    const Array b = counting({n * 2});
    if (n == 0) {
      EXPECT_EQ(model.fault({a, b}),
                "LT0701: N is 0 (axis 0 of input `x`), but the model is made for N in [1, 2147483647]");
      continue;
    }
    Numbers wanted;
    for (const double value : a.values) wanted.push_back(2 * value);
    const auto results = model.run({a, b});
    ASSERT_EQ(results.size(), 1u);
    expect_exact(results[0], {n * 2}, wanted);
  }
}

TEST(Interpreter, SolvesForSymbolsInFormulas) {
  Model model;
  const ValueId x = model.input("x", {kN * 2 + 1});
  model.output({model.one("neg", {x})});
  EXPECT_EQ(model.run({counting({7})}).size(), 1u);
  EXPECT_EQ(model.fault({counting({4})}),
            "LT0701: axis 0 of input `x` has 4 elements, but the model takes 2*N + 1: `f32[4]` against `f32[2*N + 1]`");
}

TEST(Interpreter, RejectsInputsThatDontFit) {
  const auto fault = [](const std::vector<Array>& inputs) {
    Model model;
    const ValueId x = model.input("x", {kN, 3});
    const ValueId y = model.input("y", {kN, 3});
    model.output({model.one("add", {x, y})});
    return model.fault(inputs);
  };
  EXPECT_EQ(fault({counting({2, 3})}), "LT0701: the model has 2 inputs, 1 are given");
  EXPECT_EQ(fault({counting({2, 3}), counting({2})}), "LT0701: input `y` is `f32[2]`, but the model takes `f32[N, 3]`");
  EXPECT_EQ(fault({counting({2, 3}), counting({2, 3}, ElementType::F64)}),
            "LT0701: input `y` is `f64[2, 3]`, but the model takes `f32[N, 3]`");
  EXPECT_EQ(fault({counting({2, 3}), counting({2, 4})}),
            "LT0701: axis 1 of input `y` has 4 elements, but the model takes 3: `f32[2, 4]` against `f32[N, 3]`");
  EXPECT_EQ(
      fault({counting({2, 3}), counting({5, 3})}),
      "LT0701: axis 0 of input `y` has 5 elements, but the model takes 2, as N is for axis 0 of input `x`: `f32[5, 3]` "
      "against `f32[N, 3]`");
}

TEST(Interpreter, ChecksGuards) {
  Model model;
  const ValueId x = model.input("x", {kN});
  const ValueId y = model.input("y", {kM});
  model.output({model.one("add", {x, y})});
  EXPECT_EQ(model.run({counting({4}), counting({4})}).size(), 1u);
  EXPECT_EQ(model.fault({counting({4}), counting({5})}),
            "LT0702: `add` can't broadcast `f32[N]` and `f32[M]`: on axis -1 N meets M (here N is 4 and M is 5)");
}

TEST(Interpreter, ConstantsMappedAndSplat) {
  Model model;
  const ValueId x = model.input("x", {3});
  const auto splat = model.builder.constant(splat_constant(static_type(ElementType::F32, {3}), 2.0));
  const double values[] = {1, 2, 3};
  const auto dense = model.builder.constant(constant_from_doubles(static_type(ElementType::F32, {3}), values));
  ASSERT_TRUE(splat.ok() && dense.ok());
  const ValueId product = model.one("mul", {x, *splat});
  model.output({model.one("add", {product, *dense}), *splat, x, x});
  const auto results = model.run({counting({3})});
  ASSERT_EQ(results.size(), 4u);
  expect_exact(results[0], {3}, {1, 4, 7});
  expect_exact(results[1], {3}, {2, 2, 2});
  expect_exact(results[2], {3}, {0, 1, 2});
  expect_exact(results[3], {3}, {0, 1, 2});
}

TEST(Interpreter, AbsentWeightsAreAnError) {
  Model model;
  ConstantData absent;
  absent.name = "fc.weight";
  absent.type = static_type(ElementType::F32, {3});
  absent.absent = true;
  const auto weight = model.builder.constant(std::move(absent));
  ASSERT_TRUE(weight.ok());
  model.output({*weight});
  EXPECT_EQ(model.fault({}), "LT0305: weight `fc.weight` (`f32[3]`) has no data");
}

TEST(Interpreter, ShapeOfGivesTheSizesOfTheRun) {
  Model model;
  const ValueId x = model.input("x", {kN, 3, kM});
  model.output({model.one("shape_of", {x})});
  const auto results = model.run({counting({2, 3, 5})});
  ASSERT_EQ(results.size(), 1u);
  expect_exact(results[0], {3}, {2, 3, 5});
}

TEST(Interpreter, ObservesEveryValueOfTheModel) {
  Model model;
  const ValueId x = model.input("x", {2});
  const ValueId negated = model.one("neg", {x});
  const ValueId result = model.one("softmax", {negated}, {{"axis", int64_t{0}}});
  model.output({result});
  std::vector<ValueId> seen;
  const HostTensor tensor = to_tensor(counting({2}));
  const interp::InterpretOptions options{.observe = [&](ValueId value, const HostTensor&) { seen.push_back(value); }};
  ASSERT_TRUE(interp::interpret(model.module, std::span(&tensor, 1), model.diagnostics, options).ok());
  EXPECT_EQ(seen, (std::vector<ValueId>{x, negated, result}));
}

TEST(Interpreter, LimitsMemory) {
  Model model;
  const ValueId x = model.input("x", {1});
  model.output({*model.builder.expand(x, {1 << 20})});
  const HostTensor tensor = to_tensor(counting({1}));
  EXPECT_FALSE(interp::interpret(model.module, std::span(&tensor, 1), model.diagnostics, {.byte_limit = 1 << 20}).ok());
  ASSERT_EQ(model.diagnostics.all().size(), 1u);
  EXPECT_EQ(model.diagnostics.all()[0].kind, DiagnosticKind::OutOfMemory);
}

// fused { %t = mul %a, %b  return add(%t, %a) }
TEST(Interpreter, RunsFusedRegions) {
  Model model;
  const ValueId x = model.input("x", {kN});
  const ValueId y = model.input("y", {kN});
  const RegionId region = model.module.graph.add_region();
  GraphBuilder inner(model.module, model.diagnostics, region);
  const ValueId a = inner.input(TensorType{ElementType::F32, {kN}}, "a");
  const ValueId b = inner.input(TensorType{ElementType::F32, {kN}}, "b");
  const auto product = inner.one("mul", {a, b});
  ASSERT_TRUE(product.ok());
  const auto sum = inner.one("add", {*product, a});
  ASSERT_TRUE(sum.ok());
  ASSERT_TRUE(inner.output({*sum}).ok());
  const auto fused = model.builder.add(op_named("fused"), {x, y}, {{"kind", std::string("pointwise")}}, {region});
  ASSERT_TRUE(fused.ok());
  model.output({(*fused)[0]});
  const auto results = model.run({counting({4}), counting({4})});
  ASSERT_EQ(results.size(), 1u);
  expect_exact(results[0], {4}, {0, 2, 6, 12});
}

// if condition { neg x } else { x + x }, both reading x from outside
TEST(Interpreter, RunsOneBranch) {
  Model model;
  const ValueId condition = model.input("condition", {}, ElementType::Boolean);
  const ValueId x = model.input("x", {2});
  const RegionId then_region = model.module.graph.add_region();
  GraphBuilder then_builder(model.module, model.diagnostics, then_region);
  const auto negated = then_builder.one("neg", {x});
  ASSERT_TRUE(negated.ok() && then_builder.output({*negated}).ok());
  const RegionId else_region = model.module.graph.add_region();
  GraphBuilder else_builder(model.module, model.diagnostics, else_region);
  const auto doubled = else_builder.one("add", {x, x});
  ASSERT_TRUE(doubled.ok() && else_builder.output({*doubled}).ok());
  const auto chosen = model.builder.add(op_named("if"), {condition}, {}, {then_region, else_region});
  ASSERT_TRUE(chosen.ok());
  model.output({(*chosen)[0]});
  const Array x_value{{2}, {1, 2}, ElementType::F32};
  expect_exact(model.run({{{}, {1}, ElementType::Boolean}, x_value})[0], {2}, {-1, -2});
  expect_exact(model.run({{{}, {0}, ElementType::Boolean}, x_value})[0], {2}, {2, 4});
}

// A loop that doubles its value while it is below 20 and stacks the rounds.
TEST(Interpreter, RunsLoops) {
  Model model;
  const ValueId trips = model.input("trips", {}, ElementType::I64);
  const ValueId start = model.input("start", {}, ElementType::F32);
  const RegionId region = model.module.graph.add_region();
  GraphBuilder body(model.module, model.diagnostics, region);
  const ValueId iteration = body.input(TensorType{ElementType::I64, {}}, "i");
  body.input(TensorType{ElementType::Boolean, {}}, "going");
  const ValueId value = body.input(TensorType{ElementType::F32, {}}, "value");
  const auto doubled = body.one("add", {value, value});
  const auto limit = body.scalar(ElementType::F32, 20);
  const auto below = body.one("less", {*doubled, *limit});
  ASSERT_TRUE(below.ok() && body.output({*below, *doubled, iteration}).ok());
  const auto looped = model.builder.add(op_named("loop"), {trips, ValueId(), start}, {}, {region});
  ASSERT_TRUE(looped.ok());
  model.output(*looped);
  const auto run = [&](double most, double first) {
    return model.run({{{}, {most}, ElementType::I64}, {{}, {first}, ElementType::F32}});
  };
  auto results = run(100, 3);
  ASSERT_EQ(results.size(), 2u);
  expect_exact(results[0], {}, {24});
  expect_exact(results[1], {3}, {0, 1, 2});
  results = run(2, 3);
  expect_exact(results[0], {}, {12});
  expect_exact(results[1], {2}, {0, 1});
  results = run(0, 3);
  expect_exact(results[0], {}, {3});
  expect_exact(results[1], {0}, {});
}

TEST(Fold, NodesOnConstants) {
  Model model;
  const double values[] = {1, 2, 3};
  const auto a = model.builder.constant(constant_from_doubles(static_type(ElementType::F32, {3}), values));
  const auto b = model.builder.constant(splat_constant(static_type(ElementType::F32, {2, 1}), 2.0));
  const ValueId x = model.input("x", {3});
  const ValueId product = model.one("mul", {*a, *b});
  const ValueId uniform = model.one("mul", {*b, *b});
  const ValueId open = model.one("mul", {*a, x});
  const ValueId unit = model.one("softmax", {*a}, {{"axis", int64_t{0}}});
  const auto fold = [&](ValueId value, uint64_t limit = 1024) {
    return interp::fold(model.module, model.module.graph.value(value).producer, limit);
  };
  const auto folded = fold(product);
  ASSERT_TRUE(folded.has_value());
  ASSERT_EQ(folded->size(), 1u);
  EXPECT_EQ(text((*folded)[0].type), "f32[2, 3]");
  for (int64_t i = 0; i < 6; ++i) EXPECT_EQ(element_as_double((*folded)[0], i), 2.0 * static_cast<double>(i % 3 + 1));
  const auto splat = fold(uniform);
  ASSERT_TRUE(splat.has_value());
  EXPECT_TRUE((*splat)[0].splat);
  EXPECT_EQ(element_as_double((*splat)[0], 1), 4.0);
  EXPECT_FALSE(fold(open).has_value());
  EXPECT_FALSE(fold(product, 40).has_value());
  EXPECT_FALSE(fold(*a).has_value());
  const auto decomposed = fold(unit);
  ASSERT_TRUE(decomposed.has_value());
  EXPECT_NEAR(element_as_double((*decomposed)[0], 0), std::exp(-2) / (1 + std::exp(-1) + std::exp(-2)), 1e-7);
}

}  // namespace
}  // namespace lathe::ops_test
