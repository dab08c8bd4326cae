// Random kernels, compiled and interpreted, within a time budget: the bits must agree, and the text must round trip.
//
// LATHE_FUZZ_SECONDS sets the budget (default 6), LATHE_FUZZ_SEED the first seed. A failure prints the seed and the
// kernel, which can be run alone with LATHE_FUZZ_SECONDS=0 (one kernel).
#include <chrono>
#include <cstdlib>

#include <gtest/gtest.h>

#include "ir/kernel/text.h"
#include "tests/unit/codegen/kernel_runner.h"
#include "tests/unit/codegen/random_kernel.h"

namespace lathe {
namespace {

int64_t setting(const char* name, int64_t otherwise) {
  const char* value = std::getenv(name);
  return value == nullptr ? otherwise : std::atoll(value);
}

TEST(KernelFuzz, CompiledEqualsInterpreted) {
  const auto seconds = std::chrono::seconds(setting("LATHE_FUZZ_SECONDS", 6));
  const auto start = std::chrono::steady_clock::now();
  auto seed = static_cast<uint64_t>(setting("LATHE_FUZZ_SEED", 1));
  int runs = 0;
  do {
    const RandomKernel random = random_kernel(seed);
    const RunOptions options{
        .fill = seed % 2 == 0 ? Fill::Special : Fill::Small, .seed = seed, .threads = seed % 3 == 0 ? 4 : 1};
    ASSERT_EQ(compare_kernel(random.kernel, random.sizes, options), "")
        << "seed " << seed << ", sizes " << random.sizes[0] << ", " << random.sizes[1] << "\n"
        << print(random.kernel);
    LocationTable locations;
    Diagnostics diagnostics;
    const FileId file = locations.add_file("fuzz.lathe", print(random.kernel));
    const auto parsed = kernel::parse_kernel(locations.file(file).text, file, locations, diagnostics);
    ASSERT_TRUE(parsed.ok()) << diagnostics.all()[0].message << "\n" << print(random.kernel);
    ASSERT_EQ(print(*parsed), print(random.kernel)) << "seed " << seed;
    ++seed;
    ++runs;
  } while (std::chrono::steady_clock::now() - start < seconds);
  RecordProperty("kernels", runs);
}

}  // namespace
}  // namespace lathe
