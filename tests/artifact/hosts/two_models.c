/* Two models in one program: one image and ten numbers on standard input, ten probabilities and a number out. */
#include <stdio.h>

#include "digits.h"
#include "mlp.h"

int main(void) {
  static float images[16][1][8][8];
  static float probabilities[16][10];
  float x[1][10];
  float y[1][1];
  if (fread(images, sizeof(images), 1, stdin) != 1 || fread(x, sizeof(x), 1, stdin) != 1) return 2;
  for (int round = 0; round < 3; ++round) {
    if (digits_run((const float(*)[1][8][8])images, probabilities) != LATHE_OK) return 1;
    if (mlp_run((const float(*)[10])x, y) != LATHE_OK) return 1;
  }
  fwrite(probabilities, sizeof(probabilities), 1, stdout);
  return fwrite(y, sizeof(y), 1, stdout) == 1 ? 0 : 2;
}
