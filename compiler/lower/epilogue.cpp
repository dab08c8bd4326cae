// Reading element-wise nodes as steps of an epilogue.
#include "compiler/lower/epilogue.h"

#include <fmt/format.h>

#include "lathe/kernels.h"

namespace lathe::lower {
namespace {

// How far the kernel's fixed order has been used up.
enum class Stage { Sum, Scaled, Biased, Added, Activated };

struct Activation {
  std::string_view op;
  int kind;
  void (*parameters)(const NodeView&, Epilogue&);
};

void no_parameters(const NodeView&, Epilogue&) {}

void leaky_parameters(const NodeView& node, Epilogue& epilogue) { epilogue.alpha = node.number("slope"); }

void hard_sigmoid_parameters(const NodeView& node, Epilogue& epilogue) {
  epilogue.alpha = node.number("alpha");
  epilogue.beta = node.number("beta");
}

void hard_swish_parameters(const NodeView&, Epilogue& epilogue) {
  epilogue.alpha = 1.0 / 6.0;
  epilogue.beta = 0.5;
}

void clip_parameters(const NodeView& node, Epilogue& epilogue) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  epilogue.alpha = node.has("min") ? node.number("min") : -kInfinity;
  epilogue.beta = node.has("max") ? node.number("max") : kInfinity;
}

constexpr Activation kActivations[] = {
    {"relu", LATHE_ACTIVATION_RELU, no_parameters},
    {"clamp", LATHE_ACTIVATION_CLIP, clip_parameters},
    {"leaky_relu", LATHE_ACTIVATION_LEAKY_RELU, leaky_parameters},
    {"hard_sigmoid", LATHE_ACTIVATION_HARD_SIGMOID, hard_sigmoid_parameters},
    {"hard_swish", LATHE_ACTIVATION_HARD_SWISH, hard_swish_parameters},
};

const Activation* find_activation(const OpDef& op) {
  for (const Activation& row : kActivations) {
    if (row.op == op.name) return &row;
  }
  return nullptr;
}

// One number per column of a tensor of rank `rank`: all axes but the column axis have extent 1.
bool is_per_column(const Shape& dims, size_t rank, size_t column_axis) {
  if (dims.size() > rank) return false;
  const size_t missing = rank - dims.size();
  for (size_t axis = 0; axis < dims.size(); ++axis) {
    if (axis + missing != column_axis && !dims[axis].is_constant(1)) return false;
  }
  return true;
}

bool uses_only(const ScalarExpression& body, ScalarOp op) {
  const ScalarNode& last = body.nodes[body.result];
  return body.operation_count() == 1 && last.op == op;
}

class Matcher {
 public:
  Matcher(const Module& module, size_t column_axis, Epilogue epilogue, Stage stage)
      : module_(module), column_axis_(column_axis), epilogue_(epilogue), stage_(stage) {}

  bool step(NodeId id, ValueId current, std::string* reason) {
    const ExistingNodeView view(module_, id);
    const auto refuse = [&](std::string text) {
      if (reason != nullptr) *reason = std::move(text);
      return false;
    };
    if (form<Elementwise>(view.op()) == nullptr || view.result().element != ElementType::F32) {
      return refuse(fmt::format("`{}` is not an f32 element-wise operation", view.op().name));
    }
    if (const Activation* activation = find_activation(view.op())) {
      if (stage_ >= Stage::Activated) return refuse("there is an activation already");
      epilogue_.activation = activation->kind;
      activation->parameters(view, epilogue_);
      stage_ = Stage::Activated;
      return true;
    }
    if (view.operand_count() != 2 || view.operand(0) == view.operand(1)) {
      return refuse(fmt::format("`{}` has no form in the contraction kernels", view.op().name));
    }
    const ScalarExpression body = elementwise_body(view);
    const size_t other = view.operand(0) == current ? 1 : 0;
    const Shape& dims = view.result().dims;
    if (!(module_.graph.tensor(current).dims == dims)) return refuse("the other operand makes the result larger");
    const bool per_column = is_per_column(view.dims(other), dims.size(), column_axis_);
    if (uses_only(body, ScalarOp::Mul) && per_column && stage_ == Stage::Sum) {
      epilogue_.scale = view.operand(other);
      stage_ = Stage::Scaled;
      return true;
    }
    if (uses_only(body, ScalarOp::Add) && per_column && stage_ < Stage::Biased) {
      epilogue_.bias = view.operand(other);
      stage_ = Stage::Biased;
      return true;
    }
    if (uses_only(body, ScalarOp::Add) && view.dims(other) == dims && stage_ < Stage::Added) {
      epilogue_.residual = view.operand(other);
      stage_ = Stage::Added;
      return true;
    }
    return refuse(
        fmt::format("`{}` doesn't fit the kernels' order: scale, bias, residual, activation", view.op().name));
  }

  [[nodiscard]] const Epilogue& epilogue() const { return epilogue_; }

 private:
  const Module& module_;
  size_t column_axis_;
  Epilogue epilogue_;
  Stage stage_;
};

}  // namespace

Epilogue own_epilogue(const NodeView& contraction) {
  Epilogue epilogue;
  const Reduction reduction = describe_reduction(contraction);
  if (reduction.finish_operands.size() == 1) epilogue.bias = contraction.operand(reduction.finish_operands[0]);
  return epilogue;
}

std::optional<Epilogue> match_epilogue(const Module& module, ValueId sum, size_t column_axis,
                                       const std::vector<NodeId>& chain, std::string* reason) {
  const ExistingNodeView contraction(module, module.graph.value(sum).producer);
  const Epilogue own = own_epilogue(contraction);
  Matcher matcher(module, column_axis, own, own.bias.valid() ? Stage::Biased : Stage::Sum);
  ValueId current = sum;
  for (NodeId node : chain) {
    if (!matcher.step(node, current, reason)) return std::nullopt;
    current = module.graph.node(node).results[0];
  }
  return matcher.epilogue();
}

}  // namespace lathe::lower
