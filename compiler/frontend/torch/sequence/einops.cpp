// Patterns applied: split axes, reduce, reorder, repeat, join axes.
#include "compiler/frontend/torch/sequence/einops.h"

#include <algorithm>
#include <unordered_map>

#include "compiler/frontend/torch/sequence/einops_pattern.h"
#include "compiler/frontend/torch/tensor/operations.h"

namespace lathe::torch {
namespace {

std::string group_text(const PatternGroup& group, bool parenthesised) {
  std::string text;
  for (const PatternAxis& axis : group) text += (text.empty() ? "" : " ") + axis.name;
  return parenthesised ? "(" + text + ")" : text;
}

// Names of one side, the ellipsis and numbers left out.
std::vector<std::string> names_of(const PatternSide& side) {
  std::vector<std::string> names;
  for (const PatternGroup& group : side.groups) {
    for (const PatternAxis& axis : group) {
      if (!axis.number && !axis.is_ellipsis()) names.push_back(axis.name);
    }
  }
  return names;
}

// The first name of `side` that `other` does not have; empty when there is none.
std::string missing_in(const PatternSide& side, const PatternSide& other) {
  for (const std::string& name : names_of(side)) {
    if (!other.names(name)) return name;
  }
  return {};
}

bool has_size(const EinopsRequest& request, std::string_view name) {
  return std::any_of(request.sizes.begin(), request.sizes.end(), [&](const auto& row) { return row.first == name; });
}

// A number other than 1.
bool has_large_number(const PatternSide& side) {
  return std::any_of(side.groups.begin(), side.groups.end(), [](const PatternGroup& group) {
    return std::any_of(group.begin(), group.end(),
                       [](const PatternAxis& axis) { return axis.number && *axis.number != 1; });
  });
}

class Transform {
 public:
  Transform(const Operation& operation, const EinopsRequest& request)
      : operation_(operation), tracer_(operation.tracer()), request_(request) {
    pattern_ = parse_pattern(request.pattern).pattern;
    for (const auto& [name, size] : request.sizes) sizes_.emplace(name, size);
  }

  Result<TensorId> run(TensorId x) {
    input_ = tracer_.dims(x);
    LATHE_TRY_VOID(split());
    Shape elementary;
    for (const Axis& axis : axes_) elementary.push_back(axis.size);
    LATHE_TRY(x, reshape_operation(tracer_, x, elementary));
    LATHE_TRY(x, reduce(x));
    LATHE_TRY(x, arrange(x));
    return x;
  }

 private:
  /// An elementary axis.
  struct Axis {
    std::string name;  ///< "...0" of the ellipsis; empty when nobody refers to it
    Dim size;
  };

  template <class... Arguments>
  Failure fail(DiagnosticKind kind, fmt::format_string<Arguments...> format, Arguments&&... arguments) {
    return operation_
        .error(kind, "RuntimeError", "{} '{}': {}", operation_.name(), request_.pattern,
               fmt::format(format, std::forward<Arguments>(arguments)...))
        .emit();
  }

  // The elementary axes of the left side with their sizes.
  Status split() {
    const PatternSide& left = pattern_.left;
    const size_t plain = left.groups.size() - (left.has_ellipsis() ? 1 : 0);
    if (input_.size() < plain || (input_.size() > plain && !left.has_ellipsis())) {
      return fail(DiagnosticKind::RankMismatch, "the left side has {} axes, the tensor {} has {}", plain,
                  python_shape(input_), input_.size());
    }
    ellipsis_ = input_.size() - plain;
    size_t at = 0;
    for (size_t i = 0; i < left.groups.size(); ++i) {
      if (left.groups[i].size() == 1 && left.groups[i][0].is_ellipsis()) {
        for (size_t k = 0; k < ellipsis_; ++k) axes_.push_back({fmt::format("...{}", k), input_[at++]});
        continue;
      }
      LATHE_TRY_VOID(split_group(left.groups[i], left.parenthesised[i], at++));
    }
    return {};
  }

