// Python values as graph values: numbers and lists as constants, operands of mixed types, dtypes, torch.Size.
#include <fmt/format.h>

#include "compiler/frontend/torch/tensor/element_types.h"
#include "compiler/frontend/torch/tensor/operations.h"
#include "compiler/frontend/torch/tensor/tracer_internals.h"

namespace lathe::torch {
namespace {

constexpr int kMaxListNesting = 64;
constexpr std::string_view kDtypeKind = "dtype";

/// The element type that a Python number has beside tensors; nothing for other values.
std::optional<ElementType> number_type(const Value& value) {
  if (std::holds_alternative<bool>(value)) return ElementType::Boolean;
  if (std::holds_alternative<Dim>(value)) return ElementType::I64;
  if (std::holds_alternative<double>(value)) return ElementType::F32;
  return std::nullopt;
}

/// c10's combine_categories: `lower` only counts when its category is above that of `higher`.
std::optional<ElementType> combine(std::optional<ElementType> higher, std::optional<ElementType> lower) {
  if (!higher) return lower;
  if (!lower || is_float(*higher)) return higher;
  if (*higher == ElementType::Boolean || is_float(*lower)) return promote_types(*higher, *lower);
  return higher;
}

void promote_into(std::optional<ElementType>& all, ElementType element) {
  all = all ? promote_types(*all, element) : element;
}

/// The numbers of a nested list in row-major order.
struct FlatList {
  std::vector<Value> numbers;
  Shape dims;
};

class ListReader {
 public:
  ListReader(Tracer& tracer, LocationId where) : tracer_(tracer), evaluator_(tracer.evaluator()), where_(where) {}

  Result<FlatList> read(const Value& value) {
    std::vector<Value> level{value};
    FlatList flat;
    while (true) {
      LATHE_TRY(const bool nested, is_nested(level));
      if (!nested) break;
      if (flat.dims.size() == kMaxListNesting) {
        return evaluator_
            .error(where_, DiagnosticKind::BadArgument, "ValueError", "lists nest deeper than {} levels",
                   kMaxListNesting)
            .emit();
      }
      std::vector<Value> inner;
      std::optional<size_t> size;
      for (const Value& list : level) {
        LATHE_TRY(std::vector<Value> items, items_of(list));
        if (size && *size != items.size()) {
          return evaluator_
              .error(where_, DiagnosticKind::BadArgument, "ValueError",
                     "a list of axis {} has {} items, another one {}: a tensor needs equally long lists",
                     flat.dims.size(), *size, items.size())
              .emit();
        }
        size = items.size();
        LATHE_TRY_VOID(evaluator_.spend(items.size(), where_));
        inner.insert(inner.end(), items.begin(), items.end());
      }
      flat.dims.emplace_back(static_cast<int64_t>(*size));
      level = std::move(inner);
      if (level.empty()) break;
    }
    for (Value& number : level) {
      LATHE_TRY(Value plain, plain_number(number));
      flat.numbers.push_back(std::move(plain));
    }
    return flat;
  }

 private:
  [[nodiscard]] bool is_list(const Value& value) const {
    const Heap& heap = evaluator_.heap();
    return heap.as<ListObject>(value) != nullptr || heap.as<TupleObject>(value) != nullptr ||
           heap.as<RangeObject>(value) != nullptr;
  }
  [[nodiscard]] bool is_tensor_with_axes(const Value& value) const {
    const auto* tensor = std::get_if<TensorId>(&value);
    return tensor != nullptr && tracer_.rank(*tensor) > 0;
  }

  Result<bool> is_nested(const std::vector<Value>& level) {
    size_t lists = 0;
    for (const Value& value : level) {
      if (is_unknown(value)) return Failure{};
      if (is_list(value) || is_tensor_with_axes(value)) ++lists;
    }
    if (lists != 0 && lists != level.size()) {
      return evaluator_
          .error(where_, DiagnosticKind::BadArgument, "ValueError", "a tensor can't be made of numbers beside lists")
          .emit();
    }
    return lists != 0;
  }

  Result<std::vector<Value>> items_of(const Value& list) {
    if (is_list(list)) return evaluator_.iterate(list, where_);
    LATHE_TRY(const ConstantData data, tracer_.known(std::get<TensorId>(list), where_));
    if (data.type.rank() != 1) {
      return evaluator_
          .error(where_, DiagnosticKind::BadArgument, "ValueError",
                 "only one element tensors can be converted to Python scalars: an item has the shape {}",
                 Tracer::shape_text(data.type.dims))
          .emit();
    }
    std::vector<Value> items;
    for (int64_t i = 0; i < data.element_count(); ++i) items.push_back(number_at(data, i));
    return items;
  }

