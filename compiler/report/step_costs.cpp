// Counting over kernels and descriptors.
#include "compiler/report/step_costs.h"

#include <algorithm>
#include <cmath>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "ir/kernel/overloaded.h"
#include "ir/kernel/step_uses.h"

namespace lathe::report {
namespace {

using kernel::Block;
using kernel::Kernel;

double operations_of(ScalarOp op) {
  switch (op) {
    case ScalarOp::Argument:
    case ScalarOp::Constant:
    case ScalarOp::Cast:
    case ScalarOp::Bitcast: return 0;
    case ScalarOp::Fma: return 2;
    default: return 1;
  }
}

// Runs over a kernel with numbers for its sizes.
class KernelCounter {
 public:
  KernelCounter(const Kernel& kernel, std::unordered_map<std::string, int64_t> sizes)
      : kernel_(kernel), values_(std::move(sizes)) {}

  double count() { return block(kernel_.body); }

 private:
  [[nodiscard]] int64_t number(const Dim& dim) const {
    return evaluate(dim,
                    [&](const std::string& name) -> std::optional<int64_t> {
                      const auto found = values_.find(name);
                      if (found == values_.end()) return std::nullopt;
                      return found->second;
                    })
        .value_or(0);
  }

  [[nodiscard]] bool holds(const kernel::Condition& condition) const {
    const int64_t left = number(condition.left);
    const int64_t right = number(condition.right);
    switch (condition.relation) {
      case kernel::Relation::Equal: return left == right;
      case kernel::Relation::Less: return left < right;
      case kernel::Relation::LessEqual: return left <= right;
    }
    return false;
  }

  // Nesting is at most kernel::kMaxNesting deep.
  double block(const Block& statements) {
    double sum = 0;
    for (const kernel::StatementId id : statements) {
      std::visit(Overloaded{[&](const kernel::ForStatement& loop) {
                              const int64_t begin = number(loop.begin);
                              const int64_t step = std::max<int64_t>(number(loop.step), 1);
                              const int64_t trips = std::max<int64_t>((number(loop.end) - begin + step - 1) / step, 0);
                              values_[loop.variable] = begin;
                              if (trips != 0) sum += static_cast<double>(trips) * block(loop.body);
                            },
                            [&](const kernel::IfStatement& branch) {
                              const bool taken = std::all_of(branch.conditions.begin(), branch.conditions.end(),
                                                             [&](const kernel::Condition& row) { return holds(row); });
                              sum += block(taken ? branch.then_block : branch.else_block);
                            },
                            [&](const kernel::LetStatement& let) { sum += let_operations(let); },
                            [](const kernel::StoreStatement&) {},
                            [&](const kernel::BindStatement& bind) { values_[bind.symbol] = number(bind.lower); }},
                 kernel_.statements[id].kind);
    }
    return sum;
  }

  [[nodiscard]] double let_operations(const kernel::LetStatement& let) const {
    if (const auto* scalar = std::get_if<kernel::ScalarOperation>(&let.operation)) {
      return operations_of(scalar->op) * kernel_.values[let.result].lanes;
    }
    if (const auto* reduce = std::get_if<kernel::ReduceOperation>(&let.operation)) {
      return kernel_.values[reduce->value].lanes - 1;
    }
    return 0;
  }

  const Kernel& kernel_;
  std::unordered_map<std::string, int64_t> values_;
};

// The fields of a call's descriptor as numbers, absent ones as 1, so that they don't count in products; and its integer
// arguments.
class Descriptor {
 public:
  Descriptor(const kernel::CallStep& call, const SymbolValues& symbols) {
    for (const kernel::Argument& argument : call.arguments) {
      if (const auto* integer = std::get_if<kernel::IntegerArgument>(&argument)) {
        integers_.push_back(static_cast<double>(evaluate(integer->value, symbols).value_or(1)));
      }
      const auto* structure = std::get_if<kernel::StructArgument>(&argument);
      if (structure == nullptr) continue;
      for (const kernel::Field& field : structure->fields) {
        const auto* number = std::get_if<kernel::SignedField>(&field.value);
        if (number == nullptr) continue;
        fields_.emplace(field.name, static_cast<double>(evaluate(number->value, symbols).value_or(1)));
      }
    }
  }
  [[nodiscard]] double operator[](std::string_view name) const {
    const auto found = fields_.find(std::string(name));
    return found == fields_.end() ? 1 : found->second;
  }
  [[nodiscard]] double integer(size_t index) const { return integers_[index]; }
  /// Elements that a window of the kernel covers along an axis of the input.
  [[nodiscard]] double reach(const std::string& axis) const {
    const auto& field = *this;
    const std::string suffix = axis == "h" ? "_h" : "_w";
    return (field["out" + suffix] - 1) * field["stride" + suffix] +
           (field["kernel" + suffix] - 1) * field["dilation" + suffix] + 1;
  }

