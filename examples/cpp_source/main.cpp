// A C++ program with a network in it: reads an 8x8 image of a digit as text and says which digit it is.
#include <algorithm>
#include <array>
#include <cstdio>

#include "digits.hpp"

int main() {
  std::array<float, DIGITS_IMAGE_ELEMENTS> image;
  for (float& pixel : image) {
    if (std::scanf("%f", &pixel) != 1) return 2;
  }
  std::array<float, DIGITS_PROBABILITIES_ELEMENTS> probabilities;
  digits::Session session;
  if (session.run(image, probabilities) != LATHE_OK) {
    std::fprintf(stderr, "%s\n", session.message());
    return 1;
  }
  const auto best = std::max_element(probabilities.begin(), probabilities.end());
  std::printf("%d (%.1f %%)\n", static_cast<int>(best - probabilities.begin()), 100 * static_cast<double>(*best));
  return 0;
}
