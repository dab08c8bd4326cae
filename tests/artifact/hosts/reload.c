/* Loads a library, runs it and closes it, many times: neither mappings nor memory may stay, once the heap of the loader
 * itself has settled. Arguments: the library, and the file of weights if it has one. The images are on standard input.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lathe/model.h"

enum { WARM_UP = 100, ROUNDS = 200 };

static float images[16][1][8][8];
static float probabilities[16][10];
static char before[1 << 18];
static char after[1 << 18];

/* A function of a library; ISO C has no conversion from the pointer that dlsym returns. */
#define LOAD(function, name) (*(void**)&(function) = dlsym(library, (name)), (function) != NULL)

static int once(const char* path, const char* weights) {
  const lathe_model* (*describe)(void);
  lathe_status (*run)(const void*, void*);
  lathe_status (*load)(const lathe_model*, const char*, char*, size_t);
  void (*release)(const lathe_model*);
  void* library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (library == NULL || !LOAD(describe, "digits_model") || !LOAD(run, "digits_run")) return 1;
  if (weights != NULL) {
    if (!LOAD(load, "lathe_model_load_weights") || !LOAD(release, "lathe_model_release_weights")) return 2;
    if (load(describe(), weights, NULL, 0) != LATHE_OK) return 3;
  }
  if (run(images, probabilities) != LATHE_OK) return 4;
  if (weights != NULL) release(describe());
  if (dlclose(library) != 0) return 5;
  return dlopen(path, RTLD_NOW | RTLD_NOLOAD) == NULL ? 0 : 6;
}

/* A file of /proc into a buffer; without the C library's streams, which allocate. */
static void read_file(const char* path, char* buffer, size_t size) {
  const int file = open(path, O_RDONLY);
  size_t used = 0;
  for (ssize_t count = 1; count > 0 && used + 1 < size; used += (size_t)count) {
    count = read(file, buffer + used, size - used - 1);
    if (count < 0) break;
  }
  buffer[used] = '\0';
  close(file);
}

static long resident_kib(void) {
  static char status[1 << 14];
  read_file("/proc/self/status", status, sizeof(status));
  const char* line = strstr(status, "VmRSS:");
  long kib = -1;
  if (line != NULL) sscanf(line, "VmRSS: %ld", &kib);
  return kib;
}

int main(int count, char** arguments) {
  const char* weights = count > 2 ? arguments[2] : NULL;
  if (count < 2 || read(STDIN_FILENO, images, sizeof(images)) != (ssize_t)sizeof(images)) return 20;
  for (int i = 0; i < WARM_UP; ++i) {
    const int fault = once(arguments[1], weights);
    if (fault != 0) return fault;
  }
  resident_kib();
  read_file("/proc/self/maps", after, sizeof(after));
  read_file("/proc/self/maps", before, sizeof(before));
  const long start = resident_kib();
  for (int i = 0; i < ROUNDS; ++i) {
    const int fault = once(arguments[1], weights);
    if (fault != 0) return fault;
  }
  const long end = resident_kib();
  read_file("/proc/self/maps", after, sizeof(after));
  printf("grown by %ld KiB\n", end - start);
  if (strcmp(before, after) != 0) {
    printf("before:\n%safter:\n%s", before, after);
    return 10;
  }
  return end - start <= 64 ? 0 : 11;
}
