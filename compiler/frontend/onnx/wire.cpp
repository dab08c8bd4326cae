// The protobuf wire format: tags, lengths, fixed numbers.
#include "compiler/frontend/onnx/wire.h"

#include <fmt/format.h>

#include <bit>
#include <cstring>
#include <protozero/exception.hpp>
#include <protozero/varint.hpp>

namespace lathe::onnx {
namespace {

static_assert(std::endian::native == std::endian::little, "numbers are read as they are stored");

std::string_view text(WireType type) {
  switch (type) {
    case WireType::Varint: return "an integer";
    case WireType::Fixed64: return "a 64-bit number";
    case WireType::Bytes: return "a length-delimited field";
    case WireType::Fixed32: return "a 32-bit number";
  }
  return "";
}

}  // namespace

std::optional<uint64_t> decode_varint(const char*& at, const char* end) {
  try {
    return protozero::decode_varint(&at, end);
  } catch (const protozero::exception&) {
    return std::nullopt;
  }
}

void WireReader::fail(std::string what) {
  if (!fault_->found()) *fault_ = {std::move(what), offset()};
  at_ = end_;
}

uint64_t WireReader::read_varint() {
  const char* at = at_;
  const std::optional<uint64_t> value = decode_varint(at, end_);
  if (!value) {
    fail(end_ - at_ < protozero::max_varint_length ? "an integer is cut off" : "an integer is longer than 10 bytes");
    return 0;
  }
  at_ = at;
  return *value;
}

bool WireReader::next() {
  if (fault_->found() || at_ == end_) return false;
  const char* start = at_;
  const uint64_t key = read_varint();
  if (fault_->found()) return false;
  const uint64_t field = key >> 3u;
  const uint64_t type = key & 7u;
  if (field == 0 || field >= (uint64_t{1} << 29u)) {
    at_ = start;
    fail(fmt::format("field number {} is not valid in protobuf", field));
    return false;
  }
  if (type != 0 && type != 1 && type != 2 && type != 5) {
    at_ = start;
    fail(fmt::format("field {} has wire type {}, which is not valid", field, type));
    return false;
  }
  field_ = static_cast<uint32_t>(field);
  type_ = static_cast<WireType>(type);
  return true;
}

bool WireReader::expect(WireType type) {
  if (type_ == type) return true;
  fail(fmt::format("field {} is {}, expected {}", field_, text(type_), text(type)));
  return false;
}

const char* WireReader::take(uint64_t size) {
  const uint64_t left = static_cast<uint64_t>(end_ - at_);
  if (size > left) {
    fail(fmt::format("field {} needs {} bytes, but only {} are left", field_, size, left));
    return nullptr;
  }
  const char* start = at_;
  at_ += size;
  return start;
}

uint64_t WireReader::varint() { return expect(WireType::Varint) ? read_varint() : 0; }

float WireReader::fixed32() {
  float value = 0;
  const char* start = expect(WireType::Fixed32) ? take(sizeof value) : nullptr;
  if (start != nullptr) std::memcpy(&value, start, sizeof value);
  return value;
}

double WireReader::fixed64() {
  double value = 0;
  const char* start = expect(WireType::Fixed64) ? take(sizeof value) : nullptr;
  if (start != nullptr) std::memcpy(&value, start, sizeof value);
  return value;
}

std::string_view WireReader::bytes() {
  if (!expect(WireType::Bytes)) return {};
  const uint64_t size = read_varint();
  const char* start = fault_->found() ? nullptr : take(size);
  return start == nullptr ? std::string_view() : std::string_view(start, static_cast<size_t>(size));
}

void WireReader::skip() {
  switch (type_) {
    case WireType::Varint: (void)varint(); break;
    case WireType::Fixed64: (void)take(8); break;
    case WireType::Bytes: (void)bytes(); break;
    case WireType::Fixed32: (void)take(4); break;
  }
}

}  // namespace lathe::onnx
