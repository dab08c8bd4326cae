// Cures for tensors that don't go together: operators that broadcast, concatenations, losses.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "compiler/frontend/torch/advice/error_families.h"
#include "compiler/frontend/torch/advice/fault_view.h"
#include "compiler/frontend/torch/advice/outer_calls.h"
#include "compiler/frontend/torch/advice/residuals.h"

namespace lathe::torch {
namespace {

/// The two sides of `left op right` or `left op= right` as they are written.
struct Sides {
  std::optional<ExpressionView> left;
  std::optional<ExpressionView> right;
};

Sides sides_of(const FaultView& view) {
  Sides sides;
  if (!view.expression()) return sides;
  if (const auto* binary = view.expression()->as<BinaryExpression>()) {
    sides.left = view.expression()->child(binary->left);
    sides.right = view.expression()->child(binary->right);
    return sides;
  }
  const auto statement = view.source().statement(view.expression()->span());
  const auto* augmented = statement ? std::get_if<AugmentedAssignStatement>(&statement->statement().kind) : nullptr;
  if (augmented != nullptr) {
    sides.left = ExpressionView{statement->ast, augmented->target};
    sides.right = ExpressionView{statement->ast, augmented->value};
    return sides;
  }
  sides.left = view.tensor_expression(0);
  sides.right = view.tensor_expression(1);
  return sides;
}

std::optional<Shape> shape_of(const FaultView& view, size_t position) {
  const std::optional<TensorId> tensor = view.tensor(position);
  return tensor ? std::optional(view.dims(*tensor)) : std::nullopt;
}

bool agree(const Dim& a, const Dim& b) { return a == b || a.is_constant(1) || b.is_constant(1); }

bool broadcasts(const Shape& a, const Shape& b) {
  const size_t common = std::min(a.size(), b.size());
  for (size_t i = 1; i <= common; ++i) {
    if (!agree(a[a.size() - i], b[b.size() - i])) return false;
  }
  return true;
}

/// The target of `x += y` can't be changed in the same place.
bool source_is_target(const Proposal& proposal, const ExpressionView& side) {
  const auto statement = proposal.source.statement(side.span());
  const auto* augmented = statement ? std::get_if<AugmentedAssignStatement>(&statement->statement().kind) : nullptr;
  return augmented != nullptr && augmented->target == side.id;
}

void at(Proposal& proposal, const std::optional<ExpressionView>& side, const std::string& title,
        const std::string& suffix) {
  if (!side || source_is_target(proposal, *side)) return;
  const std::string text = atom_text(proposal.source, *side);
  proposal.fix(title, {replace(side->span(), text + suffix)});
}

/// The smaller tensor needs axes of size 1 somewhere else than in front.
void align_axes(Proposal& proposal, const Shape& big, const Shape& small, const std::optional<ExpressionView>& side) {
  if (small.empty() || small.size() > big.size()) return;
  // Where the first axis of the smaller one goes, the others follow.
  for (size_t first = 0; first + small.size() <= big.size(); ++first) {
    bool fits = true;
    for (size_t axis = 0; axis < small.size(); ++axis) fits = fits && agree(big[first + axis], small[axis]);
    const size_t behind = big.size() - first - small.size();
    if (!fits || behind == 0 || behind > 3) continue;
    std::string suffix;
    if (behind == 1) {
      suffix = ".unsqueeze(-1)";
    } else {
      suffix = "[...";
      for (size_t i = 0; i < behind; ++i) suffix += ", None";
      suffix += "]";
    }
    at(proposal, side, fmt::format("align it with axis {}: `{}`", first, suffix), suffix);
  }
}

/// `[:, :n]`: the rows of a table that is longer than the sequence.
void cut(Proposal& proposal, const Shape& longer, const Shape& other, const std::optional<ExpressionView>& side,
         const std::optional<ExpressionView>& by) {
  // A table of the module that is longer than what it is added to, such as positions.
  const bool is_table = side && side->as<AttributeExpression>() != nullptr;
  const bool is_short = by && (by->as<NameExpression>() != nullptr || by->as<AttributeExpression>() != nullptr);
  if (!is_table || !is_short || longer.size() > 3 || source_is_target(proposal, *side)) return;
  for (size_t i = 1; i <= std::min(longer.size(), other.size()); ++i) {
    const Dim& a = longer[longer.size() - i];
    const Dim& b = other[other.size() - i];
    if (agree(a, b)) continue;
    const std::optional<int64_t> size = a.as_constant();
    const std::optional<int64_t> wanted = b.as_constant();
    if (!size || !wanted || *size < *wanted) return;
    const size_t axis = longer.size() - i;
    std::string index;
    for (size_t skipped = 0; skipped < axis; ++skipped) index += ":, ";
    const std::string suffix =
        fmt::format("[{}:{}.size({})]", index, atom_text(proposal.source, *by), other.size() - i);
    at(proposal, side, fmt::format("take as much of it as the other has: `{}`", suffix), suffix);
    return;
  }
}

void resize_maps(Proposal& proposal, const FaultView& view, const Shape& a, const Shape& b, const Sides& sides) {
  if (a.size() != b.size() || a.size() < 3 || a.size() > 5 || !sides.left || !sides.right) return;
  const std::string_view spatial = a.size() == 3 ? "[-1:]" : a.size() == 4 ? "[-2:]" : "[-3:]";
  for (const bool left_first : {true, false}) {
    const ExpressionView& changed = left_first ? *sides.left : *sides.right;
    const ExpressionView& other = left_first ? *sides.right : *sides.left;
    const bool is_target = view.source().text(changed) == view.source().text(*view.expression());
    if (is_target) continue;
    const std::string text = fmt::format("{}({}, size={}.shape{})", view.library("torch.nn.functional.interpolate"),
                                         view.source().text(changed), atom_text(view.source(), other), spatial);
    proposal.fix("resize one map to the size of the other", {replace(changed.span(), text)});
  }
}

void propose_broadcast(Proposal& proposal) {
  const FaultView view(proposal);
  const std::optional<Shape> a = shape_of(view, 0);
  const std::optional<Shape> b = shape_of(view, 1);
  if (!a || !b) return;
  const Sides sides = sides_of(view);
  bool is_residual = false;
  if (a->size() == b->size() && a->size() >= 3) {
    is_residual = propose_residual(view, {sides.left, *view.tensor(0)}, {sides.right, *view.tensor(1)});
  }
  const bool left_is_small = a->size() < b->size();
  align_axes(proposal, left_is_small ? *b : *a, left_is_small ? *a : *b, left_is_small ? sides.left : sides.right);
  cut(proposal, *b, *a, sides.right, sides.left);
  cut(proposal, *a, *b, sides.left, sides.right);
  if (a->size() == b->size() && a->size() >= 2) {
    Shape swapped = *b;
    std::swap(swapped[swapped.size() - 1], swapped[swapped.size() - 2]);
    if (broadcasts(*a, swapped)) at(proposal, sides.right, "swap its last two axes", ".transpose(-2, -1)");
    Shape first = *b;
    std::swap(first[0], first[1]);
    if (a->size() == 3 && !(*a)[0].is_constant(1) && broadcasts(*a, first))
      at(proposal, sides.right, "swap its first two axes", ".transpose(0, 1)");
  }
  if (!is_residual && a->size() == b->size() && a->size() == 4 && (*a)[1] == (*b)[1])
    resize_maps(proposal, view, *a, *b, sides);
}

// ------------------------------------------------------------------------------------------------------ concatenation

class Concat {
 public:
  explicit Concat(Proposal& proposal) : proposal_(proposal), view_(proposal) {}

