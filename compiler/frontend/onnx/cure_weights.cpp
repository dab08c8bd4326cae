// Which axis of which weight goes with which axis of the input.
#include "compiler/frontend/onnx/cure_weights.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "ir/base/display.h"

namespace lathe::onnx {
namespace {

constexpr int kWeights = 30;
constexpr int kWeightsBehind = 40;

std::optional<int64_t> size_of(const TensorType* type, size_t axis) {
  if (type == nullptr || axis >= type->dims.size()) return std::nullopt;
  return type->dims[axis].as_constant();
}

bool flag(const NodeFacts& facts, std::string_view name) {
  const Attribute* given = facts.attribute(name);
  return given != nullptr && given->i != 0;
}

int64_t group(const NodeFacts& facts) {
  const Attribute* given = facts.attribute("group");
  return given == nullptr ? 1 : std::max<int64_t>(1, given->i);
}

// Sets one axis of some weights.
class Weights {
 public:
  explicit Weights(const NodeFacts& facts) : facts_(facts) {}

  void set(size_t operand, size_t axis, std::optional<int64_t> size) {
    const Tensor* weight = facts_.weight(operand);
    if (weight == nullptr || !size || axis >= weight->dims.size() || weight->dims[axis] == *size || *size <= 0) return;
    if (std::find(names_.begin(), names_.end(), quoted_name(weight->name)) != names_.end()) return;
    std::vector<int64_t> dims = weight->dims;
    dims[axis] = *size;
    changes_.emplace_back(SetWeightShape{weight->name, dims});
    names_.push_back(quoted_name(weight->name));
    shapes_.push_back(fmt::format("[{}]", fmt::join(dims, ", ")));
  }
  void propose(int cost, std::vector<Proposal>& proposals) {
    if (changes_.empty()) return;
    const std::string node = title_of(facts_.node(), facts_.position);
    const bool are_alike = std::count(shapes_.begin(), shapes_.end(), shapes_.front()) == std::ssize(shapes_);
    std::string title = fmt::format("give {} {} of {} the shape {}", names_.size() == 1 ? "weight" : "weights",
                                    fmt::join(names_, ", "), node, shapes_.front());
    if (!are_alike) {
      title = fmt::format("give the weights of {} other shapes:", node);
      for (size_t i = 0; i < names_.size(); ++i)
        title += fmt::format("{} {} {}", i == 0 ? "" : ",", names_[i], shapes_[i]);
    }
    proposals.push_back({std::move(changes_), std::move(title), cost});
    changes_.clear();
    names_.clear();
    shapes_.clear();
  }

