// Pairs inputs by name or position, settles their sizes, and fills them.
#include "compiler/compare/inputs.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>

#include "compiler/compare/random.h"
#include "compiler/compare/reading.h"
#include "compiler/compare/wording.h"

namespace lathe::comparison {
namespace {

using Sizes = std::map<std::string, int64_t>;

struct Port {
  size_t index = 0;
  const Value* value = nullptr;
  ValueId id;
  bool is_random = false;
};

std::vector<Port> ports_of(const Side& side) {
  std::vector<Port> result;
  const auto inputs = side.module.graph.inputs();
  for (size_t i = 0; i < inputs.size(); ++i) {
    result.push_back({i, &side.module.graph.value(inputs[i]), inputs[i], is_random_input(side, inputs[i])});
  }
  return result;
}

std::string list_of(const std::vector<Port>& ports) {
  std::vector<std::string> names;
  for (const Port& port : ports)
    names.push_back(fmt::format("{} {}", quoted(port.value->name), compact(port.value->type)));
  return names.empty() ? "nothing" : listed(names);
}

// Tables that whole numbers of an input are looked up in bound them.
std::optional<int64_t> index_bound(const Module& module, ValueId input) {
  std::optional<int64_t> bound;
  std::vector<ValueId> pending{input};
  std::vector<ValueId> seen;
  constexpr size_t kMost = 100;
  while (!pending.empty() && seen.size() < kMost) {
    const ValueId value = pending.back();
    pending.pop_back();
    if (std::find(seen.begin(), seen.end(), value) != seen.end()) continue;
    seen.push_back(value);
    for (const Use& use : module.graph.value(value).uses) {
      const Node& node = module.graph.node(use.node);
      if (form<Index>(*node.op) != nullptr) {
        const ExistingNodeView view(module, use.node);
        for (const IndexBinding& binding : describe_index(view).bindings) {
          const auto extent = binding.extent.as_constant();
          if (binding.operand == use.operand && extent) bound = std::min(bound.value_or(*extent), *extent);
        }
      } else if (form<Move>(*node.op) != nullptr || node.op->name == "cast") {
        pending.insert(pending.end(), node.results.begin(), node.results.end());
      }
    }
  }
  return bound;
}

class Pairing {
 public:
  Pairing(const Side& a, const Side& b, const Options& options)
      : a_(a), b_(b), options_(options), ports_a_(ports_of(a)), ports_b_(ports_of(b)) {
    for (const NamedSize& size : options.sizes) {
      sizes_a_.insert(size);
      sizes_b_.insert(size);
    }
  }

  InputPlan run() {
    match();
    if (!plan_.mismatch.empty()) return std::move(plan_);
    learn_sizes();
    for (const auto& [a, b] : pairs_) settle(a, b);
    return std::move(plan_);
  }

 private:
  using Pair = std::pair<const Port*, const Port*>;

  void match() {
    std::vector<const Port*> left;
    std::vector<const Port*> right;
    for (const Port& port : ports_a_) left.push_back(&port);
    for (const Port& port : ports_b_) right.push_back(&port);
    const auto take_equal_names = [&] {
      for (const Port*& port : left) {
        const auto other = std::find_if(right.begin(), right.end(), [&](const Port* row) {
          return row != nullptr && row->is_random == port->is_random && row->value->name == port->value->name;
        });
        if (other == right.end()) continue;
        pairs_.emplace_back(port, *other);
        port = nullptr;
        right.erase(other);
      }
      std::erase(left, nullptr);
    };
    take_equal_names();
    take_in_order(left, right, [](const Port& x, const Port& y) { return x.is_random == y.is_random; });
    // A script's own random tensor may stand where the other side takes an input.
    take_in_order(left, right, [](const Port&, const Port&) { return true; });
    const auto is_left_over = [](const Port* port) { return !port->is_random; };
    if (std::any_of(left.begin(), left.end(), is_left_over) || std::any_of(right.begin(), right.end(), is_left_over)) {
      plan_.mismatch = fmt::format("A takes {}, B takes {}", list_of(ports_a_), list_of(ports_b_));
      return;
    }
    for (const Port* port : left) pairs_.emplace_back(port, nullptr);
    for (const Port* port : right) pairs_.emplace_back(nullptr, port);
  }

  template <class Fits>
  void take_in_order(std::vector<const Port*>& left, std::vector<const Port*>& right, Fits fits) {
    for (const Port*& port : left) {
      const auto other = std::find_if(right.begin(), right.end(), [&](const Port* row) {
        return fits(*port, *row) && same_kind(*port->value, *row->value);
      });
      if (other == right.end()) continue;
      pairs_.emplace_back(port, *other);
      port = nullptr;
      right.erase(other);
    }
    std::erase(left, nullptr);
  }

