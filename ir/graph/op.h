// Op rows: what an operation is. One row per operation, in ops/<family>.cpp, is the only place that knows it.
//
// A row has a name, documentation, operands, attributes, traits, one inference function and one of a closed set of
// semantic forms. Passes, interpreters and lowering switch on the form, never on the name. Forms describe an operation
// on demand: a scalar expression (Elementwise), a reduction over an iteration space with index maps (Reduce, Contract,
// Window), pieces of an index map (Move, Index), an equivalent made of other rows (Decompose), or a named runtime
// kernel with a plain reference (Call). Index maps are Dims over axis symbols: see axis_symbol().
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "ir/graph/graph.h"
#include "ir/scalar/expression.h"

namespace lathe {

class GraphBuilder;
class InferContext;

// ---- operands, results, traits

enum class OperandKind : uint8_t { Required, Optional, Variadic };

struct OperandDef {
  std::string_view name;
  ElementSet elements;  ///< of a tensor operand; ignored when `any_type`
  OperandKind kind = OperandKind::Required;
  std::string_view doc = {};
  bool any_type = false;  ///< sequences and optionals are allowed too
};

enum class Trait : uint32_t {
  None = 0,
  Commutative = 1u << 0,   ///< the first two operands may be swapped
  Idempotent = 1u << 1,    ///< f(f(x)) is f(x)
  Involution = 1u << 2,    ///< f(f(x)) is x
  SameElements = 1u << 3,  ///< all tensor operands must have one element type (verified before infer)
  Impure = 1u << 4,        ///< neither removed, folded, merged nor reordered
  ValueOfShape = 1u << 5,  ///< the result depends on operand shapes only, not on elements
  Terminator = 1u << 6,
};
[[nodiscard]] constexpr Trait operator|(Trait a, Trait b) {
  return static_cast<Trait>(static_cast<uint32_t>(a) | static_cast<uint32_t>(b));
}
[[nodiscard]] constexpr bool has(Trait set, Trait trait) {
  return (static_cast<uint32_t>(set) & static_cast<uint32_t>(trait)) != 0;
}

// ---- reading a node: the argument of every form

/// Read access to a node that exists or is being made, with its types. Cheap to copy; refers to the module.
class NodeView {
 public:
  NodeView(const Module& module, const NodeDraft& draft, std::span<const Type> results)
      : module_(&module), draft_(&draft), results_(results) {}

  [[nodiscard]] const Module& module() const { return *module_; }
  [[nodiscard]] const OpDef& op() const { return *draft_->op; }
  [[nodiscard]] const NodeDraft& draft() const { return *draft_; }
  [[nodiscard]] size_t operand_count() const { return draft_->operands.size(); }
  [[nodiscard]] bool has_operand(size_t index) const {
    return index < draft_->operands.size() && draft_->operands[index].valid();
  }
  [[nodiscard]] ValueId operand(size_t index) const { return draft_->operands[index]; }
  [[nodiscard]] const Type& operand_type(size_t index) const;
  /// Tensor type of an operand; checked.
  [[nodiscard]] const TensorType& tensor(size_t index) const;
  [[nodiscard]] const Shape& dims(size_t index) const { return tensor(index).dims; }
  /// Known elements of an operand, or nullptr.
  [[nodiscard]] const Shape* known(size_t index) const;
  /// The constant behind an operand, or nullptr.
  [[nodiscard]] const ConstantData* constant(size_t index) const;
  [[nodiscard]] size_t result_count() const { return results_.size(); }
  [[nodiscard]] const TensorType& result(size_t index = 0) const;

