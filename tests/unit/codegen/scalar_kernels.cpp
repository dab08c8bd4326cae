// Every scalar operation, cast and bitcast as kernels.
#include "tests/unit/codegen/scalar_kernels.h"

#include <fmt/format.h>

#include "ir/kernel/builder.h"

namespace lathe {
namespace {

using kernel::Access;
using kernel::BufferId;
using kernel::KernelBuilder;
using kernel::ValueId;

constexpr int64_t kNumbers = 71;

}  // namespace

kernel::Kernel all_operations(ElementType element) {
  KernelBuilder b("operations", {});
  std::vector<BufferId> operands;
  for (const char* name : {"a", "b", "c"}) {
    operands.push_back(b.buffer({.name = name, .element = element, .extent = kNumbers, .access = Access::In}));
  }
  const BufferId condition =
      b.buffer({.name = "condition", .element = ElementType::Boolean, .extent = kNumbers, .access = Access::In});
  for (const ScalarOpInfo& row : kScalarOps) {
    if (row.arity == 0 || row.result == ScalarResult::Declared || !element_set(row.operands).contains(element))
      continue;
    const ElementType result = row.result == ScalarResult::Boolean ? ElementType::Boolean : element;
    for (const uint32_t lanes : {1u, 8u}) {
      const BufferId out = b.buffer({.name = fmt::format("{}{}", row.text, lanes),
                                     .element = result,
                                     .extent = kNumbers,
                                     .access = Access::InOut});
      const Dim i = b.open_for({.name = "i", .end = kNumbers, .step = int64_t{lanes}});
      std::vector<ValueId> values;
      for (size_t k = 0; k < row.arity; ++k) {
        const bool is_condition = row.operands == ScalarOperands::Select && k == 0;
        const kernel::LoadOptions options{.lanes = lanes, .active = kNumbers - i, .fill = 1.0};
        values.push_back(b.load(is_condition ? condition : operands[k], i, options));
      }
      b.store(out, i, b.apply(row.op, values), {.active = kNumbers - i});
      b.close_for();
    }
  }
  return std::move(b).finish();
}

kernel::Kernel all_casts(ElementType element) {
  KernelBuilder b("casts", {});
  const BufferId in = b.buffer({.name = "x", .element = element, .extent = kNumbers, .access = Access::In});
  for (const ElementInfo& to : kElementTypes) {
    if (to.type == ElementType::String || to.type == element) continue;
    const bool same_width = to.bits == info(element).bits && to.kind != ElementClass::Boolean &&
                            info(element).kind != ElementClass::Boolean;
    for (const bool bits : {false, true}) {
      if (bits && !same_width) continue;
      const std::string name = fmt::format("{}_{}", bits ? "bits" : "cast", to.text);
      const BufferId out = b.buffer({.name = name, .element = to.type, .extent = kNumbers, .access = Access::InOut});
      const Dim i = b.open_for({.name = "i", .end = kNumbers, .step = 8});
      const ValueId x = b.load(in, i, {.lanes = 8, .active = kNumbers - i});
      b.store(out, i, bits ? b.bitcast(x, to.type) : b.cast(x, to.type), {.active = kNumbers - i});
      b.close_for();
    }
  }
  return std::move(b).finish();
}

}  // namespace lathe
