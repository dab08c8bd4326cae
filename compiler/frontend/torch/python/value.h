// Values of the evaluated program: what a Python name may stand for while a model definition is executed.
//
// A Value is small and copied freely. Numbers are values; everything with identity or of unbounded size is an Object in
// the Heap, named by ObjectId. Integers are Dims, so a size that is only known by name (`x.size(0)`) is an integer like
// any other and keeps where it came from. Tensors belong to the tracer and are named by TensorId. `Unknown` is what a
// failed statement leaves behind: whatever is done with it is Unknown again, and nothing is reported twice.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include "compiler/frontend/torch/python/ast.h"
#include "ir/base/dim.h"

namespace lathe::torch {

using ObjectId = Id<struct ObjectTag>;
/// A row of the tracer's table of tensors.
using TensorId = Id<struct TensorTag>;

struct UnknownValue {
  friend bool operator==(UnknownValue, UnknownValue) = default;
};
struct NoneValue {
  friend bool operator==(NoneValue, NoneValue) = default;
};
struct EllipsisValue {
  friend bool operator==(EllipsisValue, EllipsisValue) = default;
};
/// What a binary method returns to pass an operand on.
struct NotImplementedValue {
  friend bool operator==(NotImplementedValue, NotImplementedValue) = default;
};

using Value =
    std::variant<UnknownValue, NoneValue, EllipsisValue, NotImplementedValue, bool, Dim, double, ObjectId, TensorId>;

[[nodiscard]] inline bool is_unknown(const Value& value) { return std::holds_alternative<UnknownValue>(value); }
[[nodiscard]] inline bool is_none(const Value& value) { return std::holds_alternative<NoneValue>(value); }
[[nodiscard]] inline Value integer(int64_t value) { return Value(Dim(value)); }

class Evaluator;
struct NativeCall;
struct NativeFunctionRow;

/// The entries of a dict or set in the order of insertion. Keys are compared as Python does (1 == 1.0 == True); the
/// evaluator hashes them and refuses those that can't be keys.
class DictStorage {
 public:
  struct Entry {
    Value key;
    Value value;
  };
  /// `hash` and `equal` come from Evaluator::hash and Evaluator::same_key.
  template <class Equal>
  [[nodiscard]] const Entry* find(size_t hash, const Equal& equal) const {
    const auto [begin, end] = positions_.equal_range(hash);
    for (auto it = begin; it != end; ++it) {
      if (entries_[it->second] && equal(entries_[it->second]->key)) return &*entries_[it->second];
    }
    return nullptr;
  }
  /// Keeps the place of a key that is there.
  template <class Equal>
  void set(size_t hash, Value key, Value value, const Equal& equal) {
    if (const Entry* found = find(hash, equal)) {
      const_cast<Entry*>(found)->value = std::move(value);
      return;
    }
    positions_.emplace(hash, static_cast<uint32_t>(entries_.size()));
    entries_.push_back(Entry{std::move(key), std::move(value)});
    ++size_;
  }
  template <class Equal>
  bool erase(size_t hash, const Equal& equal) {
    const auto [begin, end] = positions_.equal_range(hash);
    for (auto it = begin; it != end; ++it) {
      if (!entries_[it->second] || !equal(entries_[it->second]->key)) continue;
      entries_[it->second].reset();
      positions_.erase(it);
      --size_;
      return true;
    }
    return false;
  }
  void clear() { *this = {}; }
  [[nodiscard]] size_t size() const { return size_; }
  /// The live entries in order.
  [[nodiscard]] std::vector<Entry> entries() const {
    std::vector<Entry> live;
    live.reserve(size_);
    for (const auto& entry : entries_) {
      if (entry) live.push_back(*entry);
    }
    return live;
  }

