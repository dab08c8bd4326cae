// The types of values: element types, tensors with symbolic shapes, sequences, optionals.
//
// An ElementType says what one element is and how it is stored; 4-bit types are packed two to a byte, low bits first.
// A TensorType has a static rank and symbolic dims; only inside a sequence or an optional may the rank be unknown.
// Types are values and compare structurally. Used by graphs, front ends and interpreters; kernels use ElementType only.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "ir/base/dim.h"

namespace lathe {

/// LATHE_ELEMENT_TYPE(enumerator, text, bits, class); order is stable and is the order of kElementTypes.
#define LATHE_ELEMENT_TYPES(LATHE_ELEMENT_TYPE)          \
  LATHE_ELEMENT_TYPE(Boolean, "bool", 8, Boolean)        \
  LATHE_ELEMENT_TYPE(I4, "i4", 4, Signed)                \
  LATHE_ELEMENT_TYPE(I8, "i8", 8, Signed)                \
  LATHE_ELEMENT_TYPE(I16, "i16", 16, Signed)             \
  LATHE_ELEMENT_TYPE(I32, "i32", 32, Signed)             \
  LATHE_ELEMENT_TYPE(I64, "i64", 64, Signed)             \
  LATHE_ELEMENT_TYPE(U4, "u4", 4, Unsigned)              \
  LATHE_ELEMENT_TYPE(U8, "u8", 8, Unsigned)              \
  LATHE_ELEMENT_TYPE(U16, "u16", 16, Unsigned)           \
  LATHE_ELEMENT_TYPE(U32, "u32", 32, Unsigned)           \
  LATHE_ELEMENT_TYPE(U64, "u64", 64, Unsigned)           \
  LATHE_ELEMENT_TYPE(F8E4M3FN, "f8e4m3fn", 8, Float)     \
  LATHE_ELEMENT_TYPE(F8E4M3FNUZ, "f8e4m3fnuz", 8, Float) \
  LATHE_ELEMENT_TYPE(F8E5M2, "f8e5m2", 8, Float)         \
  LATHE_ELEMENT_TYPE(F8E5M2FNUZ, "f8e5m2fnuz", 8, Float) \
  LATHE_ELEMENT_TYPE(F16, "f16", 16, Float)              \
  LATHE_ELEMENT_TYPE(BF16, "bf16", 16, Float)            \
  LATHE_ELEMENT_TYPE(F32, "f32", 32, Float)              \
  LATHE_ELEMENT_TYPE(F64, "f64", 64, Float)              \
  LATHE_ELEMENT_TYPE(String, "string", 0, String)

enum class ElementType : uint8_t {
#define LATHE_ELEMENT_TYPE(name, text, bits, kind) name,
  LATHE_ELEMENT_TYPES(LATHE_ELEMENT_TYPE)
#undef LATHE_ELEMENT_TYPE
};

enum class ElementClass : uint8_t { Boolean, Signed, Unsigned, Float, String };

/// One row of the table of element types. `bits` is the width in memory; 0 for strings, which have no fixed width.
struct ElementInfo {
  ElementType type;
  std::string_view text;
  uint32_t bits;
  ElementClass kind;
};

inline constexpr ElementInfo kElementTypes[] = {
#define LATHE_ELEMENT_TYPE(name, text, bits, kind) {ElementType::name, text, bits, ElementClass::kind},
    LATHE_ELEMENT_TYPES(LATHE_ELEMENT_TYPE)
#undef LATHE_ELEMENT_TYPE
};

[[nodiscard]] constexpr const ElementInfo& info(ElementType type) { return kElementTypes[static_cast<size_t>(type)]; }
[[nodiscard]] constexpr std::string_view text(ElementType type) { return info(type).text; }
[[nodiscard]] std::optional<ElementType> parse_element_type(std::string_view text);
[[nodiscard]] constexpr bool is_float(ElementType type) { return info(type).kind == ElementClass::Float; }
[[nodiscard]] constexpr bool is_signed(ElementType type) { return info(type).kind == ElementClass::Signed; }
[[nodiscard]] constexpr bool is_unsigned(ElementType type) { return info(type).kind == ElementClass::Unsigned; }
[[nodiscard]] constexpr bool is_integer(ElementType type) { return is_signed(type) || is_unsigned(type); }
/// Bytes that `count` elements take, packed; nothing when that overflows or the type has no fixed width.
[[nodiscard]] std::optional<uint64_t> storage_bytes(ElementType type, int64_t count);

/// A set of element types, for constraints of operands. Prints as `float`, `f32 or f64` ...
struct ElementSet {
  uint32_t bits = 0;
  [[nodiscard]] constexpr bool contains(ElementType type) const {
    return ((bits >> static_cast<uint32_t>(type)) & 1u) != 0;
  }
  friend constexpr bool operator==(ElementSet, ElementSet) = default;
  friend constexpr ElementSet operator|(ElementSet a, ElementSet b) { return {a.bits | b.bits}; }
};

[[nodiscard]] constexpr ElementSet set_of(ElementType type) { return {1u << static_cast<uint32_t>(type)}; }
[[nodiscard]] constexpr ElementSet set_of(ElementClass kind) {
  ElementSet set;
  for (const ElementInfo& row : kElementTypes) {
    if (row.kind == kind) set.bits |= 1u << static_cast<uint32_t>(row.type);
  }
  return set;
}
inline constexpr ElementSet kAnyFloat = set_of(ElementClass::Float);
inline constexpr ElementSet kAnySigned = set_of(ElementClass::Signed);
inline constexpr ElementSet kAnyInteger = set_of(ElementClass::Signed) | set_of(ElementClass::Unsigned);
inline constexpr ElementSet kAnyNumber = kAnyFloat | kAnyInteger;
inline constexpr ElementSet kBoolean = set_of(ElementClass::Boolean);
inline constexpr ElementSet kString = set_of(ElementClass::String);
inline constexpr ElementSet kAnyElement = kAnyNumber | kBoolean | kString;
[[nodiscard]] std::string text(ElementSet set);

using Shape = std::vector<Dim>;

/// `f32[N, 3, 224, 224]`; `f32[]` is a scalar; `f32[*]` has an unknown rank.
struct TensorType {
  ElementType element = ElementType::F32;
  Shape dims;
  bool ranked = true;

