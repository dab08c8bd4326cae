// The field tables of onnx.proto, one function per message.
#include "compiler/frontend/onnx/model_reader.h"

#include <cstring>

#include "compiler/frontend/onnx/wire.h"

namespace lathe::onnx {
namespace {

/// Reads nested messages of one file. Every function reads the fields of one message into one value.
class MessageReader {
 public:
  MessageReader(std::string_view file, WireFault& fault) : origin_(file.data()), fault_(&fault) {}

  Model model(std::string_view message);
  Tensor tensor(std::string_view message);
  Container container(std::string_view message);

 private:
  WireReader reader(std::string_view message) { return {message, origin_, *fault_}; }
  /// Counts one level of nesting while it lives.
  class Level {
   public:
    explicit Level(MessageReader& reader, WireReader& wire) : reader_(&reader) {
      if (++reader_->depth_ > kMaxNesting) wire.fail("messages nest too deep");
    }
    Level(const Level&) = delete;
    Level& operator=(const Level&) = delete;
    ~Level() { --reader_->depth_; }

   private:
    MessageReader* reader_;
  };

  OperatorSet opset(std::string_view message);
  Function function(std::string_view message);
  GraphIndex graph(std::string_view message);
  Node node(std::string_view message);
  Attribute attribute(std::string_view message);
  Entry entry(std::string_view message);
  SparseTensor sparse_tensor(std::string_view message);
  ValueInfo value_info(std::string_view message);
  TypeProto type(std::string_view message);
  void tensor_type(std::string_view message, TypeProto& into);
  void shape(std::string_view message, std::vector<Dimension>& into);
  TypeProto element_type(std::string_view message);

  /// Repeated integers, packed or one by one.
  static void integers(WireReader& wire, std::vector<int64_t>& into);
  static void floats(WireReader& wire, std::vector<float>& into);