  // Attributes by name; the name must be declared by the row and the value must have the kind.
  [[nodiscard]] const Attribute& attribute(std::string_view name) const;
  [[nodiscard]] bool has(std::string_view name) const;  ///< given, or has a default other than None
  [[nodiscard]] bool boolean(std::string_view name) const { return std::get<bool>(attribute(name)); }
  [[nodiscard]] int64_t integer(std::string_view name) const { return std::get<int64_t>(attribute(name)); }
  [[nodiscard]] double number(std::string_view name) const { return std::get<double>(attribute(name)); }
  [[nodiscard]] const std::string& string(std::string_view name) const {
    return std::get<std::string>(attribute(name));
  }
  [[nodiscard]] const Integers& integers(std::string_view name) const { return std::get<Integers>(attribute(name)); }
  [[nodiscard]] const Floats& numbers(std::string_view name) const { return std::get<Floats>(attribute(name)); }
  [[nodiscard]] ElementType element(std::string_view name) const { return std::get<ElementType>(attribute(name)); }
  [[nodiscard]] const Dim& dim(std::string_view name) const { return std::get<Dim>(attribute(name)); }
  [[nodiscard]] const Shape& shape(std::string_view name) const { return std::get<Shape>(attribute(name)); }

 protected:
  const Module* module_;
  const NodeDraft* draft_;
  std::span<const Type> results_;
};

/// A view of a node in a graph.
class ExistingNodeView : public NodeView {
 public:
  ExistingNodeView(const Module& module, NodeId node);

