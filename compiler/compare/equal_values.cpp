// Equal values for the parameters of both sides, and how far values are apart.
#include <algorithm>
#include <cmath>
#include <set>

#include "compiler/compare/parameters.h"
#include "compiler/compare/random.h"

namespace lathe::comparison {
namespace {

bool ends_with_any(std::string_view name, std::initializer_list<std::string_view> endings) {
  return std::any_of(endings.begin(), endings.end(), [&](std::string_view ending) { return name.ends_with(ending); });
}

bool is_variance(std::string_view name) { return ends_with_any(name, {"running_var"}); }
bool is_statistic(std::string_view name) { return is_variance(name) || ends_with_any(name, {"running_mean"}); }

// What was known of elements at import is no longer so.
void forget_known(Module& module, const std::vector<NodeId>& changed) {
  std::vector<bool> stale(module.graph.value_table_size(), false);
  for (const NodeId id : changed) stale[module.graph.node(id).results.front().index] = true;
  for (const NodeId id : module.graph.all_nodes()) {
    const Node& node = module.graph.node(id);
    bool is_stale = false;
    for (const ValueId operand : node.operands) is_stale |= operand.valid() && stale[operand.index];
    for (const ValueId result : node.results) {
      if (is_stale) stale[result.index] = true;
      if (stale[result.index] && module.graph.value(result).known_floats) module.graph.set_known(result, {}, {});
    }
  }
}

class Change {
 public:
  explicit Change(Module& module) : module_(module) {}
  ~Change() { forget_known(module_, changed_); }
  Change(const Change&) = delete;
  Change& operator=(const Change&) = delete;

  void set(const Parameter& parameter, ConstantData data) {
    const auto id = std::get<ConstantId>(module_.graph.node(parameter.node).attributes.front());
    data.name = module_.constants[id].name;
    data.location = module_.constants[id].location;
    module_.graph.set_attribute(parameter.node, 0, module_.constants.add(std::move(data)));
    changed_.push_back(parameter.node);
  }

