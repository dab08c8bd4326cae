// Sizes and payloads of TensorProto.
#include "compiler/frontend/onnx/tensor.h"

#include <fmt/format.h>

#include <charconv>
#include <cstring>
#include <utility>

#include "compiler/frontend/onnx/wire.h"

namespace lathe::onnx {
namespace {

/// A row of the table of data types: where the elements of a type are when they are not in raw_data.
struct DataTypeRow {
  DataType type;
  std::string_view name;
  std::optional<ElementType> element;
  TypedField field;
};

constexpr DataTypeRow kDataTypes[] = {
    {DataType::Undefined, "UNDEFINED", std::nullopt, TypedField::None},
    {DataType::Float, "FLOAT", ElementType::F32, TypedField::Float},
    {DataType::Uint8, "UINT8", ElementType::U8, TypedField::Int32},
    {DataType::Int8, "INT8", ElementType::I8, TypedField::Int32},
    {DataType::Uint16, "UINT16", ElementType::U16, TypedField::Int32},
    {DataType::Int16, "INT16", ElementType::I16, TypedField::Int32},
    {DataType::Int32, "INT32", ElementType::I32, TypedField::Int32},
    {DataType::Int64, "INT64", ElementType::I64, TypedField::Int64},
    {DataType::String, "STRING", ElementType::String, TypedField::String},
    {DataType::Bool, "BOOL", ElementType::Boolean, TypedField::Int32},
    {DataType::Float16, "FLOAT16", ElementType::F16, TypedField::Int32},
    {DataType::Double, "DOUBLE", ElementType::F64, TypedField::Double},
    {DataType::Uint32, "UINT32", ElementType::U32, TypedField::Uint64},
    {DataType::Uint64, "UINT64", ElementType::U64, TypedField::Uint64},
    {DataType::Complex64, "COMPLEX64", std::nullopt, TypedField::Float},
    {DataType::Complex128, "COMPLEX128", std::nullopt, TypedField::Double},
    {DataType::Bfloat16, "BFLOAT16", ElementType::BF16, TypedField::Int32},
    {DataType::Float8E4M3FN, "FLOAT8E4M3FN", ElementType::F8E4M3FN, TypedField::Int32},
    {DataType::Float8E4M3FNUZ, "FLOAT8E4M3FNUZ", ElementType::F8E4M3FNUZ, TypedField::Int32},
    {DataType::Float8E5M2, "FLOAT8E5M2", ElementType::F8E5M2, TypedField::Int32},
    {DataType::Float8E5M2FNUZ, "FLOAT8E5M2FNUZ", ElementType::F8E5M2FNUZ, TypedField::Int32},
    {DataType::Uint4, "UINT4", ElementType::U4, TypedField::Int32},
    {DataType::Int4, "INT4", ElementType::I4, TypedField::Int32},
    {DataType::Float4E2M1, "FLOAT4E2M1", std::nullopt, TypedField::Int32},
    {DataType::Float8E8M0, "FLOAT8E8M0", std::nullopt, TypedField::Int32},
    {DataType::Uint2, "UINT2", std::nullopt, TypedField::Int32},
    {DataType::Int2, "INT2", std::nullopt, TypedField::Int32},
};

const DataTypeRow* find_row(int32_t data_type) {
  if (data_type < 0 || static_cast<size_t>(data_type) >= std::size(kDataTypes)) return nullptr;
  return &kDataTypes[data_type];
}

struct FieldRow {
  TypedField field;
  std::string_view name;
  uint32_t number;  ///< in TensorProto
};
constexpr FieldRow kFields[] = {{TypedField::None, "raw_data", 9},      {TypedField::Float, "float_data", 4},
                                {TypedField::Int32, "int32_data", 5},   {TypedField::String, "string_data", 6},
                                {TypedField::Int64, "int64_data", 7},   {TypedField::Double, "double_data", 10},
                                {TypedField::Uint64, "uint64_data", 11}};

const FieldRow& row_of(TypedField field) { return kFields[static_cast<size_t>(field)]; }

/// Collects the elements of a typed field as little-endian storage of `width` bytes an element.
class TypedDecoder {
 public:
  TypedDecoder(size_t width, uint64_t limit) : width_(width), limit_(limit) {}

