/* A C program with the digits network at the batch that its argument names. Runs twice: with memory of the model's, and
 * with an arena of its own; both must give the same. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "digits.h"

int main(int count, char** arguments) {
  const int64_t batch = count > 1 ? strtoll(arguments[1], NULL, 10) : 1;
  const int64_t inputs = digits_image_elements(batch);
  const int64_t outputs = digits_probabilities_elements(batch);
  const int64_t arena_bytes = digits_arena_bytes(batch);
  if (inputs < 0 || outputs < 0 || arena_bytes < 0) {
    fprintf(stderr, "%lld is no batch\n", (long long)batch);
    return 1;
  }
  const size_t output_bytes = (size_t)outputs * sizeof(float);
  float* images = malloc((size_t)inputs * sizeof(float));
  float* first = malloc(output_bytes);
  float* second = malloc(output_bytes);
  void* arena = aligned_alloc(64, ((size_t)arena_bytes + 64) / 64 * 64);
  if (fread(images, sizeof(float), (size_t)inputs, stdin) != (size_t)inputs) return 2;
  char message[256] = "";
  lathe_execution execution = LATHE_EXECUTION_INIT;
  execution.message = message;
  execution.message_size = sizeof(message);
  lathe_status status = digits_run(batch, images, first);
  if (status == LATHE_OK) status = digits_run_in(&execution, batch, images, second, arena);
  if (status != LATHE_OK || memcmp(first, second, output_bytes) != 0) {
    fprintf(stderr, "%s %s\n", lathe_status_name(status), message);
    return 1;
  }
  const size_t written = fwrite(first, sizeof(float), (size_t)outputs, stdout);
  free(images);
  free(first);
  free(second);
  free(arena);
  return written == (size_t)outputs ? 0 : 2;
}
