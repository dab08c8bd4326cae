// Mapping files, and files that must stay inside a folder.
#include "compiler/frontend/weights/mapped_file.h"

#include <sys/stat.h>

#include <filesystem>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "compiler/frontend/weights/atomic_file.h"
#include "tests/support/temporary_folder.h"

namespace lathe::weights {
namespace {

using test::TemporaryFolder;
using ::testing::HasSubstr;

TEST(MappedFile, ShowsTheBytesOfTheFile) {
  const TemporaryFolder folder;
  std::string why;
  const auto file = MappedFile::open(folder.write("a", "hello"), why);
  ASSERT_TRUE(file) << why;
  EXPECT_EQ(file->text(), "hello");
}

TEST(MappedFile, AnEmptyFileHasNoBytes) {
  const TemporaryFolder folder;
  std::string why;
  const auto file = MappedFile::open(folder.write("a", ""), why);
  ASSERT_TRUE(file) << why;
  EXPECT_TRUE(file->bytes().empty());
}

TEST(MappedFile, NamesTheCauseOfAFailure) {
  const TemporaryFolder folder;
  std::string why;
  EXPECT_FALSE(MappedFile::open(folder.file("absent"), why));
  EXPECT_EQ(why, "No such file or directory");
  EXPECT_FALSE(MappedFile::open(folder.path().string(), why));
  EXPECT_EQ(why, "it is a folder");
  const std::string pipe = folder.file("pipe");
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_FALSE(MappedFile::open(pipe, why));
  EXPECT_EQ(why, "it is not a regular file");
}

TEST(MappedFile, MovesItsMapping) {
  const TemporaryFolder folder;
  std::string why;
  auto first = MappedFile::open(folder.write("a", "hello"), why);
  ASSERT_TRUE(first);
  MappedFile second = std::move(*first);
  EXPECT_EQ(second.text(), "hello");
}

class Beneath : public ::testing::Test {
 protected:
  Beneath() {
    std::filesystem::create_directories(folder_.path() / "model" / "sub");
    folder_.write("outside", "secret");
    folder_.write("model/inside", "weights");
    folder_.write("model/sub/deep", "deep");
  }
  std::string open(const std::string& relative) {
    std::string why;
    const auto file = MappedFile::open_beneath(folder_.file("model"), relative, why);
    return file ? "ok: " + std::string(file->text()) : why;
  }
  TemporaryFolder folder_;
};

TEST_F(Beneath, OpensFilesInTheFolder) {
  EXPECT_EQ(open("inside"), "ok: weights");
  EXPECT_EQ(open("./sub/deep"), "ok: deep");
}

TEST_F(Beneath, RefusesPathsThatLeaveTheFolder) {
  EXPECT_EQ(open("../outside"), "the path leads outside of the folder");
  EXPECT_EQ(open("sub/../inside"), "the path leads outside of the folder");
  EXPECT_EQ(open(folder_.file("outside")), "the path is absolute");
  EXPECT_EQ(open(""), "the path is empty");
  EXPECT_EQ(open(std::string("inside\0x", 8)), "the path holds a zero byte");
}

TEST_F(Beneath, RefusesSymbolicLinksThatLeadOutside) {
  std::filesystem::create_symlink("../outside", folder_.path() / "model" / "link");
  std::filesystem::create_symlink(folder_.path() / "outside", folder_.path() / "model" / "absolute");
  std::filesystem::create_directory_symlink("..", folder_.path() / "model" / "up");
  EXPECT_EQ(open("link"), "a symbolic link leads outside of the folder");
  EXPECT_EQ(open("absolute"), "a symbolic link leads outside of the folder");
  EXPECT_EQ(open("up/outside"), "a symbolic link leads outside of the folder");
}

TEST_F(Beneath, FollowsSymbolicLinksThatStayInside) {
  std::filesystem::create_symlink("sub/deep", folder_.path() / "model" / "link");
  EXPECT_EQ(open("link"), "ok: deep");
}

TEST_F(Beneath, RefusesWhatIsNoFile) {
  EXPECT_EQ(open("sub"), "it is a folder");
  EXPECT_EQ(open("absent"), "No such file or directory");
}

TEST(AtomicFile, AppearsOnCommitOnly) {
  const TemporaryFolder folder;
  const std::string path = folder.file("out");
  {
    AtomicFile file(path);
    file.write("half");
    EXPECT_FALSE(std::filesystem::exists(path));
  }
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
  AtomicFile file(path);
  file.write("whole");
  std::string why;
  EXPECT_TRUE(file.commit(why)) << why;
  EXPECT_EQ(MappedFile::open(path, why)->text(), "whole");
}

TEST(AtomicFile, SaysWhyItCannotWrite) {
  const TemporaryFolder folder;
  AtomicFile file(folder.file("absent/out"));
  file.write("x");
  std::string why;
  EXPECT_FALSE(file.commit(why));
  EXPECT_EQ(why, "No such file or directory");
}

}  // namespace
}  // namespace lathe::weights
