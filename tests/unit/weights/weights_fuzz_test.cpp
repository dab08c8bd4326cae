// Damaged weights files of every format, within a time budget: every read must end soon, with a state dict whose
// tensors can be read or with a diagnostic.
//
// LATHE_FUZZ_SECONDS sets the budget (default 4), LATHE_FUZZ_SEED the first seed. A failure prints the seed; with
// LATHE_FUZZ_SECONDS=0 that one file runs alone. Good files are assembled here, and taken from the shared models where
// they are small; a mutation flips bytes, repeats, moves and cuts pieces, or puts numbers that are often wrong.
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <random>
#include <sstream>

#include "gtest/gtest.h"
#include "compiler/frontend/weights/state_dict.h"
#include "tests/support/shared_data.h"
#include "tests/unit/weights/pickle_writer.h"

namespace lathe::weights {
namespace {

using test::little;
using test::Pickle;

int64_t setting(const char* name, int64_t otherwise) {
  const char* value = std::getenv(name);
  return value == nullptr ? otherwise : std::atoll(value);
}

std::string pickle_of_everything() {
  Pickle pickle;
  pickle.raw("}q\x01(").text("epoch").raw("K\x03").text("lr").raw(std::string("G\x3f\xe0\x00\x00\x00\x00\x00\x00", 9));
  pickle.text("model").global("collections", "OrderedDict").raw(")R(");
  pickle.text("w").tensor({.count = 6, .sizes = {2, 3}, .strides = {3, 1}});
  pickle.text("t").tensor({.count = 6, .sizes = {3, 2}, .strides = {1, 3}});
  pickle.text("e").tensor({.count = 6, .offset = 2, .sizes = {4, 4}, .strides = {0, 0}});
  pickle.text("i").tensor({.type = "LongStorage", .key = "1", .count = 1});
  pickle.raw("u}").text("_metadata").raw("}").text("").raw("}").text("version").raw("K\x02sssb");
  return pickle.text("list")
      .raw(
          "](NN\x88"
          "e")
      .raw("u")
      .end();
}

std::string protocol_4() {
  return "\x80\x04\x95" + little(21, 8) +
         "}\x94(\x8c\x01"
         "a\x94K\x01\x8c\x01"
         "b\x94(K\x02\x90\x93\x94u.";
}

std::vector<std::string> good_files() {
  const std::string six(24, '\x3f');
  const std::string one(8, '\x01');
  const std::string pickle = pickle_of_everything();
  const std::string header =
      R"({"__metadata__":{"format":"pt"},"a":{"dtype":"F32","shape":[2,2],"data_offsets":[0,16]},)"
      R"("b":{"dtype":"U8","shape":[],"data_offsets":[16,17]}})";
  const std::string npy_header = "{'descr': '<f4', 'fortran_order': True, 'shape': (2, 3), }\n";
  const std::string npy = std::string("\x93NUMPY\x01\0", 8) + little(npy_header.size(), 2) + npy_header + six;
  std::vector<std::string> files = {
      test::torch_zip(pickle, {{"0", six}, {"1", one}}),
      test::torch_legacy(pickle, {{"0", 6, six}, {"1", 1, one}}),
      pickle,
      protocol_4(),
      little(header.size(), 8) + header + std::string(17, 'x'),
      test::zip({{"w.npy", npy, npy}, {"d.npy", test::deflate(npy), npy, 8}}),
  };
  for (const std::string name : {"views/views.pth", "views/views_legacy.pth", "views/views.safetensors",
                                 "miniresnet/miniresnet.pth", "miniresnet/miniresnet.safetensors"}) {
    const std::optional<std::filesystem::path> path = test::find_shared("models/statedicts/" + name);
    if (!path) continue;
    std::ifstream stream(*path, std::ios::binary);
    std::stringstream content;
    content << stream.rdbuf();
    files.push_back(content.str());
  }
  return files;
}

class Mutation {
 public:
  explicit Mutation(uint64_t seed) : random_(seed) {}

  std::string file(const std::vector<std::string>& good) {
    std::string bytes = good[below(good.size())];
    for (size_t changes = 1 + below(6); changes > 0 && !bytes.empty(); --changes) change(bytes, good);
    return bytes;
  }

 private:
  size_t below(size_t end) { return static_cast<size_t>(random_() % end); }

