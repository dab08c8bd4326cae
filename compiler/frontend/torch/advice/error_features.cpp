// Cures for features that a Linear, a norm over the last axes, a recurrent layer or a matrix product doesn't take.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "compiler/advice/fix_trial.h"
#include "compiler/frontend/torch/advice/error_families.h"
#include "compiler/frontend/torch/advice/fault_view.h"
#include "compiler/frontend/torch/advice/outer_calls.h"

namespace lathe::torch {
namespace {

/// The argument of a constructor that says how many features a layer takes.
struct FeatureRow {
  std::string_view type;
  std::string_view takes;
  size_t takes_position;
  std::string_view gives;  ///< empty when it gives what it takes
  size_t gives_position;
};
constexpr std::array kFeatureRows = {
    FeatureRow{"Linear", "in_features", 0, "out_features", 1},
    FeatureRow{"LayerNorm", "normalized_shape", 0, "", 0},
    FeatureRow{"RMSNorm", "normalized_shape", 0, "", 0},
    FeatureRow{"LSTM", "input_size", 0, "hidden_size", 1},
    FeatureRow{"GRU", "input_size", 0, "hidden_size", 1},
    FeatureRow{"RNN", "input_size", 0, "hidden_size", 1},
    FeatureRow{"LSTMCell", "input_size", 0, "hidden_size", 1},
    FeatureRow{"GRUCell", "input_size", 0, "hidden_size", 1},
    FeatureRow{"RNNCell", "input_size", 0, "hidden_size", 1},
    FeatureRow{"MultiheadAttention", "embed_dim", 0, "", 0},
    FeatureRow{"TransformerEncoderLayer", "d_model", 0, "", 0},
    FeatureRow{"TransformerDecoderLayer", "d_model", 0, "", 0},
    FeatureRow{"Transformer", "d_model", 0, "", 0},
    FeatureRow{"Embedding", "", 0, "embedding_dim", 1},
    FeatureRow{"Conv1d", "in_channels", 0, "out_channels", 1},
    FeatureRow{"Conv2d", "in_channels", 0, "out_channels", 1},
    FeatureRow{"Conv3d", "in_channels", 0, "out_channels", 1},
};

const FeatureRow* feature_row(std::string_view type) {
  for (const FeatureRow& row : kFeatureRows) {
    if (row.type == type) return &row;
  }
  return nullptr;
}

bool is_flatten(const MadeBy& made) { return made.op == "reshape" || made.op == "flatten"; }

class Features {
 public:
  explicit Features(Proposal& proposal)
      : proposal_(proposal), view_(proposal), dims_(view_.input_dims()), input_(view_.tensor()) {
    if (proposal.facts.wanted) wanted_ = proposal.facts.wanted->as_constant();
    if (proposal.facts.have) have_ = proposal.facts.have->as_constant();
    built_ = view_.constructor();
  }

  void propose() {
    if (!input_ || dims_.empty()) return;
    if (!wanted_) {
      transpose_operands();
      return;
    }
    if (const std::optional<ValueId> value = view_.value(*input_)) value_ = *value;
    const bool is_linear = view_.type() == "Linear" || proposal_.facts.operation == "linear";
    if (is_linear) {
      flatten();
      if (!unbatched()) pool_before_flatten();
    }
    move_axis();
    transposed_weight();
    if (is_linear) flatten_and_change();
    const bool is_flattened = flattened_dims().has_value();
    if (is_flattened) {
      change_taken();
      change_giver();
    } else {
      change_giver();
      // A Linear over the width of feature maps is hardly meant.
      if (!is_linear || !is_map()) change_taken();
    }
  }

 private:
  [[nodiscard]] std::string name() const { return view_.type().empty() ? proposal_.facts.operation : view_.type(); }

  /// Maps that a convolution or a pool has made.
  [[nodiscard]] bool is_map() const {
    if (!value_.valid() || dims_.size() < 3) return false;
    for (const MadeBy& made : view_.history(value_, 8)) {
      if (made.op == "conv" || made.op.find("pool") != std::string::npos) return true;
      if (made.op == "transpose" || is_flatten(made)) return false;
    }
    return false;
  }

