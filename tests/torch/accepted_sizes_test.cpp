// The sizes of inputs that Lathe says a model accepts, against those with which PyTorch ran: index.json of torch-cases
// lists them for whole ranges of heights and widths, found by trying all.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <utility>
#include <vector>
#include <nlohmann/json.hpp>

#include "compiler/compile.h"
#include "tests/support/shared_data.h"

namespace lathe::test {
namespace {

using Json = nlohmann::json;
using Sizes = std::set<int64_t>;

// "32-35,40"
Sizes sizes_of(const std::string& text) {
  Sizes sizes;
  std::istringstream stream(text);
  std::string part;
  while (std::getline(stream, part, ',')) {
    const size_t dash = part.find('-');
    const int64_t first = std::stoll(part.substr(0, dash));
    const int64_t last = dash == std::string::npos ? first : std::stoll(part.substr(dash + 1));
    for (int64_t size = first; size <= last; ++size) sizes.insert(size);
  }
  return sizes;
}

Sizes sizes_of(const std::vector<AcceptedSizes::Range>& ranges, int64_t limit) {
  Sizes sizes;
  for (const auto& [first, last] : ranges) {
    for (int64_t size = first; size <= std::min(last, limit); ++size) sizes.insert(size);
  }
  return sizes;
}

// All objects `accepted` of an entry of the index that name an entry.
void collect(const Json& json, std::vector<Json>& found) {
  std::vector<const Json*> waiting = {&json};
  while (!waiting.empty()) {
    const Json& at = *waiting.back();
    waiting.pop_back();
    if (at.is_object() && at.contains("rect_H_upto")) {
      found.push_back(at);
    } else if (at.is_structured()) {
      for (const Json& child : at) waiting.push_back(&child);
    }
  }
}

void expect_as_in_pytorch(const std::string& path, const Json& accepted) {
  SCOPED_TRACE(path);
  const Sizes squares = sizes_of(accepted["square"].get<std::string>());
  std::vector<std::pair<int64_t, Sizes>> rows;
  for (const auto& [height, widths] : accepted["rect"].items()) {
    rows.emplace_back(std::stoll(height), sizes_of(widths.get<std::string>()));
  }
  std::sort(rows.begin(), rows.end());
  const auto is_accepted = [&](int64_t h, int64_t w) {
    return std::any_of(rows.begin(), rows.end(),
                       [&](const auto& row) { return row.first == h && row.second.contains(w); });
  };
  constexpr std::array<std::pair<int64_t, int64_t>, 6> kGiven = {
      {{10, 10}, {39, 39}, {17, 21}, {33, 50}, {2, 3}, {40, 119}}};
  size_t failed = 0;
  for (const auto& [h, w] : kGiven) {
    if (is_accepted(h, w)) continue;
    SCOPED_TRACE(testing::Message() << h << " x " << w);
    TensorType type;
    type.dims.clear();
    for (const Json& dim : accepted["input"]) {
      type.dims.push_back(dim == "H" ? Dim(h) : dim == "W" ? Dim(w) : Dim(dim.get<int64_t>()));
    }
    LoadOptions options;
    options.input_types.emplace_back("", type);
    options.types_only = true;
    Module module;
    Diagnostics diagnostics;
    EXPECT_FALSE(load_model(path, options, module, diagnostics).ok());
    const auto with_sizes = std::find_if(diagnostics.all().begin(), diagnostics.all().end(),
                                         [](const Diagnostic& row) { return row.accepted.has_value(); });
    ASSERT_NE(with_sizes, diagnostics.all().end());
    ++failed;
    const AcceptedSizes& found = *with_sizes->accepted;
    const auto square_limit = accepted["square_upto"].get<int64_t>();
    ASSERT_GE(found.equal_limit, square_limit);
    EXPECT_EQ(sizes_of(found.equal, square_limit), squares);
    ASSERT_EQ(found.first_limit, accepted["rect_H_upto"].get<int64_t>());
    ASSERT_EQ(found.second_limit, accepted["rect_W_upto"].get<int64_t>());
    std::vector<std::pair<int64_t, Sizes>> pairs;
    for (const AcceptedSizes::Row& row : found.pairs)
      pairs.emplace_back(row.size, sizes_of(row.others, found.second_limit));
    EXPECT_EQ(pairs, rows);
    EXPECT_FALSE(with_sizes->notes.empty());
  }
  EXPECT_GE(failed, 3u);
}

TEST(AcceptedSizes, AreThoseOfPyTorch) {
  LATHE_REQUIRE_SHARED(cases, "torch-cases");
  std::ifstream file(cases / "index.json");
  const Json index = Json::parse(file);
  size_t compared = 0;
  for (const Json& entry : index) {
    std::vector<Json> found;
    collect(entry, found);
    for (const Json& accepted : found) {
      const std::string path =
          (cases / entry["file"].get<std::string>()).string() + ":" + accepted["entry"].get<std::string>();
      expect_as_in_pytorch(path, accepted);
      ++compared;
    }
  }
  EXPECT_GE(compared, 7u);
}

// Nothing of this is said where nothing is wrong.
TEST(AcceptedSizes, GoodInputsHaveNone) {
  LATHE_REQUIRE_SHARED(cases, "torch-cases");
  TensorType type;
  type.dims = {2, 1, 32, 32};
  LoadOptions options;
  options.input_types.emplace_back("x", type);
  options.types_only = true;
  Module module;
  Diagnostics diagnostics;
  EXPECT_TRUE(load_model((cases / "lenet_view.py").string() + ":LeNet()", options, module, diagnostics).ok());
  for (const Diagnostic& row : diagnostics.all()) EXPECT_FALSE(row.accepted) << row.message;
}

}  // namespace
}  // namespace lathe::test