 private:
  std::vector<std::optional<Entry>> entries_;
  std::unordered_multimap<size_t, uint32_t> positions_;
  size_t size_ = 0;
};

struct StringObject {
  std::string text;
};
struct ListObject {
  std::vector<Value> items;
};
/// `type` is set for named tuples, torch.Size and pairs with field names; invalid for plain tuples.
struct TupleObject {
  std::vector<Value> items;
  ObjectId type{};
};
struct DictObject {
  DictStorage entries;
  ObjectId type{};
};  ///< `type`: OrderedDict, defaultdict or a subclass
struct SetObject {
  DictStorage entries;
  bool frozen = false;
};
struct RangeObject {
  Dim start;
  Dim stop;
  Dim step;
};
struct SliceObject {
  Value lower;
  Value upper;
  Value step;
};
/// An iterator over items that were made at once. With `endless` set it starts again at `restart` when it is through
/// (cycle, repeat); `counter` is for itertools.count.
struct IteratorObject {
  std::vector<Value> items;
  size_t next = 0;
  bool endless = false;
  std::optional<std::pair<Dim, Dim>> counter;  ///< next number and step
};

/// Names of one call of a function (or of a module), found by name. Functions see the scopes around their definition.
struct ScopeObject {
  std::unordered_map<NameId, Value> names;
  ObjectId parent{};   ///< the scope around the definition; invalid for a module
  ObjectId globals{};  ///< the scope of the module
};
struct FunctionObject {
  uint32_t unit = 0;  ///< which parsed file
  FunctionId function;
  std::vector<Value> fallbacks;  ///< by parameter; Unknown where there is none
  ObjectId scope{};              ///< around the definition
  ObjectId owner{};              ///< the class whose body holds the definition, for super(); may be invalid
  std::string qualified_name;
};
struct NativeFunctionObject {
  const NativeFunctionRow* row;
};
struct BoundMethodObject {
  Value self;
  Value function;
};
struct PropertyObject {
  Value getter;
  Value setter;
};
struct StaticMethodObject {
  Value function;
};
struct ClassMethodObject {
  Value function;
};
struct SuperObject {
  ObjectId type;
  Value self;
};  ///< continues after `type` in the order of resolution

/// Attributes by name, in the order in which they were first set.
class AttributeTable {
 public:
  [[nodiscard]] const Value* find(NameId name) const {
    const auto found = positions_.find(name);
    return found == positions_.end() ? nullptr : &rows_[found->second].second;
  }
  void set(NameId name, Value value) {
    const auto [position, is_new] = positions_.try_emplace(name, rows_.size());
    if (is_new) {
      rows_.emplace_back(name, std::move(value));
    } else {
      rows_[position->second].second = std::move(value);
    }
  }
  bool erase(NameId name) {
    const auto found = positions_.find(name);
    if (found == positions_.end()) return false;
    const size_t position = found->second;
    rows_.erase(rows_.begin() + static_cast<std::ptrdiff_t>(position));
    positions_.erase(found);
    for (auto& [other, index] : positions_) index -= index > position ? 1 : 0;
    return true;
  }
  [[nodiscard]] const std::vector<std::pair<NameId, Value>>& rows() const { return rows_; }

 private:
  std::vector<std::pair<NameId, Value>> rows_;
  std::unordered_map<NameId, size_t> positions_;
};

/// A class: of the user, of the library (nn.Module, nn.Linear), or built in (int, list, Exception).
struct ClassObject {
  std::string name;
  std::vector<ObjectId> bases;
  std::vector<ObjectId> resolution;  ///< the class itself first (C3)
  AttributeTable attributes;
  LocationId location;  ///< invalid for those of the library
  bool is_native = false;
};
struct InstanceObject {
  ObjectId type;
  AttributeTable attributes;
  LocationId created;   ///< the call that made it
  uint32_t native = 0;  ///< for natives that keep rows of their own; 0 when unused
};
/// An imported module: `math`, `torch.nn`, a file beside the model.
struct NamespaceObject {
  std::string name;
  AttributeTable attributes;
};
/// torch.float32, torch.device and other constants that are only compared and passed on.
struct TokenObject {
  std::string kind;
  std::string text;
};

using Object = std::variant<StringObject, ListObject, TupleObject, DictObject, SetObject, RangeObject, SliceObject,
                            IteratorObject, ScopeObject, FunctionObject, NativeFunctionObject, BoundMethodObject,
                            PropertyObject, StaticMethodObject, ClassMethodObject, SuperObject, ClassObject,
                            InstanceObject, NamespaceObject, TokenObject>;

/// All objects of one evaluation. Nothing is freed before its end; the evaluator's budget bounds how many there are.
/// Rows are stable: references stay valid while others are added.
class Heap {
 public:
  ObjectId add(Object object);
  [[nodiscard]] Object& operator[](ObjectId id);
  [[nodiscard]] const Object& operator[](ObjectId id) const;
  [[nodiscard]] size_t size() const { return size_; }
  /// Of all strings together.
  [[nodiscard]] size_t text_bytes() const { return text_bytes_; }

  /// The object behind a value when it is a T, else nullptr.
  template <class T>
  [[nodiscard]] T* as(const Value& value) {
    const auto* id = std::get_if<ObjectId>(&value);
    return id != nullptr ? std::get_if<T>(&(*this)[*id]) : nullptr;
  }
  template <class T>
  [[nodiscard]] const T* as(const Value& value) const {
    const auto* id = std::get_if<ObjectId>(&value);
    return id != nullptr ? std::get_if<T>(&(*this)[*id]) : nullptr;
  }
  [[nodiscard]] const std::string* string(const Value& value) const {
    const auto* object = as<StringObject>(value);
    return object != nullptr ? &object->text : nullptr;
  }
  [[nodiscard]] Value new_string(std::string text) { return add(StringObject{std::move(text)}); }
  [[nodiscard]] Value new_tuple(std::vector<Value> items) { return add(TupleObject{std::move(items)}); }
  [[nodiscard]] Value new_list(std::vector<Value> items) { return add(ListObject{std::move(items)}); }

 private:
  static constexpr size_t kChunk = 256;
  std::vector<std::vector<Object>> chunks_;
  size_t size_ = 0;
  size_t text_bytes_ = 0;
};

}  // namespace lathe::torch
