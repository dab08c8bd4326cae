/* Runs a model that was compiled in this project's build: ends with 0 when the result is right. */
#include "twice.h"

int main(void) {
  const float x[4] = {1, 2, 3, 4};
  float y[4] = {0, 0, 0, 0};
  if (twice_run(x, y) != LATHE_OK) return 1;
  return y[0] == 2.0f && y[3] == 8.0f ? 0 : 2;
}
