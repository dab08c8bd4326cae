// What rows say with symbols is what they say with numbers: types and index maps of nodes over symbolic sizes, with the
// symbols put in, agree with those of the same nodes over constants.
#include <fmt/format.h>

#include <map>

#include "tests/ops/support.h"

namespace lathe::ops_test {
namespace {

using Bindings = std::map<std::string, int64_t>;

const Dim kN = Dim::symbol("N");
const Dim kH = Dim::symbol("H");
const Dim kW = Dim::symbol("W");

struct Case {
  std::string_view op;
  std::vector<std::string_view> operands;
  std::vector<NamedAttribute> attributes = {};
  Bindings bindings = {{"N", 3}, {"H", 9}, {"W", 10}};
};

Dim bound(const Dim& dim, const Bindings& bindings) {
  return substitute(dim, [&](const std::string& name) -> std::optional<Dim> {
    const auto found = bindings.find(name);
    if (found == bindings.end()) return std::nullopt;
    return Dim(found->second);
  });
}

Shape bound(const Shape& shape, const Bindings& bindings) {
  Shape result;
  for (const Dim& dim : shape) result.push_back(bound(dim, bindings));
  return result;
}

NodeId build(Module& module, const Case& each, bool symbolic) {
  Diagnostics diagnostics;
  GraphBuilder builder(module, diagnostics);
  std::vector<ValueId> values;
  for (const std::string_view type : each.operands) {
    TensorType tensor = operand("x", type).type;
    if (!symbolic) tensor.dims = bound(tensor.dims, each.bindings);
    values.push_back(builder.input(std::move(tensor), fmt::format("x{}", values.size())));
  }
  std::vector<NamedAttribute> attributes = each.attributes;
  for (NamedAttribute& attribute : attributes) {
    auto* shape = std::get_if<Shape>(&attribute.value);
    if (shape != nullptr && !symbolic) *shape = bound(*shape, each.bindings);
  }
  const auto results = builder.add(each.op, std::move(values), std::move(attributes));
  if (!results) {
    for (const Diagnostic& diagnostic : diagnostics.all()) ADD_FAILURE() << diagnostic.message;
    return {};
  }
  return module.graph.value((*results)[0]).producer;
}

// The value of an index map at a position of the iteration space.
int64_t value_at(const Dim& dim, const Dims& position, const Bindings& bindings) {
  const auto value = evaluate(dim, [&](const std::string& name) -> std::optional<int64_t> {
    for (size_t axis = 0; axis < position.size(); ++axis) {
      if (name == *axis_symbol(axis).as_symbol()) return position[axis];
    }
    if (name == "%g0") return 1;
    const auto found = bindings.find(name);
    if (found == bindings.end()) return std::nullopt;
    return found->second;
  });
  EXPECT_TRUE(value.has_value()) << dim.text();
  return value.value_or(INT64_MIN);
}

void expect_same_maps(const std::vector<Dim>& symbolic, const std::vector<Dim>& constant, const Dims& position,
                      const Bindings& bindings) {
  ASSERT_EQ(symbolic.size(), constant.size());
  for (size_t axis = 0; axis < symbolic.size(); ++axis) {
    ASSERT_EQ(value_at(symbolic[axis], position, bindings), value_at(constant[axis], position, {}))
        << symbolic[axis].text() << " against " << constant[axis].text();
  }
}

// Calls `visit` with positions spread over a space.
void for_some_positions(const Dims& dims, const std::function<void(const Dims&)>& visit) {
  const int64_t count = count_of(dims);
  const int64_t step = std::max<int64_t>(1, count / 97);
  for (int64_t flat_position = 0; flat_position < count; flat_position += step) {
    Dims position(dims.size());
    int64_t rest = flat_position;
    for (size_t axis = dims.size(); axis-- > 0;) {
      position[axis] = rest % dims[axis];
      rest /= dims[axis];
    }
    visit(position);
  }
}

Dims numbers_of(const std::vector<Dim>& dims) {
  Dims numbers;
  for (const Dim& dim : dims) numbers.push_back(dim.constant());
  return numbers;
}

void compare_reductions(const NodeView& symbolic, const NodeView& constant, const Bindings& bindings) {
  const Reduction a = describe_reduction(symbolic);
  const Reduction b = describe_reduction(constant);
  EXPECT_EQ(numbers_of(bound(a.extents, bindings)), numbers_of(b.extents));
  EXPECT_EQ(a.result_rank, b.result_rank);
  EXPECT_EQ(a.operands, b.operands);
  EXPECT_EQ(a.body, b.body);
  ASSERT_EQ(a.operand_indices.size(), b.operand_indices.size());
  for_some_positions(numbers_of(b.extents), [&](const Dims& position) {
    for (size_t i = 0; i < a.operand_indices.size(); ++i) {
      expect_same_maps(a.operand_indices[i], b.operand_indices[i], position, bindings);
    }
    for (size_t i = 0; i < a.finish_indices.size(); ++i) {
      expect_same_maps(a.finish_indices[i], b.finish_indices[i], position, bindings);
    }
    expect_same_maps({a.count}, {b.count}, position, bindings);
  });
}

void compare_moves(const NodeView& symbolic, const NodeView& constant, const Bindings& bindings) {
  const MoveMap a = describe_move(symbolic);
  const MoveMap b = describe_move(constant);
  ASSERT_EQ(a.pieces.size(), b.pieces.size());
  for_some_positions(numbers_of(constant.result().dims), [&](const Dims& position) {
    for (size_t i = 0; i < a.pieces.size(); ++i) {
      expect_same_maps(a.pieces[i].begin, b.pieces[i].begin, {}, bindings);
      expect_same_maps(a.pieces[i].end, b.pieces[i].end, {}, bindings);
      expect_same_maps(a.pieces[i].index, b.pieces[i].index, position, bindings);
    }
  });
}

void compare(const Case& each) {
  SCOPED_TRACE(each.op);
  Module symbolic_module;
  Module constant_module;
  const NodeId symbolic_node = build(symbolic_module, each, true);
  const NodeId constant_node = build(constant_module, each, false);
  ASSERT_TRUE(symbolic_node.valid() && constant_node.valid());
  const ExistingNodeView symbolic(symbolic_module, symbolic_node);
  const ExistingNodeView constant(constant_module, constant_node);
  EXPECT_EQ(text(bound(symbolic.result().dims, each.bindings)), text(constant.result().dims));
  for (const Guard& guard : symbolic_module.guards) {
    const int64_t left = value_at(guard.left, {}, each.bindings);
    const int64_t right = value_at(guard.right, {}, each.bindings);
    EXPECT_TRUE(guard.relation == Guard::Relation::Equal ? left == right : left <= right) << guard.message;
  }
  const Semantics& semantics = symbolic.op().semantics;
  if (std::holds_alternative<Move>(semantics)) {
    compare_moves(symbolic, constant, each.bindings);
  } else if (std::holds_alternative<Index>(semantics)) {
    const IndexMap a = describe_index(symbolic);
    const IndexMap b = describe_index(constant);
    ASSERT_EQ(a.bindings.size(), b.bindings.size());
    for_some_positions(numbers_of(constant.result().dims), [&](const Dims& position) {
      expect_same_maps(a.index, b.index, position, each.bindings);
      for (size_t i = 0; i < a.bindings.size(); ++i) {
        expect_same_maps(a.bindings[i].index, b.bindings[i].index, position, each.bindings);
        expect_same_maps({a.bindings[i].extent}, {b.bindings[i].extent}, {}, each.bindings);
      }
    });
  } else {
    compare_reductions(symbolic, constant, each.bindings);
  }
}

TEST(Symbolic, MovesAgreeWithConstants) {
  const Shape zero(4, Dim(0));
  const Case cases[] = {
      {"reshape", {"f32[N, 4, 6]"}, {{"shape", Shape{kN, 24}}}},
      {"reshape", {"f32[N, 4, 6]"}, {{"shape", Shape{kN * 2, 2, 6}}}},
      {"reshape", {"f32[N, H, W]"}, {{"shape", Shape{kN * kH, kW}}}},
      {"reshape", {"f32[N, H, W]"}, {{"shape", Shape{kN * kH * kW}}}},
      {"reshape", {"f32[6, N, H]"}, {{"shape", Shape{2, 3, kN * kH}}}},
      {"reshape", {"f32[N, H, 8]"}, {{"shape", Shape{kN, kH * 2, 4}}}},
      {"reshape", {"f32[N, H, 8]"}, {{"shape", Shape{kN, 8, kH}}}},
      {"reshape", {"f32[N, 1, H]"}, {{"shape", Shape{1, kN, kH, 1}}}},
      {"reshape", {"f32[N, H]"}, {{"shape", Shape{27}}}},
      {"transpose", {"f32[N, H, W]"}, {{"permutation", Integers{2, 0, 1}}}},
      {"expand", {"f32[N, 1, W]"}, {{"shape", Shape{kN, kH, kW}}}},
      {"expand", {"f32[W]"}, {{"shape", Shape{kN, kW}}}},
      {"tile", {"f32[N, H]"}, {{"repeats", Shape{2, kN}}}},
      {"slice", {"f32[N, H]"}, {{"starts", Shape{0, kH - 1}}, {"limits", Shape{kN, -1}}, {"steps", Integers{1, -2}}}},
      {"slice", {"f32[N, H]"}, {{"starts", Shape{1, 2}}, {"limits", Shape{kN, kH - 1}}, {"steps", Integers{1, 3}}}},
      {"pad", {"f32[1, 2, H, W]"}, {{"low", Shape{0, 0, 1, 2}}, {"high", Shape{0, 0, 3, 0}}}},
      {"pad", {"f32[1, 2, H, W]"}, {{"low", Shape{0, 0, kN, -1}}, {"high", zero}}},
      {"pad", {"f32[1, 2, H, W]"}, {{"low", Shape{0, 0, 3, 2}}, {"high", zero}, {"mode", std::string("reflect")}}},
      {"pad", {"f32[1, 2, H, W]"}, {{"low", Shape{0, 0, 3, 2}}, {"high", zero}, {"mode", std::string("edge")}}},
      {"pad", {"f32[1, 2, H, W]"}, {{"low", Shape{0, 0, 3, 2}}, {"high", zero}, {"mode", std::string("wrap")}}},
      {"concat", {"f32[N, H]", "f32[N, 4]", "f32[N, W]"}, {{"axis", int64_t{1}}}},
      {"gather", {"f32[N, H]", "i64[W, 2]"}, {{"axis", int64_t{1}}}},
      {"gather_elements", {"f32[N, H]", "i64[N, W]"}, {{"axis", int64_t{1}}}},
      {"gather_nd", {"f32[N, H, W]", "i64[4, 1]"}},
  };
  for (const Case& each : cases) compare(each);
}

TEST(Symbolic, ReductionsAgreeWithConstants) {
  const Case cases[] = {
      {"reduce_mean", {"f32[N, H, W]"}, {{"axes", Integers{0, 2}}}},
      {"reduce_sum", {"f32[N, H, W]"}, {{"axes", Integers{1}}, {"keep_dims", true}}},
      {"matmul", {"f32[N, H, 5]", "f32[5, W]"}},
      {"matmul", {"f32[N, 1, H, W]", "f32[N, W, H]"}, {{"transpose_a", false}, {"transpose_b", false}}},
      {"matmul", {"f32[W, H]", "f32[W, N]"}, {{"transpose_a", true}}},
      {"matmul", {"f32[H]", "f32[N, H, W]"}},
      {"einsum", {"f32[N, H, W]", "f32[N, W, H]"}, {{"equation", std::string("nhw,nwk->nhk")}}},
      {"einsum", {"f32[N, H, W]", "f32[W, 3]"}, {{"equation", std::string("...w,wk->...k")}}},
      {"conv",
       {"f32[N, 3, H, W]", "f32[4, 3, 3, 3]", "f32[4]"},
       {{"strides", Integers{2, 1}}, {"pads", Integers{1, 0, 1, 2}}}},
      {"conv",
       {"f32[N, H, W, 4]", "f32[6, 2, 3, 2]"},
       {{"groups", int64_t{2}}, {"dilations", Integers{2, 1}}, {"channels_last", true}}},
      {"max_pool",
       {"f32[N, 3, H, W]"},
       {{"kernel", Integers{3, 3}}, {"strides", Integers{2, 2}}, {"pads", Integers{1, 1, 1, 1}}}},
      {"max_pool", {"f32[N, 3, H, W]"}, {{"kernel", Integers{3, 2}}, {"strides", Integers{2, 3}}, {"ceil_mode", true}}},
      {"average_pool",
       {"f32[N, 3, H, W]"},
       {{"kernel", Integers{3, 3}}, {"strides", Integers{2, 2}}, {"pads", Integers{1, 1, 1, 1}}}},
      {"average_pool",
       {"f32[N, 3, H, W]"},
       {{"kernel", Integers{3, 3}},
        {"strides", Integers{2, 2}},
        {"pads", Integers{0, 1, 1, 1}},
        {"ceil_mode", true},
        {"count_include_pad", true}}},
  };
  for (const Case& each : cases) {
    compare(each);
    Case odd = each;
    odd.bindings = {{"N", each.op == "matmul" ? 3 : 1}, {"H", 7}, {"W", 5}};
    compare(odd);
  }
}

}  // namespace
}  // namespace lathe::ops_test
