// One evaluation with the libraries of Python and of tensors.
#include "tests/unit/torch/tensor/program.h"

#include <fmt/format.h>

#include <cmath>
#include <cstdlib>

#include "compiler/frontend/torch/python/library.h"
#include "compiler/frontend/torch/tensor/element_types.h"
#include "compiler/frontend/torch/tensor/library.h"
#include "tests/support/temporary_folder.h"

namespace lathe::torch::test {
namespace {

const std::vector<NativeModuleRow>& whole_library() {
  static const std::vector<NativeModuleRow> rows = [] {
    std::vector<NativeModuleRow> all;
    for (const auto& part : {standard_library(), tensor_library()}) all.insert(all.end(), part.begin(), part.end());
    return all;
  }();
  return rows;
}

std::string number_text(const ConstantData& data, int64_t index) {
  if (is_float(data.type.element)) return fmt::format("{:.9g}", element_as_double(data, index));
  if (data.type.element == ElementType::Boolean) return element_as_integer(data, index) != 0 ? "True" : "False";
  return fmt::format("{}", element_as_integer(data, index));
}

bool starts_number(const std::string& text, size_t at) {
  const char c = text[at];
  if (c >= '0' && c <= '9') return at == 0 || (std::isalpha(static_cast<unsigned char>(text[at - 1])) == 0);
  return c == '-' || text.compare(at, 3, "inf") == 0 || text.compare(at, 3, "nan") == 0;
}

}  // namespace

std::optional<ConstantData> CountingSource::parameter(const std::string& name, const TensorType& type,
                                                      const Initialization& initialization) {
  asked.push_back(name);
  if (initialization.kind == Initialization::Kind::Computed) return std::nullopt;
  std::vector<double> numbers;
  const int64_t count = type.element_count().constant();
  for (int64_t i = 0; i < count; ++i) numbers.push_back(static_cast<double>(i + 1));
  return constant_from_doubles(type, numbers);
}

Program::Program(const std::string& text) {
  const lathe::test::TemporaryFolder folder;
  const std::string path = folder.write("program.py", text);
  tracer = std::make_unique<Tracer>(module, source);
  evaluator = std::make_unique<Evaluator>(module.locations, module.symbols, *tracer, whole_library());
  tracer->attach(*evaluator);
  evaluator->on_stack([&] { static_cast<void>(evaluator->run_file(path, faults)); });
}

Program::~Program() = default;

void Program::run_guarded(const std::function<void()>& action) {
  evaluator->on_stack([&] {
    evaluator->guarded(faults, [&] {
      action();
      return true;
    });
  });
}

Value Program::object(const std::string& name) const {
  for (const Evaluator::TopLevelName& top : evaluator->top_level_names()) {
    if (top.name == name) return top.value;
  }
  return UnknownValue{};
}

std::string Program::value(const std::string& name) {
  std::string result;
  run_guarded([&] { result = text(object(name)); });
  return result;
}

std::string Program::text(const Value& value) {
  if (is_unknown(value)) return "Unknown";
  if (const auto* tensor = std::get_if<TensorId>(&value)) {
    const auto data = tracer->known(*tensor, {});
    const std::string head = fmt::format("{} {} [", dtype_name(tracer->element(*tensor)), tracer->shape_text(*tensor));
    if (!data) return head + "?]";
    std::string numbers;
    const int64_t count = data->element_count();
    for (int64_t i = 0; i < count; ++i) numbers += (i == 0 ? "" : ", ") + number_text(*data, i);
    return head + numbers + "]";
  }
  const Heap& heap = evaluator->heap();
  const auto* tuple = heap.as<TupleObject>(value);
  const auto* list = heap.as<ListObject>(value);
  if (tuple != nullptr || list != nullptr) {
    const std::vector<Value> items = tuple != nullptr ? tuple->items : list->items;
    std::string all;
    for (const Value& item : items) all += (all.empty() ? "" : ", ") + text(item);
    return "(" + all + ")";
  }
  const auto plain = evaluator->text(value, {});
  return plain ? *plain : "failed";
}

std::string Program::diagnostics() const {
  std::string all;
  for (const Diagnostic& each : faults.all()) {
    const Location* origin = each.where.valid() ? module.locations.origin(each.where) : nullptr;
    const auto* span = origin != nullptr ? std::get_if<Span>(origin) : nullptr;
    const uint32_t line = span != nullptr ? module.locations.line_column(span->file, span->begin).line : 0;
    all += fmt::format("{}:{} {}\n", info(each.kind).name, line, each.message);
  }
  return all;
}

bool same_text(const std::string& expected, const std::string& actual, double tolerance) {
  size_t a = 0;
  size_t b = 0;
  while (a < expected.size() && b < actual.size()) {
    if (!starts_number(expected, a) || !starts_number(actual, b)) {
      if (expected[a++] != actual[b++]) return false;
      continue;
    }
    char* end_a = nullptr;
    char* end_b = nullptr;
    const double x = std::strtod(expected.c_str() + a, &end_a);
    const double y = std::strtod(actual.c_str() + b, &end_b);
    if (end_a == expected.c_str() + a || end_b == actual.c_str() + b) {
      if (expected[a++] != actual[b++]) return false;
      continue;
    }
    const bool same =
        std::isnan(x) ? std::isnan(y) : x == y || std::fabs(x - y) <= tolerance * std::max(1.0, std::fabs(x));
    if (!same) return false;
    a = static_cast<size_t>(end_a - expected.c_str());
    b = static_cast<size_t>(end_b - actual.c_str());
  }
  return a == expected.size() && b == actual.size();
}

}  // namespace lathe::torch::test