  /// Shape of what a reshape in front of the layer has flattened.
  [[nodiscard]] std::optional<Shape> flattened_dims() const {
    if (!value_.valid()) return std::nullopt;
    const std::optional<MadeBy> made = view_.shaped_by(value_);
    if (!made || !is_flatten(*made)) return std::nullopt;
    const std::optional<ValueId> before = view_.first_operand(made->node);
    if (!before) return std::nullopt;
    const Shape dims = view_.value_dims(*before);
    const auto wide = std::count_if(dims.begin() + (dims.empty() ? 0 : 1), dims.end(),
                                    [](const Dim& dim) { return !dim.is_constant(1); });
    return dims.size() > 2 && wide > 1 ? std::optional(dims) : std::nullopt;
  }

  void insert(const std::string& title, const std::string& module, const std::string& key) {
    if (!built_) return;
    if (auto edits = view_.insert_before_layer(*built_, module, key)) proposal_.fix(title, *std::move(edits));
  }

  /// The features from axis 1 on fit: the flatten is missing.
  void flatten() {
    if (dims_.size() < 3) return;
    const bool fits = product_of(dims_, 1) == wanted_;
    if (!fits) return;
    const std::string product = factors(dims_, 1);
    const std::string because =
        fmt::format("{} = {} features is what the {} wants{}", product, *wanted_, name(), advice::kResultPlace);
    if (!view_.is_direct() && built_) {
      insert(fmt::format("insert `nn.Flatten()` before the {}: {}", name(), because),
             view_.library("torch.nn.Flatten") + "()", "flatten");
    }
    wrap_flatten(fmt::format("flatten the input of the {}: {}", name(), because));
  }

  void wrap_flatten(const std::string& title) {
    const std::optional<ExpressionView> argument = view_.tensor_expression();
    if (!argument) return;
    const std::string flat = view_.library("torch.flatten");
    proposal_.fix(title, {replace(argument->span(), fmt::format("{}({}, 1)", flat, view_.source().text(*argument)))});
  }

  /// Neither the axes nor the number fits: both at once.
  void flatten_and_change() {
    if (dims_.size() < 4 || !built_ || product_of(dims_, 1) == wanted_) return;
    const std::string product = factors(dims_, 1);
    const auto number = view_.set_argument(*built_, 0, "in_features", product);
    if (product.empty() || !number) return;
    const std::string title = fmt::format("flatten first, and let the {} take {} features", name(), product);
    if (view_.is_direct()) {
      const std::optional<ExpressionView> argument = view_.tensor_expression();
      if (!argument) return;
      const std::string text = fmt::format("{}({}, 1)", view_.library("torch.flatten"), view_.source().text(*argument));
      proposal_.fix(title, {replace(argument->span(), text), *number});
      return;
    }
    auto edits = view_.insert_before_layer(*built_, view_.library("torch.nn.Flatten") + "()", "flatten");
    if (!edits || edits->front().where.begin != edits->front().where.end) return;
    edits->push_back(*number);
    proposal_.fix(title, *std::move(edits));
  }

  /// wanted = C*k*k: pooling to k x k before the flatten takes any input size.
  void pool_before_flatten() {
    const std::optional<Shape> maps = flattened_dims();
    if (!maps || maps->size() < 3 || maps->size() > 5) return;
    const std::optional<int64_t> channels = (*maps)[1].as_constant();
    if (!channels || *channels == 0 || *wanted_ % *channels != 0) return;
    const int64_t rest = *wanted_ / *channels;
    const size_t spatial = maps->size() - 2;
    const auto side =
        static_cast<int64_t>(std::llround(std::pow(static_cast<double>(rest), 1.0 / static_cast<double>(spatial))));
    int64_t power = 1;
    for (size_t axis = 0; axis < spatial; ++axis) power *= side;
    if (power != rest || side < 1) return;
    const std::optional<MadeBy> made = view_.shaped_by(value_);
    const std::string by = spatial == 1   ? std::to_string(side)
                           : spatial == 2 ? fmt::format("{0}x{0}", side)
                                          : fmt::format("{0}x{0}x{0}", side);
    const std::string title = fmt::format("pool to {} before the flatten: then any input size fits", by);
    if (made->is_constructor && made->expression) {
      const std::string pool =
          fmt::format("{}({})", view_.library(fmt::format("torch.nn.AdaptiveAvgPool{}d", spatial)), side);
      if (auto edits = view_.insert_before_layer(*made->expression, pool, "pool"))
        proposal_.fix(title, *std::move(edits));
      return;
    }
    const std::optional<ExpressionView> argument =
        made->expression ? view_.tensor_of_call(*made->expression) : std::nullopt;
    if (!argument) return;
    const std::string pool = view_.library(*argument, fmt::format("torch.nn.functional.adaptive_avg_pool{}d", spatial));
    proposal_.fix(title,
                  {replace(argument->span(), fmt::format("{}({}, {})", pool, view_.source().text(*argument), side))});
  }

