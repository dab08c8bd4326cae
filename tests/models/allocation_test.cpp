// Runs on static shapes allocate nothing: every way to the heap is counted while an Instance runs.
#include <dlfcn.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstddef>
#include <cstdlib>

#include "ir/graph/builder.h"
#include "tests/models/golden_models.h"
#include "tests/support/shared_data.h"

namespace {

std::atomic<size_t> allocations{0};

// The C library's function of this name, behind the one defined here.
template <class Function>
Function next_function(const char* name) {
  return reinterpret_cast<Function>(dlsym(RTLD_NEXT, name));
}

}  // namespace

// operator new of libstdc++ calls malloc, so these see it too.
extern "C" void* malloc(size_t size) {
  static const auto next = next_function<void* (*)(size_t)>("malloc");
  ++allocations;
  return next(size);
}

extern "C" void* aligned_alloc(size_t alignment, size_t size) {
  static const auto next = next_function<void* (*)(size_t, size_t)>("aligned_alloc");
  ++allocations;
  return next(alignment, size);
}

extern "C" int posix_memalign(void** result, size_t alignment, size_t size) {
  static const auto next = next_function<int (*)(void**, size_t, size_t)>("posix_memalign");
  ++allocations;
  return next(result, alignment, size);
}

extern "C" void* realloc(void* memory, size_t size) {
  static const auto next = next_function<void* (*)(void*, size_t)>("realloc");
  ++allocations;
  return next(memory, size);
}

namespace lathe::test {
namespace {

void expect_no_allocation(const CompiledModel& model) {
  Diagnostics diagnostics;
  std::vector<Tensor> inputs;
  std::vector<Tensor> outputs;
  std::vector<std::vector<int64_t>> dims;
  std::vector<const void*> from;
  std::vector<void*> to;
  for (const ModelPort& port : model.inputs()) {
    dims.emplace_back();
    for (const Dim& dim : port.type.as_tensor()->dims) dims.back().push_back(dim.is_constant() ? dim.constant() : 1);
    inputs.push_back(seeded_tensor(dims.back(), 1));
  }
  for (const Tensor& input : inputs) from.push_back(input.bytes().data());
  Result<Instance> instance = model.instance(dims, diagnostics);
  ASSERT_TRUE(instance.ok());
  for (const std::vector<int64_t>& shape : instance->output_dims()) outputs.emplace_back(ElementType::F32, shape);
  for (Tensor& output : outputs) to.push_back(output.bytes().data());
  ASSERT_EQ(instance->run(from.data(), to.data()), LATHE_OK);
  const size_t before = allocations;
  for (int i = 0; i < 3; ++i) ASSERT_EQ(instance->run(from.data(), to.data()), LATHE_OK);
  EXPECT_EQ(allocations - before, 0u);
}

TEST(Allocation, IsCountedHere) {
  const size_t before = allocations;
  std::vector<int>* vector = new std::vector<int>(100);
  EXPECT_GE(allocations - before, 2u);
  delete vector;
}

TEST(Allocation, NoneInARunOfAFilledModel) {
  LATHE_REQUIRE_SHARED(models, "models");
  if (!is_available(Backend::Jit)) GTEST_SKIP() << "built without LLVM";
  for (const char* name : {"mlp_mnist", "squeezenet1_1", "mlp_mixer"}) {
    for (const int32_t threads : {1, 2}) {
      SCOPED_TRACE(name + std::string(", threads: ") + std::to_string(threads));
      std::string why;
      const auto file = filled_topology(models, name, LATHE_FILLED_MODELS, why);
      ASSERT_TRUE(file) << why;
      const std::optional<CompiledModel> model = compile_file(*file, {.threads = threads});
      ASSERT_TRUE(model);
      expect_no_allocation(*model);
    }
  }
}

}  // namespace
}  // namespace lathe::test