  [[nodiscard]] int rank() const { return static_cast<int>(dims.size()); }
  [[nodiscard]] Dim element_count() const { return product(dims); }
  /// True when every dim is a constant.
  [[nodiscard]] bool is_static() const;
  /// Compares dims structurally.
  friend bool operator==(const TensorType& a, const TensorType& b) {
    return a.element == b.element && a.ranked == b.ranked && a.dims == b.dims;
  }
};

struct Type;

/// `sequence<f32[*]>`
struct SequenceType {
  std::vector<Type> element;  ///< exactly one
  friend bool operator==(const SequenceType& a, const SequenceType& b);
};

/// `optional<f32[3]>`
struct OptionalType {
  std::vector<Type> element;  ///< exactly one
  friend bool operator==(const OptionalType& a, const OptionalType& b);
};

struct Type {
  std::variant<TensorType, SequenceType, OptionalType> kind;

  Type() = default;
  Type(TensorType tensor) : kind(std::move(tensor)) {}        // NOLINT(google-explicit-constructor)
  Type(SequenceType sequence) : kind(std::move(sequence)) {}  // NOLINT(google-explicit-constructor)
  Type(OptionalType optional) : kind(std::move(optional)) {}  // NOLINT(google-explicit-constructor)

  [[nodiscard]] const TensorType* as_tensor() const { return std::get_if<TensorType>(&kind); }
  [[nodiscard]] TensorType* as_tensor() { return std::get_if<TensorType>(&kind); }
  friend bool operator==(const Type& a, const Type& b) { return a.kind == b.kind; }
};

inline bool operator==(const SequenceType& a, const SequenceType& b) { return a.element == b.element; }
inline bool operator==(const OptionalType& a, const OptionalType& b) { return a.element == b.element; }

[[nodiscard]] SequenceType sequence_of(Type element);
[[nodiscard]] OptionalType optional_of(Type element);

/// The parser's syntax.
[[nodiscard]] std::string text(const TensorType& type);
[[nodiscard]] std::string text(const Type& type);
/// `[N, 3, 224, 224]`
[[nodiscard]] std::string text(const Shape& shape);

}  // namespace lathe