  Status read(const Tensor& tensor, std::string& fault_text);
  [[nodiscard]] uint64_t count() const { return count_; }
  [[nodiscard]] std::vector<std::byte> take() { return std::move(bytes_); }

 private:
  /// Elements beyond the limit are counted and not kept.
  void add(const void* value) {
    ++count_;
    if (count_ > limit_) return;
    const auto* start = static_cast<const std::byte*>(value);
    bytes_.insert(bytes_.end(), start, start + width_);
  }
  void add_packed_fixed(std::string_view packed, size_t element, WireReader& wire) {
    if (packed.size() % element != 0) return wire.fail("a packed list is cut off");
    for (size_t at = 0; at < packed.size(); at += element) add(packed.data() + at);
  }
  void add_packed_varints(std::string_view packed, WireReader& wire) {
    const char* at = packed.data();
    const char* end = at + packed.size();
    while (at != end) {
      const std::optional<uint64_t> value = decode_varint(at, end);
      if (!value) return wire.fail("a packed list of integers is cut off");
      add(&*value);
    }
  }

  size_t width_;
  uint64_t limit_;
  uint64_t count_ = 0;
  std::vector<std::byte> bytes_;
};

Status TypedDecoder::read(const Tensor& tensor, std::string& fault_text) {
  WireFault fault;
  WireReader wire(tensor.message, tensor.message.data(), fault);
  const uint32_t wanted = row_of(tensor.typed_field).number;
  while (wire.next()) {
    if (wire.field() != wanted) {
      wire.skip();
      continue;
    }
    const bool packed = wire.type() == WireType::Bytes;
    switch (tensor.typed_field) {
      case TypedField::Float: {
        if (packed) {
          add_packed_fixed(wire.bytes(), sizeof(float), wire);
        } else {
          const float value = wire.fixed32();
          add(&value);
        }
        break;
      }
      case TypedField::Double: {
        if (packed) {
          add_packed_fixed(wire.bytes(), sizeof(double), wire);
        } else {
          const double value = wire.fixed64();
          add(&value);
        }
        break;
      }
      case TypedField::Int32:
      case TypedField::Int64:
      case TypedField::Uint64: {
        if (packed) {
          add_packed_varints(wire.bytes(), wire);
        } else {
          const uint64_t value = wire.varint();
          add(&value);
        }
        break;
      }
      case TypedField::String:
      case TypedField::None: wire.skip(); break;
    }
  }
  if (!fault.found()) return {};
  fault_text = fault.what;
  return Failure{};
}

/// One tensor on its way to a constant.
class TensorReader {
 public:
  TensorReader(const Tensor& tensor, TensorFiles& files, std::string_view what, LocationId where,
               Diagnostics& diagnostics)
      : tensor_(tensor), files_(files), what_(what), where_(where), diagnostics_(diagnostics) {}

  Result<ConstantData> read(MissingData missing);

 private:
  template <class... Arguments>
  Failure fail(DiagnosticKind kind, fmt::format_string<Arguments...> format, Arguments&&... arguments) {
    return diagnostics_.report(kind, where_, format, std::forward<Arguments>(arguments)...).emit();
  }
  Status read_strings();
  Status read_typed();
  Status read_raw();
  Status read_external();
  Result<std::shared_ptr<const weights::MappedFile>> external_file(const std::string& location);
  Failure wrong_size(std::string_view place, uint64_t found);

