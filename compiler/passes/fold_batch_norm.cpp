// fold_batch_norm folds factors and addends of output channels into constant weights and biases.
//
// Pre: batch_norm has been decomposed and its factors folded, so that it is a product and a sum with one constant
// number a channel. Post: no such product follows a convolution or matrix product with constant f32 weights that only
// it reads, and no such sum follows a convolution with a constant bias. Weights are rounded once more, so results
// change within rounding; they still don't depend on threads, batch or machine.
#include <cstring>

#include "compiler/passes/match.h"
#include "compiler/passes/pass.h"
#include "ir/graph/rewriter.h"

namespace lathe::passes {
namespace {

// A constant f32 tensor as numbers, splats spread out.
std::vector<float> numbers_of(const ConstantData& constant) {
  std::vector<float> numbers(static_cast<size_t>(constant.element_count()));
  if (!constant.splat) {
    std::memcpy(numbers.data(), constant.bytes.data(), constant.bytes.size());
    return numbers;
  }
  float value = 0;
  std::memcpy(&value, constant.bytes.data(), sizeof value);
  std::fill(numbers.begin(), numbers.end(), value);
  return numbers;
}

ConstantData constant_of_numbers(const ConstantData& like, const std::vector<float>& numbers) {
  std::vector<std::byte> bytes(numbers.size() * sizeof(float));
  std::memcpy(bytes.data(), numbers.data(), bytes.size());
  ConstantData constant = owned_constant(like.type, std::move(bytes));
  constant.name = like.name;
  constant.location = like.location;
  return constant;
}

bool is_present_f32(const ConstantData* constant) {
  return constant != nullptr && !constant->absent && constant->type.element == ElementType::F32;
}

class Folder {
 public:
  Folder(Module& module, Diagnostics& diagnostics)
      : module_(module), graph_(module.graph), rewriter_(module, diagnostics, "fold_batch_norm") {}

  size_t run() {
    for (NodeId id : graph_.all_nodes()) {
      if (graph_.node(id).erased) continue;
      if (is_op(graph_.node(id), "mul"))
        fold_factor(id);
      else if (is_op(graph_.node(id), "add"))
        fold_addend(id);
    }
    return rewriter_.changes();
  }

 private:
  // The contraction whose result only `id` reads, and the other operand of `id`.
  struct Match {
    NodeId contraction;
    const ConstantData* numbers = nullptr;
    size_t channel_axis = 0;
  };

  std::optional<Match> match(NodeId id, std::string_view op) const {
    const Node& node = graph_.node(id);
    for (size_t index : {size_t{0}, size_t{1}}) {
      const NodeId contraction = producer_named(graph_, node.operands[index], op);
      if (!contraction.valid() || !has_one_use(graph_, node.operands[index])) continue;
      const ConstantData* numbers = constant_of(module_, node.operands[1 - index]);
      const TensorType& result = graph_.tensor(node.results[0]);
      if (!is_present_f32(numbers) || !same_type(module_, result, graph_.tensor(node.operands[index]))) continue;
      const size_t rank = result.dims.size();
      const bool last = op == "matmul" || attribute<bool>(graph_.node(contraction), "channels_last");
      const size_t channels = last ? rank - 1 : 1;
      if (is_per_channel(numbers->type.dims, rank, channels)) return Match{contraction, numbers, channels};
    }
    return std::nullopt;
  }

  static bool is_per_channel(const Shape& dims, size_t rank, size_t channels) {
    if (dims.size() > rank) return false;
    for (size_t axis = 0; axis < rank; ++axis) {
      if (axis != channels && !broadcast_dim(dims, axis, rank).is_constant(1)) return false;
    }
    return true;
  }

  void fold_factor(NodeId id) {
    if (auto found = match(id, "conv")) return scale_conv(id, *found);
    if (auto found = match(id, "matmul")) scale_matmul(id, *found);
  }

