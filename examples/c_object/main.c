/* A C program with a network in it: reads an 8x8 image of a digit as text and says which digit it is. */
#include <stdio.h>

#include "digits.h"

int main(void) {
  float image[1][1][8][8];
  float probabilities[1][10];
  float* pixels = &image[0][0][0][0];
  for (int i = 0; i < DIGITS_IMAGE_ELEMENTS; ++i) {
    if (scanf("%f", &pixels[i]) != 1) {
      fprintf(stderr, "there must be %d numbers\n", DIGITS_IMAGE_ELEMENTS);
      return 2;
    }
  }

  /* Before C23, a pointer to arrays becomes one to constant arrays by a cast only. */
  const lathe_status status = digits_run((const float(*)[1][8][8])image, probabilities);
  if (status != LATHE_OK) {
    fprintf(stderr, "the model did not run: %s\n", lathe_status_name(status));
    return 1;
  }

  int best = 0;
  for (int i = 1; i < 10; ++i) {
    if (probabilities[0][i] > probabilities[0][best]) best = i;
  }
  printf("%d (%.1f %%), by code for %s\n", best, 100 * probabilities[0][best], lathe_model_cpu(digits_model()));
  return 0;
}