  const Tensor& tensor_;
  TensorFiles& files_;
  std::string_view what_;
  LocationId where_;
  Diagnostics& diagnostics_;
  ConstantData constant_;
  int64_t count_ = 0;
  uint64_t needed_ = 0;  ///< bytes
};

Failure TensorReader::wrong_size(std::string_view place, uint64_t found) {
  return fail(DiagnosticKind::PayloadSize, "{} has {} bytes in {}, but `{}` needs {}", what_, found, place,
              text(constant_.type), needed_);
}

Result<ConstantData> TensorReader::read(MissingData missing) {
  LATHE_TRY(constant_.type, tensor_type(tensor_, what_, where_, diagnostics_));
  constant_.name = tensor_.name;
  constant_.location = where_;
  count_ = constant_.type.element_count().constant();
  if (tensor_.segmented) {
    return fail(DiagnosticKind::Unsupported, "{} is stored in segments, which Lathe does not read", what_);
  }
  if (tensor_.several_fields) {
    return fail(DiagnosticKind::PayloadSize, "{} has its data in more than one field", what_);
  }
  if (constant_.type.element == ElementType::String) {
    LATHE_TRY_VOID(read_strings());
    return std::move(constant_);
  }
  needed_ = *storage_bytes(constant_.type.element, count_);
  const bool nothing = !tensor_.external && tensor_.raw_data.empty() && tensor_.typed_field == TypedField::None;
  if (nothing && needed_ != 0 && missing == MissingData::Absent && is_float(constant_.type.element)) {
    constant_.absent = true;
  } else if (tensor_.external) {
    LATHE_TRY_VOID(read_external());
  } else if (tensor_.typed_field != TypedField::None) {
    LATHE_TRY_VOID(read_typed());
  } else {
    LATHE_TRY_VOID(read_raw());
  }
  return std::move(constant_);
}

Status TensorReader::read_raw() {
  if (tensor_.raw_data.size() != needed_) {
    if (tensor_.raw_data.empty()) {
      return fail(DiagnosticKind::PayloadSize, "{} has no data, but `{}` needs {} bytes", what_, text(constant_.type),
                  needed_);
    }
    return wrong_size("`raw_data`", tensor_.raw_data.size());
  }
  constant_.bytes = std::as_bytes(std::span(tensor_.raw_data.data(), tensor_.raw_data.size()));
  constant_.owner = files_.model;
  if (files_.model != nullptr && needed_ != 0) {
    const auto offset = static_cast<uint64_t>(tensor_.raw_data.data() - files_.model->text().data());
    constant_.source = ConstantSource{files_.path, offset};
  }
  return {};
}

Status TensorReader::read_typed() {
  const DataTypeRow& row = *find_row(tensor_.data_type);
  if (row.field != tensor_.typed_field) {
    return fail(DiagnosticKind::PayloadSize, "{} of type {} has its data in `{}`, expected `{}`", what_, row.name,
                row_of(tensor_.typed_field).name, row_of(row.field).name);
  }
  // Four-bit types come two to an integer, as they are stored.
  const bool packed = info(constant_.type.element).bits < 8;
  const size_t width = packed ? 1 : info(constant_.type.element).bits / 8;
  const uint64_t entries = needed_ / width;
  TypedDecoder decoder(width, entries);
  std::string fault;
  if (!decoder.read(tensor_, fault).ok()) {
    return fail(DiagnosticKind::ModelMalformed, "the data of {} is malformed: {}", what_, fault);
  }
  if (decoder.count() != entries) {
    return fail(DiagnosticKind::PayloadSize, "{} has {} entries in `{}`, but `{}` needs {}", what_, decoder.count(),
                row_of(row.field).name, text(constant_.type), entries);
  }
  auto buffer = std::make_shared<const std::vector<std::byte>>(decoder.take());
  constant_.bytes = *buffer;
  constant_.owner = std::move(buffer);
  return {};
}

Status TensorReader::read_strings() {
  WireFault fault;
  WireReader wire(tensor_.message, tensor_.message.data(), fault);
  uint64_t found = 0;
  if (tensor_.external || !tensor_.raw_data.empty()) {
    return fail(DiagnosticKind::PayloadSize, "{} of type STRING must have its data in `string_data`", what_);
  }
  while (wire.next()) {
    if (wire.field() != row_of(TypedField::String).number) {
      wire.skip();
      continue;
    }
    const std::string_view element = wire.bytes();
    if (++found <= static_cast<uint64_t>(count_)) constant_.strings.emplace_back(element);
  }
  if (found != static_cast<uint64_t>(count_)) {
    return fail(DiagnosticKind::PayloadSize, "{} has {} strings, but `{}` needs {}", what_, found, text(constant_.type),
                count_);
  }
  return {};
}

Result<std::shared_ptr<const weights::MappedFile>> TensorReader::external_file(const std::string& location) {
  const auto known = files_.external.find(location);
  if (known != files_.external.end()) return known->second;
  std::string why;
  std::optional<weights::MappedFile> file =
      weights::MappedFile::open_beneath(weights::folder_of(files_.path), location, why);
  if (!file) {
    return fail(DiagnosticKind::ExternalData, "the external data `{}` of {} can't be used: {}", location, what_, why);
  }
  auto shared = std::make_shared<const weights::MappedFile>(std::move(*file));
  files_.external.emplace(location, shared);
  return std::shared_ptr<const weights::MappedFile>(std::move(shared));
}

/// A decimal number that fills the whole text.
std::optional<uint64_t> parse_number(std::string_view text) {
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

Status TensorReader::read_external() {
  std::string location;
  uint64_t offset = 0;
  std::optional<uint64_t> length;
  for (const Entry& entry : tensor_.external_data) {
    if (entry.key == "location") {
      location = entry.value;
      continue;
    }
    if (entry.key != "offset" && entry.key != "length") continue;
    const std::optional<uint64_t> number = parse_number(entry.value);
    if (!number) {
      return fail(DiagnosticKind::ExternalData, "the {} of the external data of {} is not a number: `{}`", entry.key,
                  what_, entry.value);
    }
    if (entry.key == "offset") {
      offset = *number;
    } else {
      length = number;
    }
  }
  if (files_.path.empty()) {
    return fail(DiagnosticKind::ExternalData, "{} has external data, but there is no file that it could be beside",
                what_);
  }
  if (length && *length != needed_) return wrong_size("an external file", *length);
  LATHE_TRY(const std::shared_ptr<const weights::MappedFile> file, external_file(location));
  const std::span<const std::byte> bytes = file->bytes();
  if (offset > bytes.size() || needed_ > bytes.size() - offset) {
    return fail(DiagnosticKind::ExternalData,
                "the external data of {} needs {} bytes from byte {} of `{}`, which has only {} bytes", what_, needed_,
                offset, location, bytes.size());
  }
  constant_.bytes = bytes.subspan(offset, needed_);
  constant_.owner = file;
  const std::string folder = weights::folder_of(files_.path);
  constant_.source = ConstantSource{folder == "." ? location : folder + "/" + location, offset};
  return {};
}

}  // namespace

std::optional<ElementType> element_type(int32_t data_type) {
  const DataTypeRow* row = find_row(data_type);
  return row == nullptr ? std::nullopt : row->element;
}

std::optional<int32_t> data_type(std::string_view name) {
  for (const DataTypeRow& row : std::span(kDataTypes).subspan(1)) {
    if (row.name == name) return static_cast<int32_t>(row.type);
  }
  return std::nullopt;
}

std::string data_type_name(int32_t data_type) {
  const DataTypeRow* row = find_row(data_type);
  return row == nullptr ? fmt::format("type {}", data_type) : std::string(row->name);
}

Result<TensorType> tensor_type(const Tensor& tensor, std::string_view what, LocationId where,
                               Diagnostics& diagnostics) {
  TensorType type;
  const std::optional<ElementType> element = element_type(tensor.data_type);
  if (!element) {
    return diagnostics
        .report(DiagnosticKind::Unsupported, where, "{} has elements of {}", what, data_type_name(tensor.data_type))
        .emit();
  }
  if (tensor.dims.size() > kMaxRank) {
    return diagnostics
        .report(DiagnosticKind::Unsupported, where, "{} has {} axes, Lathe supports up to {}", what, tensor.dims.size(),
                kMaxRank)
        .emit();
  }
  type.element = *element;
  for (size_t axis = 0; axis < tensor.dims.size(); ++axis) {
    const int64_t dim = tensor.dims[axis];
    if (dim < 0) {
      return diagnostics
          .report(DiagnosticKind::NegativeDimension, where, "axis {} of {} has the size {}", axis, what, dim)
          .emit();
    }
    type.dims.emplace_back(dim);
  }
  const std::optional<int64_t> count = type.element_count().as_constant();
  const bool addressable = count && (type.element == ElementType::String || storage_bytes(type.element, *count));
  if (!addressable) {
    return diagnostics
        .report(DiagnosticKind::SizeOverflow, where, "{} of type `{}` is larger than can be addressed", what,
                text(type))
        .emit();
  }
  return type;
}

Result<ConstantData> read_tensor(const Tensor& tensor, TensorFiles& files, MissingData missing, std::string_view what,
                                 LocationId where, Diagnostics& diagnostics) {
  return TensorReader(tensor, files, what, where, diagnostics).read(missing);
}

}  // namespace lathe::onnx
