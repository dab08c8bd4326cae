// What tells two operations of one kind apart: mode, attributes, literals, a bias, values of parameters.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "compiler/compare/difference.h"
#include "compiler/compare/wording.h"

namespace lathe::comparison {
namespace {

std::string attribute_text(const Attribute& value) {
  struct Write {
    std::string operator()(std::monostate) const { return "None"; }
    std::string operator()(bool value) const { return value ? "True" : "False"; }
    std::string operator()(int64_t value) const { return fmt::format("{}", value); }
    // ONNX keeps floats in single precision: 9.999999747378752e-06 was written as 1e-05.
    std::string operator()(double value) const {
      const auto single = static_cast<float>(value);
      return static_cast<double>(single) == value ? fmt::format("{}", single) : fmt::format("{}", value);
    }
    std::string operator()(const std::string& value) const { return value; }
    std::string operator()(const Integers& value) const { return fmt::format("[{}]", fmt::join(value, ", ")); }
    std::string operator()(const Floats& value) const { return fmt::format("[{}]", fmt::join(value, ", ")); }
    std::string operator()(ElementType value) const { return std::string(lathe::text(value)); }
    std::string operator()(const Dim& value) const { return value.python_text(); }
    std::string operator()(const Shape& value) const {
      std::vector<std::string> sizes;
      for (const Dim& dim : value) sizes.push_back(dim.python_text());
      return fmt::format("[{}]", fmt::join(sizes, ", "));
    }
    std::string operator()(ConstantId) const { return "constant"; }
  };
  return std::visit(Write{}, value);
}

bool equal_attributes(const Attribute& a, const Attribute& b) {
  const auto* x = std::get_if<double>(&a);
  const auto* y = std::get_if<double>(&b);
  if (x != nullptr && y != nullptr) return static_cast<float>(*x) == static_cast<float>(*y);
  return same_attribute(a, b);
}

// As PyTorch calls what the IR calls otherwise.
std::string_view author_name(std::string_view attribute) {
  constexpr std::pair<std::string_view, std::string_view> kNames[] = {
      {"epsilon", "eps"},        {"strides", "stride"}, {"pads", "padding"}, {"dilations", "dilation"},
      {"kernel", "kernel_size"}, {"axes", "dim"},       {"axis", "dim"},     {"permutation", "dims"},
  };
  for (const auto& [name, author] : kNames) {
    if (name == attribute) return author;
  }
  return attribute;
}

const Definition::Layer* record_of(const Side& side, const Operation& operation) {
  return operation.record ? &side.definition.layers[*operation.record] : nullptr;
}

// Small constants that are no parameters: the 0.5 of `x * 0.5`.
std::vector<std::string> literals(const Module& module, const Reading& reading, const Operation& operation) {
  std::vector<std::string> result;
  for (const NodeId id : operation.nodes) {
    for (const ValueId operand : module.graph.node(id).operands) {
      if (!operand.valid() || reading.depends[operand.index]) continue;
      const Value& value = module.graph.value(operand);
      const Node& producer = module.graph.node(value.producer);
      const auto* structural = form<Structural>(*producer.op);
      if (structural == nullptr || structural->kind != Structural::Kind::Constant) continue;
      const auto is_it = [&](size_t row) { return reading.parameters[row].value == operand; };
      if (std::any_of(operation.parameters.begin(), operation.parameters.end(), is_it)) continue;
      const ConstantData& data = module.constants[std::get<ConstantId>(producer.attributes.front())];
      constexpr int64_t kMost = 8;
      if (data.absent || data.type.element == ElementType::String || data.element_count() > kMost) continue;
      std::vector<std::string> elements;
      for (int64_t i = 0; i < data.element_count(); ++i)
        elements.push_back(fmt::format("{:.7g}", element_as_double(data, i)));
      result.push_back(fmt::format("{}", fmt::join(elements, ", ")));
    }
  }
  return result;
}

class Examination {
 public:
  Examination(const Evidence& evidence, const Operation& a, const Operation& b) : evidence_(evidence), a_(a), b_(b) {}

  std::vector<Finding> run() {
    modes();
    settings();
    attributes();
    if (!computed_weights()) biases();
    constants();
    weights();
    return std::move(findings_);
  }

 private:
  void add(Cause cause, std::string text, std::string says_a, std::string says_b) {
    findings_.push_back({cause, std::move(text), std::move(says_a), std::move(says_b)});
  }

