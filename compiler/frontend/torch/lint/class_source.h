// The source of the classes of modules: where an attribute is assigned, and who speaks of a name. Used by the checks of
// registration.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/frontend/torch/advice/source_view.h"

namespace lathe::torch {

/// `class Name` of the program.
struct ClassSource {
  const Ast* ast = nullptr;
  Span span;  ///< the whole statement
};
/// The classes of the program that an instance is made of, its own first; those of the library are left out.
[[nodiscard]] std::vector<ClassSource> classes_of(const SourceView& source, ObjectId instance);

/// `self.name = value` in one of the classes.
struct AttributeAssignment {
  ExpressionView target;
  ExpressionView value;
  Span statement;
};
/// The first one; nothing when the attribute is set in another way.
[[nodiscard]] std::optional<AttributeAssignment> assignment_of(const SourceView& source,
                                                               const std::vector<ClassSource>& classes,
                                                               std::string_view name);

/// Whether anything in the program but the assignments of `__init__` and calls that initialise (`nn.init.zeros_(self.a.
/// weight)`) may reach the attribute: by its name, as a string, or through what lists all attributes.
[[nodiscard]] bool is_mentioned(const SourceView& source, const std::vector<ClassSource>& classes,
                                std::string_view name);

}  // namespace lathe::torch
