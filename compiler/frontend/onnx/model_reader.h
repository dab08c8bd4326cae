// Reads protobuf bytes into the values of model.h.
//
// Any bytes may come: what is malformed is reported as LT0301 with the message, what was wrong and the byte offset.
// Nesting is limited to kMaxNesting, the size of what is allocated follows from the number of bytes read. The views
// point into `bytes`, which must outlive them. Called by the importer, the reader of .pb test tensors, and tests.
#pragma once

#include <string_view>

#include "compiler/frontend/onnx/model.h"
#include "ir/base/diagnostic.h"

namespace lathe::onnx {

/// Deepest nesting of graphs in attributes, and of types and containers.
inline constexpr int kMaxNesting = 32;

/// A ModelProto. `where` names the file in diagnostics.
[[nodiscard]] Result<Model> read_model(std::string_view bytes, LocationId where, Diagnostics& diagnostics);
/// A TensorProto.
[[nodiscard]] Result<Tensor> read_tensor_message(std::string_view bytes, LocationId where, Diagnostics& diagnostics);
/// A SequenceProto.
[[nodiscard]] Result<Container> read_sequence_message(std::string_view bytes, LocationId where,
                                                      Diagnostics& diagnostics);
/// An OptionalProto.
[[nodiscard]] Result<Container> read_optional_message(std::string_view bytes, LocationId where,
                                                      Diagnostics& diagnostics);

}  // namespace lathe::onnx
