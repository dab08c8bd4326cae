// Model sources in the styles people use, against the numbers of PyTorch: expected.json, made by expected.py.
//
// Weights and inputs are filled by the rule of expected.py, so the comparison needs no data but the outputs.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include <cmath>
#include <fstream>

#include "compiler/compile.h"
#include "ir/base/render.h"
#include "tests/support/temporary_folder.h"

namespace lathe::test {
namespace {

using Json = nlohmann::json;

// t(name, i) of expected.py: splitmix64 seeded with the FNV-1a hash of the name, in [-1, 1).
double number(uint64_t hash, uint64_t index) {
  uint64_t z = hash + (index + 1) * 0x9e3779b97f4a7c15u;
  z = (z ^ (z >> 30u)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27u)) * 0x94d049bb133111ebu;
  z ^= z >> 31u;
  return static_cast<double>(z >> 11u) / 4503599627370496.0 - 1.0;
}

uint64_t hash_of(std::string_view name) {
  uint64_t value = 0xcbf29ce484222325u;
  for (const char c : name) value = (value ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  return value;
}

bool is_statistic(std::string_view last) {
  return last == "running_mean" || last == "running_var" || last == "num_batches_tracked";
}

struct Fill {
  double center;
  double amplitude;
};
Fill fill_of(std::string_view last, const std::vector<int64_t>& dims, int64_t count) {
  if (last == "running_var" || (last == "weight" && dims.size() == 1)) return {1.0, 0.25};
  if (dims.size() <= 1) return {0.0, 0.1};
  return {0.0, std::sqrt(3.0 / static_cast<double>(count / dims[0]))};
}

// A .safetensors file for the parameters that the rule fills; the first of names that share a tensor gives its numbers,
// which is what PyTorch's in-place copies leave as well.
void write_weights(const std::vector<Definition::Parameter>& parameters, const std::map<std::string, std::string>& tied,
                   const std::filesystem::path& path) {
  nlohmann::ordered_json header;
  std::string data;
  for (const Definition::Parameter& parameter : parameters) {
    const std::string last = parameter.name.substr(parameter.name.find_last_of('.') + 1);
    if (parameter.is_buffer && !is_statistic(last)) continue;
    std::vector<int64_t> dims;
    int64_t count = 1;
    for (const Dim& dim : parameter.type.dims) {
      dims.push_back(dim.constant());
      count *= dims.back();
    }
    const bool is_integer = parameter.type.element == ElementType::I64;
    const size_t begin = data.size();
    if (is_integer) {
      data.append(static_cast<size_t>(count) * sizeof(int64_t), '\0');
    } else {
      const auto first = tied.find(parameter.name);
      const std::string& source = first == tied.end() ? parameter.name : first->second;
      const Fill fill = fill_of(source.substr(source.find_last_of('.') + 1), dims, count);
      const uint64_t hash = hash_of(source);
      for (int64_t i = 0; i < count; ++i) {
        const auto value = static_cast<float>(fill.center + fill.amplitude * number(hash, static_cast<uint64_t>(i)));
        data.append(reinterpret_cast<const char*>(&value), sizeof(value));
      }
    }
    header[parameter.name] = {
        {"dtype", is_integer ? "I64" : "F32"}, {"shape", dims}, {"data_offsets", {begin, data.size()}}};
  }
  std::string head = header.dump();
  head.resize((head.size() + 7) / 8 * 8, ' ');
  std::ofstream file(path, std::ios::binary);
  const uint64_t size = head.size();
  file.write(reinterpret_cast<const char*>(&size), sizeof(size));
  file << head << data;
}

std::vector<Json> cases() {
  std::ifstream stream(std::string(LATHE_SOURCE_DIR) + "/tests/torch/models/expected.json");
  const Json all = Json::parse(stream, nullptr, false);
  return all.is_array() ? all.get<std::vector<Json>>() : std::vector<Json>();
}

std::string case_name(const testing::TestParamInfo<Json>& info) {
  const std::string file = info.param.at("file");
  const size_t begin = file.find_last_of('/') + 1;
  std::string name = fmt::format("{:02}_{}", info.index, file.substr(begin, file.size() - begin - 3));
  for (char& c : name) c = std::isalnum(static_cast<unsigned char>(c)) != 0 ? c : '_';
  return name;
}

class TorchModel : public testing::TestWithParam<Json> {
 protected:
  [[nodiscard]] std::string path() const {
    return fmt::format("{}/{}:{}", LATHE_SOURCE_DIR, GetParam().at("file").get<std::string>(),
                       GetParam().at("entry").get<std::string>());
  }

  static LoadOptions options(const Json& test) {
    LoadOptions options{.strict = false};
    for (const Json& input : test.at("inputs")) {
      TensorType type;
      type.element = input.at("element") == "i64" ? ElementType::I64 : ElementType::F32;
      for (const Json& size : input.at("shape")) type.dims.emplace_back(size.get<int64_t>());
      options.input_types.emplace_back("", type);
    }
    return options;
  }

  static Tensor make_input(const std::string& name, const ModelPort& port, int64_t below) {
    const TensorType& type = *port.type.as_tensor();
    std::vector<int64_t> dims;
    for (const Dim& dim : type.dims) dims.push_back(dim.constant());
    Tensor tensor(type.element, dims);
    const uint64_t hash = hash_of(name);
    for (size_t i = 0; i < tensor.element_count(); ++i) {
      const double t = number(hash, i);
      if (type.element == ElementType::I64) {
        tensor.as<int64_t>()[i] = static_cast<int64_t>(std::floor((t + 1) / 2 * static_cast<double>(below)));
      } else {
        tensor.as<float>()[i] = static_cast<float>(t);
      }
    }
    return tensor;
  }

  void run(Backend backend, const std::string& weights) {
    const Json& test = GetParam();
    LoadOptions load = options(test);
    load.weights = weights;
    Module module;
    Diagnostics diagnostics;
    ASSERT_TRUE(load_model(path(), load, module, diagnostics).ok()) << render_text(diagnostics, module.locations);
    const Result<CompiledModel> model = compile(std::move(module), {.backend = backend}, diagnostics);
    ASSERT_TRUE(model.ok()) << render_text(diagnostics, module.locations);
    std::vector<Tensor> inputs;
    const size_t given = test.at("inputs").size();
    for (size_t i = 0; i < model->inputs().size(); ++i) {
      const std::string name = i < given ? fmt::format("input.{}", i) : fmt::format("random.{}", i - given);
      const int64_t below = i < given ? test["inputs"][i].at("below").get<int64_t>() : 0;
      inputs.push_back(make_input(name, model->inputs()[i], below));
    }
    ASSERT_EQ(inputs.size(), given + test.at("random").get<size_t>());
    std::vector<TensorView> views;
    for (const Tensor& input : inputs) views.push_back(input.view());
    const Result<std::vector<Tensor>> outputs = model->run(views, diagnostics);
    ASSERT_TRUE(outputs.ok()) << render_text(diagnostics, model->locations());
    compare(*outputs, test.at("outputs"));
  }

  static void compare(const std::vector<Tensor>& outputs, const Json& expected) {
    ASSERT_EQ(outputs.size(), expected.size());
    for (size_t i = 0; i < outputs.size(); ++i) {
      EXPECT_EQ(outputs[i].dims(), expected[i].at("shape").get<std::vector<int64_t>>());
      const std::vector<double> elements = expected[i].at("elements").get<std::vector<double>>();
      const size_t step = std::max<size_t>(1, outputs[i].element_count() / 16);
      for (size_t k = 0; k < elements.size(); ++k) {
        EXPECT_NEAR(outputs[i].as<float>()[k * step], elements[k], 1e-4 * std::max(1.0, std::fabs(elements[k])))
            << "output " << i << ", element " << k * step;
      }
    }
  }
};

// Names of one tensor: the later ones, with the first.
std::map<std::string, std::string> tied_names(const Json& test) {
  if (test.at("file") == "examples/pytorch/gpt.py") return {{"lm_head.weight", "transformer.wte.weight"}};
  return {};
}

TEST_P(TorchModel, GivesWhatPyTorchGives) {
  const Json& test = GetParam();
  LoadOptions load = options(test);
  load.types_only = true;
  Module module;
  Diagnostics diagnostics;
  Definition definition;
  ASSERT_TRUE(load_model(path(), load, module, diagnostics, &definition).ok())
      << render_text(diagnostics, module.locations);
  const TemporaryFolder folder;
  const std::filesystem::path weights = folder.path() / "weights.safetensors";
  write_weights(definition.parameters, tied_names(test), weights);
  run(Backend::Interpreter, weights.string());
  if (is_available(Backend::Jit)) run(Backend::Jit, weights.string());
}

INSTANTIATE_TEST_SUITE_P(Models, TorchModel, testing::ValuesIn(cases()), case_name);

TEST(TorchModels, AreThere) { EXPECT_GE(cases().size(), 16u); }

}  // namespace
}  // namespace lathe::test