  void propose() {
    if (!read()) return;
    ranks();
    other_axis();
    batch_of_one();
    padding();
    maps();
  }

 private:
  bool read() {
    const std::optional<Value> list = view_.operand(0);
    const Heap& heap = view_.evaluator().heap();
    const std::vector<Value>* items = nullptr;
    if (const auto* tuple = list ? heap.as<TupleObject>(*list) : nullptr) items = &tuple->items;
    if (const auto* object = list ? heap.as<ListObject>(*list) : nullptr) items = &object->items;
    if (items == nullptr || items->size() < 2 || items->size() > 16) return false;
    for (const Value& item : *items) {
      const auto* tensor = std::get_if<TensorId>(&item);
      if (tensor == nullptr) return false;
      tensors_.push_back(*tensor);
      dims_.push_back(view_.dims(*tensor));
    }
    call_ = view_.call();
    if (!call_) return false;
    std::optional<ExpressionView> written = view_.source().argument(*call_, 0, "tensors");
    if (written && written->as<NameExpression>() != nullptr) written = assigned_before(view_.source(), *written);
    if (!written) return true;
    const std::vector<ExpressionId>* ids = nullptr;
    if (const auto* display = written->as<ListExpression>()) ids = &display->items;
    if (const auto* tuple = written->as<TupleExpression>()) ids = &tuple->items;
    if (ids == nullptr || ids->size() != dims_.size()) return true;
    for (const ExpressionId id : *ids) items_.push_back(written->child(id));
    axis_ = axis_of_call();
    return true;
  }