  Status split_group(const PatternGroup& group, bool parenthesised, size_t position) {
    const Dim& whole = input_[position];
    Dim known = 1;
    const PatternAxis* unknown = nullptr;
    std::string factors;
    for (const PatternAxis& axis : group) {
      const auto found = sizes_.find(axis.name);
      if (!axis.number && found == sizes_.end()) {
        if (unknown != nullptr) {
          return fail(DiagnosticKind::ReshapeMismatch, "the sizes of both `{}` and `{}` in {} are not given",
                      unknown->name, axis.name, group_text(group, parenthesised));
        }
        unknown = &axis;
        continue;
      }
      const Dim size = axis.number ? Dim(*axis.number) : found->second;
      known *= size;
      factors += fmt::format("{}{}", factors.empty() ? "" : ", ",
                             axis.number ? axis.name : fmt::format("{} = {}", axis.name, size.python_text()));
    }
    Dim rest = 1;
    if (unknown != nullptr) {
      rest = known.is_constant(0) ? Dim(0) : exact_divide(whole, known).value_or(floordiv(whole, known));
      sizes_[unknown->name] = rest;
    }
    const std::string message =
        unknown == nullptr
            ? fmt::format("{} '{}': axis {} of {} has {} elements, {} has {}{}", operation_.name(), request_.pattern,
                          position, python_shape(input_), whole.python_text(), group_text(group, parenthesised),
                          known.python_text(), factors.empty() ? "" : fmt::format(" ({})", factors))
            : fmt::format("{} '{}': axis {} of {} has {} elements, which is not a multiple of {} in {} ({})",
                          operation_.name(), request_.pattern, position, python_shape(input_), whole.python_text(),
                          known.python_text(), group_text(group, parenthesised), factors);
    LATHE_TRY_VOID(
        operation_.require_equal(DiagnosticKind::ReshapeMismatch, "RuntimeError", whole, known * rest, message));
    for (const PatternAxis& axis : group) {
      const Dim size = axis.number ? Dim(*axis.number) : group.size() == 1 ? whole : sizes_.at(axis.name);
      axes_.push_back({axis.number ? std::string() : axis.name, size});
    }
    return {};
  }

  [[nodiscard]] bool stays(const Axis& axis) const {
    if (axis.name.empty()) return false;
    return axis.name.starts_with("...") ? pattern_.right.has_ellipsis() : pattern_.right.names(axis.name);
  }

  // Drops the axes that the right side does not have: reduced, or of size 1.
  Result<TensorId> reduce(TensorId x) {
    std::vector<int64_t> gone;
    std::vector<Axis> left;
    for (size_t i = 0; i < axes_.size(); ++i) {
      if (stays(axes_[i])) {
        left.push_back(axes_[i]);
      } else {
        gone.push_back(static_cast<int64_t>(i));
      }
    }
    axes_ = std::move(left);
    if (gone.empty()) return x;
    if (request_.kind == EinopsKind::Reduce) {
      return reduce_operation(tracer_, "reduce_" + request_.reduction, x, gone, false);
    }
    Shape dims;
    for (const Axis& axis : axes_) dims.push_back(axis.size);
    return reshape_operation(tracer_, x, dims);
  }

