// Cures for channels that a convolution or a norm doesn't take, and for feature maps of another rank.
#include <fmt/format.h>

#include <array>
#include <numeric>

#include "compiler/frontend/torch/advice/error_families.h"
#include "compiler/frontend/torch/advice/fault_view.h"
#include "compiler/frontend/torch/advice/outer_calls.h"

namespace lathe::torch {
namespace {

struct ChannelRow {
  std::string_view type;  ///< the class without its number of axes
  std::string_view takes;
  size_t position;
};
constexpr std::array kRows = {
    ChannelRow{"Conv", "in_channels", 0},          ChannelRow{"ConvTranspose", "in_channels", 0},
    ChannelRow{"BatchNorm", "num_features", 0},    ChannelRow{"SyncBatchNorm", "num_features", 0},
    ChannelRow{"InstanceNorm", "num_features", 0}, ChannelRow{"GroupNorm", "num_channels", 1},
    ChannelRow{"PReLU", "num_parameters", 0},
};

/// "Conv2d" is "Conv" and 2; 0 where the class has no number.
std::pair<std::string, size_t> without_axes(const std::string& type) {
  const size_t size = type.size();
  if (size > 2 && type[size - 1] == 'd' && type[size - 2] >= '1' && type[size - 2] <= '3') {
    return {type.substr(0, size - 2), static_cast<size_t>(type[size - 2] - '0')};
  }
  return {type, 0};
}

const ChannelRow* channel_row(const std::string& type) {
  const std::string name = without_axes(type).first;
  for (const ChannelRow& row : kRows) {
    if (row.type == name) return &row;
  }
  return nullptr;
}

class Channels {
 public:
  explicit Channels(Proposal& proposal) : proposal_(proposal), view_(proposal), dims_(view_.input_dims()) {
    row_ = channel_row(view_.type());
    spatial_ = without_axes(view_.type()).second;
    if (row_ != nullptr) wanted_ = view_.number(view_.layer(), row_->takes);
    if (!wanted_ && proposal.facts.wanted) wanted_ = proposal.facts.wanted->as_constant();
  }

  void propose() {
    const std::optional<TensorId> input = view_.tensor();
    if (!input || !wanted_ || dims_.size() < 2) return;
    const size_t rank = dims_.size();
    const bool is_norm = row_ != nullptr && row_->type != "Conv" && row_->type != "ConvTranspose";
    const bool is_batched = is_norm || spatial_ == 0 || rank == spatial_ + 2;
    if (is_batched) {
      channels_last(is_norm);
      first_axes();
    } else {
      unbatched();
    }
    const std::optional<int64_t> have = dims_[is_batched ? 1 : 0].as_constant();
    if (!have) return;
    change_giver(*input, *have);
    change_taken(*have);
    if (is_batched) repeat_grey(*have);
  }

 private:
  void at_inputs(const std::string& title, const std::string& method) {
    for (const ExpressionView& expression : outer_tensor_expressions(view_)) {
      proposal_.fix(place_title(view_, expression, title), {call_method_on(view_.source(), expression, method)});
    }
  }

  void channels_last(bool is_norm) {
    const size_t rank = dims_.size();
    if (rank < 3 || dims_.back().as_constant() != wanted_) return;
    if (rank == 3) {
      at_inputs("move the channels to axis 1: `.transpose(1, 2)`", "transpose(1, 2)");
    } else {
      std::string order = fmt::format("0, {}", rank - 1);
      for (size_t axis = 1; axis + 1 < rank; ++axis) order += fmt::format(", {}", axis);
      const std::string method = fmt::format("permute({})", order);
      at_inputs(fmt::format("move the channels to axis 1: `.{}`", method), method);
    }
    if (!is_norm || !view_.is_direct() || rank != 3) return;
    const std::optional<ExpressionView> argument = view_.tensor_expression();
    if (!argument) return;
    proposal_.fix("move the features to axis 1 for the norm and back",
                  {call_method_on(view_.source(), *argument, "transpose(1, 2)"),
                   insert_after(view_.call()->span(), ".transpose(1, 2)")});
  }