  [[nodiscard]] size_t axis_of_call() const {
    const auto rank = static_cast<int64_t>(dims_[0].size());
    const std::optional<ExpressionView> written = view_.source().argument(*call_, 1, "dim");
    std::optional<Value> value = view_.operand(1);
    const auto* dim = value ? std::get_if<Dim>(&*value) : nullptr;
    const int64_t axis = dim != nullptr ? dim->as_constant().value_or(0) : 0;
    static_cast<void>(written);
    return static_cast<size_t>(axis < 0 ? axis + rank : axis);
  }

  /// The one with an axis less gets it.
  void ranks() {
    for (size_t i = 0; i < items_.size(); ++i) {
      for (const Shape& other : dims_) {
        if (other.size() != dims_[i].size() + 1) continue;
        for (const size_t axis : {axis_, size_t{0}, size_t{1}, other.size() - 1}) {
          Shape shape = dims_[i];
          if (axis > shape.size()) continue;
          shape.insert(shape.begin() + static_cast<std::ptrdiff_t>(axis), Dim(1));
          bool fits = true;
          for (size_t at = 0; at < shape.size(); ++at) fits = fits && (at == axis_ || shape[at] == other[at]);
          if (!fits) continue;
          suffix(i, fmt::format("add axis {}: `.unsqueeze({})`", axis, axis), fmt::format(".unsqueeze({})", axis));
          return;
        }
        break;
      }
    }
    for (size_t i = 0; i < items_.size(); ++i) {
      const bool is_map = dims_[i].size() > 2;
      const bool other_is_flat =
          std::any_of(dims_.begin(), dims_.end(), [](const Shape& dims) { return dims.size() == 2; });
      if (is_map && other_is_flat) suffix(i, "flatten the feature maps: `.flatten(1)`", ".flatten(1)");
    }
  }

  /// All sizes but those of another axis are equal.
  void other_axis() {
    const size_t rank = dims_[0].size();
    // Feature maps are joined along their channels.
    if (rank >= 4 && axis_ == 1) return;
    for (const Shape& dims : dims_) {
      if (dims.size() != rank) return;
    }
    for (size_t axis = 0; axis < rank; ++axis) {
      if (axis == axis_) continue;
      bool fits = true;
      for (const Shape& dims : dims_) {
        for (size_t at = 0; at < rank; ++at) fits = fits && (at == axis || dims[at] == dims_[0][at]);
      }
      if (!fits) continue;
      const std::string title =
          fmt::format("join along axis {}, the only one on which they differ: `dim={}`", axis, axis);
      if (const std::optional<ExpressionView> written = view_.source().argument(*call_, 1, "dim")) {
        proposal_.fix(title, {replace(written->span(), std::to_string(axis))});
      } else if (const auto* node = call_->as<CallExpression>(); !node->arguments.empty()) {
        proposal_.fix(title,
                      {insert_after(call_->child(node->arguments.back().value).span(), fmt::format(", dim={}", axis))});
      }
    }
  }