  void modes() {
    const Definition::Layer* left = record_of(evidence_.a, a_);
    const Definition::Layer* right = record_of(evidence_.b, b_);
    const std::optional<bool> one = uses_batch_statistics(evidence_.reading_a, evidence_.a, a_);
    const std::optional<bool> other = uses_batch_statistics(evidence_.reading_b, evidence_.b, b_);
    const std::string* tracks_a = left == nullptr ? nullptr : setting(*left, "track_running_stats");
    const std::string* tracks_b = right == nullptr ? nullptr : setting(*right, "track_running_stats");
    const bool tracks_differ = tracks_a != nullptr && tracks_b != nullptr && *tracks_a != *tracks_b;
    if (one && other && *one != *other && !tracks_differ) {
      const auto says = [](bool batch) {
        return std::string(batch ? "normalises by the mean and variance of this batch (training mode)"
                                 : "normalises by running_mean and running_var (evaluation mode)");
      };
      add(Cause::Mode, "statistics", says(*one), says(*other));
      return;
    }
    if (left == nullptr || right == nullptr || !a_.is_random) return;
    const std::string* mode_a = setting(*left, "training");
    const std::string* mode_b = setting(*right, "training");
    if (mode_a == nullptr || mode_b == nullptr || *mode_a == *mode_b) return;
    add(Cause::Mode, "mode", fmt::format("training = {}", *mode_a), fmt::format("training = {}", *mode_b));
  }

  static std::optional<bool> uses_batch_statistics(const Reading& reading, const Side& side,
                                                   const Operation& operation) {
    const Node& main = side.module.graph.node(operation.main);
    constexpr size_t kMean = 3;
    if (main.op->name != "batch_norm" || main.operands.size() <= kMean || !main.operands[kMean].valid())
      return std::nullopt;
    return reading.depends[main.operands[kMean].index];
  }

  // Layers of the library say what they are in PyTorch's own words.
  void settings() {
    const Definition::Layer* left = record_of(evidence_.a, a_);
    const Definition::Layer* right = record_of(evidence_.b, b_);
    if (left == nullptr || right == nullptr || left->type != right->type) return;
    constexpr std::string_view kWithoutEffect[] = {"training", "inplace", "momentum", "p"};
    for (const auto& [name, value] : left->settings) {
      const std::string* other = setting(*right, name);
      if (other == nullptr || *other == value || name.starts_with('_')) continue;
      if (std::find(std::begin(kWithoutEffect), std::end(kWithoutEffect), name) != std::end(kWithoutEffect) &&
          !(name == "p" && a_.is_random)) {
        continue;
      }
      add(Cause::Attribute, name, fmt::format("{} = {}", name, value), fmt::format("{} = {}", name, *other));
    }
    const auto kernel =
        std::find_if(findings_.begin(), findings_.end(), [](const Finding& row) { return row.text == "kernel_size"; });
    if (kernel != findings_.end()) std::rotate(findings_.begin(), kernel, std::next(kernel));
    has_settings_ = !findings_.empty();
  }

  void attributes() {
    if (has_settings_) return;
    if (a_.nodes.size() != b_.nodes.size()) {
      attributes_of(a_.main, b_.main);
    } else {
      for (size_t i = 0; i < a_.nodes.size(); ++i) attributes_of(a_.nodes[i], b_.nodes[i]);
    }
    // What one side leaves out follows from the others.
    const auto whole = std::find_if(findings_.begin(), findings_.end(), [](const Finding& row) {
      return !row.says_a.ends_with("= []") && !row.says_b.ends_with("= []");
    });
    if (whole != findings_.end()) std::rotate(findings_.begin(), whole, std::next(whole));
  }

  void attributes_of(NodeId a, NodeId b) {
    const Node& left = evidence_.a.module.graph.node(a);
    const Node& right = evidence_.b.module.graph.node(b);
    if (left.op != right.op) return;
    for (size_t i = 0; i < left.attributes.size(); ++i) {
      const std::string_view name = left.op->attributes[i].name;
      if (name.starts_with("transpose_") || equal_attributes(left.attributes[i], right.attributes[i])) continue;
      const std::string_view shown = author_name(name);
      add(Cause::Attribute, std::string(shown), fmt::format("{} = {}", shown, attribute_text(left.attributes[i])),
          fmt::format("{} = {}", shown, attribute_text(right.attributes[i])));
    }
  }

