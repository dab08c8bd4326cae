// The numerics contract on whole models: the bits of a result depend neither on the number of threads, nor on the other
// rows of the batch, nor on what ran before, nor on the width of the machine's vectors. Numerics::Fast may choose other
// sums, but keeps to that too; rows of models with convolutions that it changes come a second time for it.
#include <gtest/gtest.h>

#include <cstring>
#include <memory>
#include <string>

#include "tests/models/golden_models.h"
#include "tests/support/shared_data.h"

namespace lathe::test {
namespace {

struct BitsRow {
  const char* name;
  bool pretrained;
  Numerics numerics = Numerics::Exact;
};

constexpr BitsRow kModels[] = {
    {"mlp_mnist", false},
    {"lenet5", false},
    {"vae64_encoder", false},
    {"vae64_decoder", false},
    {"vae64_full", false},
    {"dcgan_generator", false},
    {"squeezenet1_1", false},
    {"mobilenet_v3_small", false},
    {"shufflenet_v2_x1_0", false},
    {"mlp_mixer", false},
    {"mnist_cntk", true},
    {"ultraface_rfb_320", true},
    {"ultraface_slim_320", true},
    {"blazeface_front", true},
    {"mlsd_320_tiny", true},
    {"ppocr_cls", true},
    {"vae64_full", false, Numerics::Fast},
    {"squeezenet1_1", false, Numerics::Fast},
    {"mlsd_320_tiny", true, Numerics::Fast},
    {"resnet18", false, Numerics::Fast},
};
constexpr int64_t kBatch = 3;

struct ReleasePool {
  void operator()(lathe_thread_pool* pool) const { lathe_thread_pool_destroy(pool); }
};
using Pool = std::unique_ptr<lathe_thread_pool, ReleasePool>;

class Bits : public testing::TestWithParam<BitsRow> {
 protected:
  void load() {
    LATHE_REQUIRE_SHARED(models, "models");
    if (!is_available(Backend::Jit)) GTEST_SKIP() << "built without LLVM";
    std::filesystem::path file = models / "pretrained" / (std::string(GetParam().name) + ".onnx");
    if (!GetParam().pretrained) {
      std::string why;
      const auto filled = filled_topology(models, GetParam().name, LATHE_FILLED_MODELS, why);
      ASSERT_TRUE(filled) << why;
      file = *filled;
    }
    file_ = file;
    compile();
  }

  // For the target that the runtime has selected.
  void compile() {
    model_ = compile_file(file_, {.backend = Backend::Jit, .numerics = GetParam().numerics});
    ASSERT_TRUE(model_);
  }

  [[nodiscard]] std::vector<Tensor> random_inputs() const {
    std::vector<Tensor> inputs;
    for (const ModelPort& port : model_->inputs()) {
      inputs.push_back(seeded_tensor(dims_of(port, kBatch), inputs.size() + 1));
    }
    return inputs;
  }

  // The axes of an input; `batch` for a symbol on axis 0, 64 for other symbols.
  static std::vector<int64_t> dims_of(const ModelPort& port, int64_t batch) {
    std::vector<int64_t> dims;
    for (const Dim& dim : port.type.as_tensor()->dims) {
      dims.push_back(dim.is_constant() ? dim.constant() : dims.empty() ? batch : int64_t{64});
    }
    return dims;
  }

  [[nodiscard]] bool has_batch() const {
    for (const ModelPort& port : model_->inputs()) {
      const Shape& dims = port.type.as_tensor()->dims;
      if (dims.empty() || dims[0].is_constant()) return false;
    }
    return true;
  }

  std::optional<std::vector<Tensor>> run(const std::vector<Tensor>& inputs, int32_t threads) {
    std::vector<TensorView> views;
    for (const Tensor& input : inputs) views.push_back(input.view());
    lathe_thread_pool* pool = nullptr;
    if (lathe_thread_pool_create(threads, &pool) != LATHE_OK) {
      ADD_FAILURE() << "no pool of " << threads << " threads";
      return std::nullopt;
    }
    const Pool owner(pool);
    lathe_execution execution = LATHE_EXECUTION_INIT;
    lathe_execution_use_pool(&execution, pool);
    Diagnostics diagnostics;
    Result<std::vector<Tensor>> outputs = model_->run(views, execution, diagnostics);
    if (!outputs) {
      ADD_FAILURE() << (diagnostics.all().empty() ? "no message" : diagnostics.all()[0].message);
      return std::nullopt;
    }
    return *std::move(outputs);
  }

