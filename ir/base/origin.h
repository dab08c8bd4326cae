// Origins: where the number in a Dim came from, for diagnostics.
//
// Every Dim may carry an OriginId. A row of the table says in words what made the number ("out_channels of `conv1`"),
// where, and from which other dims it was computed; those carry origins of their own, so a message can walk back to the
// lines a user wrote. Shape inference adds rows; diagnostics read them. Rows never refer to later rows.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "ir/base/dim.h"
#include "ir/base/location.h"

namespace lathe {

/// How the parents make the number.
enum class OriginRule : uint8_t {
  Declared,  ///< stands in the source: an input's type, a weight's shape, an attribute; no parents
  Copied,    ///< the same number as its only parent, seen through an operation
  Product,   ///< the product of the parents
  Sum,       ///< the sum of the parents
  Computed,  ///< by a formula that `text` states; the parents are what it read
};

struct Origin {
  OriginRule rule = OriginRule::Declared;
  LocationId where;  ///< the source line or model node that made the number
  std::string text;  ///< "axis 1 of input `x`", "kernel_shape", "(20 + 2*0 - 5)/1 + 1"
  std::vector<Dim> parents;
};

class OriginTable {
 public:
  OriginId add(Origin origin) { return rows_.push_back(std::move(origin)); }
  [[nodiscard]] const Origin& operator[](OriginId id) const { return rows_[id]; }
  [[nodiscard]] size_t size() const { return rows_.size(); }

  /// `dim` with an origin of rule Declared.
  [[nodiscard]] Dim declared(const Dim& dim, std::string text, LocationId where);
  /// `dim` with an origin of the given rule.
  [[nodiscard]] Dim derived(const Dim& dim, OriginRule rule, std::string text, LocationId where,
                            std::vector<Dim> parents);

  /// One line: `1600 = 16 (out_channels of `conv1`) x 10 x 10`; just the number when nothing is known of it.
  [[nodiscard]] std::string explain(const Dim& dim) const;

  /// One step of the way back from a number to what declared it.
  struct Step {
    LocationId where;
    std::string text;  ///< a full sentence without a period, with the numbers in it
  };
  /// The steps behind `dim`, nearest first, breadth first, at most `limit`; copies are skipped through.
  [[nodiscard]] std::vector<Step> trace(const Dim& dim, size_t limit) const;

 private:
  [[nodiscard]] const Origin* behind_copies(const Dim& dim) const;
  IdVector<OriginId, Origin> rows_;
};

}  // namespace lathe