  /// A class token or a query that stands for every sample.
  void batch_of_one() {
    for (size_t i = 0; i < items_.size(); ++i) {
      if (dims_[i].empty() || !dims_[i][0].is_constant(1)) continue;
      for (size_t other = 0; other < items_.size(); ++other) {
        if (dims_[other].size() != dims_[i].size() || dims_[other][0].is_constant(1)) continue;
        std::string rest;
        for (size_t axis = 1; axis < dims_[i].size(); ++axis) rest += ", -1";
        suffix(i, "repeat it for every sample of the batch",
               fmt::format(".expand({}.size(0){})", atom_text(view_.source(), items_[other]), rest));
        return;
      }
    }
  }

  void suffix(size_t item, const std::string& title, const std::string& text) {
    proposal_.fix(title, {replace(items_[item].span(), atom_text(view_.source(), items_[item]) + text)});
  }

  /// Branches whose convolutions lose the edges of a map.
  void padding() {
    const size_t rank = dims_[0].size();
    if (rank < 3 || rank > 5 || axis_ != 1) return;
    size_t largest = 0;
    for (size_t i = 0; i < dims_.size(); ++i) {
      if (dims_[i].size() != rank || !dims_[i][2].is_constant()) return;
      if (dims_[i][2].constant() > dims_[largest][2].constant()) largest = i;
    }
    std::vector<TensorId> smaller;
    for (size_t i = 0; i < dims_.size(); ++i) {
      if (dims_[i][2].constant() < dims_[largest][2].constant()) smaller.push_back(tensors_[i]);
    }
    propose_padding(view_, smaller, dims_[largest]);
  }

  /// Feature maps whose sizes differ by what pools and strides have rounded off.
  void maps() {
    const size_t rank = dims_[0].size();
    if (items_.size() != 2 || rank < 4 || rank > 5 || dims_[1].size() != rank) return;
    bool first_is_smaller = false;
    bool second_is_smaller = false;
    std::vector<int64_t> missing(rank, 0);
    for (size_t axis = 2; axis < rank; ++axis) {
      const std::optional<int64_t> a = dims_[0][axis].as_constant();
      const std::optional<int64_t> b = dims_[1][axis].as_constant();
      if (!a || !b) return;
      missing[axis] = std::abs(*a - *b);
      first_is_smaller = first_is_smaller || *a < *b;
      second_is_smaller = second_is_smaller || *b < *a;
    }
    if (first_is_smaller == second_is_smaller || !(dims_[0][0] == dims_[1][0]) || axis_ != 1) return;
    const size_t small = first_is_smaller ? 0 : 1;
    const size_t large = 1 - small;
    const std::string small_text = view_.source().text(items_[small]);
    const std::string large_text = view_.source().text(items_[large]);
    std::string pads;
    std::string index = ":, :";
    for (size_t axis = rank; axis-- > 2;) pads += fmt::format("{}0, {}", pads.empty() ? "" : ", ", missing[axis]);
    for (size_t axis = 2; axis < rank; ++axis) index += fmt::format(", :{}", dims_[small][axis].constant());
    const std::string pad = view_.library("torch.nn.functional.pad");
    proposal_.fix("pad the smaller map",
                  {replace(items_[small].span(), fmt::format("{}({}, ({}))", pad, small_text, pads))});
    const std::string resize = view_.library("torch.nn.functional.interpolate");
    proposal_.fix("resize the smaller map to the other, for any size",
                  {replace(items_[small].span(), fmt::format("{}({}, size={}.shape[2:])", resize, small_text,
                                                             atom_text(view_.source(), items_[large])))});
    proposal_.fix(
        "crop the larger map",
        {replace(items_[large].span(), fmt::format("{}[{}]", atom_text(view_.source(), items_[large]), index))});
  }

