// The pickle machine's state, shared by the files that implement it: unpickler.cpp has the opcodes, unpickler_calls.cpp
// what calls and persistent ids stand for.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "compiler/frontend/weights/unpickler.h"

namespace lathe::weights {

class Machine {
 public:
  Machine(std::span<const std::byte> bytes, std::string_view what, size_t base, Diagnostics& diagnostics)
      : bytes_(bytes), what_(what), base_(base), diagnostics_(diagnostics) {}
  Result<PickleRun> run();

 private:
  /// What an opcode does to the run: go on, or the pickle has ended.
  enum class Step : uint8_t { Next, Stop };

  // Faults. All of them name the place in the file and the key whose value was being made.
  Failure malformed(std::string_view why);
  Failure refused(std::string_view why, std::string advice);
  [[nodiscard]] std::string place() const;

  // The stream.
  [[nodiscard]] Result<std::span<const std::byte>> take(uint64_t size);
  [[nodiscard]] Result<uint64_t> number(unsigned width);
  [[nodiscard]] Result<std::string_view> line();
  [[nodiscard]] Result<std::string_view> sized_text(unsigned width);

  // The stack. Nothing is taken from below the last mark.
  [[nodiscard]] Result<PickleId> pop();
  [[nodiscard]] Result<PickleId> top();
  [[nodiscard]] Result<std::vector<PickleId>> pop_to_mark();
  Status push(PickleValue value);
  void push_id(PickleId id) { stack_.push_back(id); }
  [[nodiscard]] Status remember(uint64_t index);
  [[nodiscard]] Status recall(uint64_t index);
  /// Counts work that does not follow from the size of the stream.
  [[nodiscard]] Status spend(size_t steps);

  // Opcodes, by family.
  Result<Step> step(uint8_t opcode);
  Status push_number(uint8_t opcode);
  Status push_long(uint64_t size);
  Status push_text(uint8_t opcode);
  Status change_stack(uint8_t opcode);
  Status make_tuple(size_t size);
  Status use_memo(uint8_t opcode);
  Status fill_container(uint8_t opcode);
  Status set_items(PickleId target, std::span<const PickleId> items);
  Status append_items(PickleId target, std::span<const PickleId> items);
  Status push_global(std::string_view module, std::string_view name);
  Status push_stack_global();

  // Calls (unpickler_calls.cpp).
  Status reduce();
  Status build();
  Status push_storage();
  Result<PickleId> call(const GlobalRow& row, const std::vector<PickleId>& arguments);
  Result<PickleId> ordered_dict(const std::vector<PickleId>& arguments);
  Result<PickleId> rebuild_tensor(const GlobalRow& row, const std::vector<PickleId>& arguments);
  Result<PickleId> rebuild_from_type(const std::vector<PickleId>& arguments);
  [[nodiscard]] Result<std::vector<int64_t>> sizes(PickleId id);
  [[nodiscard]] Failure bad_arguments(const GlobalRow& row);

  template <class T>
  [[nodiscard]] const T* as(PickleId id) const {
    return std::get_if<T>(&table_.values[id]);
  }
  [[nodiscard]] Result<PickleId> add(PickleValue value);

  std::span<const std::byte> bytes_;
  std::string_view what_;
  size_t base_;
  Diagnostics& diagnostics_;
  size_t at_ = 0;
  size_t opcode_at_ = 0;
  size_t spent_ = 0;
  PickleTable table_;
  std::vector<PickleId> stack_;
  std::vector<size_t> marks_;  ///< sizes of the stack
  std::vector<PickleId> memo_;
  size_t memo_count_ = 0;
  std::unordered_map<std::string_view, StorageId> storages_;
};

}  // namespace lathe::weights
