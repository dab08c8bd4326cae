// Names and small facts of kernel IR.
#include "ir/kernel/kernel.h"

#include <algorithm>

#include <fmt/format.h>

#include "ir/base/result.h"

namespace lathe::kernel {

std::string text(ValueType type) {
  return type.lanes == 1 ? std::string(lathe::text(type.element))
                         : fmt::format("{}x{}", lathe::text(type.element), type.lanes);
}

std::string_view text(Access access) {
  switch (access) {
    case Access::In: return "in";
    case Access::Out: return "out";
    case Access::InOut: return "inout";
    case Access::Local: return "local";
  }
  return "";
}

std::string_view text(ReduceKind kind) { return lathe::text(combine_op(kind)); }

ScalarOp combine_op(ReduceKind kind) {
  switch (kind) {
    case ReduceKind::Add: return ScalarOp::Add;
    case ReduceKind::Mul: return ScalarOp::Mul;
    case ReduceKind::Min: return ScalarOp::Min;
    case ReduceKind::Max: return ScalarOp::Max;
    case ReduceKind::And: return ScalarOp::And;
    case ReduceKind::Or: return ScalarOp::Or;
  }
  internal_error("a reduction of no kind", __FILE__, __LINE__);
}

std::string_view text(Relation relation) {
  switch (relation) {
    case Relation::Equal: return "==";
    case Relation::Less: return "<";
    case Relation::LessEqual: return "<=";
  }
  return "";
}

size_t Kernel::parameter_count() const {
  return static_cast<size_t>(std::count_if(buffers.begin(), buffers.end(),
                                           [](const Buffer& buffer) { return buffer.access != Access::Local; }));
}

}  // namespace lathe::kernel
