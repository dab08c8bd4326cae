// A program that has been evaluated, for tests of what reads it afterwards.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "compiler/frontend/torch/advice/source_view.h"
#include "compiler/frontend/torch/tensor/tracer.h"

namespace lathe::torch::test {

class Program {
 public:
  /// Evaluates the text as a file in the folder of temporary files.
  explicit Program(const std::string& text);

  [[nodiscard]] Evaluator& evaluator() { return *evaluator_; }
  [[nodiscard]] SourceView source() { return SourceView(*evaluator_); }
  /// The module behind a name of the top level; an invalid id when there is none.
  [[nodiscard]] ObjectId module(const std::string& name) const;
  /// The first place where `piece` stands in the text.
  [[nodiscard]] Span span(const std::string& piece) const;
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  std::string text_;
  Module module_;
  std::unique_ptr<ParameterSource> parameters_;
  std::unique_ptr<Tracer> tracer_;
  std::vector<NativeModuleRow> library_;
  std::unique_ptr<Evaluator> evaluator_;
  Diagnostics diagnostics_;
};

}  // namespace lathe::torch::test