 private:
  Module& module_;
  std::vector<NodeId> changed_;
};

ConstantData transposed(const ConstantData& data) {
  const int64_t rows = data.type.dims[0].constant();
  const int64_t columns = data.type.dims[1].constant();
  std::vector<double> values(static_cast<size_t>(rows * columns));
  for (int64_t i = 0; i < rows; ++i) {
    for (int64_t j = 0; j < columns; ++j)
      values[static_cast<size_t>(j * rows + i)] = element_as_double(data, i * columns + j);
  }
  TensorType type = data.type;
  std::swap(type.dims[0], type.dims[1]);
  return constant_from_doubles(type, values);
}

uint64_t hash_of(std::string_view name) {
  uint64_t hash = 0xcbf29ce484222325u;
  for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  return hash;
}

// Around the number that it is throughout; variances over three orders of magnitude, so that an eps shows.
ConstantData random_around(const ConstantData& data, const Parameter& parameter, uint64_t seed) {
  Random random(seed ^ hash_of(parameter.name));
  const double center = element_as_double(data, 0);
  std::vector<double> values(static_cast<size_t>(data.element_count()));
  for (double& value : values) {
    const double unit = random.uniform();
    value = is_variance(parameter.name) ? std::pow(10.0, 3 * unit - 2.5)
                                        : center + (unit - 0.5) * 0.8 * std::max(1.0, std::abs(center));
  }
  return constant_from_doubles(data.type, values);
}

// Parameters are learned, statistics are measured: neither stays what it is at first. Other buffers are as they are.
bool is_learned(const Parameter& parameter) {
  return is_float(parameter.type.element) && (!parameter.is_buffer || is_statistic(parameter.name));
}

bool make_random(Side& side, const Reading& reading, uint64_t seed) {
  bool changed = false;
  Change change(side.module);
  for (const Parameter& parameter : reading.parameters) {
    const ConstantData* data = elements_of(side.module, parameter);
    if (data == nullptr || !parameter.object || !is_learned(parameter) || data->element_count() == 0 ||
        !is_uniform(*data))
      continue;
    change.set(parameter, random_around(*data, parameter, seed));
    changed = true;
  }
  return changed;
}

// An exported model has its BatchNorms folded into the convolutions: in a definition with their values what is left of
// a BatchNorm is the bias, and otherwise it does nothing.
bool neutralize(Side& side, const Reading& reading, const Side& other, const Reading& other_reading,
                const ParameterMap& map, bool side_is_a) {
  bool changed = false;
  Change change(side.module);
  const auto counterpart = [&](size_t parameter) {
    return (side_is_a ? map.of_a(parameter) : map.of_b(parameter)) != nullptr;
  };
  size_t next_bias = 0;
  std::vector<size_t> biases = side_is_a ? map.only_b : map.only_a;
  for (const Operation& operation : reading.operations) {
    if (operation.kind != "batch_norm") continue;
    const Node& main = side.module.graph.node(operation.main);
    const auto row_of = [&](size_t operand) -> std::optional<size_t> {
      if (operand >= main.operands.size()) return std::nullopt;
      for (const size_t parameter : operation.parameters) {
        if (reading.parameters[parameter].value == main.operands[operand]) return parameter;
      }
      return std::nullopt;
    };
    const auto scale = row_of(1);
    const auto shift = row_of(2);
    const auto mean = row_of(3);
    const auto variance = row_of(4);
    if (!mean || !variance || counterpart(*mean) || counterpart(*variance)) continue;
    const int index = main.op->attribute_index("epsilon");
    const double epsilon = index < 0 ? 0 : std::get<double>(main.attributes[static_cast<size_t>(index)]);
    const auto fill = [&](size_t parameter, double value) {
      change.set(reading.parameters[parameter], splat_constant(reading.parameters[parameter].type, value));
    };
    fill(*mean, 0);
    fill(*variance, 1 - epsilon);
    if (scale && !counterpart(*scale)) fill(*scale, 1);
    changed = true;
    if (!shift || counterpart(*shift)) continue;
    // Its bias is the convolution's on the other side: the next one of this shape that nothing else was paired with.
    const Parameter& bias = reading.parameters[*shift];
    fill(*shift, 0);
    for (size_t i = next_bias; i < biases.size(); ++i) {
      const Parameter& candidate = other_reading.parameters[biases[i]];
      const ConstantData* data = elements_of(other.module, candidate);
      if (!(candidate.type == bias.type) || data == nullptr) continue;
      change.set(bias, *data);
      next_bias = i + 1;
      break;
    }
  }
  return changed;
}

// Gives `to` the values of `from`.
void copy_values(const Side& from, const Reading& from_reading, Side& to, const Reading& to_reading,
                 const ParameterMap& map, bool from_is_a) {
  Change change(to.module);
  std::set<size_t> done;
  for (const ParameterPair& pair : map.pairs) {
    const Parameter& source = from_reading.parameters[from_is_a ? pair.a : pair.b];
    const Parameter& target = to_reading.parameters[from_is_a ? pair.b : pair.a];
    const ConstantData* data = elements_of(from.module, source);
    if (data == nullptr || (!is_learned(target) && pair.paired != PairedBy::Object)) continue;
    if (!done.insert(from_is_a ? pair.b : pair.a).second) continue;
    change.set(target, pair.transposed ? transposed(*data) : *data);
  }
}

}  // namespace

bool fill_absent(Side& side, uint64_t seed) {
  Graph& graph = side.module.graph;
  std::vector<NodeId> filled;
  for (const NodeId id : graph.all_nodes()) {
    const Node& node = graph.node(id);
    const auto* structural = form<Structural>(*node.op);
    if (structural == nullptr || structural->kind != Structural::Kind::Constant) continue;
    const ConstantData& data = side.module.constants[std::get<ConstantId>(node.attributes.front())];
    if (!data.absent || !is_float(data.type.element)) continue;
    // Products keep their size when a weight is small as its rows are long.
    const auto count = data.element_count();
    const int64_t first = data.type.rank() > 1 ? std::max<int64_t>(data.type.dims.front().constant(), 1) : 1;
    const double bound =
        data.type.rank() > 1
            ? std::sqrt(3.0 * static_cast<double>(first) / static_cast<double>(std::max<int64_t>(count, 1)))
            : 0.5;
    const auto& uses = graph.value(node.results.front()).uses;
    constexpr uint32_t kVariance = 4;
    const bool positive = std::any_of(uses.begin(), uses.end(), [&](const Use& use) {
      return use.operand == kVariance && graph.node(use.node).op->name == "batch_norm";
    });
    Random random(seed ^ hash_of(data.name));
    std::vector<double> values(static_cast<size_t>(count));
    for (double& value : values) value = positive ? 0.5 + random.uniform() : bound * (2 * random.uniform() - 1);
    ConstantData elements = constant_from_doubles(data.type, values);
    elements.name = data.name;
    elements.location = data.location;
    graph.set_attribute(id, 0, side.module.constants.add(std::move(elements)));
    filled.push_back(id);
  }
  return !filled.empty();
}

Equalized give_equal_values(Side& a, const Reading& reading_a, Side& b, const Reading& reading_b,
                            const ParameterMap& map, uint64_t seed) {
  Equalized result;
  const bool a_is_initial = a.values == Values::Initial;
  const bool b_is_initial = b.values == Values::Initial;
  if (!a_is_initial && !b_is_initial) return result;
  result.changed = true;
  if (a_is_initial && b_is_initial) {
    const bool changed_a = make_random(a, reading_a, seed);
    const bool changed_b = make_random(b, reading_b, seed);
    result.random_constants = changed_a || changed_b;
    copy_values(a, reading_a, b, reading_b, map, true);
  } else if (b_is_initial) {
    copy_values(a, reading_a, b, reading_b, map, true);
    result.folded = neutralize(b, reading_b, a, reading_a, map, false);
  } else {
    copy_values(b, reading_b, a, reading_a, map, false);
    result.folded = neutralize(a, reading_a, b, reading_b, map, true);
  }
  return result;
}

std::optional<ParameterDistance> distance(const Module& a, const Parameter& left, const Module& b,
                                          const Parameter& right, bool transposed) {
  const ConstantData* one = elements_of(a, left);
  const ConstantData* other = elements_of(b, right);
  if (one == nullptr || other == nullptr || one->type.element == ElementType::String) return std::nullopt;
  const int64_t count = one->element_count();
  if (count != other->element_count()) return std::nullopt;
  ParameterDistance result;
  if (!transposed && same_constant(*one, *other)) return result;
  const int64_t rows = transposed ? left.type.dims[0].constant() : 0;
  const int64_t columns = transposed ? left.type.dims[1].constant() : 0;
  for (int64_t i = 0; i < count; ++i) {
    const double x = element_as_double(*one, i);
    const double y = element_as_double(*other, transposed ? i % columns * rows + i / columns : i);
    const double apart = x == y || (std::isnan(x) && std::isnan(y)) ? 0 : std::abs(x - y);
    result.largest = std::max(result.largest, std::abs(x));
    constexpr double kRounding = 1e-6;
    if (!(apart <= kRounding * std::max(std::abs(x), std::abs(y)))) ++result.count;
    if (apart > result.difference || (std::isnan(apart) && result.position < 0)) {
      result.difference = std::isnan(apart) ? INFINITY : apart;
      result.position = i;
      result.value_a = x;
      result.value_b = y;
    }
  }
  return result;
}

}  // namespace lathe::comparison
