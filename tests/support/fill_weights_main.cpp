// lathe_fill_weights IN.onnx OUT.onnx: gives a topology-only model its weights (see fill_weights.h).
#include <cstdio>

#include "tests/support/fill_weights.h"

int main(int count, char** arguments) {
  if (count != 3) {
    std::fputs("usage: lathe_fill_weights IN.onnx OUT.onnx\n", stderr);
    return 2;
  }
  std::string why;
  const std::optional<size_t> filled = lathe::test::fill_topology(arguments[1], arguments[2], why);
  if (!filled) {
    std::fprintf(stderr, "%s: %s\n", arguments[1], why.c_str());
    return 1;
  }
  std::printf("%s: %zu initializers filled\n", arguments[2], *filled);
  return 0;
}
