// Files of weights: the right one, and every kind of wrong one.
#include <unistd.h>
#include <sys/stat.h>

#include <cstring>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lathe/model.h"
#include "tests/support/temporary_folder.h"
#include "tests/unit/runtime/model_support.h"

namespace lathe::runtime::test {
namespace {

using testing::EndsWith;
using testing::HasSubstr;

constexpr uint64_t kFingerprint = 0x1234567890abcdef;

// A file of one row, the float 2 at offset 64, of 128 bytes.
struct WeightsFile {
  lathe_weights_header header = {};
  size_t bytes = 128;

  WeightsFile() {
    std::memcpy(header.magic, LATHE_WEIGHTS_MAGIC, sizeof(header.magic));
    header.version = LATHE_WEIGHTS_VERSION;
    header.row_count = 1;
    header.fingerprint = kFingerprint;
    header.bytes = bytes;
  }

  [[nodiscard]] std::string text() const {
    std::string result(bytes, '\0');
    std::memcpy(result.data(), &header, std::min(sizeof(header), bytes));
    const float two = 2.0f;
    if (bytes >= 68) std::memcpy(result.data() + 64, &two, sizeof(two));
    return result;
  }
};

class ModelWeights : public testing::Test {
 protected:
  ModelWeights() {
    pair_.data[0] = nullptr;
    pair_.model.data_rows = pair_.data_rows;
    pair_.model.weights_fingerprint = kFingerprint;
  }

  // Loads what `file` describes.
  lathe_status load(const WeightsFile& file) { return load_path(folder_.write("pair.weights", file.text())); }

  lathe_status load_path(const std::string& path) {
    message_[0] = '\0';
    return lathe_model_load_weights(&pair_.model, path.c_str(), message_, sizeof(message_));
  }

  // That the file is refused with a sentence that ends so, and that nothing of it is kept.
  void expect_refused(const WeightsFile& file, const std::string& reason,
                      lathe_status status = LATHE_INVALID_ARGUMENT) {
    EXPECT_EQ(load(file), status) << reason;
    EXPECT_EQ(std::string(message_), "model `pair`: `" + folder_.file("pair.weights") + "` " + reason);
    EXPECT_EQ(pair_.state.weights, nullptr);
    EXPECT_EQ(pair_.state.weights_bytes, 0u);
    EXPECT_EQ(pair_.data[0], nullptr);
  }

