// The messages of an ONNX file as plain C++ values that point into the mapped file.
//
// Names and payloads are string_views into the mapping; only lists are allocated, in proportion to the bytes they were
// read from. Graphs live in one table (`Model::graphs`) and are named by index, because attributes hold graphs and
// graphs hold attributes. Nothing here is checked beyond the protobuf grammar: meaning is the importer's business.
// Field names follow onnx.proto; `has_` members tell an absent field from a zero. Made by read_model (model_reader.h).
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "ir/base/id.h"

namespace lathe::onnx {

/// TensorProto.DataType, by its number in the file.
enum class DataType : int32_t {
  Undefined = 0,
  Float = 1,
  Uint8 = 2,
  Int8 = 3,
  Uint16 = 4,
  Int16 = 5,
  Int32 = 6,
  Int64 = 7,
  String = 8,
  Bool = 9,
  Float16 = 10,
  Double = 11,
  Uint32 = 12,
  Uint64 = 13,
  Complex64 = 14,
  Complex128 = 15,
  Bfloat16 = 16,
  Float8E4M3FN = 17,
  Float8E4M3FNUZ = 18,
  Float8E5M2 = 19,
  Float8E5M2FNUZ = 20,
  Uint4 = 21,
  Int4 = 22,
  Float4E2M1 = 23,
  Float8E8M0 = 24,
  Uint2 = 25,
  Int2 = 26,
};

/// StringStringEntryProto.
struct Entry {
  std::string_view key;
  std::string_view value;
};

/// The typed data fields of a TensorProto.
enum class TypedField : uint8_t { None, Float, Int32, String, Int64, Double, Uint64 };

/// TensorProto. The typed data fields are not decoded: `message` is scanned again by read_tensor.
struct Tensor {
  std::string_view message;
  std::string_view name;
  std::string_view doc_string;
  int32_t data_type = 0;
  std::vector<int64_t> dims;
  std::string_view raw_data;
  bool has_raw_data = false;
  TypedField typed_field = TypedField::None;  ///< the typed field that is present
  bool several_fields = false;                ///< more than one of raw_data and the typed fields hold data
  bool external = false;                      ///< data_location = EXTERNAL
  std::vector<Entry> external_data;
  bool segmented = false;  ///< the deprecated `segment` field is there
};

struct SparseTensor {
  Tensor values;
  Tensor indices;
  std::vector<int64_t> dims;
};

/// TensorShapeProto.Dimension.
struct Dimension {
  std::optional<int64_t> value;
  std::string_view param;  ///< empty: none
};

enum class TypeKind : uint8_t { None, Tensor, Sequence, Map, Optional, SparseTensor };

/// TypeProto.
struct TypeProto {
  TypeKind kind = TypeKind::None;
  int32_t element_type = 0;  ///< of tensors
  bool has_shape = false;    ///< of tensors; without it the rank is unknown
  std::vector<Dimension> shape;
  std::vector<TypeProto> element;  ///< of sequences and optionals: none or one
};

struct ValueInfo {
  std::string_view name;
  TypeProto type;
};

using GraphIndex = Id<struct OnnxGraphTag>;

/// AttributeProto.AttributeType, by its number in the file.
enum class AttributeType : int32_t {
  Undefined = 0,
  Float = 1,
  Int = 2,
  String = 3,
  Tensor = 4,
  Graph = 5,
  Floats = 6,
  Ints = 7,
  Strings = 8,
  Tensors = 9,
  Graphs = 10,
  SparseTensor = 11,
  SparseTensors = 12,
  Type = 13,
  Types = 14,
};

/// AttributeProto. `type` is derived from the fields that are present where the file does not say it.
struct Attribute {
  std::string_view name;
  std::string_view reference;  ///< ref_attr_name: an attribute of the function around it
  AttributeType type = AttributeType::Undefined;
  float f = 0;
  int64_t i = 0;
  std::string_view s;
  std::vector<float> floats;
  std::vector<int64_t> ints;
  std::vector<std::string_view> strings;
  std::vector<Tensor> tensors;  ///< one for Tensor
  std::vector<SparseTensor> sparse_tensors;
  std::vector<GraphIndex> graphs;  ///< one for Graph
  std::vector<TypeProto> types;
};

/// NodeProto.
struct Node {
  std::string_view name;
  std::string_view op_type;
  std::string_view domain;  ///< "" is ai.onnx
  std::string_view overload;
  std::vector<std::string_view> inputs;  ///< "" is an absent operand
  std::vector<std::string_view> outputs;
  std::vector<Attribute> attributes;
};

/// GraphProto.
struct Graph {
  std::string_view name;
  std::vector<Node> nodes;
  std::vector<Tensor> initializers;
  std::vector<SparseTensor> sparse_initializers;
  std::vector<ValueInfo> inputs;
  std::vector<ValueInfo> outputs;
  std::vector<ValueInfo> value_infos;
};

struct OperatorSet {
  std::string_view domain;
  int64_t version = 0;
};

/// FunctionProto.
struct Function {
  std::string_view name;
  std::string_view domain;
  std::string_view overload;
  std::vector<std::string_view> inputs;
  std::vector<std::string_view> outputs;
  std::vector<std::string_view> attributes;
  std::vector<Attribute> attribute_defaults;
  std::vector<Node> nodes;
  std::vector<OperatorSet> opsets;
};

/// ModelProto.
struct Model {
  int64_t ir_version = 0;
  std::string_view producer_name;
  std::vector<OperatorSet> opsets;
  std::optional<GraphIndex> graph;
  std::vector<Function> functions;
  IdVector<GraphIndex, Graph> graphs;
};

enum class ValueKind : uint8_t { Undefined = 0, Tensor = 1, SparseTensor = 2, Sequence = 3, Map = 4, Optional = 5 };

/// SequenceProto or OptionalProto. An optional has no element or one.
struct Container {
  std::string_view name;
  ValueKind element_kind = ValueKind::Undefined;
  std::vector<Tensor> tensors;
  std::vector<Container> containers;
};

}  // namespace lathe::onnx
