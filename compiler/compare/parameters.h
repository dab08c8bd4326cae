// Which parameter of one side is which of the other, and equal values for both.
//
// Two names may mean one thing: `conv.weight <-> 0.weight`. The surest sign is used first: one object of one program,
// equal names throughout, equal elements, equal source lines; then the place in the order of execution. Internal to
// compiler/compare.
#pragma once

#include <optional>
#include <vector>

#include "compiler/compare/reading.h"

namespace lathe::comparison {

struct ParameterPair {
  size_t a = 0;  ///< rows of Reading::parameters
  size_t b = 0;
  PairedBy paired = PairedBy::Name;
  bool transposed = false;  ///< matrices that lie the other way round
  bool repeated = false;  ///< one of the two has another partner already: it is used again where the other side repeats
};

struct ParameterMap {
  std::vector<ParameterPair> pairs;  ///< in the order of A's parameters
  std::vector<size_t> only_a;
  std::vector<size_t> only_b;

  [[nodiscard]] const ParameterPair* of_a(size_t parameter) const;
  [[nodiscard]] const ParameterPair* of_b(size_t parameter) const;
  /// The row of two parameters that are each other's.
  [[nodiscard]] const ParameterPair* find(size_t a, size_t b) const;
};

[[nodiscard]] ParameterMap map_parameters(const Side& a, const Reading& reading_a, const Side& b,
                                          const Reading& reading_b);

/// Weights that a model file left out get random elements: true when there were any. They are then initial values.
bool fill_absent(Side& side, uint64_t seed);

/// What give_equal_values did.
struct Equalized {
  bool changed = false;           ///< at least one side had initial values
  bool random_constants = false;  ///< ones and zeros were replaced by random numbers
  bool folded = false;            ///< BatchNorm without a counterpart was set to add its bias only
};

/// Where a side has initial values, it gets those of the other one. When both have, A's are taken; what is one number
/// throughout (the ones and zeros of a BatchNorm) becomes random first, so that nothing hides behind it.
[[nodiscard]] Equalized give_equal_values(Side& a, const Reading& reading_a, Side& b, const Reading& reading_b,
                                          const ParameterMap& map, uint64_t seed);

/// The elements of a parameter now; nullptr when they are absent.
[[nodiscard]] const ConstantData* elements_of(const Module& module, const Parameter& parameter);

/// How far two parameters are apart.
struct ParameterDistance {
  double difference = 0;  ///< largest |a - b|
  double largest = 0;     ///< largest |a|
  int64_t position = -1;  ///< of that difference, among A's elements
  double value_a = 0;
  double value_b = 0;
  int64_t count = 0;  ///< elements that differ by more than rounding
};
/// Nothing when shapes don't agree or elements are absent.
[[nodiscard]] std::optional<ParameterDistance> distance(const Module& a, const Parameter& left, const Module& b,
                                                        const Parameter& right, bool transposed);

}  // namespace lathe::comparison
