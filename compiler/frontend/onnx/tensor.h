// Tensors of ONNX files as constants: element types, sizes, and the three places where elements can be.
//
// Elements are in raw_data (borrowed from the mapped file), in a typed field (decoded into a buffer of their own), or
// in an external file beside the model (mapped and borrowed). Every size is checked before anything is allocated. The
// bytes of a borrowed constant have no particular alignment. Called by the importer and by the reader of .pb test
// tensors.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "compiler/frontend/onnx/model.h"
#include "compiler/frontend/weights/mapped_file.h"
#include "ir/base/diagnostic.h"
#include "ir/graph/constant.h"

namespace lathe::onnx {

/// The element type for a TensorProto.DataType; nothing for those that Lathe doesn't have (complex, 2-bit ...).
[[nodiscard]] std::optional<ElementType> element_type(int32_t data_type);
/// The TensorProto.DataType of a name such as "FLOAT".
[[nodiscard]] std::optional<int32_t> data_type(std::string_view name);
/// "FLOAT", "COMPLEX64"; "type 99" for a number that ONNX doesn't define.
[[nodiscard]] std::string data_type_name(int32_t data_type);

/// Most axes that a tensor of a model file may have.
inline constexpr size_t kMaxRank = 32;

/// The files that tensors point into. Shared by all tensors of one model.
struct TensorFiles {
  std::string path;  ///< of the model
  std::shared_ptr<const weights::MappedFile> model;
  /// External files by their location in the model; mapped once.
  std::map<std::string, std::shared_ptr<const weights::MappedFile>, std::less<>> external;
};

enum class MissingData : uint8_t {
  Refuse,  ///< a tensor without its elements is a fault
  Absent,  ///< a float tensor without any payload gives a constant without data
};

/// The type and elements of `tensor`. `what` names it in messages: "initializer `w`".
[[nodiscard]] Result<ConstantData> read_tensor(const Tensor& tensor, TensorFiles& files, MissingData missing,
                                               std::string_view what, LocationId where, Diagnostics& diagnostics);

/// The static type that `tensor` declares: LT0215 for negative dims, LT0214 for sizes that overflow.
[[nodiscard]] Result<TensorType> tensor_type(const Tensor& tensor, std::string_view what, LocationId where,
                                             Diagnostics& diagnostics);

}  // namespace lathe::onnx
