// A C++ program with the digits network at the batch that its argument names, through the class of digits.hpp. Spans of
// the wrong size must be refused with a sentence.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "digits.hpp"

int main(int count, char** arguments) {
  const int64_t batch = count > 1 ? std::atoll(arguments[1]) : 1;
  const int64_t inputs = digits_image_elements(batch);
  const int64_t outputs = digits_probabilities_elements(batch);
  if (inputs < 0 || outputs < 0) return 1;
  std::vector<float> images(static_cast<size_t>(inputs));
  std::vector<float> probabilities(static_cast<size_t>(outputs));
  if (std::fread(images.data(), sizeof(float), images.size(), stdin) != images.size()) return 2;
  digits::Session session;
  if (session.run(batch + 1, images, probabilities) != LATHE_INVALID_ARGUMENT) return 3;
  if (std::strstr(session.message(), "image") == nullptr) return 4;
  if (session.run(0, images, probabilities) != LATHE_SHAPE_GUARD_FAILED) return 5;
  if (session.run(batch, images, probabilities) != LATHE_OK) {
    std::fprintf(stderr, "%s\n", session.message());
    return 1;
  }
  return std::fwrite(probabilities.data(), sizeof(float), probabilities.size(), stdout) == probabilities.size() ? 0 : 2;
}