  std::filesystem::path file_;
  std::optional<CompiledModel> model_;
};

std::vector<Tensor> row_of(const std::vector<Tensor>& batch, int64_t row) {
  std::vector<Tensor> rows;
  for (const Tensor& tensor : batch) {
    std::vector<int64_t> dims = tensor.dims();
    const size_t bytes = tensor.bytes().size() / static_cast<size_t>(dims[0]);
    dims[0] = 1;
    Tensor one(tensor.element(), dims);
    std::memcpy(one.bytes().data(), tensor.bytes().data() + static_cast<size_t>(row) * bytes, bytes);
    rows.push_back(std::move(one));
  }
  return rows;
}

TEST_P(Bits, DoNotDependOnThreadsBatchOrRepetition) {
  load();
  if (IsSkipped() || HasFatalFailure()) return;
  const std::vector<Tensor> inputs = random_inputs();
  const auto whole = run(inputs, 1);
  ASSERT_TRUE(whole);
  for (const int32_t threads : {1, 2, 3, 7}) {
    SCOPED_TRACE("threads: " + std::to_string(threads));
    const auto again = run(inputs, threads);
    ASSERT_TRUE(again);
    expect_same_bits(*again, *whole);
  }
  if (!has_batch()) return;
  for (int64_t row = 0; row < kBatch; ++row) {
    SCOPED_TRACE("row " + std::to_string(row) + " of the batch alone");
    const auto alone = run(row_of(inputs, row), 1);
    ASSERT_TRUE(alone);
    expect_same_bits(*alone, row_of(*whole, row));
  }
}

// Targets with FMA; SSE4 rounds products on their own.
TEST_P(Bits, DoNotDependOnTheInstructionSet) {
  load();
  if (IsSkipped() || HasFatalFailure()) return;
  const std::vector<Tensor> inputs = random_inputs();
  std::optional<std::vector<Tensor>> first;
  for (int32_t i = 0; i < lathe_target_count(); ++i) {
    const std::string name = lathe_target_name(i);
    if (lathe_target_supported(i) == 0 || name.starts_with("SSE")) continue;
    SCOPED_TRACE(name);
    ASSERT_EQ(lathe_target_select(name.c_str(), nullptr, 0), LATHE_OK);
    compile();
    auto outputs = run(inputs, 1);
    ASSERT_TRUE(outputs);
    if (first) {
      expect_same_bits(*outputs, *first);
    } else {
      first = std::move(outputs);
    }
  }
}

// Other ways to the same machine give the bits of the JIT.
class Backends : public Bits {};

TEST_P(Backends, EmittedCppGivesTheBitsOfTheJit) {
  load();
  if (IsSkipped() || HasFatalFailure()) return;
  const std::vector<Tensor> inputs = random_inputs();
  const auto expected = run(inputs, 1);
  ASSERT_TRUE(expected);
  model_ = compile_file(file_, {.backend = Backend::Cpp, .numerics = GetParam().numerics});
  ASSERT_TRUE(model_);
  for (const int32_t threads : {1, 2}) {
    SCOPED_TRACE("threads: " + std::to_string(threads));
    const auto outputs = run(inputs, threads);
    ASSERT_TRUE(outputs);
    expect_same_bits(*outputs, *expected);
  }
}

std::string model_name(const testing::TestParamInfo<BitsRow>& info) {
  return std::string(info.param.name) + (info.param.numerics == Numerics::Fast ? "_fast" : "");
}
INSTANTIATE_TEST_SUITE_P(Models, Backends, testing::ValuesIn(kModels), model_name);
INSTANTIATE_TEST_SUITE_P(Models, Bits, testing::ValuesIn(kModels), model_name);

}  // namespace
}  // namespace lathe::test
