// The .npy format as NumPy's documentation of numpy.lib.format states it: magic, version, a header that is a Python
// dictionary, then the elements.
#include "compiler/frontend/weights/npy.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <optional>
#include <utility>

#include "compiler/frontend/weights/atomic_file.h"
#include "compiler/frontend/weights/mapped_file.h"
#include "ir/scalar/scalar_value.h"

namespace lathe::weights {
namespace {

constexpr std::string_view kMagic = "\x93NUMPY";
constexpr size_t kMaxRank = 32;

struct DescriptorRow {
  std::string_view text;  ///< kind and width, without the byte order
  ElementType element;
};
constexpr DescriptorRow kDescriptors[] = {
    {"b1", ElementType::Boolean}, {"i1", ElementType::I8},  {"i2", ElementType::I16}, {"i4", ElementType::I32},
    {"i8", ElementType::I64},     {"u1", ElementType::U8},  {"u2", ElementType::U16}, {"u4", ElementType::U32},
    {"u8", ElementType::U64},     {"f2", ElementType::F16}, {"f4", ElementType::F32}, {"f8", ElementType::F64},
};

/// What the header of a file says.
struct Header {
  ElementType element = ElementType::F32;
  bool big_endian = false;
  bool fortran_order = false;
  size_t string_width = 0;  ///< bytes of a string element
  std::vector<int64_t> dims;
};

/// Reads the dictionary `{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }`.
class HeaderParser {
 public:
  explicit HeaderParser(std::string_view text) : text_(text) {}

  std::optional<Header> parse(std::string& why) {
    Header header;
    bool has_type = false;
    bool has_order = false;
    bool has_shape = false;
    if (!accept('{')) return refuse("the header is not a dictionary", why);
    while (!accept('}')) {
      const std::optional<std::string_view> key = quoted();
      if (!key || !accept(':')) return refuse("the header is not a dictionary", why);
      if (*key == "descr") {
        has_type = true;
        if (!read_type(header, why)) return std::nullopt;
      } else if (*key == "fortran_order") {
        has_order = true;
        header.fortran_order = accept_word("True");
        if (!header.fortran_order && !accept_word("False")) return refuse("`fortran_order` is no truth value", why);
      } else if (*key == "shape") {
        has_shape = true;
        if (!read_shape(header.dims, why)) return std::nullopt;
      } else {
        return refuse(fmt::format("the header has the unknown key `{}`", *key), why);
      }
      if (!accept(',') && peek() != '}') return refuse("the header is not a dictionary", why);
    }
    if (!has_type || !has_order || !has_shape) return refuse("the header lacks an entry", why);
    return header;
  }

 private:
  static std::nullopt_t refuse(std::string what, std::string& why) {
    why = std::move(what);
    return std::nullopt;
  }
  void skip_space() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\t')) ++at_;
  }
  char peek() {
    skip_space();
    return at_ < text_.size() ? text_[at_] : '\0';
  }
  bool accept(char wanted) {
    if (peek() != wanted || at_ >= text_.size()) return false;
    ++at_;
    return true;
  }
  bool accept_word(std::string_view word) {
    skip_space();
    if (text_.substr(at_, word.size()) != word) return false;
    at_ += word.size();
    return true;
  }
  std::optional<std::string_view> quoted() {
    const char quote = peek();
    if (quote != '\'' && quote != '"') return std::nullopt;
    const size_t start = ++at_;
    const size_t end = text_.find(quote, start);
    if (end == std::string_view::npos) return std::nullopt;
    at_ = end + 1;
    return text_.substr(start, end - start);
  }
  bool read_type(Header& header, std::string& why) {
    const std::optional<std::string_view> type = quoted();
    if (!type || type->size() < 2) {
      why = "the element type is a structure, which Lathe does not read";
      return false;
    }
    const std::string_view rest = type->substr(1);
    header.big_endian = type->front() == '>';
    const auto* row = std::find_if(std::begin(kDescriptors), std::end(kDescriptors),
                                   [&](const DescriptorRow& candidate) { return candidate.text == rest; });
    if (row != std::end(kDescriptors)) {
      header.element = row->element;
      return true;
    }
    if (rest.front() == 'S') {
      const auto [end, error] = std::from_chars(rest.data() + 1, rest.data() + rest.size(), header.string_width);
      header.element = ElementType::String;
      if (error == std::errc() && end == rest.data() + rest.size()) return true;
    }
    why = fmt::format("Lathe does not read elements of the type `{}`", *type);
    return false;
  }
  bool read_shape(std::vector<int64_t>& dims, std::string& why) {
    why = "the shape is not a tuple of sizes";
    if (!accept('(')) return false;
    while (!accept(')')) {
      skip_space();
      uint64_t size = 0;
      const auto [end, error] = std::from_chars(text_.data() + at_, text_.data() + text_.size(), size);
      if (error != std::errc() || size > INT64_MAX) return false;
      at_ = static_cast<size_t>(end - text_.data());
      dims.push_back(static_cast<int64_t>(size));
      if (dims.size() > kMaxRank) return false;
      if (!accept(',') && peek() != ')') return false;
    }
    why.clear();
    return true;
  }

