// The tables behind the Tracer. Included by tracer*.cpp only.
//
// Tensors are rows; rows with the same storage see each other's changes. The base row of a storage holds its value; a
// view holds the value that it had at a version of the storage and is made again, from its own base on, when the
// storage has a newer one. A parameter or random tensor is a base row whose value is made when it is first wanted.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <unordered_map>

#include "compiler/frontend/torch/tensor/tracer.h"
#include "ir/graph/op.h"

namespace lathe::torch {

using StorageId = Id<struct StorageTag>;

/// What a parameter row knows beside its value.
struct ParameterRow {
  Initialization initialization;
  std::string name;
  bool is_parameter = false;
  bool is_final = false;  ///< the source was asked by name; in-place changes are part of the model from now on
};

struct RandomRow {
  std::optional<Initialization> initialization;
  std::string name;
  bool in_constructor = false;
};

struct TensorRow {
  TensorType type;
  ValueId value{};       ///< invalid while nobody wanted a parameter's or random tensor's
  uint32_t version = 0;  ///< of the storage, when `value` was made
  StorageId storage{};
  TensorId base{};           ///< invalid for the base of a storage
  std::vector<Dim> strides;  ///< unused when dense
  bool dense = true;         ///< row-major without gaps
  bool alias = false;        ///< the same elements as the base in the same order
  Tracer::Remake remake;
  Tracer::Write write;
  std::unique_ptr<ParameterRow> parameter;
  std::unique_ptr<RandomRow> random;
  LocationId where;
};

/// Rows stay where they are while others are added.
class TensorTable {
 public:
  TensorId push_back(TensorRow row) {
    rows_.push_back(std::move(row));
    return TensorId(rows_.size() - 1);
  }
  [[nodiscard]] std::deque<TensorRow>& rows() { return rows_; }
  [[nodiscard]] TensorRow& operator[](TensorId id) { return rows_[id.index]; }
  [[nodiscard]] const TensorRow& operator[](TensorId id) const { return rows_[id.index]; }

 private:
  std::deque<TensorRow> rows_;
};

struct Tracer::Internals {
  Internals(Module& m, ParameterSource& s) : module(m), source(s) {}

  Module& module;
  ParameterSource& source;
  Evaluator* evaluator = nullptr;
  std::optional<GraphBuilder> builder;
  TensorTable tensors;
  IdVector<StorageId, uint32_t> versions;
  std::vector<RandomInput> random_inputs;
  std::map<std::string, uint32_t, std::less<>> random_names;
  std::map<ElementType, ObjectId> dtypes;
  ObjectId tensor_class{};
  ObjectId size_class{};
  std::unordered_map<ValueId, std::shared_ptr<const HostTensor>> known;

  TensorId add_row(TensorRow row);
  /// The value of a base row, made now if need be.
  Result<ValueId> base_value(Tracer& tracer, TensorId tensor);
  Result<ValueId> parameter_value(Tracer& tracer, TensorId tensor);
  Result<ValueId> random_value(Tracer& tracer, TensorId tensor);
  /// The parameter behind a row: itself or what it is an alias of; an invalid id when there is none.
  [[nodiscard]] TensorId parameter_behind(TensorId tensor) const;
};

/// Row-major strides in elements.
[[nodiscard]] std::vector<Dim> dense_strides(const Shape& dims);

}  // namespace lathe::torch
