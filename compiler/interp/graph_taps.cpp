// Finding taps.
#include "compiler/interp/graph_taps.h"

#include <algorithm>
#include <optional>

#include "ir/base/result.h"

namespace lathe::interp {
namespace {

constexpr int64_t kLargestTable = int64_t{1} << 22;
constexpr size_t kAllTables = size_t{1} << 23;

}  // namespace

TapSpace::TapSpace(const Reduction& reduction, Operands operands)
    : result_rank_(reduction.result_rank), padded_(reduction.padded) {
  for (size_t i = result_rank_; i < reduction.extents.size(); ++i) taps_.push_back(reduction.extents[i].constant());
  slots_ = axis_names(reduction.extents.size());
  position_.assign(slots_.size(), 0);
  int64_t count = 1;
  for (const int64_t extent : taps_) count = std::min(kLargestTable + 1, count * std::min(extent, kLargestTable + 1));
  small_ = count <= kLargestTable;
  for (size_t i = 0; i < reduction.operands.size(); ++i) {
    maps_.push_back(make_map(host_dims(operands[reduction.operands[i]]->type), reduction.operand_indices[i]));
    affine_ &= maps_[i].affine;
  }
}

TapSpace::OperandMap TapSpace::make_map(const std::vector<int64_t>& dims, const std::vector<Dim>& index) const {
  OperandMap map;
  map.dims = dims;
  map.strides = host_strides(dims);
  map.steps.assign(taps_.size(), 0);
  map.base_index.assign(index.size(), 0);
  for (size_t axis = 0; axis < index.size(); ++axis) {
    map.whole.emplace_back(index[axis], slots_);
    Dim rest = index[axis];
    std::vector<int64_t> coefficients(taps_.size(), 0);
    for (size_t j = 0; j < taps_.size() && map.affine; ++j) {
      const auto parts = linear_in(rest, slots_[result_rank_ + j]);
      if (!parts || !parts->coefficient.is_constant()) {
        map.affine = false;
        break;
      }
      coefficients[j] = parts->coefficient.constant();
      map.steps[j] += coefficients[j] * map.strides[axis];
      rest = parts->rest;
    }
    if (!map.affine) continue;
    map.outer.emplace_back(rest, slots_);
    map.coefficients.push_back(std::move(coefficients));
  }
  return map;
}

void TapSpace::move_to(std::span<const int64_t> position) {
  std::copy(position.begin(), position.end(), position_.begin());
  std::fill(position_.begin() + static_cast<std::ptrdiff_t>(result_rank_), position_.end(), 0);
  ranges_.resize(taps_.size());
  for (size_t j = 0; j < taps_.size(); ++j) ranges_[j] = {0, taps_[j]};
  exact_ = true;
  if (!affine_) return;
  for (OperandMap& map : maps_) {
    map.base = 0;
    for (size_t axis = 0; axis < map.dims.size(); ++axis) {
      map.base_index[axis] = map.outer[axis].evaluate(position_.data());
      map.base += map.base_index[axis] * map.strides[axis];
    }
  }
  if (padded_) narrow(maps_[0]);
}

// Narrows the ranges to the taps inside of the operand, as far as each axis follows one reduction axis only.
void TapSpace::narrow(const OperandMap& map) {
  bool outside = false;
  for (size_t axis = 0; axis < map.dims.size(); ++axis) {
    std::optional<size_t> moving;
    bool simple = true;
    for (size_t j = 0; j < taps_.size(); ++j) {
      if (map.coefficients[axis][j] == 0) continue;
      simple &= !moving.has_value() && map.coefficients[axis][j] > 0;
      moving = j;
    }
    const int64_t base = map.base_index[axis];
    const int64_t size = map.dims[axis];
    if (!simple) {
      exact_ = false;
    } else if (!moving) {
      outside |= base < 0 || base >= size;
    } else {
      const int64_t step = map.coefficients[axis][*moving];
      TapRange& range = ranges_[*moving];
      if (base < 0) range.begin = std::max(range.begin, (-base + step - 1) / step);
      range.end = base >= size ? range.begin : std::min(range.end, (size - base + step - 1) / step);
    }
  }
  for (const TapRange& range : ranges_) outside |= range.end <= range.begin;
  if (!outside) return;
  if (ranges_.empty()) {
    exact_ = false;
  } else {
    ranges_.assign(ranges_.size(), {0, 0});
  }
}

const TapTable* TapSpace::table() {
  if (!affine_ || !exact_ || !small_) return nullptr;
  for (const TapTable& each : tables_) {
    if (each.ranges == ranges_) return &each;
  }
  if (table_entries_ > kAllTables) return nullptr;
  tables_.push_back(make_table());
  table_entries_ += tables_.back().count * maps_.size();
  return &tables_.back();
}

TapTable TapSpace::make_table() const {
  TapTable table{ranges_, std::vector<std::vector<int64_t>>(maps_.size()), 1};
  for (const TapRange& range : ranges_)
    table.count *= static_cast<size_t>(std::max<int64_t>(range.end - range.begin, 0));
  if (table.count == 0) return table;
  for (size_t i = 0; i < maps_.size(); ++i) {
    std::vector<int64_t>& offsets = table.offsets[i];
    offsets = {0};
    for (size_t j = 0; j < taps_.size(); ++j) {
      std::vector<int64_t> next;
      next.reserve(offsets.size() * static_cast<size_t>(ranges_[j].end - ranges_[j].begin));
      for (const int64_t offset : offsets) {
        for (int64_t tap = ranges_[j].begin; tap < ranges_[j].end; ++tap)
          next.push_back(offset + tap * maps_[i].steps[j]);
      }
      offsets = std::move(next);
    }
  }
  return table;
}

void TapSpace::visit(const std::function<void(std::span<const int64_t>)>& visit) {
  if (std::any_of(taps_.begin(), taps_.end(), [](int64_t extent) { return extent == 0; })) return;
  std::vector<int64_t> offsets(maps_.size());
  std::vector<int64_t> tap(taps_.size(), 0);
  do {
    std::copy(tap.begin(), tap.end(), position_.begin() + static_cast<std::ptrdiff_t>(result_rank_));
    bool inside = true;
    for (size_t i = 0; i < maps_.size() && inside; ++i) {
      offsets[i] = 0;
      for (size_t axis = 0; axis < maps_[i].dims.size() && inside; ++axis) {
        const int64_t index = maps_[i].whole[axis].evaluate(position_.data());
        inside = index >= 0 && index < maps_[i].dims[axis];
        LATHE_CHECK(inside || (padded_ && i == 0));
        offsets[i] += index * maps_[i].strides[axis];
      }
    }
    if (inside) visit(offsets);
  } while (next_position(tap, taps_));
}

}  // namespace lathe::interp
