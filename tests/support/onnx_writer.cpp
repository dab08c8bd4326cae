// Serialisation with protozero's writer; field numbers are those of onnx.proto.
#include "tests/support/onnx_writer.h"

#include <cstring>
#include <type_traits>
#include <protozero/pbf_writer.hpp>

namespace lathe::test {
namespace {

using protozero::pbf_writer;

std::string tensor_bytes(const OnnxTensor& tensor) {
  std::string bytes;
  pbf_writer out(bytes);
  if (tensor.packed) {
    out.add_packed_int64(1, tensor.dims.begin(), tensor.dims.end());
    out.add_packed_float(4, tensor.float_data.begin(), tensor.float_data.end());
    out.add_packed_int32(5, tensor.int32_data.begin(), tensor.int32_data.end());
    out.add_packed_int64(7, tensor.int64_data.begin(), tensor.int64_data.end());
    out.add_packed_double(10, tensor.double_data.begin(), tensor.double_data.end());
    out.add_packed_uint64(11, tensor.uint64_data.begin(), tensor.uint64_data.end());
  } else {
    for (const int64_t value : tensor.dims) out.add_int64(1, value);
    for (const float value : tensor.float_data) out.add_float(4, value);
    for (const int32_t value : tensor.int32_data) out.add_int32(5, value);
    for (const int64_t value : tensor.int64_data) out.add_int64(7, value);
    for (const double value : tensor.double_data) out.add_double(10, value);
    for (const uint64_t value : tensor.uint64_data) out.add_uint64(11, value);
  }
  out.add_int32(2, tensor.data_type);
  for (const std::string& value : tensor.string_data) out.add_bytes(6, value);
  if (!tensor.name.empty()) out.add_string(8, tensor.name);
  if (tensor.raw_data) out.add_bytes(9, *tensor.raw_data);
  if (!tensor.doc_string.empty()) out.add_string(12, tensor.doc_string);
  for (const auto& [key, value] : tensor.external) {
    pbf_writer entry(out, 13);
    entry.add_string(1, key);
    entry.add_string(2, value);
  }
  if (!tensor.external.empty()) out.add_int32(14, 1);
  return bytes;
}

std::string graph_bytes(const OnnxGraph& graph);

void add_attribute(pbf_writer& node, const OnnxAttribute& attribute) {
  pbf_writer out(node, 5);
  out.add_string(1, attribute.name);
  if (!attribute.reference.empty()) out.add_string(21, attribute.reference);
  const bool reference = !attribute.reference.empty();
  std::visit(
      [&](const auto& value) {
        using T = std::decay_t<decltype(value)>;
        int type = 0;
        if constexpr (std::is_same_v<T, float>) {
          type = 1;
          if (!reference) out.add_float(2, value);
        } else if constexpr (std::is_same_v<T, int64_t>) {
          type = 2;
          if (!reference) out.add_int64(3, value);
        } else if constexpr (std::is_same_v<T, std::string>) {
          type = 3;
          if (!reference) out.add_bytes(4, value);
        } else if constexpr (std::is_same_v<T, OnnxTensor>) {
          type = 4;
          out.add_message(5, tensor_bytes(value));
        } else if constexpr (std::is_same_v<T, OnnxSubgraph>) {
          type = 5;
          out.add_message(6, graph_bytes(value.graph.front()));
        } else if constexpr (std::is_same_v<T, std::vector<float>>) {
          type = 6;
          for (const float element : value) out.add_float(7, element);
        } else if constexpr (std::is_same_v<T, std::vector<int64_t>>) {
          type = 7;
          for (const int64_t element : value) out.add_int64(8, element);
        } else {
          type = 8;
          for (const std::string& element : value) out.add_bytes(9, element);
        }
        out.add_int32(20, type);
      },
      attribute.value);
}

std::string node_bytes(const OnnxNode& node) {
  std::string bytes;
  pbf_writer out(bytes);
  for (const std::string& input : node.inputs) out.add_string(1, input);
  for (const std::string& output : node.outputs) out.add_string(2, output);
  if (!node.name.empty()) out.add_string(3, node.name);
  out.add_string(4, node.op_type);
  for (const OnnxAttribute& attribute : node.attributes) add_attribute(out, attribute);
  if (!node.domain.empty()) out.add_string(7, node.domain);
  return bytes;
}

std::string shape_bytes(const std::vector<OnnxDim>& dims) {
  std::string bytes;
  pbf_writer out(bytes);
  for (const OnnxDim& dim : dims) {
    std::string dimension_bytes;
    pbf_writer dimension(dimension_bytes);
    if (const int64_t* size = std::get_if<int64_t>(&dim)) {
      dimension.add_int64(1, *size);
    } else if (!std::get<std::string>(dim).empty()) {
      dimension.add_string(2, std::get<std::string>(dim));
    }
    out.add_message(1, dimension_bytes);
  }
  return bytes;
}

std::string value_bytes(const OnnxValue& value) {
  std::string tensor_bytes;
  pbf_writer tensor(tensor_bytes);
  tensor.add_int32(1, value.element);
  if (value.dims) tensor.add_message(2, shape_bytes(*value.dims));
  std::string type_bytes;
  pbf_writer type(type_bytes);
  type.add_message(1, tensor_bytes);
  std::string bytes;
  pbf_writer out(bytes);
  out.add_string(1, value.name);
  out.add_message(2, type_bytes);
  return bytes;
}

std::string graph_bytes(const OnnxGraph& graph) {
  std::string bytes;
  pbf_writer out(bytes);
  for (const OnnxNode& node : graph.nodes) out.add_message(1, node_bytes(node));
  out.add_string(2, graph.name);
  for (const OnnxTensor& tensor : graph.initializers) out.add_message(5, tensor_bytes(tensor));
  for (const OnnxValue& value : graph.inputs) out.add_message(11, value_bytes(value));
  for (const OnnxValue& value : graph.outputs) out.add_message(12, value_bytes(value));
  for (const OnnxValue& value : graph.value_infos) out.add_message(13, value_bytes(value));
  return bytes;
}

void add_opset(pbf_writer& out, uint32_t field, const std::string& domain, int64_t version) {
  pbf_writer opset(out, field);
  opset.add_string(1, domain);
  opset.add_int64(2, version);
}

std::string container_bytes(const std::vector<OnnxTensor>& tensors) {
  std::string bytes;
  pbf_writer out(bytes);
  out.add_int32(2, 1);
  for (const OnnxTensor& tensor : tensors) out.add_message(3, tensor_bytes(tensor));
  return bytes;
}

template <class T>
std::string storage(const std::vector<T>& values) {
  std::string bytes(values.size() * sizeof(T), '\0');
  if (!values.empty()) std::memcpy(bytes.data(), values.data(), bytes.size());
  return bytes;
}

}  // namespace

std::string to_bytes(const OnnxTensor& tensor) { return tensor_bytes(tensor); }

std::string to_bytes(const OnnxModel& model) {
  std::string bytes;
  pbf_writer out(bytes);
  out.add_int64(1, model.ir_version);
  out.add_string(2, "test");
  out.add_message(7, graph_bytes(model.graph));
  if (model.opset != 0) add_opset(out, 8, "", model.opset);
  for (const auto& [domain, version] : model.more_opsets) add_opset(out, 8, domain, version);
  for (const OnnxFunction& function : model.functions) {
    pbf_writer body(out, 25);
    body.add_string(1, function.name);
    for (const std::string& input : function.inputs) body.add_string(4, input);
    for (const std::string& output : function.outputs) body.add_string(5, output);
    for (const std::string& attribute : function.attributes) body.add_string(6, attribute);
    for (const OnnxNode& node : function.nodes) body.add_message(7, node_bytes(node));
    add_opset(body, 9, "", model.opset);
    body.add_string(10, function.domain);
  }
  return bytes;
}

std::string sequence_bytes(const std::vector<OnnxTensor>& tensors) { return container_bytes(tensors); }
std::string optional_bytes(const std::vector<OnnxTensor>& tensors) { return container_bytes(tensors); }

OnnxTensor float_tensor(std::string name, std::vector<int64_t> dims, const std::vector<float>& values) {
  OnnxTensor tensor;
  tensor.name = std::move(name);
  tensor.dims = std::move(dims);
  tensor.raw_data = storage(values);
  return tensor;
}

OnnxTensor int64_tensor(std::string name, std::vector<int64_t> dims, const std::vector<int64_t>& values) {
  OnnxTensor tensor;
  tensor.name = std::move(name);
  tensor.data_type = 7;
  tensor.dims = std::move(dims);
  tensor.raw_data = storage(values);
  return tensor;
}

}  // namespace lathe::test
