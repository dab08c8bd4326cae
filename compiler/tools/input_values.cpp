// Reading of input files, and random data.
#include "compiler/tools/input_values.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <map>

#include "compiler/frontend/onnx/test_data.h"
#include "compiler/frontend/weights/npy.h"
#include "compiler/frontend/weights/npz.h"
#include "ir/base/display.h"

namespace lathe::tools {
namespace {

// SplitMix64: equal numbers on every machine and library.
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}
  uint64_t next() {
    state_ += 0x9E3779B97F4A7C15u;
    uint64_t value = state_;
    value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9u;
    value = (value ^ (value >> 27)) * 0x94D049BB133111EBu;
    return value ^ (value >> 31);
  }

 private:
  uint64_t state_;
};

using SymbolValues = std::map<std::string, int64_t>;

std::vector<int64_t> dims_of(const TensorType& type) {
  std::vector<int64_t> dims;
  for (const Dim& dim : type.dims) dims.push_back(dim.constant());
  return dims;
}

// Learns the sizes that an input's array gives to symbols; contradictions are for the model's own checks.
void learn_symbols(const Type& declared, const TensorType& given, SymbolValues& symbols) {
  const TensorType* tensor = declared.as_tensor();
  if (tensor == nullptr || tensor->dims.size() != given.dims.size()) return;
  for (size_t axis = 0; axis < tensor->dims.size(); ++axis) {
    const std::string* symbol = tensor->dims[axis].as_symbol();
    const auto size = given.dims[axis].as_constant();
    if (symbol != nullptr && size) symbols.emplace(*symbol, *size);
  }
}

Result<TensorType> random_type(const ModelPort& port, const SymbolValues& symbols, Diagnostics& diagnostics) {
  const TensorType* tensor = port.type.as_tensor();
  if (tensor == nullptr || !tensor->ranked) {
    return diagnostics
        .report(DiagnosticKind::Unsupported, port.location, "random data for input {} of type `{}`",
                quoted_name(port.name), text(port.type))
        .emit();
  }
  TensorType type{tensor->element, {}, true};
  for (const Dim& dim : tensor->dims) {
    const auto size = evaluate(dim, [&](const std::string& name) -> std::optional<int64_t> {
      const auto found = symbols.find(name);
      if (found == symbols.end()) return std::nullopt;
      return found->second;
    });
    if (!size) {
      return diagnostics
          .report(DiagnosticKind::InputMismatch, {}, "input {} is `{}`: its size `{}` must be given",
                  quoted_name(port.name), text(port.type), dim.python_text())
          .note(fmt::format("for instance with --dim {}=8, or with -i '{}=...'", dim.text(),
                            display_text(port.name, 100)))
          .emit();
    }
    type.dims.emplace_back(*size);
  }
  return type;
}

}  // namespace

ConstantData random_constant(const TensorType& type, uint64_t seed) {
  Random random(seed);
  const auto count = static_cast<size_t>(type.element_count().constant());
  if (type.element == ElementType::String) {
    ConstantData result;
    result.type = type;
    for (size_t i = 0; i < count; ++i) result.strings.push_back(fmt::format("s{}", random.next() % 10));
    return result;
  }
  std::vector<double> values(count);
  for (double& value : values) {
    const uint64_t bits = random.next();
    // The 24 high bits, so that every value is exact in f32.
    value = is_float(type.element)                 ? static_cast<double>(bits >> 40) * 0x1p-23 - 1
            : type.element == ElementType::Boolean ? static_cast<double>(bits >> 63)
                                                   : static_cast<double>((bits >> 32) % 10);
  }
  return constant_from_doubles(type, values);
}

