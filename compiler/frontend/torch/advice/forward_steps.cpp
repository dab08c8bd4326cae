// The table of functions that exist as modules too.
#include "compiler/frontend/torch/advice/forward_steps.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <vector>

#include "compiler/frontend/torch/advice/library_names.h"

namespace lathe::torch {
namespace {

struct FunctionRow {
  std::string_view function;
  std::string_view module;
};
// The arguments behind the tensor are those of the constructor, in the same order.
constexpr std::array kFunctions = {
    FunctionRow{"relu", "torch.nn.ReLU"},
    FunctionRow{"relu_", "torch.nn.ReLU"},
    FunctionRow{"relu6", "torch.nn.ReLU6"},
    FunctionRow{"sigmoid", "torch.nn.Sigmoid"},
    FunctionRow{"tanh", "torch.nn.Tanh"},
    FunctionRow{"gelu", "torch.nn.GELU"},
    FunctionRow{"elu", "torch.nn.ELU"},
    FunctionRow{"selu", "torch.nn.SELU"},
    FunctionRow{"celu", "torch.nn.CELU"},
    FunctionRow{"silu", "torch.nn.SiLU"},
    FunctionRow{"mish", "torch.nn.Mish"},
    FunctionRow{"glu", "torch.nn.GLU"},
    FunctionRow{"softplus", "torch.nn.Softplus"},
    FunctionRow{"softsign", "torch.nn.Softsign"},
    FunctionRow{"logsigmoid", "torch.nn.LogSigmoid"},
    FunctionRow{"hardtanh", "torch.nn.Hardtanh"},
    FunctionRow{"hardswish", "torch.nn.Hardswish"},
    FunctionRow{"hardsigmoid", "torch.nn.Hardsigmoid"},
    FunctionRow{"leaky_relu", "torch.nn.LeakyReLU"},
    FunctionRow{"leaky_relu_", "torch.nn.LeakyReLU"},
    FunctionRow{"softmax", "torch.nn.Softmax"},
    FunctionRow{"log_softmax", "torch.nn.LogSoftmax"},
    FunctionRow{"softmin", "torch.nn.Softmin"},
    FunctionRow{"max_pool1d", "torch.nn.MaxPool1d"},
    FunctionRow{"max_pool2d", "torch.nn.MaxPool2d"},
    FunctionRow{"max_pool3d", "torch.nn.MaxPool3d"},
    FunctionRow{"avg_pool1d", "torch.nn.AvgPool1d"},
    FunctionRow{"avg_pool2d", "torch.nn.AvgPool2d"},
    FunctionRow{"avg_pool3d", "torch.nn.AvgPool3d"},
    FunctionRow{"adaptive_avg_pool1d", "torch.nn.AdaptiveAvgPool1d"},
    FunctionRow{"adaptive_avg_pool2d", "torch.nn.AdaptiveAvgPool2d"},
    FunctionRow{"adaptive_avg_pool3d", "torch.nn.AdaptiveAvgPool3d"},
    FunctionRow{"adaptive_max_pool1d", "torch.nn.AdaptiveMaxPool1d"},
    FunctionRow{"adaptive_max_pool2d", "torch.nn.AdaptiveMaxPool2d"},
    FunctionRow{"adaptive_max_pool3d", "torch.nn.AdaptiveMaxPool3d"},
    FunctionRow{"dropout", "torch.nn.Dropout"},
    FunctionRow{"dropout2d", "torch.nn.Dropout2d"},
    FunctionRow{"dropout3d", "torch.nn.Dropout3d"},
    FunctionRow{"alpha_dropout", "torch.nn.AlphaDropout"},
    FunctionRow{"interpolate", "torch.nn.Upsample"},
    FunctionRow{"upsample", "torch.nn.Upsample"},
    FunctionRow{"pixel_shuffle", "torch.nn.PixelShuffle"},
    FunctionRow{"pixel_unshuffle", "torch.nn.PixelUnshuffle"},
    FunctionRow{"local_response_norm", "torch.nn.LocalResponseNorm"},
    FunctionRow{"unfold", "torch.nn.Unfold"},
};

std::string without_blanks(std::string text) {
  std::erase_if(text, [](char c) { return c == ' ' || c == '\n' || c == '\t'; });
  return text;
}

/// Whether an expression reads a local name of a function, `self` left out.
bool reads_locals(const SourceView& source, const ExpressionView& view) {
  const Function* function = source.function(view.span());
  if (function == nullptr) return false;
  for (size_t i = 0; i < view.ast->expressions.size(); ++i) {
    const Expression& inner = view.ast->expressions[ExpressionId(i)];
    const auto* name = std::get_if<NameExpression>(&inner.kind);
    if (name == nullptr || inner.span.begin < view.span().begin || inner.span.end > view.span().end) continue;
    const bool is_self = !function->parameters.empty() && function->parameters[0].name == name->name;
    if (is_self) continue;
    if (std::find(function->locals.begin(), function->locals.end(), name->name) != function->locals.end()) return true;
  }
  return false;
}

struct Rest {
  std::vector<std::string> positional;
  std::vector<std::pair<std::string, std::string>> keywords;

