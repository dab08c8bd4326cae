// A cursor over one protobuf message in a memory-mapped file.
//
// Built on protozero's varint decoder, with what hostile files of any size ask for: 64-bit lengths, no exceptions, and
// the byte offset of the first fault. A reader walks the fields with `next()` and takes each value with the getter that
// fits; a getter that meets another wire type, or too few bytes, records the fault and ends the walk. One WireFault is
// shared by all cursors of a file: after a fault every cursor stops.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace lathe::onnx {

/// What was wrong first, and where in the file.
struct WireFault {
  std::string what;  ///< empty: no fault
  uint64_t offset = 0;
  [[nodiscard]] bool found() const { return !what.empty(); }
};

enum class WireType : uint8_t { Varint = 0, Fixed64 = 1, Bytes = 2, Fixed32 = 5 };

class WireReader {
 public:
  /// `origin` is the first byte of the whole file: offsets count from there. All three must outlive the reader.
  WireReader(std::string_view message, const char* origin, WireFault& fault)
      : at_(message.data()), end_(message.data() + message.size()), origin_(origin), fault_(&fault) {}

  /// Moves to the next field; false at the end of the message and after a fault.
  [[nodiscard]] bool next();
  [[nodiscard]] uint32_t field() const { return field_; }
  [[nodiscard]] WireType type() const { return type_; }

  /// The current field's value. A fault gives 0 or an empty view.
  uint64_t varint();
  int64_t integer() { return static_cast<int64_t>(varint()); }
  float fixed32();
  double fixed64();
  std::string_view bytes();
  void skip();

  /// Records a fault at the current position, unless there is one already.
  void fail(std::string what);
  [[nodiscard]] const char* origin() const { return origin_; }
  [[nodiscard]] WireFault& fault() const { return *fault_; }
  [[nodiscard]] uint64_t offset() const { return static_cast<uint64_t>(at_ - origin_); }

 private:
  [[nodiscard]] uint64_t read_varint();
  [[nodiscard]] const char* take(uint64_t size);
  [[nodiscard]] bool expect(WireType type);

  const char* at_;
  const char* end_;
  const char* origin_;
  WireFault* fault_;
  uint32_t field_ = 0;
  WireType type_ = WireType::Varint;
};

/// Decodes one varint and moves `at`; nothing when it is cut off or too long.
[[nodiscard]] std::optional<uint64_t> decode_varint(const char*& at, const char* end);

}  // namespace lathe::onnx
