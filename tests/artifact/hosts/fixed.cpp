// A C++ program with the digits network at a fixed batch, through the class of digits.hpp.
#include <cstdio>

#include "digits.hpp"

int main() {
  static float images[DIGITS_IMAGE_ELEMENTS];
  static float probabilities[DIGITS_PROBABILITIES_ELEMENTS];
  if (std::fread(images, sizeof(images), 1, stdin) != 1) return 2;
  digits::Session session;
  if (session.run(images, probabilities) != LATHE_OK) {
    std::fprintf(stderr, "%s\n", session.message());
    return 1;
  }
  return std::fwrite(probabilities, sizeof(probabilities), 1, stdout) == 1 ? 0 : 2;
}