  // Batch and channels are swapped.
  void first_axes() {
    if (dims_.size() < 3 || dims_[0].as_constant() != wanted_ || dims_.back().as_constant() == wanted_) return;
    at_inputs("swap the first two axes: `.transpose(0, 1)`", "transpose(0, 1)");
  }

  void unbatched() {
    if (*wanted_ == 1) at_inputs("give each image its channel axis: `.unsqueeze(1)`", "unsqueeze(1)");
    if (dims_.size() == 3 && dims_.back().as_constant() == wanted_) {
      at_inputs("move the channels to the front: `.permute(2, 0, 1)`", "permute(2, 0, 1)");
    }
  }

  void change_giver(TensorId input, int64_t have) {
    const std::optional<ValueId> value = view_.value(input);
    if (!value) return;
    for (const MadeBy& made : view_.history(*value, 12)) {
      if (made.op == "concat" || made.op == "reshape" || made.op == "transpose") return;
      const std::string name = without_axes(made.type).first;
      const bool is_linear = made.type == "Linear";
      if (name != "Conv" && name != "ConvTranspose" && !is_linear) continue;
      const std::string_view gives = is_linear ? "out_features" : "out_channels";
      if (view_.number(made.layer, gives) != have || made.layer == view_.layer()) return;
      const std::optional<ExpressionView> built = view_.constructor(made.layer);
      if (!built) return;
      const auto edit = view_.set_argument(*built, 1, gives, std::to_string(*wanted_));
      if (!edit) return;
      proposal_.fix(fmt::format("let the {} in front give {} channels: `{}={}`", made.type, *wanted_, gives, *wanted_),
                    {*edit});
      return;
    }
  }

  void change_taken(int64_t have) {
    const std::optional<ExpressionView> built = view_.constructor();
    if (row_ == nullptr || !built) return;
    const auto edit = view_.set_argument(*built, row_->position, row_->takes, std::to_string(have));
    if (!edit) return;
    const std::optional<ExpressionView> text = view_.source().argument(*built, row_->position, row_->takes);
    if (const auto fallback = text ? default_behind(view_.source(), *text) : std::nullopt) {
      proposal_.fix(fmt::format("let the {} take {} channel{}: `{}={}`", view_.type(), have, have == 1 ? "" : "s",
                                view_.source().text(*text), have),
                    {replace(fallback->span(), std::to_string(have))});
    }
    const std::string title = fmt::format("let the {} take {} channel{}: `{}={}`", view_.type(), have,
                                          have == 1 ? "" : "s", row_->takes, have);
    proposal_.fix(title, {*edit});
    const std::optional<int64_t> norm_groups = view_.number(view_.layer(), "num_groups");
    if (norm_groups && *norm_groups > 0 && have % *norm_groups != 0) {
      const std::string number = std::to_string(std::gcd(*norm_groups, have));
      if (const auto other = view_.set_argument(*built, 0, "num_groups", number)) {
        proposal_.fix(fmt::format("{}, `num_groups={}`", title, number), {*other, *edit});
      }
    }
    const std::optional<int64_t> groups = view_.number(view_.layer(), "groups");
    const auto written =
        groups && *groups > 1 ? view_.set_argument(*built, 99, "groups", std::to_string(have)) : std::nullopt;
    if (written) proposal_.fix(fmt::format("{}, `groups={}`", title, have), {*edit, *written});
  }

  void repeat_grey(int64_t have) {
    if (have != 1 || *wanted_ != 3 || dims_.size() != 4) return;
    at_inputs("repeat the grey channel: `.expand(-1, 3, -1, -1)`", "expand(-1, 3, -1, -1)");
  }

  Proposal& proposal_;
  FaultView view_;
  Shape dims_;
  const ChannelRow* row_ = nullptr;
  size_t spatial_ = 0;
  std::optional<int64_t> wanted_;
};

void propose_channels(Proposal& proposal) { Channels(proposal).propose(); }

constexpr ProposerRow kProposers[] = {{DiagnosticKind::ChannelMismatch, propose_channels}};

}  // namespace

std::span<const ProposerRow> channel_error_proposers() { return kProposers; }

}  // namespace lathe::torch
