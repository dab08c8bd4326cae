// Writes small ONNX models and tensors as bytes, for tests.
//
// Plain structs that mirror the protobuf messages; to_bytes() serialises with protozero, independently of the reader
// under test. Only the fields that tests need.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace lathe::test {

/// TensorProto.
struct OnnxTensor {
  std::string name = {};
  int32_t data_type = 1;
  std::vector<int64_t> dims = {};
  std::optional<std::string> raw_data = {};
  std::vector<float> float_data = {};
  std::vector<int32_t> int32_data = {};
  std::vector<int64_t> int64_data = {};
  std::vector<double> double_data = {};
  std::vector<uint64_t> uint64_data = {};
  std::vector<std::string> string_data = {};
  std::string doc_string = {};
  std::vector<std::pair<std::string, std::string>> external = {};  ///< sets data_location too
  bool packed = true;                                              ///< whether the typed lists are packed
};

struct OnnxGraph;

/// A wrapper that makes an attribute of kind graph.
struct OnnxSubgraph {
  std::vector<OnnxGraph> graph;  ///< exactly one
};

using OnnxAttributeValue = std::variant<int64_t, float, std::string, std::vector<int64_t>, std::vector<float>,
                                        std::vector<std::string>, OnnxTensor, OnnxSubgraph>;

struct OnnxAttribute {
  std::string name;
  OnnxAttributeValue value;
  std::string reference = {};  ///< ref_attr_name; the value then only tells the type
};

struct OnnxNode {
  std::string op_type;
  std::vector<std::string> inputs;
  std::vector<std::string> outputs;
  std::vector<OnnxAttribute> attributes = {};
  std::string name = {};
  std::string domain = {};
};

/// A size, a symbol, or "" for neither.
using OnnxDim = std::variant<int64_t, std::string>;

/// ValueInfoProto of a tensor.
struct OnnxValue {
  std::string name;
  int32_t element = 1;
  std::optional<std::vector<OnnxDim>> dims = std::vector<OnnxDim>{};
};

struct OnnxGraph {
  std::vector<OnnxNode> nodes;
  std::vector<OnnxTensor> initializers;
  std::vector<OnnxValue> inputs;
  std::vector<OnnxValue> outputs;
  std::vector<OnnxValue> value_infos = {};
  std::string name = "g";
};

struct OnnxFunction {
  std::string name;
  std::string domain;
  std::vector<std::string> inputs;
  std::vector<std::string> outputs;
  std::vector<OnnxNode> nodes;
  std::vector<std::string> attributes = {};
};

struct OnnxModel {
  OnnxGraph graph;
  int64_t opset = 17;
  int64_t ir_version = 8;
  std::vector<std::pair<std::string, int64_t>> more_opsets = {};
  std::vector<OnnxFunction> functions = {};
};

[[nodiscard]] std::string to_bytes(const OnnxTensor& tensor);
[[nodiscard]] std::string to_bytes(const OnnxModel& model);
/// A SequenceProto of tensors, or an OptionalProto of at most one tensor.
[[nodiscard]] std::string sequence_bytes(const std::vector<OnnxTensor>& tensors);
[[nodiscard]] std::string optional_bytes(const std::vector<OnnxTensor>& tensors);

/// f32 and i64 tensors with their elements in raw_data.
[[nodiscard]] OnnxTensor float_tensor(std::string name, std::vector<int64_t> dims, const std::vector<float>& values);
[[nodiscard]] OnnxTensor int64_tensor(std::string name, std::vector<int64_t> dims, const std::vector<int64_t>& values);

}  // namespace lathe::test
