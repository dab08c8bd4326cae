// The graph interpreter behind the interface of compiled models.
#include <fmt/format.h>

#include <cstring>

#include "compiler/compile_state.h"
#include "compiler/interp/graph_interpreter.h"

namespace lathe {
namespace {

Result<Tensor> to_tensor(HostTensor from, const ModelPort& port, Diagnostics& diagnostics) {
  std::vector<int64_t> dims;
  for (const Dim& dim : from.type.dims) dims.push_back(dim.constant());
  Tensor tensor(from.type.element, std::move(dims));
  if (from.type.element == ElementType::String) {
    tensor.strings() = std::move(from.strings);
    return tensor;
  }
  if (!tensor.valid()) {
    return diagnostics
        .report(DiagnosticKind::OutOfMemory, port.location, "can't get the {} bytes of output `{}`", from.bytes.size(),
                port.name)
        .emit();
  }
  LATHE_CHECK(tensor.bytes().size() == from.bytes.size());
  if (!from.bytes.empty()) std::memcpy(tensor.bytes().data(), from.bytes.data(), from.bytes.size());
  return tensor;
}

}  // namespace

HostTensor to_host_tensor(const TensorView& view) {
  HostTensor tensor;
  tensor.type.element = view.element;
  int64_t count = 1;
  for (const int64_t size : view.dims) {
    tensor.type.dims.emplace_back(size);
    count *= size;
  }
  if (view.element == ElementType::String) {
    tensor.strings.assign(view.strings.begin(), view.strings.end());
    return tensor;
  }
  tensor.bytes.resize(*storage_bytes(view.element, count));
  if (!tensor.bytes.empty()) std::memcpy(tensor.bytes.data(), view.data, tensor.bytes.size());
  return tensor;
}

Result<std::vector<Tensor>> interpret(const GraphBackend& backend, std::span<const ModelPort> outputs,
                                      std::span<const TensorView> inputs, Diagnostics& diagnostics) {
  std::vector<HostTensor> given;
  given.reserve(inputs.size());
  for (const TensorView& input : inputs) given.push_back(to_host_tensor(input));
  LATHE_TRY(std::vector<HostTensor> results, interp::interpret(backend.module, given, diagnostics));
  std::vector<Tensor> tensors;
  for (size_t i = 0; i < results.size(); ++i) {
    LATHE_TRY(Tensor tensor, to_tensor(std::move(results[i]), outputs[i], diagnostics));
    tensors.push_back(std::move(tensor));
  }
  return tensors;
}

}  // namespace lathe
