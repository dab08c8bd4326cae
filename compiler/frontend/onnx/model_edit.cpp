// Applying of changes to a model.
#include "compiler/frontend/onnx/model_edit.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstring>

#include "compiler/frontend/onnx/tensor.h"
#include "ir/base/type.h"

namespace lathe::onnx {
namespace {

constexpr int32_t kNewestDataType = 26;
/// The first opset in which Unsqueeze reads its axes.
constexpr int64_t kAxesAreRead = 13;

Attribute& attribute(Node& node, std::string_view name) {
  const auto found = std::find_if(node.attributes.begin(), node.attributes.end(),
                                  [&](const Attribute& candidate) { return candidate.name == name; });
  if (found != node.attributes.end()) return *found;
  node.attributes.emplace_back();
  node.attributes.back().name = name;
  return node.attributes.back();
}

Attribute integer(std::string_view name, int64_t value) {
  Attribute result;
  result.name = name;
  result.type = AttributeType::Int;
  result.i = value;
  return result;
}

Attribute integers(std::string_view name, std::vector<int64_t> values) {
  Attribute result;
  result.name = name;
  result.type = AttributeType::Ints;
  result.ints = std::move(values);
  return result;
}

class Editor {
 public:
  Editor(Model& model, int64_t opset, EditTexts& texts)
      : graph_(model.graphs[*model.graph]), opset_(opset), texts_(texts) {}

  void operator()(const SetInteger& change) {
    attribute(graph_.nodes[change.node], change.name) = integer(change.name, change.value);
  }
  void operator()(const SetIntegers& change) {
    attribute(graph_.nodes[change.node], change.name) = integers(change.name, change.values);
  }
  void operator()(const RenameAttribute& change) { attribute(graph_.nodes[change.node], change.from).name = change.to; }
  void operator()(const SetOperand& change) {
    Node& node = graph_.nodes[change.node];
    if (node.inputs.size() <= change.operand) node.inputs.resize(change.operand + 1);
    node.inputs[change.operand] = constant(change.values);
  }
  void operator()(const InsertBefore& change) {
    Node inserted;
    Node& reader = graph_.nodes[change.node];
    inserted.inputs = {reader.inputs[change.operand]};
    switch (change.kind) {
      case InsertBefore::Kind::Flatten:
        inserted.op_type = "Flatten";
        inserted.attributes = {integer("axis", change.values.front())};
        break;
      case InsertBefore::Kind::Unsqueeze:
        inserted.op_type = "Unsqueeze";
        if (opset_ < kAxesAreRead) {
          inserted.attributes = {integers("axes", change.values)};
        } else {
          inserted.inputs.push_back(constant(change.values));
        }
        break;
      case InsertBefore::Kind::Transpose:
        inserted.op_type = "Transpose";
        inserted.attributes = {integers("perm", change.values)};
        break;
      case InsertBefore::Kind::Cast:
        inserted.op_type = "Cast";
        inserted.attributes = {integer("to", change.values.front())};
        break;
    }
    inserted.outputs = {new_name()};
    reader.inputs[change.operand] = inserted.outputs.front();
    graph_.nodes.push_back(std::move(inserted));
  }
  void operator()(const SetWeightShape& change) {
    for (Tensor& tensor : graph_.initializers) {
      if (tensor.name != change.name) continue;
      Tensor other;
      other.name = tensor.name;
      other.data_type = tensor.data_type;
      other.dims = change.dims;
      tensor = std::move(other);
    }
  }
  void operator()(const AddBatchAxis& change) {
    for (ValueInfo& input : graph_.inputs) {
      if (input.name == change.input)
        input.type.shape.insert(input.type.shape.begin(), Dimension{.value = 1, .param = {}});
    }
  }

 private:
  std::string_view new_name() {
    return texts_.keep(fmt::format("\x01{}", graph_.nodes.size() + graph_.initializers.size()));
  }

  std::string_view constant(const std::vector<int64_t>& values) {
    std::string bytes(values.size() * sizeof(int64_t), '\0');
    static_assert(std::endian::native == std::endian::little);
    if (!values.empty()) std::memcpy(bytes.data(), values.data(), bytes.size());
    Tensor tensor;
    tensor.name = new_name();
    tensor.data_type = static_cast<int32_t>(DataType::Int64);
    tensor.dims = {static_cast<int64_t>(values.size())};
    tensor.raw_data = texts_.keep(std::move(bytes));
    tensor.has_raw_data = true;
    graph_.initializers.push_back(std::move(tensor));
    return graph_.initializers.back().name;
  }

  Graph& graph_;
  int64_t opset_;
  EditTexts& texts_;
};

}  // namespace

void apply(Model& model, const Change& change, int64_t opset, EditTexts& texts) {
  std::visit(Editor(model, opset, texts), change);
}

int64_t data_type_number(std::string_view element_text) {
  for (int32_t number = 1; number <= kNewestDataType; ++number) {
    const std::optional<ElementType> element = element_type(number);
    if (element && text(*element) == element_text) return number;
  }
  return 0;
}

}  // namespace lathe::onnx
