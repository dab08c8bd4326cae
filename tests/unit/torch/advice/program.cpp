// One evaluation with all libraries; parameters have no elements.
#include "tests/unit/torch/advice/program.h"

#include <gtest/gtest.h>

#include <fstream>

#include "compiler/frontend/torch/nn/library.h"
#include "compiler/frontend/torch/python/library.h"
#include "compiler/frontend/torch/sequence/library.h"
#include "compiler/frontend/torch/tensor/library.h"

namespace lathe::torch::test {
namespace {

class Zeros final : public ParameterSource {
 public:
  std::optional<ConstantData> parameter(const std::string&, const TensorType& type, const Initialization&) override {
    return splat_constant(type, 0);
  }
};

}  // namespace

Program::Program(const std::string& text) : text_(text), parameters_(std::make_unique<Zeros>()) {
  tracer_ = std::make_unique<Tracer>(module_, *parameters_);
  for (const auto& part : {standard_library(), tensor_library(), nn_library(), sequence_library()}) {
    library_.insert(library_.end(), part.begin(), part.end());
  }
  evaluator_ = std::make_unique<Evaluator>(module_.locations, module_.symbols, *tracer_, library_);
  tracer_->attach(*evaluator_);
  const ::testing::TestInfo* test = ::testing::UnitTest::GetInstance()->current_test_info();
  const std::string path = ::testing::TempDir() + "advice_" + test->test_suite_name() + "_" + test->name() + ".py";
  std::ofstream(path) << text;
  evaluator_->on_stack([&] { static_cast<void>(evaluator_->run_file(path, diagnostics_)); });
  for (const Diagnostic& row : diagnostics_.all()) ADD_FAILURE() << row.message;
}

ObjectId Program::module(const std::string& name) const {
  for (const Evaluator::TopLevelName& row : evaluator_->top_level_names()) {
    const auto* object = std::get_if<ObjectId>(&row.value);
    if (row.name == name && object != nullptr) return *object;
  }
  return {};
}

Span Program::span(const std::string& piece) const {
  const size_t at = text_.find(piece);
  const FileId file = evaluator_->tree(0).file;
  if (at == std::string::npos) return {file, 0, 0};
  return {file, static_cast<uint32_t>(at), static_cast<uint32_t>(at + piece.size())};
}

}  // namespace lathe::torch::test
