// Words for the answer: names of callees, lists, numbers and types as people read them. Internal to compiler/compare.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ir/base/type.h"

namespace lathe::comparison {

/// What the call at bytes [begin, end) of a source calls: `torch.relu`, `x.view`, `.relu` after a longer expression.
/// Empty when the text is no call.
[[nodiscard]] std::string callee_of(std::string_view source, size_t begin, size_t end);
/// A name in backticks, made safe to show.
[[nodiscard]] std::string quoted(std::string_view name);
/// `a, b and c`; of more than `most` the rest is counted: `a, b and 7 more`.
[[nodiscard]] std::string listed(std::span<const std::string> names, size_t most = 8);
/// A number to four digits: `0.4261`, `1.2e-05`.
[[nodiscard]] std::string number(double value);
/// `f32[1,3,24,24]`
[[nodiscard]] std::string compact(const Type& type);
/// `[2,0]`
[[nodiscard]] std::string position_text(int64_t index, const TensorType& type);
/// `one parameter`, `3 parameters`
[[nodiscard]] std::string counted(size_t count, std::string_view noun);

}  // namespace lathe::comparison
