// Cures for tensors with too few or too many axes.
#include <fmt/format.h>

#include "compiler/frontend/torch/advice/error_families.h"
#include "compiler/frontend/torch/advice/fault_view.h"
#include "compiler/frontend/torch/advice/outer_calls.h"

namespace lathe::torch {
namespace {

/// "BatchNorm1d" is "BatchNorm" and 1; 0 where a class has no number of axes.
std::pair<std::string, size_t> split_type(const std::string& type) {
  const size_t size = type.size();
  if (size > 2 && type[size - 1] == 'd' && type[size - 2] >= '1' && type[size - 2] <= '3') {
    return {type.substr(0, size - 2), static_cast<size_t>(type[size - 2] - '0')};
  }
  return {type, 0};
}

class Ranks {
 public:
  explicit Ranks(Proposal& proposal) : proposal_(proposal), view_(proposal), dims_(view_.input_dims()) {}

  void propose() {
    if (!view_.tensor()) return;
    const auto [family, spatial] = split_type(view_.type());
    squeezed();
    const size_t rank = dims_.size();
    const bool is_norm = family == "BatchNorm" || family == "InstanceNorm";
    if (spatial != 0 && rank == spatial && !is_norm) {
      // A lone plane, signal or volume.
      at_inputs("add the axes of batch and channels: `[None, None]`", "[None, None]");
      at_inputs("add the channel axis, for one unbatched sample: `.unsqueeze(0)`", ".unsqueeze(0)");
      at_inputs("add the channel axis behind the batch: `.unsqueeze(1)`", ".unsqueeze(1)");
    }
    if (is_norm) {
      change_class(family, spatial, rank == 2 ? 1 : rank >= 3 ? rank - 2 : 0);
      if (rank < spatial + 2) at_inputs("add the batch axis: `.unsqueeze(0)`", ".unsqueeze(0)");
      if (rank == 4 && spatial == 1) at_inputs("flatten the positions: `.flatten(2)`", ".flatten(2)");
    } else if (spatial != 0) {
      if (rank != spatial) {
        change_class(family, spatial, rank >= 3 ? rank - 2 : 0);
        change_class(family, spatial, rank >= 2 ? rank - 1 : 0);
      }
      if (rank > spatial + 2) at_inputs("join the first two axes: `.flatten(0, 1)`", ".flatten(0, 1)");
    } else {
      // Recurrent layers, attention, losses.
      at_inputs("add the batch axis: `.unsqueeze(0)`", ".unsqueeze(0)");
      at_inputs("add an axis at the end: `.unsqueeze(-1)`", ".unsqueeze(-1)");
      if (rank == 4)
        at_inputs("join height and width into one axis of positions: `.flatten(2).transpose(1, 2)`",
                  ".flatten(2).transpose(1, 2)");
    }
    drop_axis();
  }

 private:
  void at_inputs(const std::string& title, const std::string& suffix) {
    for (const ExpressionView& expression : outer_tensor_expressions(view_)) {
      const std::string text = atom_text(view_.source(), expression);
      proposal_.fix(place_title(view_, expression, title), {replace(expression.span(), text + suffix)});
    }
  }

  /// A `squeeze()` that took the batch axis away too.
  void squeezed() {
    const std::optional<ValueId> value = view_.value(*view_.tensor());
    if (!value) return;
    for (const MadeBy& made : view_.history(*value, 6)) {
      const auto* call = made.expression ? made.expression->as<CallExpression>() : nullptr;
      const auto* callee = call == nullptr ? nullptr : made.expression->child(call->function).as<AttributeExpression>();
      if (callee == nullptr || view_.source().name(callee->name) != "squeeze") continue;
      const std::optional<ExpressionView> object = view_.tensor_of_call(*made.expression);
      const std::optional<ValueId> before = view_.first_operand(made.node);
      if (!object || !before) return;
      const Shape old = view_.value_dims(*before);
      label_squeeze(made, old);
      const std::string text = view_.source().text(*object);
      const bool is_function = call->arguments.size() == 1 && call->arguments[0].value == object->id;
      const std::string flat = is_function ? fmt::format("{}({}, 1)", view_.library("torch.flatten"), text)
                                           : atom_text(view_.source(), *object) + ".flatten(1)";
      proposal_.fix("`flatten(1)` keeps the batch axis", {replace(made.expression->span(), flat)});
      if (old.size() == 4) {
        proposal_.fix(
            "name the axes that go: `.squeeze(-1).squeeze(-1)`",
            {replace(made.expression->span(), atom_text(view_.source(), *object) + ".squeeze(-1).squeeze(-1)")});
      }
      return;
    }
  }

  void label_squeeze(const MadeBy& made, const Shape& old) {
    if (old.empty() || !old[0].is_constant(1) || old == dims_) return;
    Shape more = old;
    more[0] = 4;
    Shape left;
    for (const Dim& dim : more) {
      if (!dim.is_constant(1)) left.push_back(dim);
    }
    proposal_.diagnostic.labels.push_back(
        {made.where,
         fmt::format("`squeeze()` of {} drops the batch axis too, because it is 1; with a batch of 4 the result is {}",
                     Tracer::shape_text(old), Tracer::shape_text(left)),
         false});
  }

  /// The class of the same family for another number of axes.
  void change_class(const std::string& family, size_t from, size_t to) {
    const std::optional<ExpressionView> built = view_.constructor();
    if (!built || to < 1 || to > 3 || to == from) return;
    const ExpressionView callee = built->child(built->as<CallExpression>()->function);
    const std::string name = fmt::format("{}{}d", family, to);
    const std::string written = view_.source().dotted(callee);
    if (!written.ends_with(view_.type())) return;
    const std::string text = written.size() == view_.type().size()
                                 ? view_.library(*built, "torch.nn." + name)
                                 : written.substr(0, written.size() - view_.type().size()) + name;
    proposal_.fix(fmt::format("`{}` is for inputs of rank {}", text, dims_.size()), {replace(callee.span(), text)});
  }

  /// An axis of size 1 is one too many.
  void drop_axis() {
    for (size_t axis = dims_.size(); axis-- > 1;) {
      if (!dims_[axis].is_constant(1)) continue;
      at_inputs(fmt::format("drop axis {}, which has size 1: `.squeeze({})`", axis, axis),
                fmt::format(".squeeze({})", axis));
      return;
    }
  }

  Proposal& proposal_;
  FaultView view_;
  Shape dims_;
};

void propose_ranks(Proposal& proposal) { Ranks(proposal).propose(); }

constexpr ProposerRow kRows[] = {{DiagnosticKind::RankMismatch, propose_ranks}};

}  // namespace

std::span<const ProposerRow> rank_error_proposers() { return kRows; }

}  // namespace lathe::torch
