// Sizes of inputs to values of symbols.
#include "compiler/compile_shapes.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace lathe {
namespace {

std::string given_text(const GivenInput& given) {
  return fmt::format("{}[{}]", text(given.element), fmt::join(given.dims, ", "));
}

// Opens the report of a fault of one input.
DiagnosticBuilder fault(Diagnostics& diagnostics, const ModelPort& port, const GivenInput& given,
                        const std::string& what) {
  return diagnostics.report(DiagnosticKind::InputMismatch, port.location, "input `{}`: {}", port.name, what)
      .note(fmt::format("it is declared as `{}`, given is `{}`", text(port.type), given_text(given)));
}

}  // namespace

ShapeBinder::ShapeBinder(const std::vector<ModelPort>& inputs, const SymbolTable& symbols) {
  for (const SymbolTable::Row& row : symbols.rows()) rows_.emplace(row.name, rows_.size());
  std::vector<bool> has_source(rows_.size());
  for (size_t input = 0; input < inputs.size(); ++input) {
    const TensorType* type = inputs[input].type.as_tensor();
    if (type == nullptr || !type->ranked) continue;
    for (size_t axis = 0; axis < type->dims.size(); ++axis) {
      const std::string* symbol = type->dims[axis].as_symbol();
      const std::optional<size_t> row = symbol == nullptr ? std::nullopt : symbol_index(*symbol);
      if (!row || has_source[*row]) continue;
      has_source[*row] = true;
      sources_.push_back({*row, input, axis});
    }
  }
}

std::optional<size_t> ShapeBinder::symbol_index(const std::string& name) const {
  const auto found = rows_.find(name);
  return found == rows_.end() ? std::nullopt : std::optional(found->second);
}

std::optional<int64_t> ShapeBinder::evaluate(const Dim& dim, std::span<const int64_t> values) const {
  if (dim.is_constant()) return dim.constant();
  return lathe::evaluate(dim, [&](const std::string& name) -> std::optional<int64_t> {
    const std::optional<size_t> row = symbol_index(name);
    if (!row || values[*row] == kUnbound) return std::nullopt;
    return values[*row];
  });
}

std::optional<std::vector<int64_t>> ShapeBinder::evaluate(const Shape& shape, std::span<const int64_t> values) const {
  std::vector<int64_t> result;
  result.reserve(shape.size());
  for (const Dim& dim : shape) {
    const std::optional<int64_t> size = evaluate(dim, values);
    if (!size) return std::nullopt;
    result.push_back(*size);
  }
  return result;
}

Result<std::vector<int64_t>> ShapeBinder::bind(const std::vector<ModelPort>& inputs, const SymbolTable& symbols,
                                               std::span<const GivenInput> given, Diagnostics& diagnostics) const {
  if (given.size() != inputs.size()) {
    return diagnostics
        .report(DiagnosticKind::InputMismatch, {}, "the model takes {} input{}, {} given", inputs.size(),
                inputs.size() == 1 ? "" : "s", given.size())
        .emit();
  }
  bool fits = true;
  std::vector<bool> has_rank(inputs.size());
  for (size_t i = 0; i < inputs.size(); ++i) {
    const TensorType* type = inputs[i].type.as_tensor();
    if (type == nullptr) continue;
    if (given[i].element != type->element) {
      fits = false;
      static_cast<void>(
          fault(diagnostics, inputs[i], given[i],
                fmt::format("elements must be {}, given are {}", text(type->element), text(given[i].element)))
              .emit());
    }
    has_rank[i] = type->ranked && given[i].dims.size() == type->dims.size();
    if (type->ranked && !has_rank[i]) {
      fits = false;
      static_cast<void>(fault(diagnostics, inputs[i], given[i],
                              fmt::format("it has {} axes, not {}", type->dims.size(), given[i].dims.size()))
                            .emit());
    }
  }
  if (!fits) return Failure{};

  std::vector<int64_t> values(symbols.rows().size(), kUnbound);
  for (const Source& source : sources_) {
    const SymbolTable::Row& row = symbols.rows()[source.symbol];
    const int64_t size = given[source.input].dims[source.axis];
    const std::optional<int64_t> lower = evaluate(row.lower, values);
    const std::optional<int64_t> upper = evaluate(row.upper, values);
    if ((lower && size < *lower) || (upper && size > *upper)) {
      fits = false;
      const bool small = lower && size < *lower;
      static_cast<void>(fault(diagnostics, inputs[source.input], given[source.input],
                              fmt::format("axis {} (`{}`) must be at {} {}, not {}", source.axis, row.name,
                                          small ? "least" : "most", small ? *lower : *upper, size))
                            .emit());
      continue;
    }
    values[source.symbol] = size;
  }
  if (!fits) return Failure{};

  for (size_t i = 0; i < inputs.size(); ++i) {
    const TensorType* type = inputs[i].type.as_tensor();
    if (type == nullptr || !has_rank[i]) continue;
    for (size_t axis = 0; axis < type->dims.size(); ++axis) {
      const Dim& dim = type->dims[axis];
      const std::optional<int64_t> expected = evaluate(dim, values);
      if (expected && given[i].dims[axis] == *expected) continue;
      fits = false;
      std::string what = fmt::format("axis {} must be ", axis);
      if (dim.is_constant()) {
        what += fmt::format("{}, not {}", dim.constant(), given[i].dims[axis]);
      } else if (expected) {
        what += fmt::format("`{}` = {}, not {}", dim.python_text(), *expected, given[i].dims[axis]);
      } else {
        what += fmt::format("`{}`, which no input gives a value", dim.python_text());
      }
      DiagnosticBuilder report = fault(diagnostics, inputs[i], given[i], what);
      for_each_symbol(dim, [&](const std::string& name) {
        for (const Source& source : sources_) {
          if (symbols.rows()[source.symbol].name != name) continue;
          static_cast<void>(
              std::move(report).note(fmt::format("`{}` is {} by axis {} of input `{}`", name, values[source.symbol],
                                                 source.axis, inputs[source.input].name)));
        }
      });
      static_cast<void>(std::move(report).emit());
    }
  }
  if (!fits) return Failure{};
  return values;
}

}  // namespace lathe
