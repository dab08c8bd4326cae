// Reads safetensors headers as events of the JSON parser, so that names which occur twice are seen and nesting costs
// nothing.
#include "compiler/frontend/weights/safetensors.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>
#include <nlohmann/json.hpp>

#include "ir/base/display.h"

namespace lathe::weights {
namespace {

/// The reference implementation refuses larger headers too.
constexpr uint64_t kLargestHeader = 100'000'000;
constexpr size_t kMaxRank = 64;

struct TypeRow {
  std::string_view text;
  ElementType element;
};
constexpr TypeRow kTypes[] = {
    {"BOOL", ElementType::Boolean},
    {"U8", ElementType::U8},
    {"I8", ElementType::I8},
    {"F8_E4M3", ElementType::F8E4M3FN},
    {"F8_E5M2", ElementType::F8E5M2},
    {"I16", ElementType::I16},
    {"U16", ElementType::U16},
    {"F16", ElementType::F16},
    {"BF16", ElementType::BF16},
    {"I32", ElementType::I32},
    {"U32", ElementType::U32},
    {"F32", ElementType::F32},
    {"I64", ElementType::I64},
    {"U64", ElementType::U64},
    {"F64", ElementType::F64},
    {"F8_E4M3FNUZ", ElementType::F8E4M3FNUZ},
    {"F8_E5M2FNUZ", ElementType::F8E5M2FNUZ},
};

/// One tensor as the header describes it.
struct HeaderEntry {
  std::string name;
  std::string type;
  std::vector<uint64_t> dims;
  std::vector<uint64_t> offsets;
  bool has_type = false;
  bool has_shape = false;
  bool has_offsets = false;
};

/// Takes the events of the header. A fault ends the parse with `why` set.
class HeaderEvents final : public nlohmann::json_sax<nlohmann::json> {
 public:
  std::vector<HeaderEntry> entries;
  std::string why;

  bool null() override { return other("null"); }
  bool boolean(bool) override { return other("a truth value"); }
  bool number_integer(number_integer_t) override { return other("a negative number"); }
  bool number_float(number_float_t, const string_t&) override { return other("a fraction"); }
  bool binary(binary_t&) override { return other("binary data"); }
  bool number_unsigned(number_unsigned_t value) override {
    if (place_ != Place::List) return other("a number");
    std::vector<uint64_t>& list = field_ == "shape" ? entries.back().dims : entries.back().offsets;
    if (list.size() >= kMaxRank) return refuse(fmt::format("its `{}` has more than {} numbers", field_, kMaxRank));
    list.push_back(value);
    return true;
  }
  bool string(string_t& value) override {
    if (place_ == Place::Metadata) return true;
    if (place_ != Place::Tensor || field_ != "dtype") return other("text");
    entries.back().type = value;
    return true;
  }
  bool start_object(size_t) override {
    if (place_ == Place::Start) {
      place_ = Place::Top;
      return true;
    }
    if (place_ != Place::Top) return other("an object");
    place_ = in_metadata_ ? Place::Metadata : Place::Tensor;
    return true;
  }
  bool key(string_t& name) override {
    if (place_ == Place::Top) {
      if (!names_.insert(name).second) return refuse_header(fmt::format("{} occurs twice", quoted_name(name)));
      in_metadata_ = name == "__metadata__";
      if (!in_metadata_) {
        entries.emplace_back();
        entries.back().name = name;
      }
    } else if (place_ == Place::Tensor) {
      HeaderEntry& entry = entries.back();
      field_ = name;
      bool* seen = name == "dtype"          ? &entry.has_type
                   : name == "shape"        ? &entry.has_shape
                   : name == "data_offsets" ? &entry.has_offsets
                                            : nullptr;
      if (seen == nullptr) return refuse(fmt::format("it has an unknown field {}", quoted_name(name)));
      if (std::exchange(*seen, true)) return refuse(fmt::format("it has `{}` twice", name));
    }
    return true;
  }
  bool end_object() override {
    if (place_ == Place::Tensor) {
      const HeaderEntry& entry = entries.back();
      if (!entry.has_type) return refuse("it has no `dtype`");
      if (!entry.has_shape) return refuse("it has no `shape`");
      if (!entry.has_offsets || entry.offsets.size() != 2) return refuse("its `data_offsets` are not two numbers");
    }
    place_ = place_ == Place::Top ? Place::End : Place::Top;
    return true;
  }
  bool start_array(size_t) override {
    if (place_ != Place::Tensor || field_ == "dtype") return other("a list");
    place_ = Place::List;
    return true;
  }
  bool end_array() override {
    place_ = Place::Tensor;
    return true;
  }
  bool parse_error(size_t position, const std::string&, const nlohmann::detail::exception&) override {
    if (why.empty()) why = fmt::format("its header is not JSON: the fault is at byte {}", 8 + position);
    return false;
  }

 private:
  enum class Place : uint8_t { Start, Top, Metadata, Tensor, List, End };

  bool refuse_header(std::string cause) {
    why = std::move(cause);
    return false;
  }
  bool refuse(std::string_view cause) {
    return refuse_header(fmt::format("tensor {}: {}", quoted_name(entries.back().name), cause));
  }
  bool other(std::string_view what) {
    if (place_ == Place::Start) return refuse_header(fmt::format("its header is {}, not an object", what));
    if (place_ == Place::Metadata || in_metadata_) {
      return refuse_header(fmt::format("its `__metadata__` holds {}, it may hold text only", what));
    }
    if (place_ == Place::Top) return refuse(fmt::format("its description is {}", what));
    return refuse(fmt::format("its `{}` holds {}", field_, what));
  }

