// Move and Index nodes: elements copied bit for bit, strings too.
#include <fmt/format.h>

#include <cstring>

#include "compiler/interp/graph_forms.h"
#include "compiler/interp/graph_index_program.h"

namespace lathe::interp {
namespace {

// Copies single elements between tensors of one element type.
class ElementCopier {
 public:
  ElementCopier(const HostTensor& from, HostTensor& to)
      : from_(from), to_(to), bits_(info(from.type.element).bits), width_(bits_ / 8) {}

  void copy(int64_t from, int64_t to) const {
    if (from_.type.element == ElementType::String) {
      to_.strings[static_cast<size_t>(to)] = from_.strings[static_cast<size_t>(from)];
    } else if (bits_ == 32) {
      copy_bytes<4>(from, to);
    } else if (bits_ >= 8) {
      std::memcpy(to_.bytes.data() + static_cast<size_t>(to) * width_,
                  from_.bytes.data() + static_cast<size_t>(from) * width_, width_);
    } else {
      const ElementType element = from_.type.element;
      store_element(element, to_.bytes.data(), to, load_element(element, from_.bytes.data(), from));
    }
  }

 private:
  template <size_t Width>
  void copy_bytes(int64_t from, int64_t to) const {
    std::memcpy(to_.bytes.data() + static_cast<size_t>(to) * Width,
                from_.bytes.data() + static_cast<size_t>(from) * Width, Width);
  }

  const HostTensor& from_;
  HostTensor& to_;
  uint32_t bits_;
  size_t width_;
};

// The flat position in a tensor for an index map: an affine part that is stepped, and programs for the rest.
class FlatPosition {
 public:
  FlatPosition(const std::vector<Dim>& index, const std::vector<int64_t>& dims, std::span<const std::string> slots)
      : strides_(slots.size(), 0) {
    const std::vector<int64_t> tensor_strides = host_strides(dims);
    for (size_t axis = 0; axis < index.size(); ++axis) {
      IndexProgram program(index[axis], slots);
      if (!program.affine()) {
        rest_.emplace_back(std::move(program), tensor_strides[axis]);
        continue;
      }
      base_ += program.base() * tensor_strides[axis];
      for (size_t slot = 0; slot < slots.size(); ++slot) strides_[slot] += program.stride(slot) * tensor_strides[axis];
    }
  }

  [[nodiscard]] int64_t at(const int64_t* slots) const {
    int64_t flat = base_;
    for (size_t slot = 0; slot < strides_.size(); ++slot) flat += strides_[slot] * slots[slot];
    for (const auto& [program, stride] : rest_) flat += program.evaluate(slots) * stride;
    return flat;
  }

 private:
  int64_t base_ = 0;
  std::vector<int64_t> strides_;
  std::vector<std::pair<IndexProgram, int64_t>> rest_;
};

void fill(HostTensor& tensor, double value) {
  if (value == 0 || tensor.type.element == ElementType::String) return;
  const ElementType element = tensor.type.element;
  const ScalarValue scalar = ScalarValue::of(element, value);
  const int64_t count = tensor.type.element_count().constant();
  for (int64_t i = 0; i < count; ++i) store_element(element, tensor.bytes.data(), i, scalar);
}

void run_piece(const MovePiece& piece, const HostTensor& operand, HostTensor& result) {
  const std::vector<int64_t> dims = host_dims(result.type);
  const std::vector<int64_t> strides = host_strides(dims);
  const std::vector<std::string> slots = axis_names(dims.size());
  const FlatPosition from(piece.index, host_dims(operand.type), slots);
  const ElementCopier copier(operand, result);
  std::vector<int64_t> begin;
  std::vector<int64_t> size;
  for (size_t axis = 0; axis < dims.size(); ++axis) {
    begin.push_back(piece.begin[axis].constant());
    size.push_back(piece.end[axis].constant() - begin[axis]);
    if (size[axis] <= 0) return;
  }
  std::vector<int64_t> offset(dims.size(), 0);
  std::vector<int64_t> position = begin;
  do {
    int64_t to = 0;
    for (size_t axis = 0; axis < dims.size(); ++axis) {
      position[axis] = begin[axis] + offset[axis];
      to += position[axis] * strides[axis];
    }
    copier.copy(from.at(position.data()), to);
  } while (next_position(offset, size));
}

}  // namespace

void run_move(const NodeView& node, Operands operands, HostTensor& result) {
  const MoveMap map = describe_move(node);
  if (result.type.element_count().is_constant(0)) return;
  fill(result, map.fill);
  for (const MovePiece& piece : map.pieces) run_piece(piece, *operands[piece.operand], result);
}

Status run_index(const NodeView& node, Operands operands, HostTensor& result, Diagnostics& diagnostics) {
  const IndexMap map = describe_index(node);
  const std::vector<int64_t> dims = host_dims(result.type);
  if (element_count(dims) == 0) return {};
  std::vector<std::string> slots = axis_names(dims.size());
  std::vector<FlatPosition> sources;
  for (const IndexBinding& binding : map.bindings) {
    sources.emplace_back(binding.index, host_dims(operands[binding.operand]->type), slots);
  }
  for (const IndexBinding& binding : map.bindings) slots.push_back(binding.symbol);
  const HostTensor& data = *operands[map.operand];
  const FlatPosition from(map.index, host_dims(data.type), slots);
  const ElementCopier copier(data, result);
  std::vector<int64_t> position(dims.size(), 0);
  std::vector<int64_t> values(slots.size(), 0);
  int64_t to = 0;
  do {
    std::copy(position.begin(), position.end(), values.begin());
    for (size_t i = 0; i < map.bindings.size(); ++i) {
      const HostTensor& tensor = *operands[map.bindings[i].operand];
      const int64_t extent = map.bindings[i].extent.constant();
      const int64_t index =
          load_element(tensor.type.element, tensor.bytes.data(), sources[i].at(position.data())).integer;
      if (index < -extent || index >= extent) {
        return diagnostics
            .report(DiagnosticKind::IndexOutOfRange, node.draft().location,
                    "`{}` reads index {} of an axis that has {} elements", node.op().name, index, extent)
            .layer(node.draft().name)
            .emit();
      }
      values[dims.size() + i] = index < 0 ? index + extent : index;
    }
    copier.copy(from.at(values.data()), to++);
  } while (next_position(position, dims));
  return {};
}

}  // namespace lathe::interp
