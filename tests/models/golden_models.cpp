// Reads the shared collection: index.tsv, tensors.tsv, .npy files with codings.
#include "tests/models/golden_models.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <fstream>
#include <limits>
#include <sstream>

#include "gtest/gtest.h"
#include "compiler/frontend/weights/npy.h"
#include "ir/base/render.h"
#include "tests/support/fill_weights.h"

namespace lathe::test {
namespace {

std::vector<std::string> split_tabs(const std::string& line) {
  std::vector<std::string> fields;
  std::istringstream stream(line);
  for (std::string field; std::getline(stream, field, '\t');) fields.push_back(field);
  return fields;
}

// float32(u) * scale + shift, exact for all of the codings.
struct Coding {
  std::string_view name;
  float scale;
  float shift;
};
constexpr Coding kCodings[] = {
    {"u8", 1.0f, 0.0f}, {"u8/256", 1.0f / 256, 0.0f}, {"u8/64-2", 1.0f / 64, -2.0f}, {"u8/128-1", 1.0f / 128, -1.0f}};

std::optional<Tensor> decode(const ConstantData& stored, const std::string& coding) {
  if (coding == "-") return host_tensor(stored);
  const auto* row =
      std::find_if(std::begin(kCodings), std::end(kCodings), [&](const Coding& c) { return c.name == coding; });
  if (row == std::end(kCodings) || stored.type.element != ElementType::U8) return std::nullopt;
  const Tensor bytes = host_tensor(stored);
  Tensor result(ElementType::F32, bytes.dims());
  const std::span<const uint8_t> from = bytes.as<uint8_t>();
  const std::span<float> to = result.as<float>();
  for (size_t i = 0; i < from.size(); ++i) to[i] = static_cast<float>(from[i]) * row->scale + row->shift;
  return result;
}

std::optional<GoldenCase> read_case(const std::filesystem::path& folder) {
  GoldenCase result{folder.filename().string(), {}, {}};
  std::ifstream rows(folder / "tensors.tsv");
  for (std::string line; std::getline(rows, line);) {
    const std::vector<std::string> fields = split_tabs(line);
    if (fields.size() != 4 || (fields[0] != "in" && fields[0] != "out")) {
      ADD_FAILURE() << folder << ": unknown line `" << line << "`";
      return std::nullopt;
    }
    Diagnostics diagnostics;
    const Result<ConstantData> stored = weights::read_npy((folder / fields[1]).string(), diagnostics);
    if (!stored) {
      ADD_FAILURE() << render_text(diagnostics, {});
      return std::nullopt;
    }
    std::optional<Tensor> tensor = decode(*stored, fields[3]);
    if (!tensor) {
      ADD_FAILURE() << folder << ": unknown coding `" << fields[3] << "`";
      return std::nullopt;
    }
    (fields[0] == "in" ? result.inputs : result.outputs).push_back({fields[2], *std::move(tensor)});
  }
  return result;
}

}  // namespace

std::optional<double> index_noise(const std::filesystem::path& index, std::string_view name) {
  std::ifstream rows(index);
  std::string line;
  std::getline(rows, line);
  const std::vector<std::string> header = split_tabs(line);
  const auto column = std::find(header.begin(), header.end(), "ort_noise");
  if (column == header.end()) return std::nullopt;
  while (std::getline(rows, line)) {
    const std::vector<std::string> fields = split_tabs(line);
    if (fields[0] == name) return std::stod(fields[static_cast<size_t>(column - header.begin())]);
  }
  return std::nullopt;
}

std::vector<GoldenCase> read_cases(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> folders;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) folders.push_back(entry.path());
  std::sort(folders.begin(), folders.end());
  std::vector<GoldenCase> cases;
  for (const std::filesystem::path& path : folders) {
    if (std::optional<GoldenCase> one = read_case(path)) cases.push_back(*std::move(one));
  }
  if (cases.empty()) ADD_FAILURE() << "no golden case below " << folder;
  return cases;
}

Tensor host_tensor(const ConstantData& constant) {
  std::vector<int64_t> dims;
  for (const Dim& dim : constant.type.dims) dims.push_back(dim.constant());
  Tensor tensor(constant.type.element, std::move(dims));
  if (!constant.bytes.empty()) std::memcpy(tensor.bytes().data(), constant.bytes.data(), constant.bytes.size());
  return tensor;
}

Difference compare(const Tensor& got, const Tensor& expected) {
  Difference result;
  if (expected.element() != ElementType::F32) {
    const bool same = got.element() == expected.element() && std::ranges::equal(got.bytes(), expected.bytes());
    if (!same) result.largest_difference = std::numeric_limits<double>::infinity();
    return result;
  }
  const std::span<const float> a = got.as<float>();
  const std::span<const float> b = expected.as<float>();
  EXPECT_EQ(a.size(), b.size());
  for (size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    const double difference = std::fabs(double{a[i]} - double{b[i]});
    // Written so that a NaN counts.
    if (!(difference <= result.largest_difference)) {
      result.largest_difference = std::isnan(difference) ? std::numeric_limits<double>::infinity() : difference;
    }
    result.largest_expected = std::max(result.largest_expected, std::fabs(double{b[i]}));
  }
  return result;
}

void expect_same_bits(const std::vector<Tensor>& a, const std::vector<Tensor>& b) {
  ASSERT_EQ(a.size(), b.size());
  for (size_t i = 0; i < a.size(); ++i) {
    ASSERT_EQ(a[i].dims(), b[i].dims());
    EXPECT_EQ(std::memcmp(a[i].bytes().data(), b[i].bytes().data(), a[i].bytes().size()), 0) << "output " << i;
  }
}

std::optional<CompiledModel> compile_file(const std::filesystem::path& path, const CompileOptions& options,
                                          const LoadOptions& load) {
  Diagnostics diagnostics;
  Module module;
  if (!load_model(path.string(), load, module, diagnostics)) {
    ADD_FAILURE() << "can't load " << path << "\n" << render_text(diagnostics, module.locations);
    return std::nullopt;
  }
  Result<CompiledModel> model = compile(std::move(module), options, diagnostics);
  if (!model) {
    ADD_FAILURE() << "can't compile " << path << " for " << text(options.backend) << "\n"
                  << render_text(diagnostics, module.locations);
    return std::nullopt;
  }
  return *std::move(model);
}

std::optional<std::vector<Tensor>> run_model(const CompiledModel& model, const std::vector<NamedTensor>& inputs) {
  std::vector<TensorView> views;
  for (const NamedTensor& input : inputs) views.push_back(input.tensor.view());
  Diagnostics diagnostics;
  Result<std::vector<Tensor>> outputs = model.run(views, diagnostics);
  if (!outputs) {
    ADD_FAILURE() << "can't run\n" << render_text(diagnostics, model.locations());
    return std::nullopt;
  }
  return *std::move(outputs);
}

Tensor seeded_tensor(std::vector<int64_t> dims, uint64_t seed) {
  Tensor tensor(ElementType::F32, std::move(dims));
  uint64_t index = 0;
  for (float& element : tensor.as<float>()) element = static_cast<float>(unit_element(seed, index++));
  return tensor;
}

}  // namespace lathe::test