  /// Mostly near the beginning or the end, where formats keep what matters.
  size_t place(const std::string& bytes) {
    const size_t window = std::min<size_t>(bytes.size(), 2000);
    switch (below(3)) {
      case 0: return below(window);
      case 1: return bytes.size() - 1 - below(window);
      default: return below(bytes.size());
    }
  }

  void change(std::string& bytes, const std::vector<std::string>& good) {
    const size_t at = place(bytes);
    const size_t length = std::min(bytes.size() - at, 1 + below(40));
    switch (below(7)) {
      case 0: bytes[at] = static_cast<char>(random_()); break;
      case 1: bytes[at] = static_cast<char>(bytes[at] ^ (1 << below(8))); break;
      case 2: bytes.erase(at, length); break;
      case 3: bytes.insert(at, bytes.substr(place(bytes), length)); break;
      case 4: {
        const std::string& other = good[below(good.size())];
        bytes.replace(at, length, other.substr(below(other.size()), length));
        break;
      }
      case 5: {
        constexpr uint64_t kNumbers[] = {0,
                                         1,
                                         0x7f,
                                         0xff,
                                         0x7fff,
                                         0xffff,
                                         0x7fffffff,
                                         0xffffffff,
                                         1u << 28u,
                                         uint64_t{1} << 40u,
                                         uint64_t{1} << 62u,
                                         INT64_MAX,
                                         UINT64_MAX};
        const std::string number = little(kNumbers[below(std::size(kNumbers))], 1 << below(4));
        bytes.replace(at, std::min(number.size(), bytes.size() - at), number);
        break;
      }
      default: bytes.resize(at); break;
    }
  }

  std::mt19937_64 random_;
};

/// Reads a copy that has exactly the size of the file, so that the address sanitizer sees its ends.
Result<StateDict> read(const std::string& file, Diagnostics& diagnostics) {
  const std::shared_ptr<std::byte[]> copy(new std::byte[file.size()]);
  std::memcpy(copy.get(), file.data(), file.size());
  return read_state_dict_bytes({copy.get(), file.size()}, copy, "x.bin", diagnostics);
}

/// Touches the elements as a compiler would; a wrong span ends the test under the address sanitizer or by a signal.
uint64_t touch(const StateDict& dict) {
  uint64_t sum = 0;
  for (const StateEntry& entry : dict.entries()) {
    for (const std::byte byte : entry.data.bytes) sum += std::to_integer<uint64_t>(byte);
    const std::optional<uint64_t> needed =
        storage_bytes(entry.data.type.element, entry.data.splat ? 1 : entry.data.element_count());
    EXPECT_EQ(needed.value_or(0), entry.data.bytes.size()) << entry.data.name;
  }
  return sum;
}

TEST(WeightsFuzz, DamagedFilesEndInADiagnostic) {
  const std::vector<std::string> good = good_files();
  const auto budget = std::chrono::seconds(setting("LATHE_FUZZ_SECONDS", 4));
  const auto start = std::chrono::steady_clock::now();
  auto seed = static_cast<uint64_t>(setting("LATHE_FUZZ_SEED", 1));
  int files = 0;
  int readable = 0;
  do {
    const std::string file = Mutation(seed).file(good);
    const auto begin = std::chrono::steady_clock::now();
    Diagnostics diagnostics;
    const Result<StateDict> dict = read(file, diagnostics);
    ASSERT_EQ(dict.ok(), !diagnostics.failed()) << "seed " << seed;
    if (dict.ok()) {
      touch(*dict);
      ++readable;
    }
    ASSERT_FALSE(HasFailure()) << "seed " << seed;
    ASSERT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(2)) << "seed " << seed;
    ++seed;
    ++files;
  } while (std::chrono::steady_clock::now() - start < budget);
  RecordProperty("files", files);
  // Both outcomes occur, or the mutations are too wild or too tame.
  if (files > 1000) {
    EXPECT_GT(readable, files / 50);
    EXPECT_LT(readable, files - files / 50);
  }
}

TEST(WeightsFuzz, GoodFilesAreRead) {
  size_t count = 0;
  for (const std::string& bytes : good_files()) {
    Diagnostics diagnostics;
    count += read(bytes, diagnostics).ok() ? 1 : 0;
  }
  // All but the two bare pickles.
  EXPECT_EQ(count, good_files().size() - 2);
}

}  // namespace
}  // namespace lathe::weights
