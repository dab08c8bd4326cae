// The .pb files of ONNX test data: one TensorProto, SequenceProto or OptionalProto a file.
//
// A file doesn't say which of the three it is; the declared type of the graph's input or output does. Called by the
// command that runs ONNX test folders and by `-i x=file.pb`.
#pragma once

#include <string>
#include <vector>

#include "ir/base/diagnostic.h"
#include "ir/graph/constant.h"

namespace lathe::onnx {

/// A value as a test stores it: a tensor, or the elements of a sequence or optional.
struct TestValue {
  enum class Kind : uint8_t { Tensor, Sequence, Optional };
  Kind kind = Kind::Tensor;
  ConstantData tensor;              ///< of a Tensor
  std::vector<TestValue> elements;  ///< of a Sequence; of an Optional none or one
};

/// Reads a file as the kind of value that `type` declares. LT0001, LT0301, LT0302.
[[nodiscard]] Result<TestValue> read_test_value(const std::string& path, const Type& type, Diagnostics& diagnostics);
/// Reads a file that holds a tensor.
[[nodiscard]] Result<ConstantData> read_test_tensor(const std::string& path, Diagnostics& diagnostics);

}  // namespace lathe::onnx
