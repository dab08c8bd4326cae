// Containers of tensors, read by the declared type.
#include "compiler/frontend/onnx/test_data.h"

#include <memory>
#include <utility>

#include "compiler/frontend/onnx/model_reader.h"
#include "compiler/frontend/onnx/tensor.h"

namespace lathe::onnx {
namespace {

Result<TensorFiles> open_file(const std::string& path, Diagnostics& diagnostics) {
  std::string why;
  std::optional<weights::MappedFile> file = weights::MappedFile::open(path, why);
  if (!file) {
    return diagnostics.report(DiagnosticKind::FileNotReadable, {}, "`{}` can't be read: {}", path, why).emit();
  }
  return TensorFiles{path, std::make_shared<const weights::MappedFile>(std::move(*file)), {}};
}

Result<TestValue> tensor_value(const Tensor& tensor, TensorFiles& files, Diagnostics& diagnostics) {
  TestValue value;
  LATHE_TRY(value.tensor,
            read_tensor(tensor, files, MissingData::Refuse, "the tensor in `" + files.path + "`", {}, diagnostics));
  return value;
}

/// The depth of containers is limited by the reader.
Result<TestValue> container_value(const Container& container, TestValue::Kind kind, TensorFiles& files,
                                  Diagnostics& diagnostics) {
  TestValue value;
  value.kind = kind;
  for (const Tensor& tensor : container.tensors) {
    LATHE_TRY(TestValue element, tensor_value(tensor, files, diagnostics));
    value.elements.push_back(std::move(element));
  }
  const TestValue::Kind inner =
      container.element_kind == ValueKind::Optional ? TestValue::Kind::Optional : TestValue::Kind::Sequence;
  for (const Container& nested : container.containers) {
    LATHE_TRY(TestValue element, container_value(nested, inner, files, diagnostics));
    value.elements.push_back(std::move(element));
  }
  if (container.element_kind == ValueKind::SparseTensor || container.element_kind == ValueKind::Map) {
    return diagnostics
        .report(DiagnosticKind::Unsupported, {}, "`{}` holds sparse tensors or maps, which Lathe does not read",
                files.path)
        .emit();
  }
  return value;
}

}  // namespace

Result<TestValue> read_test_value(const std::string& path, const Type& type, Diagnostics& diagnostics) {
  LATHE_TRY(TensorFiles files, open_file(path, diagnostics));
  const std::string_view bytes = files.model->text();
  if (std::holds_alternative<SequenceType>(type.kind)) {
    LATHE_TRY(const Container container, read_sequence_message(bytes, {}, diagnostics));
    return container_value(container, TestValue::Kind::Sequence, files, diagnostics);
  }
  if (std::holds_alternative<OptionalType>(type.kind)) {
    LATHE_TRY(const Container container, read_optional_message(bytes, {}, diagnostics));
    return container_value(container, TestValue::Kind::Optional, files, diagnostics);
  }
  LATHE_TRY(const Tensor tensor, read_tensor_message(bytes, {}, diagnostics));
  return tensor_value(tensor, files, diagnostics);
}

Result<ConstantData> read_test_tensor(const std::string& path, Diagnostics& diagnostics) {
  LATHE_TRY(TestValue value, read_test_value(path, Type(TensorType{}), diagnostics));
  return std::move(value.tensor);
}

}  // namespace lathe::onnx
