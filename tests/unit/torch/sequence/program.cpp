// One evaluation with all libraries.
#include "tests/unit/torch/sequence/program.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "compiler/frontend/torch/nn/library.h"
#include "compiler/frontend/torch/python/library.h"
#include "compiler/frontend/torch/sequence/library.h"
#include "compiler/frontend/torch/tensor/library.h"
#include "compiler/frontend/torch/tensor/tracer.h"

namespace lathe::torch::test {
namespace {

// Element i of n is ((37 i + 11 n) mod 101 - 50) / 100.
class RuleSource final : public ParameterSource {
 public:
  std::optional<ConstantData> parameter(const std::string&, const TensorType& type, const Initialization&) override {
    const int64_t count = type.element_count().constant();
    std::vector<double> numbers;
    for (int64_t i = 0; i < count; ++i) {
      numbers.push_back(static_cast<double>((37 * i + 11 * count) % 101 - 50) / 100);
    }
    return constant_from_doubles(type, numbers);
  }
};

std::vector<NativeModuleRow> whole_library() {
  std::vector<NativeModuleRow> rows;
  for (const auto& part : {standard_library(), tensor_library(), nn_library(), sequence_library()}) {
    rows.insert(rows.end(), part.begin(), part.end());
  }
  return rows;
}

int line_of(const LocationTable& locations, LocationId where) {
  const Location* origin = where.valid() ? locations.origin(where) : nullptr;
  const auto* span = origin == nullptr ? nullptr : std::get_if<Span>(origin);
  if (span == nullptr) return 0;
  const std::string& text = locations.file(span->file).text;
  return 1 + static_cast<int>(std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(span->begin), '\n'));
}

}  // namespace

ProgramResult run_program(const std::string& text) {
  const std::string name = ::testing::UnitTest::GetInstance()->current_test_info()->name();
  const std::filesystem::path path = std::filesystem::path(::testing::TempDir()) / ("lathe_" + name + ".py");
  std::ofstream(path) << text;
  Module module;
  RuleSource source;
  Tracer tracer(module, source);
  const std::vector<NativeModuleRow> library = whole_library();
  Evaluator evaluator(module.locations, module.symbols, tracer, library);
  tracer.attach(evaluator);
  Diagnostics diagnostics;
  ProgramResult result;
  evaluator.on_stack([&] {
    static_cast<void>(evaluator.run_file(path.string(), diagnostics));
    for (const Evaluator::TopLevelName& top : evaluator.top_level_names()) {
      const auto* tensor = std::get_if<TensorId>(&top.value);
      if (tensor == nullptr) continue;
      result.shapes[top.name] = tracer.shape_text(*tensor);
      if (!top.name.starts_with("out_")) continue;
      const auto known = evaluator.guarded(diagnostics, [&] { return tracer.known(*tensor, top.where); });
      if (!known.ok()) continue;
      Numbers& numbers = result.tensors[top.name];
      for (const Dim& dim : known->type.dims) numbers.dims.push_back(dim.constant());
      for (int64_t i = 0; i < known->element_count(); ++i) {
        numbers.elements.push_back(element_as_double(*known, known->splat ? 0 : i));
      }
    }
  });
  for (const Diagnostic& each : diagnostics.all()) {
    result.diagnostics +=
        fmt::format("{}:{} {}\n", info(each.kind).code, line_of(module.locations, each.where), each.message);
  }
  std::filesystem::remove(path);
  return result;
}

}  // namespace lathe::torch::test
