// fold_batch_norm folds factors and addends of output channels into constant weights and biases.
//
// Pre: batch_norm has been decomposed and its factors folded, so that it is a product and a sum with one constant
// number a channel. Post: no such product follows a convolution or matrix product with constant f32 weights that only
// it reads, but for large weights of convolutions without bias; no such sum follows a convolution with a constant bias.
// Weights are rounded once more, so results change within rounding; they still don't depend on threads, batch or
// machine.
#include <algorithm>
#include <cstring>
#include <memory>
#include <span>

#include "compiler/lower/large_array.h"
#include "compiler/passes/match.h"
#include "compiler/passes/pass.h"
#include "ir/graph/rewriter.h"

namespace lathe::passes {
namespace {

// Weights from this size on stay as they are, and the factor stays behind the convolution, where the kernel's epilogue
// multiplies in registers. A copy of all weights of a ResNet-50 takes a quarter of the time from the file to the first
// result, and a sum of so many products hides one more.
constexpr uint64_t kLargeWeightBytes = uint64_t{256} << 10;

// The elements of a present f32 constant, of which a splat and a single one stand for all.
class Numbers {
 public:
  explicit Numbers(const ConstantData& constant)
      : bytes_(constant.bytes.data()), is_one_(constant.splat || constant.element_count() == 1) {}
  [[nodiscard]] float operator[](size_t index) const {
    float value = 0;
    std::memcpy(&value, bytes_ + (is_one_ ? 0 : index) * sizeof value, sizeof value);
    return value;
  }

 private:
  const std::byte* bytes_;
  bool is_one_;
};

// A copy of `like`, which is present and f32, after `change(row, numbers)` for every one of its `rows`.
template <class Change>
ConstantData changed(const ConstantData& like, size_t rows, Change change) {
  const auto count = static_cast<size_t>(like.element_count());
  const std::shared_ptr<float[]> numbers = lower::make_large_array<float>(count);
  if (like.splat) {
    std::fill_n(numbers.get(), count, Numbers(like)[0]);
  } else if (count != 0) {
    std::memcpy(numbers.get(), like.bytes.data(), count * sizeof(float));
  }
  const size_t each = rows == 0 ? 0 : count / rows;
  for (size_t row = 0; row < rows; ++row) change(row, std::span(numbers.get() + row * each, each));
  ConstantData constant;
  constant.name = like.name;
  constant.type = like.type;
  constant.location = like.location;
  constant.bytes = std::as_bytes(std::span(numbers.get(), count));
  constant.owner = numbers;
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
    const uint64_t weight_bytes = static_cast<uint64_t>(weight->element_count()) * sizeof(float);
    if (bias == nullptr && weight_bytes >= kLargeWeightBytes) return;
    const Numbers factors(*found.numbers);
    const auto channels = static_cast<size_t>(weight->type.dims[0].constant());
    std::vector<ConstantData> constants{changed(*weight, channels, [&](size_t channel, std::span<float> numbers) {
      const float factor = factors[channel];
      for (float& number : numbers) number *= factor;
    })};
    if (bias != nullptr) {
      constants.push_back(
          changed(*bias, channels, [&](size_t channel, std::span<float> number) { number[0] *= factors[channel]; }));
    }
    rebuild(id, found.contraction, std::move(constants));
  }

  void scale_matmul(NodeId id, const Match& found) {
    const Node& product = graph_.node(found.contraction);
    const ConstantData* weight = constant_of(module_, product.operands[1]);
    if (!is_present_f32(weight) || weight->type.dims.size() != 2) return;
    const Numbers factors(*found.numbers);
    const auto rows = static_cast<size_t>(weight->type.dims[0].constant());
    const bool transposed = attribute<bool>(product, "transpose_b");
    rebuild(id, found.contraction, {changed(*weight, rows, [&](size_t row, std::span<float> numbers) {
              for (size_t i = 0; i < numbers.size(); ++i) numbers[i] *= factors[transposed ? row : i];
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
    const auto channels = static_cast<size_t>(bias->element_count());
    rebuild(id, found->contraction, {*weight, changed(*bias, channels, [&](size_t channel, std::span<float> number) {
                                       number[0] += addends[channel];
                                     })});
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
