// The tracer: tensors of an evaluated program, recorded as values of a graph.
//
// Every operation on a tensor appends nodes to the module through the GraphBuilder and gives a new row of the table of
// tensors. A row knows its graph value, its strides (so that `view` fails where PyTorch's does) and its storage: rows
// made by view operations share the storage of their base, and an operation in place updates what all of them see.
// Parameters and buffers are rows whose graph constant is made at their first use, when their name is known.
// The tracer is the evaluator's Host. The library's tables (torch_*.cpp, nn_*.cpp) build through it.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/frontend/torch/python/evaluator.h"
#include "ir/graph/builder.h"

namespace lathe::torch {

/// How PyTorch fills a parameter that no weights file gives. Uniform is in [-bound, bound).
struct Initialization {
  enum class Kind : uint8_t { Zeros, Ones, Uniform, Normal, Constant, Computed };
  Kind kind = Kind::Zeros;
  double bound = 0;    ///< of Uniform; the standard deviation of Normal; the number of Constant
  ValueId computed{};  ///< of Computed: the value it was constructed from, made of constants
};

/// Gives the elements of parameters by their dotted names. Made by the driver from a weights file or a seed.
class ParameterSource {
 public:
  virtual ~ParameterSource() = default;
  /// The constant for a parameter or buffer; `absent` data where nobody will read it (lathe check). Computed
  /// initialisations are only asked for when a weights file is there; nothing then means: keep the computed value.
  virtual std::optional<ConstantData> parameter(const std::string& name, const TensorType& type,
                                                const Initialization& initialization) = 0;
};

class Tracer final : public Host {
 public:
  /// Both must outlive the tracer. Graph nodes are appended to the root region of `module`; faults of inference go to
  /// the Diagnostics of the evaluator.
  Tracer(Module& module, ParameterSource& parameters);
  ~Tracer() override;
  /// Must be called once, before anything is traced.
  void attach(Evaluator& evaluator);

  [[nodiscard]] Evaluator& evaluator();
  /// Set to the location of the expression and the name of the layer that are evaluated now (see layers()).
  [[nodiscard]] GraphBuilder& builder();
  [[nodiscard]] Module& module();

  // ----------------------------------------------------------------------------------------------- layers (for nn/)
  /// One call of a module that is under way. `where` is set for layers of the library: the place that their nodes get;
  /// invalid for the user's own modules, whose nodes get the place of the expression.
  struct LayerScope {
    std::string name;  ///< dotted; "" when nobody has named the module
    LocationId where;
  };
  /// Outermost first. nn.Module's call keeps them; builder() reads the last.
  [[nodiscard]] std::vector<LayerScope>& layers() { return layers_; }
  /// What the library of layers keeps for one evaluation; made by it at first use.
  struct LayerState {
    virtual ~LayerState() = default;
  };
  [[nodiscard]] std::unique_ptr<LayerState>& layer_state() { return layer_state_; }

  // -------------------------------------------------------------------------------------------------------- the table
  /// A new dense tensor for a graph value.
  TensorId add(ValueId value);
  /// A tensor that shares the storage of `base`: `value` was made from it by the view operation `remake`, which makes
  /// the same view of another version of the base; `write` makes a new base from the old one and a changed view.
  /// `strides` are in elements; invalid Dims where they are not known.
  using Remake = std::function<Result<ValueId>(Tracer&, ValueId base)>;
  using Write = std::function<Result<ValueId>(Tracer&, ValueId base, ValueId view)>;
  TensorId add_view(TensorId base, ValueId value, std::vector<Dim> strides, Remake remake, Write write);
  /// Another name of the same elements (detach(), .data): no parameter itself, but what changes it changes `base`.
  TensorId add_alias(TensorId base);
  /// The graph value that the tensor stands for now (parameters are made, views of changed bases are made again).
  Result<ValueId> value(TensorId tensor);
  /// The same where it is there already; makes nothing, neither parameters nor views.
  [[nodiscard]] std::optional<ValueId> present_value(TensorId tensor) const;
  /// An operation in place: everything that shares the storage sees the new value. A dtype or shape that differs from
  /// the tensor's is reported as PyTorch does.
  Status assign(TensorId tensor, ValueId value);
  /// An operation that changes the shape of the tensor itself (unsqueeze_): from now on `tensor` is what `view`, a view
  /// of it, is. Views of the old shape stay.
  void become_view(TensorId tensor, TensorId view);
  [[nodiscard]] const TensorType& type(TensorId tensor) const;
  [[nodiscard]] const Shape& dims(TensorId tensor) const { return type(tensor).dims; }
  [[nodiscard]] int rank(TensorId tensor) const { return type(tensor).rank(); }
  [[nodiscard]] ElementType element(TensorId tensor) const { return type(tensor).element; }
  /// In elements; of a dense row-major tensor unless a view changed them.
  [[nodiscard]] std::vector<Dim> strides(TensorId tensor) const;
  [[nodiscard]] bool is_contiguous(TensorId tensor) const;
  /// Where the nearest view that made the tensor non-contiguous was taken; invalid when it is contiguous.
  [[nodiscard]] LocationId reordered_at(TensorId tensor) const;
  /// "(2, 3, H)"
  [[nodiscard]] std::string shape_text(TensorId tensor) const;
  [[nodiscard]] static std::string shape_text(const Shape& dims);
  /// Where faults of now belong: the place of the innermost library layer, else the expression.
  [[nodiscard]] LocationId here();

