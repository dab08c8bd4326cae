// Streams: what is kept, what is written, which faults are remembered.
#include "compiler/tools/output.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <csignal>

#include "gtest/gtest.h"

namespace lathe::tools {
namespace {

TEST(OutputStream, CollectsInMemory) {
  OutputStream stream;
  stream.write("a");
  stream.write("b");
  stream.flush();
  EXPECT_EQ(stream.text(), "ab");
  EXPECT_FALSE(stream.is_terminal());
  EXPECT_EQ(stream.fault(), "");
}

TEST(OutputStream, WritesToADescriptor) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe(ends.data()), 0);
  {
    OutputStream stream(ends[1]);
    stream.write("text");
  }
  ::close(ends[1]);
  std::array<char, 16> buffer{};
  EXPECT_EQ(::read(ends[0], buffer.data(), buffer.size()), 4);
  EXPECT_EQ(std::string(buffer.data()), "text");
  ::close(ends[0]);
}

TEST(OutputStream, RemembersAFullDisk) {
  const int full = ::open("/dev/full", O_WRONLY);
  ASSERT_GE(full, 0);
  OutputStream stream(full);
  stream.write("text");
  stream.flush();
  EXPECT_EQ(stream.fault(), "No space left on device");
  ::close(full);
}

TEST(OutputStream, AClosedPipeIsNoFault) {
  const auto before = std::signal(SIGPIPE, SIG_IGN);
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe(ends.data()), 0);
  ::close(ends[0]);
  OutputStream stream(ends[1]);
  stream.write(std::string(1 << 20, 'x'));
  stream.flush();
  EXPECT_EQ(stream.fault(), "");
  ::close(ends[1]);
  std::signal(SIGPIPE, before);
}

}  // namespace
}  // namespace lathe::tools
