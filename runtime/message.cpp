// Messages: characters into a buffer that is cut, never overrun.
#include "runtime/message.h"

namespace runtime = lathe::runtime;

void lathe_internal_open_buffer(runtime::Message* message, char* data, size_t size) {
  *message = {.data = data, .size = data != nullptr ? size : 0, .used = 0};
}

void lathe_internal_open_message(runtime::Message* message, const lathe_execution* execution) {
  if (execution == nullptr) {
    lathe_internal_open_buffer(message, nullptr, 0);
  } else {
    lathe_internal_open_buffer(message, execution->message, execution->message_size);
  }
}

void lathe_internal_add_character(runtime::Message* message, char character) {
  if (message->size == 0) return;
  if (message->used + 1 < message->size) message->data[message->used++] = character;
  message->data[message->used] = '\0';
}

void lathe_internal_add_text(runtime::Message* message, const char* text) {
  for (; *text != '\0'; ++text) lathe_internal_add_character(message, *text);
}

void lathe_internal_add_number(runtime::Message* message, int64_t number) {
  char digits[20];
  int count = 0;
  uint64_t rest = number < 0 ? 0 - static_cast<uint64_t>(number) : static_cast<uint64_t>(number);
  do {
    digits[count++] = static_cast<char>('0' + rest % 10);
    rest /= 10;
  } while (rest > 0);
  if (number < 0) lathe_internal_add_character(message, '-');
  while (count > 0) lathe_internal_add_character(message, digits[--count]);
}
