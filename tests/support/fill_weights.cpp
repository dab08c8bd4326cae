// Copies an ONNX file field by field and appends raw_data to the tensors that ask for it.
#include "tests/support/fill_weights.h"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <fstream>
#include <vector>

#include "compiler/frontend/onnx/model_reader.h"
#include "compiler/frontend/onnx/tensor.h"
#include "compiler/frontend/onnx/wire.h"
#include "compiler/frontend/weights/mapped_file.h"
#include "ir/scalar/scalar_value.h"

namespace lathe::test {
namespace {

using onnx::WireFault;
using onnx::WireReader;

/// A stretch of the output: bytes of the input as they are, a few new bytes, or the elements of a filled tensor.
struct Piece {
  std::string_view copied = {};
  std::string added = {};
  std::optional<FillSpec> fill = {};
  std::string_view name = {};
  ElementType element = ElementType::F32;
  uint64_t count = 0;

  [[nodiscard]] uint64_t size() const {
    return copied.size() + added.size() + (fill ? count * info(element).bits / 8 : 0);
  }
};

std::string varint(uint64_t value) {
  std::string text;
  while (value >= 0x80) {
    text += static_cast<char>(value | 0x80u);
    value >>= 7u;
  }
  return text + static_cast<char>(value);
}

std::string header(uint32_t field, uint64_t length) { return varint(field << 3u | 2u) + varint(length); }

uint64_t total(const std::vector<Piece>& pieces) {
  uint64_t size = 0;
  for (const Piece& piece : pieces) size += piece.size();
  return size;
}

void append_message(std::vector<Piece>& into, uint32_t field, std::vector<Piece> message) {
  into.push_back({.added = header(field, total(message))});
  for (Piece& piece : message) into.push_back(std::move(piece));
}

/// The fill of an initializer, if it is one without payload.
std::optional<Piece> fill_of(std::string_view message) {
  Diagnostics ignored;
  const Result<onnx::Tensor> tensor = onnx::read_tensor_message(message, {}, ignored);
  if (!tensor.ok()) return std::nullopt;
  const bool payload = tensor->external || !tensor->raw_data.empty() || tensor->typed_field != onnx::TypedField::None;
  Piece piece;
  piece.name = tensor->name;
  piece.fill = parse_fill(tensor->doc_string);
  piece.count = 1;
  for (const int64_t dim : tensor->dims) piece.count *= static_cast<uint64_t>(dim);
  if (payload || !piece.fill) return std::nullopt;
  const std::optional<ElementType> element = onnx::element_type(tensor->data_type);
  if (!element || !is_float(*element)) return std::nullopt;
  piece.element = *element;
  return piece;
}

/// Splits a message into pieces; `replace` may give other pieces for a length-delimited field.
template <class Replace>
std::vector<Piece> rewrite(std::string_view message, WireFault& fault, Replace replace) {
  std::vector<Piece> pieces;
  WireReader wire(message, message.data(), fault);
  uint64_t start = 0;
  while (wire.next()) {
    std::string_view bytes;
    if (wire.type() == onnx::WireType::Bytes) {
      bytes = wire.bytes();
    } else {
      wire.skip();
    }
    const uint64_t end = wire.offset();
    if (bytes.data() == nullptr || !replace(wire.field(), bytes, pieces)) {
      pieces.push_back({.copied = message.substr(start, end - start)});
    }
    start = end;
  }
  return pieces;
}

void write_fill(const Piece& piece, std::ofstream& file) {
  constexpr uint64_t kBlock = uint64_t{1} << 16u;
  const uint64_t hash = name_hash(piece.name);
  const size_t width = info(piece.element).bits / 8;
  std::vector<char> buffer(kBlock * width);
  for (uint64_t begin = 0; begin < piece.count; begin += kBlock) {
    const uint64_t end = std::min(begin + kBlock, piece.count);
    for (uint64_t index = begin; index < end; ++index) {
      store_element(piece.element, buffer.data(), static_cast<int64_t>(index - begin),
                    ScalarValue::of(piece.element, piece.fill->element(hash, index)));
    }
    file.write(buffer.data(), static_cast<std::streamsize>((end - begin) * width));
  }
}

}  // namespace

uint64_t name_hash(std::string_view name) {
  uint64_t hash = 0xcbf29ce484222325u;
  for (const char byte : name) hash = (hash ^ static_cast<unsigned char>(byte)) * 0x100000001b3u;
  return hash;
}

double unit_element(uint64_t hash, uint64_t index) {
  uint64_t z = hash + (index + 1) * 0x9e3779b97f4a7c15u;
  z = (z ^ (z >> 30u)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27u)) * 0x94d049bb133111ebu;
  z = z ^ (z >> 31u);
  return static_cast<double>(z >> 40u) * 0x1p-23 - 1.0;
}

std::optional<FillSpec> parse_fill(std::string_view doc_string) {
  const auto number = [&](std::string_view prefix, double& value) {
    if (!doc_string.starts_with(prefix)) return false;
    doc_string.remove_prefix(prefix.size());
    const auto [end, error] = std::from_chars(doc_string.data(), doc_string.data() + doc_string.size(), value);
    doc_string.remove_prefix(static_cast<size_t>(end - doc_string.data()));
    return error == std::errc();
  };
  FillSpec spec;
  if (!number("fill c=", spec.c) || !number(" a=", spec.a) || !doc_string.empty()) return std::nullopt;
  return spec;
}

std::optional<size_t> fill_topology(const std::string& input, const std::string& output, std::string& why) {
  const std::optional<weights::MappedFile> source = weights::MappedFile::open(input, why);
  if (!source) return std::nullopt;
  WireFault fault;
  size_t filled = 0;
  const auto in_graph = [&](uint32_t field, std::string_view bytes, std::vector<Piece>& into) {
    std::optional<Piece> fill = field == 5 ? fill_of(bytes) : std::nullopt;
    if (!fill) return false;
    ++filled;
    const uint64_t payload = fill->size();
    append_message(into, field, {{.copied = bytes}, {.added = header(9, payload)}, std::move(*fill)});
    return true;
  };
  const auto in_model = [&](uint32_t field, std::string_view bytes, std::vector<Piece>& into) {
    if (field != 7) return false;
    append_message(into, field, rewrite(bytes, fault, in_graph));
    return true;
  };
  const std::vector<Piece> pieces = rewrite(source->text(), fault, in_model);
  if (fault.found()) {
    why = fault.what;
    return std::nullopt;
  }
  std::ofstream file(output, std::ios::binary | std::ios::trunc);
  for (const Piece& piece : pieces) {
    file << piece.copied << piece.added;
    if (piece.fill) write_fill(piece, file);
  }
  file.close();
  if (!file) {
    why = "can't write " + output;
    return std::nullopt;
  }
  return filled;
}

}  // namespace lathe::test
