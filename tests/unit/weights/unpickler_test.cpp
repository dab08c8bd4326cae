// The pickle machine: values of all protocols, and pickles that want to run code or to exhaust the machine.
#include "compiler/frontend/weights/unpickler.h"

#include <chrono>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/unit/weights/pickle_writer.h"

namespace lathe::weights {
namespace {

using test::little;
using test::Pickle;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

struct Outcome {
  std::shared_ptr<const std::string> bytes;
  std::optional<PickleRun> run;
  std::string code;
  std::string message;
  std::vector<std::string> notes;

  [[nodiscard]] const PickleValue& root() const { return run->table.values[run->table.root]; }
  [[nodiscard]] const PickleValue& at(PickleId id) const { return run->table.values[id]; }
};

Outcome run(std::string pickle) {
  Outcome result;
  result.bytes = std::make_shared<const std::string>(std::move(pickle));
  Diagnostics diagnostics;
  Result<PickleRun> outcome =
      unpickle(std::as_bytes(std::span(result.bytes->data(), result.bytes->size())), "x.pth", 0, diagnostics);
  if (outcome.ok()) result.run = *std::move(outcome);
  if (!diagnostics.all().empty()) {
    const Diagnostic& first = diagnostics.all().front();
    result.code = info(first.kind).code;
    result.message = first.message;
    result.notes = first.notes;
  }
  EXPECT_EQ(result.run.has_value(), result.message.empty());
  return result;
}

int64_t integer_of(const std::string& opcodes) {
  const Outcome result = run(Pickle().raw(opcodes).end());
  EXPECT_TRUE(result.run) << result.message;
  return result.run ? std::get<int64_t>(result.root()) : 0;
}

TEST(Unpickler, ReadsIntegersOfEveryWidth) {
  EXPECT_EQ(integer_of("K\xff"), 255);
  EXPECT_EQ(integer_of(std::string("M\x00\xff", 3)), 0xff00);
  EXPECT_EQ(integer_of("J\xfe\xff\xff\xff"), -2);
  EXPECT_EQ(integer_of(std::string("\x8a\x00", 2)), 0);
  EXPECT_EQ(integer_of("\x8a\x01\x80"), -128);
  EXPECT_EQ(integer_of(std::string("\x8a\x02\xff\x00", 4)), 255);
  EXPECT_EQ(integer_of(std::string("\x8b\x08\x00\x00\x00\xff\xff\xff\xff\xff\xff\xff\x7f", 13)), INT64_MAX);
}

TEST(Unpickler, ReadsOtherScalars) {
  EXPECT_TRUE(std::holds_alternative<PickleNone>(run(Pickle().raw("N").end()).root()));
  EXPECT_TRUE(std::get<bool>(run(Pickle().raw("\x88").end()).root()));
  EXPECT_FALSE(std::get<bool>(run(Pickle().raw("\x89").end()).root()));
  const std::string half = std::string("G\x3f\xe0\x00\x00\x00\x00\x00\x00", 9);
  EXPECT_EQ(std::get<double>(run(Pickle().raw(half).end()).root()), 0.5);
  for (const std::string& text : {std::string("X\x02\0\0\0hi", 7), std::string("\x8c\x02hi"), std::string("U\x02hi"),
                                  std::string("T\x02\0\0\0hi", 7), std::string("\x8d\x02\0\0\0\0\0\0\0hi", 11)}) {
    const Outcome result = run(Pickle(4).raw(text).end());
    EXPECT_EQ(std::get<PickleText>(result.root()).text, "hi");
  }
  EXPECT_EQ(std::get<PickleBytes>(run(Pickle(3).raw("C\x02hi").end()).root()).bytes.size(), 2u);
}

TEST(Unpickler, FillsContainers) {
  // [1, (2, 3)], written by APPEND and TUPLE2 with the list in the memo.
  const Outcome list = run(Pickle()
                               .raw("]q\x05K\x01"
                                    "aK\x02K\x03\x86"
                                    "a0h\x05")
                               .end());
  ASSERT_TRUE(list.run) << list.message;
  const auto& items = std::get<PickleList>(list.root()).items;
  ASSERT_EQ(items.size(), 2u);
  EXPECT_EQ(std::get<int64_t>(list.at(items[0])), 1);
  EXPECT_EQ(std::get<PickleTuple>(list.at(items[1])).items.size(), 2u);
  // {"a": 1, "b": 2} with MEMOIZE and FRAME of protocol 4.
  const std::string body =
      "}\x94(\x8c\x01"
      "a\x94K\x01\x8c\x01"
      "b\x94K\x02u.";
  const Outcome dict = run("\x80\x04\x95" + little(body.size(), 8) + body);
  ASSERT_TRUE(dict.run) << dict.message;
  const auto& pairs = std::get<PickleDict>(dict.root()).items;
  ASSERT_EQ(pairs.size(), 2u);
  EXPECT_EQ(std::get<PickleText>(dict.at(pairs[1].first)).text, "b");
  EXPECT_EQ(dict.run->size, dict.bytes->size());
}

TEST(Unpickler, AListMayHoldItself) {
  const Outcome result = run(Pickle()
                                 .raw("]q\x01h\x01"
                                      "a")
                                 .end());
  ASSERT_TRUE(result.run) << result.message;
  EXPECT_EQ(std::get<PickleList>(result.root()).items[0], result.run->table.root);
}

TEST(Unpickler, RebuildsTensorsAsData) {
  const Outcome result = run(Pickle().tensor({.count = 6, .offset = 1, .sizes = {2, 2}, .strides = {2, 1}}).end());
  ASSERT_TRUE(result.run) << result.message;
  ASSERT_EQ(result.run->table.tensors.size(), 1u);
  const TensorRow& tensor = result.run->table.tensors[0];
  EXPECT_EQ(tensor.element, ElementType::F32);
  EXPECT_EQ(tensor.offset, 1u);
  EXPECT_THAT(tensor.sizes, ElementsAre(2, 2));
  EXPECT_EQ(result.run->table.storages[tensor.storage].count, 6u);
}

struct Refused {
  std::string pickle;
  std::string message;
};

class RefusedPickles : public ::testing::TestWithParam<Refused> {};
TEST_P(RefusedPickles, NameWhatTheyWant) {
  const Outcome result = run(GetParam().pickle);
  EXPECT_FALSE(result.run);
  EXPECT_EQ(result.code, "LT0603") << result.message;
  EXPECT_THAT(result.message, HasSubstr(GetParam().message));
}
INSTANTIATE_TEST_SUITE_P(
    Pickles, RefusedPickles,
    ::testing::Values(Refused{Pickle().global("os", "system").text("rm -rf /").raw("\x85R").end(), "`os.system`"},
                      Refused{Pickle().global("posix", "system").raw(")R").end(), "`posix.system`"},
                      Refused{Pickle().global("builtins", "eval").raw(")R").end(), "`builtins.eval`"},
                      Refused{Pickle().global("builtins", "getattr").raw(")R").end(), "`builtins.getattr`"},
                      Refused{Pickle().global("torch.storage", "_load_from_bytes").raw(")R").end(),
                              "`torch.storage._load_from_bytes`"},
                      Refused{Pickle().global("torch.hub", "load").raw(")R").end(), "`torch.hub.load`"},
                      Refused{Pickle().global("collections", "OrderedDict.__class__").raw(")R").end(),
                              "`collections.OrderedDict.__class__`"},
                      Refused{Pickle(4).raw("\x8c\x02os\x8c\x06system\x93)R").end(), "`os.system`"},
                      Refused{Pickle().global("torch", "FloatStorage").raw(")R").end(), "calls `torch.FloatStorage`"},
                      Refused{Pickle().global("torch", "float32").raw(")R").end(), "calls `torch.float32`"},
                      Refused{Pickle().raw("(S'ls'\nios\nsystem\n").end(), "opcode STRING"},
                      Refused{Pickle().raw("(ios\nsystem\n").end(), "opcode INST"},
                      Refused{Pickle().raw("(o").end(), "opcode OBJ"},
                      Refused{Pickle().raw("\x82\x01").end(), "opcode EXT1"},
                      Refused{Pickle(4).raw("\x92").end(), "opcode NEWOBJ_EX"},
                      Refused{"cos\nsystem\n(S'ls'\ntR.", "`os.system`"}, Refused{"(lp0\n.", "opcode PUT"},
                      Refused{"]N.", "protocol 0 or 1"}, Refused{Pickle(6).raw("N").end(), "protocol 6"}));

class DamagedPickles : public ::testing::TestWithParam<Refused> {};
TEST_P(DamagedPickles, AreReported) {
  const Outcome result = run(GetParam().pickle);
  EXPECT_FALSE(result.run);
  EXPECT_EQ(result.code, "LT0601") << result.message;
  EXPECT_THAT(result.message, HasSubstr(GetParam().message));
}
INSTANTIATE_TEST_SUITE_P(
    Pickles, DamagedPickles,
    ::testing::Values(
        Refused{Pickle().raw("N").end().substr(0, 3), "cut off"},
        Refused{Pickle().raw("X\xff\xff\xff\xffhi").end(), "cut off"},
        Refused{Pickle().raw("\x8d\xff\xff\xff\xff\xff\xff\xff\xffhi").end(), "cut off"},
        Refused{Pickle().raw("cos").end(), "cut off"},
        Refused{Pickle(4).raw("\x95\xff\xff\xff\xff\xff\xff\xff\xff").end(), "cut off"},
        Refused{Pickle().end(), "more from its stack than it has"},
        Refused{Pickle().raw("N(0000").end(), "more from its stack than it has"},
        Refused{Pickle().raw("N(a").end(), "more from its stack than it has"},
        Refused{Pickle().raw("t").end(), "more from its stack than it has"},
        Refused{Pickle().raw("](NR").end(), "more from its stack than it has"},
        Refused{Pickle().raw("h\x01").end(), "position 1 of its memo, which is empty"},
        Refused{Pickle().raw("Nr\xff\xff\xff\xff").end(), "position 4294967295 of its memo too early"},
        Refused{Pickle().raw("}(NNNu").end(), "key without a value"},
        Refused{Pickle().raw("N(NNu").end(), "sets items of None"},
        Refused{Pickle().raw("}Na").end(), "appends to a dict"}, Refused{Pickle().raw("K\x01)R").end(), "calls an int"},
        Refused{Pickle().raw("NNb").end(), "sets attributes of None"},
        Refused{Pickle().raw("NQ").end(), "persistent id that is no storage"},
        Refused{Pickle().raw("\x01").end(), "byte 0x01 where an opcode should be"},
        Refused{Pickle().storage("FloatStorage", "0", -1).end(), "persistent id that is no storage"},
        Refused{Pickle().raw("(").storage("FloatStorage", "0", 1).storage("LongStorage", "0", 1).raw("t").end(),
                "two descriptions of the storage `0`"},
        Refused{Pickle().tensor({.count = 1, .offset = -1}).end(), "`torch._utils._rebuild_tensor_v2` with arguments"},
        Refused{Pickle().tensor({.count = 1, .sizes = {-1}, .strides = {1}}).end(), "no natural number"},
        Refused{Pickle().tensor({.count = 1, .sizes = {1, 1}, .strides = {1}}).end(), "fewer strides than sizes"},
        Refused{Pickle().global("torch._utils", "_rebuild_tensor_v2").raw(")R").end(),
                "with arguments that it doesn't take"},
        Refused{Pickle().global("torch._utils", "_rebuild_parameter").raw("N\x85R").end(), "with arguments"},
        Refused{Pickle()
                    .global("collections", "OrderedDict")
                    .raw("]N"
                         "a\x85R")
                    .end(),
                "no pair"}));

TEST(Unpickler, SaysWhereARefusedGlobalStands) {
  // {"epoch": 3, "optimizer": {"lr": 1, "hook": os.system}}
  const Outcome result = run(Pickle()
                                 .raw("}(")
                                 .text("epoch")
                                 .raw("K\x03")
                                 .text("optimizer")
                                 .raw("}(")
                                 .text("lr")
                                 .raw("K\x01")
                                 .text("hook")
                                 .global("os", "system")
                                 .raw(")Ruu")
                                 .end());
  EXPECT_THAT(result.message, HasSubstr("`x.pth` is refused: its pickle wants the global `os.system`"));
  EXPECT_THAT(result.notes, ElementsAre("at byte 50 of the file, in the value of `optimizer.hook`",
                                        HasSubstr("nothing is executed")));
}

TEST(Unpickler, TellsWholeModulesFromStateDicts) {
  const Outcome result = run(Pickle().global("__main__", "Net").raw(")\x81}b").end());
  EXPECT_EQ(result.code, "LT0603");
  EXPECT_THAT(result.notes,
              ElementsAre(HasSubstr("at byte 2"), HasSubstr("whole module saved with `torch.save(model, file)`")));
}

// --------------------------------------------------------------------------------------------- exhausting the machine

std::string repeated(std::string_view piece, size_t count) {
  std::string text;
  text.reserve(piece.size() * count);
  for (size_t index = 0; index < count; ++index) text += piece;
  return text;
}

TEST(HostilePickles, EndSoon) {
  constexpr size_t kMany = 4'200'000;
  const auto start = std::chrono::steady_clock::now();
  // Values without end.
  EXPECT_THAT(run(Pickle().raw(repeated("N", kMany)).end()).message, HasSubstr("makes more than 4194304 values"));
  // Nesting that would break a recursive walk.
  EXPECT_TRUE(run(Pickle().raw(repeated("](", 200'000) + repeated("e", 200'000)).end()).run);
  EXPECT_TRUE(run(Pickle().raw(")" + repeated("\x85", 200'000)).end()).run);
  EXPECT_TRUE(run(Pickle().raw(repeated("(", 200'000) + repeated("0", 200'000) + "N").end()).run);
  // Memo puts at growing positions.
  std::string puts = "N";
  for (uint64_t index = 0; index < 200'000; ++index) puts += "r" + little(index * 5, 4);
  EXPECT_TRUE(run(Pickle().raw(puts).end()).run);
  // A large list copied by many calls.
  const std::string copies = "]q\x01(" + repeated("]q\x02(NNe", 10'000) + "e0" +
                             std::string(
                                 "ccollections\nOrderedDict\nq\x03"
                                 "0h\x01\x85q\x04"
                                 "0") +
                             repeated("h\x03h\x04R", 100'000);
  EXPECT_THAT(run(Pickle().raw(copies).end()).message, HasSubstr("steps"));
  // The same tensor of 64 axes, again and again.
  Pickle tensors;
  tensors.global("torch._utils", "_rebuild_tensor_v2")
      .raw(
          "q\x01"
          "0(")
      .storage("FloatStorage", "0", 1)
      .raw(
          "K\x00"
          "(");
  for (int axis = 0; axis < 64; ++axis) tensors.raw("K\x01");
  tensors
      .raw(
          "tq\x02h\x02\x89Ntq\x03"
          "0")
      .raw(repeated("h\x01h\x03R", 200'000));
  const Outcome many = run(tensors.end());
  EXPECT_FALSE(many.run);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(60));
}

}  // namespace
}  // namespace lathe::weights
