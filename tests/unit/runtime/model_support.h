// Models written by hand, as `lathe compile` would emit them, for the tests of lathe/model.h.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "lathe/kernels.h"
#include "lathe/model.h"

namespace lathe::runtime::test {

// Sums an image over its rows: `y[N] = scale * sum over axis 1 of image[N, 3]`, with `twice[2*N]` next to it, which it
// adds in pairs. `scale` is row 0 of the data. N is between 1 and 1000000; an arena of 64 * N bytes takes the sums.
class PairModel {
 public:
  PairModel();
  PairModel(const PairModel&) = delete;
  PairModel& operator=(const PairModel&) = delete;

  lathe_model model = {};
  lathe_model_state state = {};
  std::vector<lathe_variant> variants;
  lathe_axis image_axes[2] = {{-1, "N"}, {3, "3"}};
  lathe_axis twice_axes[1] = {{-1, "2*N"}};
  lathe_axis output_axes[1] = {{-1, "N"}};
  lathe_port inputs[2] = {{"image", image_axes, 2, LATHE_F32}, {"twice", twice_axes, 1, LATHE_F32}};
  lathe_port outputs[1] = {{"y", output_axes, 1, LATHE_F32}};
  lathe_symbol symbols[1] = {{"N", 1, 1000000, 0, 0}};
  const void* data[1] = {nullptr};
  lathe_data_row data_rows[1] = {{64, 4}};

  // Makes `variants` those of the model.
  void set_variants(std::vector<lathe_variant> rows);
};

// What the program of the hand-written model does; others below differ in name only, to be told apart.
lathe_status run_pair(const lathe_execution* execution, const void* const* inputs, void* const* outputs,
                      const void* const* data, void* arena, const int64_t* symbols);
lathe_status run_pair_better(const lathe_execution* execution, const void* const* inputs, void* const* outputs,
                             const void* const* data, void* arena, const int64_t* symbols);

// An execution with a buffer for its sentence.
struct ListeningExecution {
  char message[512] = "";
  lathe_execution execution = LATHE_EXECUTION_INIT;

  ListeningExecution() {
    execution.message = message;
    execution.message_size = sizeof(message);
  }
  ListeningExecution(const ListeningExecution&) = delete;
  ListeningExecution& operator=(const ListeningExecution&) = delete;
};

}  // namespace lathe::runtime::test
