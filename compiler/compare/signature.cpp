// Runs a side and sketches its values.
#include "compiler/compare/signature.h"

#include <algorithm>
#include <cmath>

#include "compiler/compare/random.h"

namespace lathe::comparison {
namespace {

ConstantData borrowed(const Tensor& tensor) {
  ConstantData result;
  result.type.element = tensor.element();
  for (const int64_t size : tensor.dims()) result.type.dims.emplace_back(size);
  result.bytes = tensor.bytes();
  return result;
}

// The signs of the sums for one position, a bit for each.
uint64_t signs_at(uint64_t position) { return Random(position).next(); }

std::vector<TensorView> views_of(const Side& side, bool is_a, const InputPlan& plan,
                                 const std::vector<Tensor>& arrays) {
  std::vector<TensorView> views(side.module.graph.inputs().size());
  for (size_t i = 0; i < plan.inputs.size(); ++i) {
    const std::optional<size_t> index = is_a ? plan.inputs[i].a : plan.inputs[i].b;
    if (index) views[*index] = arrays[i].view();
  }
  return views;
}

Result<CompiledModel> compile_with(const Side& side, std::span<const ValueId> values, const CompileOptions& options,
                                   Diagnostics& diagnostics) {
  Module copy = clone_module(side.module);
  const NodeId last = copy.graph.region(Graph::root()).last;
  for (const ValueId value : values) copy.graph.add_operand(last, value);
  Diagnostics found;
  Result<CompiledModel> model = compile(std::move(copy), options, found);
  if (model.ok()) return model;
  for (Diagnostic diagnostic : found.all()) {
    // Passes derive locations that only the copy knows.
    diagnostic.where = copy.locations.origin_id(diagnostic.where);
    for (Label& label : diagnostic.labels) label.where = copy.locations.origin_id(label.where);
    diagnostics.add(std::move(diagnostic));
  }
  return Failure{};
}

}  // namespace

Sketch sketch(const Tensor& tensor) {
  Sketch result;
  result.count = static_cast<int64_t>(tensor.element_count());
  if (tensor.element() == ElementType::String) return result;
  const ConstantData data = borrowed(tensor);
  double squares = 0;
  for (int64_t i = 0; i < result.count; ++i) {
    const double value = element_as_double(data, i);
    if (!std::isfinite(value)) {
      ++result.odd;
      continue;
    }
    squares += value * value;
    result.cubes += value * value * value;
    uint64_t signs = signs_at(static_cast<uint64_t>(i));
    for (double& sum : result.sums) {
      sum += (signs & 1u) != 0 ? value : -value;
      signs >>= 1u;
    }
  }
  result.length = std::sqrt(squares);
  return result;
}

bool agree(const Signature& a, const Signature& b, double tolerance) {
  for (size_t trial = 0; trial < kTrials; ++trial) {
    const Sketch& x = a[trial];
    const Sketch& y = b[trial];
    if (x.count != y.count || x.odd != y.odd) return false;
    const double allowed = tolerance * std::max(x.length, y.length);
    if (!(std::abs(x.length - y.length) <= allowed)) return false;
    for (size_t i = 0; i < Sketch::kSums; ++i) {
      if (!(std::abs(x.sums[i] - y.sums[i]) <= 2 * allowed)) return false;
    }
  }
  return true;
}

bool same_elements(const Signature& a, const Signature& b, double tolerance) {
  for (size_t trial = 0; trial < kTrials; ++trial) {
    const Sketch& x = a[trial];
    const Sketch& y = b[trial];
    if (x.count != y.count || x.odd != y.odd) return false;
    const double length = std::max(x.length, y.length);
    if (!(std::abs(x.length - y.length) <= tolerance * length)) return false;
    if (!(std::abs(x.cubes - y.cubes) <= 4 * tolerance * length * length * length)) return false;
  }
  return true;
}

Result<Runs> run_outputs(const Side& side, bool is_a, const InputPlan& plan,
                         std::span<const std::vector<Tensor>> arrays, const CompileOptions& options,
                         Diagnostics& diagnostics) {
  LATHE_TRY(const CompiledModel model, compile_with(side, {}, options, diagnostics));
  Runs runs;
  for (const std::vector<Tensor>& trial : arrays) {
    LATHE_TRY(std::vector<Tensor> outputs, model.run(views_of(side, is_a, plan, trial), diagnostics));
    runs.outputs.push_back(std::move(outputs));
  }
  return runs;
}

Status run_values(const Side& side, bool is_a, const InputPlan& plan, std::span<const std::vector<Tensor>> arrays,
                  std::span<const ValueId> values, const CompileOptions& options, Runs& runs,
                  Diagnostics& diagnostics) {
  const Graph& graph = side.module.graph;
  runs.signatures.resize(graph.value_table_size());
  const auto put = [&](ValueId value, size_t trial, const Tensor& tensor) {
    std::optional<Signature>& signature = runs.signatures[value.index];
    if (!signature) signature.emplace();
    (*signature)[trial] = sketch(tensor);
  };
  for (size_t trial = 0; trial < runs.outputs.size(); ++trial) {
    for (size_t i = 0; i < graph.outputs().size(); ++i) put(graph.outputs()[i], trial, runs.outputs[trial][i]);
  }
  constexpr int64_t kPortion = int64_t{1} << 26;
  size_t begin = 0;
  while (begin < values.size()) {
    size_t end = begin;
    for (int64_t elements = 0; end < values.size() && elements < kPortion; ++end) {
      const TensorType& type = graph.tensor(values[end]);
      elements += type.ranked ? type.element_count().as_constant().value_or(1) : 1;
    }
    const auto portion = values.subspan(begin, end - begin);
    LATHE_TRY(const CompiledModel model, compile_with(side, portion, options, diagnostics));
    const size_t own = graph.outputs().size();
    for (size_t trial = 0; trial < arrays.size(); ++trial) {
      LATHE_TRY(const std::vector<Tensor> results, model.run(views_of(side, is_a, plan, arrays[trial]), diagnostics));
      for (size_t i = 0; i < portion.size(); ++i) put(portion[i], trial, results[own + i]);
    }
    begin = end;
  }
  return {};
}

}  // namespace lathe::comparison
