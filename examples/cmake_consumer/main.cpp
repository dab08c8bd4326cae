// Classifies images of digits, all in one call: the batch is what the file has. Images are 64 floats each, as raw bytes
// in the file that the argument names.
#include <algorithm>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <vector>

#include "digits.hpp"

int main(int count, char** arguments) {
  if (count != 2) {
    std::fputs("usage: classify IMAGES\n", stderr);
    return 2;
  }
  std::ifstream file(arguments[1], std::ios::binary);
  const std::vector<char> bytes(std::istreambuf_iterator<char>(file), {});
  std::vector<float> images(bytes.size() / sizeof(float));
  std::copy_n(bytes.data(), images.size() * sizeof(float), reinterpret_cast<char*>(images.data()));

  const auto batch = static_cast<int64_t>(images.size() / 64);
  std::vector<float> probabilities(static_cast<size_t>(batch) * 10);
  digits::Session session;
  if (session.run(batch, images, probabilities) != LATHE_OK) {
    std::fprintf(stderr, "%s\n", session.message());
    return 1;
  }
  for (auto row = probabilities.begin(); row != probabilities.end(); row += 10) {
    std::printf("%d\n", static_cast<int>(std::max_element(row, row + 10) - row));
  }
  return 0;
}
