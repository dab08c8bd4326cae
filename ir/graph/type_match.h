// Compares the types that inference gives with the types that a text or a graph states.
//
// Two dims agree when they are equal for all values of the symbols, or are so because of the module's guards. A symbol
// that inference has just made (the size of a data-dependent result) agrees with the symbol that stands in its place,
// and has to do so everywhere. Called by the parser and by the verifier.
#pragma once

#include <map>
#include <string>

#include "ir/graph/graph.h"

namespace lathe {

class TypeMatcher {
 public:
  /// Symbols in rows `first_fresh` and above of the module's table are the ones that inference has just made.
  TypeMatcher(const Module& module, size_t first_fresh) : module_(&module), first_fresh_(first_fresh) {}

  [[nodiscard]] bool matches(const Type& inferred, const Type& stated);
  /// What each fresh symbol was found to stand for.
  [[nodiscard]] const std::map<std::string, std::string>& bindings() const { return bindings_; }

 private:
  [[nodiscard]] bool is_fresh(const std::string& symbol) const;
  [[nodiscard]] bool matches_tensor(const TensorType& inferred, const TensorType& stated);
  [[nodiscard]] bool matches_dim(const Dim& inferred, const Dim& stated);

  const Module* module_;
  size_t first_fresh_;
  std::map<std::string, std::string> bindings_;
};

/// True when a guard of the module makes the two equal, or they are equal anyhow.
[[nodiscard]] bool equal_under_guards(const Module& module, const Dim& a, const Dim& b);

}  // namespace lathe
