// Elementwise nodes: blocks of elements go through the scalar expression together.
#include <algorithm>

#include "compiler/interp/graph_forms.h"
#include "ir/base/result.h"

namespace lathe::interp {
namespace {

constexpr int64_t kBlock = 1024;

// Reads one operand in the row-major order of the result, with stride 0 where it is broadcast.
class BroadcastReader {
 public:
  BroadcastReader(const HostTensor& tensor, const std::vector<int64_t>& result_dims)
      : tensor_(tensor), dims_(result_dims), strides_(result_dims.size(), 0), position_(result_dims.size(), 0) {
    const std::vector<int64_t> own = host_dims(tensor.type);
    const std::vector<int64_t> own_strides = host_strides(own);
    const size_t offset = dims_.size() - own.size();
    for (size_t axis = 0; axis < own.size(); ++axis) {
      if (own[axis] != 1) strides_[offset + axis] = own_strides[axis];
    }
    uniform_ = element_count(own) == 1;
    contiguous_ = own == result_dims;
  }

  // The next `count` elements.
  void read(int64_t count, ScalarColumn& column) {
    column.resize(static_cast<size_t>(count));
    const std::byte* memory = tensor_.bytes.data();
    if (uniform_ || contiguous_) {
      load_column(memory, uniform_ ? 0 : flat_, uniform_ ? 0 : 1, column);
      flat_ += count;
      return;
    }
    for (int64_t i = 0; i < count; ++i) {
      column.set(static_cast<size_t>(i), load_element(tensor_.type.element, memory, flat_));
      step();
    }
  }

 private:
  void step() {
    for (size_t axis = dims_.size(); axis-- > 0;) {
      flat_ += strides_[axis];
      if (++position_[axis] < dims_[axis]) return;
      flat_ -= strides_[axis] * dims_[axis];
      position_[axis] = 0;
    }
  }

  const HostTensor& tensor_;
  const std::vector<int64_t>& dims_;
  std::vector<int64_t> strides_;
  std::vector<int64_t> position_;
  int64_t flat_ = 0;
  bool uniform_ = false;
  bool contiguous_ = false;
};

}  // namespace

void run_elementwise(const NodeView& node, Operands operands, HostTensor& result) {
  const ScalarExpression body = elementwise_body(node);
  const std::vector<int64_t> dims = host_dims(result.type);
  const int64_t count = element_count(dims);
  std::vector<BroadcastReader> readers;
  for (const HostTensor* operand : operands) {
    if (operand != nullptr) readers.emplace_back(*operand, dims);
  }
  LATHE_CHECK(readers.size() == operands.size());
  const bool reads_index = body.argument_count() > operands.size();
  std::vector<ScalarColumn> arguments(operands.size() + (reads_index ? dims.size() : 0));
  for (size_t i = 0; i < operands.size(); ++i) arguments[i].type = operands[i]->type.element;
  for (size_t i = operands.size(); i < arguments.size(); ++i) arguments[i].type = ElementType::I64;
  std::vector<int64_t> position(dims.size(), 0);
  for (int64_t begin = 0; begin < count; begin += kBlock) {
    const int64_t block = std::min(kBlock, count - begin);
    for (size_t i = 0; i < readers.size(); ++i) readers[i].read(block, arguments[i]);
    if (reads_index) {
      for (size_t axis = 0; axis < dims.size(); ++axis) {
        arguments[operands.size() + axis].resize(static_cast<size_t>(block));
      }
      for (int64_t i = 0; i < block; ++i) {
        for (size_t axis = 0; axis < dims.size(); ++axis) {
          arguments[operands.size() + axis].integers[static_cast<size_t>(i)] = position[axis];
        }
        next_position(position, dims);
      }
    }
    const ScalarColumn values = evaluate(body, arguments, static_cast<size_t>(block));
    store_column(values, result.bytes.data(), begin, 1);
  }
}

}  // namespace lathe::interp
