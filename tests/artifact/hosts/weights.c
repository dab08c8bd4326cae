/* The digits network with its weights in a file: the arguments name the file ("" loads none) and, for the test of
 * shared memory, the word `wait`, which keeps the process alive until standard input ends. Statuses and sentences are
 * printed. */
#include <stdio.h>
#include <string.h>

#include "digits.h"

int main(int count, char** arguments) {
  static float images[16][1][8][8];
  static float probabilities[16][10];
  char message[512] = "";
  lathe_execution execution = LATHE_EXECUTION_INIT;
  execution.message = message;
  execution.message_size = sizeof(message);
  _Alignas(64) static char arena[DIGITS_ARENA_BYTES + 64];
  if (count < 2 || fread(images, sizeof(images), 1, stdin) != 1) return 2;
  if (arguments[1][0] != '\0') {
    const lathe_status status = lathe_model_load_weights(digits_model(), arguments[1], message, sizeof(message));
    if (status != LATHE_OK) {
      printf("load: %d %s: %s\n", (int)status, lathe_status_name(status), message);
      return 0;
    }
  }
  const lathe_status status = digits_run_in(&execution, (const float(*)[1][8][8])images, probabilities, arena);
  if (status != LATHE_OK) {
    printf("run: %d %s: %s\n", (int)status, lathe_status_name(status), message);
    return 0;
  }
  fwrite(probabilities, sizeof(probabilities), 1, stdout);
  fflush(stdout);
  if (count > 2 && strcmp(arguments[2], "wait") == 0) {
    while (getchar() != EOF) {
    }
  }
  lathe_model_release_weights(digits_model());
  /* After that the weights are gone, and come back. */
  if (digits_run((const float(*)[1][8][8])images, probabilities) != LATHE_NO_WEIGHTS) return 3;
  if (lathe_model_load_weights(digits_model(), arguments[1], message, sizeof(message)) != LATHE_OK) return 4;
  if (digits_run((const float(*)[1][8][8])images, probabilities) != LATHE_OK) return 5;
  lathe_model_release_weights(digits_model());
  return 0;
}
