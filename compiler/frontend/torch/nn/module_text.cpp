// repr() of modules, as PyTorch prints them.
#include <fmt/ranges.h>

#include "compiler/frontend/torch/nn/families.h"
#include "compiler/frontend/torch/nn/layer.h"

namespace lathe::torch {
namespace {

/// All lines but the first moved to the right.
std::string indented(const std::string& text) {
  std::string result;
  for (const char letter : text) {
    result += letter;
    if (letter == '\n') result += "  ";
  }
  return result;
}

Result<Value> get_name(NativeCall& call) {
  LATHE_TRY(const ObjectId self, self_of(call));
  return call.evaluator.heap().new_string(call.evaluator.type_name(Value(self)));
}

Result<Value> empty_text(NativeCall& call) { return call.evaluator.heap().new_string(""); }

/// torch.nn.Module.__repr__: the extra text alone on the line of the name, or children one a line.
Result<Value> represent(NativeCall& call) {
  Evaluator& evaluator = call.evaluator;
  LATHE_TRY(const ObjectId self, self_of(call));
  const std::string type = evaluator.type_name(Value(self));
  if (!is_initialized(evaluator, self) || is_unknown_module(evaluator, self)) {
    return evaluator.heap().new_string(type + "(?)");
  }
  LATHE_TRY(const Value extra_value, evaluator.call_method(Value(self), "extra_repr", {}, call.where));
  const std::string* extra_text = evaluator.heap().string(extra_value);
  const std::string extra = extra_text == nullptr ? "" : *extra_text;
  std::vector<std::string> children;
  constexpr size_t kLongest = size_t{1} << 20;
  size_t length = 0;
  for (const NamedValue& child : entries(evaluator, self, Registry::Modules)) {
    LATHE_TRY(const std::string text, evaluator.repr(child.value, call.where));
    children.push_back(fmt::format("({}): {}", child.name, indented(text)));
    length += children.back().size();
    if (length > kLongest) break;
  }
  std::vector<std::string> lines;
  if (!extra.empty()) {
    if (children.empty() && extra.find('\n') == std::string::npos) {
      return evaluator.heap().new_string(fmt::format("{}({})", type, extra));
    }
    lines.push_back(indented(extra));
  }
  lines.insert(lines.end(), children.begin(), children.end());
  if (lines.empty()) return evaluator.heap().new_string(type + "()");
  return evaluator.heap().new_string(fmt::format("{}(\n  {}\n)", type, fmt::join(lines, "\n  ")));
}

constexpr NativeFunctionRow kMethods[] = {
    {"_get_name", "self", get_name},
    {"extra_repr", "self", empty_text},
    {"__repr__", "self", represent},
};

}  // namespace

std::span<const NativeFunctionRow> module_text_methods() { return kMethods; }

}  // namespace lathe::torch
