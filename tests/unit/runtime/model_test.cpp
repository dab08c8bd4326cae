// Binding of sizes and runs through lathe/model.h, on a model that is written by hand.
#include <array>
#include <cstdint>
#include <cstdlib>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lathe/model.h"
#include "tests/unit/runtime/model_support.h"

namespace lathe::runtime::test {
namespace {

using testing::HasSubstr;
using testing::StrEq;

// lathe_model_bind on lists of sizes; the ranks are those of the lists.
struct Binding {
  lathe_status status = LATHE_OK;
  std::array<int64_t, 4> symbols = {-7, -7, -7, -7};
  std::string message;
};

Binding bind(const lathe_model& model, const std::vector<std::vector<int64_t>>& sizes) {
  std::vector<int32_t> ranks;
  std::vector<const int64_t*> lists;
  for (const std::vector<int64_t>& list : sizes) {
    ranks.push_back(static_cast<int32_t>(list.size()));
    lists.push_back(list.data());
  }
  ListeningExecution listening;
  Binding result;
  result.status = lathe_model_bind(&model, &listening.execution, ranks.data(), lists.data(), result.symbols.data());
  result.message = listening.message;
  return result;
}

TEST(ModelBind, ReadsSymbols) {
  const PairModel pair;
  const Binding bound = bind(pair.model, {{5, 3}, {10}});
  EXPECT_EQ(bound.status, LATHE_OK) << bound.message;
  EXPECT_EQ(bound.symbols[0], 5);
  EXPECT_EQ(bound.symbols[1], -7) << "only symbol_count values are written";
  EXPECT_EQ(bound.message, "") << "untouched on success";
}

TEST(ModelBind, SaysWhichAxisDoesNotFit) {
  const PairModel pair;
  const Binding constant = bind(pair.model, {{5, 4}, {10}});
  EXPECT_EQ(constant.status, LATHE_SHAPE_GUARD_FAILED);
  EXPECT_EQ(constant.message,
            "input `image`: axis 1 must be 3, not 4; it is declared as `f32[N, 3]`, given is `f32[5, 4]`");
  const Binding computed = bind(pair.model, {{5, 3}, {11}});
  EXPECT_EQ(computed.status, LATHE_SHAPE_GUARD_FAILED);
  EXPECT_EQ(computed.message,
            "input `twice`: axis 0 must be `2*N` = 10, not 11; it is declared as `f32[2*N]`, given is `f32[11]`; "
            "`N` is 5 by axis 0 of input `image`");
}

TEST(ModelBind, SymbolsAreNamedByWholeWords) {
  PairModel pair;
  pair.symbols[0].name = "N";
  pair.twice_axes[0].text = "2*NN + Nx";
  EXPECT_THAT(bind(pair.model, {{5, 3}, {11}}).message, testing::Not(HasSubstr("is 5 by")));
  pair.twice_axes[0].text = "NN + 2*N";
  EXPECT_THAT(bind(pair.model, {{5, 3}, {11}}).message, HasSubstr("`N` is 5 by axis 0"));
}

TEST(ModelBind, Bounds) {
  const PairModel pair;
  const Binding small = bind(pair.model, {{0, 3}, {0}});
  EXPECT_EQ(small.status, LATHE_SHAPE_GUARD_FAILED);
  EXPECT_EQ(small.message,
            "input `image`: axis 0 (`N`) must be at least 1, not 0; it is declared as `f32[N, 3]`, given is "
            "`f32[0, 3]`");
  EXPECT_THAT(bind(pair.model, {{1000001, 3}, {2000002}}).message, HasSubstr("must be at most 1000000, not 1000001"));
  EXPECT_EQ(bind(pair.model, {{1, 3}, {2}}).status, LATHE_OK);
  EXPECT_EQ(bind(pair.model, {{1000000, 3}, {2000000}}).status, LATHE_OK);
}

TEST(ModelBind, RanksAndLists) {
  const PairModel pair;
  EXPECT_EQ(bind(pair.model, {{5, 3, 1}, {10}}).message,
            "input `image`: it has 2 axes, not 3; it is declared as `f32[N, 3]`, given is `f32[5, 3, 1]`");
  EXPECT_EQ(bind(pair.model, {{5, 3}, {}}).message,
            "input `twice`: it has 1 axis, not 0; it is declared as `f32[2*N]`, given is `f32[]`");
  ListeningExecution listening;
  int64_t symbol = 0;
  const int64_t image[2] = {5, 3};
  const int64_t* lists[2] = {image, nullptr};
  EXPECT_EQ(lathe_model_bind(&pair.model, &listening.execution, nullptr, lists, &symbol), LATHE_INVALID_ARGUMENT);
  EXPECT_THAT(listening.message, StrEq("input `twice`: no list of its sizes is given"));
  EXPECT_EQ(lathe_model_bind(&pair.model, &listening.execution, nullptr, nullptr, &symbol), LATHE_INVALID_ARGUMENT);
  EXPECT_THAT(listening.message, StrEq("model `pair`: no list of sizes is given"));
  EXPECT_EQ(lathe_model_bind(&pair.model, &listening.execution, nullptr, lists, nullptr), LATHE_INVALID_ARGUMENT);
  EXPECT_THAT(listening.message, StrEq("model `pair`: no list of symbols is given"));
  EXPECT_EQ(lathe_model_bind(&pair.model, nullptr, nullptr, nullptr, nullptr), LATHE_INVALID_ARGUMENT);
}

TEST(ModelBind, SizesThatOverflow) {
  PairModel pair;
  pair.symbols[0].most = INT64_MAX;
  // 64 * N does not fit.
  const Binding arena = bind(pair.model, {{INT64_MAX / 8, 3}, {INT64_MAX / 8 * 2}});
  EXPECT_EQ(arena.status, LATHE_SHAPE_GUARD_FAILED);
  EXPECT_EQ(arena.message, "model `pair`: for these sizes a run would need more memory than can be addressed");
  pair.model.sizes = [](const int64_t* symbols, int64_t* values) {
    values[0] = 0;
    values[1] = symbols[0];
    values[2] = 3;
    values[3] = 2 * symbols[0];
    values[4] = symbols[0];
  };
  const Binding bytes = bind(pair.model, {{INT64_MAX / 8, 3}, {INT64_MAX / 8 * 2}});
  EXPECT_EQ(bytes.status, LATHE_SHAPE_GUARD_FAILED);
  EXPECT_EQ(bytes.message, "input `image`: `f32[N, 3]` would be `f32[1152921504606846975, 3]`, which is not a size");
}

TEST(ModelBind, NegativeSizes) {
  PairModel pair;
  pair.symbols[0].least = INT64_MIN;
  EXPECT_EQ(bind(pair.model, {{-1, 3}, {-2}}).status, LATHE_SHAPE_GUARD_FAILED);
}

// A size that only the run finds does not come from an input, and outputs that depend on it are not known yet.
TEST(ModelBind, SizesThatTheRunFinds) {
  PairModel pair;
  lathe_symbol symbols[2] = {pair.symbols[0], {"found", 1, 9, -1, 0}};
  pair.model.symbols = symbols;
  pair.model.symbol_count = 2;
  pair.model.sizes = [](const int64_t* values_of, int64_t* values) {
    values[0] = 0;
    values[1] = values_of[0];
    values[2] = 3;
    values[3] = 2 * values_of[0];
    values[4] = values_of[1] - 1;
  };
  const Binding bound = bind(pair.model, {{5, 3}, {10}});
  EXPECT_EQ(bound.status, LATHE_OK) << bound.message;
  EXPECT_EQ(bound.symbols[1], 0);
}

TEST(ModelSizes, AreThoseOfTheModel) {
  const PairModel pair;
  const int64_t symbol = 7;
  int64_t values[5] = {};
  EXPECT_EQ(lathe_model_sizes(&pair.model, nullptr, &symbol, values), LATHE_OK);
  EXPECT_THAT(values, testing::ElementsAre(448, 7, 3, 14, 7));
}

TEST(ModelSizes, Faults) {
  const PairModel pair;
  ListeningExecution listening;
  int64_t symbol = 0;
  int64_t values[5] = {};
  EXPECT_EQ(lathe_model_sizes(&pair.model, &listening.execution, &symbol, values), LATHE_SHAPE_GUARD_FAILED);
  EXPECT_THAT(listening.message, StrEq("model `pair`: `N` must be at least 1, not 0"));
  symbol = 2000000;
  EXPECT_EQ(lathe_model_sizes(&pair.model, &listening.execution, &symbol, values), LATHE_SHAPE_GUARD_FAILED);
  EXPECT_THAT(listening.message, StrEq("model `pair`: `N` must be at most 1000000, not 2000000"));
  EXPECT_EQ(lathe_model_sizes(&pair.model, nullptr, nullptr, values), LATHE_INVALID_ARGUMENT);
  EXPECT_EQ(lathe_model_sizes(&pair.model, nullptr, &symbol, nullptr), LATHE_INVALID_ARGUMENT);
}

TEST(Model, OfAnotherRuntime) {
  PairModel pair;
  ListeningExecution listening;
  int64_t values[5] = {};
  const int64_t symbol = 1;
  EXPECT_EQ(lathe_model_sizes(nullptr, &listening.execution, &symbol, values), LATHE_INVALID_ARGUMENT);
  EXPECT_THAT(listening.message, StrEq("no model is given"));
  pair.model.runtime_version = LATHE_RUNTIME_VERSION + 10203;
  EXPECT_EQ(lathe_model_sizes(&pair.model, &listening.execution, &symbol, values), LATHE_INVALID_ARGUMENT);
  EXPECT_THAT(listening.message, HasSubstr("model `pair` is made for version 1."));
  EXPECT_THAT(listening.message, HasSubstr(" of the runtime; this one is "));
  pair.model.runtime_version = 0;
  EXPECT_EQ(lathe_model_sizes(&pair.model, &listening.execution, &symbol, values), LATHE_INVALID_ARGUMENT);
  pair.model.runtime_version = LATHE_RUNTIME_VERSION;
  pair.model.struct_size = 8;
  EXPECT_EQ(lathe_model_sizes(&pair.model, &listening.execution, &symbol, values), LATHE_INVALID_ARGUMENT);
  EXPECT_THAT(listening.message, HasSubstr("the model is not made for any version"));
}

// What a run of PairModel takes for N = 2, and what it must come to.
struct PairRun {
  std::array<float, 6> image = {1, 2, 3, 4, 5, 6};
  std::array<float, 4> twice = {10, 20, 30, 40};
  std::array<float, 2> y = {0, 0};
  alignas(64) std::array<char, 128> arena = {};
  const void* inputs[2] = {image.data(), twice.data()};
  void* outputs[1] = {y.data()};
  int64_t symbol = 2;