  Proposal& proposal_;
  FaultView view_;
  std::vector<TensorId> tensors_;
  std::vector<Shape> dims_;
  std::vector<ExpressionView> items_;
  std::optional<ExpressionView> call_;
  size_t axis_ = 0;
};

void propose_concat(Proposal& proposal) { Concat(proposal).propose(); }

// ------------------------------------------------------------------------------------------------------------- losses

/// Input and target of a loss, and whatever else must have one shape.
void propose_shapes(Proposal& proposal) {
  const FaultView view(proposal);
  const std::optional<Shape> a = shape_of(view, 0);
  const std::optional<Shape> b = shape_of(view, 1);
  const std::optional<ExpressionView> left = view.tensor_expression(0);
  const std::optional<ExpressionView> right = view.tensor_expression(1);
  if (!a || !b) return;
  if (a->size() == b->size() + 1 && a->back().is_constant(1)) {
    at(proposal, left, "drop the last axis of the prediction: `.squeeze(-1)`", ".squeeze(-1)");
    at(proposal, right, "give the target the axis: `.unsqueeze(-1)`", ".unsqueeze(-1)");
  }
  if (b->size() == a->size() + 1 && b->back().is_constant(1)) {
    at(proposal, right, "drop the last axis of the target: `.squeeze(-1)`", ".squeeze(-1)");
    at(proposal, left, "give the prediction the axis: `.unsqueeze(-1)`", ".unsqueeze(-1)");
  }
  if (b->size() == a->size() && b->size() > 1 && b->back().is_constant(1)) {
    at(proposal, right, "drop the last axis of the target: `.squeeze(-1)`", ".squeeze(-1)");
  }
  if (b->size() == a->size() && b->size() > 2 && (*b)[1].is_constant(1)) {
    at(proposal, right, "drop axis 1 of the target: `.squeeze(1)`", ".squeeze(1)");
  }
  if (*b == *a && a->size() == 2) {
    at(proposal, right, "class numbers from one-hot rows: `.argmax(1)`", ".argmax(1)");
  }
  if (a->size() == 3 && b->size() == 2) {
    at(proposal, left, "the classes belong on axis 1: `.transpose(1, 2)`", ".transpose(1, 2)");
    if (left && right) {
      proposal.fix("one row for each position: `.flatten(0, 1)`",
                   {replace(left->span(), atom_text(view.source(), *left) + ".flatten(0, 1)"),
                    replace(right->span(), atom_text(view.source(), *right) + ".flatten()")});
    }
  }
  if (a->size() == 4 && b->size() == 3) {
    at(proposal, left, "the classes belong on axis 1: `.permute(0, 3, 1, 2)`", ".permute(0, 3, 1, 2)");
  }
  if (a->size() == b->size() && a->size() >= 2) {
    Shape swapped = *b;
    std::swap(swapped[swapped.size() - 1], swapped[swapped.size() - 2]);
    if (swapped == *a) at(proposal, right, "swap the last two axes of the target", ".transpose(-2, -1)");
  }
  if (product_of(*a, 0) && product_of(*a, 0) == product_of(*b, 0) && left && left->as<NameExpression>() != nullptr) {
    at(proposal, right, "give the target the shape of the prediction",
       fmt::format(".view_as({})", view.source().text(*left)));
  }
}

constexpr ProposerRow kRows[] = {{DiagnosticKind::BroadcastMismatch, propose_broadcast},
                                 {DiagnosticKind::ConcatMismatch, propose_concat},
                                 {DiagnosticKind::ShapeMismatch, propose_shapes}};

}  // namespace

std::span<const ProposerRow> join_error_proposers() { return kRows; }

}  // namespace lathe::torch
