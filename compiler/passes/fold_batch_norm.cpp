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

// The elements of a present f32 constant; splats repeat one.
class Numbers {
 public:
  explicit Numbers(const ConstantData& constant) : bytes_(constant.bytes.data()), splat_(constant.splat) {
    count_ = static_cast<size_t>(constant.element_count());
  }
  [[nodiscard]] size_t count() const { return count_; }
  /// Element `index`; the only one stands for all.
  [[nodiscard]] float operator[](size_t index) const {
    float value = 0;
    std::memcpy(&value, bytes_ + (splat_ || count_ == 1 ? 0 : index) * sizeof value, sizeof value);
    return value;
  }

 private:
  const std::byte* bytes_;
  size_t count_;
  bool splat_;
};

// A constant like `like` whose element i is `number(i)`.
template <class Number>
ConstantData changed(const ConstantData& like, size_t count, Number number) {
  std::vector<std::byte> bytes(count * sizeof(float));
  for (size_t i = 0; i < count; ++i) {
    const float value = number(i);
    std::memcpy(bytes.data() + i * sizeof value, &value, sizeof value);
  }
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
    const Numbers factors(*found.numbers);
    const Numbers weights(*weight);
    const auto channels = static_cast<size_t>(weight->type.dims[0].constant());
    const size_t each = channels == 0 ? 0 : weights.count() / channels;
    size_t channel = 0;
    size_t end = each;
    float factor = channels == 0 ? 0.0f : factors[0];
    std::vector<ConstantData> constants{changed(*weight, weights.count(), [&](size_t i) {
      if (i == end) {
        end += each;
        factor = factors[++channel];
      }
      return weights[i] * factor;
    })};
    if (bias != nullptr) {
      const Numbers biases(*bias);
      constants.push_back(changed(*bias, biases.count(), [&](size_t i) { return biases[i] * factors[i]; }));
    }
    rebuild(id, found.contraction, std::move(constants));
  }

  void scale_matmul(NodeId id, const Match& found) {
    const Node& product = graph_.node(found.contraction);
    const ConstantData* weight = constant_of(module_, product.operands[1]);
    if (!is_present_f32(weight) || weight->type.dims.size() != 2) return;
    const Numbers factors(*found.numbers);
    const Numbers weights(*weight);
    const auto columns = static_cast<size_t>(weight->type.dims[1].constant());
    const bool transposed = attribute<bool>(product, "transpose_b");
    rebuild(id, found.contraction, {changed(*weight, weights.count(), [&](size_t i) {
              return weights[i] * factors[transposed ? i / columns : i % columns];
            })});
  }

  void fold_addend(NodeId id) {
    const auto found = match(id, "conv");
    if (!found) return;
    const Node& conv = graph_.node(found->contraction);
    const ConstantData* bias = conv.operands.size() > 2 ? constant_of(module_, conv.operands[2]) : nullptr;
    const ConstantData* weight = constant_of(module_, conv.operands[1]);
    if (!is_present_f32(bias) || weight == nullptr) return;
    const Numbers addends(*found->numbers);
    const Numbers biases(*bias);
    rebuild(id, found->contraction,
            {*weight, changed(*bias, biases.count(), [&](size_t i) { return biases[i] + addends[i]; })});
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
