// The table of tensors: values, storages and their versions, views.
#include "compiler/frontend/torch/tensor/tracer.h"

#include <fmt/format.h>

#include <algorithm>

#include "compiler/frontend/torch/tensor/operations.h"
#include "compiler/frontend/torch/tensor/tracer_internals.h"

namespace lathe::torch {

std::vector<Dim> dense_strides(const Shape& dims) {
  std::vector<Dim> strides(dims.size(), Dim(1));
  for (size_t axis = dims.size(); axis-- > 1;) {
    const Dim& size = dims[axis];
    strides[axis - 1] = size.is_constant(0) ? strides[axis] : strides[axis] * size;
  }
  return strides;
}

Tracer::Tracer(Module& module, ParameterSource& parameters)
    : internals_(std::make_unique<Internals>(module, parameters)) {}
Tracer::~Tracer() = default;

void Tracer::attach(Evaluator& evaluator) {
  internals_->evaluator = &evaluator;
  internals_->builder.emplace(internals_->module, evaluator.faults());
}

Evaluator& Tracer::evaluator() {
  LATHE_CHECK(internals_->evaluator != nullptr);
  return *internals_->evaluator;
}

Module& Tracer::module() { return internals_->module; }

LocationId Tracer::here() {
  if (!layers_.empty() && layers_.back().where.valid()) return layers_.back().where;
  return evaluator().current_location();
}

GraphBuilder& Tracer::builder() {
  LATHE_CHECK(internals_->builder.has_value());
  internals_->builder->set_location(here(), layers_.empty() ? std::string() : layers_.back().name);
  return *internals_->builder;
}

TensorId Tracer::Internals::add_row(TensorRow row) {
  if (!row.storage.valid()) row.storage = versions.push_back(0);
  return tensors.push_back(std::move(row));
}

TensorId Tracer::add(ValueId value) {
  TensorRow row;
  row.type = internals_->module.graph.tensor(value);
  row.value = value;
  row.where = here();
  return internals_->add_row(std::move(row));
}

TensorId Tracer::add_view(TensorId base, ValueId value, std::vector<Dim> strides, Remake remake, Write write) {
  TensorRow row;
  row.type = internals_->module.graph.tensor(value);
  row.value = value;
  row.storage = internals_->tensors[base].storage;
  row.version = internals_->versions[row.storage];
  row.base = base;
  row.dense = strides == dense_strides(row.type.dims);
  if (!row.dense) row.strides = std::move(strides);
  row.remake = std::move(remake);
  row.write = std::move(write);
  row.where = here();
  return internals_->add_row(std::move(row));
}

TensorId Tracer::add_alias(TensorId base) {
  TensorRow row;
  const TensorRow& from = internals_->tensors[base];
  row.type = from.type;
  row.storage = from.storage;
  row.value = from.value;
  row.version = from.version;
  row.base = base;
  row.dense = from.dense;
  row.strides = from.strides;
  row.alias = true;
  row.where = here();
  // Nothing has made the base's value yet: neither is there one of the alias.
  if (!row.value.valid()) row.version = Id<StorageTag>::kInvalid;
  return internals_->add_row(std::move(row));
}

Result<ValueId> Tracer::Internals::base_value(Tracer& tracer, TensorId tensor) {
  if (tensors[tensor].parameter != nullptr) return parameter_value(tracer, tensor);
  if (tensors[tensor].random != nullptr) return random_value(tracer, tensor);
  return tensors[tensor].value;
}

Result<ValueId> Tracer::value(TensorId tensor) {
  // From the row to the nearest one that is up to date, then back.
  std::vector<TensorId> stale;
  std::optional<ValueId> found;
  TensorId at = tensor;
  while (!found && internals_->tensors[at].base.valid()) {
    const TensorRow& row = internals_->tensors[at];
    if (row.value.valid() && row.version == internals_->versions[row.storage]) {
      found = row.value;
    } else {
      stale.push_back(at);
      at = row.base;
    }
  }
  if (!found) {
    LATHE_TRY(found, internals_->base_value(*this, at));
  }
  ValueId value = *found;
  const uint32_t version = internals_->versions[internals_->tensors[at].storage];
  for (size_t i = stale.size(); i-- > 0;) {
    if (!internals_->tensors[stale[i]].alias) {
      const Remake& remake = internals_->tensors[stale[i]].remake;
      LATHE_TRY(value, remake(*this, value));
    }
    TensorRow& row = internals_->tensors[stale[i]];
    row.value = value;
    row.version = version;
  }
  return value;
}

std::optional<ValueId> Tracer::present_value(TensorId tensor) const {
  for (TensorId at = tensor; at.valid(); at = internals_->tensors[at].base) {
    const TensorRow& row = internals_->tensors[at];
    if (row.value.valid() && (!row.base.valid() || row.version == internals_->versions[row.storage])) return row.value;
    if (!row.alias) break;
  }
  return std::nullopt;
}

Status Tracer::assign(TensorId tensor, ValueId value) {
  const TensorType& wanted = type(tensor);
  const TensorType& given = internals_->module.graph.tensor(value);
  if (given.element != wanted.element) {
    return tensor_error(*this, DiagnosticKind::ElementTypeMismatch, "RuntimeError",
                        fmt::format("a result of type {} can't be stored in place in a tensor of type {}",
                                    dtype_text(given.element), dtype_text(wanted.element)))
        .emit();
  }
  bool same = given.rank() == wanted.rank();
  for (size_t axis = 0; same && axis < given.dims.size(); ++axis) {
    same = internals_->module.symbols.prove_eq(given.dims[axis], wanted.dims[axis]) != Answer::No;
  }
  if (!same) {
    return tensor_error(*this, DiagnosticKind::BroadcastMismatch, "RuntimeError",
                        fmt::format("an operation in place can't change the shape {} to {}", shape_text(wanted.dims),
                                    shape_text(given.dims)))
        .emit();
  }
  std::vector<std::pair<TensorId, ValueId>> chain{{tensor, value}};
  while (internals_->tensors[chain.back().first].base.valid()) {
    const auto [at, changed] = chain.back();
    const TensorId base = internals_->tensors[at].base;
    if (internals_->tensors[at].alias) {
      chain.emplace_back(base, changed);
      continue;
    }
    LATHE_TRY(const ValueId old, this->value(base));
    const Write& write = internals_->tensors[at].write;
    LATHE_TRY(const ValueId written, write(*this, old, changed));
    chain.emplace_back(base, written);
  }
  const StorageId storage = internals_->tensors[tensor].storage;
  const uint32_t version = ++internals_->versions[storage];
  for (const auto& [at, changed] : chain) {
    internals_->tensors[at].value = changed;
    internals_->tensors[at].version = version;
  }
  TensorRow& root = internals_->tensors[chain.back().first];
  root.random.reset();
  if (root.parameter != nullptr && !root.parameter->is_final) {
    root.parameter->initialization = {.kind = Initialization::Kind::Computed, .computed = root.value};
  }
  return {};
}

void Tracer::become_view(TensorId tensor, TensorId view) {
  TensorTable& tensors = internals_->tensors;
  const TensorId old = tensors.push_back(std::move(tensors[tensor]));
  for (TensorRow& row : tensors.rows()) {
    if (row.base == tensor) row.base = old;
  }
  const TensorRow& from = tensors[view];
  TensorRow changed;
  changed.type = from.type;
  changed.value = from.value;
  changed.version = from.version;
  changed.storage = from.storage;
  changed.base = from.base;
  changed.strides = from.strides;
  changed.dense = from.dense;
  changed.alias = from.alias;
  changed.remake = from.remake;
  changed.write = from.write;
  changed.where = from.where;
  tensors[tensor] = std::move(changed);
}

const TensorType& Tracer::type(TensorId tensor) const { return internals_->tensors[tensor].type; }

std::vector<Dim> Tracer::strides(TensorId tensor) const {
  const TensorRow& row = internals_->tensors[tensor];
  return row.dense ? dense_strides(row.type.dims) : row.strides;
}

bool Tracer::is_contiguous(TensorId tensor) const {
  const TensorRow& row = internals_->tensors[tensor];
  if (row.dense) return true;
  Dim expected = 1;
  for (size_t axis = row.type.dims.size(); axis-- > 0;) {
    const Dim& size = row.type.dims[axis];
    if (size.is_constant(0)) return true;
    if (size.is_constant(1)) continue;
    if (!row.strides[axis].valid() || internals_->module.symbols.prove_eq(row.strides[axis], expected) != Answer::Yes) {
      return false;
    }
    expected *= size;
  }
  return true;
}

LocationId Tracer::reordered_at(TensorId tensor) const {
  LocationId where;
  for (TensorId at = tensor; at.valid() && !is_contiguous(at); at = internals_->tensors[at].base) {
    where = internals_->tensors[at].where;
  }
  return where;
}

std::string Tracer::shape_text(const Shape& dims) {
  std::string text = "(";
  for (size_t axis = 0; axis < dims.size(); ++axis) {
    if (axis != 0) text += ", ";
    text += dims[axis].python_text();
  }
  return text + (dims.size() == 1 ? ",)" : ")");
}

std::string Tracer::shape_text(TensorId tensor) const { return shape_text(dims(tensor)); }

}  // namespace lathe::torch
