// Names of definitions against names of files: what fits, and the text of what doesn't.
#include "compiler/frontend/weights/matching.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ir/base/render.h"

namespace lathe::weights {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TensorType type_of(std::initializer_list<int64_t> dims, ElementType element = ElementType::F32) {
  TensorType type{.element = element, .dims = {}, .ranked = true};
  for (const int64_t dim : dims) type.dims.emplace_back(dim);
  return type;
}

DefinedEntry defined(const std::string& name, std::initializer_list<int64_t> dims) { return {name, type_of(dims)}; }

struct Given {
  std::string name;
  TensorType type;
};
StateDict file(std::initializer_list<Given> entries) {
  StateDict dict;
  dict.path = "net.pth";
  for (const Given& given : entries) {
    StateEntry entry;
    entry.data = splat_constant(given.type, 0.5);
    entry.data.name = given.name;
    dict.add(std::move(entry));
  }
  return dict;
}

struct Outcome {
  std::optional<StateDict> dict;
  std::string text;
};
Outcome match_text(std::vector<DefinedEntry> definition, StateDict given, MatchOptions options = {}) {
  Diagnostics diagnostics;
  Result<StateDict> result = match(definition, std::move(given), options, diagnostics);
  Outcome outcome;
  if (result.ok()) outcome.dict = *std::move(result);
  const LocationTable locations;
  for (const Diagnostic& diagnostic : diagnostics.all()) outcome.text += render_text(diagnostic, locations, {});
  return outcome;
}

const std::vector<DefinedEntry> kSmall = {defined("fc.weight", {10, 84}), defined("fc.bias", {10})};

TEST(Matching, AFileThatFitsGivesTheEntriesInTheDefinitionsOrder) {
  const Outcome outcome = match_text(kSmall, file({{"fc.bias", type_of({10})}, {"fc.weight", type_of({10, 84})}}));
  ASSERT_TRUE(outcome.dict) << outcome.text;
  EXPECT_EQ(outcome.text, "");
  ASSERT_EQ(outcome.dict->entries().size(), 2u);
  EXPECT_EQ(outcome.dict->entries()[0].data.name, "fc.weight");
}

TEST(Matching, ElementsAreConverted) {
  const Outcome outcome = match_text(
      kSmall, file({{"fc.bias", type_of({10}, ElementType::F16)}, {"fc.weight", type_of({10, 84}, ElementType::F64)}}));
  ASSERT_TRUE(outcome.dict) << outcome.text;
  for (const StateEntry& entry : outcome.dict->entries()) {
    EXPECT_EQ(entry.data.type.element, ElementType::F32);
    EXPECT_EQ(element_as_double(entry.data, 3), 0.5);
  }
}

TEST(Matching, DifferencesAreOneDiagnostic) {
  const Outcome outcome = match_text({defined("c1.weight", {6, 1, 5, 5}), defined("fc.weight", {10, 84}),
                                      defined("fc.bias", {10}), defined("head.scale", {})},
                                     file({{"c1.weight", type_of({5, 5, 1, 6})},
                                           {"fc.weight", type_of({84, 10})},
                                           {"fc.bais", type_of({10})},
                                           {"extra", type_of({2, 2}, ElementType::I64)}}));
  EXPECT_FALSE(outcome.dict);
  EXPECT_EQ(
      outcome.text,
      R"(error[LT0602]: `net.pth` doesn't fit the definition: 2 entries are missing, 2 are unexpected, 2 have another shape
   = note: missing from the file (2):
           `fc.bias`: `f32[10]`, perhaps `fc.bais` of the file
           `head.scale`: `f32[]`
   = note: not in the definition (2):
           `fc.bais`: `f32[10]`
           `extra`: `i64[2, 2]`
   = note: of another shape (2):
           `c1.weight` is `[6, 1, 5, 5]` in the definition, `[5, 5, 1, 6]` in the file; its axes are in TensorFlow's order [height, width, inputs, outputs]
           `fc.weight` is `[10, 84]` in the definition, `[84, 10]` in the file; transposed: PyTorch keeps [outputs, inputs], Keras, JAX and `Conv1D` of GPT-2 keep [inputs, outputs]
)");
}

TEST(Matching, LongListsAreCut) {
  std::vector<DefinedEntry> definition;
  for (int index = 0; index < 13; ++index) definition.push_back(defined("layer" + std::to_string(index * 1000), {2}));
  const Outcome outcome = match_text(definition, file({}));
  EXPECT_THAT(outcome.text, HasSubstr("13 entries are missing"));
  EXPECT_THAT(outcome.text, HasSubstr("`layer9000`: `f32[2]`\n"));
  EXPECT_THAT(outcome.text, HasSubstr("and 3 more\n"));
  EXPECT_THAT(outcome.text, ::testing::Not(HasSubstr("layer10000")));
}

TEST(Matching, PrefixesOfWrappersAreExplained) {
  const StateDict wrapped = file({{"module.fc.weight", type_of({10, 84})}, {"module.fc.bias", type_of({10})}});
  const Outcome strict = match_text(kSmall, wrapped);
  EXPECT_FALSE(strict.dict);
  EXPECT_EQ(strict.text, R"(error[LT0602]: `net.pth` doesn't fit the definition: its names begin with `module.`
   = note: the file has `module.fc.weight` for `fc.weight`, and so on for all 2 entries of the definition
   = note: `torch.nn.DataParallel` and `DistributedDataParallel` add it; `model.module.state_dict()` has none
   = note: take it off before saving: `{k.removeprefix("module."): v for k, v in state_dict.items()}`; `--no-strict` reads the file as if that was done
)");
  const Outcome loose = match_text(kSmall, wrapped, {.strict = false});
  ASSERT_TRUE(loose.dict);
  EXPECT_EQ(loose.dict->entries().size(), 2u);
  EXPECT_EQ(loose.text, "warning[LT0605]: names of `net.pth` are read without their prefix `module.`\n");
}

TEST(Matching, NestedPrefixesAreExplained) {
  const Outcome outcome = match_text(
      kSmall, file({{"module._orig_mod.fc.weight", type_of({10, 84})}, {"module._orig_mod.fc.bias", type_of({10})}}));
  EXPECT_THAT(outcome.text, HasSubstr("its names begin with `module._orig_mod.`"));
  EXPECT_THAT(outcome.text, HasSubstr("`torch.compile` adds it"));
}

TEST(Matching, AFileOfAPartIsExplained) {
  const Outcome outcome = match_text(
      {defined("backbone.fc.weight", {10, 84}), defined("backbone.fc.bias", {10}), defined("head.bias", {3})},
      file({{"fc.weight", type_of({10, 84})}, {"fc.bias", type_of({10})}}));
  EXPECT_THAT(outcome.text, HasSubstr("with `backbone.` in front all names of the file are in the definition"));
}

TEST(Matching, WeightNormIsExplained) {
  const Outcome outcome = match_text(
      {defined("conv.weight", {4, 3}), defined("conv.bias", {4})},
      file({{"conv.bias", type_of({4})}, {"conv.weight_g", type_of({4, 1})}, {"conv.weight_v", type_of({4, 3})}}));
  EXPECT_THAT(outcome.text, HasSubstr("length and direction of a weight under `torch.nn.utils.weight_norm`"));
  EXPECT_THAT(outcome.text, HasSubstr("`remove_weight_norm(layer)`"));
}

TEST(Matching, RenamedLayersAreRecognised) {
  const Outcome outcome = match_text({defined("conv.weight", {4, 3}), defined("conv.bias", {4})},
                                     file({{"first.weight", type_of({4, 3})}, {"first.bias", type_of({4})}}));
  EXPECT_THAT(outcome.text, HasSubstr("`conv.weight` may be named `first.weight` in the file"));
}

TEST(Matching, AnotherNumberOfOutputsIsRecognised) {
  const Outcome outcome =
      match_text(kSmall, file({{"fc.weight", type_of({1000, 84})}, {"fc.bias", type_of({1000})}}), {.strict = false});
  EXPECT_FALSE(outcome.dict);
  EXPECT_THAT(outcome.text,
              HasSubstr("error[LT0602]: `net.pth` doesn't fit the definition: 2 entries have another shape"));
  EXPECT_THAT(outcome.text, HasSubstr("the file was made for 1000 outputs there, the definition has 10"));
}

TEST(Matching, WithoutStrictNamesMayDiffer) {
  const Outcome outcome =
      match_text(kSmall, file({{"fc.weight", type_of({10, 84})}, {"other", type_of({2})}}), {.strict = false});
  ASSERT_TRUE(outcome.dict);
  EXPECT_EQ(outcome.dict->entries().size(), 1u);
  EXPECT_EQ(outcome.text, R"(warning[LT0605]: 1 entry is missing from `net.pth` and keeps its initial values
   = note: missing from the file (1):
           `fc.bias`: `f32[10]`
warning[LT0605]: 1 entry of `net.pth` is ignored
   = note: not in the definition (1):
           `other`: `f32[2]`
)");
}

TEST(Matching, CountsOfBatchesMayBeMissingFromOldFiles) {
  const std::vector<DefinedEntry> definition = {{"bn.num_batches_tracked", type_of({}, ElementType::I64), true}};
  StateDict unknown = file({});
  EXPECT_TRUE(match_text(definition, unknown).dict);
  StateDict old = file({});
  old.versions["bn"] = 1;
  EXPECT_TRUE(match_text(definition, old).dict);
  StateDict recent = file({});
  recent.versions["bn"] = 2;
  EXPECT_THAT(match_text(definition, recent).text, HasSubstr("`bn.num_batches_tracked`: `i64[]`"));
}

TEST(Matching, ScalarsOfOldFilesHaveOneAxis) {
  const Outcome outcome = match_text({defined("scale", {})}, file({{"scale", type_of({1})}}));
  ASSERT_TRUE(outcome.dict) << outcome.text;
  EXPECT_EQ(text(outcome.dict->entries()[0].data.type), "f32[]");
}

TEST(Matching, EntriesThatAreNoTensorsAreMissing) {
  StateDict given = file({{"fc.weight", type_of({10, 84})}});
  given.others.push_back({"fc.bias", "a tensor of complex64"});
  given.others.push_back({"epoch", "an int"});
  const Outcome outcome = match_text(kSmall, given);
  EXPECT_THAT(outcome.text, HasSubstr("`fc.bias` is a tensor of complex64 in the file"));
  EXPECT_THAT(outcome.text, HasSubstr("`epoch`: an int"));
}

}  // namespace
}  // namespace lathe::weights
