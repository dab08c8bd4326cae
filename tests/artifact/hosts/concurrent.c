/* Eight threads run one model at the same time, each with an arena of its own and a different order of images; all must
 * give the bits that one thread gives. The model's first call is among those that run at the same time. */
#define _POSIX_C_SOURCE 200809L
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "digits.h"

enum { THREADS = 8, ROUNDS = 40, IMAGES = 16, PIXELS = 64, CLASSES = 10 };

static float images[IMAGES * PIXELS];
static float results[THREADS][ROUNDS][IMAGES * CLASSES];
static pthread_barrier_t barrier;

static void* work(void* argument) {
  const int thread = *(const int*)argument;
  void* arena = aligned_alloc(64, ((size_t)digits_arena_bytes(IMAGES) + 64) / 64 * 64);
  char message[256] = "";
  lathe_execution execution = LATHE_EXECUTION_INIT;
  execution.message = message;
  execution.message_size = sizeof(message);
  pthread_barrier_wait(&barrier);
  for (int round = 0; round < ROUNDS; ++round) {
    /* Batches of all sizes: the first images, then the rest. */
    const int first = (thread + round) % IMAGES;
    float* result = results[thread][round];
    lathe_status status = LATHE_OK;
    if (first > 0) status = digits_run_in(&execution, first, images, result, arena);
    if (status == LATHE_OK) {
      status = digits_run_in(&execution, IMAGES - first, images + first * PIXELS, result + first * CLASSES, arena);
    }
    if (status != LATHE_OK || lathe_model_cpu(digits_model()) == NULL) {
      fprintf(stderr, "thread %d: %s %s\n", thread, lathe_status_name(status), message);
      exit(1);
    }
  }
  free(arena);
  return NULL;
}

int main(void) {
  if (fread(images, sizeof(images), 1, stdin) != 1) return 2;
  pthread_t threads[THREADS];
  int numbers[THREADS];
  pthread_barrier_init(&barrier, NULL, THREADS);
  for (int i = 0; i < THREADS; ++i) {
    numbers[i] = i;
    if (pthread_create(&threads[i], NULL, work, &numbers[i]) != 0) return 2;
  }
  for (int i = 0; i < THREADS; ++i) pthread_join(threads[i], NULL);
  static float alone[IMAGES * CLASSES];
  if (digits_run(IMAGES, images, alone) != LATHE_OK) return 1;
  for (int i = 0; i < THREADS * ROUNDS; ++i) {
    if (memcmp(results[i / ROUNDS][i % ROUNDS], alone, sizeof(alone)) != 0) return 3;
  }
  return fwrite(alone, sizeof(alone), 1, stdout) == 1 ? 0 : 2;
}
