// Sentences for callers, put together without memory of our own. The functions are internal to the runtime: their names
// begin with `lathe_internal_` because every external symbol of the archive begins with `lathe_`.
#pragma once

#include <cstddef>
#include <cstdint>

#include "lathe/runtime.h"

namespace lathe::runtime {

// A buffer of `size` bytes that always ends in NUL; what does not fit is cut. `data` may be null: then all is dropped.
struct Message {
  char* data = nullptr;
  size_t size = 0;
  size_t used = 0;
};

}  // namespace lathe::runtime

extern "C" {

// Makes `message` write to a caller's buffer, which may be null and is left as it is until something is added.
void lathe_internal_open_buffer(lathe::runtime::Message* message, char* data, size_t size);

// The same in the buffer of `execution`, which may be null or have none.
void lathe_internal_open_message(lathe::runtime::Message* message, const lathe_execution* execution);

void lathe_internal_add_character(lathe::runtime::Message* message, char character);

void lathe_internal_add_text(lathe::runtime::Message* message, const char* text);

void lathe_internal_add_number(lathe::runtime::Message* message, int64_t number);
}
