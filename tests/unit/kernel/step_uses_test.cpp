// What steps use: their kernels, their storages, and how long those live.
#include "ir/kernel/step_uses.h"

#include <gtest/gtest.h>

#include "tests/unit/kernel/parse_text.h"

namespace lathe::kernel {
namespace {

constexpr const char* kProgram = R"(kernel @copy(in %x: f32[8], out %y: f32[8]) {
  for %i = 0 to 8 {
    %1 = load %x[%i] : f32
    store %1, %y[%i]
  }
}

kernel @rows(inout %y: f32[8]) sizes(row_begin in [0, 1], row_end in [0, 1], column_begin in [0, 8], column_end in [0, 8]) {
}

program @small {
  input %x: f32[8]
  output %y: f32[8]
  storage %x: f32[8] input 0
  storage %a: f32[8] arena 0
  storage %b: f32[8] arena 64
  storage %unused: f32[8] arena 128
  storage %y: f32[8] output 0
  arena 192
  run @copy(%x, %a)
  call @f(execution, %a, struct s 56 { 0 size : u32 56, 24 bias : pointer %x[1], 32 after_block : callback @rows(%b) state 40 }) gives status
  guard 1 == 1 else "{} {}"
  run @copy(%b, %y)
}
)";

class StepUses : public testing::Test {
 protected:
  void SetUp() override {
    Result<Program> parsed = text_.program(kProgram);
    ASSERT_TRUE(parsed.ok()) << text_.messages();
    program_ = *std::move(parsed);
  }
  [[nodiscard]] std::string names(size_t step) const {
    std::string all;
    for (const BufferRef& buffer : buffers_of(program_.steps[step]))
      all += program_.storages[buffer.storage].name + " ";
    return all;
  }
  TextFixture text_;
  Program program_;
};

TEST_F(StepUses, KernelsOfRunsAndOfCallbacks) {
  ASSERT_EQ(runs_of(program_.steps[0]).size(), 1u);
  EXPECT_EQ(runs_of(program_.steps[0])[0]->kernel, KernelId(0u));
  ASSERT_EQ(runs_of(program_.steps[1]).size(), 1u);
  EXPECT_EQ(runs_of(program_.steps[1])[0]->kernel, KernelId(1u));
  EXPECT_TRUE(runs_of(program_.steps[2]).empty());
}

TEST_F(StepUses, StoragesInTheOrderOfTheText) {
  EXPECT_EQ(names(0), "x a ");
  EXPECT_EQ(names(1), "a x b ");
  EXPECT_EQ(names(2), "");
  EXPECT_EQ(names(3), "b y ");
}

TEST_F(StepUses, LifetimesReachFromTheFirstToTheLastTouch) {
  const auto lives = lifetimes(program_);
  const auto expect_life = [&](uint32_t storage, size_t first, size_t last) {
    ASSERT_TRUE(lives[StorageId(storage)]) << storage;
    EXPECT_EQ(lives[StorageId(storage)]->first, first) << storage;
    EXPECT_EQ(lives[StorageId(storage)]->last, last) << storage;
  };
  expect_life(0, 0, 1);
  expect_life(1, 0, 1);
  expect_life(2, 1, 3);
  EXPECT_FALSE(lives[StorageId(3u)]);
  expect_life(4, 3, 3);
}

TEST_F(StepUses, AStepPrintsAsInItsProgram) {
  const std::string all = print(program_);
  for (const Step& step : program_.steps)
    EXPECT_NE(all.find("\n  " + print_step(program_, step) + "\n"), std::string::npos);
}

}  // namespace
}  // namespace lathe::kernel