 private:
  const NodeFacts& facts_;
  std::vector<Change> changes_;
  std::vector<std::string> names_;
  std::vector<std::string> shapes_;
};

void fit_convolution(const NodeFacts& facts, Weights& weights) {
  const auto channels = size_of(facts.operand(0), 1);
  if (!channels) return;
  if (facts.node().op_type == "ConvTranspose") {
    weights.set(1, 0, channels);
  } else if (*channels % group(facts) == 0) {
    weights.set(1, 1, *channels / group(facts));
  }
}

// A kernel that covers the whole input, where it is larger.
void fit_kernel(const NodeFacts& facts, std::vector<Proposal>& proposals) {
  const TensorType* input = facts.operand(0);
  const Tensor* weight = facts.weight(1);
  if (facts.fault != DiagnosticKind::WindowTooLarge || input == nullptr || weight == nullptr) return;
  const Attribute* pads = facts.attribute("pads");
  const size_t axes = weight->dims.size() - std::min<size_t>(2, weight->dims.size());
  std::vector<int64_t> dims = weight->dims;
  for (size_t axis = 0; axis < axes; ++axis) {
    const auto size = size_of(input, axis + 2);
    if (!size) continue;
    const bool has_pads = pads != nullptr && pads->ints.size() == 2 * axes;
    constexpr int64_t kLargest = 1 << 20;
    const int64_t padding = has_pads ? std::clamp<int64_t>(pads->ints[axis], 0, kLargest) +
                                           std::clamp<int64_t>(pads->ints[axes + axis], 0, kLargest)
                                     : 0;
    dims[axis + 2] = std::min(dims[axis + 2], std::min(*size, kLargest) + padding);
  }
  if (dims == weight->dims) return;
  proposals.push_back({{SetWeightShape{weight->name, dims}},
                       fmt::format("give weight {} of {} the shape [{}]", quoted_name(weight->name),
                                   title_of(facts.node(), facts.position), fmt::join(dims, ", ")),
                       kWeights});
}

void fit_product(const NodeFacts& facts, Weights& weights) {
  const TensorType* input = facts.operand(0);
  if (input == nullptr || input->rank() == 0) return;
  const auto last = static_cast<size_t>(input->rank()) - 1;
  weights.set(1, flag(facts, "transB") ? 1 : 0, size_of(input, flag(facts, "transA") ? 0 : last));
}

void fit_bias(const NodeFacts& facts, Weights& weights) {
  const TensorType* weight = facts.operand(1);
  if (facts.node().op_type == "Gemm") {
    const TensorType* bias = facts.operand(2);
    const auto columns = size_of(weight, flag(facts, "transB") ? 0 : 1);
    if (bias != nullptr && bias->rank() > 0) weights.set(2, static_cast<size_t>(bias->rank()) - 1, columns);
  } else {
    weights.set(2, 0, size_of(weight, 0));
  }
}

void fit_channels(const NodeFacts& facts, Weights& weights) {
  const auto channels = size_of(facts.operand(0), 1);
  for (size_t operand = 1; operand < facts.node().inputs.size(); ++operand) weights.set(operand, 0, channels);
}

void fit_last_axis(const NodeFacts& facts, Weights& weights) {
  const TensorType* input = facts.operand(0);
  if (input == nullptr || input->rank() == 0) return;
  const auto size = size_of(input, static_cast<size_t>(input->rank()) - 1);
  for (size_t operand = 1; operand < facts.node().inputs.size(); ++operand) weights.set(operand, 0, size);
}

// Every axis of a weight is that of the other operand, counted from the end.
void fit_broadcast(const NodeFacts& facts, Weights& weights) {
  for (const size_t operand : {size_t{0}, size_t{1}}) {
    const Tensor* weight = facts.weight(operand);
    const TensorType* other = facts.operand(1 - operand);
    if (weight == nullptr || other == nullptr) continue;
    for (size_t back = 1; back <= std::min(weight->dims.size(), other->dims.size()); ++back) {
      const auto size = other->dims[other->dims.size() - back].as_constant();
      const size_t axis = weight->dims.size() - back;
      if (weight->dims[axis] != 1 && size && *size != 1) weights.set(operand, axis, size);
    }
  }
}

void fit_recurrence(const NodeFacts& facts, Weights& weights) { weights.set(1, 2, size_of(facts.operand(0), 2)); }

struct Row {
  std::string_view op;
  void (*fit)(const NodeFacts& facts, Weights& weights);
};
constexpr Row kRows[] = {
    {"Conv", fit_convolution},
    {"Conv", fit_bias},
    {"ConvTranspose", fit_convolution},
    {"Gemm", fit_product},
    {"Gemm", fit_bias},
    {"MatMul", fit_product},
    {"BatchNormalization", fit_channels},
    {"InstanceNormalization", fit_channels},
    {"LayerNormalization", fit_last_axis},
    {"PRelu", fit_broadcast},
    {"Add", fit_broadcast},
    {"Sub", fit_broadcast},
    {"Mul", fit_broadcast},
    {"Div", fit_broadcast},
    {"LSTM", fit_recurrence},
    {"GRU", fit_recurrence},
    {"RNN", fit_recurrence},
};

// Other numbers of output channels, of those that the failed node has met.
void give_other_outputs(const NodeFacts& facts, std::vector<Proposal>& proposals) {
  const std::string_view op = facts.node().op_type;
  const bool is_product = op == "Gemm" || op == "MatMul";
  if (!is_product && op != "Conv") return;
  const TensorType* weight = facts.operand(1);
  if (weight == nullptr || weight->rank() < 2) return;
  const size_t axis = is_product && !flag(facts, "transB") ? 1 : 0;
  for (const int64_t size : facts.wanted) {
    Weights weights(facts);
    weights.set(1, axis, size);
    if (op != "MatMul") weights.set(2, 0, size);
    weights.propose(kWeightsBehind, proposals);
  }
}

}  // namespace

void propose_weights(const NodeFacts& facts, std::vector<Proposal>& proposals) {
  if (!facts.has_failed) return give_other_outputs(facts, proposals);
  if (facts.node().op_type == "Conv") fit_kernel(facts, proposals);
  for (const Row& row : kRows) {
    if (row.op != facts.node().op_type) continue;
    Weights weights(facts);
    row.fit(facts, weights);
    weights.propose(kWeights, proposals);
  }
}

}  // namespace lathe::onnx