  const char* origin_;
  WireFault* fault_;
  int depth_ = 0;
  IdVector<GraphIndex, Graph> graphs_;
};

void MessageReader::integers(WireReader& wire, std::vector<int64_t>& into) {
  if (wire.type() != WireType::Bytes) {
    into.push_back(wire.integer());
    return;
  }
  const std::string_view packed = wire.bytes();
  const char* at = packed.data();
  const char* end = at + packed.size();
  while (at != end) {
    const std::optional<uint64_t> value = decode_varint(at, end);
    if (!value) return wire.fail("a packed list of integers is cut off");
    into.push_back(static_cast<int64_t>(*value));
  }
}

void MessageReader::floats(WireReader& wire, std::vector<float>& into) {
  if (wire.type() != WireType::Bytes) {
    into.push_back(wire.fixed32());
    return;
  }
  const std::string_view packed = wire.bytes();
  if (packed.size() % sizeof(float) != 0) return wire.fail("a packed list of floats is cut off");
  const size_t old_size = into.size();
  into.resize(old_size + packed.size() / sizeof(float));
  if (!packed.empty()) std::memcpy(into.data() + old_size, packed.data(), packed.size());
}

Model MessageReader::model(std::string_view message) {
  Model result;
  WireReader wire = reader(message);
  while (wire.next()) {
    switch (wire.field()) {
      case 1: result.ir_version = wire.integer(); break;
      case 2: result.producer_name = wire.bytes(); break;
      case 7: result.graph = graph(wire.bytes()); break;
      case 8: result.opsets.push_back(opset(wire.bytes())); break;
      case 25: result.functions.push_back(function(wire.bytes())); break;
      default: wire.skip(); break;
    }
  }
  result.graphs = std::move(graphs_);
  return result;
}

OperatorSet MessageReader::opset(std::string_view message) {
  OperatorSet result;
  WireReader wire = reader(message);
  while (wire.next()) {
    switch (wire.field()) {
      case 1: result.domain = wire.bytes(); break;
      case 2: result.version = wire.integer(); break;
      default: wire.skip(); break;
    }
  }
  return result;
}

Function MessageReader::function(std::string_view message) {
  Function result;
  WireReader wire = reader(message);
  const Level level(*this, wire);
  while (wire.next()) {
    switch (wire.field()) {
      case 1: result.name = wire.bytes(); break;
      case 4: result.inputs.push_back(wire.bytes()); break;
      case 5: result.outputs.push_back(wire.bytes()); break;
      case 6: result.attributes.push_back(wire.bytes()); break;
      case 7: result.nodes.push_back(node(wire.bytes())); break;
      case 9: result.opsets.push_back(opset(wire.bytes())); break;
      case 10: result.domain = wire.bytes(); break;
      case 11: result.attribute_defaults.push_back(attribute(wire.bytes())); break;
      case 13: result.overload = wire.bytes(); break;
      default: wire.skip(); break;
    }
  }
  return result;
}

GraphIndex MessageReader::graph(std::string_view message) {
  Graph result;
  WireReader wire = reader(message);
  const Level level(*this, wire);
  while (wire.next()) {
    switch (wire.field()) {
      case 1: result.nodes.push_back(node(wire.bytes())); break;
      case 2: result.name = wire.bytes(); break;
      case 5: result.initializers.push_back(tensor(wire.bytes())); break;
      case 11: result.inputs.push_back(value_info(wire.bytes())); break;
      case 12: result.outputs.push_back(value_info(wire.bytes())); break;
      case 13: result.value_infos.push_back(value_info(wire.bytes())); break;
      case 15: result.sparse_initializers.push_back(sparse_tensor(wire.bytes())); break;
      default: wire.skip(); break;
    }
  }
  return graphs_.push_back(std::move(result));
}

Node MessageReader::node(std::string_view message) {
  Node result;
  WireReader wire = reader(message);
  while (wire.next()) {
    switch (wire.field()) {
      case 1: result.inputs.push_back(wire.bytes()); break;
      case 2: result.outputs.push_back(wire.bytes()); break;
      case 3: result.name = wire.bytes(); break;
      case 4: result.op_type = wire.bytes(); break;
      case 5: result.attributes.push_back(attribute(wire.bytes())); break;
      case 7: result.domain = wire.bytes(); break;
      case 8: result.overload = wire.bytes(); break;
      default: wire.skip(); break;
    }
  }
  if (result.domain == "ai.onnx") result.domain = {};
  return result;
}

Attribute MessageReader::attribute(std::string_view message) {
  Attribute result;
  AttributeType seen = AttributeType::Undefined;
  WireReader wire = reader(message);
  while (wire.next()) {
    switch (wire.field()) {
      case 1: result.name = wire.bytes(); break;
      case 2:
        result.f = wire.fixed32();
        seen = AttributeType::Float;
        break;
      case 3:
        result.i = wire.integer();
        seen = AttributeType::Int;
        break;
      case 4:
        result.s = wire.bytes();
        seen = AttributeType::String;
        break;
      case 5:
        result.tensors.push_back(tensor(wire.bytes()));
        seen = AttributeType::Tensor;
        break;
      case 6:
        result.graphs.push_back(graph(wire.bytes()));
        seen = AttributeType::Graph;
        break;
      case 7:
        floats(wire, result.floats);
        seen = AttributeType::Floats;
        break;
      case 8:
        integers(wire, result.ints);
        seen = AttributeType::Ints;
        break;
      case 9:
        result.strings.push_back(wire.bytes());
        seen = AttributeType::Strings;
        break;
      case 10:
        result.tensors.push_back(tensor(wire.bytes()));
        seen = AttributeType::Tensors;
        break;
      case 11:
        result.graphs.push_back(graph(wire.bytes()));
        seen = AttributeType::Graphs;
        break;
      case 14:
        result.types.push_back(type(wire.bytes()));
        seen = AttributeType::Type;
        break;
      case 15:
        result.types.push_back(type(wire.bytes()));
        seen = AttributeType::Types;
        break;
      case 20: result.type = static_cast<AttributeType>(static_cast<int32_t>(wire.integer())); break;
      case 21: result.reference = wire.bytes(); break;
      case 22:
        result.sparse_tensors.push_back(sparse_tensor(wire.bytes()));
        seen = AttributeType::SparseTensor;
        break;
      case 23:
        result.sparse_tensors.push_back(sparse_tensor(wire.bytes()));
        seen = AttributeType::SparseTensors;
        break;
      default: wire.skip(); break;
    }
  }
  if (result.type == AttributeType::Undefined) result.type = seen;
  return result;
}

Entry MessageReader::entry(std::string_view message) {
  Entry result;
  WireReader wire = reader(message);
  while (wire.next()) {
    switch (wire.field()) {
      case 1: result.key = wire.bytes(); break;
      case 2: result.value = wire.bytes(); break;
      default: wire.skip(); break;
    }
  }
  return result;
}

Tensor MessageReader::tensor(std::string_view message) {
  Tensor result;
  result.message = message;
  WireReader wire = reader(message);
  const auto typed = [&](TypedField field) {
    const bool repeated = result.typed_field == field;
    if (!repeated && result.typed_field != TypedField::None) result.several_fields = true;
    result.typed_field = field;
    wire.skip();
  };
  while (wire.next()) {
    switch (wire.field()) {
      case 1: integers(wire, result.dims); break;
      case 2: result.data_type = static_cast<int32_t>(wire.integer()); break;
      case 3:
        result.segmented = true;
        wire.skip();
        break;
      case 4: typed(TypedField::Float); break;
      case 5: typed(TypedField::Int32); break;
      case 6: typed(TypedField::String); break;
      case 7: typed(TypedField::Int64); break;
      case 8: result.name = wire.bytes(); break;
      case 9:
        result.raw_data = wire.bytes();
        result.has_raw_data = true;
        break;
      case 10: typed(TypedField::Double); break;
      case 11: typed(TypedField::Uint64); break;
      case 12: result.doc_string = wire.bytes(); break;
      case 13: result.external_data.push_back(entry(wire.bytes())); break;
      case 14: result.external = wire.integer() == 1; break;
      default: wire.skip(); break;
    }
  }
  if (!result.raw_data.empty() && result.typed_field != TypedField::None) result.several_fields = true;
  return result;
}

SparseTensor MessageReader::sparse_tensor(std::string_view message) {
  SparseTensor result;
  WireReader wire = reader(message);
  while (wire.next()) {
    switch (wire.field()) {
      case 1: result.values = tensor(wire.bytes()); break;
      case 2: result.indices = tensor(wire.bytes()); break;
      case 3: integers(wire, result.dims); break;
      default: wire.skip(); break;
    }
  }
  return result;
}

ValueInfo MessageReader::value_info(std::string_view message) {
  ValueInfo result;
  WireReader wire = reader(message);
  while (wire.next()) {
    switch (wire.field()) {
      case 1: result.name = wire.bytes(); break;
      case 2: result.type = type(wire.bytes()); break;
      default: wire.skip(); break;
    }
  }
  return result;
}

TypeProto MessageReader::type(std::string_view message) {
  TypeProto result;
  WireReader wire = reader(message);
  const Level level(*this, wire);
  while (wire.next()) {
    switch (wire.field()) {
      case 1:
        result.kind = TypeKind::Tensor;
        tensor_type(wire.bytes(), result);
        break;
      case 4:
        result.kind = TypeKind::Sequence;
        result.element = {element_type(wire.bytes())};
        break;
      case 5:
        result.kind = TypeKind::Map;
        wire.skip();
        break;
      case 8:
        result.kind = TypeKind::SparseTensor;
        tensor_type(wire.bytes(), result);
        break;
      case 9:
        result.kind = TypeKind::Optional;
        result.element = {element_type(wire.bytes())};
        break;
      default: wire.skip(); break;
    }
  }
  return result;
}

void MessageReader::tensor_type(std::string_view message, TypeProto& into) {
  WireReader wire = reader(message);
  while (wire.next()) {
    switch (wire.field()) {
      case 1: into.element_type = static_cast<int32_t>(wire.integer()); break;
      case 2:
        into.has_shape = true;
        shape(wire.bytes(), into.shape);
        break;
      default: wire.skip(); break;
    }
  }
}

void MessageReader::shape(std::string_view message, std::vector<Dimension>& into) {
  WireReader wire = reader(message);
  while (wire.next()) {
    if (wire.field() != 1) {
      wire.skip();
      continue;
    }
    Dimension& dimension = into.emplace_back();
    WireReader fields = reader(wire.bytes());
    while (fields.next()) {
      switch (fields.field()) {
        case 1: dimension.value = fields.integer(); break;
        case 2: dimension.param = fields.bytes(); break;
        default: fields.skip(); break;
      }
    }
  }
}

TypeProto MessageReader::element_type(std::string_view message) {
  TypeProto result;
  WireReader wire = reader(message);
  while (wire.next()) {
    if (wire.field() == 1) {
      result = type(wire.bytes());
    } else {
      wire.skip();
    }
  }
  return result;
}

Container MessageReader::container(std::string_view message) {
  Container result;
  WireReader wire = reader(message);
  const Level level(*this, wire);
  while (wire.next()) {
    switch (wire.field()) {
      case 1: result.name = wire.bytes(); break;
      case 2: result.element_kind = static_cast<ValueKind>(static_cast<uint8_t>(wire.integer())); break;
      case 3: result.tensors.push_back(tensor(wire.bytes())); break;
      case 5: result.containers.push_back(container(wire.bytes())); break;
      case 7: result.containers.push_back(container(wire.bytes())); break;
      default: wire.skip(); break;
    }
  }
  return result;
}

/// Runs `read` on a file's bytes and reports what was malformed.
template <class Read>
auto read_message(std::string_view what, std::string_view bytes, LocationId where, Diagnostics& diagnostics, Read read)
    -> Result<decltype(read(std::declval<MessageReader&>()))> {
  WireFault fault;
  MessageReader reader(bytes, fault);
  auto message = read(reader);
  if (fault.found()) {
    return diagnostics
        .report(DiagnosticKind::ModelMalformed, where, "not a valid {}: {}, at byte {}", what, fault.what, fault.offset)
        .emit();
  }
  return message;
}

}  // namespace

Result<Model> read_model(std::string_view bytes, LocationId where, Diagnostics& diagnostics) {
  return read_message("ONNX model", bytes, where, diagnostics,
                      [&](MessageReader& reader) { return reader.model(bytes); });
}

Result<Tensor> read_tensor_message(std::string_view bytes, LocationId where, Diagnostics& diagnostics) {
  return read_message("ONNX tensor", bytes, where, diagnostics,
                      [&](MessageReader& reader) { return reader.tensor(bytes); });
}

Result<Container> read_sequence_message(std::string_view bytes, LocationId where, Diagnostics& diagnostics) {
  return read_message("ONNX sequence", bytes, where, diagnostics,
                      [&](MessageReader& reader) { return reader.container(bytes); });
}

Result<Container> read_optional_message(std::string_view bytes, LocationId where, Diagnostics& diagnostics) {
  return read_message("ONNX optional", bytes, where, diagnostics,
                      [&](MessageReader& reader) { return reader.container(bytes); });
}

}  // namespace lathe::onnx
