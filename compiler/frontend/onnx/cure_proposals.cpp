// The table of proposals: for which operators, and a function that makes them.
#include "compiler/frontend/onnx/cure_proposals.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <numeric>

#include "compiler/frontend/onnx/cure_weights.h"
#include "compiler/frontend/onnx/operator.h"
#include "compiler/frontend/onnx/tensor.h"
#include "ir/base/display.h"
#include "ir/graph/closest_name.h"

namespace lathe::onnx {

const TensorType* NodeFacts::operand(size_t index) const {
  if (index >= node().inputs.size()) return nullptr;
  const auto found = types.find(std::string(node().inputs[index]));
  return found == types.end() ? nullptr : &found->second;
}

const std::vector<int64_t>* NodeFacts::operand_integers(size_t index) const {
  if (index >= node().inputs.size()) return nullptr;
  const auto found = integers.find(node().inputs[index]);
  return found == integers.end() ? nullptr : &found->second;
}

const Tensor* NodeFacts::weight(size_t index) const {
  if (index >= node().inputs.size()) return nullptr;
  const auto found = std::find_if(graph.initializers.begin(), graph.initializers.end(),
                                  [&](const Tensor& tensor) { return tensor.name == node().inputs[index]; });
  return found == graph.initializers.end() ? nullptr : &*found;
}

const Attribute* NodeFacts::attribute(std::string_view name) const {
  const std::vector<Attribute>& all = node().attributes;
  const auto found = std::find_if(all.begin(), all.end(), [&](const Attribute& row) { return row.name == name; });
  return found == all.end() ? nullptr : &*found;
}

std::string title_of(const Node& node, size_t position) {
  if (node.name.empty()) return fmt::format("node #{} ({})", position, display_text(node.op_type));
  return "node " + quoted_name(node.name);
}

namespace {

using Proposals = std::vector<Proposal>;

// What a change costs, in the order in which it is likely to be meant.
constexpr int kAttribute = 0;
constexpr int kInsertion = 10;
constexpr int kGuess = 20;

std::string list_text(const std::vector<int64_t>& values) { return fmt::format("[{}]", fmt::join(values, ", ")); }

std::string name_text(const NodeFacts& facts) { return title_of(facts.node(), facts.position); }

void set_integer(const NodeFacts& facts, std::string_view name, int64_t value, int cost, Proposals& proposals) {
  proposals.push_back({{SetInteger{facts.position, name, value}},
                       fmt::format("set `{} = {}` of {}", name, value, name_text(facts)),
                       cost});
}

void set_integers(const NodeFacts& facts, std::string_view name, const std::vector<int64_t>& values, int cost,
                  Proposals& proposals) {
  proposals.push_back({{SetIntegers{facts.position, name, values}},
                       fmt::format("set `{} = {}` of {}", name, list_text(values), name_text(facts)),
                       cost});
}

void insert(const NodeFacts& facts, InsertBefore::Kind kind, size_t operand, std::vector<int64_t> values,
            const std::string& what, int cost, Proposals& proposals) {
  const std::string on =
      facts.node().inputs.size() == 1 ? "" : fmt::format(", on {}", quoted_name(facts.node().inputs[operand]));
  proposals.push_back({{InsertBefore{facts.position, operand, kind, std::move(values)}},
                       fmt::format("insert `{}` before {}{}", what, name_text(facts), on),
                       cost});
}

void insert_transpose(const NodeFacts& facts, size_t operand, const std::vector<int64_t>& permutation, int cost,
                      Proposals& proposals) {
  insert(facts, InsertBefore::Kind::Transpose, operand, permutation,
         fmt::format("Transpose(perm={})", list_text(permutation)), cost, proposals);
}

// --------------------------------------------------------------------------------------------------- layout of
// operands

void flip_transposition(const NodeFacts& facts, Proposals& proposals) {
  for (const std::string_view name : {"transB", "transA"}) {
    const Attribute* given = facts.attribute(name);
    const bool is_set = given != nullptr && given->i != 0;
    set_integer(facts, name, is_set ? 0 : 1, kAttribute, proposals);
  }
}

void flatten_input(const NodeFacts& facts, Proposals& proposals) {
  const TensorType* input = facts.operand(0);
  if (input == nullptr || input->rank() <= 2) return;
  insert(facts, InsertBefore::Kind::Flatten, 0, {1}, "Flatten(axis=1)", kInsertion, proposals);
}

void swap_last_axes(const NodeFacts& facts, Proposals& proposals) {
  for (const size_t operand : {size_t{1}, size_t{0}}) {
    const TensorType* type = facts.operand(operand);
    if (type == nullptr || type->rank() < 2) continue;
    std::vector<int64_t> permutation(static_cast<size_t>(type->rank()));
    std::iota(permutation.begin(), permutation.end(), 0);
    std::swap(permutation.back(), permutation[permutation.size() - 2]);
    insert_transpose(facts, operand, permutation, kInsertion + (operand == 1 ? 1 : 3), proposals);
  }
}

// Channels in front of the sizes, where they stand behind them.
void move_channels(const NodeFacts& facts, Proposals& proposals) {
  const TensorType* input = facts.operand(0);
  if (input == nullptr || input->rank() < 3 || input->rank() > 5) return;
  std::vector<int64_t> permutation{0, input->rank() - 1};
  for (int64_t axis = 1; axis + 1 < input->rank(); ++axis) permutation.push_back(axis);
  insert_transpose(facts, 0, permutation, kInsertion, proposals);
  const TensorType* weight = facts.operand(1);
  if (weight == nullptr || weight->rank() != 4) return;
  insert_transpose(facts, 1, {3, 2, 0, 1}, kInsertion + 1, proposals);
  insert_transpose(facts, 1, {1, 0, 2, 3}, kInsertion + 2, proposals);
}

void add_batch_axis(const NodeFacts& facts, Proposals& proposals) {
  const TensorType* input = facts.operand(0);
  if (input == nullptr) return;
  const std::vector<ValueInfo>& inputs = facts.graph.inputs;
  const std::string_view name = facts.node().inputs[0];
  const auto declared =
      std::find_if(inputs.begin(), inputs.end(), [&](const ValueInfo& row) { return row.name == name; });
  if (declared != inputs.end() && declared->type.has_shape) {
    TensorType batched = *input;
    batched.dims.insert(batched.dims.begin(), Dim(1));
    proposals.push_back(
        {{AddBatchAxis{name}},
         fmt::format("declare input {} as `{}`: the batch axis is missing", quoted_name(name), text(batched)),
         kInsertion});
  }
  insert(facts, InsertBefore::Kind::Unsqueeze, 0, {0}, "Unsqueeze(axes=[0])", kInsertion + 1, proposals);
}

// Operands of one element type: integers become floats rather than the other way round.
void cast_operands(const NodeFacts& facts, Proposals& proposals) {
  const size_t count = facts.node().inputs.size();
  const auto cast = [&](size_t operand, ElementType element, int cost) {
    const int64_t number = data_type_number(text(element));
    if (number == 0) return;
    insert(facts, InsertBefore::Kind::Cast, operand, {number},
           fmt::format("Cast(to={})", data_type_name(static_cast<int32_t>(number))), cost, proposals);
  };
  for (size_t i = 0; i < count; ++i) {
    const TensorType* type = facts.operand(i);
    if (type == nullptr) continue;
    if (!is_float(type->element)) cast(i, ElementType::F32, kInsertion + 5);
    for (size_t k = 0; k < count; ++k) {
      const TensorType* other = facts.operand(k);
      if (other == nullptr || other->element == type->element) continue;
      const bool is_natural = is_float(other->element) && !is_float(type->element);
      cast(i, other->element, kInsertion + (is_natural ? 0 : 4));
    }
  }
}

// ---------------------------------------------------------------------------------------------------------------- axes

// An axis counted from the front; those that are far out are all the same.
int64_t from_front(int64_t axis, int rank) {
  constexpr int64_t kFar = 64;
  return std::clamp<int64_t>(axis < 0 ? std::max(axis, -kFar) + rank : axis, -kFar, kFar);
}

int rank_of_axes(const NodeFacts& facts) {
  const TensorType* input = facts.operand(0);
  return input == nullptr ? 0 : input->rank();
}

void set_axis(const NodeFacts& facts, Proposals& proposals) {
  const OperatorRow* row = find_operator(facts.node().op_type, facts.opset);
  if (row == nullptr || (" " + std::string(row->attributes)).find(" axis:i") == std::string::npos) return;
  const int rank = rank_of_axes(facts);
  const Attribute* given = facts.attribute("axis");
  const int64_t now = given == nullptr ? 0 : from_front(given->i, rank);
  for (int64_t axis = 0; axis < rank; ++axis) {
    if (given != nullptr && axis == now) continue;
    // Of several that fit, the nearest is likelier meant, and the batch axis hardly ever.
    const int64_t distance = std::abs(axis - now);
    set_integer(facts, "axis", axis,
                kAttribute + static_cast<int>(std::min<int64_t>(distance, 9)) + (axis == 0 ? 3 : 0), proposals);
  }
}

struct AxesOperand {
  std::string_view op;
  size_t operand;
};
constexpr AxesOperand kAxesOperands[] = {
    {"ReduceSum", 1},       {"ReduceMean", 1},   {"ReduceMax", 1},
    {"ReduceMin", 1},       {"ReduceProd", 1},   {"ReduceL1", 1},
    {"ReduceL2", 1},        {"ReduceLogSum", 1}, {"ReduceLogSumExp", 1},
    {"ReduceSumSquare", 1}, {"Squeeze", 1},      {"Unsqueeze", 1},
    {"Slice", 3},           {"Pad", 3},
};

// One entry of a list of axes is another one.
void set_axes(const NodeFacts& facts, Proposals& proposals) {
  const int rank = rank_of_axes(facts) + (facts.node().op_type == "Unsqueeze" ? 1 : 0);
  const auto change = [&](const std::vector<int64_t>& axes, auto add) {
    for (size_t i = 0; i < axes.size(); ++i) {
      for (int64_t axis = 0; axis < rank; ++axis) {
        std::vector<int64_t> other = axes;
        other[i] = axis;
        const int64_t now = from_front(axes[i], rank);
        const auto distance = static_cast<int>(std::min<int64_t>(std::abs(axis - now), 9));
        if (axis != now) add(other, kAttribute + distance + (axis == 0 ? 3 : 0));
      }
    }
  };
  if (const Attribute* given = facts.attribute("axes")) {
    change(given->ints,
           [&](const std::vector<int64_t>& axes, int cost) { set_integers(facts, "axes", axes, cost, proposals); });
  }
  for (const AxesOperand& row : kAxesOperands) {
    const std::vector<int64_t>* axes = facts.operand_integers(row.operand);
    if (row.op != facts.node().op_type || axes == nullptr) continue;
    change(*axes, [&](const std::vector<int64_t>& other, int cost) {
      proposals.push_back({{SetOperand{facts.position, row.operand, other}},
                           fmt::format("set the axes of {} to {}", name_text(facts), list_text(other)),
                           cost});
    });
  }
}

void set_permutation(const NodeFacts& facts, Proposals& proposals) {
  const int rank = rank_of_axes(facts);
  constexpr int kMostAxes = 4;
  if (rank < 2 || rank > kMostAxes) return;
  std::vector<int64_t> permutation(static_cast<size_t>(rank));
  std::iota(permutation.begin(), permutation.end(), 0);
  const Attribute* given = facts.attribute("perm");
  do {
    if (given != nullptr && given->ints == permutation) continue;
    int moved = 0;
    for (size_t i = 0; i < permutation.size(); ++i) {
      moved += given == nullptr || i >= given->ints.size() || given->ints[i] != permutation[i] ? 1 : 0;
    }
    set_integers(facts, "perm", permutation, kAttribute + moved + (permutation[0] == 0 ? 0 : 2), proposals);
  } while (std::next_permutation(permutation.begin(), permutation.end()));
}

// ------------------------------------------------------------------------------------------------------------- windows

// The sizes of the window: of the weight, or the attribute.
std::vector<int64_t> kernel_of(const NodeFacts& facts) {
  if (const Attribute* given = facts.attribute("kernel_shape")) return given->ints;
  std::vector<int64_t> kernel;
  if (facts.fault == DiagnosticKind::MissingAttribute && facts.node().op_type != "Conv") {
    return std::vector<int64_t>(static_cast<size_t>(std::clamp(rank_of_axes(facts) - 2, 0, 3)), 1);
  }
  const TensorType* weight = facts.operand(1);
  for (size_t axis = 2; weight != nullptr && axis < weight->dims.size(); ++axis) {
    kernel.push_back(weight->dims[axis].as_constant().value_or(1));
  }
  return kernel;
}

void set_window(const NodeFacts& facts, Proposals& proposals) {
  const std::vector<int64_t> kernel = kernel_of(facts);
  constexpr int64_t kLargest = 1 << 20;
  const auto is_small = [](int64_t size) { return size > 0 && size < kLargest; };
  if (kernel.empty() || !std::all_of(kernel.begin(), kernel.end(), is_small)) return;
  const size_t axes = kernel.size();
  const auto given = [&](std::string_view name, size_t length, int64_t otherwise) {
    const Attribute* found = facts.attribute(name);
    return found == nullptr || found->ints.empty() ? std::vector<int64_t>(length, otherwise) : found->ints;
  };
  const auto change = [&](std::string_view name, const std::vector<int64_t>& values, const std::vector<int64_t>& now,
                          int cost) {
    if (values != now) set_integers(facts, name, values, cost, proposals);
  };
  const std::vector<int64_t> pads = given("pads", 2 * axes, 0);
  const std::vector<int64_t> dilations = given("dilations", axes, 1);
  std::vector<int64_t> same(2 * axes);
  for (size_t i = 0; i < 2 * axes; ++i) {
    const size_t axis = i % axes;
    const int64_t dilation = axis < dilations.size() && is_small(dilations[axis]) ? dilations[axis] : 1;
    same[i] = (kernel[i % axes] - 1) * dilation / 2;
  }
  change("pads", same, pads, kAttribute + 5);
  change("pads", std::vector<int64_t>(2 * axes, 0), pads, kAttribute + 8);
  const std::vector<int64_t> strides = given("strides", axes, 1);
  // A pool that is stepped over a part of its window would be cut.
  const bool is_too_large = facts.has_failed && facts.fault == DiagnosticKind::WindowTooLarge;
  for (const int64_t stride : {1, 2}) {
    if (is_too_large) break;
    change("strides", std::vector<int64_t>(axes, stride), strides, kAttribute + 7 + static_cast<int>(stride));
  }
  if (!is_too_large) change("strides", kernel, strides, kAttribute + 9);
  change("dilations", std::vector<int64_t>(axes, 1), dilations, kAttribute + 8);
  if (facts.node().op_type == "ConvTranspose") {
    for (const int64_t longer : {1, 0}) {
      change("output_padding", std::vector<int64_t>(axes, longer), given("output_padding", axes, 0), kAttribute + 6);
    }
  }
  if (facts.weight(1) != nullptr) {
    // The weight is what it is; an attribute may say otherwise.
    std::vector<int64_t> own;
    const std::vector<int64_t>& dims = facts.weight(1)->dims;
    for (size_t axis = 2; axis < dims.size(); ++axis) own.push_back(dims[axis]);
    if (facts.attribute("kernel_shape") != nullptr) change("kernel_shape", own, kernel, kAttribute);
    return;
  }
  if (const Attribute* found = facts.attribute("ceil_mode"); facts.node().op_type != "LpPool") {
    set_integer(facts, "ceil_mode", found != nullptr && found->i != 0 ? 0 : 1, kAttribute + 9, proposals);
  }
  if (!is_too_large && facts.fault != DiagnosticKind::MissingAttribute) return;
  for (const int64_t size : {2, 3, 1}) {
    change("kernel_shape", std::vector<int64_t>(axes, size), kernel, kAttribute + 4);
  }
}

void set_group(const NodeFacts& facts, Proposals& proposals) {
  const TensorType* input = facts.operand(0);
  const TensorType* weight = facts.operand(1);
  if (input == nullptr || weight == nullptr || input->rank() < 2 || weight->rank() < 2) return;
  const auto channels = input->dims[1].as_constant();
  const auto taken = weight->dims[1].as_constant();
  const Attribute* given = facts.attribute("group");
  const int64_t now = given == nullptr ? 1 : given->i;
  if (channels && taken && *taken != 0 && *channels % *taken == 0 && *channels / *taken != now) {
    set_integer(facts, "group", *channels / *taken, kAttribute, proposals);
  }
  if (now != 1) set_integer(facts, "group", 1, kAttribute, proposals);
}

// -------------------------------------------------------------------------------------------------------------- shapes

void set_operand(const NodeFacts& facts, size_t operand, const std::vector<int64_t>& values, std::string_view what,
                 int cost, Proposals& proposals) {
  const std::vector<int64_t>* now = facts.operand_integers(operand);
  if (now != nullptr && *now == values) return;
  proposals.push_back({{SetOperand{facts.position, operand, values}},
                       fmt::format("set {} of {} to {}", what, name_text(facts), list_text(values)),
                       cost});
}

std::optional<int64_t> element_count(const TensorType& type) {
  int64_t count = 1;
  for (const Dim& dim : type.dims) {
    const auto size = dim.as_constant();
    if (!size || __builtin_mul_overflow(count, *size, &count)) return std::nullopt;
  }
  return count;
}

// The product of the entries of a shape from `first` on, without one of them and without -1; 0 where it is not known.
int64_t product_of_others(const std::vector<int64_t>& shape, const TensorType& input, size_t first, size_t without) {
  int64_t product = 1;
  for (size_t i = first; i < shape.size(); ++i) {
    if (i == without || shape[i] < 0) continue;
    std::optional<int64_t> factor = shape[i];
    // 0 keeps the size that is there.
    if (shape[i] == 0) factor = i < input.dims.size() ? input.dims[i].as_constant() : std::nullopt;
    if (!factor || __builtin_mul_overflow(product, *factor, &product)) return 0;
  }
  return product;
}

// One entry is another number: what is left over, the input's own size, or -1.
void set_shape(const NodeFacts& facts, Proposals& proposals) {
  const std::vector<int64_t>* shape = facts.operand_integers(1);
  const TensorType* input = facts.operand(0);
  if (shape == nullptr || input == nullptr) return;
  const std::optional<int64_t> count = element_count(*input);
  TensorType sample = *input;
  if (!sample.dims.empty()) sample.dims.erase(sample.dims.begin());
  const std::optional<int64_t> sample_count = element_count(sample);
  const auto add = [&](const std::vector<int64_t>& values, int cost) {
    set_operand(facts, 1, values, "the shape", cost, proposals);
  };
  for (size_t i = shape->size(); i-- > 0;) {
    std::vector<int64_t> other = *shape;
    // The batch axis is the last one to be changed.
    const int cost = kAttribute + 2 + (i == 0 ? 4 : 0);
    const int64_t rest = product_of_others(*shape, *input, 0, i);
    if (count && rest > 0 && *count % rest == 0) {
      other[i] = *count / rest;
      add(other, cost);
    }
    // What is left for one sample, where the batch axis is kept or worked out.
    const int64_t rest_of_sample = product_of_others(*shape, *input, 1, i);
    if (sample_count && i > 0 && (*shape)[0] <= 0 && rest_of_sample > 0 && *sample_count % rest_of_sample == 0) {
      other[i] = *sample_count / rest_of_sample;
      add(other, cost);
    }
    if (const auto size = i < input->dims.size() ? input->dims[i].as_constant() : std::nullopt) {
      other[i] = *size;
      add(other, cost + 2);
    }
    if (std::count(shape->begin(), shape->end(), -1) - ((*shape)[i] == -1 ? 1 : 0) == 0) {
      other[i] = -1;
      add(other, cost + 1);
    }
    if (i < input->dims.size()) {
      other[i] = 0;
      add(other, cost + 1);
    }
  }
}

// Sizes that are expanded to are those that are there, or 1.
void set_expansion(const NodeFacts& facts, Proposals& proposals) {
  const std::vector<int64_t>* shape = facts.operand_integers(1);
  const TensorType* input = facts.operand(0);
  if (shape == nullptr || input == nullptr) return;
  std::vector<int64_t> fitting = *shape;
  for (size_t back = 1; back <= std::min(fitting.size(), input->dims.size()); ++back) {
    const auto size = input->dims[input->dims.size() - back].as_constant();
    if (size && *size != 1) fitting[fitting.size() - back] = *size;
  }
  set_operand(facts, 1, fitting, "the shape", kAttribute + 1, proposals);
  for (size_t i = 0; i < shape->size(); ++i) {
    std::vector<int64_t> other = *shape;
    other[i] = 1;
    set_operand(facts, 1, other, "the shape", kAttribute + 3, proposals);
  }
}

// Pieces that make up the whole axis.
void set_split(const NodeFacts& facts, Proposals& proposals) {
  const TensorType* input = facts.operand(0);
  if (input == nullptr || input->rank() == 0) return;
  const Attribute* axis_given = facts.attribute("axis");
  const int64_t axis = axis_given == nullptr ? 0 : from_front(axis_given->i, input->rank());
  if (axis < 0 || axis >= input->rank()) return;
  const auto size = input->dims[static_cast<size_t>(axis)].as_constant();
  const Attribute* attribute = facts.attribute("split");
  const std::vector<int64_t>* now = attribute != nullptr ? &attribute->ints : facts.operand_integers(1);
  if (!size || now == nullptr || now->empty()) return;
  const auto add = [&](const std::vector<int64_t>& values, int cost) {
    if (attribute != nullptr) {
      set_integers(facts, "split", values, cost, proposals);
    } else {
      set_operand(facts, 1, values, "the sizes", cost, proposals);
    }
  };
  const auto pieces = static_cast<int64_t>(facts.node().outputs.size());
  if (*size % pieces == 0) {
    add(std::vector<int64_t>(static_cast<size_t>(pieces), *size / pieces), kAttribute + 1);
  }
  constexpr int64_t kLargest = int64_t{1} << 40;
  if (std::any_of(now->begin(), now->end(), [](int64_t part) { return part < -kLargest || part > kLargest; })) return;
  const int64_t sum = std::accumulate(now->begin(), now->end(), int64_t{0});
  for (size_t i = now->size(); i-- > 0;) {
    std::vector<int64_t> other = *now;
    other[i] += *size - sum;
    if (other[i] > 0) add(other, kAttribute + 2);
  }
}

void set_hidden_size(const NodeFacts& facts, Proposals& proposals) {
  const TensorType* recurrence = facts.operand(2);
  if (recurrence == nullptr || recurrence->rank() != 3) return;
  const auto hidden = recurrence->dims[2].as_constant();
  const Attribute* given = facts.attribute("hidden_size");
  if (hidden && (given == nullptr || given->i != *hidden)) {
    set_integer(facts, "hidden_size", *hidden, kAttribute, proposals);
  }
}

// Indices beyond the axis: the last one that is there.
void set_indices(const NodeFacts& facts, Proposals& proposals) {
  const TensorType* table = facts.operand(0);
  const std::vector<int64_t>* indices = facts.operand_integers(1);
  if (table == nullptr || table->rank() == 0 || indices == nullptr) return;
  const Attribute* axis_given = facts.attribute("axis");
  const int64_t axis = axis_given == nullptr ? 0 : from_front(axis_given->i, table->rank());
  if (axis < 0 || axis >= table->rank()) return;
  const auto size = table->dims[static_cast<size_t>(axis)].as_constant();
  const TensorType* type = facts.operand(1);
  if (!size || *size == 0 || type == nullptr || type->rank() != 1) return;
  std::vector<int64_t> inside = *indices;
  for (int64_t& index : inside) index = std::clamp(index, -*size, *size - 1);
  set_operand(facts, 1, inside, "the indices", kGuess, proposals);
}

void rename_attributes(const NodeFacts& facts, Proposals& proposals) {
  const OperatorRow* row = find_operator(facts.node().op_type, facts.opset);
  if (row == nullptr) return;
  std::vector<std::string_view> names;
  for (std::string_view rest = row->attributes; !rest.empty();) {
    const std::string_view entry = rest.substr(0, rest.find(' '));
    rest.remove_prefix(std::min(rest.size(), entry.size() + 1));
    names.push_back(entry.substr(0, entry.find(':')));
  }
  for (const Attribute& attribute : facts.node().attributes) {
    if (std::find(names.begin(), names.end(), attribute.name) != names.end()) continue;
    const std::string_view closest = closest_name(attribute.name, names);
    if (closest.empty()) continue;
    proposals.push_back(
        {{RenameAttribute{facts.position, attribute.name, closest}},
         fmt::format("rename the attribute {} of {} to `{}`", quoted_name(attribute.name), name_text(facts), closest),
         kAttribute});
  }
}

struct Row {
  std::string_view operators;  ///< with blanks between; `*` is any
  bool only_failed;            ///< not for nodes behind the failed one
  void (*make)(const NodeFacts& facts, Proposals& proposals);
};
constexpr std::string_view kWindows = "Conv ConvTranspose MaxPool AveragePool LpPool";
constexpr Row kRows[] = {
    {"*", true, rename_attributes},
    {"Gemm", false, flip_transposition},
    {"Gemm MatMul", true, flatten_input},
    {"MatMul", false, swap_last_axes},
    {"Conv ConvTranspose MaxPool AveragePool BatchNormalization InstanceNormalization", true, move_channels},
    {"Conv ConvTranspose MaxPool AveragePool LpPool BatchNormalization InstanceNormalization GlobalAveragePool "
     "GlobalMaxPool LSTM GRU RNN Resize DepthToSpace Pad",
     true, add_batch_axis},
    {"*", true, cast_operands},
    {"*", false, set_axis},
    {"*", false, set_axes},
    {"Transpose", false, set_permutation},
    {kWindows, false, set_window},
    {"Conv", false, set_group},
    {"Reshape", false, set_shape},
    {"Expand", false, set_expansion},
    {"Split", false, set_split},
    {"LSTM GRU RNN", false, set_hidden_size},
    {"Gather", true, set_indices},
    {"*", false, propose_weights},
};

bool contains(std::string_view list, std::string_view name) {
  if (list == "*") return true;
  while (!list.empty()) {
    const std::string_view entry = list.substr(0, list.find(' '));
    if (entry == name) return true;
    list.remove_prefix(std::min(list.size(), entry.size() + 1));
  }
  return false;
}

}  // namespace

std::vector<Proposal> propose(const NodeFacts& facts) {
  Proposals proposals;
  if (!facts.node().domain.empty()) return proposals;
  for (const Row& row : kRows) {
    if (contains(row.operators, facts.node().op_type) && (facts.has_failed || !row.only_failed)) {
      row.make(facts, proposals);
    }
  }
  return proposals;
}

}  // namespace lathe::onnx
