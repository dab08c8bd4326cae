// The hand-written model.
#include "tests/unit/runtime/model_support.h"

#include <utility>

namespace lathe::runtime::test {
namespace {

constexpr float kScale = 2.0f;

// Saturating, as the emitters write it.
int64_t times(int64_t a, int64_t b) {
  int64_t product = 0;
  return __builtin_mul_overflow(a, b, &product) ? INT64_MAX : product;
}

void pair_sizes(const int64_t* symbols, int64_t* values) {
  values[0] = times(64, symbols[0]);
  values[1] = symbols[0];
  values[2] = 3;
  values[3] = times(2, symbols[0]);
  values[4] = symbols[0];
}

}  // namespace

lathe_status run_pair(const lathe_execution*, const void* const* inputs, void* const* outputs, const void* const* data,
                      void* arena, const int64_t* symbols) {
  const auto* image = static_cast<const float*>(inputs[0]);
  const auto* twice = static_cast<const float*>(inputs[1]);
  auto* sums = static_cast<float*>(arena);
  for (int64_t i = 0; i < symbols[0]; ++i) sums[i] = image[3 * i] + image[3 * i + 1] + image[3 * i + 2];
  const float scale = *static_cast<const float*>(data[0]);
  for (int64_t i = 0; i < symbols[0]; ++i) {
    static_cast<float*>(outputs[0])[i] = scale * sums[i] + twice[2 * i] + twice[2 * i + 1];
  }
  return LATHE_OK;
}

lathe_status run_pair_better(const lathe_execution* execution, const void* const* inputs, void* const* outputs,
                             const void* const* data, void* arena, const int64_t* symbols) {
  return run_pair(execution, inputs, outputs, data, arena, symbols);
}

PairModel::PairModel() {
  data[0] = &kScale;
  model.struct_size = sizeof(lathe_model);
  model.runtime_version = LATHE_RUNTIME_VERSION;
  model.name = "pair";
  model.inputs = inputs;
  model.outputs = outputs;
  model.symbols = symbols;
  model.sizes = &pair_sizes;
  model.data = data;
  model.state = &state;
  model.input_count = 2;
  model.output_count = 1;
  model.symbol_count = 1;
  model.data_count = 1;
  model.value_count = 5;
  set_variants({{"base", "", &run_pair}});
}

void PairModel::set_variants(std::vector<lathe_variant> rows) {
  variants = std::move(rows);
  model.variants = variants.data();
  model.variant_count = static_cast<int32_t>(variants.size());
}

}  // namespace lathe::runtime::test