  test::PairModel pair_;
  lathe::test::TemporaryFolder folder_;
  char message_[512] = "";
};

TEST_F(ModelWeights, RunsOnceLoaded) {
  const float image[3] = {1, 2, 3};
  const float twice[2] = {10, 20};
  float y = 0;
  alignas(64) char arena[64];
  const void* inputs[2] = {image, twice};
  void* outputs[1] = {&y};
  const int64_t one = 1;
  ListeningExecution listening;
  const auto run = [&] { return lathe_model_run(&pair_.model, &listening.execution, inputs, outputs, arena, &one); };
  EXPECT_EQ(run(), LATHE_NO_WEIGHTS);
  EXPECT_STREQ(listening.message,
               "model `pair`: its weights lie in a file that is not loaded; call lathe_model_load_weights");
  EXPECT_STREQ(lathe_model_cpu(&pair_.model), "base") << "the choice of code needs no weights";
  ASSERT_EQ(load(WeightsFile()), LATHE_OK) << message_;
  EXPECT_STREQ(message_, "");
  EXPECT_EQ(run(), LATHE_OK);
  EXPECT_EQ(y, 2.0f * 6 + 30);
  // A second load does nothing, even of a file that is not there.
  const void* row = pair_.data[0];
  EXPECT_EQ(load_path(folder_.file("absent")), LATHE_OK);
  EXPECT_EQ(pair_.data[0], row);
  lathe_model_release_weights(&pair_.model);
  EXPECT_EQ(pair_.data[0], nullptr);
  EXPECT_EQ(pair_.state.weights, nullptr);
  EXPECT_EQ(run(), LATHE_NO_WEIGHTS);
  lathe_model_release_weights(&pair_.model);
  lathe_model_release_weights(nullptr);
}

TEST_F(ModelWeights, RowsAreAlignedAndShared) {
  ASSERT_EQ(load(WeightsFile()), LATHE_OK);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(pair_.data[0]) % 64, 0u);
  // The pages of the file itself: what is written to it is seen.
  const std::string path = folder_.file("pair.weights");
  FILE* file = std::fopen(path.c_str(), "r+b");
  ASSERT_NE(file, nullptr);
  const float three = 3.0f;
  std::fseek(file, 64, SEEK_SET);
  std::fwrite(&three, sizeof(three), 1, file);
  std::fclose(file);
  EXPECT_EQ(*static_cast<const float*>(pair_.data[0]), 3.0f);
  lathe_model_release_weights(&pair_.model);
}

TEST_F(ModelWeights, EmbeddedOnesNeedNoFile) {
  pair_.model.data_rows = nullptr;
  EXPECT_EQ(load_path("/nonexistent/file"), LATHE_OK);
  lathe_model_release_weights(&pair_.model);
}

TEST_F(ModelWeights, WrongHeaders) {
  WeightsFile file;
  file.header.magic[0] = 'X';
  expect_refused(file, "is no file of weights");
  file = {};
  file.header.version = 7;
  expect_refused(file, "has version 7 of the format; this runtime reads version 1");
  file = {};
  file.header.fingerprint ^= 1;
  expect_refused(file, "belongs to another model, or to another version of this one: its fingerprint differs");
  file = {};
  file.header.row_count = 2;
  expect_refused(file, "belongs to another model, or to another version of this one: its fingerprint differs");
}

TEST_F(ModelWeights, WrongLengths) {
  WeightsFile file;
  file.bytes = 100;
  expect_refused(file, "has 100 bytes; it was written with 128");
  file.bytes = 4096;
  expect_refused(file, "has 4096 bytes; it was written with 128");
  file.bytes = 63;
  expect_refused(file, "is too short to be a file of weights");
  file.bytes = 0;
  expect_refused(file, "is too short to be a file of weights");
}

TEST_F(ModelWeights, WrongRows) {
  const WeightsFile file;
  for (const lathe_data_row row :
       {lathe_data_row{64, 65}, lathe_data_row{128, 1}, lathe_data_row{192, 0}, lathe_data_row{65, 4},
        lathe_data_row{0, 4}, lathe_data_row{64, UINT64_MAX}, lathe_data_row{UINT64_MAX - 63, 128}}) {
    pair_.data_rows[0] = row;
    expect_refused(file, "does not hold row 0 of the data");
  }
  pair_.data_rows[0] = {128, 0};
  EXPECT_EQ(load(file), LATHE_OK) << message_;
  lathe_model_release_weights(&pair_.model);
}

TEST_F(ModelWeights, FilesThatCanNotBeRead) {
  EXPECT_EQ(load_path(folder_.file("absent")), LATHE_NO_WEIGHTS);
  EXPECT_THAT(message_, EndsWith("absent` can't be read: No such file or directory"));
  EXPECT_EQ(load_path(folder_.path().string()), LATHE_NO_WEIGHTS);
  EXPECT_THAT(message_, EndsWith("is not a regular file"));
  EXPECT_EQ(lathe_model_load_weights(&pair_.model, nullptr, message_, sizeof(message_)), LATHE_INVALID_ARGUMENT);
  EXPECT_THAT(message_, HasSubstr("no path of a file of weights is given"));
  EXPECT_EQ(lathe_model_load_weights(nullptr, "x", nullptr, 0), LATHE_INVALID_ARGUMENT);
}

}  // namespace
}  // namespace lathe::runtime::test
