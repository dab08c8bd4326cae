// Window functions of signal processing: a0 - a1 cos(2 pi n / size) + a2 cos(4 pi n / size).
#include <numbers>
#include <optional>

#include "compiler/frontend/onnx/formula.h"
#include "compiler/frontend/onnx/operators.h"
#include "compiler/frontend/onnx/tensor.h"

namespace lathe::onnx {
namespace {

struct Coefficients {
  double a0;
  double a1;
  double a2;
};

Outputs build_window(NodeContext& context, const Coefficients& coefficients) {
  LATHE_TRY(const Shape size, context.known_dims(0, "size"));
  if (size.size() != 1) LATHE_TRY_VOID(context.require_rank(0, 0));
  const int64_t given = context.integer("output_datatype", 1);
  const std::optional<ElementType> element =
      given > 0 && given < 100 ? element_type(static_cast<int32_t>(given)) : std::nullopt;
  if (!element) return context.unsupported("the element type {}", given);

  constexpr ElementType kWide = ElementType::F32;
  Formula f(context);
  const ValueId whole = f.cast(f.reshape(context.input(0), {}), kWide);
  const ValueId period = context.flag("periodic", true) ? whole : f.sub(whole, f.number(kWide, 1));
  const ValueId step = f.div(f.number(kWide, 2 * std::numbers::pi), period);
  const ValueId angle = f.mul(f.iota({size.front()}, 0, kWide), step);
  const ValueId wave = f.mul(f.number(kWide, coefficients.a1), f.op("cos", {angle}));
  ValueId result = f.sub(f.number(kWide, coefficients.a0), wave);
  if (coefficients.a2 != 0) {
    const ValueId doubled = f.op("cos", {f.mul(angle, f.number(kWide, 2))});
    result = f.add(result, f.mul(f.number(kWide, coefficients.a2), doubled));
  }
  return f.result({f.cast(result, *element)});
}

Outputs import_hann(NodeContext& context) { return build_window(context, {.a0 = 0.5, .a1 = 0.5, .a2 = 0}); }
Outputs import_hamming(NodeContext& context) {
  return build_window(context, {.a0 = 25.0 / 46.0, .a1 = 21.0 / 46.0, .a2 = 0});
}
Outputs import_blackman(NodeContext& context) { return build_window(context, {.a0 = 0.42, .a1 = 0.5, .a2 = 0.08}); }

constexpr std::string_view kWindowAttributes = "output_datatype:i periodic:i";

constexpr OperatorRow kSignals[] = {
    {.name = "BlackmanWindow", .since = 17, .handler = import_blackman, .attributes = kWindowAttributes},
    {.name = "HammingWindow", .since = 17, .handler = import_hamming, .attributes = kWindowAttributes},
    {.name = "HannWindow", .since = 17, .handler = import_hann, .attributes = kWindowAttributes},
};

}  // namespace

std::span<const OperatorRow> signal_operators() { return kSignals; }

}  // namespace lathe::onnx