  /// One sample without its batch axis: all of it has the features that are wanted.
  bool unbatched() {
    const size_t proposed = proposal_.diagnostic.fixes.size();
    flatten_from_end();
    if (dims_.size() >= 2 && product_of(dims_, 0) == wanted_) {
      const std::optional<ExpressionView> argument = view_.tensor_expression();
      if (argument) {
        proposal_.fix("flatten the one sample", {call_method_on(view_.source(), *argument, "flatten()")});
      }
    }
    return proposal_.diagnostic.fixes.size() > proposed;
  }

  // The flatten keeps axis 0, which is no batch here; counted from the end it is right for both.
  void flatten_from_end() {
    const std::optional<Shape> maps = flattened_dims();
    if (!maps || product_of(*maps, 0) != wanted_) return;
    const std::optional<MadeBy> made = view_.shaped_by(value_);
    const auto* call = made->expression ? made->expression->as<CallExpression>() : nullptr;
    if (call == nullptr) return;
    for (const CallArgument& argument : call->arguments) {
      const ExpressionView start = made->expression->child(argument.value);
      const auto* number = start.as<IntegerExpression>();
      if (number == nullptr || number->value != 1) continue;
      proposal_.fix(fmt::format("flatten the last {} axes, with or without a batch", maps->size()),
                    {replace(start.span(), fmt::format("-{}", maps->size()))});
    }
  }

  /// Another axis has the size that is wanted.
  void move_axis() {
    const std::optional<ExpressionView> argument = view_.tensor_expression();
    const size_t rank = dims_.size();
    for (size_t axis = rank; argument && axis-- > 0;) {
      if (axis + 1 == rank || dims_[axis].as_constant() != wanted_) continue;
      if (rank >= 3 && axis == 0) continue;
      if (rank == 4 && axis == 1) {
        const bool is_norm = view_.type() == "LayerNorm" || view_.type() == "RMSNorm";
        if (is_norm) permute_there_and_back(*argument);
        proposal_.fix(fmt::format("move axis 1 to the end: `.permute(0, 2, 3, 1)` in front of the {}", name()),
                      {call_method_on(view_.source(), *argument, "permute(0, 2, 3, 1)")});
        continue;
      }
      const std::string method = rank == 2 ? "t()" : fmt::format("transpose({}, {})", axis, rank - 1);
      proposal_.fix(fmt::format("swap the last two axes in front of the {}: `.{}`", name(), method),
                    {call_method_on(view_.source(), *argument, method)});
    }
    // In a Sequential of maps a norm over channels is a GroupNorm of one group.
    const bool is_norm = view_.type() == "LayerNorm";
    if (is_norm && rank > 2 && dims_[1].as_constant() == wanted_ && built_) {
      proposal_.fix(fmt::format("`nn.GroupNorm(1, {})` normalises feature maps", *wanted_),
                    {replace(built_->span(), fmt::format("{}(1, {})", view_.library("torch.nn.GroupNorm"), *wanted_))});
    }
  }

  // The layers around the norm work on the last axis too: permute before the first of them, back behind the last.
  void permute_there_and_back(const ExpressionView& argument) {
    const SourceView& source = view_.source();
    const std::string_view there = "permute(0, 2, 3, 1)";
    const std::string_view back = "permute(0, 3, 1, 2)";
    // Calls of modules around this one, as far as they go: pw2(act(pw1(norm(x)))).
    std::optional<ExpressionView> whole = view_.call();
    while (whole) {
      const std::optional<ExpressionView> outer = source.call_around(*whole);
      if (!outer || outer->as<CallExpression>()->arguments.size() != 1) break;
      if (!(outer->child(outer->as<CallExpression>()->arguments[0].value).span() == whole->span())) break;
      whole = outer;
    }
    if (!whole) return;
    proposal_.fix("normalise over the last axis: permute to (N, H, W, C) and back",
                  {call_method_on(source, argument, there), insert_after(whole->span(), "." + std::string(back))});
    if (whole->span() == view_.call()->span()) return;
    proposal_.fix(
        "permute to (N, H, W, C) for the norm alone and back",
        {call_method_on(source, argument, there), insert_after(view_.call()->span(), "." + std::string(back))});
  }

