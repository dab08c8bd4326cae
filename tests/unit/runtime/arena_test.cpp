// The arena grows, is used again, moves, and reports a failed allocation.
#include "runtime/arena.h"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <utility>

#include <gtest/gtest.h>

namespace lathe::runtime::test {
namespace {

TEST(Arena, GrowsAndIsReused) {
  Arena arena;
  EXPECT_EQ(arena.capacity(), 0u);
  std::byte* first = arena.reserve(1000);
  ASSERT_NE(first, nullptr);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(first) % Arena::kAlignment, 0u);
  EXPECT_EQ(arena.capacity(), 1024u);
  EXPECT_EQ(arena.reserve(10), first);
  EXPECT_EQ(arena.reserve(1024), first);
  std::byte* larger = arena.reserve(100000);
  ASSERT_NE(larger, nullptr);
  std::memset(larger, 1, 100000);
  EXPECT_GE(arena.capacity(), 100000u);
}

TEST(Arena, NothingStillGivesAPointer) {
  Arena arena;
  EXPECT_NE(arena.reserve(0), nullptr);
}

TEST(Arena, MovesItsMemory) {
  Arena arena;
  std::byte* memory = arena.reserve(64);
  Arena moved = std::move(arena);
  EXPECT_EQ(moved.reserve(64), memory);
  Arena target;
  EXPECT_NE(target.reserve(8), nullptr);
  target = std::move(moved);
  EXPECT_EQ(target.reserve(64), memory);
}

TEST(Arena, FailureLeavesItEmptyAndUsable) {
  Arena arena;
  EXPECT_NE(arena.reserve(64), nullptr);
  EXPECT_EQ(arena.reserve(SIZE_MAX), nullptr);
  EXPECT_EQ(arena.capacity(), 0u);
  EXPECT_EQ(arena.reserve(SIZE_MAX / 2), nullptr);
  EXPECT_NE(arena.reserve(64), nullptr);
}

}  // namespace
}  // namespace lathe::runtime::test
