// Conversion and comparison of types.
#include "compiler/frontend/onnx/types.h"

#include <fmt/format.h>

#include <utility>

#include "compiler/frontend/onnx/tensor.h"

namespace lathe::onnx {
namespace {

bool is_identifier_character(char character) {
  return (character >= 'a' && character <= 'z') || (character >= 'A' && character <= 'Z') ||
         (character >= '0' && character <= '9') || character == '_' || character == '.';
}

/// Turns the types of one input; the nesting of containers is limited by the reader.
class InputTypes {
 public:
  InputTypes(std::string_view name, SymbolNames& symbols, LocationId where, Module& module, Diagnostics& diagnostics)
      : name_(name), symbols_(symbols), where_(where), module_(module), diagnostics_(diagnostics) {}

  Result<Type> convert(const TypeProto& proto, bool nested) {
    switch (proto.kind) {
      case TypeKind::Tensor: return tensor(proto, nested);
      case TypeKind::Sequence: {
        LATHE_TRY(Type element, contained(proto));
        return Type(sequence_of(std::move(element)));
      }
      case TypeKind::Optional: {
        LATHE_TRY(Type element, contained(proto));
        return Type(optional_of(std::move(element)));
      }
      case TypeKind::None:
        return diagnostics_.report(DiagnosticKind::ModelMalformed, where_, "input `{}` has no type", name_).emit();
      case TypeKind::Map: return unsupported("maps");
      case TypeKind::SparseTensor: return unsupported("sparse tensors");
    }
    return Failure{};
  }

 private:
  Failure unsupported(std::string_view what) {
    return diagnostics_
        .report(DiagnosticKind::Unsupported, where_, "input `{}` is of a kind that is not supported: {}", name_, what)
        .emit();
  }

  Result<Type> contained(const TypeProto& proto) {
    if (proto.element.empty() || proto.element.front().kind == TypeKind::None) {
      return diagnostics_.report(DiagnosticKind::ModelMalformed, where_, "input `{}` has no element type", name_)
          .emit();
    }
    return convert(proto.element.front(), true);
  }

  Result<Type> tensor(const TypeProto& proto, bool nested) {
    const std::optional<ElementType> element = element_type(proto.element_type);
    if (!element) return unsupported("elements of " + data_type_name(proto.element_type));
    TensorType type{*element, {}, true};
    if (!proto.has_shape) {
      if (nested) {
        type.ranked = false;
        return Type(std::move(type));
      }
      return diagnostics_.report(DiagnosticKind::Unsupported, where_, "input `{}` has no shape", name_)
          .note(fmt::format("give it one: -i {}={}[...]", name_, text(*element)))
          .emit();
    }
    if (proto.shape.size() > kMaxRank) return unsupported(fmt::format("tensors of {} axes", proto.shape.size()));
    for (size_t axis = 0; axis < proto.shape.size(); ++axis) {
      LATHE_TRY(Dim dim, dimension(proto.shape[axis], axis));
      type.dims.push_back(module_.origins.declared(dim, fmt::format("axis {} of input `{}`", axis, name_), where_));
    }
    const Dim count = type.element_count();
    const bool fits = count.valid() && (!count.is_constant() || *element == ElementType::String ||
                                        storage_bytes(*element, count.constant()).value_or(kTooLarge) < kTooLarge);
    if (!fits) {
      return diagnostics_
          .report(DiagnosticKind::SizeOverflow, where_, "input `{}` of type `{}` is larger than can be addressed",
                  name_, text(type))
          .emit();
    }
    return Type(std::move(type));
  }

  Result<Dim> dimension(const Dimension& dimension, size_t axis) {
    if (!dimension.value) {
      return dimension.param.empty() ? symbols_.fresh(name_, axis) : symbols_.named(dimension.param);
    }
    if (*dimension.value >= 0) return Dim(*dimension.value);
    return diagnostics_
        .report(DiagnosticKind::NegativeDimension, where_, "axis {} of input `{}` has the size {}", axis, name_,
                *dimension.value)
        .emit();
  }

  static constexpr uint64_t kTooLarge = uint64_t{1} << 62u;

  std::string_view name_;
  SymbolNames& symbols_;
  LocationId where_;
  Module& module_;
  Diagnostics& diagnostics_;
};

}  // namespace

std::string identifier(std::string_view text) {
  std::string result;
  for (const char character : text) result += is_identifier_character(character) ? character : '_';
  const bool starts_well = !result.empty() && result.front() != '.' && (result.front() < '0' || result.front() > '9');
  return starts_well ? result : "_" + result;
}

Dim SymbolNames::declare(const std::string& base) {
  const std::string name = module_->symbols.find(base) == nullptr ? base : module_->symbols.fresh_name(base);
  module_->symbols.declare(name);
  return Dim::symbol(name);
}

Dim SymbolNames::named(std::string_view param) {
  const auto known = symbols_.find(std::string(param));
  if (known != symbols_.end()) return Dim::symbol(known->second);
  const Dim symbol = declare(identifier(param));
  symbols_.emplace(param, *symbol.as_symbol());
  return symbol;
}

Dim SymbolNames::fresh(std::string_view input, size_t axis) {
  return declare(fmt::format("{}_{}", identifier(input), axis));
}

Result<Type> input_type(const ValueInfo& input, SymbolNames& symbols, LocationId where, Module& module,
                        Diagnostics& diagnostics) {
  return InputTypes(input.name, symbols, where, module, diagnostics).convert(input.type, false);
}

void check_declared_type(const TypeProto& declared, std::string_view what, ValueId value, const Module& module,
                         LocationId where, Diagnostics& diagnostics) {
  const TensorType* inferred = module.graph.value(value).type.as_tensor();
  if (declared.kind != TypeKind::Tensor || inferred == nullptr) return;
  const auto report = [&](std::string_view declared_text) {
    return diagnostics.report(DiagnosticKind::DeclaredTypeMismatch, where, "{} is declared as `{}`, but it is `{}`",
                              what, declared_text, text(*inferred));
  };
  std::string shape;
  for (const Dimension& dimension : declared.shape) {
    if (!shape.empty()) shape += ", ";
    if (dimension.value) {
      shape += fmt::format("{}", *dimension.value);
    } else {
      shape += dimension.param.empty() ? "?" : std::string(dimension.param);
    }
  }
  const std::optional<ElementType> element = element_type(declared.element_type);
  const std::string element_name = element ? std::string(text(*element)) : data_type_name(declared.element_type);
  const std::string declared_text = fmt::format("{}[{}]", element_name, declared.has_shape ? shape : "*");
  if (declared.element_type != 0 && element != inferred->element) {
    (void)report(declared_text).emit();
    return;
  }
  if (!declared.has_shape || !inferred->ranked) return;
  if (declared.shape.size() != inferred->dims.size()) {
    (void)report(declared_text).emit();
    return;
  }
  for (size_t axis = 0; axis < declared.shape.size(); ++axis) {
    const std::optional<int64_t> size = declared.shape[axis].value;
    if (!size || module.symbols.prove_eq(inferred->dims[axis], Dim(*size)) != Answer::No) continue;
    (void)report(declared_text).explain(module.origins, inferred->dims[axis]).emit();
    return;
  }
}

}  // namespace lathe::onnx
