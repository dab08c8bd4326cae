/* A C program with the digits network at a fixed batch: images on standard input, probabilities on standard output. */
#include <stdio.h>

#include "digits.h"

static float images[16][1][8][8];
static float probabilities[16][10];

_Static_assert(sizeof(images) == DIGITS_IMAGE_BYTES, "the header tells the size of the input");
_Static_assert(sizeof(probabilities) / sizeof(float) == DIGITS_PROBABILITIES_ELEMENTS, "and of the output");

int main(void) {
  if (fread(images, sizeof(images), 1, stdin) != 1) return 2;
  /* Before C23 a pointer to arrays that are not constant needs a cast to become one to constant arrays. */
  const lathe_status status = digits_run((const float(*)[1][8][8])images, probabilities);
  if (status != LATHE_OK) {
    fprintf(stderr, "%s\n", lathe_status_name(status));
    return 1;
  }
  return fwrite(probabilities, sizeof(probabilities), 1, stdout) == 1 ? 0 : 2;
}
