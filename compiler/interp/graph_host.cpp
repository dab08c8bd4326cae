// Host tensors: sizes, storage, constants.
#include <cstring>

#include "compiler/interp/graph_forms.h"
#include "compiler/interp/graph_interpreter.h"
#include "ir/base/result.h"

namespace lathe::interp {

std::vector<int64_t> host_dims(const TensorType& type) {
  std::vector<int64_t> dims;
  for (const Dim& dim : type.dims) dims.push_back(dim.constant());
  return dims;
}

std::vector<int64_t> host_strides(const std::vector<int64_t>& dims) {
  std::vector<int64_t> strides(dims.size());
  int64_t stride = 1;
  for (size_t axis = dims.size(); axis-- > 0;) {
    strides[axis] = stride;
    stride *= dims[axis];
  }
  return strides;
}

int64_t element_count(const std::vector<int64_t>& dims) {
  int64_t count = 1;
  for (const int64_t dim : dims) count *= dim;
  return count;
}

bool next_position(std::vector<int64_t>& position, const std::vector<int64_t>& dims) {
  for (size_t axis = dims.size(); axis-- > 0;) {
    if (++position[axis] < dims[axis]) return true;
    position[axis] = 0;
  }
  return false;
}

Status allocate_tensor(HostTensor& tensor, uint64_t byte_limit, LocationId where, Diagnostics& diagnostics) {
  const auto count = tensor.type.element_count().as_constant();
  const bool strings = tensor.type.element == ElementType::String;
  const auto bytes = !count    ? std::optional<uint64_t>()
                     : strings ? std::optional<uint64_t>(static_cast<uint64_t>(*count) * sizeof(std::string))
                               : storage_bytes(tensor.type.element, *count);
  if (!bytes || *bytes > byte_limit) {
    return diagnostics
        .report(DiagnosticKind::OutOfMemory, where, "`{}` needs more than the {} bytes that are allowed",
                text(tensor.type), byte_limit)
        .emit();
  }
  if (strings) {
    tensor.strings.assign(static_cast<size_t>(*count), {});
  } else {
    tensor.bytes.assign(*bytes, std::byte{0});
  }
  return {};
}

std::optional<HostTensor> to_host(const ConstantData& constant) {
  if (constant.absent) return std::nullopt;
  HostTensor tensor{constant.type, {}, constant.strings};
  if (constant.type.element == ElementType::String) {
    if (constant.splat) tensor.strings.assign(static_cast<size_t>(constant.element_count()), constant.strings.at(0));
    return tensor;
  }
  const int64_t count = constant.element_count();
  const auto bytes = storage_bytes(constant.type.element, count);
  LATHE_CHECK(bytes.has_value());
  if (!constant.splat) {
    tensor.bytes.assign(constant.bytes.begin(), constant.bytes.end());
    return tensor;
  }
  tensor.bytes.assign(*bytes, std::byte{0});
  const uint32_t bits = info(constant.type.element).bits;
  for (int64_t i = 0; i < count; ++i) {
    if (bits >= 8) {
      std::memcpy(tensor.bytes.data() + static_cast<size_t>(i) * (bits / 8), constant.bytes.data(), bits / 8);
    } else {
      store_element(constant.type.element, tensor.bytes.data(), i,
                    load_element(constant.type.element, constant.bytes.data(), 0));
    }
  }
  return tensor;
}

ConstantData to_constant(HostTensor tensor) {
  if (tensor.type.element == ElementType::String) {
    ConstantData constant;
    constant.type = std::move(tensor.type);
    constant.strings = std::move(tensor.strings);
    return constant;
  }
  ConstantData constant = owned_constant(std::move(tensor.type), std::move(tensor.bytes));
  if (constant.element_count() < 2 || info(constant.type.element).bits < 8 || !is_uniform(constant)) return constant;
  const size_t width = info(constant.type.element).bits / 8;
  const std::span<const std::byte> first = constant.bytes.first(width);
  ConstantData splat = owned_constant(constant.type, std::vector<std::byte>(first.begin(), first.end()));
  splat.splat = true;
  return splat;
}

}  // namespace lathe::interp
