// Gives a topology-only ONNX model its weights: the fill rule of the shared models' README, bit for bit.
//
// A topology is an ONNX file in which large float initializers have no payload and a doc_string `fill c=<decimal>
// a=<decimal>`. Element i is c + a * t(i), where t comes from splitmix64 seeded with the FNV-1a hash of the name. Used
// by tests and benchmarks, and by the program lathe_fill_weights.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace lathe::test {

/// FNV-1a, 64 bits.
[[nodiscard]] uint64_t name_hash(std::string_view name);

/// Element `index` of the stream of a name, in [-1, 1).
[[nodiscard]] double unit_element(uint64_t hash, uint64_t index);

struct FillSpec {
  double c = 0;
  double a = 0;
  [[nodiscard]] double element(uint64_t hash, uint64_t index) const { return c + a * unit_element(hash, index); }
};
/// Reads `fill c=.. a=..`; nothing for any other text.
[[nodiscard]] std::optional<FillSpec> parse_fill(std::string_view doc_string);

/// Writes a filled copy of `input`. Returns how many initializers were filled, or nothing with the cause in `why`.
[[nodiscard]] std::optional<size_t> fill_topology(const std::string& input, const std::string& output,
                                                  std::string& why);

}  // namespace lathe::test
