// The library `lab` and the runner of the evaluator's tests.
#include "tests/unit/torch/python/evaluator_helper.h"

#include <unistd.h>

#include <atomic>

namespace lathe::torch {

namespace {

Result<Value> box(NativeCall&) {
  static std::atomic<uint32_t> next = 0;
  return Value(TensorId(next++));
}

Result<Value> size(NativeCall&) { return Value(Dim::symbol("H")); }

Result<Value> twice(NativeCall& call) {
  LATHE_TRY(const Dim number, call.integer("n"));
  return Value(number * 2);
}

Result<Value> join(NativeCall& call) {
  LATHE_TRY(const std::vector<Value> items, call.items("parts"));
  LATHE_TRY(const std::string by, call.string("by"));
  std::string text;
  for (const Value& item : items) {
    LATHE_TRY(const std::string part, call.evaluator.text(item, call.where));
    text += (text.empty() ? "" : by) + part;
  }
  return call.evaluator.heap().new_string(text);
}

Result<Value> layer_init(NativeCall& call) {
  LATHE_TRY(const Dim width, call.integer("size"));
  const Value& self = call.argument("self");
  LATHE_TRY_VOID(call.evaluator.set_attribute(self, call.evaluator.name("size"), width, call.where));
  return Value(NoneValue{});
}

Result<Value> layer_call(NativeCall& call) {
  LATHE_TRY(const Value forward,
            call.evaluator.get_attribute(call.argument("self"), call.evaluator.name("forward"), call.where));
  return call.evaluator.call(forward, {{call.argument("x")}, {}, {}}, call.where);
}

Result<Value> layer_forward(NativeCall& call) { return call.argument("x"); }

Result<Value> layer_area(NativeCall& call) {
  LATHE_TRY(const Value size_value,
            call.evaluator.get_attribute(call.argument("self"), call.evaluator.name("size"), call.where));
  return call.evaluator.binary(BinaryOp::Multiply, size_value, size_value, call.where);
}

constexpr NativeFunctionRow kFunctions[] = {
    {"box", "", box},
    {"size", "", size},
    {"twice", "n", twice},
    {"join", "*parts, by=', '", join},
};
constexpr NativeFunctionRow kLayerMethods[] = {
    {"__init__", "self, size, *, bias=True", layer_init},
    {"__call__", "self, x", layer_call},
    {"forward", "self, x", layer_forward},
    {"area", "self", layer_area, NativeKind::Property},
};
constexpr NativeClassRow kClasses[] = {{"Box", "", {}}, {"Layer", "", kLayerMethods}, {"Deep", "lab.Layer", {}}};
constexpr NativeConstantRow kConstants[] = {{"answer", [](Evaluator&) { return integer(42); }}};
constexpr NativeModuleRow kModules[] = {{"lab", kFunctions, kClasses, {}}, {"lab.deep", {}, {}, kConstants}};

}  // namespace

std::span<const NativeModuleRow> lab_library() { return kModules; }

Program::Program() {
  static std::atomic<uint32_t> next = 0;
  folder_ = std::filesystem::temp_directory_path() /
            ("lathe-evaluator-" + std::to_string(::getpid()) + "-" + std::to_string(next++));
  std::filesystem::create_directories(folder_);
}

Program::~Program() {
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

void Program::add_file(const std::string& path, const std::string& text) const {
  std::filesystem::create_directories((folder_ / path).parent_path());
  std::ofstream(folder_ / path, std::ios::binary) << text;
}

Outcome Program::run(const std::string& text, Limits limits, const std::vector<std::string>& expressions) const {
  add_file("main.py", text);
  LocationTable locations;
  SymbolTable symbols;
  symbols.declare("H", 4, 100);
  BoxHost host;
  std::vector<NativeModuleRow> library(standard_library().begin(), standard_library().end());
  library.insert(library.end(), lab_library().begin(), lab_library().end());
  Evaluator evaluator(locations, symbols, host, library, limits);
  Diagnostics diagnostics;
  const Status status = evaluator.run_file((folder_ / "main.py").string(), diagnostics);
  Outcome outcome;
  for (const std::string& expression : expressions) {
    const Result<Value> value = evaluator.evaluate_text(expression, diagnostics);
    if (!value.ok()) continue;
    const Result<std::string> shown = evaluator.repr(*value, {});
    evaluator.print(shown.ok() ? *shown + "\n" : "failed\n");
  }
  outcome.printed = evaluator.printed();
  if (!status.ok()) outcome.faults.emplace_back("not run");
  for (const Diagnostic& fault : diagnostics.all()) {
    std::string line(info(fault.kind).code);
    if (const auto* span = std::get_if<Span>(fault.where.valid() ? locations.origin(fault.where) : nullptr)) {
      const LineColumn at = locations.line_column(span->file, span->begin);
      const std::string file = std::filesystem::path(locations.file(span->file).path).filename().string();
      line += " " + (file == "main.py" ? "" : file + ":") + std::to_string(at.line) + ":" + std::to_string(at.column);
    }
    outcome.faults.push_back(line + " " + fault.message);
    outcome.diagnostics.push_back(fault);
  }
  for (const Evaluator::TopLevelName& name : evaluator.top_level_names()) outcome.names.push_back(name.name);
  return outcome;
}

}  // namespace lathe::torch