  // A parameter on one side, and on the other one numbers that the program makes of parameters: it has changed them
  // after construction.
  bool computed_weights() {
    if (!findings_.empty()) return false;
    const Node& left = evidence_.a.module.graph.node(a_.main);
    const Node& right = evidence_.b.module.graph.node(b_.main);
    if (left.op != right.op || left.operands.size() != right.operands.size()) return false;
    for (size_t i = 0; i < left.operands.size(); ++i) {
      const Parameter* one = parameter_at(evidence_.reading_a, left.operands[i]);
      const Parameter* other = parameter_at(evidence_.reading_b, right.operands[i]);
      if ((one == nullptr) == (other == nullptr)) continue;
      const bool in_a = one != nullptr;
      const ValueId computed = in_a ? right.operands[i] : left.operands[i];
      const Reading& reading = in_a ? evidence_.reading_b : evidence_.reading_a;
      const Module& module = in_a ? evidence_.b.module : evidence_.a.module;
      if (!computed.valid() || reading.depends[computed.index] || !module.graph.value(computed).producer.valid())
        continue;
      const LocationId where = module.graph.node(module.graph.value(computed).producer).location;
      const std::string name = quoted((in_a ? one : other)->name);
      const std::string made = fmt::format("reads numbers that its program computes ({})", place_text(module, where));
      const std::string plain = fmt::format("reads {} as it is", name);
      add(Cause::Weights,
          fmt::format("{} {}, {} computes others ({})", in_a ? "A" : "B", plain, in_a ? "B" : "A",
                      place_text(module, where)),
          in_a ? plain : made, in_a ? made : plain);
      return true;
    }
    return false;
  }

  static const Parameter* parameter_at(const Reading& reading, ValueId value) {
    for (const Parameter& parameter : reading.parameters) {
      if (value.valid() && parameter.value == value) return &parameter;
    }
    return nullptr;
  }

  // One side adds a vector that the other hasn't.
  void biases() {
    if (has_settings_ || a_.parameters.size() == b_.parameters.size()) return;
    const bool in_a = a_.parameters.size() > b_.parameters.size();
    const Operation& more = in_a ? a_ : b_;
    const Reading& reading = in_a ? evidence_.reading_a : evidence_.reading_b;
    std::vector<std::string> names;
    for (const size_t parameter : more.parameters) {
      const ParameterPair* pair = in_a ? evidence_.parameters.of_a(parameter) : evidence_.parameters.of_b(parameter);
      if (pair == nullptr) names.push_back(quoted(reading.parameters[parameter].name));
    }
    if (names.empty()) return;
    const std::string has = "has " + listed(names);
    const std::string lacks = "has none";
    add(Cause::Attribute, "bias", in_a ? has : lacks, in_a ? lacks : has);
  }

  void constants() {
    const std::vector<std::string> left = literals(evidence_.a.module, evidence_.reading_a, a_);
    const std::vector<std::string> right = literals(evidence_.b.module, evidence_.reading_b, b_);
    if (a_.is_random || left.size() != right.size()) return;
    for (size_t i = 0; i < left.size(); ++i) {
      if (left[i] != right[i]) add(Cause::Attribute, "the constant", left[i], right[i]);
    }
  }

  void weights() {
    for (const size_t parameter : a_.parameters) {
      const ParameterPair* pair = nullptr;
      for (const size_t other : b_.parameters) {
        if (pair == nullptr) pair = evidence_.parameters.find(parameter, other);
      }
      if (pair == nullptr) continue;
      const std::string text = describe_distance(evidence_, *pair);
      if (text.empty()) continue;
      add(Cause::Weights, text, fmt::format("reads {}", quoted(evidence_.reading_a.parameters[pair->a].name)),
          fmt::format("reads {}", quoted(evidence_.reading_b.parameters[pair->b].name)));
    }
  }

  const Evidence& evidence_;
  const Operation& a_;
  const Operation& b_;
  bool has_settings_ = false;
  std::vector<Finding> findings_;
};

}  // namespace

std::vector<Finding> findings(const Evidence& evidence, const Operation& a, const Operation& b) {
  return Examination(evidence, a, b).run();
}

std::string describe_distance(const Evidence& evidence, const ParameterPair& pair) {
  const Parameter& left = evidence.reading_a.parameters[pair.a];
  const Parameter& right = evidence.reading_b.parameters[pair.b];
  const auto apart = distance(evidence.a.module, left, evidence.b.module, right, pair.transposed);
  constexpr double kRounding = 1e-6;
  if (!apart || apart->position < 0 || !(apart->difference > kRounding * apart->largest)) return {};
  const std::string name =
      left.name == right.name ? quoted(left.name) : fmt::format("{} (B: {})", quoted(left.name), quoted(right.name));
  const int64_t count = left.type.element_count().constant();
  return fmt::format("{}: {} of {} {} {}: {:.7g} in A, {:.7g} in B", name, apart->count, count,
                     apart->count == 1 ? "elements differs, at" : "elements differ, most at",
                     position_text(apart->position, left.type), apart->value_a, apart->value_b);
}

}  // namespace lathe::comparison
