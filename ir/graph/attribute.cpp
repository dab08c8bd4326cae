// Kinds, defaults and comparison of attributes.
#include "ir/graph/attribute.h"

#include <algorithm>
#include <bit>

namespace lathe {

std::string_view text(AttributeKind kind) {
  switch (kind) {
    case AttributeKind::Boolean: return "bool";
    case AttributeKind::Integer: return "integer";
    case AttributeKind::Float: return "float";
    case AttributeKind::String: return "string";
    case AttributeKind::Integers: return "list of integers";
    case AttributeKind::Floats: return "list of floats";
    case AttributeKind::Element: return "element type";
    case AttributeKind::Dim: return "dim";
    case AttributeKind::Dims: return "list of dims";
    case AttributeKind::Constant: return "constant";
  }
  return "attribute";
}

Attribute default_attribute(const AttributeDef& def) {
  struct Visitor {
    AttributeKind kind;
    Attribute operator()(Required) const { return {}; }
    Attribute operator()(None) const { return {}; }
    Attribute operator()(EmptyList) const {
      if (kind == AttributeKind::Floats) return Floats{};
      if (kind == AttributeKind::Dims) return Shape{};
      return Integers{};
    }
    Attribute operator()(bool value) const { return value; }
    Attribute operator()(int64_t value) const {
      if (kind == AttributeKind::Dim) return Dim(value);
      if (kind == AttributeKind::Float) return static_cast<double>(value);
      return value;
    }
    Attribute operator()(double value) const { return value; }
    Attribute operator()(std::string_view value) const {
      if (kind == AttributeKind::Element) return *parse_element_type(value);
      return std::string(value);
    }
  };
  return std::visit(Visitor{def.kind}, def.default_value);
}

bool has_kind(const Attribute& value, AttributeKind kind) {
  switch (kind) {
    case AttributeKind::Boolean: return std::holds_alternative<bool>(value);
    case AttributeKind::Integer: return std::holds_alternative<int64_t>(value);
    case AttributeKind::Float: return std::holds_alternative<double>(value);
    case AttributeKind::String: return std::holds_alternative<std::string>(value);
    case AttributeKind::Integers: return std::holds_alternative<Integers>(value);
    case AttributeKind::Floats: return std::holds_alternative<Floats>(value);
    case AttributeKind::Element: return std::holds_alternative<ElementType>(value);
    case AttributeKind::Dim: return std::holds_alternative<Dim>(value);
    case AttributeKind::Dims: return std::holds_alternative<Shape>(value);
    case AttributeKind::Constant: return std::holds_alternative<ConstantId>(value);
  }
  return false;
}

bool same_attribute(const Attribute& a, const Attribute& b) {
  if (a.index() != b.index()) return false;
  const auto same_bits = [](double x, double y) { return std::bit_cast<uint64_t>(x) == std::bit_cast<uint64_t>(y); };
  if (const auto* x = std::get_if<double>(&a)) return same_bits(*x, std::get<double>(b));
  if (const auto* x = std::get_if<Floats>(&a)) {
    const Floats& y = std::get<Floats>(b);
    return std::equal(x->begin(), x->end(), y.begin(), y.end(), same_bits);
  }
  return a == b;
}

}  // namespace lathe
