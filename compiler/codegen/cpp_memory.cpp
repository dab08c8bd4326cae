// Loads and stores in C++: contiguous, strided, of a part of the lanes, and of packed 4-bit elements.
#include <fmt/format.h>

#include <algorithm>

#include "compiler/codegen/cpp_emitter.h"

namespace lathe::codegen {
namespace {

/// The element type as it lies in memory.
ElementType stored_as(ElementType element) {
  if (element == ElementType::Boolean) return ElementType::U8;
  if (!is_float(element) || info(element).bits >= 32) return element;
  return info(element).bits == 8 ? ElementType::U8 : ElementType::U16;
}

enum class Lanes : uint8_t { None, Some, All };

Lanes active_lanes(const EmittedAccess<CppInteger>& access, uint32_t lanes) {
  if (!access.active) return Lanes::All;
  if (!access.active->constant) return Lanes::Some;
  if (*access.active->constant <= 0) return Lanes::None;
  return *access.active->constant >= int64_t{lanes} ? Lanes::All : Lanes::Some;
}

}  // namespace

std::string CppEmitter::place(const EmittedAccess<CppInteger>& access) {
  const std::string& buffer = buffers_[access.buffer.index];
  return access.index.constant == 0 ? buffer : fmt::format("{} + {}", buffer, access.index.text);
}

std::string CppEmitter::load(kernel::ValueType type, const EmittedAccess<CppInteger>& access, const ScalarValue& fill) {
  const Lanes active = active_lanes(access, type.lanes);
  if (active == Lanes::None) return constant(type, fill);
  if (info(type.element).bits == 4) {
    const std::string count = active == Lanes::All ? fmt::format("{}", type.lanes) : access.active->text;
    return define(type,
                  fmt::format("load_packed<{}>({}, {}, {}, {}, {})", type_name(type), buffers_[access.buffer.index],
                              access.index.text, access.stride.text, count, number(type.element, fill)));
  }
  const kernel::ValueType stored{stored_as(type.element), type.lanes};
  std::string loaded;
  if (active == Lanes::Some) {
    const bool same = stored.element == type.element;
    const std::string others = same ? number(type.element, fill) : fmt::format("{}u", bits_of(fill));
    loaded = fmt::format("load_active<{}>({}, {}, {}, {})", type_name(stored), place(access), access.stride.text,
                         access.active->text, others);
  } else if (type.lanes == 1) {
    loaded = access.index.constant == 0 ? fmt::format("*{}", buffers_[access.buffer.index])
                                        : fmt::format("{}[{}]", buffers_[access.buffer.index], access.index.text);
  } else if (access.constant_stride == 0) {
    loaded = fmt::format("splat<{}>({}[{}])", type_name(stored), buffers_[access.buffer.index], access.index.text);
  } else if (access.constant_stride == 1) {
    loaded = fmt::format("load<{}>({})", type_name(stored), place(access));
  } else {
    loaded = fmt::format("load_strided<{}>({}, {})", type_name(stored), place(access), access.stride.text);
  }
  if (type.element == ElementType::Boolean) return define(type, fmt::format("to_mask({})", loaded));
  if (stored.element == type.element) return define(type, loaded);
  const std::string words = define(stored, loaded);
  return define(type, bitcast(type, stored.element, words));
}

void CppEmitter::store(kernel::ValueType type, const EmittedAccess<CppInteger>& access, const Value& value) {
  const Lanes active = active_lanes(access, type.lanes);
  if (active == Lanes::None) return;
  if (info(type.element).bits == 4) {
    const std::string count = active == Lanes::All ? fmt::format("{}", type.lanes) : access.active->text;
    line(fmt::format("store_packed({}, {}, {}, {}, {});", buffers_[access.buffer.index], access.index.text,
                     access.stride.text, count, value));
    return;
  }
  const kernel::ValueType stored{stored_as(type.element), type.lanes};
  std::string words = value;
  if (type.element == ElementType::Boolean) {
    words = fmt::format("from_mask<{}>({})", type_name(stored), value);
  } else if (stored.element != type.element) {
    words = bitcast(stored, type.element, value);
  }
  if (active == Lanes::Some) {
    line(fmt::format("store_active<{}>({}, {}, {}, {});", type_name(stored), place(access), access.stride.text,
                     access.active->text, words));
  } else if (type.lanes == 1) {
    line(fmt::format("{}[{}] = {};", buffers_[access.buffer.index], access.index.text, words));
  } else if (access.constant_stride == 1) {
    line(fmt::format("store<{}>({}, {});", type_name(stored), place(access), words));
  } else {
    line(fmt::format("store_strided<{}>({}, {}, {});", type_name(stored), place(access), access.stride.text, words));
  }
}

}  // namespace lathe::codegen
