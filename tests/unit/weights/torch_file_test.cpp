// PyTorch's two file formats, assembled by hand: storages, views, checkpoints, and files that lie.
#include "compiler/frontend/weights/torch_file.h"

#include <cstring>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "compiler/frontend/weights/state_dict.h"
#include "tests/support/temporary_folder.h"
#include "tests/unit/weights/pickle_writer.h"

namespace lathe::weights {
namespace {

using test::deflate;
using test::Pickle;
using test::TemporaryFolder;
using test::torch_legacy;
using test::torch_zip;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

struct Outcome {
  std::optional<StateDict> dict;
  std::string code;
  std::string message;
  std::vector<std::string> notes;
};

Outcome read(const std::string& bytes, const std::string& part = "") {
  const TemporaryFolder folder;
  Diagnostics diagnostics;
  const std::string path = folder.write("x.pth", bytes);
  Result<StateDict> dict = read_state_dict(part.empty() ? path : path + ":" + part, diagnostics);
  Outcome outcome;
  if (dict.ok()) outcome.dict = *std::move(dict);
  if (!diagnostics.all().empty()) {
    const Diagnostic& first = diagnostics.all().front();
    outcome.code = info(first.kind).code;
    outcome.message = first.message;
    outcome.notes = first.notes;
  }
  EXPECT_EQ(outcome.dict.has_value(), outcome.message.empty());
  return outcome;
}

std::string floats(std::initializer_list<float> values) {
  std::string bytes(values.size() * sizeof(float), '\0');
  std::memcpy(bytes.data(), std::data(values), bytes.size());
  return bytes;
}

std::vector<double> numbers(const Outcome& outcome, std::string_view name) {
  std::vector<double> result;
  const StateEntry* entry = outcome.dict ? outcome.dict->find(name) : nullptr;
  if (entry == nullptr) return result;
  for (int64_t index = 0; index < entry->data.element_count(); ++index) {
    result.push_back(element_as_double(entry->data, index));
  }
  return result;
}

/// {"w": <tensor>} over the floats 0, 1, .. 5.
std::string one_tensor(const Pickle::View& view) { return Pickle().raw("}(").text("w").tensor(view).raw("u").end(); }
const std::string kSix = floats({0, 1, 2, 3, 4, 5});
Outcome read_six(Pickle::View view) {
  view.count = 6;
  return read(torch_zip(one_tensor(view), {{"0", kSix}}));
}

TEST(TorchFile, ReadsViewsOfAStorage) {
  EXPECT_THAT(numbers(read_six({.sizes = {2, 3}, .strides = {3, 1}}), "w"), ElementsAre(0, 1, 2, 3, 4, 5));
  EXPECT_THAT(numbers(read_six({.sizes = {3, 2}, .strides = {1, 3}}), "w"), ElementsAre(0, 3, 1, 4, 2, 5));
  EXPECT_THAT(numbers(read_six({.offset = 1, .sizes = {3}, .strides = {2}}), "w"), ElementsAre(1, 3, 5));
  EXPECT_THAT(numbers(read_six({.offset = 4, .sizes = {2, 2}, .strides = {0, 1}}), "w"), ElementsAre(4, 5, 4, 5));
  EXPECT_THAT(numbers(read_six({.offset = 5}), "w"), ElementsAre(5));
  EXPECT_THAT(numbers(read_six({.offset = 9, .sizes = {0}, .strides = {1}}), "w"), ElementsAre());
  // The stride of an axis of one element means nothing.
  EXPECT_THAT(numbers(read_six({.sizes = {1, 2, 1}, .strides = {INT64_MAX, 2, INT64_MAX}}), "w"), ElementsAre(0, 2));
}

TEST(TorchFile, ReadsTheOlderFormat) {
  const std::string pickle = one_tensor({.count = 6, .sizes = {2, 2}, .strides = {3, 1}});
  const Outcome outcome = read(torch_legacy(pickle, {{"0", 6, kSix}}));
  EXPECT_THAT(numbers(outcome, "w"), ElementsAre(0, 1, 3, 4)) << outcome.message;
}

TEST(TorchFile, SharedTensorsStayShared) {
  const Pickle::View view{.count = 6, .offset = 1, .sizes = {2, 2}, .strides = {1, 2}};
  const Pickle::View other{.count = 6, .offset = 2, .sizes = {2, 2}, .strides = {1, 2}};
  Pickle pickle;
  pickle.raw("}(").text("a").tensor(view).text("b").tensor(view).text("c").tensor(other).raw("u");
  const Outcome outcome = read(torch_zip(pickle.end(), {{"0", kSix}}));
  ASSERT_TRUE(outcome.dict) << outcome.message;
  EXPECT_TRUE(StateDict::shared(*outcome.dict->find("a"), *outcome.dict->find("b")));
  EXPECT_FALSE(StateDict::shared(*outcome.dict->find("a"), *outcome.dict->find("c")));
}

TEST(TorchFile, ReadsUntypedStorages) {
  // _rebuild_tensor_v3 gives the dtype beside the storage of bytes.
  Pickle pickle;
  pickle.raw("}(").text("w").global("torch._utils", "_rebuild_tensor_v3").raw("(");
  pickle.storage("UntypedStorage", "0", 4).integer(1).integers({1}).integers({1}).raw("\x89}");
  pickle.global("torch", "uint16").raw("tRu");
  const Outcome outcome = read(torch_zip(pickle.end(), {{"0", std::string("\x01\x00\x00\x02", 4)}}));
  ASSERT_TRUE(outcome.dict) << outcome.message;
  EXPECT_EQ(text(outcome.dict->find("w")->data.type), "u16[1]");
  EXPECT_THAT(numbers(outcome, "w"), ElementsAre(512));
}

TEST(TorchFile, EntriesThatAreNoTensorsAreListed) {
  Pickle pickle;
  pickle.raw("}(").text("w").tensor({.count = 6, .sizes = {6}, .strides = {1}}).text("steps").raw("K\x05");
  pickle.text("freqs").tensor({.type = "ComplexFloatStorage", .key = "1", .count = 1, .sizes = {1}, .strides = {1}});
  const Outcome outcome = read(torch_zip(pickle.raw("u").end(), {{"0", kSix}, {"1", "12345678"}}));
  ASSERT_TRUE(outcome.dict) << outcome.message;
  ASSERT_EQ(outcome.dict->others.size(), 2u);
  EXPECT_EQ(outcome.dict->others[0].name, "steps");
  EXPECT_EQ(outcome.dict->others[0].what, "an int");
  EXPECT_EQ(outcome.dict->others[1].what, "a tensor of ComplexFloatStorage");
}

// ----------------------------------------------------------------------------------------------------------
// checkpoints

void add_dict(Pickle& pickle, std::string_view name, int64_t offset) {
  pickle.text(name).raw("}(").text("w").tensor({.count = 6, .offset = offset, .sizes = {1}, .strides = {1}}).raw("u");
}

TEST(Checkpoint, TheOnlyModelIsChosen) {
  Pickle pickle;
  pickle.raw("}(").text("epoch").raw("K\x03").text("loss").tensor({.count = 6});
  add_dict(pickle, "optimizer", 1);
  add_dict(pickle, "state_dict", 2);
  const Outcome outcome = read(torch_zip(pickle.raw("u").end(), {{"0", kSix}}));
  ASSERT_TRUE(outcome.dict) << outcome.message;
  EXPECT_EQ(outcome.dict->key, "state_dict");
  EXPECT_THAT(numbers(outcome, "w"), ElementsAre(2));
}

TEST(Checkpoint, SeveralModelsAreListed) {
  Pickle pickle;
  pickle.raw("}(");
  add_dict(pickle, "model", 1);
  add_dict(pickle, "ema", 2);
  const std::string file = torch_zip(pickle.raw("u").end(), {{"0", kSix}});
  const Outcome outcome = read(file);
  EXPECT_EQ(outcome.code, "LT0602");
  EXPECT_THAT(outcome.message, HasSubstr("holds several state dicts"));
  EXPECT_THAT(outcome.notes,
              ElementsAre("tensors are in `model` (1 tensor), `ema` (1 tensor)", HasSubstr("x.pth:model`")));
  EXPECT_THAT(numbers(read(file, "ema"), "w"), ElementsAre(2));
}

TEST(Checkpoint, WithoutTensorsIsRefused) {
  const Outcome list = read(torch_zip(Pickle().raw("]").end(), {}));
  EXPECT_EQ(list.code, "LT0602");
  EXPECT_THAT(list.message, HasSubstr("holds no state dict"));
  EXPECT_THAT(list.notes, ElementsAre(HasSubstr("it holds a list")));
  // A dict that holds itself ends the walk too.
  EXPECT_THAT(read(torch_zip(Pickle().raw("}q\x01").text("a").raw("h\x01s").end(), {})).message,
              HasSubstr("no state dict"));
}

TEST(Checkpoint, OfAModuleWithoutParametersIsEmpty) {
  const Outcome outcome = read(torch_zip(Pickle().raw("}").end(), {}));
  ASSERT_TRUE(outcome.dict) << outcome.message;
  EXPECT_TRUE(outcome.dict->entries().empty());
}

TEST(Checkpoint, TheLastOfEqualKeysCounts) {
  Pickle pickle;
  pickle.raw("}(").text("w").tensor({.count = 6, .offset = 1}).text("w").tensor({.count = 6, .offset = 2}).raw("u");
  EXPECT_THAT(numbers(read(torch_zip(pickle.end(), {{"0", kSix}})), "w"), ElementsAre(2));
}

// --------------------------------------------------------------------------------------------------------- wrong files

struct Wrong {
  std::string file;
  std::string code;
  std::string message;
};
class WrongTorchFiles : public ::testing::TestWithParam<Wrong> {};
TEST_P(WrongTorchFiles, AreRefused) {
  const Outcome outcome = read(GetParam().file);
  EXPECT_EQ(outcome.code, GetParam().code) << outcome.message;
  EXPECT_THAT(outcome.message, HasSubstr(GetParam().message));
}

std::string six_with(Pickle::View view, const std::string& bytes = kSix) {
  if (view.count == 0) view.count = 6;
  return torch_zip(one_tensor(view), {{"0", bytes}});
}
std::string zip_of_pickle(const std::string& stored, const std::string& unpacked, uint16_t method,
                          std::optional<uint32_t> size = {}) {
  return test::zip({{"a/data.pkl", stored, unpacked, method, size}});
}
const std::string kTiny = one_tensor({.count = 6, .sizes = {6}, .strides = {1}});

INSTANTIATE_TEST_SUITE_P(
    Files, WrongTorchFiles,
    ::testing::Values(
        Wrong{six_with({.sizes = {7}, .strides = {1}}), "LT0601",
              "tensor `w`: it reads 7 elements of its storage, which has 6"},
        Wrong{six_with({.offset = 6, .sizes = {1}, .strides = {1}}), "LT0601", "it reads 7 elements"},
        Wrong{six_with({.sizes = {2, 2}, .strides = {5, 1}}), "LT0601", "it reads 7 elements"},
        Wrong{six_with({.offset = INT64_MAX, .sizes = {2}, .strides = {INT64_MAX}}), "LT0601",
              "elements of its storage"},
        Wrong{six_with({.sizes = {INT64_MAX, INT64_MAX}, .strides = {1, 1}}), "LT0601", "larger than can be addressed"},
        Wrong{six_with({.sizes = {INT64_MAX}, .strides = {INT64_MAX}}), "LT0601", "larger than can be addressed"},
        // Five bytes of the pickle would become a terabyte.
        Wrong{six_with({.sizes = {1, int64_t{1} << 38, 2}, .strides = {0, 0, 1}}), "LT0601",
              "its 549755813888 elements are made of 6 elements of the file"},
        Wrong{six_with({.sizes = {6}, .strides = {1}}, kSix + "x"), "LT0601", "entry `data/0`, which has 25 bytes"},
        Wrong{six_with({.count = INT64_MAX, .sizes = {6}, .strides = {1}}), "LT0601",
              "its storage of 9223372036854775807"},
        Wrong{torch_zip(kTiny, {{"1", kSix}}), "LT0601", "tensor `w`: the archive has no entry `data/0`"},
        Wrong{torch_zip(one_tensor({.key = "../../etc/passwd", .count = 6, .sizes = {6}, .strides = {1}}), {}),
              "LT0601", "the archive has no entry `data/../../etc/passwd`"},
        Wrong{torch_zip(kTiny, {{"0", kSix}}, "big"), "LT0601", "its byte order is `big`, only little is read"},
        Wrong{torch_zip(kTiny, {{"0", kSix}, {"0", kSix}}), "LT0601", "entry `archive/data/0` occurs twice"},
        Wrong{test::zip({{"a/data.pkl", kTiny, kTiny}, {"a/constants.pkl", kTiny, kTiny}}), "LT0603",
              "TorchScript archive"},
        Wrong{torch_zip(Pickle().global("os", "system").raw(")R").end(), {}), "LT0603", "`os.system`"},
        Wrong{zip_of_pickle(deflate("x"), "x", 8, 0x7fffffff), "LT0601",
              "unpacks to more than its compressed size allows"},
        Wrong{zip_of_pickle(kTiny, kTiny, 12), "LT0601", "compression method 12 is not read"},
        Wrong{zip_of_pickle("x", "y", 0, 5), "LT0601", "its size is not what the archive says"},
        Wrong{torch_zip(kTiny, {{"0", kSix}}).substr(0, 400), "LT0601", "no directory at its end"},
        Wrong{torch_legacy(kTiny, {{"0", 6, kSix.substr(1)}}), "LT0601", "cut off"},
        Wrong{torch_legacy(kTiny, {{"0", 5, kSix}}), "LT0601", "storage `0` has 5 elements, its description says 6"},
        Wrong{torch_legacy(kTiny, {{"1", 6, kSix}}), "LT0601", "names one that it doesn't describe"},
        Wrong{torch_legacy(kTiny, {{"0", 6, kSix}, {"0", 6, kSix}}), "LT0601", "storage `0` occurs twice"},
        Wrong{torch_legacy(kTiny, {}), "LT0601", "the file does not have its storage `0`"},
        Wrong{torch_legacy(Pickle().global("os", "system").raw(")R").end(), {}), "LT0603", "`os.system`"},
        Wrong{Pickle().global("posix", "system").raw(")R").end(), "LT0603", "`posix.system`"},
        Wrong{Pickle().raw("}").end(), "LT0601", "none that `torch.save` made"},
        Wrong{std::string("\x89HDF\r\n\x1a\n"), "LT0601", "HDF5"}, Wrong{"hello", "LT0601", "none of the formats"},
        Wrong{"cos\nsystem\n(S'ls'\ntR.", "LT0603", "`os.system`"},
        Wrong{"version https://git-lfs.github.com/spec/v1\n", "LT0601", "pointer of Git LFS"}));

TEST(TorchFile, CompressedEntriesAreUnpackedAndChecked) {
  const std::string pickle = one_tensor({.count = 6, .sizes = {6}, .strides = {1}});
  const auto file = [&](const std::string& unpacked) {
    return test::zip({{"a/data.pkl", deflate(pickle), pickle, 8}, {"a/data/0", deflate(kSix), unpacked, 8}});
  };
  EXPECT_THAT(numbers(read(file(kSix)), "w"), ElementsAre(0, 1, 2, 3, 4, 5));
  std::string other = kSix;
  other[5] = 'x';
  EXPECT_THAT(read(file(other)).message, HasSubstr("tensor `w`: entry `data/0`: CRC error"));
}

TEST(TorchFile, OverlappingEntriesAreRefused) {
  // Two directory entries that point to the same local header.
  const std::string good = test::zip({{"a/data.pkl", kTiny, kTiny}, {"b", kTiny, kTiny}});
  const size_t second = good.rfind("PK\x01\x02");
  std::string bad = good;
  for (size_t index = 0; index < 4; ++index) bad[second + 42 + index] = '\0';
  EXPECT_THAT(read(bad).message, HasSubstr("overlap"));
}

}  // namespace
}  // namespace lathe::weights