  static bool same_kind(const Value& a, const Value& b) {
    const TensorType* left = a.type.as_tensor();
    const TensorType* right = b.type.as_tensor();
    return left != nullptr && right != nullptr && left->element == right->element &&
           (!left->ranked || !right->ranked || left->rank() == right->rank());
  }

  // A size that one side fixes is that of the other side's symbol.
  void learn_sizes() {
    for (const auto& [a, b] : pairs_) {
      if (a == nullptr || b == nullptr) continue;
      const TensorType* left = a->value->type.as_tensor();
      const TensorType* right = b->value->type.as_tensor();
      if (left == nullptr || right == nullptr || !left->ranked || !right->ranked || left->rank() != right->rank())
        continue;
      for (size_t axis = 0; axis < left->dims.size(); ++axis) {
        learn(left->dims[axis], right->dims[axis], sizes_a_);
        learn(right->dims[axis], left->dims[axis], sizes_b_);
      }
    }
    for (const auto& [a, b] : pairs_) {
      const Port* port = a != nullptr ? a : b;
      const Tensor* given = given_for(a, b);
      const TensorType* type = port->value->type.as_tensor();
      if (given == nullptr || type == nullptr || type->dims.size() != given->dims().size()) continue;
      for (size_t axis = 0; axis < type->dims.size(); ++axis) {
        if (a != nullptr) learn(a->value->type.as_tensor()->dims[axis], Dim(given->dims()[axis]), sizes_a_);
        if (b != nullptr) learn(b->value->type.as_tensor()->dims[axis], Dim(given->dims()[axis]), sizes_b_);
      }
    }
  }

  static void learn(const Dim& dim, const Dim& other, Sizes& sizes) {
    const std::string* symbol = dim.as_symbol();
    const auto size = other.as_constant();
    if (symbol != nullptr && size) sizes.emplace(*symbol, *size);
  }

  const Tensor* given_for(const Port* a, const Port* b) const {
    for (const Port* port : {a, b}) {
      for (const GivenInput& row : options_.inputs) {
        if (port != nullptr && row.name == port->value->name) return &row.tensor;
      }
    }
    return nullptr;
  }

  // A size for an axis that is a symbol and that nobody gave; small, and large enough for a few pooling layers.
  int64_t assume(const std::string& symbol, size_t axis, size_t rank) {
    constexpr int64_t kBatch = 2;
    constexpr int64_t kLength = 8;
    constexpr int64_t kImage = 32;
    const int64_t size = axis == 0 ? kBatch : rank == 4 ? kImage : kLength;
    plan_.assumed.push_back(fmt::format("{} = {}", symbol, size));
    return size;
  }

  Dim size_of(const Dim& dim, Sizes& sizes, size_t axis, size_t rank) {
    if (dim.is_constant()) return dim;
    if (const std::string* symbol = dim.as_symbol(); symbol != nullptr && !sizes.contains(*symbol)) {
      sizes.emplace(*symbol, assume(*symbol, axis, rank));
    }
    const auto size = evaluate(dim, [&](const std::string& name) -> std::optional<int64_t> {
      const auto found = sizes.find(name);
      if (found == sizes.end()) return std::nullopt;
      return found->second;
    });
    return size ? Dim(*size) : dim;
  }

  // `sizes` of the other side learn what is assumed here.
  std::optional<TensorType> static_type(const Port& port, Sizes& sizes, const Port* other, Sizes& other_sizes) {
    const TensorType* type = port.value->type.as_tensor();
    if (type == nullptr || !type->ranked) return std::nullopt;
    TensorType result = *type;
    const TensorType* other_type = other == nullptr ? nullptr : other->value->type.as_tensor();
    for (size_t axis = 0; axis < result.dims.size(); ++axis) {
      result.dims[axis] = size_of(type->dims[axis], sizes, axis, result.dims.size());
      if (!result.dims[axis].is_constant()) return std::nullopt;
      if (other_type != nullptr && other_type->dims.size() == result.dims.size()) {
        learn(other_type->dims[axis], result.dims[axis], other_sizes);
      }
    }
    return result;
  }