  Place place_ = Place::Start;
  bool in_metadata_ = false;
  std::string field_;
  std::set<std::string, std::less<>> names_;
};

std::optional<ElementType> element_of(std::string_view name) {
  for (const TypeRow& row : kTypes) {
    if (row.text == name) return row.element;
  }
  return std::nullopt;
}

/// The type of an entry, after its size was compared with its place; nothing with the cause in `why`.
std::optional<TensorType> type_of(const HeaderEntry& entry, uint64_t data_size, std::string& why) {
  const uint64_t begin = entry.offsets[0];
  const uint64_t end = entry.offsets[1];
  if (begin > end) {
    why = fmt::format("it ends at byte {} of the data, before its beginning at {}", end, begin);
    return std::nullopt;
  }
  if (end > data_size) {
    why = fmt::format("it reaches from byte {} to {} of the data, the file has {}", begin, end, data_size);
    return std::nullopt;
  }
  const std::optional<ElementType> element = element_of(entry.type);
  if (!element) {
    why = fmt::format("Lathe does not read elements of the type {}", quoted_name(entry.type));
    return std::nullopt;
  }
  TensorType type{.element = *element, .dims = {}, .ranked = true};
  uint64_t bytes = info(*element).bits / 8;
  bool fits = true;
  for (const uint64_t dim : entry.dims) {
    fits = fits && dim <= INT64_MAX && !__builtin_mul_overflow(bytes, dim, &bytes);
    if (fits) type.dims.emplace_back(static_cast<int64_t>(dim));
  }
  // A zero among sizes that overflow together is no tensor that anybody has written.
  if (!fits || bytes > INT64_MAX) {
    why = "its shape is larger than can be addressed";
    return std::nullopt;
  }
  if (bytes != end - begin) {
    why = fmt::format("its type `{}` needs {} bytes, its place at byte {} of the data has {}", text(type), bytes, begin,
                      end - begin);
    return std::nullopt;
  }
  return type;
}

/// The places must cover the data without holes and without overlaps. The cause, or nothing when they do.
std::optional<std::string> fault_of_places(const std::vector<HeaderEntry>& entries, uint64_t data_size) {
  std::vector<const HeaderEntry*> order;
  order.reserve(entries.size());
  for (const HeaderEntry& entry : entries) order.push_back(&entry);
  std::sort(order.begin(), order.end(),
            [](const HeaderEntry* a, const HeaderEntry* b) { return a->offsets < b->offsets; });
  uint64_t at = 0;
  const HeaderEntry* before = nullptr;
  for (const HeaderEntry* entry : order) {
    const uint64_t begin = entry->offsets[0];
    if (begin < at) {
      return fmt::format("tensor {}: it begins at byte {} of the data, inside {}, which ends at {}",
                         quoted_name(entry->name), begin, quoted_name(before->name), at);
    }
    if (begin > at) {
      return fmt::format("tensor {}: it begins at byte {} of the data, and the bytes from {} on belong to none",
                         quoted_name(entry->name), begin, at);
    }
    at = entry->offsets[1];
    before = entry;
  }
  if (at != data_size) return fmt::format("its tensors end at byte {} of the data, the file has {}", at, data_size);
  return std::nullopt;
}

uint64_t header_size(std::span<const std::byte> bytes) {
  uint64_t size = 0;
  for (size_t index = 8; index-- > 0;) size = (size << 8u) | std::to_integer<uint64_t>(bytes[index]);
  return size;
}

}  // namespace

bool looks_like_safetensors(std::span<const std::byte> bytes) {
  return bytes.size() > 8 && header_size(bytes) <= bytes.size() - 8 && bytes[8] == std::byte{'{'};
}

Result<StateDict> read_safetensors(std::span<const std::byte> bytes, std::shared_ptr<const void> owner,
                                   std::string_view path, Diagnostics& diagnostics) {
  const auto refuse = [&](std::string_view why) {
    return diagnostics.report(DiagnosticKind::ArrayFileMalformed, {}, "`{}` can't be read: {}", path, why).emit();
  };
  if (bytes.size() < 8) return refuse("it is too short for a safetensors file");
  const uint64_t size = header_size(bytes);
  if (size > kLargestHeader)
    return refuse(fmt::format("its header claims {} bytes, {} are allowed", size, kLargestHeader));
  if (size > bytes.size() - 8) {
    return refuse(fmt::format("its header claims {} bytes, the file has {} after the size", size, bytes.size() - 8));
  }
  const std::string_view header(reinterpret_cast<const char*>(bytes.data()) + 8, size);
  HeaderEvents events;
  if (!nlohmann::json::sax_parse(header.begin(), header.end(), &events)) return refuse(events.why);

  const std::span<const std::byte> data = bytes.subspan(8 + size);
  StateDict dict;
  dict.path = path;
  uint32_t storage = 0;
  for (const HeaderEntry& entry : events.entries) {
    std::string why;
    std::optional<TensorType> type = type_of(entry, data.size(), why);
    if (!type) return refuse(fmt::format("tensor {}: {}", quoted_name(entry.name), why));
    StateEntry added;
    added.storage = storage++;
    added.data.name = entry.name;
    added.data.type = *std::move(type);
    added.data.bytes = data.subspan(entry.offsets[0], entry.offsets[1] - entry.offsets[0]);
    added.data.owner = owner;
    added.data.source = ConstantSource{std::string(path), 8 + size + entry.offsets[0]};
    dict.add(std::move(added));
  }
  if (const std::optional<std::string> fault = fault_of_places(events.entries, data.size())) return refuse(*fault);
  return dict;
}

}  // namespace lathe::weights
