/* Asks for and forces the code that a model runs. Prints the chosen CPU, then the result of selecting the CPU that the
 * first argument names (if there is one), the CPU after that, and how a run ended; the probabilities follow. */
#include <stdio.h>

#include "digits.h"

int main(int count, char** arguments) {
  static float images[16][1][8][8];
  static float probabilities[16][10];
  static _Alignas(64) char arena[DIGITS_ARENA_BYTES + 64];
  if (fread(images, sizeof(images), 1, stdin) != 1) return 2;
  const lathe_model* model = digits_model();
  for (int32_t i = 0; i < model->variant_count; ++i) printf("%s%s", i > 0 ? "," : "code ", model->variants[i].cpu);
  const char* cpu = lathe_model_cpu(model);
  printf("\nchosen %s\n", cpu != NULL ? cpu : "none");
  char message[512] = "";
  if (count > 1) {
    const lathe_status status = lathe_model_select_cpu(model, arguments[1], message, sizeof(message));
    printf("select %d %s\n", (int)status, message);
    cpu = lathe_model_cpu(model);
    printf("now %s\n", cpu != NULL ? cpu : "none");
  }
  lathe_execution execution = LATHE_EXECUTION_INIT;
  message[0] = '\0';
  execution.message = message;
  execution.message_size = sizeof(message);
  const lathe_status status = digits_run_in(&execution, (const float(*)[1][8][8])images, probabilities, arena);
  printf("run %d %s\n", (int)status, message);
  fwrite(probabilities, sizeof(probabilities), 1, stdout);
  return 0;
}
