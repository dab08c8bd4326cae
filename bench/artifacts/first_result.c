/* A host that opens a shared library of `lathe compile`, maps its weights and runs it once, on inputs of ones.
 *
 *   lathe_first_result LIBRARY PREFIX WEIGHTS THREADS START
 * Prints the milliseconds from START, nanoseconds of the monotonic clock when it was started, to where the model is
 * ready to run and to the first result. All symbols are 1. Plain C, as small as hosts are: what it needs beside the
 * library is in the time. */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lathe/model.h"

typedef const lathe_model* (*describe_fn)(void);

static int fail(const char* what) {
  fprintf(stderr, "%s\n", what);
  return 1;
}

static double elapsed(long long start) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return ((double)now.tv_sec * 1e9 + (double)now.tv_nsec - (double)start) / 1e6;
}

/* Memory for a port whose sizes begin at `sizes`; all elements are 1 if it is of floats. */
static void* make_port(const lathe_port* port, const int64_t* sizes) {
  size_t count = 1;
  for (int32_t i = 0; i < port->rank; ++i) count *= (size_t)sizes[i];
  float* elements = calloc(count, 8);
  if (elements == NULL || port->element != LATHE_F32) return elements;
  for (size_t i = 0; i < count; ++i) elements[i] = 1.0f;
  return elements;
}

int main(int count, char** arguments) {
  if (count != 6) return fail("usage: lathe_first_result LIBRARY PREFIX WEIGHTS THREADS START");
  const long long start = atoll(arguments[5]);
  void* library = dlopen(arguments[1], RTLD_NOW | RTLD_LOCAL);
  if (library == NULL) return fail(dlerror());
  char name[256];
  snprintf(name, sizeof(name), "%s_model", arguments[2]);
  describe_fn describe = NULL;
  void* symbol = dlsym(library, name);
  if (symbol == NULL) return fail("the library has no such model");
  memcpy(&describe, &symbol, sizeof(describe));
  const lathe_model* model = describe();
  char message[512] = "";
  if (lathe_model_load_weights(model, arguments[3], message, sizeof(message)) != LATHE_OK) return fail(message);

  lathe_execution execution = LATHE_EXECUTION_INIT;
  execution.message = message;
  execution.message_size = sizeof(message);
  lathe_thread_pool* pool = NULL;
  if (atoi(arguments[4]) > 1) {
    if (lathe_thread_pool_create(atoi(arguments[4]), &pool) != LATHE_OK) return fail("no thread pool");
    lathe_execution_use_pool(&execution, pool);
  }
  int64_t symbols[64];
  if (model->symbol_count > 64) return fail("the model has too many symbols");
  for (int i = 0; i < 64; ++i) symbols[i] = 1;
  int64_t* values = calloc((size_t)model->value_count + 1, sizeof(int64_t));
  const int32_t ports = model->input_count + model->output_count;
  void** memory = calloc((size_t)ports + 1, sizeof(void*));
  if (values == NULL || memory == NULL) return fail("no memory");
  if (lathe_model_sizes(model, &execution, symbols, values) != LATHE_OK) return fail(message);
  const int64_t* sizes = values + 1;
  for (int32_t i = 0; i < ports; ++i) {
    const int is_input = i < model->input_count;
    const lathe_port* port = is_input ? &model->inputs[i] : &model->outputs[i - model->input_count];
    memory[i] = make_port(port, sizes);
    if (memory[i] == NULL) return fail("no memory");
    sizes += port->rank;
  }
  const double ready = elapsed(start);
  if (lathe_model_run(model, &execution, (const void* const*)memory, memory + model->input_count, NULL, symbols) !=
      LATHE_OK) {
    return fail(message);
  }
  printf("%f %f\n", ready, elapsed(start));
  lathe_thread_pool_destroy(pool);
  free(memory);
  free(values);
  return 0;
}