  std::string_view text_;
  size_t at_ = 0;
};

/// The header and where the elements start; nothing when the bytes are no .npy file.
std::optional<Header> read_header(std::string_view bytes, size_t& data_offset, std::string& why) {
  if (bytes.substr(0, kMagic.size()) != kMagic || bytes.size() < kMagic.size() + 4) {
    why = "it does not start like a .npy file";
    return std::nullopt;
  }
  const auto byte = [&](size_t at) { return static_cast<size_t>(static_cast<unsigned char>(bytes[at])); };
  const size_t major = byte(6);
  if (major < 1 || major > 3) {
    why = fmt::format("its format version is {}.{}, Lathe reads 1.0 to 3.0", major, byte(7));
    return std::nullopt;
  }
  size_t length = byte(8) + (byte(9) << 8u);
  data_offset = 10;
  if (major >= 2) {
    if (bytes.size() < 12) {
      why = "the header is cut off";
      return std::nullopt;
    }
    length += (byte(10) << 16u) + (byte(11) << 24u);
    data_offset = 12;
  }
  if (length > bytes.size() - data_offset) {
    why = "the header is cut off";
    return std::nullopt;
  }
  const std::string_view header = bytes.substr(data_offset, length);
  data_offset += length;
  return HeaderParser(header).parse(why);
}

/// Row-major copy of column-major elements of `width` bytes.
std::vector<std::byte> to_row_major(std::span<const std::byte> data, const std::vector<int64_t>& dims, size_t width) {
  std::vector<std::byte> result(data.size());
  std::vector<size_t> strides(dims.size());
  size_t stride = width;
  for (size_t axis = 0; axis < dims.size(); ++axis) {
    strides[axis] = stride;
    stride *= static_cast<size_t>(dims[axis]);
  }
  std::vector<int64_t> index(dims.size(), 0);
  size_t from = 0;
  for (size_t to = 0; to < data.size(); to += width) {
    std::memcpy(result.data() + to, data.data() + from, width);
    for (size_t axis = dims.size(); axis-- > 0;) {
      from += strides[axis];
      if (++index[axis] < dims[axis]) break;
      from -= strides[axis] * static_cast<size_t>(dims[axis]);
      index[axis] = 0;
    }
  }
  return result;
}

void swap_bytes(std::vector<std::byte>& bytes, size_t width) {
  for (size_t at = 0; at + width <= bytes.size(); at += width) {
    std::reverse(bytes.begin() + static_cast<ptrdiff_t>(at), bytes.begin() + static_cast<ptrdiff_t>(at + width));
  }
}

std::vector<std::string> split_strings(std::span<const std::byte> data, size_t width) {
  std::vector<std::string> result;
  for (size_t at = 0; width != 0 && at < data.size(); at += width) {
    std::string element(reinterpret_cast<const char*>(data.data()) + at, width);
    element.resize(element.find_last_not_of('\0') + 1);
    result.push_back(std::move(element));
  }
  return result;
}

}  // namespace

