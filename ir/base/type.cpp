// Texts and sizes of types.
#include "ir/base/type.h"

#include <fmt/format.h>

#include <algorithm>

namespace lathe {

std::optional<ElementType> parse_element_type(std::string_view text) {
  for (const ElementInfo& row : kElementTypes) {
    if (row.text == text) return row.type;
  }
  return std::nullopt;
}

std::optional<uint64_t> storage_bytes(ElementType type, int64_t count) {
  const uint32_t bits = info(type).bits;
  if (bits == 0 || count < 0) return std::nullopt;
  const auto elements = static_cast<uint64_t>(count);
  if (bits == 4) return elements / 2 + elements % 2;
  uint64_t bytes = 0;
  if (__builtin_mul_overflow(elements, uint64_t{bits / 8}, &bytes)) return std::nullopt;
  return bytes;
}

std::string text(ElementSet set) {
  constexpr struct {
    ElementSet set;
    std::string_view name;
  } kGroups[] = {{kAnyElement, "any element type"},
                 {kAnyNumber, "number"},
                 {kAnyInteger, "integer"},
                 {kAnyFloat, "float"},
                 {kAnySigned, "signed integer"}};
  for (const auto& group : kGroups) {
    if (group.set == set) return std::string(group.name);
  }
  std::string result;
  for (const ElementInfo& row : kElementTypes) {
    if (!set.contains(row.type)) continue;
    if (!result.empty()) result += " or ";
    result += row.text;
  }
  return result;
}

bool TensorType::is_static() const {
  return ranked && std::all_of(dims.begin(), dims.end(), [](const Dim& dim) { return dim.is_constant(); });
}

SequenceType sequence_of(Type element) { return SequenceType{{std::move(element)}}; }
OptionalType optional_of(Type element) { return OptionalType{{std::move(element)}}; }

std::string text(const Shape& shape) {
  std::string result = "[";
  for (size_t i = 0; i < shape.size(); ++i) {
    if (i != 0) result += ", ";
    result += shape[i].text();
  }
  return result + "]";
}

std::string text(const TensorType& type) {
  return std::string(text(type.element)) + (type.ranked ? text(type.dims) : "[*]");
}

std::string text(const Type& type) {
  if (const TensorType* tensor = type.as_tensor()) return text(*tensor);
  std::string prefix;
  std::string suffix;
  const Type* at = &type;
  while (at->as_tensor() == nullptr) {
    const auto* sequence = std::get_if<SequenceType>(&at->kind);
    prefix += sequence != nullptr ? "sequence<" : "optional<";
    suffix += ">";
    at = sequence != nullptr ? &sequence->element.front() : &std::get<OptionalType>(at->kind).element.front();
  }
  return prefix + text(*at->as_tensor()) + suffix;
}

}  // namespace lathe