  // Elementary axes in the order of the right side, new ones among them, then composed.
  Result<TensorId> arrange(TensorId x) {
    std::vector<int64_t> permutation;
    Shape narrow;  // new axes have size 1
    Shape wide;
    Shape composed;
    const auto take = [&](const std::string& name) -> Dim {
      const auto found = std::find_if(axes_.begin(), axes_.end(), [&](const Axis& axis) { return axis.name == name; });
      LATHE_CHECK(found != axes_.end());
      permutation.push_back(found - axes_.begin());
      narrow.push_back(found->size);
      wide.push_back(found->size);
      return found->size;
    };
    bool repeats = false;
    for (size_t i = 0; i < pattern_.right.groups.size(); ++i) {
      Dim size = 1;
      bool spread = false;
      for (const PatternAxis& axis : pattern_.right.groups[i]) {
        if (axis.is_ellipsis()) {
          spread = !pattern_.right.parenthesised[i];
          for (size_t k = 0; k < ellipsis_; ++k) {
            const Dim each = take(fmt::format("...{}", k));
            if (spread) composed.push_back(each);
            size *= each;
          }
        } else if (axis.number || !pattern_.left.names(axis.name)) {
          const Dim fresh = axis.number ? Dim(*axis.number) : sizes_.at(axis.name);
          narrow.emplace_back(1);
          wide.push_back(fresh);
          repeats |= !fresh.is_constant(1);
          size *= fresh;
        } else {
          size *= take(axis.name);
        }
      }
      if (!spread) composed.push_back(size);
    }
    LATHE_TRY(x, permute_operation(tracer_, x, permutation));
    if (repeats) {
      LATHE_TRY(x, reshape_operation(tracer_, x, narrow));
      LATHE_TRY(x, expand_operation(tracer_, x, wide));
    }
    return reshape_operation(tracer_, x, composed);
  }

  const Operation& operation_;
  Tracer& tracer_;
  const EinopsRequest& request_;
  Pattern pattern_;
  std::unordered_map<std::string, Dim> sizes_;
  Shape input_;
  std::vector<Axis> axes_;
  size_t ellipsis_ = 0;
};

}  // namespace

std::string pattern_fault(const EinopsRequest& request) {
  const ParsedPattern parsed = parse_pattern(request.pattern);
  if (!parsed.fault.empty()) return parsed.fault;
  const PatternSide& left = parsed.pattern.left;
  const PatternSide& right = parsed.pattern.right;
  for (const auto& [name, size] : request.sizes) {
    if (!left.names(name) && !right.names(name)) return fmt::format("`{}` has a size but is not in the pattern", name);
  }
  const std::string lost = missing_in(left, right);
  const std::string fresh = missing_in(right, left);
  switch (request.kind) {
    case EinopsKind::Rearrange:
      if (!lost.empty()) return fmt::format("`{}` is on the left side only; `reduce` drops axes", lost);
      if (!fresh.empty()) return fmt::format("`{}` is on the right side only; `repeat` makes axes", fresh);
      if (left.has_ellipsis() != right.has_ellipsis()) return "`...` is on the left side only; `reduce` drops axes";
      if (has_large_number(left) || has_large_number(right)) return "numbers other than 1 need names";
      break;
    case EinopsKind::Reduce:
      if (!fresh.empty()) return fmt::format("`{}` is on the right side only; `repeat` makes axes", fresh);
      if (has_large_number(right)) return "numbers other than 1 can't be on the right side; `repeat` makes axes";
      break;
    case EinopsKind::Repeat:
      if (!lost.empty()) return fmt::format("`{}` is on the left side only; `reduce` drops axes", lost);
      if (left.has_ellipsis() != right.has_ellipsis()) return "`...` is on the left side only; `reduce` drops axes";
      if (has_large_number(left)) return "numbers other than 1 on the left side need names";
      for (const std::string& name : names_of(right)) {
        if (!left.names(name) && !has_size(request, name)) return fmt::format("the size of `{}` is not given", name);
      }
      break;
  }
  return {};
}

Result<TensorId> apply_einops(const Operation& operation, TensorId x, const EinopsRequest& request) {
  const std::string fault = pattern_fault(request);
  if (!fault.empty()) {
    return operation
        .error(DiagnosticKind::BadArgument, "RuntimeError", "{} '{}': {}", operation.name(), request.pattern, fault)
        .emit();
  }
  return Transform(operation, request).run(x);
}

}  // namespace lathe::torch