  // ------------------------------------------------------------------------------------------------------- parameters
  /// A tensor that weights may give; `is_parameter` is false for buffers.
  TensorId add_parameter(TensorType type, Initialization initialization, bool is_parameter, LocationId where);
  [[nodiscard]] bool is_parameter(TensorId tensor) const;  ///< nn.Parameter, not a buffer
  /// How a parameter or buffer is filled without weights; nothing for other tensors.
  [[nodiscard]] std::optional<Initialization> initialization(TensorId tensor) const;
  /// The dotted name that a weights file uses; the first one that is set stays. Until then a parameter that is read
  /// stands for its initial value.
  void set_parameter_name(TensorId tensor, std::string name);
  /// Gives a parameter (or an alias of one) other initial values: nn.init, `weight.data.normal_()`. For other tensors
  /// the new values are written in place.
  Status set_initialization(TensorId tensor, Initialization initialization);

  // --------------------------------------------------------------------------------------------------- random numbers
  /// A tensor of random numbers: an input of the graph from its first use on. Made while an `__init__` runs it is a
  /// constant of the ParameterSource instead (asked for by the name "" and the initialization).
  TensorId add_random(TensorType type, std::optional<Initialization> initialization, std::string_view name,
                      LocationId where);
  /// How a random tensor is filled, when nothing has used or changed it yet: for nn.Parameter(torch.randn(...)).
  [[nodiscard]] std::optional<Initialization> random_initialization(TensorId tensor) const;
  struct RandomInput {
    TensorId tensor;
    ValueId value;  ///< the input; named for the function, `randn`, `randn.1` ...
    LocationId where;
  };
  /// The random tensors that became inputs, in the order of the graph's inputs.
  [[nodiscard]] const std::vector<RandomInput>& random_inputs() const;

  // ------------------------------------------------------------------------------------------------------------ values
  /// The Python int, float, bool or (nested) list as a constant tensor; the dtype as torch.tensor chooses it unless
  /// given.
  Result<TensorId> from_python(const Value& value, std::optional<ElementType> element, LocationId where);
  /// The element type of a torch.dtype value.
  [[nodiscard]] std::optional<ElementType> dtype(const Value& value);
  [[nodiscard]] Value dtype_value(ElementType element);
  /// The same while the evaluator is being made.
  [[nodiscard]] Value dtype_value(Evaluator& evaluator, ElementType element);
  [[nodiscard]] Value size_value(const Shape& dims);  ///< torch.Size
  /// An integer as an i64[] value: a constant, or computed from sizes.
  Result<ValueId> integer_value(const Dim& integer);
  /// A tensor or a number as a graph value of type promotion with `with`: numbers take the tensor's dtype as PyTorch
  /// does.
  Result<ValueId> operand(const Value& value, TensorId with, LocationId where);
  /// A tensor or a number as a graph value of the given element type.
  Result<ValueId> operand_as(const Value& value, ElementType element, LocationId where);
  /// PyTorch's result type of two operands, of which at least one is a tensor.
  [[nodiscard]] ElementType promoted(const Value& left, const Value& right);
  /// Elements of a tensor that depends on constants alone, computed now; LT0511 when it depends on more.
  Result<ConstantData> known(TensorId tensor, LocationId where);
  /// The same without a fault when it depends on more.
  Result<std::optional<ConstantData>> known_if_constant(TensorId tensor);

  // -------------------------------------------------------------------------------------------------------------- Host
  std::optional<Result<Value>> tensor_attribute(Evaluator& evaluator, TensorId tensor, NameId name) override;
  Status set_tensor_attribute(Evaluator& evaluator, TensorId tensor, NameId name,
                              const lathe::torch::Value& value) override;
  Result<Value> binary(Evaluator& evaluator, BinaryOp op, const Value& left, const Value& right) override;
  Result<Value> binary_in_place(Evaluator& evaluator, BinaryOp op, TensorId left, const Value& right) override;
  Result<Value> compare(Evaluator& evaluator, CompareOp op, const Value& left, const Value& right) override;
  Result<Value> unary(Evaluator& evaluator, UnaryOp op, TensorId operand) override;
  Result<Value> get_item(Evaluator& evaluator, TensorId tensor, const Value& index) override;
  Status set_item(Evaluator& evaluator, TensorId tensor, const Value& index, const Value& value) override;
  Result<std::vector<Value>> iterate(Evaluator& evaluator, TensorId tensor) override;
  Result<Dim> length(Evaluator& evaluator, TensorId tensor) override;
  Result<Value> element(Evaluator& evaluator, TensorId tensor) override;
  std::string text(TensorId tensor) override;
  ObjectId tensor_class(Evaluator& evaluator, TensorId tensor) override;

 private:
  struct Internals;  ///< tracer_internals.h
  std::unique_ptr<Internals> internals_;
  std::vector<LayerScope> layers_;
  std::unique_ptr<LayerState> layer_state_;
};

/// The tracer behind the evaluator of a native call.
[[nodiscard]] inline Tracer& tracer_of(Evaluator& evaluator) { return static_cast<Tracer&>(evaluator.host()); }

}  // namespace lathe::torch