 private:
  std::vector<Type> owned_results_;
};

// ---- semantic forms

/// The Dim for the index on `axis` of the iteration space: the symbol `%0`, `%1` ...
[[nodiscard]] Dim axis_symbol(size_t axis);

/// What an elementwise body may use. Argument k is operand k, broadcast to the result's shape.
struct ElementwiseContext {
  const NodeView& node;
  ScalarBuilder& builder;
  /// The element of operand `index`.
  [[nodiscard]] ScalarId argument(size_t index) const;
  /// The index on `axis` of the result, as i64: argument number operand_count + axis.
  [[nodiscard]] ScalarId index(size_t axis) const;
  [[nodiscard]] ElementType element(size_t index) const { return node.tensor(index).element; }
  [[nodiscard]] ElementType result_element() const { return node.result().element; }
};
using ElementwiseBody = ScalarId (*)(const ElementwiseContext&);

/// result[i...] = body(operand_0[i...], operand_1[i...], ...), operands broadcast as in numpy.
struct Elementwise {
  ElementwiseBody body;
};

/// result[o...] = finish(combine over r... of body(operand_k[index_k(o..., r...)])).
/// The iteration space is the result's axes followed by the reduction axes; its indices are axis symbols in that order.
/// The combination runs in the row-major order of the reduction axes, starting from `initial`. A float sum whose body
/// ends in a product accumulates with one rounding: acc = fma(a, b, acc).
struct Reduction {
  std::vector<Dim> extents;                       ///< of all axes: result axes, then reduction axes
  size_t result_rank = 0;                         ///< how many of them are result axes
  std::vector<std::vector<Dim>> operand_indices;  ///< for each operand that takes part: one Dim per axis of it
  std::vector<uint32_t> operands;                 ///< which operand each row of operand_indices reads
  /// Reads outside of operand 0 are skipped (they combine as the identity); only Window and Contract rows pad.
  bool padded = false;
  ScalarExpression body;             ///< arguments: the elements read, in the order of `operands`; makes an accumulator
  ScalarOp combine = ScalarOp::Add;  ///< Add, Mul, Min, Max, Or, And
  ElementType accumulator = ElementType::F32;
  double initial = 0;  ///< identity of `combine`
  /// Arguments: the accumulated value, then `count` as the accumulator's type, then the elements of `finish_operands`;
  /// identity when it has no nodes. What it gives is rounded to the result's element type.
  ScalarExpression finish;
  /// The divisor that `finish` gets: how many elements took part; a Dim over result axes (for padded averages).
  Dim count = 0;
  /// Operands that `finish` reads once for each result element, such as a bias, and their indices over result axes.
  std::vector<uint32_t> finish_operands;
  std::vector<std::vector<Dim>> finish_indices;
};

/// Fills `reduction`. The context's node has its result types.
using DescribeReduction = void (*)(const NodeView&, Reduction&);

/// A reduction of one operand over some of its axes.
struct Reduce {
  DescribeReduction describe;
};
/// A sum of products over index maps without padding: matrix products and their kind.
struct Contract {
  DescribeReduction describe;
};
/// A reduction over a window that slides over spatial axes, possibly padded: convolutions and pools.
struct Window {
  DescribeReduction describe;
  bool contraction = false;  ///< true for convolutions
};

/// A box of the result and what fills it.
struct MovePiece {
  std::vector<Dim> begin;  ///< inclusive, per result axis
  std::vector<Dim> end;    ///< exclusive
  uint32_t operand = 0;
  std::vector<Dim> index;  ///< per axis of the operand, over axis symbols of the result
};
/// Pieces are disjoint and cover the result except where `fill` shows.
struct MoveMap {
  std::vector<MovePiece> pieces;
  double fill = 0;  ///< value where no piece lies (constant padding)
};
using DescribeMove = void (*)(const NodeView&, MoveMap&);

/// The result's elements are copies of operand elements at positions that don't depend on data.
struct Move {
  DescribeMove describe;
};

/// An index read from a tensor: `symbol` becomes operand[index], plus `extent` when negative; it must lie in [0,
/// extent).
struct IndexBinding {
  std::string symbol;  ///< `%g0`, `%g1` ...
  uint32_t operand = 0;
  std::vector<Dim> index;
  Dim extent;
};
struct IndexMap {
  std::vector<IndexBinding> bindings;
  uint32_t operand = 0;
  std::vector<Dim> index;  ///< over axis symbols and bound symbols
};
using DescribeIndex = void (*)(const NodeView&, IndexMap&);

/// The result's elements are operand elements at positions that other operands hold.
struct Index {
  DescribeIndex describe;
};

/// Builds the same with other rows and returns the results.
using Expand = Result<std::vector<ValueId>> (*)(GraphBuilder&, const NodeView&);
struct Decompose {
  Expand expand;
};

/// Plain memory for references: dense row-major tensors with constant dims.
struct HostTensor {
  TensorType type;  ///< static
  std::vector<std::byte> bytes;
  std::vector<std::string> strings;
};
/// Computes results from operands; results have their types set when those are static, else the function sets them.
using Reference = Status (*)(const NodeView&, std::span<const HostTensor* const> operands,
                             std::span<HostTensor> results, Diagnostics&);

/// A kernel that no other form describes: `symbol` names the runtime function or the nest of compiler/lower that
/// computes it; empty while only the reference exists, which is "unsupported" for code generation.
struct Call {
  std::string_view symbol;
  Reference reference;
};

/// Known to the graph itself.
struct Structural {
  enum class Kind : uint8_t { Constant, Return, If, Loop, Scan, ShapeOf, Fused };
  Kind kind;
};

using Semantics = std::variant<Elementwise, Reduce, Contract, Window, Move, Index, Decompose, Call, Structural>;

// ---- the row

using InferFunction = Result<std::vector<Type>> (*)(InferContext&);

struct OpDef {
  std::string_view name;
  std::string_view doc;
  std::vector<OperandDef> operands;
  std::vector<AttributeDef> attributes;
  Trait traits = Trait::None;
  Exactness exactness = Exactness::Exact;
  InferFunction infer = nullptr;
  Semantics semantics;
  uint32_t region_count = 0;
  uint32_t results = 1;  ///< how many, unless inference decides (`variadic_results`)
  bool variadic_results = false;

  [[nodiscard]] int attribute_index(std::string_view name) const;  ///< -1 when there is none
};

/// All rows, sorted by name.
[[nodiscard]] std::span<const OpDef* const> all_ops();
/// The row named `name`, or nullptr.
[[nodiscard]] const OpDef* find_op(std::string_view name);
/// The row named `name`; checked. For rows that Lathe itself relies on.
[[nodiscard]] const OpDef& op_named(std::string_view name);

/// The form of a node's row as T, or nullptr.
template <class T>
[[nodiscard]] const T* form(const OpDef& op) {
  return std::get_if<T>(&op.semantics);
}
[[nodiscard]] std::string_view form_name(const Semantics& semantics);

/// The body of an elementwise node as a scalar expression.
[[nodiscard]] ScalarExpression elementwise_body(const NodeView& node);
/// The description of a Reduce, Contract or Window node; checked.
[[nodiscard]] Reduction describe_reduction(const NodeView& node);
[[nodiscard]] MoveMap describe_move(const NodeView& node);
[[nodiscard]] IndexMap describe_index(const NodeView& node);

}  // namespace lathe