 private:
  std::unordered_map<std::string, double> fields_;
  std::vector<double> integers_;
};

constexpr double kFloatBytes = 4;

double image(const Descriptor& field) { return field["batch"] * field["out_h"] * field["out_w"] * field["out_c"]; }
double window(const Descriptor& field) { return field["kernel_h"] * field["kernel_w"]; }
double input_image(const Descriptor& field) {
  return field["batch"] * field.reach("h") * field.reach("w") * field["in_c"];
}

StepCost convolution_cost(const Descriptor& field) {
  const double products = window(field) * field["in_c"] / field["groups"];
  return {2 * image(field) * products, kFloatBytes * (image(field) + input_image(field) + products * field["out_c"])};
}

// F(m x m, 3x3): (m + 2)^2 products for a tile of m x m pixels. What the transforms add is not counted.
StepCost winograd_cost(const Descriptor& field) {
  const double tile = field.integer(0);
  const double tiles = field["batch"] * std::ceil(field["out_h"] / tile) * std::ceil(field["out_w"] / tile);
  const double pairs = field["in_c"] * field["out_c"];
  return {2 * tiles * (tile + 2) * (tile + 2) * pairs,
          kFloatBytes * (image(field) + input_image(field) + window(field) * pairs)};
}

struct CallCost {
  std::string_view function;
  StepCost (*cost)(const Descriptor&);
};
// Functions that describe what they read and write; others count the storages that they are given.
constexpr CallCost kCalls[] = {
    {"lathe_gemm_f32",
     [](const Descriptor& field) -> StepCost {
       const double batch = field["batch"];
       const double weights = (field["b_batch_stride"] == 0 ? 1 : batch) * field["k"] * field["n"];
       return {2 * batch * field["m"] * field["n"] * field["k"],
               kFloatBytes * (batch * field["m"] * (field["k"] + field["n"]) + weights)};
     }},
    {"lathe_conv2d_f32", convolution_cost},
    {"lathe_winograd_conv2d_f32", winograd_cost},
    {"lathe_depthwise_conv2d_f32",
     [](const Descriptor& field) -> StepCost {
       return {2 * image(field) * window(field),
               kFloatBytes * (image(field) + input_image(field) + window(field) * field["out_c"])};
     }},
};

double number(const Dim& dim, const SymbolValues& symbols) {
  return static_cast<double>(evaluate(dim, symbols).value_or(0));
}

double run_operations(const kernel::Program& program, const kernel::RunStep& run, const SymbolValues& symbols,
                      double rows, double columns) {
  const Kernel& kernel = program.kernels[run.kernel];
  std::unordered_map<std::string, int64_t> sizes;
  const auto& names = kernel.sizes.rows();
  for (size_t i = 0; i < names.size(); ++i) {
    if (i < run.sizes.size()) sizes[names[i].name] = static_cast<int64_t>(number(run.sizes[i], symbols));
  }
  if (run.sizes.size() + kernel::kCallbackSizes.size() == names.size()) {
    const double callback[] = {0, rows, 0, columns};
    for (size_t i = 0; i < std::size(callback); ++i) {
      sizes[std::string(kernel::kCallbackSizes[i])] = static_cast<int64_t>(callback[i]);
    }
  }
  return KernelCounter(kernel, std::move(sizes)).count();
}

// Each storage once, in full.
double storage_bytes(const kernel::Program& program, const kernel::Step& step, const SymbolValues& symbols) {
  double sum = 0;
  std::unordered_set<kernel::StorageId> known;
  for (const kernel::BufferRef& buffer : kernel::buffers_of(step)) {
    if (!known.insert(buffer.storage).second) continue;
    const kernel::Storage& storage = program.storages[buffer.storage];
    sum += number(kernel::byte_extent(storage.element, storage.extent), symbols);
  }
  return sum;
}

double run_bytes(const kernel::Program& program, const kernel::RunStep& run, const SymbolValues& symbols) {
  double sum = 0;
  for (size_t i = 0; i < run.buffers.size(); ++i) {
    const kernel::Buffer& parameter = program.kernels[run.kernel].buffers[kernel::BufferId(i)];
    sum += number(kernel::byte_extent(parameter.element, kernel::parameter_extent(program, run, i)), symbols);
  }
  return sum;
}

StepCost call_cost(const kernel::Program& program, const kernel::Step& step, const kernel::CallStep& call,
                   const SymbolValues& symbols) {
  const Descriptor field(call, symbols);
  const auto* row = std::find_if(std::begin(kCalls), std::end(kCalls),
                                 [&](const CallCost& each) { return each.function == call.function; });
  StepCost cost = row == std::end(kCalls) ? StepCost{0, storage_bytes(program, step, symbols)} : row->cost(field);
  const bool is_product = call.function == "lathe_gemm_f32";
  const double rows = is_product ? field["batch"] * field["m"] : field["batch"] * field["out_h"] * field["out_w"];
  const double columns = is_product ? field["n"] : field["out_c"];
  for (const kernel::RunStep* run : kernel::runs_of(step)) {
    cost.operations += run_operations(program, *run, symbols, rows, columns);
  }
  return cost;
}

}  // namespace

std::vector<StepCost> step_costs(const kernel::Program& program, const SymbolValues& symbols) {
  std::vector<StepCost> costs;
  for (const kernel::Step& step : program.steps) {
    costs.push_back(
        std::visit(Overloaded{[&](const kernel::RunStep& run) -> StepCost {
                                return {run_operations(program, run, symbols, 0, 0), run_bytes(program, run, symbols)};
                              },
                              [&](const kernel::CallStep& call) { return call_cost(program, step, call, symbols); },
                              [](const kernel::GuardStep&) { return StepCost{}; }},
                   step.kind));
  }
  return costs;
}

}  // namespace lathe::report
