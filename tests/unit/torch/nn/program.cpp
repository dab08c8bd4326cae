// One evaluation with the libraries of Python, tensors and layers.
#include "tests/unit/torch/nn/program.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "compiler/frontend/torch/nn/library.h"
#include "compiler/frontend/torch/nn/module.h"
#include "compiler/frontend/torch/python/library.h"
#include "compiler/frontend/torch/tensor/library.h"

namespace lathe::torch::test {
namespace {

// Element i of n is ((37 i + 11 n) mod 101 - 50) / 100, more by 1 where the layer puts ones.
class RuleSource final : public ParameterSource {
 public:
  std::optional<ConstantData> parameter(const std::string&, const TensorType& type,
                                        const Initialization& initialization) override {
    if (initialization.kind == Initialization::Kind::Computed) return std::nullopt;
    const int64_t count = type.element_count().constant();
    if (!is_float(type.element)) return splat_constant(type, 0);
    const double first = initialization.kind == Initialization::Kind::Ones ? 1 : 0;
    std::vector<double> numbers;
    for (int64_t i = 0; i < count; ++i) {
      numbers.push_back(first + static_cast<double>((37 * i + 11 * count) % 101 - 50) / 100);
    }
    return constant_from_doubles(type, numbers);
  }
};

std::vector<NativeModuleRow> whole_library() {
  std::vector<NativeModuleRow> rows;
  for (const auto& part : {standard_library(), tensor_library(), nn_library()}) {
    rows.insert(rows.end(), part.begin(), part.end());
  }
  return rows;
}

int line_of(const LocationTable& locations, LocationId where) {
  const Location* origin = where.valid() ? locations.origin(where) : nullptr;
  const auto* span = origin == nullptr ? nullptr : std::get_if<Span>(origin);
  return span == nullptr ? 0 : static_cast<int>(locations.line_column(span->file, span->begin).line);
}

std::string output_text(Evaluator& evaluator, const Value& value) {
  const auto* tensor = std::get_if<TensorId>(&value);
  return tensor != nullptr ? tracer_of(evaluator).shape_text(*tensor) : evaluator.describe(value);
}

class Run {
 public:
  explicit Run(const std::string& path)
      : tracer_(module_, source_),
        library_(whole_library()),
        evaluator_(module_.locations, module_.symbols, tracer_, library_) {
    tracer_.attach(evaluator_);
    evaluator_.on_stack([&] {
      static_cast<void>(evaluator_.run_file(path, diagnostics_));
      for (const Evaluator::TopLevelName& top : evaluator_.top_level_names()) look_at(top);
      for (const LayerRecord& record : layer_records(evaluator_)) {
        result_.layers += fmt::format("{} {} {}\n", record.path, record.type, output_text(evaluator_, record.output));
      }
    });
    for (const Diagnostic& each : diagnostics_.all()) {
      result_.diagnostics +=
          fmt::format("{}:{} {}\n", info(each.kind).name, line_of(module_.locations, each.where), each.message);
      for (const std::string& note : each.notes) result_.diagnostics += "  " + note + "\n";
    }
  }
  ProgramResult take() { return std::move(result_); }

 private:
  void look_at(const Evaluator::TopLevelName& top) {
    if (const auto* tensor = std::get_if<TensorId>(&top.value)) {
      result_.shapes[top.name] = tracer_.shape_text(*tensor);
      if (top.name.starts_with("out_")) read_numbers(top.name, *tensor, top.where);
    } else if (is_module(evaluator_, top.value)) {
      const auto entries =
          evaluator_.guarded(diagnostics_, [&] { return state_entries(evaluator_, std::get<ObjectId>(top.value)); });
      if (!entries.ok()) return;
      std::string& text = result_.states[top.name];
      for (const StateEntry& entry : *entries) {
        text += fmt::format("{}{} {}\n", entry.name, entry.is_buffer ? "*" : "", tracer_.shape_text(entry.tensor));
      }
    } else {
      const auto text = evaluator_.guarded(diagnostics_, [&] { return evaluator_.repr(top.value, top.where); });
      if (text.ok()) result_.values[top.name] = *text;
    }
  }

  void read_numbers(const std::string& name, TensorId tensor, LocationId where) {
    const auto known = evaluator_.guarded(diagnostics_, [&] { return tracer_.known(tensor, where); });
    if (!known.ok()) return;
    Numbers& numbers = result_.tensors[name];
    for (const Dim& dim : known->type.dims) numbers.dims.push_back(dim.constant());
    for (int64_t i = 0; i < known->element_count(); ++i) {
      numbers.elements.push_back(element_as_double(*known, known->splat ? 0 : i));
    }
  }

  Module module_;
  RuleSource source_;
  Tracer tracer_;
  std::vector<NativeModuleRow> library_;
  Evaluator evaluator_;
  Diagnostics diagnostics_;
  ProgramResult result_;
};

}  // namespace

ProgramResult run_program(const std::string& text) {
  const std::string name = ::testing::UnitTest::GetInstance()->current_test_info()->name();
  const std::filesystem::path path = std::filesystem::path(::testing::TempDir()) / ("lathe_nn_" + name + ".py");
  std::ofstream(path) << text;
  ProgramResult result = Run(path.string()).take();
  std::filesystem::remove(path);
  return result;
}

}  // namespace lathe::torch::test