Result<Tensor> to_tensor(const ConstantData& constant, Diagnostics& diagnostics) {
  Tensor tensor(constant.type.element, dims_of(constant.type));
  if (constant.type.element == ElementType::String) {
    tensor.strings() = constant.strings;
    return tensor;
  }
  if (!tensor.valid() && constant.element_count() != 0) {
    return diagnostics.report(DiagnosticKind::OutOfMemory, {}, "can't get the memory of `{}`", text(constant.type))
        .emit();
  }
  const std::span<std::byte> bytes = tensor.bytes();
  if (constant.splat) {
    for (size_t at = 0; at < bytes.size(); at += constant.bytes.size()) {
      std::memcpy(bytes.data() + at, constant.bytes.data(), constant.bytes.size());
    }
  } else if (!bytes.empty()) {
    LATHE_CHECK(constant.bytes.size() == bytes.size());
    std::memcpy(bytes.data(), constant.bytes.data(), bytes.size());
  }
  return tensor;
}

ConstantData borrow(const Tensor& tensor) {
  ConstantData result;
  result.type.element = tensor.element();
  for (const int64_t size : tensor.dims()) result.type.dims.emplace_back(size);
  result.bytes = tensor.bytes();
  result.strings = tensor.strings();
  return result;
}

Result<ConstantData> read_array(const std::string& path, const std::string& name, Diagnostics& diagnostics) {
  if (path.ends_with(".npy")) return weights::read_npy(path, diagnostics);
  if (path.ends_with(".pb")) return onnx::read_test_tensor(path, diagnostics);
  if (!path.ends_with(".npz")) {
    return diagnostics
        .report(DiagnosticKind::InputMismatch, {}, "{} is no file of arrays that Lathe reads", quoted_name(path))
        .note("inputs are .npy, .npz or ONNX .pb files, or types such as f32[1,3,224,224]")
        .emit();
  }
  LATHE_TRY(std::vector<ConstantData> arrays, weights::read_npz(path, diagnostics));
  const auto found =
      std::find_if(arrays.begin(), arrays.end(), [&](const ConstantData& row) { return row.name == name; });
  if (found != arrays.end()) return std::move(*found);
  if (arrays.size() == 1) return std::move(arrays.front());
  std::string list;
  for (const ConstantData& row : arrays) list += (list.empty() ? "" : ", ") + quoted_name(row.name);
  return diagnostics
      .report(DiagnosticKind::InputMismatch, {}, "{} has no array called {}", quoted_name(path), quoted_name(name))
      .note("its arrays are " + list)
      .emit();
}

Result<std::vector<Tensor>> input_values(std::span<const ModelPort> ports, std::span<const InputArgument> arguments,
                                         std::span<const NamedSize> sizes, uint64_t seed, Diagnostics& diagnostics) {
  std::vector<std::string> names;
  for (const ModelPort& port : ports) names.push_back(port.name);
  LATHE_TRY(const std::vector<size_t> indices, match_inputs(arguments, names, diagnostics));
  SymbolValues symbols(sizes.begin(), sizes.end());
  std::vector<std::optional<ConstantData>> given(ports.size());
  for (size_t i = 0; i < arguments.size(); ++i) {
    const ModelPort& port = ports[indices[i]];
    if (arguments[i].path() == nullptr) {
      learn_symbols(port.type, *arguments[i].type(), symbols);
      continue;
    }
    LATHE_TRY(given[indices[i]], read_array(*arguments[i].path(), port.name, diagnostics));
    learn_symbols(port.type, given[indices[i]]->type, symbols);
  }
  std::vector<Tensor> result;
  for (size_t i = 0; i < ports.size(); ++i) {
    if (!given[i]) {
      LATHE_TRY(const TensorType type, random_type(ports[i], symbols, diagnostics));
      const auto count = type.element_count().as_constant();
      constexpr int64_t kMost = int64_t{1} << 34;
      if (!count || *count > kMost) {
        return diagnostics
            .report(DiagnosticKind::OutOfMemory, {}, "input {} of type `{}` is too large", quoted_name(ports[i].name),
                    text(type))
            .emit();
      }
      given[i] = random_constant(type, seed * 1000003 + i);
    }
    LATHE_TRY(Tensor tensor, to_tensor(*given[i], diagnostics));
    given[i].reset();
    result.push_back(std::move(tensor));
  }
  return result;
}

}  // namespace lathe::tools
