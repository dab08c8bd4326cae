// Where the elements of parameters and buffers come from: a matched weights file, a seed, or nowhere.
//
// A random element depends on the seed, the parameter's name and its position alone, by integer arithmetic and
// correctly rounded operations: order of construction, platform and vector width have no influence. The numbers are not
// PyTorch's. The driver (import.cpp) owns one and gives it to the tracer.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "compiler/frontend/torch/tensor/tracer.h"
#include "compiler/frontend/weights/state_dict.h"

namespace lathe::torch {

/// What a parameter has that no weights file gives.
enum class ParameterElements : uint8_t {
  Seeded,  ///< initial values
  Absent,  ///< none, where they would be random: nobody will read them
};

class GivenParameters final : public ParameterSource {
 public:
  GivenParameters(ParameterElements elements, uint64_t seed) : elements_(elements), seed_(seed) {}
  /// Entries as weights::match() returns them; parameters that are not in them keep their initial values.
  void set_weights(weights::StateDict matched) { weights_ = std::move(matched); }
  /// From now on initial values have no elements: the import has failed, and nobody will run the module.
  void leave_out_elements() { elements_ = ParameterElements::Absent; }

  /// Nothing for computed values that the weights don't give. A name of "" stands for a tensor drawn at random that is
  /// no parameter: every call draws another one.
  std::optional<ConstantData> parameter(const std::string& name, const TensorType& type,
                                        const Initialization& initialization) override;

 private:
  ParameterElements elements_;
  uint64_t seed_;
  uint64_t unnamed_ = 0;
  weights::StateDict weights_;
};

/// The random elements of a parameter: uniform in [-bound, bound], or normal with mean 0. `type` is static and of a
/// float or integer type.
[[nodiscard]] ConstantData random_constant(const TensorType& type, const Initialization& initialization, uint64_t seed,
                                           std::string_view name);

/// The quantile of the standard normal distribution at 0 < p < 1, to about seven digits.
[[nodiscard]] double normal_quantile(double p);

}  // namespace lathe::torch
