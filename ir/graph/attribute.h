// Attributes: the compile-time arguments of an operation.
//
// A row declares its attributes (AttributeDef) in an order; a node stores their values in that order, all present. A
// value is one alternative of the closed sum `Attribute`. Sizes are Dims, so that a reshape may mention symbols.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "ir/base/id.h"
#include "ir/base/type.h"

namespace lathe {

/// A row of the module's table of constants (see constant.h).
using ConstantId = Id<struct ConstantTag>;

using Integers = std::vector<int64_t>;
using Floats = std::vector<double>;

/// The value of an attribute. `std::monostate` is "not given", for attributes whose default is None.
using Attribute = std::variant<std::monostate, bool, int64_t, double, std::string, Integers, Floats, ElementType, Dim,
                               Shape, ConstantId>;

enum class AttributeKind : uint8_t { Boolean, Integer, Float, String, Integers, Floats, Element, Dim, Dims, Constant };

/// Default of an attribute in a constexpr row.
struct Required {};
struct None {};
struct EmptyList {};
using AttributeDefault = std::variant<Required, None, EmptyList, bool, int64_t, double, std::string_view>;

/// Declares one attribute. `choices` closes the set of a String attribute.
struct AttributeDef {
  std::string_view name;
  AttributeKind kind;
  AttributeDefault default_value;
  std::string_view doc;
  std::span<const std::string_view> choices = {};
};

[[nodiscard]] std::string_view text(AttributeKind kind);
/// The declared default as a value; monostate for Required and None.
[[nodiscard]] Attribute default_attribute(const AttributeDef& def);
[[nodiscard]] bool has_kind(const Attribute& value, AttributeKind kind);
/// A total comparison for common-subexpression tests; NaN equals NaN.
[[nodiscard]] bool same_attribute(const Attribute& a, const Attribute& b);

}  // namespace lathe