Result<ConstantData> read_npy_bytes(std::span<const std::byte> bytes, std::shared_ptr<const void> owner,
                                    std::string_view what, Diagnostics& diagnostics) {
  const auto refuse = [&](std::string_view why) {
    return diagnostics.report(DiagnosticKind::ArrayFileMalformed, {}, "`{}` can't be read: {}", what, why).emit();
  };
  std::string why;
  size_t offset = 0;
  const std::string_view text_view(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  const std::optional<Header> header = read_header(text_view, offset, why);
  if (!header) return refuse(why);

  ConstantData constant;
  constant.type.element = header->element;
  for (const int64_t dim : header->dims) constant.type.dims.emplace_back(dim);
  const std::optional<int64_t> count = constant.type.element_count().as_constant();
  const bool strings = header->element == ElementType::String;
  const size_t width = strings ? header->string_width : info(header->element).bits / 8;
  uint64_t needed = 0;
  if (!count || __builtin_mul_overflow(static_cast<uint64_t>(*count), width, &needed)) {
    return refuse("its shape is larger than can be addressed");
  }
  const std::span<const std::byte> data = bytes.subspan(offset);
  if (data.size() < needed || (strings && width == 0 && *count != 0)) {
    return refuse(fmt::format("it has {} bytes of elements, its header promises {}", data.size(), needed));
  }
  constant.bytes = data.first(needed);
  constant.owner = std::move(owner);
  const bool reorder = header->fortran_order && header->dims.size() > 1;
  const bool swap = header->big_endian && !strings && width > 1;
  if (reorder || swap) {
    std::vector<std::byte> copy(constant.bytes.begin(), constant.bytes.end());
    if (reorder) copy = to_row_major(constant.bytes, header->dims, width);
    if (swap) swap_bytes(copy, width);
    auto buffer = std::make_shared<const std::vector<std::byte>>(std::move(copy));
    constant.bytes = *buffer;
    constant.owner = std::move(buffer);
  }
  if (strings) {
    constant.strings = split_strings(constant.bytes, width);
    constant.bytes = {};
    constant.owner = nullptr;
  }
  return constant;
}

Result<ConstantData> read_npy(const std::string& path, Diagnostics& diagnostics) {
  std::string why;
  std::optional<MappedFile> file = MappedFile::open(path, why);
  if (!file) {
    return diagnostics.report(DiagnosticKind::FileNotReadable, {}, "`{}` can't be read: {}", path, why).emit();
  }
  auto owner = std::make_shared<const MappedFile>(std::move(*file));
  const std::span<const std::byte> bytes = owner->bytes();
  return read_npy_bytes(bytes, std::move(owner), path, diagnostics);
}

namespace {

/// The type that NumPy gets for an element type of ours.
ElementType numpy_element(ElementType element) {
  switch (element) {
    case ElementType::I4: return ElementType::I8;
    case ElementType::U4: return ElementType::U8;
    case ElementType::F8E4M3FN:
    case ElementType::F8E4M3FNUZ:
    case ElementType::F8E5M2:
    case ElementType::F8E5M2FNUZ:
    case ElementType::BF16: return ElementType::F32;
    case ElementType::Boolean:
    case ElementType::I8:
    case ElementType::I16:
    case ElementType::I32:
    case ElementType::I64:
    case ElementType::U8:
    case ElementType::U16:
    case ElementType::U32:
    case ElementType::U64:
    case ElementType::F16:
    case ElementType::F32:
    case ElementType::F64:
    case ElementType::String: return element;
  }
  return element;
}

std::string descriptor(ElementType element, size_t string_width) {
  if (element == ElementType::String) return fmt::format("|S{}", string_width);
  for (const DescriptorRow& row : kDescriptors) {
    if (row.element == element) return fmt::format("{}{}", info(element).bits == 8 ? '|' : '<', row.text);
  }
  return {};
}

std::vector<std::byte> widen(ElementType from, ElementType to, std::span<const std::byte> bytes, int64_t count) {
  std::vector<std::byte> result(static_cast<size_t>(count) * info(to).bits / 8);
  for (int64_t index = 0; index < count; ++index) {
    const ScalarValue value = load_element(from, bytes.data(), index);
    store_element(to, result.data(), index,
                  is_float(to) ? ScalarValue::of(to, value.as_double()) : ScalarValue::of_integer(to, value.integer));
  }
  return result;
}

}  // namespace

Status write_npy(const std::string& path, const TensorType& type, std::span<const std::byte> bytes,
                 std::span<const std::string> strings, Diagnostics& diagnostics) {
  const ElementType element = numpy_element(type.element);
  size_t string_width = 1;
  for (const std::string& entry : strings) string_width = std::max(string_width, entry.size());
  std::string shape;
  for (const Dim& dim : type.dims) shape += fmt::format("{}, ", dim.constant());
  if (type.dims.size() > 1) shape.resize(shape.size() - 2);
  if (type.dims.size() == 1) shape.resize(shape.size() - 1);
  std::string header = fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': ({}), }}",
                                   descriptor(element, string_width), shape);
  // The elements start at a multiple of 64 bytes; the header ends with a line feed.
  const size_t unpadded = kMagic.size() + 4 + header.size() + 1;
  header.append((64 - unpadded % 64) % 64, ' ');
  header += '\n';

  AtomicFile file(path);
  file.write(kMagic);
  const char prefix[] = {1, 0, static_cast<char>(header.size() & 0xffu), static_cast<char>(header.size() >> 8u)};
  file.write({prefix, sizeof prefix});
  file.write(header);
  if (element == ElementType::String) {
    for (const std::string& entry : strings) file.write(entry + std::string(string_width - entry.size(), '\0'));
  } else if (element != type.element) {
    const std::vector<std::byte> wide = widen(type.element, element, bytes, type.element_count().constant());
    file.write({reinterpret_cast<const char*>(wide.data()), wide.size()});
  } else {
    file.write({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  }
  std::string why;
  if (file.commit(why)) return {};
  return diagnostics.report(DiagnosticKind::FileNotWritable, {}, "`{}` can't be written: {}", path, why).emit();
}

}  // namespace lathe::weights
