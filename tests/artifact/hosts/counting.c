/* Counts what a model asks of the process: this program's own malloc, mmap and pthread_create stand before those of
 * libc, also for shared libraries. After the first run, which chooses the code for the CPU, nothing may be asked. */
#define _GNU_SOURCE
#include <dirent.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include HEADER

void* __libc_malloc(size_t size);
void* __libc_calloc(size_t count, size_t size);
void* __libc_realloc(void* memory, size_t size);
void* __libc_memalign(size_t alignment, size_t size);

static int calls = 0;

void* malloc(size_t size) {
  ++calls;
  return __libc_malloc(size);
}
void* calloc(size_t count, size_t size) {
  ++calls;
  return __libc_calloc(count, size);
}
void* realloc(void* memory, size_t size) {
  ++calls;
  return __libc_realloc(memory, size);
}
void* aligned_alloc(size_t alignment, size_t size) {
  ++calls;
  return __libc_memalign(alignment, size);
}
void* memalign(size_t alignment, size_t size);
void* memalign(size_t alignment, size_t size) {
  ++calls;
  return __libc_memalign(alignment, size);
}
int posix_memalign(void** memory, size_t alignment, size_t size) {
  ++calls;
  *memory = __libc_memalign(alignment, size);
  return *memory == NULL ? 12 : 0;
}
void* mmap(void* address, size_t length, int protection, int flags, int file, off_t offset) {
  ++calls;
  return (void*)syscall(SYS_mmap, address, length, protection, flags, file, offset);
}
int pthread_create(pthread_t* thread, const pthread_attr_t* attributes, void* (*start)(void*), void* argument) {
  (void)thread;
  (void)attributes;
  (void)start;
  (void)argument;
  fprintf(stderr, "a thread is started\n");
  abort();
}

static int threads(void) {
  DIR* folder = opendir("/proc/self/task");
  int count = 0;
  for (struct dirent* entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
    if (entry->d_name[0] != '.') ++count;
  }
  closedir(folder);
  return count;
}

static float input[16 * 64];
static float output[16 * 10];
_Alignas(64) static char arena[1 << 20];

static int run(void) { return RUN; }
static int run_in(const lathe_execution* execution) { return RUN_IN; }

int main(void) {
  char message[256];
  lathe_execution execution = LATHE_EXECUTION_INIT;
  execution.message = message;
  execution.message_size = sizeof(message);
  if (fread(input, 1, sizeof(input), stdin) == 0) return 2;
  /* The descriptor itself needs nothing, nor does the first run in memory of the host. */
  const int before = calls;
  if (run_in(&execution) != LATHE_OK) return 1;
  const int first = calls - before;
  for (int i = 0; i < 10; ++i) {
    if (run_in(i % 2 == 0 ? &execution : NULL) != LATHE_OK) return 1;
  }
  const int in_arena = calls - before - first;
  const int start = calls;
  for (int i = 0; i < 10; ++i) {
    if (run() != LATHE_OK) return 1;
  }
  const int alone = calls - start;
  printf("first %d run_in %d run %d threads %d\n", first, in_arena, alone, threads());
  return 0;
}
