// Descriptions of layers as text with a place for each, and as objects of the PyTorch front end.
#include "compiler/nn.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "compiler/frontend/torch/import.h"
#include "compiler/frontend/torch/nn/library.h"
#include "compiler/frontend/torch/sequence/library.h"
#include "ir/base/display.h"

namespace lathe {
namespace {

constexpr std::string_view kModule = "torch.nn";
/// Hosts nest containers, but not deeper than this.
constexpr size_t kDeepest = 100;

/// Where a layer stands in the text of its model.
struct TextRange {
  uint32_t begin = 0;
  uint32_t end = 0;
};

/// Prints a description. The ranges are in the order in which layers begin: a container before its members.
class Printer {
 public:
  void layer(const nn::Layer& layer, size_t depth) {
    const size_t index = ranges_.size();
    ranges_.push_back({static_cast<uint32_t>(text_.size()), 0});
    text_ += fmt::format("nn.{}(", display_text(layer.type()));
    if (depth > kDeepest) {
      text_ += "...)";
      ranges_[index].end = static_cast<uint32_t>(text_.size());
      return;
    }
    const bool lines = has_layers(layer);
    const std::string indent(4 * (depth + 1), ' ');
    bool first = true;
    const auto separate = [&] {
      text_ += lines ? "\n" + indent : first ? "" : ", ";
      first = false;
    };
    for (const nn::Argument& value : layer.positional()) {
      separate();
      argument(value, depth + 1);
      if (lines) text_ += ',';
    }
    for (const nn::Keyword& keyword : layer.keywords()) {
      separate();
      text_ += keyword.name + '=';
      argument(keyword.value, depth + 1);
      if (lines) text_ += ',';
    }
    if (lines) text_ += "\n" + std::string(4 * depth, ' ');
    text_ += ')';
    ranges_[index].end = static_cast<uint32_t>(text_.size());
  }

  [[nodiscard]] const std::string& text() const { return text_; }
  [[nodiscard]] const std::vector<TextRange>& ranges() const { return ranges_; }

 private:
  static bool has_layers(const nn::Layer& layer) {
    const auto is_layer = [](const nn::Argument& argument) {
      return std::holds_alternative<nn::Layer>(argument.value());
    };
    return std::any_of(layer.positional().begin(), layer.positional().end(), is_layer);
  }

  void argument(const nn::Argument& argument, size_t depth) {
    if (const auto* made = std::get_if<nn::Layer>(&argument.value())) {
      layer(*made, depth);
    } else if (const auto* items = std::get_if<std::vector<nn::Argument>>(&argument.value())) {
      text_ += '(';
      for (size_t index = 0; index < items->size(); ++index) {
        if (index > 0) text_ += ", ";
        this->argument((*items)[index], depth);
      }
      text_ += items->size() == 1 ? ",)" : ")";
    } else {
      text_ += scalar(argument.value());
    }
  }

  static std::string scalar(const nn::Argument::Value& value) {
    if (const auto* flag = std::get_if<bool>(&value)) return *flag ? "True" : "False";
    if (const auto* integer = std::get_if<int64_t>(&value)) return fmt::format("{}", *integer);
    if (const auto* real = std::get_if<double>(&value)) {
      if (!std::isfinite(*real)) return fmt::format("float('{}')", *real);
      const std::string digits = fmt::format("{}", *real);
      return digits.find_first_of(".e") == std::string::npos ? digits + ".0" : digits;
    }
    if (const auto* text = std::get_if<std::string>(&value)) return fmt::format("'{}'", display_text(*text));
    return "None";
  }

  std::string text_;
  std::vector<TextRange> ranges_;
};

bool is_in_library(std::string_view type) {
  for (const std::span<const torch::NativeModuleRow> library : {torch::nn_library(), torch::sequence_library()}) {
    for (const torch::NativeModuleRow& row : library) {
      if (row.path != kModule) continue;
      for (const torch::NativeClassRow& known : row.classes) {
        if (known.name == type) return true;
      }
    }
  }
  return false;
}

/// Makes the objects of a description, in the order of its text.
class Maker {
 public:
  Maker(torch::Evaluator& evaluator, const std::vector<TextRange>& ranges, FileId file)
      : evaluator_(evaluator), ranges_(ranges), file_(file) {}

  Result<torch::Value> layer(const nn::Layer& description, size_t depth) {
    const TextRange range = ranges_[next_++];
    const LocationId where = evaluator_.locations().add_span(file_, range.begin, range.end);
    if (depth > kDeepest) {
      return evaluator_.error(where, DiagnosticKind::NestingTooDeep, "RecursionError", "layers nest too deep").emit();
    }
    if (!is_in_library(description.type())) {
      return evaluator_
          .error(where, DiagnosticKind::UnknownName, "AttributeError", "`torch.nn` has no layer {}",
                 quoted_name(description.type()))
          .emit();
    }
    torch::Arguments arguments;
    for (const nn::Argument& value : description.positional()) {
      LATHE_TRY(torch::Value made, argument(value, depth + 1));
      arguments.positional.push_back(std::move(made));
    }
    for (const nn::Keyword& keyword : description.keywords()) {
      LATHE_TRY(torch::Value made, argument(keyword.value, depth + 1));
      arguments.keywords.emplace_back(evaluator_.name(keyword.name), std::move(made));
    }
    const std::string path = fmt::format("{}.{}", kModule, description.type());
    return evaluator_.call(torch::Value(evaluator_.library_object(path)), std::move(arguments), where);
  }

 private:
  Result<torch::Value> argument(const nn::Argument& argument, size_t depth) {
    const nn::Argument::Value& value = argument.value();
    if (const auto* flag = std::get_if<bool>(&value)) return torch::Value(*flag);
    if (const auto* integer = std::get_if<int64_t>(&value)) return torch::integer(*integer);
    if (const auto* real = std::get_if<double>(&value)) return torch::Value(*real);
    if (const auto* text = std::get_if<std::string>(&value)) return evaluator_.heap().new_string(*text);
    if (const auto* made = std::get_if<nn::Layer>(&value)) return layer(*made, depth);
    if (const auto* items = std::get_if<std::vector<nn::Argument>>(&value)) {
      std::vector<torch::Value> values;
      for (const nn::Argument& item : *items) {
        LATHE_TRY(torch::Value one, this->argument(item, depth));
        values.push_back(std::move(one));
      }
      return evaluator_.heap().new_tuple(std::move(values));
    }
    return torch::Value(torch::NoneValue{});
  }

  torch::Evaluator& evaluator_;
  const std::vector<TextRange>& ranges_;
  FileId file_;
  size_t next_ = 0;
};

}  // namespace

namespace nn {

std::string text(const Layer& layer) {
  Printer printer;
  printer.layer(layer, 0);
  return printer.text();
}

}  // namespace nn

Status load_layers(const nn::Layer& model, const LoadOptions& options, Module& module, Diagnostics& diagnostics,
                   Definition* definition) {
  Printer printer;
  printer.layer(model, 0);
  const FileId file = module.locations.add_file("<layers>", printer.text());
  Definition unread;
  return torch::import_made(
      [&](torch::Evaluator& evaluator) { return Maker(evaluator, printer.ranges(), file).layer(model, 0); },
      {.inputs = options.input_types,
       .weights = options.weights,
       .strict = options.strict,
       .train = options.train,
       .seed = options.seed,
       .types_only = options.types_only},
      module, diagnostics, definition == nullptr ? unread : *definition);
}

}  // namespace lathe
