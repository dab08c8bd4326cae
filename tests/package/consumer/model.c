/* Runs two models that were compiled in this project's build, one of them with its weights in a file: ends with 0 when
 * the results are right. */
#include <stdio.h>

#include "scale.h"
#include "twice.h"

int main(void) {
  const float x[4] = {1, 2, 3, 4};
  float y[4] = {0, 0, 0, 0};
  char message[256] = "";
  if (twice_run(x, y) != LATHE_OK) return 1;
  if (y[0] != 2.0f || y[3] != 8.0f) return 2;
  if (lathe_model_load_weights(scale_model(), SCALE_WEIGHTS, message, sizeof(message)) != LATHE_OK) {
    fprintf(stderr, "%s\n", message);
    return 3;
  }
  if (scale_run(x, y) != LATHE_OK) return 4;
  lathe_model_release_weights(scale_model());
  return y[0] == 1.0f && y[3] == 4000.0f ? 0 : 5;
}