  /// F.linear(x, w), x @ w with the weight the other way round.
  void transposed_weight() {
    if (view_.has_layer()) return;
    const std::optional<TensorId> other = view_.tensor(1);
    const std::optional<ExpressionView> written = view_.tensor_expression(1);
    if (!other || !written) return;
    const Shape dims = view_.dims(*other);
    if (dims.size() < 2) return;
    const std::string method = dims.size() == 2 ? "t()" : "transpose(-2, -1)";
    const bool is_linear = proposal_.facts.operation == "linear";
    const Dim& fits = is_linear ? dims[0] : dims.back();
    if (!(fits == dims_.back())) return;
    proposal_.fix(fmt::format("transpose the right operand: `{}.{}`", atom_text(view_.source(), *written), method),
                  {call_method_on(view_.source(), *written, method)});
  }

  /// A product of two tensors, one of which is the wrong way round.
  void transpose_operands() {
    const std::optional<TensorId> other = view_.tensor(1);
    if (!other) return;
    const Shape right = view_.dims(*other);
    if (right.size() < 2 || dims_.size() < 2) return;
    const auto swap = [&](size_t position, const Shape& dims, std::string_view side) {
      const std::optional<ExpressionView> written = view_.tensor_expression(position);
      if (!written) return;
      const std::string method = dims.size() == 2 ? "t()" : "transpose(-2, -1)";
      proposal_.fix(fmt::format("transpose the {} operand: `.{}`", side, method),
                    {call_method_on(view_.source(), *written, method)});
    };
    if (right.back() == dims_.back()) swap(1, right, "right");
    if (dims_[dims_.size() - 2] == right[right.size() - 2]) swap(0, dims_, "left");
  }

  /// The layer takes what is there.
  void change_taken() {
    const FeatureRow* row = feature_row(view_.type());
    if (row == nullptr || row->takes.empty() || !built_ || !have_) return;
    std::string number = std::to_string(*have_);
    if (const std::optional<Shape> maps = flattened_dims()) {
      const std::string product = factors(*maps, 1);
      if (!product.empty() && product_of(*maps, 1) == have_) number = product;
    }
    auto edit = view_.set_argument(*built_, row->takes_position, row->takes, number);
    if (!edit) return;
    const std::optional<ExpressionView> written = view_.source().argument(*built_, row->takes_position, row->takes);
    if (const auto fallback = written ? default_behind(view_.source(), *written) : std::nullopt) {
      proposal_.fix(
          fmt::format("let the {} take {} features: `{}={}`", name(), *have_, view_.source().text(*written), number),
          {replace(fallback->span(), number)});
    }
    proposal_.fix(fmt::format("let the {} take {} features: `{}={}`", name(), *have_, row->takes, number), {*edit});
  }

  /// The layer in front gives what is wanted.
  void change_giver() {
    if (!value_.valid()) return;
    for (const MadeBy& made : view_.history(value_, 8)) {
      if (is_flatten(made) || made.op == "concat") return;
      const FeatureRow* row = feature_row(made.type);
      if (row == nullptr) continue;
      if (row->gives.empty() || made.type.starts_with("Conv")) return;
      const std::optional<ExpressionView> built = view_.constructor(made.layer);
      if (!built) return;
      const std::optional<int64_t> gives = view_.number(made.layer, row->gives);
      if (!gives || gives != have_ || made.layer == view_.layer()) return;
      auto edit = view_.set_argument(*built, row->gives_position, row->gives, std::to_string(*wanted_));
      if (!edit) return;
      proposal_.fix(
          fmt::format("let the {} in front give {} features: `{}={}`", made.type, *wanted_, row->gives, *wanted_),
          {*edit});
      return;
    }
  }

  Proposal& proposal_;
  FaultView view_;
  Shape dims_;
  std::optional<TensorId> input_;
  ValueId value_{};
  std::optional<int64_t> wanted_;
  std::optional<int64_t> have_;
  std::optional<ExpressionView> built_;
};

void propose_features(Proposal& proposal) { Features(proposal).propose(); }

constexpr ProposerRow kRows[] = {{DiagnosticKind::FeatureMismatch, propose_features}};

}  // namespace

std::span<const ProposerRow> feature_error_proposers() { return kRows; }

}  // namespace lathe::torch
