// Binding symbols to the sizes of a run.
#include "compiler/interp/graph_bindings.h"

#include <fmt/format.h>

#include "ir/base/result.h"

namespace lathe::interp {

std::optional<int64_t> SymbolBindings::value(const Dim& dim) const {
  if (const auto constant = dim.as_constant()) return constant;
  return evaluate(dim, [&](const std::string& symbol) -> std::optional<int64_t> {
    const auto found = values_.find(symbol);
    if (found == values_.end()) return std::nullopt;
    return found->second;
  });
}

std::optional<Attribute> SymbolBindings::concrete(const Attribute& attribute) const {
  if (const auto* dim = std::get_if<Dim>(&attribute)) {
    const auto number = value(*dim);
    if (!number) return std::nullopt;
    return Attribute(Dim(*number));
  }
  if (const auto* shape = std::get_if<Shape>(&attribute)) {
    Shape numbers;
    for (const Dim& dim : *shape) {
      const auto number = value(dim);
      if (!number) return std::nullopt;
      numbers.emplace_back(*number);
    }
    return Attribute(std::move(numbers));
  }
  return attribute;
}

std::string SymbolBindings::input_text(ValueId input) const {
  const Value& value = module_.graph.value(input);
  return value.name.empty() ? fmt::format("input {}", value.index) : fmt::format("input `{}`", value.name);
}

Status SymbolBindings::bind_inputs(std::span<const HostTensor* const> inputs) {
  const auto values = module_.graph.inputs();
  if (values.size() != inputs.size()) {
    return diagnostics_
        .report(DiagnosticKind::InputMismatch, {}, "the model has {} inputs, {} are given", values.size(),
                inputs.size())
        .emit();
  }
  for (size_t i = 0; i < values.size(); ++i) {
    const Value& value = module_.graph.value(values[i]);
    const TensorType* declared = value.type.as_tensor();
    const TensorType& actual = inputs[i]->type;
    if (declared == nullptr) {
      return diagnostics_
          .report(DiagnosticKind::Unsupported, value.location, "{} is a `{}`; the interpreter takes tensors only",
                  input_text(values[i]), text(value.type))
          .emit();
    }
    if (declared->element != actual.element || declared->rank() != actual.rank()) {
      return diagnostics_
          .report(DiagnosticKind::InputMismatch, value.location, "{} is `{}`, but the model takes `{}`",
                  input_text(values[i]), text(actual), text(*declared))
          .emit();
    }
  }
  // Plain symbols first, so that a dim like `2*N` finds N bound whatever the order of the inputs.
  for (const bool solve : {false, true}) {
    for (size_t i = 0; i < values.size(); ++i) {
      for (size_t axis = 0; axis < inputs[i]->type.dims.size(); ++axis) {
        LATHE_TRY_VOID(bind_axis(values[i], axis, inputs[i]->type, solve));
      }
    }
  }
  LATHE_TRY_VOID(check_bounds());
  return check_guards();
}

Status SymbolBindings::bind_axis(ValueId input, size_t axis, const TensorType& actual, bool solve) {
  const TensorType& declared = module_.graph.tensor(input);
  const Dim& dim = declared.dims[axis];
  const int64_t size = actual.dims[axis].constant();
  const std::string place = fmt::format("axis {} of {}", axis, input_text(input));
  if (!solve) {
    const std::string* symbol = dim.as_symbol();
    if (symbol != nullptr && values_.emplace(*symbol, size).second) sources_.emplace(*symbol, place);
    return {};
  }
  auto expected = value(dim);
  if (!expected) {
    // One unknown symbol in a linear formula has one solution.
    std::string unknown;
    for_each_symbol(dim, [&](const std::string& symbol) {
      if (!values_.contains(symbol)) unknown = symbol;
    });
    const auto parts = linear_in(dim, unknown);
    const auto slope = parts ? value(parts->coefficient) : std::nullopt;
    const auto rest = parts ? value(parts->rest) : std::nullopt;
    if (slope && rest && *slope != 0 && (size - *rest) % *slope == 0) {
      values_.emplace(unknown, (size - *rest) / *slope);
      sources_.emplace(unknown, place);
      expected = size;
    }
  }
  if (expected == size) return {};
  std::string reason = expected ? fmt::format("{}", *expected) : dim.python_text();
  if (const std::string* symbol = dim.as_symbol(); symbol != nullptr && expected) {
    reason = fmt::format("{}, as {} is for {}", *expected, *symbol, sources_[*symbol]);
  }
  return diagnostics_
      .report(DiagnosticKind::InputMismatch, module_.graph.value(input).location,
              "{} has {} elements, but the model takes {}: `{}` against `{}`", place, size, reason, text(actual),
              text(declared))
      .emit();
}

Status SymbolBindings::check_bounds() {
  for (const SymbolTable::Row& row : module_.symbols.rows()) {
    const auto found = values_.find(row.name);
    if (found == values_.end()) continue;
    const auto lower = value(row.lower);
    const auto upper = value(row.upper);
    if ((!lower || *lower <= found->second) && (!upper || found->second <= *upper)) continue;
    return diagnostics_
        .report(DiagnosticKind::InputMismatch, {}, "{} is {} ({}), but the model is made for {} in [{}, {}]", row.name,
                found->second, sources_[row.name], row.name, row.lower.python_text(), row.upper.python_text())
        .emit();
  }
  return {};
}

Status SymbolBindings::bind_computed(ValueId value_id, const TensorType& actual) {
  const Value& computed = module_.graph.value(value_id);
  const TensorType* declared = computed.type.as_tensor();
  if (declared == nullptr || !declared->ranked) return {};
  LATHE_CHECK(declared->rank() == actual.rank() && declared->element == actual.element);
  bool bound = false;
  for (size_t axis = 0; axis < actual.dims.size(); ++axis) {
    const Dim& dim = declared->dims[axis];
    const int64_t size = actual.dims[axis].constant();
    const std::string* symbol = dim.as_symbol();
    if (symbol != nullptr && !sources_.contains(*symbol)) {
      // Only data decides this size; in a loop it may change from round to round.
      values_.insert_or_assign(*symbol, size);
      bound = true;
      continue;
    }
    const auto expected = value(dim);
    if (!expected || *expected == size) continue;
    return diagnostics_
        .report(DiagnosticKind::GuardFailed, computed.location,
                "axis {} of `{}` has {} elements at run time, but {} = {} were expected", axis, computed.name, size,
                dim.python_text(), *expected)
        .emit();
  }
  return bound ? check_guards() : Status();
}

Status SymbolBindings::check_guards() {
  checked_.resize(module_.guards.size(), false);
  for (size_t i = 0; i < module_.guards.size(); ++i) {
    if (checked_[i]) continue;
    const Guard& guard = module_.guards[i];
    const auto left = value(guard.left);
    const auto right = value(guard.right);
    if (!left || !right) continue;
    checked_[i] = true;
    const bool holds = guard.relation == Guard::Relation::Equal ? *left == *right : *left <= *right;
    if (holds) continue;
    return diagnostics_
        .report(DiagnosticKind::GuardFailed, guard.location, "{} (here {} is {} and {} is {})", guard.message,
                guard.left.python_text(), *left, guard.right.python_text(), *right)
        .emit();
  }
  return {};
}

}  // namespace lathe::interp