  [[nodiscard]] std::string text() const {
    std::string result;
    for (const std::string& row : positional) result += (result.empty() ? "" : ", ") + row;
    for (const auto& [name, value] : keywords)
      result += fmt::format("{}{}={}", result.empty() ? "" : ", ", name, value);
    return result;
  }
};

/// The arguments behind the tensor; nothing when they can't be written in another place.
std::optional<Rest> rest_of(const SourceView& source, const FunctionalCall& call) {
  const auto* node = call.call.as<CallExpression>();
  if (node == nullptr) return std::nullopt;
  Rest rest;
  size_t position = 0;
  for (const CallArgument& argument : node->arguments) {
    const ExpressionView value = call.call.child(argument.value);
    switch (argument.kind) {
      case CallArgument::Kind::Positional:
        if (position++ >= call.first_argument) rest.positional.push_back(source.text(value));
        break;
      case CallArgument::Kind::Keyword: {
        const std::string& name = source.name(argument.name);
        if (name == "input") break;
        rest.keywords.emplace_back(name, source.text(value));
        break;
      }
      case CallArgument::Kind::Star:
      case CallArgument::Kind::DoubleStar: return std::nullopt;
    }
  }
  return rest;
}

/// Whether the arguments behind the tensor read what only `forward` knows.
bool reads_locals(const SourceView& source, const FunctionalCall& call) {
  const auto* node = call.call.as<CallExpression>();
  size_t position = 0;
  for (const CallArgument& argument : node->arguments) {
    const bool is_positional = argument.kind == CallArgument::Kind::Positional;
    if (is_positional && position++ < call.first_argument) continue;
    if (!is_positional && source.name(argument.name) == "input") continue;
    if (reads_locals(source, call.call.child(argument.value))) return true;
  }
  return false;
}

}  // namespace

std::string_view module_class_of(std::string_view function) {
  const auto* row = std::find_if(kFunctions.begin(), kFunctions.end(),
                                 [&](const FunctionRow& candidate) { return candidate.function == function; });
  return row == kFunctions.end() ? std::string_view() : row->module;
}

std::optional<std::string> as_module(const SourceView& source, const FunctionalCall& call) {
  std::optional<Rest> rest = rest_of(source, call);
  if (!rest) return std::nullopt;
  const FileId file = call.call.span().file;
  const auto made = [&](std::string_view path, const std::string& arguments) {
    return fmt::format("{}({})", library_name(source, file, path), arguments);
  };
  if (call.name == "view" || call.name == "reshape") {
    // view(x.size(0), -1), view(-1, 400), view((n, -1))
    std::vector<std::string> sizes = rest->positional;
    if (sizes.size() == 1) {
      std::string inner = without_blanks(sizes[0]);
      if (inner.size() < 2 || (inner.front() != '(' && inner.front() != '[')) return std::nullopt;
      inner = inner.substr(1, inner.size() - 2);
      const size_t comma = inner.rfind(',');
      if (comma == std::string::npos) return std::nullopt;
      sizes = {inner.substr(0, comma), inner.substr(comma + 1)};
    }
    if (sizes.size() != 2 || !rest->keywords.empty()) return std::nullopt;
    const std::string first = without_blanks(sizes[0]);
    const std::string second = without_blanks(sizes[1]);
    const bool is_number = first.find_first_not_of("0123456789") == std::string::npos;
    if ((first == "-1") == (second == "-1") || (second == "-1" && is_number)) return std::nullopt;
    return made("torch.nn.Flatten", "");
  }
  if (reads_locals(source, call)) return std::nullopt;
  if (call.name == "flatten") {
    std::string arguments = rest->text();
    if (arguments.empty()) return made("torch.nn.Flatten", "0");
    if (arguments == "1" || arguments == "start_dim=1") arguments.clear();
    return made("torch.nn.Flatten", arguments);
  }
  if (call.name == "mean") {
    std::string axes = rest->positional.empty() ? "" : without_blanks(rest->positional[0]);
    for (const auto& [name, value] : rest->keywords) {
      if (name == "dim") axes = without_blanks(value);
      if (name == "keepdim") return std::nullopt;
    }
    constexpr std::array kMaps = {"(2,3)", "[2,3]", "(-2,-1)", "[-2,-1]", "(-1,-2)", "[-1,-2]", "(3,2)", "[3,2]"};
    if (std::find(kMaps.begin(), kMaps.end(), axes) == kMaps.end()) return std::nullopt;
    return made("torch.nn.AdaptiveAvgPool2d", "1") + ", " + made("torch.nn.Flatten", "");
  }
  if (call.name.find("dropout") != std::string_view::npos) {
    std::erase_if(rest->keywords, [](const auto& row) { return row.first == "training"; });
    if (rest->positional.size() > 1) rest->positional.resize(1);
  }
  const std::string_view path = module_class_of(call.name);
  if (path.empty()) return std::nullopt;
  return made(path, rest->text());
}

}  // namespace lathe::torch
