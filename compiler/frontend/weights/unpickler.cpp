// The opcodes of pickle protocols 2 to 5, as CPython's Lib/pickletools.py documents them.
#include "compiler/frontend/weights/unpickler.h"

#include <fmt/format.h>

#include <bit>
#include <cstring>

#include "compiler/frontend/weights/unpickler_internals.h"
#include "ir/base/display.h"

namespace lathe::weights {
namespace {

/// Work beyond the length of the stream: what calls copy.
constexpr size_t kMostSteps = size_t{1} << 23u;
constexpr uint64_t kLongestInteger = 8;

// Opcodes.
constexpr uint8_t kMark = '(';
constexpr uint8_t kStop = '.';
constexpr uint8_t kPop = '0';
constexpr uint8_t kPopMark = '1';
constexpr uint8_t kDuplicate = '2';
constexpr uint8_t kInt4 = 'J';
constexpr uint8_t kInt1 = 'K';
constexpr uint8_t kInt2 = 'M';
constexpr uint8_t kNone = 'N';
constexpr uint8_t kPersistentId = 'Q';
constexpr uint8_t kReduce = 'R';
constexpr uint8_t kString4 = 'T';
constexpr uint8_t kString1 = 'U';
constexpr uint8_t kUnicode4 = 'X';
constexpr uint8_t kAppend = 'a';
constexpr uint8_t kBuild = 'b';
constexpr uint8_t kGlobal = 'c';
constexpr uint8_t kDict = 'd';
constexpr uint8_t kAppends = 'e';
constexpr uint8_t kGet1 = 'h';
constexpr uint8_t kGet4 = 'j';
constexpr uint8_t kList = 'l';
constexpr uint8_t kPut1 = 'q';
constexpr uint8_t kPut4 = 'r';
constexpr uint8_t kSetItem = 's';
constexpr uint8_t kTuple = 't';
constexpr uint8_t kSetItems = 'u';
constexpr uint8_t kEmptyDict = '}';
constexpr uint8_t kEmptyList = ']';
constexpr uint8_t kEmptyTuple = ')';
constexpr uint8_t kFloat = 'G';
constexpr uint8_t kBytes4 = 'B';
constexpr uint8_t kBytes1 = 'C';
constexpr uint8_t kProtocol = 0x80;
constexpr uint8_t kNewObject = 0x81;
constexpr uint8_t kTuple1 = 0x85;
constexpr uint8_t kTuple2 = 0x86;
constexpr uint8_t kTuple3 = 0x87;
constexpr uint8_t kTrue = 0x88;
constexpr uint8_t kFalse = 0x89;
constexpr uint8_t kLong1 = 0x8a;
constexpr uint8_t kLong4 = 0x8b;
constexpr uint8_t kUnicode1 = 0x8c;
constexpr uint8_t kUnicode8 = 0x8d;
constexpr uint8_t kBytes8 = 0x8e;
constexpr uint8_t kEmptySet = 0x8f;
constexpr uint8_t kAddItems = 0x90;
constexpr uint8_t kFrozenSet = 0x91;
constexpr uint8_t kStackGlobal = 0x93;
constexpr uint8_t kMemoize = 0x94;
constexpr uint8_t kFrame = 0x95;
constexpr uint8_t kByteArray8 = 0x96;

/// Opcodes that exist and that no tensor or container needs.
struct RefusedOpcode {
  uint8_t opcode;
  std::string_view name;
};
constexpr RefusedOpcode kRefusedOpcodes[] = {
    {'F', "FLOAT"},  {'I', "INT"},        {'L', "LONG"},         {'P', "PERSID"},
    {'S', "STRING"}, {'V', "UNICODE"},    {'g', "GET"},          {'i', "INST"},
    {'o', "OBJ"},    {'p', "PUT"},        {0x82, "EXT1"},        {0x83, "EXT2"},
    {0x84, "EXT4"},  {0x92, "NEWOBJ_EX"}, {0x97, "NEXT_BUFFER"}, {0x98, "READONLY_BUFFER"},
};

}  // namespace

std::string_view kind_of(const PickleValue& value) {
  constexpr std::string_view kKinds[] = {"None",   "a bool", "an int",  "a float",   "text",     "bytes",    "a tuple",
                                         "a list", "a dict", "a class", "a storage", "a tensor", "an object"};
  static_assert(std::size(kKinds) == std::variant_size_v<PickleValue>);
  const auto* opaque = std::get_if<PickleOpaque>(&value);
  return opaque != nullptr ? opaque->what : kKinds[value.index()];
}

Result<PickleRun> unpickle(std::span<const std::byte> bytes, std::string_view what, size_t base,
                           Diagnostics& diagnostics) {
  return Machine(bytes, what, base, diagnostics).run();
}

// ---------------------------------------------------------------------------------------------------------------
// faults

std::string Machine::place() const {
  // A dict that is being filled stands below a mark, its keys and values alternate above it.
  std::string path;
  for (size_t index = 0; index < marks_.size(); ++index) {
    const size_t begin = marks_[index];
    const size_t end = index + 1 < marks_.size() ? marks_[index + 1] : stack_.size();
    if (begin == 0 || begin >= end || as<PickleDict>(stack_[begin - 1]) == nullptr) continue;
    const auto* key = as<PickleText>(stack_[begin + ((end - begin - 1) & ~size_t{1})]);
    if (key == nullptr) continue;
    if (!path.empty()) path += '.';
    path += key->text.substr(0, 200);
    if (path.size() > 1000) break;
  }
  const std::string position = fmt::format("at byte {} of the file", base_ + opcode_at_);
  return path.empty() ? position : fmt::format("{}, in the value of {}", position, quoted_name(path));
}

Failure Machine::malformed(std::string_view why) {
  return diagnostics_.report(DiagnosticKind::ArrayFileMalformed, {}, "`{}` can't be read: its pickle {}", what_, why)
      .note(place())
      .emit();
}

Failure Machine::refused(std::string_view why, std::string advice) {
  return diagnostics_.report(DiagnosticKind::PickleRefused, {}, "`{}` is refused: its pickle {}", what_, why)
      .note(place())
      .note(std::move(advice))
      .emit();
}

// ---------------------------------------------------------------------------------------------------------------
// stream

Result<std::span<const std::byte>> Machine::take(uint64_t size) {
  if (size > bytes_.size() - at_) return malformed("is cut off");
  const std::span<const std::byte> taken = bytes_.subspan(at_, size);
  at_ += size;
  return taken;
}

Result<uint64_t> Machine::number(unsigned width) {
  LATHE_TRY(const std::span<const std::byte> taken, take(width));
  uint64_t value = 0;
  for (unsigned index = width; index-- > 0;) value = (value << 8u) | std::to_integer<uint64_t>(taken[index]);
  return value;
}

Result<std::string_view> Machine::line() {
  const std::string_view rest(reinterpret_cast<const char*>(bytes_.data()) + at_, bytes_.size() - at_);
  const size_t end = rest.find('\n');
  if (end == std::string_view::npos) return malformed("is cut off");
  at_ += end + 1;
  return rest.substr(0, end);
}

Result<std::string_view> Machine::sized_text(unsigned width) {
  LATHE_TRY(const uint64_t size, number(width));
  LATHE_TRY(const std::span<const std::byte> taken, take(size));
  return std::string_view(reinterpret_cast<const char*>(taken.data()), taken.size());
}

// ----------------------------------------------------------------------------------------------------------------
// stack

Result<PickleId> Machine::top() {
  const size_t floor = marks_.empty() ? 0 : marks_.back();
  if (stack_.size() <= floor) return malformed("takes more from its stack than it has");
  return stack_.back();
}

Result<PickleId> Machine::pop() {
  LATHE_TRY(const PickleId id, top());
  stack_.pop_back();
  return id;
}

Result<std::vector<PickleId>> Machine::pop_to_mark() {
  if (marks_.empty()) return malformed("takes more from its stack than it has");
  std::vector<PickleId> items(stack_.begin() + static_cast<ptrdiff_t>(marks_.back()), stack_.end());
  stack_.resize(marks_.back());
  marks_.pop_back();
  return items;
}

Result<PickleId> Machine::add(PickleValue value) {
  if (table_.values.size() >= kMostPickleValues) {
    return malformed(fmt::format("makes more than {} values", kMostPickleValues));
  }
  return table_.values.push_back(std::move(value));
}

Status Machine::push(PickleValue value) {
  LATHE_TRY(const PickleId id, add(std::move(value)));
  push_id(id);
  return {};
}

Status Machine::spend(size_t steps) {
  spent_ += steps;
  if (spent_ > kMostSteps) return malformed(fmt::format("takes more than {} steps", kMostSteps));
  return {};
}

Status Machine::remember(uint64_t index) {
  // Picklers count from 0 up, and every use takes bytes.
  if (index > at_) return malformed(fmt::format("uses position {} of its memo too early", index));
  LATHE_TRY(const PickleId id, top());
  if (index >= memo_.size()) memo_.resize(index + 1);
  if (!memo_[index].valid()) ++memo_count_;
  memo_[index] = id;
  return {};
}

Status Machine::recall(uint64_t index) {
  if (index >= memo_.size() || !memo_[index].valid()) {
    return malformed(fmt::format("reads position {} of its memo, which is empty", index));
  }
  push_id(memo_[index]);
  return {};
}

// --------------------------------------------------------------------------------------------------------------
// opcodes

Status Machine::push_long(uint64_t size) {
  LATHE_TRY(const std::span<const std::byte> taken, take(size));
  if (size > kLongestInteger) return push(PickleOpaque{"a large int"});
  uint64_t value = 0;
  for (size_t index = size; index-- > 0;) value = (value << 8u) | std::to_integer<uint64_t>(taken[index]);
  // The sign is that of the last byte.
  if (size > 0 && size < 8 && (taken.back() & std::byte{0x80}) != std::byte{0}) value |= ~uint64_t{0} << (8 * size);
  return push(static_cast<int64_t>(value));
}

Status Machine::push_number(uint8_t opcode) {
  if (opcode == kFloat) {
    LATHE_TRY(const std::span<const std::byte> taken, take(8));
    uint64_t bits = 0;
    for (const std::byte byte : taken) bits = (bits << 8u) | std::to_integer<uint64_t>(byte);
    return push(std::bit_cast<double>(bits));
  }
  if (opcode == kLong1 || opcode == kLong4) {
    LATHE_TRY(const uint64_t size, number(opcode == kLong1 ? 1 : 4));
    return push_long(size);
  }
  LATHE_TRY(const uint64_t value, number(opcode == kInt1 ? 1 : opcode == kInt2 ? 2 : 4));
  return push(opcode == kInt4 ? int64_t{static_cast<int32_t>(value)} : static_cast<int64_t>(value));
}

Status Machine::push_text(uint8_t opcode) {
  const bool short_size = opcode == kString1 || opcode == kUnicode1 || opcode == kBytes1;
  const bool long_size = opcode == kUnicode8 || opcode == kBytes8 || opcode == kByteArray8;
  LATHE_TRY(const std::string_view content, sized_text(short_size ? 1 : long_size ? 8 : 4));
  if (opcode == kBytes1 || opcode == kBytes4 || opcode == kBytes8 || opcode == kByteArray8) {
    return push(PickleBytes{std::as_bytes(std::span(content.data(), content.size()))});
  }
  return push(PickleText{content});
}

Status Machine::make_tuple(size_t size) {
  PickleTuple tuple;
  tuple.items.resize(size);
  for (size_t index = size; index-- > 0;) {
    LATHE_TRY(tuple.items[index], pop());
  }
  return push(std::move(tuple));
}

Status Machine::change_stack(uint8_t opcode) {
  if (opcode == kMark) {
    marks_.push_back(stack_.size());
  } else if (opcode == kDuplicate) {
    LATHE_TRY(const PickleId id, top());
    push_id(id);
  } else if (opcode == kPop && !marks_.empty() && marks_.back() == stack_.size()) {
    marks_.pop_back();
  } else if (opcode == kPop) {
    LATHE_TRY_VOID(pop());
  } else {
    LATHE_TRY_VOID(pop_to_mark());
  }
  return {};
}

Status Machine::use_memo(uint8_t opcode) {
  if (opcode == kMemoize) return remember(memo_count_);
  LATHE_TRY(const uint64_t index, number(opcode == kGet1 || opcode == kPut1 ? 1 : 4));
  return opcode == kGet1 || opcode == kGet4 ? recall(index) : remember(index);
}

Status Machine::append_items(PickleId target, std::span<const PickleId> items) {
  if (auto* list = std::get_if<PickleList>(&table_.values[target])) {
    list->items.insert(list->items.end(), items.begin(), items.end());
    return {};
  }
  if (as<PickleOpaque>(target) != nullptr) return {};
  return malformed(fmt::format("appends to {}", kind_of(table_.values[target])));
}

Status Machine::set_items(PickleId target, std::span<const PickleId> items) {
  if (items.size() % 2 != 0) return malformed("has a key without a value");
  auto* dict = std::get_if<PickleDict>(&table_.values[target]);
  if (dict == nullptr) return malformed(fmt::format("sets items of {}", kind_of(table_.values[target])));
  for (size_t index = 0; index < items.size(); index += 2) dict->items.emplace_back(items[index], items[index + 1]);
  return {};
}

Status Machine::fill_container(uint8_t opcode) {
  std::vector<PickleId> items;
  if (opcode == kAppend || opcode == kSetItem) {
    items.resize(opcode == kAppend ? 1 : 2);
    for (size_t index = items.size(); index-- > 0;) {
      LATHE_TRY(items[index], pop());
    }
  } else {
    LATHE_TRY(items, pop_to_mark());
  }
  switch (opcode) {
    case kTuple: return push(PickleTuple{std::move(items)});
    case kList: return push(PickleList{std::move(items)});
    case kFrozenSet: return push(PickleOpaque{"a set"});
    case kDict: {
      LATHE_TRY_VOID(push(PickleDict{}));
      return set_items(stack_.back(), items);
    }
    default: break;
  }
  LATHE_TRY(const PickleId target, top());
  return opcode == kSetItem || opcode == kSetItems ? set_items(target, items) : append_items(target, items);
}

Status Machine::push_global(std::string_view module, std::string_view name) {
  const GlobalRow* row = find_global(module, name);
  if (row != nullptr) return push(PickleGlobal{row});
  return refused(fmt::format("wants the global {}", quoted_name(fmt::format("{}.{}", module, name))),
                 advice_on_global(module, name));
}

Status Machine::push_stack_global() {
  LATHE_TRY(const PickleId name_id, pop());
  LATHE_TRY(const PickleId module_id, pop());
  const auto* name = as<PickleText>(name_id);
  const auto* module = as<PickleText>(module_id);
  if (name == nullptr || module == nullptr) return malformed("names a global by something that is no text");
  return push_global(module->text, name->text);
}

Result<Machine::Step> Machine::step(uint8_t opcode) {
  const auto next = [](const Status& status) -> Result<Step> {
    if (!status.ok()) return Failure{};
    return Step::Next;
  };
  switch (opcode) {
    case kStop: return Step::Stop;
    case kProtocol: {
      LATHE_TRY(const uint64_t version, number(1));
      if (version >= 2 && version <= 5) return Step::Next;
      return refused(fmt::format("has protocol {}, 2 to 5 are read", version),
                     "save it with `torch.save(model.state_dict(), file)`");
    }
    case kFrame: {
      LATHE_TRY(const uint64_t size, number(8));
      if (size > bytes_.size() - at_) return malformed("is cut off");
      return Step::Next;
    }
    case kNone: return next(push(PickleNone{}));
    case kTrue: return next(push(true));
    case kFalse: return next(push(false));
    case kInt1:
    case kInt2:
    case kInt4:
    case kLong1:
    case kLong4:
    case kFloat: return next(push_number(opcode));
    case kString1:
    case kString4:
    case kUnicode1:
    case kUnicode4:
    case kUnicode8:
    case kBytes1:
    case kBytes4:
    case kBytes8:
    case kByteArray8: return next(push_text(opcode));
    case kEmptyTuple: return next(push(PickleTuple{}));
    case kEmptyList: return next(push(PickleList{}));
    case kEmptyDict: return next(push(PickleDict{}));
    case kEmptySet: return next(push(PickleOpaque{"a set"}));
    case kTuple1:
    case kTuple2:
    case kTuple3: return next(make_tuple(opcode - kTuple1 + 1u));
    case kTuple:
    case kList:
    case kDict:
    case kAppend:
    case kAppends:
    case kSetItem:
    case kSetItems:
    case kAddItems:
    case kFrozenSet: return next(fill_container(opcode));
    case kMark:
    case kPop:
    case kPopMark:
    case kDuplicate: return next(change_stack(opcode));
    case kGet1:
    case kGet4:
    case kPut1:
    case kPut4:
    case kMemoize: return next(use_memo(opcode));
    case kGlobal: {
      LATHE_TRY(const std::string_view module, line());
      LATHE_TRY(const std::string_view name, line());
      return next(push_global(module, name));
    }
    case kStackGlobal: return next(push_stack_global());
    case kReduce:
    case kNewObject: return next(reduce());
    case kBuild: return next(build());
    case kPersistentId: return next(push_storage());
    default: break;
  }
  for (const RefusedOpcode& row : kRefusedOpcodes) {
    if (row.opcode != opcode) continue;
    return refused(fmt::format("has the opcode {}, which no tensor needs", row.name),
                   "only tensors and containers are read, and nothing is executed");
  }
  return malformed(fmt::format("has the byte 0x{:02x} where an opcode should be", opcode));
}

Result<PickleRun> Machine::run() {
  while (true) {
    opcode_at_ = at_;
    LATHE_TRY(const uint64_t opcode, number(1));
    LATHE_TRY(const Step outcome, step(static_cast<uint8_t>(opcode)));
    if (outcome == Step::Stop) break;
  }
  if (bytes_[0] != std::byte{kProtocol}) {
    return refused("has protocol 0 or 1, 2 to 5 are read", "save it with `torch.save(model.state_dict(), file)`");
  }
  LATHE_TRY(table_.root, pop());
  return PickleRun{std::move(table_), at_};
}

}  // namespace lathe::weights
