// Running rows for tests.
#include "tests/ops/support.h"

#include <fmt/format.h>

#include <cmath>
#include <limits>

#include "ir/graph/print.h"
#include "ir/graph/verify.h"

namespace lathe::ops_test {

int64_t count_of(const Dims& dims) {
  int64_t count = 1;
  for (const int64_t dim : dims) count *= dim;
  return count;
}

Shape shape_of(const Dims& dims) { return Shape(dims.begin(), dims.end()); }

TensorType static_type(ElementType element, const Dims& dims) { return {element, shape_of(dims)}; }

HostTensor to_tensor(const Array& array) {
  EXPECT_EQ(count_of(array.dims), static_cast<int64_t>(array.values.size()));
  HostTensor tensor{static_type(array.element, array.dims), {}, {}};
  tensor.bytes.resize(*storage_bytes(array.element, count_of(array.dims)));
  for (size_t i = 0; i < array.values.size(); ++i) {
    store_element(array.element, tensor.bytes.data(), static_cast<int64_t>(i),
                  ScalarValue::of(array.element, array.values[i]));
  }
  return tensor;
}

Array to_array(const HostTensor& tensor) {
  Array array{{}, {}, tensor.type.element};
  for (const Dim& dim : tensor.type.dims) array.dims.push_back(dim.constant());
  for (int64_t i = 0; i < count_of(array.dims); ++i) {
    array.values.push_back(load_element(array.element, tensor.bytes.data(), i).as_double());
  }
  return array;
}

Array numbers(const Dims& dims, int seed, ElementType element) {
  Array array{dims, {}, element};
  auto state = static_cast<uint64_t>(seed) * 0x9e3779b97f4a7c15u;
  for (int64_t i = 0; i < count_of(dims); ++i) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    array.values.push_back(static_cast<double>(state >> 52) / 1024.0 - 2.0);
  }
  return array;
}

Array counting(const Dims& dims, ElementType element) {
  Array array{dims, {}, element};
  for (int64_t i = 0; i < count_of(dims); ++i) array.values.push_back(static_cast<double>(i));
  return array;
}

namespace {

std::string text_of(const Diagnostics& diagnostics) {
  std::string text;
  for (const Diagnostic& diagnostic : diagnostics.all()) {
    text += fmt::format("{}: {}\n", info(diagnostic.kind).code, diagnostic.message);
    for (const Label& label : diagnostic.labels) text += fmt::format("  label: {}\n", label.message);
    for (const std::string& note : diagnostic.notes) text += fmt::format("  note: {}\n", note);
  }
  return text;
}

// A module with one node of the row; its results are the outputs.
bool build(Module& module, std::string_view op, const std::vector<const Array*>& operands,
           std::vector<NamedAttribute> attributes, std::vector<HostTensor>& inputs, Diagnostics& diagnostics) {
  GraphBuilder builder(module, diagnostics);
  std::vector<ValueId> values;
  for (const Array* array : operands) {
    if (array == nullptr) {
      values.emplace_back();
      continue;
    }
    values.push_back(builder.input(static_type(array->element, array->dims), fmt::format("x{}", inputs.size())));
    inputs.push_back(to_tensor(*array));
  }
  auto results = builder.add(op, std::move(values), std::move(attributes));
  return results.ok() && builder.output(*std::move(results)).ok();
}

}  // namespace

std::vector<Array> run_row(std::string_view op, const std::vector<const Array*>& operands,
                           std::vector<NamedAttribute> attributes) {
  Module module;
  Diagnostics diagnostics;
  std::vector<HostTensor> inputs;
  if (!build(module, op, operands, std::move(attributes), inputs, diagnostics)) {
    ADD_FAILURE() << op << " doesn't infer: " << text_of(diagnostics);
    return {};
  }
  EXPECT_TRUE(verify(module, diagnostics).ok()) << text_of(diagnostics) << print(module);
  const std::string text = print(module);
  Diagnostics parse_diagnostics;
  auto parsed = parse_module(text, "test.lathe", parse_diagnostics);
  if (!parsed) {
    ADD_FAILURE() << text << text_of(parse_diagnostics);
    return {};
  }
  EXPECT_EQ(print(*parsed), text);
  auto results = interp::interpret(*parsed, inputs, diagnostics);
  if (!results) {
    ADD_FAILURE() << op << " doesn't run: " << text_of(diagnostics);
    return {};
  }
  std::vector<Array> arrays;
  for (const HostTensor& result : *results) arrays.push_back(to_array(result));
  return arrays;
}