  [[nodiscard]] static Value number_at(const ConstantData& data, int64_t i) {
    if (is_float(data.type.element)) return element_as_double(data, i);
    if (data.type.element == ElementType::Boolean) return element_as_integer(data, i) != 0;
    return Dim(element_as_integer(data, i));
  }

  Result<Value> plain_number(const Value& value) {
    if (number_type(value)) return value;
    if (const auto* tensor = std::get_if<TensorId>(&value)) {
      LATHE_TRY(const ValueId graph_value, tracer_.value(*tensor));
      const auto& known = tracer_.module().graph.value(graph_value).known;
      if (known && known->size() == 1 && known->front().valid() && is_integer(tracer_.element(*tensor))) {
        return Value(known->front());
      }
      LATHE_TRY(const ConstantData data, tracer_.known(*tensor, where_));
      return number_at(data, 0);
    }
    return evaluator_
        .error(where_, DiagnosticKind::BadArgument, "TypeError", "a tensor is made of numbers, not of {}",
               evaluator_.describe(value))
        .emit();
  }

  Tracer& tracer_;
  Evaluator& evaluator_;
  LocationId where_;
};

double as_double(const Value& number) {
  if (const auto* truth = std::get_if<bool>(&number)) return *truth ? 1 : 0;
  if (const auto* integer = std::get_if<Dim>(&number)) return static_cast<double>(integer->as_constant().value_or(0));
  return std::get<double>(number);
}

int64_t as_integer(const Value& number) {
  if (const auto* truth = std::get_if<bool>(&number)) return *truth ? 1 : 0;
  if (const auto* integer = std::get_if<Dim>(&number)) return integer->as_constant().value_or(0);
  const double real = std::get<double>(number);
  constexpr double kLimit = 9.2e18;
  return real > -kLimit && real < kLimit ? static_cast<int64_t>(real) : 0;
}

}  // namespace

ElementType result_type(Tracer& tracer, std::span<const Value> operands) {
  std::optional<ElementType> with_axes;
  std::optional<ElementType> without_axes;
  std::optional<ElementType> numbers;
  for (const Value& operand : operands) {
    if (const auto* tensor = std::get_if<TensorId>(&operand)) {
      promote_into(tracer.rank(*tensor) > 0 ? with_axes : without_axes, tracer.element(*tensor));
    } else if (const auto number = number_type(operand)) {
      promote_into(numbers, *number);
    }
  }
  return combine(with_axes, combine(without_axes, numbers)).value_or(ElementType::F32);
}

ElementType Tracer::promoted(const Value& left, const Value& right) {
  const Value both[] = {left, right};
  return result_type(*this, both);
}

Result<ValueId> Tracer::integer_value(const Dim& integer) {
  GraphBuilder& builder = this->builder();
  if (const auto constant = integer.as_constant()) return builder.scalar_integer(ElementType::I64, *constant);
  const SymbolTable& symbols = module().symbols;
  if (!integer.valid()) {
    return tensor_error(*this, DiagnosticKind::SizeOverflow, "RuntimeError", "a number is beyond 64 bits").emit();
  }
  // A size is what `shape_of` says of a tensor that has it; smaller numbers are sizes less what they lack.
  Dim size = integer;
  const int64_t lower = symbols.interval(integer).lower;
  constexpr int64_t kLowest = -(int64_t{1} << 40);
  if (lower < kLowest) {
    if (!symbols.known_le(integer, 0)) {
      evaluator().unsupported(here(),
                              fmt::format("the number `{}`, of unknown sign, as a tensor", integer.python_text()));
      return Failure{};
    }
    size = -integer;
  } else if (lower < 0) {
    size = integer - lower;
  }
  LATHE_TRY(const ValueId line, builder.one("iota", {}, {{"dims", Shape{size}}, {"axis", int64_t{0}}}));
  LATHE_TRY(const ValueId dims, builder.one("shape_of", {line}));
  LATHE_TRY(const ValueId scalar, builder.reshape(dims, {}));
  if (lower < kLowest) return builder.one("neg", {scalar});
  if (lower >= 0) return scalar;
  LATHE_TRY(const ValueId offset, builder.scalar_integer(ElementType::I64, lower));
  return builder.one("add", {scalar, offset});
}

Result<ValueId> Tracer::operand_as(const Value& value, ElementType element, LocationId where) {
  if (const auto* tensor = std::get_if<TensorId>(&value)) {
    LATHE_TRY(const ValueId graph_value, this->value(*tensor));
    return builder().cast(graph_value, element);
  }
  if (is_unknown(value)) return Failure{};
  if (!number_type(value)) {
    LATHE_TRY(const TensorId never, expect_tensor(evaluator(), value, "the operation", where));
    return this->value(never);
  }
  if (const auto* integer = std::get_if<Dim>(&value); integer != nullptr && !integer->is_constant()) {
    LATHE_TRY(const ValueId scalar, integer_value(*integer));
    return builder().cast(scalar, element);
  }
  if (is_float(element)) return builder().scalar(element, as_double(value));
  if (element == ElementType::Boolean) return builder().scalar_integer(element, as_double(value) != 0 ? 1 : 0);
  return builder().scalar_integer(element, as_integer(value));
}

Result<ValueId> Tracer::operand(const Value& value, TensorId with, LocationId where) {
  const Value both[] = {value, Value(with)};
  return operand_as(value, result_type(*this, both), where);
}

Result<TensorId> Tracer::from_python(const Value& value, std::optional<ElementType> element, LocationId where) {
  if (const auto* tensor = std::get_if<TensorId>(&value)) {
    return cast_operation(*this, *tensor, element.value_or(this->element(*tensor)));
  }
  LATHE_TRY(const FlatList flat, ListReader(*this, where).read(value));
  std::optional<ElementType> natural;
  bool symbolic = false;
  for (const Value& number : flat.numbers) {
    promote_into(natural, *number_type(number));
    const auto* integer = std::get_if<Dim>(&number);
    symbolic |= integer != nullptr && !integer->is_constant();
  }
  const TensorType type{element.value_or(natural.value_or(ElementType::F32)), flat.dims};
  if (symbolic) {
    std::vector<ValueId> parts;
    for (const Value& number : flat.numbers) {
      LATHE_TRY(const ValueId scalar, operand_as(number, type.element, where));
      LATHE_TRY(const ValueId part, builder().reshape(scalar, {Dim(1)}));
      parts.push_back(part);
    }
    LATHE_TRY(const ValueId line, builder().one("concat", std::move(parts), {{"axis", int64_t{0}}}));
    LATHE_TRY(const ValueId shaped, builder().reshape(line, type.dims));
    return add(shaped);
  }
  ConstantData data;
  if (is_float(type.element)) {
    std::vector<double> numbers;
    for (const Value& number : flat.numbers) numbers.push_back(as_double(number));
    data = constant_from_doubles(type, numbers);
  } else {
    std::vector<int64_t> numbers;
    for (const Value& number : flat.numbers) {
      numbers.push_back(type.element == ElementType::Boolean ? int64_t{as_double(number) != 0} : as_integer(number));
    }
    data = constant_from_integers(type, numbers);
  }
  LATHE_TRY(const ValueId constant, builder().constant(std::move(data)));
  return add(constant);
}

std::optional<ElementType> Tracer::dtype(const Value& value) {
  const auto* token = evaluator().heap().as<TokenObject>(value);
  if (token == nullptr || token->kind != kDtypeKind) return std::nullopt;
  for (const DtypeName& row : dtype_names()) {
    if (token->text == dtype_text(row.element)) return row.element;
  }
  return std::nullopt;
}

Value Tracer::dtype_value(ElementType element) { return dtype_value(evaluator(), element); }

Value Tracer::dtype_value(Evaluator& evaluator, ElementType element) {
  const auto found = internals_->dtypes.find(element);
  if (found != internals_->dtypes.end()) return found->second;
  const ObjectId token = evaluator.heap().add(TokenObject{std::string(kDtypeKind), dtype_text(element)});
  internals_->dtypes.emplace(element, token);
  return token;
}

Value Tracer::size_value(const Shape& dims) {
  std::vector<Value> items(dims.begin(), dims.end());
  ObjectId& type = internals_->size_class;
  if (!type.valid()) type = evaluator().library_object("torch.Size");
  return evaluator().heap().add(TupleObject{std::move(items), type});
}

}  // namespace lathe::torch
