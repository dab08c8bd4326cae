// Element types: PyTorch's names and promotion (c10/core/ScalarType.h, "type promotion" in PyTorch's documentation).
#include "compiler/frontend/torch/tensor/element_types.h"

#include <fmt/format.h>

#include <algorithm>

#include "compiler/frontend/torch/tensor/operations.h"

namespace lathe::torch {
namespace {

constexpr DtypeName kNames[] = {
    {"float32", ElementType::F32},   {"float", ElementType::F32},   {"float64", ElementType::F64},
    {"double", ElementType::F64},    {"float16", ElementType::F16}, {"half", ElementType::F16},
    {"bfloat16", ElementType::BF16}, {"int64", ElementType::I64},   {"long", ElementType::I64},
    {"int32", ElementType::I32},     {"int", ElementType::I32},     {"int16", ElementType::I16},
    {"short", ElementType::I16},     {"int8", ElementType::I8},     {"uint8", ElementType::U8},
    {"uint16", ElementType::U16},    {"uint32", ElementType::U32},  {"uint64", ElementType::U64},
    {"bool", ElementType::Boolean},
};

ElementType promote_integers(ElementType a, ElementType b) {
  const ElementInfo& left = info(a);
  const ElementInfo& right = info(b);
  if (left.kind == right.kind) return left.bits >= right.bits ? a : b;
  const ElementInfo& with_sign = left.kind == ElementClass::Signed ? left : right;
  const ElementInfo& without = left.kind == ElementClass::Signed ? right : left;
  if (with_sign.bits > without.bits) return with_sign.type;
  if (without.bits == 8) return ElementType::I16;
  return without.bits == 16 ? ElementType::I32 : ElementType::I64;
}

}  // namespace

std::span<const DtypeName> dtype_names() { return kNames; }

std::string_view dtype_name(ElementType element) {
  for (const DtypeName& row : kNames) {
    if (row.element == element) return row.name;
  }
  return text(element);
}

std::string dtype_text(ElementType element) { return fmt::format("torch.{}", dtype_name(element)); }

NumberCategory category(ElementType element) {
  if (element == ElementType::Boolean) return NumberCategory::Boolean;
  return is_float(element) ? NumberCategory::Float : NumberCategory::Integer;
}

ElementType promote_types(ElementType a, ElementType b) {
  if (a == b) return a;
  const NumberCategory left = category(a);
  const NumberCategory right = category(b);
  if (left != right) return left > right ? a : b;
  if (left == NumberCategory::Integer) return promote_integers(a, b);
  // Neither of f16 and bf16 holds the other.
  if (info(a).bits == info(b).bits) return ElementType::F32;
  return info(a).bits > info(b).bits ? a : b;
}

}  // namespace lathe::torch