  // Two sums times the scale of 2, and a pair.
  [[nodiscard]] bool right() const { return y[0] == 2.0f * 6 + 30 && y[1] == 2.0f * 15 + 70; }
};

TEST(ModelRun, WithAnArenaOfTheCaller) {
  const PairModel pair;
  PairRun run;
  ListeningExecution listening;
  listening.execution.allocate = [](void*, size_t, size_t) -> void* {
    ADD_FAILURE() << "nothing is allocated";
    return nullptr;
  };
  listening.execution.release = [](void*, void*, size_t, size_t) {};
  EXPECT_EQ(lathe_model_run(&pair.model, &listening.execution, run.inputs, run.outputs, run.arena.data(), &run.symbol),
            LATHE_OK);
  EXPECT_TRUE(run.right());
}

TEST(ModelRun, WithAnArenaOfTheProcess) {
  const PairModel pair;
  PairRun run;
  EXPECT_EQ(lathe_model_run(&pair.model, nullptr, run.inputs, run.outputs, nullptr, &run.symbol), LATHE_OK);
  EXPECT_TRUE(run.right());
}

TEST(ModelRun, WithAnArenaOfTheExecution) {
  const PairModel pair;
  PairRun run;
  ListeningExecution listening;
  size_t balance[2] = {0, 0};
  listening.execution.allocator_context = balance;
  listening.execution.allocate = [](void* context, size_t bytes, size_t alignment) {
    static_cast<size_t*>(context)[0] += bytes;
    return std::aligned_alloc(alignment, bytes);
  };
  listening.execution.release = [](void* context, void* memory, size_t bytes, size_t) {
    static_cast<size_t*>(context)[1] += bytes;
    std::free(memory);
  };
  EXPECT_EQ(lathe_model_run(&pair.model, &listening.execution, run.inputs, run.outputs, nullptr, &run.symbol),
            LATHE_OK);
  EXPECT_TRUE(run.right());
  EXPECT_EQ(balance[0], 128u);
  EXPECT_EQ(balance[1], 128u);
  listening.execution.allocate = [](void*, size_t, size_t) -> void* { return nullptr; };
  EXPECT_EQ(lathe_model_run(&pair.model, &listening.execution, run.inputs, run.outputs, nullptr, &run.symbol),
            LATHE_OUT_OF_MEMORY);
  EXPECT_THAT(listening.message, StrEq("model `pair`: no memory for an arena of 128 bytes"));
}

TEST(ModelRun, Faults) {
  const PairModel pair;
  PairRun run;
  ListeningExecution listening;
  const auto status = [&](const void* const* inputs, void* const* outputs, void* arena, const int64_t* symbols) {
    return lathe_model_run(&pair.model, &listening.execution, inputs, outputs, arena, symbols);
  };
  EXPECT_EQ(status(nullptr, run.outputs, nullptr, &run.symbol), LATHE_INVALID_ARGUMENT);
  EXPECT_THAT(listening.message, StrEq("model `pair`: no list of inputs is given"));
  EXPECT_EQ(status(run.inputs, nullptr, nullptr, &run.symbol), LATHE_INVALID_ARGUMENT);
  EXPECT_THAT(listening.message, StrEq("model `pair`: no list of outputs is given"));
  EXPECT_EQ(status(run.inputs, run.outputs, nullptr, nullptr), LATHE_INVALID_ARGUMENT);
  EXPECT_EQ(status(run.inputs, run.outputs, run.arena.data() + 4, &run.symbol), LATHE_INVALID_ARGUMENT);
  EXPECT_THAT(listening.message, StrEq("model `pair`: the arena must be aligned to 64 bytes"));
  const int64_t large = 1000001;
  EXPECT_EQ(status(run.inputs, run.outputs, run.arena.data(), &large), LATHE_SHAPE_GUARD_FAILED);
  const void* half[2] = {run.image.data(), nullptr};
  EXPECT_EQ(status(half, run.outputs, run.arena.data(), &run.symbol), LATHE_INVALID_ARGUMENT);
  EXPECT_THAT(listening.message, StrEq("input `twice`: its pointer is null"));
  void* nowhere[1] = {nullptr};
  EXPECT_EQ(status(run.inputs, nowhere, run.arena.data(), &run.symbol), LATHE_INVALID_ARGUMENT);
  EXPECT_THAT(listening.message, StrEq("output `y`: its pointer is null"));
  EXPECT_EQ(run.y, (std::array<float, 2>{0, 0})) << "nothing ran";
}

TEST(ModelRun, EmptyTensorsNeedNoPointer) {
  PairModel pair;
  pair.symbols[0].least = 0;
  const void* inputs[2] = {nullptr, nullptr};
  void* outputs[1] = {nullptr};
  const int64_t none = 0;
  EXPECT_EQ(lathe_model_run(&pair.model, nullptr, inputs, outputs, nullptr, &none), LATHE_OK);
}

TEST(ModelRun, StaticModelNeedsNoSymbols) {
  PairModel pair;
  pair.model.symbol_count = 0;
  pair.model.sizes = [](const int64_t* symbols, int64_t* values) {
    EXPECT_EQ(symbols, nullptr);
    constexpr std::array<int64_t, 5> kSizes = {128, 2, 3, 4, 2};
    for (size_t i = 0; i < kSizes.size(); ++i) values[i] = kSizes[i];
  };
  pair.set_variants({{"base", "",
                      [](const lathe_execution* execution, const void* const* inputs, void* const* outputs,
                         const void* const* data, void* arena, const int64_t*) {
                        const int64_t two = 2;
                        return run_pair(execution, inputs, outputs, data, arena, &two);
                      }}});
  PairRun run;
  EXPECT_EQ(lathe_model_run(&pair.model, nullptr, run.inputs, run.outputs, nullptr, nullptr), LATHE_OK);
  EXPECT_TRUE(run.right());
}

TEST(ModelRun, LargeInterfaces) {
  PairModel pair;
  // More sizes than fit the stack of the call: a port of 200 axes of one element each.
  std::vector<lathe_axis> axes(200, {1, "1"});
  lathe_port output = {"y", axes.data(), 200, LATHE_F32};
  pair.model.outputs = &output;
  pair.model.value_count = 204;
  pair.model.sizes = [](const int64_t* symbols, int64_t* values) {
    values[0] = 64;
    values[1] = symbols[0];
    values[2] = 3;
    values[3] = 2 * symbols[0];
    for (int i = 4; i < 204; ++i) values[i] = 1;
  };
  PairRun run;
  run.symbol = 1;
  EXPECT_EQ(lathe_model_run(&pair.model, nullptr, run.inputs, run.outputs, nullptr, &run.symbol), LATHE_OK);
  EXPECT_EQ(run.y[0], 2.0f * 6 + 30);
}

TEST(ModelRun, ManyThreads) {
  PairModel pair;
  constexpr int kThreads = 8;
  std::array<int, kThreads> right = {};
  std::vector<std::thread> threads;
  threads.reserve(kThreads);
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&, i] {
      for (int repeat = 0; repeat < 200; ++repeat) {
        PairRun run;
        const bool own = repeat % 2 == 0;
        const lathe_status status = lathe_model_run(&pair.model, nullptr, run.inputs, run.outputs,
                                                    own ? run.arena.data() : nullptr, &run.symbol);
        right[static_cast<size_t>(i)] += status == LATHE_OK && run.right() ? 1 : 0;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const int count : right) EXPECT_EQ(count, 200);
}

}  // namespace
}  // namespace lathe::runtime::test
