// The small services of the C ABI: version, status names, failure messages, memory, parallel loops.
#include <sys/mman.h>

#include <cstdint>
#include <cstdlib>

#include "lathe/kernels.h"
#include "runtime/message.h"

namespace {

constexpr size_t kAlignment = 64;
constexpr size_t kHugePage = size_t{2} << 20;

constexpr size_t round_up(size_t bytes, size_t unit) { return (bytes + unit - 1) / unit * unit; }

// `bytes` rounded up for an allocator; at least one unit.
constexpr size_t block_size(size_t bytes) { return bytes == 0 ? kAlignment : round_up(bytes, kAlignment); }

void* allocate_of_process(size_t bytes) {
#if defined(MADV_HUGEPAGE)
  if (bytes >= kHugePage) {
    void* memory = std::aligned_alloc(kHugePage, round_up(bytes, kHugePage));
    // A wish: without it the block works as well. What is left behind the last whole page keeps small ones.
    if (memory != nullptr) madvise(memory, bytes / kHugePage * kHugePage, MADV_HUGEPAGE);
    return memory;
  }
#endif
  return std::aligned_alloc(kAlignment, bytes);
}

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
  if (bytes > SIZE_MAX - kHugePage) return nullptr;
  if (execution != nullptr && execution->allocate != nullptr) {
    return execution->allocate(execution->allocator_context, block_size(bytes), kAlignment);
  }
  return allocate_of_process(block_size(bytes));
}

void lathe_release(const lathe_execution* execution, void* memory, size_t bytes) {
  if (memory == nullptr) return;
  if (execution != nullptr && execution->allocate != nullptr) {
    execution->release(execution->allocator_context, memory, block_size(bytes), kAlignment);
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
