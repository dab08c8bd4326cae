// Names in the text of a graph: unique names for values and constants, made from their hints.
//
// A hint is kept when it is free. Otherwise the first free of `hint.1`, `hint.2` ... is taken, and values without a
// hint get the first free number. Arguments come before the nodes of their region, outer regions before inner ones, in
// program order, so equal modules get equal names. The printer and the parser's lookup of shared constants use this.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "ir/graph/graph.h"

namespace lathe {

/// Hands out names that it has not handed out before.
class NameMaker {
 public:
  /// `hint` when it is free, else `hint.1` and so on; a trailing `.digits` of the hint is counted on.
  std::string unique(std::string_view hint);
  /// The first free number.
  std::string numbered();
  void reserve(std::string_view name) { used_.emplace(name); }

 private:
  std::unordered_set<std::string> used_;
  std::unordered_map<std::string, uint64_t> next_suffix_;
  uint64_t next_number_ = 0;
};

/// The name of every value that an argument or a node defines, by its index; empty for erased ones. No sigils.
[[nodiscard]] std::vector<std::string> value_names(const Module& module);

/// True when the text of a `constant` node spells the elements.
[[nodiscard]] bool is_spelled_inline(const ConstantData& constant);

/// A constant that gets a `data` row, and the name of the row.
struct NamedConstant {
  ConstantId constant;
  std::string name;
};
/// The constants that nodes use and that are not spelled inline, in the order of their first use.
[[nodiscard]] std::vector<NamedConstant> data_constants(const Module& module);

/// `%name` or `@name` with quotes where the name needs them.
[[nodiscard]] std::string with_sigil(char sigil, std::string_view name);

}  // namespace lathe