  void scale_conv(NodeId id, const Match& found) {
    const Node& conv = graph_.node(found.contraction);
    const ConstantData* weight = constant_of(module_, conv.operands[1]);
    const ConstantData* bias = conv.operands.size() > 2 ? constant_of(module_, conv.operands[2]) : nullptr;
    if (!is_present_f32(weight) || (conv.operands.size() > 2 && !is_present_f32(bias))) return;
    const std::vector<float> factors = numbers_of(*found.numbers);
    std::vector<float> scaled = numbers_of(*weight);
    const auto channels = static_cast<size_t>(weight->type.dims[0].constant());
    const size_t each = channels == 0 ? 0 : scaled.size() / channels;
    for (size_t i = 0; i < scaled.size(); ++i) scaled[i] *= factors[factors.size() == 1 ? 0 : i / each];
    std::vector<ConstantData> constants{constant_of_numbers(*weight, scaled)};
    if (bias != nullptr) {
      std::vector<float> moved = numbers_of(*bias);
      for (size_t i = 0; i < moved.size(); ++i) moved[i] *= factors[factors.size() == 1 ? 0 : i];
      constants.push_back(constant_of_numbers(*bias, moved));
    }
    rebuild(id, found.contraction, std::move(constants));
  }

  void scale_matmul(NodeId id, const Match& found) {
    const Node& product = graph_.node(found.contraction);
    const ConstantData* weight = constant_of(module_, product.operands[1]);
    if (!is_present_f32(weight) || weight->type.dims.size() != 2) return;
    const std::vector<float> factors = numbers_of(*found.numbers);
    std::vector<float> scaled = numbers_of(*weight);
    const auto columns = static_cast<size_t>(weight->type.dims[1].constant());
    const bool transposed = attribute<bool>(product, "transpose_b");
    for (size_t i = 0; i < scaled.size(); ++i) {
      const size_t column = transposed ? i / columns : i % columns;
      scaled[i] *= factors[factors.size() == 1 ? 0 : column];
    }
    rebuild(id, found.contraction, {constant_of_numbers(*weight, scaled)});
  }

  void fold_addend(NodeId id) {
    const auto found = match(id, "conv");
    if (!found) return;
    const Node& conv = graph_.node(found->contraction);
    const ConstantData* bias = conv.operands.size() > 2 ? constant_of(module_, conv.operands[2]) : nullptr;
    const ConstantData* weight = constant_of(module_, conv.operands[1]);
    if (!is_present_f32(bias) || weight == nullptr) return;
    const std::vector<float> addends = numbers_of(*found->numbers);
    std::vector<float> moved = numbers_of(*bias);
    for (size_t i = 0; i < moved.size(); ++i) moved[i] += addends[addends.size() == 1 ? 0 : i];
    rebuild(id, found->contraction, {*weight, constant_of_numbers(*bias, moved)});
  }

  // The contraction with other constants behind its first operand, in the place of `id`.
  void rebuild(NodeId id, NodeId contraction, std::vector<ConstantData> constants) {
    const NodeDraft draft = graph_.node(contraction);
    GraphBuilder builder = rewriter_.before(id, {contraction, id});
    NodeDraft changed = draft;
    changed.location = builder.location();
    for (size_t i = 0; i < constants.size(); ++i) {
      const Result<ValueId> value = builder.constant(std::move(constants[i]));
      LATHE_CHECK(value.ok());
      changed.operands[1 + i] = *value;
    }
    const Result<std::vector<ValueId>> results = builder.add_draft(std::move(changed));
    LATHE_CHECK(results.ok());
    rewriter_.replace(id, *results);
  }

  Module& module_;
  Graph& graph_;
  Rewriter rewriter_;
};

}  // namespace

Status fold_batch_norm(Module& module, PassContext& context) {
  context.changes += Folder(module, context.diagnostics).run();
  return {};
}

}  // namespace lathe::passes