Array run_one(std::string_view op, const std::vector<const Array*>& operands, std::vector<NamedAttribute> attributes) {
  std::vector<Array> results = run_row(op, operands, std::move(attributes));
  if (results.size() == 1) return std::move(results[0]);
  ADD_FAILURE() << op << " gives " << results.size() << " results";
  return {};
}

std::string run_errors(std::string_view op, const std::vector<const Array*>& operands,
                       std::vector<NamedAttribute> attributes) {
  Module module;
  Diagnostics diagnostics;
  std::vector<HostTensor> inputs;
  if (build(module, op, operands, std::move(attributes), inputs, diagnostics)) {
    if (interp::interpret(module, inputs, diagnostics).ok()) return {};
  }
  return text_of(diagnostics);
}

std::string infer_text(std::string_view op, const std::vector<Operand>& operands,
                       std::vector<NamedAttribute> attributes) {
  Module module;
  Diagnostics diagnostics;
  GraphBuilder builder(module, diagnostics);
  std::vector<ValueId> values;
  for (const Operand& each : operands) {
    values.push_back(each.name.empty() ? ValueId() : builder.input(each.type, each.name));
  }
  const auto results = builder.add(op, std::move(values), std::move(attributes));
  if (!results) return text_of(diagnostics);
  std::string text;
  for (const ValueId value : *results) {
    text += (text.empty() ? "" : ", ") + lathe::text(module.graph.value(value).type);
  }
  for (const Guard& guard : module.guards) {
    text += fmt::format(" if {} {} {}", guard.left.python_text(),
                        guard.relation == Guard::Relation::Equal ? "==" : "<=", guard.right.python_text());
  }
  return text;
}

Operand operand(std::string name, std::string_view type) {
  const size_t bracket = type.find('[');
  TensorType parsed{*parse_element_type(type.substr(0, bracket)), {}, true};
  std::string entry;
  for (const char c : type.substr(bracket + 1)) {
    if (c != ',' && c != ']') {
      if (c != ' ') entry += c;
      continue;
    }
    if (entry.empty()) continue;
    parsed.dims.push_back(std::isdigit(entry[0]) != 0 ? Dim(std::stoll(entry)) : Dim::symbol(entry));
    entry.clear();
  }
  return {std::move(name), std::move(parsed)};
}

void for_each_position(const Dims& dims, const std::function<void(const Dims&)>& visit) {
  if (count_of(dims) == 0) return;
  Dims position(dims.size(), 0);
  while (true) {
    visit(position);
    size_t axis = dims.size();
    while (axis > 0 && ++position[axis - 1] == dims[axis - 1]) position[--axis] = 0;
    if (axis == 0) return;
  }
}

int64_t flat(const Dims& dims, const Dims& index) {
  int64_t position = 0;
  for (size_t axis = 0; axis < dims.size(); ++axis) position = position * dims[axis] + index[axis];
  return position;
}

double broadcast_value(const Array& array, const Dims& index) {
  int64_t position = 0;
  const size_t offset = index.size() - array.dims.size();
  for (size_t axis = 0; axis < array.dims.size(); ++axis) {
    position = position * array.dims[axis] + (array.dims[axis] == 1 ? 0 : index[offset + axis]);
  }
  return array.values[static_cast<size_t>(position)];
}

void expect_near(const Array& got, const Dims& dims, const Numbers& wanted, double tolerance) {
  ASSERT_EQ(got.dims, dims);
  ASSERT_EQ(got.values.size(), wanted.size());
  for (size_t i = 0; i < wanted.size(); ++i) {
    if (std::isnan(wanted[i])) {
      EXPECT_TRUE(std::isnan(got.values[i])) << "element " << i << " is " << got.values[i];
    } else if (std::isinf(wanted[i])) {
      EXPECT_EQ(got.values[i], wanted[i]) << "element " << i;
    } else {
      EXPECT_NEAR(got.values[i], wanted[i], tolerance * std::max(1.0, std::abs(wanted[i]))) << "element " << i;
    }
  }
}

void expect_exact(const Array& got, const Dims& dims, const Numbers& wanted) {
  ASSERT_EQ(got.dims, dims);
  ASSERT_EQ(got.values.size(), wanted.size());
  for (size_t i = 0; i < wanted.size(); ++i) {
    if (std::isnan(wanted[i])) {
      EXPECT_TRUE(std::isnan(got.values[i])) << "element " << i << " is " << got.values[i];
      continue;
    }
    EXPECT_EQ(got.values[i], wanted[i]) << "element " << i;
    EXPECT_EQ(std::signbit(got.values[i]), std::signbit(wanted[i])) << "element " << i;
  }
}

}  // namespace lathe::ops_test