  void settle(const Port* a, const Port* b) {
    const std::optional<TensorType> left = a == nullptr ? std::nullopt : static_type(*a, sizes_a_, b, sizes_b_);
    const std::optional<TensorType> right = b == nullptr ? std::nullopt : static_type(*b, sizes_b_, a, sizes_a_);
    if ((a != nullptr && !left) || (b != nullptr && !right)) {
      const Port& port = a != nullptr && !left ? *a : *b;
      plan_.mismatch = fmt::format("input {} is {}: its sizes must be given, such as -i {}=f32[2,8]",
                                   quoted(port.value->name), compact(port.value->type), port.value->name);
      return;
    }
    if (left && right && !(*left == *right)) {
      plan_.mismatch = fmt::format("A takes {} as {}, B takes {} as {}", quoted(a->value->name), compact(*left),
                                   quoted(b->value->name), compact(*right));
      return;
    }
    PairedInput input{.a = {}, .b = {}, .type = left ? *left : *right};
    std::optional<int64_t> bound;
    if (a != nullptr) {
      input.a = a->index;
      bound = index_bound(a_.module, a->id);
    }
    if (b != nullptr) {
      input.b = b->index;
      const auto other = index_bound(b_.module, b->id);
      if (other) bound = std::min(bound.value_or(*other), *other);
    }
    constexpr int64_t kMost = 1000;
    if (bound) input.bound = std::clamp<int64_t>(*bound, 1, kMost);
    const std::string& name = (a != nullptr ? a : b)->value->name;
    const bool draws = (a == nullptr || a->is_random) && (b == nullptr || b->is_random);
    input.is_uniform =
        draws && (name.starts_with("dropout") || (name.starts_with("rand") && !name.starts_with("randn")));
    input.given = given_for(a, b);
    if (input.given != nullptr && !fits(*input.given, input.type)) {
      plan_.mismatch = fmt::format("the array given for {} is {}, the models take {}", quoted(name),
                                   compact(type_of(*input.given)), compact(input.type));
      return;
    }
    plan_.inputs.push_back(std::move(input));
  }

  static TensorType type_of(const Tensor& tensor) {
    TensorType type{tensor.element(), {}, true};
    for (const int64_t size : tensor.dims()) type.dims.emplace_back(size);
    return type;
  }
  static bool fits(const Tensor& tensor, const TensorType& type) { return type_of(tensor) == type; }

  const Side& a_;
  const Side& b_;
  const Options& options_;
  std::vector<Port> ports_a_;
  std::vector<Port> ports_b_;
  std::vector<Pair> pairs_;
  Sizes sizes_a_;
  Sizes sizes_b_;
  InputPlan plan_;
};

struct Trial {
  double least;
  double most;
  std::string_view text;
};
constexpr Trial kTrialRanges[kTrials] = {{-1, 1, "in [-1, 1)"}, {-0.03, 0.03, "in [-0.03, 0.03)"}, {0, 3, "in [0, 3)"}};

Status fill(const PairedInput& input, const Trial& trial, uint64_t seed, Tensor& tensor) {
  Random random(seed);
  const auto count = static_cast<size_t>(input.type.element_count().constant());
  if (input.type.element == ElementType::String) {
    for (std::string& element : tensor.strings()) element = fmt::format("s{}", random.next() % 10);
    return {};
  }
  std::vector<double> values(count);
  for (double& value : values) {
    const double unit = random.uniform();
    value = is_float(input.type.element) && input.is_uniform ? unit
            : is_float(input.type.element)                   ? trial.least + (trial.most - trial.least) * unit
            : input.type.element == ElementType::Boolean     ? (unit < 0.5 ? 0 : 1)
                                                             : std::floor(unit * static_cast<double>(input.bound));
  }
  const ConstantData data = constant_from_doubles(input.type, values);
  if (!tensor.bytes().empty()) std::memcpy(tensor.bytes().data(), data.bytes.data(), tensor.bytes().size());
  return {};
}

}  // namespace

InputPlan pair_inputs(const Side& a, const Side& b, const Options& options) { return Pairing(a, b, options).run(); }

std::string_view trial_text(size_t trial) { return kTrialRanges[trial].text; }

Result<std::vector<Tensor>> make_inputs(const InputPlan& plan, size_t trial, uint64_t seed, Diagnostics& diagnostics) {
  std::vector<Tensor> result;
  for (size_t i = 0; i < plan.inputs.size(); ++i) {
    const PairedInput& input = plan.inputs[i];
    std::vector<int64_t> dims;
    for (const Dim& dim : input.type.dims) dims.push_back(dim.constant());
    constexpr int64_t kMost = int64_t{1} << 32;
    const auto count = input.type.element_count().as_constant();
    Tensor tensor = count && *count <= kMost ? Tensor(input.type.element, dims) : Tensor();
    if (!tensor.valid() && count != 0) {
      return diagnostics.report(DiagnosticKind::OutOfMemory, {}, "an input of type `{}` is too large", text(input.type))
          .emit();
    }
    if (input.given != nullptr) {
      if (!tensor.bytes().empty())
        std::memcpy(tensor.bytes().data(), input.given->bytes().data(), tensor.bytes().size());
      tensor.strings() = input.given->strings();
    } else {
      LATHE_TRY_VOID(fill(input, kTrialRanges[trial], (seed * kTrials + trial) * 1000003 + i, tensor));
    }
    result.push_back(std::move(tensor));
  }
  return result;
}

}  // namespace lathe::comparison
