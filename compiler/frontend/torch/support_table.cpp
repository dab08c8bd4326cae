// The rows of all native tables, and one line for every kind of statement and expression of the syntax tree.
#include "compiler/frontend/torch/support_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <variant>

#include "compiler/frontend/torch/nn/library.h"
#include "compiler/frontend/torch/python/ast.h"
#include "compiler/frontend/torch/python/library.h"
#include "compiler/frontend/torch/sequence/library.h"
#include "compiler/frontend/torch/tensor/library.h"

namespace lathe::torch {
namespace {

// Names that programs don't call by themselves.
bool is_internal(std::string_view name) { return name.starts_with("_"); }

std::string without_self(std::string_view parameters) {
  for (const std::string_view self : {"self", "cls"}) {
    if (!parameters.starts_with(self)) continue;
    parameters.remove_prefix(self.size());
    while (parameters.starts_with(",") || parameters.starts_with(" ")) parameters.remove_prefix(1);
    if (parameters.starts_with("/, ")) parameters.remove_prefix(3);
    break;
  }
  return std::string(parameters);
}

void add_class(const NativeModuleRow& module, const NativeClassRow& row, std::vector<SupportedName>& names) {
  SupportedName entry{SupportedName::Kind::Class, std::string(module.path), std::string(row.name), {}};
  const std::string path = fmt::format("{}.{}", module.path, row.name);
  const bool lists_methods = module.path == "builtins" || path == "torch.Tensor" || path == "torch.nn.Module" ||
                             path == "torch.nn.Sequential" || path == "torch.nn.ModuleList" ||
                             path == "torch.nn.ModuleDict";
  for (const NativeFunctionRow& method : row.methods) {
    if (method.name == "__init__") entry.parameters = without_self(method.parameters);
    if (!lists_methods || is_internal(method.name)) continue;
    names.push_back({SupportedName::Kind::Method, path, std::string(method.name), without_self(method.parameters)});
  }
  names.push_back(std::move(entry));
}

// The compiler says here when a kind of node has no line: the visitors below have no default.
struct Construct {
  // Statements.
  SupportedConstruct operator()(const ExpressionStatement&) const { return {"expression statements", ""}; }
  SupportedConstruct operator()(const AssignStatement&) const {
    return {"assignment", "chained, with unpacking and stars, to names, attributes, items and slices"};
  }
  SupportedConstruct operator()(const AugmentedAssignStatement&) const {
    return {"augmented assignment", "on tensors in place, seen through all views"};
  }
  SupportedConstruct operator()(const AnnotatedAssignStatement&) const {
    return {"annotated assignment", "annotations are not evaluated"};
  }
  SupportedConstruct operator()(const ReturnStatement&) const { return {"`return`", ""}; }
  SupportedConstruct operator()(const DeleteStatement&) const { return {"`del`", ""}; }
  SupportedConstruct operator()(const PassStatement&) const { return {"`pass`", ""}; }
  SupportedConstruct operator()(const BreakStatement&) const { return {"`break`", ""}; }
  SupportedConstruct operator()(const ContinueStatement&) const { return {"`continue`", ""}; }
  SupportedConstruct operator()(const IfStatement&) const {
    return {"`if`", "the condition must be known, or decided by the bounds of symbolic sizes; not by tensor data"};
  }
  SupportedConstruct operator()(const WhileStatement&) const { return {"`while`", "within the budget of steps"}; }
  SupportedConstruct operator()(const ForStatement&) const {
    return {"`for`", "unrolled; over a symbolic count it is refused"};
  }
  SupportedConstruct operator()(const FunctionStatement&) const {
    return {"`def`", "all parameter kinds, defaults, closures, decorators; generators are evaluated at once"};
  }
  SupportedConstruct operator()(const ClassStatement&) const {
    return {"`class`", "inheritance (C3), `super()`, properties, static and class methods, special methods"};
  }
  SupportedConstruct operator()(const ImportStatement&) const {
    return {"`import`", "of the library below, and of files beside the model"};
  }
  SupportedConstruct operator()(const ImportFromStatement&) const {
    return {"`from .. import`", "relative imports, `*`"};
  }
  SupportedConstruct operator()(const ScopeStatement&) const { return {"`global`, `nonlocal`", ""}; }
  SupportedConstruct operator()(const AssertStatement&) const { return {"`assert`", ""}; }
  SupportedConstruct operator()(const RaiseStatement&) const { return {"`raise`", ""}; }
  SupportedConstruct operator()(const TryStatement&) const { return {"`try`", "with `except`, `else`, `finally`"}; }
  SupportedConstruct operator()(const WithStatement&) const { return {"`with`", ""}; }
  SupportedConstruct operator()(const UnsupportedStatement&) const {
    return {"`match`, `async`", "not executed: listed as unsupported when they are reached"};
  }
  SupportedConstruct operator()(const BrokenStatement&) const { return {}; }
  // Expressions.
  SupportedConstruct operator()(const BrokenExpression&) const { return {}; }
  SupportedConstruct operator()(const UnsupportedExpression&) const {
    return {"`await`, bytes, complex numbers", "not executed: listed as unsupported when they are reached"};
  }
  SupportedConstruct operator()(const SingletonExpression&) const { return {"`None`, `True`, `False`, `...`", ""}; }
  SupportedConstruct operator()(const IntegerExpression&) const {
    return {"integers", "64 bits; sizes may be symbolic"};
  }
  SupportedConstruct operator()(const FloatExpression&) const { return {"floats", ""}; }
  SupportedConstruct operator()(const StringExpression&) const { return {"strings", "all prefixes but bytes"}; }
  SupportedConstruct operator()(const FormatExpression&) const { return {"f-strings", "with format specifications"}; }
  SupportedConstruct operator()(const NameExpression&) const { return {"names", ""}; }
  SupportedConstruct operator()(const AttributeExpression&) const { return {"attributes", ""}; }
  SupportedConstruct operator()(const SubscriptExpression&) const { return {"indexing", ""}; }
  SupportedConstruct operator()(const SliceExpression&) const { return {"slices", "of sequences and of tensor axes"}; }
  SupportedConstruct operator()(const CallExpression&) const { return {"calls", "keywords, `*`, `**`"}; }
  SupportedConstruct operator()(const UnaryExpression&) const { return {"unary operators", ""}; }
  SupportedConstruct operator()(const BinaryExpression&) const { return {"binary operators", "`@` included"}; }
  SupportedConstruct operator()(const BooleanExpression&) const { return {"`and`, `or`", ""}; }
  SupportedConstruct operator()(const CompareExpression&) const { return {"comparisons", "chained"}; }
  SupportedConstruct operator()(const ConditionalExpression&) const { return {"`a if c else b`", "as `if`"}; }
  SupportedConstruct operator()(const LambdaExpression&) const { return {"`lambda`", ""}; }
  SupportedConstruct operator()(const TupleExpression&) const { return {"tuples", ""}; }
  SupportedConstruct operator()(const ListExpression&) const { return {"lists", ""}; }
  SupportedConstruct operator()(const SetExpression&) const { return {"sets", ""}; }
  SupportedConstruct operator()(const DictExpression&) const { return {"dicts", ""}; }
  SupportedConstruct operator()(const StarredExpression&) const { return {"`*` in displays", ""}; }
  SupportedConstruct operator()(const ComprehensionExpression&) const {
    return {"comprehensions", "generator expressions are evaluated at once"};
  }
  SupportedConstruct operator()(const NamedExpression&) const { return {"`:=`", ""}; }
  SupportedConstruct operator()(const YieldExpression&) const {
    return {"`yield`", "generators are evaluated at once"};
  }
};

template <class Sum, size_t... indices>
void add_constructs(std::vector<SupportedConstruct>& constructs, std::index_sequence<indices...>) {
  (constructs.push_back(Construct{}(std::variant_alternative_t<indices, Sum>{})), ...);
}

}  // namespace

std::vector<SupportedName> supported_names() {
  std::vector<SupportedName> names;
  for (const auto& library : {standard_library(), tensor_library(), nn_library(), sequence_library()}) {
    for (const NativeModuleRow& module : library) {
      for (const NativeFunctionRow& row : module.functions) {
        if (is_internal(row.name)) continue;
        names.push_back({SupportedName::Kind::Function, std::string(module.path), std::string(row.name),
                         std::string(row.parameters)});
      }
      for (const NativeClassRow& row : module.classes) {
        if (!is_internal(row.name)) add_class(module, row, names);
      }
      for (const NativeConstantRow& row : module.constants) {
        if (is_internal(row.name)) continue;
        names.push_back({SupportedName::Kind::Constant, std::string(module.path), std::string(row.name), {}});
      }
    }
  }
  const auto key = [](const SupportedName& row) { return std::tie(row.module, row.name); };
  std::sort(names.begin(), names.end(), [&](const auto& a, const auto& b) { return key(a) < key(b); });
  names.erase(std::unique(names.begin(), names.end(), [&](const auto& a, const auto& b) { return key(a) == key(b); }),
              names.end());
  return names;
}

std::vector<SupportedConstruct> supported_constructs() {
  std::vector<SupportedConstruct> constructs;
  add_constructs<StatementKind>(constructs, std::make_index_sequence<std::variant_size_v<StatementKind>>());
  add_constructs<ExpressionKind>(constructs, std::make_index_sequence<std::variant_size_v<ExpressionKind>>());
  std::erase_if(constructs, [](const SupportedConstruct& row) { return row.construct.empty(); });
  return constructs;
}

}  // namespace lathe::torch
