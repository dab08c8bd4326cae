/* A host with threads of its own: gives a run its parallel_for and its arena, and prints the probabilities of 64 times
 * the 16 images, which must not depend on the threads. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "digits.h"

enum { BATCH = 1024, THREADS = 4 };

typedef struct {
  lathe_task task;
  void* state;
  int64_t begin;
  int64_t end;
} share;

static int jobs = 0;
static int spread = 0;

static void* work(void* argument) {
  const share* mine = argument;
  if (mine->begin < mine->end) mine->task(mine->state, mine->begin, mine->end);
  return NULL;
}

static void spread_over_threads(void* context, int64_t count, int64_t grain, lathe_task task, void* state) {
  if (context != &jobs) abort();
  ++jobs;
  const int64_t grains = (count + grain - 1) / grain;
  const int64_t part = (grains + THREADS - 1) / THREADS * grain;
  pthread_t threads[THREADS];
  share shares[THREADS];
  for (int i = 0; i < THREADS; ++i) {
    const int64_t begin = i * part < count ? i * part : count;
    const int64_t end = begin + part < count ? begin + part : count;
    shares[i] = (share){task, state, begin, end};
    if (begin < end && i > 0) ++spread;
    if (pthread_create(&threads[i], NULL, work, &shares[i]) != 0) abort();
  }
  for (int i = 0; i < THREADS; ++i) pthread_join(threads[i], NULL);
}

static void* refuse_memory(void* context, size_t bytes, size_t alignment) {
  (void)context;
  fprintf(stderr, "asked for %zu bytes aligned to %zu\n", bytes, alignment);
  abort();
}
static void refuse_release(void* context, void* memory, size_t bytes, size_t alignment) {
  (void)context;
  (void)memory;
  (void)bytes;
  (void)alignment;
}

int main(void) {
  static float images[BATCH * 64];
  static float alone[BATCH * 10];
  static float together[BATCH * 10];
  if (fread(images, sizeof(float), 16 * 64, stdin) != 16 * 64) return 2;
  for (int i = 1; i < BATCH / 16; ++i) memcpy(images + i * 16 * 64, images, 16 * 64 * sizeof(float));
  void* arena = aligned_alloc(64, ((size_t)digits_arena_bytes(BATCH) + 64) / 64 * 64);
  lathe_execution execution = LATHE_EXECUTION_INIT;
  execution.allocate = refuse_memory;
  execution.release = refuse_release;
  if (digits_run_in(&execution, BATCH, images, alone, arena) != LATHE_OK || jobs != 0) return 1;
  execution.threads = THREADS;
  execution.parallel_for = spread_over_threads;
  execution.parallel_context = &jobs;
  if (digits_run_in(&execution, BATCH, images, together, arena) != LATHE_OK) return 1;
  free(arena);
  if (jobs == 0 || spread == 0) return 3;
  if (memcmp(alone, together, sizeof(alone)) != 0) return 4;
  return fwrite(together, sizeof(together), 1, stdout) == 1 ? 0 : 2;
}
