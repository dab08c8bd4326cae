// A host that opens a shared library of `lathe compile`, maps its weights and runs it once, on inputs of ones.
//
//   lathe_first_result LIBRARY PREFIX WEIGHTS THREADS START
// Prints the milliseconds from START, nanoseconds of the steady clock when it was started, to the first result. All
// symbols are 1.
#include <dlfcn.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "lathe/model.h"

namespace {

int64_t now() { return std::chrono::steady_clock::now().time_since_epoch().count(); }

int fail(const char* what) {
  std::fprintf(stderr, "%s\n", what);
  return 1;
}

/// Memory for a port whose sizes begin at `sizes`; all elements are 1 if it is of floats.
std::vector<float> make_port(const lathe_port& port, const int64_t* sizes) {
  int64_t count = 1;
  for (int32_t i = 0; i < port.rank; ++i) count *= sizes[i];
  return std::vector<float>(static_cast<size_t>(count) * (port.element == LATHE_F32 ? 1 : 2), 1.0f);
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 6) return fail("usage: lathe_first_result LIBRARY PREFIX WEIGHTS THREADS START");
  void* library = dlopen(arguments[1], RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) return fail(dlerror());
  const std::string name = std::string(arguments[2]) + "_model";
  const auto describe = reinterpret_cast<const lathe_model* (*)()>(dlsym(library, name.c_str()));
  if (describe == nullptr) return fail("the library has no such model");
  const lathe_model* model = describe();
  char message[512] = "";
  if (lathe_model_load_weights(model, arguments[3], message, sizeof(message)) != LATHE_OK) return fail(message);

  lathe_execution execution = LATHE_EXECUTION_INIT;
  execution.message = message;
  execution.message_size = sizeof(message);
  lathe_thread_pool* pool = nullptr;
  if (std::atoi(arguments[4]) > 1) {
    if (lathe_thread_pool_create(std::atoi(arguments[4]), &pool) != LATHE_OK) return fail("no thread pool");
    lathe_execution_use_pool(&execution, pool);
  }
  const std::vector<int64_t> symbols(static_cast<size_t>(model->symbol_count) + 1, 1);
  std::vector<int64_t> values(static_cast<size_t>(model->value_count));
  if (lathe_model_sizes(model, &execution, symbols.data(), values.data()) != LATHE_OK) return fail(message);
  std::vector<std::vector<float>> memory;
  std::vector<const void*> inputs;
  std::vector<void*> outputs;
  const int64_t* sizes = values.data() + 1;
  for (int32_t i = 0; i < model->input_count + model->output_count; ++i) {
    const bool is_input = i < model->input_count;
    const lathe_port& port = is_input ? model->inputs[i] : model->outputs[i - model->input_count];
    memory.push_back(make_port(port, sizes));
    sizes += port.rank;
    if (is_input) {
      inputs.push_back(memory.back().data());
    } else {
      outputs.push_back(memory.back().data());
    }
  }
  const auto elapsed = [&] { return static_cast<double>(now() - std::atoll(arguments[5])) / 1e6; };
  const double ready = elapsed();
  if (lathe_model_run(model, &execution, inputs.data(), outputs.data(), nullptr, symbols.data()) != LATHE_OK) {
    return fail(message);
  }
  std::printf("%f %f\n", ready, elapsed());
  lathe_thread_pool_destroy(pool);
  return 0;
}
