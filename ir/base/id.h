// Strong integer ids and the vectors they index: the way every table of the IR names its rows.
//
// An Id<Tag> is a 32-bit index that converts to no other id and to no integer by accident. A default-made id is
// invalid. IdVector<Id, T> is a std::vector that only its own id type may index. Everybody uses these.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <utility>
#include <vector>

namespace lathe {

/// A typed index into a table. Trivially copyable; ordered by position in its table.
template <class Tag>
struct Id {
  static constexpr uint32_t kInvalid = std::numeric_limits<uint32_t>::max();

  uint32_t index = kInvalid;

  constexpr Id() = default;
  constexpr explicit Id(uint32_t position) : index(position) {}
  constexpr explicit Id(size_t position) : index(static_cast<uint32_t>(position)) {}

  [[nodiscard]] constexpr bool valid() const { return index != kInvalid; }
  friend constexpr bool operator==(Id, Id) = default;
  friend constexpr auto operator<=>(Id, Id) = default;
};

/// A vector indexed by one id type. `push_back` returns the id of the new row.
template <class IdType, class T>
class IdVector {
 public:
  IdType push_back(T row) {
    rows_.push_back(std::move(row));
    return IdType(rows_.size() - 1);
  }
  [[nodiscard]] T& operator[](IdType id) { return rows_[id.index]; }
  [[nodiscard]] const T& operator[](IdType id) const { return rows_[id.index]; }
  [[nodiscard]] bool contains(IdType id) const { return id.index < rows_.size(); }
  [[nodiscard]] size_t size() const { return rows_.size(); }
  [[nodiscard]] bool empty() const { return rows_.empty(); }
  [[nodiscard]] IdType next_id() const { return IdType(rows_.size()); }
  auto begin() { return rows_.begin(); }
  auto end() { return rows_.end(); }
  auto begin() const { return rows_.begin(); }
  auto end() const { return rows_.end(); }

 private:
  std::vector<T> rows_;
};

}  // namespace lathe

template <class Tag>
struct std::hash<lathe::Id<Tag>> {
  size_t operator()(lathe::Id<Tag> id) const noexcept { return std::hash<uint32_t>{}(id.index); }
};
