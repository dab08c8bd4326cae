// The small services of the C ABI: version, status names, failure messages, memory, parallel loops.
#include <cstdint>
#include <cstdlib>

#include "lathe/kernels.h"
#include "runtime/message.h"

namespace {

constexpr size_t kAlignment = 64;

}  // namespace

int32_t lathe_runtime_version(void) { return LATHE_RUNTIME_VERSION; }

const char* lathe_status_name(lathe_status status) {
  switch (status) {
    case LATHE_OK: return "ok";
    case LATHE_INVALID_ARGUMENT: return "invalid argument";
    case LATHE_SHAPE_GUARD_FAILED: return "shape guard failed";
    case LATHE_OUT_OF_MEMORY: return "out of memory";
    case LATHE_UNSUPPORTED_CPU: return "unsupported CPU";
    case LATHE_UNKNOWN_TARGET: return "unknown target";
    case LATHE_INVALID_VALUE: return "invalid value";
    case LATHE_INTERNAL: return "internal error";
    case LATHE_NO_WEIGHTS: return "weights not loaded";
    default: return "unknown status";
  }
}

const char* lathe_execution_message(const lathe_execution* execution) {
  if (execution == nullptr || execution->message == nullptr || execution->message_size == 0) return "";
  return execution->message;
}

lathe_status lathe_fail(const lathe_execution* execution, lathe_status status, const char* text, const int64_t* values,
                        int32_t value_count) {
  if (execution == nullptr || execution->message == nullptr || execution->message_size == 0) return status;
  lathe::runtime::Message message;
  lathe_internal_open_message(&message, execution);
  message.data[0] = '\0';
  int32_t next = 0;
  for (const char* at = text; *at != '\0'; ++at) {
    if (at[0] == '{' && at[1] == '}' && next < value_count) {
      lathe_internal_add_number(&message, values[next++]);
      ++at;
    } else {
      lathe_internal_add_character(&message, *at);
    }
  }
  return status;
}

void* lathe_allocate(const lathe_execution* execution, size_t bytes) {
  if (bytes > SIZE_MAX - kAlignment) return nullptr;
  const size_t rounded = bytes == 0 ? kAlignment : (bytes + kAlignment - 1) / kAlignment * kAlignment;
  if (execution != nullptr && execution->allocate != nullptr) {
    return execution->allocate(execution->allocator_context, rounded, kAlignment);
  }
  return std::aligned_alloc(kAlignment, rounded);
}

void lathe_release(const lathe_execution* execution, void* memory, size_t bytes) {
  if (memory == nullptr) return;
  if (execution != nullptr && execution->allocate != nullptr) {
    const size_t rounded = bytes == 0 ? kAlignment : (bytes + kAlignment - 1) / kAlignment * kAlignment;
    execution->release(execution->allocator_context, memory, rounded, kAlignment);
    return;
  }
  std::free(memory);
}

void lathe_parallel_for(const lathe_execution* execution, int64_t count, int64_t grain, lathe_task task, void* state) {
  if (count <= 0) return;
  if (grain < 1) grain = 1;
  if (execution == nullptr || execution->parallel_for == nullptr || execution->threads <= 1 || count <= grain) {
    task(state, 0, count);
    return;
  }
  execution->parallel_for(execution->parallel_context, count, grain, task, state);
}
