// Changes of a model in memory, by which cures are tried: attributes, whole numbers that nodes read, nodes put in front
// of others, shapes of weights, types of inputs.
//
// A change names nodes by their position in the main graph; changes never move nodes, new ones stand at the end (the
// importer puts nodes in order). Internal to the front end: made by cure_proposals.h, tried by cures.h.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "compiler/frontend/onnx/model.h"

namespace lathe::onnx {

/// Sets an attribute that is one integer.
struct SetInteger {
  size_t node = 0;
  std::string_view name;
  int64_t value = 0;
};
/// Sets an attribute that is a list.
struct SetIntegers {
  size_t node = 0;
  std::string_view name;
  std::vector<int64_t> values;
};
/// Gives another name to an attribute.
struct RenameAttribute {
  size_t node = 0;
  std::string_view from;
  std::string_view to;
};
/// Lets an operand be a constant i64 vector.
struct SetOperand {
  size_t node = 0;
  size_t operand = 0;
  std::vector<int64_t> values;
};
/// Puts a node with one operand and one result before an operand.
struct InsertBefore {
  enum class Kind : uint8_t { Flatten, Unsqueeze, Transpose, Cast };
  size_t node = 0;
  size_t operand = 0;
  Kind kind = Kind::Flatten;
  std::vector<int64_t> values;  ///< the axis; the axes; the permutation; the element type's number
};
/// Lets an initializer have another shape; its elements are then absent.
struct SetWeightShape {
  std::string_view name;
  std::vector<int64_t> dims;
};
/// Puts an axis of one sample in front of the declared type of an input.
struct AddBatchAxis {
  std::string_view input;
};

using Change =
    std::variant<SetInteger, SetIntegers, RenameAttribute, SetOperand, InsertBefore, SetWeightShape, AddBatchAxis>;

/// Owns the texts that edited models point into.
class EditTexts {
 public:
  std::string_view keep(std::string text) { return texts_.emplace_back(std::move(text)); }

 private:
  std::deque<std::string> texts_;
};

/// Changes the main graph of `model`. `opset` is that of the default domain.
void apply(Model& model, const Change& change, int64_t opset, EditTexts& texts);

/// The number of an element type in a file; 0 for none.
[[nodiscard]] int64_t data_type_number(std::string_view element_text);

}  // namespace lathe::onnx
