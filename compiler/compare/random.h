// SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014): equal numbers everywhere.
// Internal to compiler/compare: its inputs, parameters and the signs of its signatures.
#pragma once

#include <cstdint>

namespace lathe::comparison {

class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}
  uint64_t next() {
    state_ += 0x9E3779B97F4A7C15u;
    uint64_t value = state_;
    value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9u;
    value = (value ^ (value >> 27)) * 0x94D049BB133111EBu;
    return value ^ (value >> 31);
  }
  /// In [0, 1), exact in f32.
  double uniform() { return static_cast<double>(next() >> 40) * 0x1p-24; }

 private:
  uint64_t state_;
};

}  // namespace lathe::comparison
