// One statement of a graph's text: `%y, %i = topk %x, %w {axis = 1} region (...) {...} : f32[N], i64[N] loc(...)`.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "ir/graph/closest_name.h"
#include "ir/graph/parse_graph.h"

namespace lathe {

Status GraphParser::parse_results(Statement& statement) {
  if (cursor_.peek().kind != TokenKind::Value) return {};
  do {
    const LocationId where = cursor_.location();
    LATHE_TRY(std::string name, cursor_.expect_value("the name of a result"));
    statement.results.emplace_back(std::move(name), where);
  } while (cursor_.accept(","));
  return cursor_.expect("=");
}

Status GraphParser::parse_op(Statement& statement) {
  const Token token = cursor_.peek();
  LATHE_TRY(const std::string name, cursor_.expect_identifier("the name of an operation"));
  statement.op_location = cursor_.location(token);
  statement.location = statement.op_location;
  statement.op = find_op(name);
  if (statement.op != nullptr) {
    for (const AttributeDef& def : statement.op->attributes) statement.attributes.push_back(default_attribute(def));
    return {};
  }
  std::vector<std::string_view> names;
  for (const OpDef* op : all_ops()) names.push_back(op->name);
  const std::string_view closest = closest_name(name, names);
  DiagnosticBuilder error =
      diagnostics_.report(DiagnosticKind::UnknownOp, statement.op_location, "no operation is called `{}`", name);
  if (!closest.empty()) std::move(error).note(fmt::format("did you mean `{}`?", closest));
  return std::move(error).emit();
}

Status GraphParser::parse_operands(Statement& statement) {
  if (cursor_.peek().kind != TokenKind::Value && !cursor_.at("_")) return {};
  uint32_t end = 0;
  do {
    const Token token = cursor_.peek();
    end = token.span.end;
    if (cursor_.accept("_")) {
      statement.operands.push_back({});
      continue;
    }
    LATHE_TRY(const std::string name, cursor_.expect_value("an operand"));
    const auto found = names_.find(name);
    if (found == names_.end()) {
      std::vector<std::string_view> known;
      // Messages beyond the limit aren't shown, so their suggestions aren't worth the time.
      if (diagnostics_.dropped() == 0) {
        for (const auto& [other, binding] : names_) known.push_back(other);
        std::sort(known.begin(), known.end());
      }
      const std::string_view closest = closest_name(name, known);
      DiagnosticBuilder error = diagnostics_.report(DiagnosticKind::UnknownValue, cursor_.location(token),
                                                    "nothing above defines `%{}`", name);
      if (!closest.empty()) std::move(error).note(fmt::format("did you mean `%{}`?", closest));
      static_cast<void>(std::move(error).emit());
      statement.poisoned = true;
      continue;
    }
    if (!found->second.value.valid()) statement.poisoned = true;
    statement.operands.push_back(found->second.value);
  } while (cursor_.accept(","));
  const auto& op = std::get<Span>(module_.locations[statement.op_location]);
  statement.location = module_.locations.add(Span{op.file, op.begin, end});
  return {};
}

// `constant dense<...>` or `constant @row`
Status GraphParser::parse_constant(Statement& statement) {
  if (cursor_.at("dense")) {
    LATHE_TRY(statement.dense, parse_dense(cursor_));
    return {};
  }
  const LocationId where = cursor_.location();
  LATHE_TRY(const std::string name, cursor_.expect_symbol("`dense<...>` or `@data`"));
  const auto row = data_.find(name);
  if (row == data_.end()) {
    return diagnostics_.report(DiagnosticKind::UnknownValue, where, "no row `data @{}` is there", name).emit();
  }
  if (!row->second.valid()) {
    statement.poisoned = true;
  } else {
    statement.attributes = {row->second};
  }
  return {};
}

Status GraphParser::parse_attributes(Statement& statement) {
  if (!cursor_.accept("{")) return {};
  in_attributes_ = true;
  const OpDef& op = *statement.op;
  std::vector<bool> given(op.attributes.size());
  if (!cursor_.at("}")) {
    do {
      const LocationId where = cursor_.location();
      LATHE_TRY(const std::string name, cursor_.expect_identifier("the name of an attribute"));
      const int index = op.attribute_index(name);
      if (index < 0) {
        std::vector<std::string_view> names;
        for (const AttributeDef& def : op.attributes) names.push_back(def.name);
        return diagnostics_.report(DiagnosticKind::UnknownAttribute, where, "`{}` has no attribute `{}`", op.name, name)
            .note(names.empty() ? std::string("it has none") : fmt::format("it has {}", fmt::join(names, ", ")))
            .emit();
      }
      const auto at = static_cast<size_t>(index);
      if (given[at]) {
        return diagnostics_.report(DiagnosticKind::DuplicateName, where, "the attribute `{}` is given twice", name)
            .emit();
      }
      given[at] = true;
      LATHE_TRY_VOID(cursor_.expect("="));
      LATHE_TRY(statement.attributes[at], parse_attribute(op.attributes[at], op));
    } while (cursor_.accept(","));
  }
  LATHE_TRY_VOID(cursor_.expect("}"));
  in_attributes_ = false;
  return {};
}

Result<Attribute> GraphParser::parse_attribute(const AttributeDef& def, const OpDef& op) {
  const std::string what = fmt::format("the {} `{}` of `{}`", text(def.kind), def.name, op.name);
  const auto list = [&](auto& values, auto element) -> Status {
    if (!cursor_.accept("[")) return cursor_.error_expected(what);
    if (cursor_.accept("]")) return {};
    do {
      LATHE_TRY(auto value, element());
      values.push_back(std::move(value));
    } while (cursor_.accept(","));
    return cursor_.expect("]");
  };
  const auto dim = [&]() -> Result<Dim> {
    const LocationId where = cursor_.location();
    LATHE_TRY(Dim value, cursor_.parse_dim());
    LATHE_TRY_VOID(check_symbols(value, where));
    return value;
  };
  if (cursor_.accept("none")) return Attribute{};
  switch (def.kind) {
    case AttributeKind::Boolean:
      if (cursor_.accept("true")) return Attribute(true);
      if (cursor_.accept("false")) return Attribute(false);
      return cursor_.error_expected(what);
    case AttributeKind::Integer: {
      LATHE_TRY(const int64_t value, cursor_.expect_integer(what));
      return Attribute(value);
    }
    case AttributeKind::Float: {
      LATHE_TRY(const double value, cursor_.expect_number(what));
      return Attribute(value);
    }
    case AttributeKind::String: {
      LATHE_TRY(std::string value, cursor_.expect_string(what));
      return Attribute(std::move(value));
    }
    case AttributeKind::Integers: {
      Integers values;
      LATHE_TRY_VOID(list(values, [&] { return cursor_.expect_integer(what); }));
      return Attribute(std::move(values));
    }
    case AttributeKind::Floats: {
      Floats values;
      LATHE_TRY_VOID(list(values, [&] { return cursor_.expect_number(what); }));
      return Attribute(std::move(values));
    }
    case AttributeKind::Element: {
      const auto element =
          cursor_.peek().kind == TokenKind::Identifier ? parse_element_type(cursor_.peek().text) : std::nullopt;
      if (!element) return cursor_.error_expected(what);
      cursor_.next();
      return Attribute(*element);
    }
    case AttributeKind::Dim: {
      LATHE_TRY(Dim value, dim());
      return Attribute(std::move(value));
    }
    case AttributeKind::Dims: {
      Shape values;
      LATHE_TRY_VOID(list(values, dim));
      return Attribute(std::move(values));
    }
    case AttributeKind::Constant: {
      const LocationId where = cursor_.location();
      LATHE_TRY(const std::string name, cursor_.expect_symbol(what));
      const auto row = data_.find(name);
      if (row == data_.end() || !row->second.valid()) {
        return diagnostics_.report(DiagnosticKind::UnknownValue, where, "no row `data @{}` is there", name).emit();
      }
      return Attribute(row->second);
    }
  }
  return cursor_.error_expected(what);
}

Status GraphParser::parse_types(Statement& statement) {
  const bool is_return = has(statement.op->traits, Trait::Terminator);
  if (is_return ? statement.operands.empty() && !statement.poisoned : statement.results.empty()) return {};
  LATHE_TRY_VOID(cursor_.expect(":"));
  do {
    const LocationId where = cursor_.location();
    LATHE_TRY(Type type, cursor_.parse_type());
    statement.types.emplace_back(std::move(type), where);
  } while (cursor_.accept(","));
  return {};
}

// `loc("net.py":3:5, ...)` and `layer("fc1")`, both optional.
Status GraphParser::parse_trailer(Statement& statement) {
  if (cursor_.accept("loc")) {
    LATHE_TRY_VOID(cursor_.expect("("));
    std::vector<LocationId> places;
    do {
      LATHE_TRY(const LocationId place, parse_place());
      places.push_back(place);
    } while (cursor_.accept(","));
    LATHE_TRY_VOID(cursor_.expect(")"));
    statement.location = module_.locations.fuse(places);
  }
  if (cursor_.accept("layer")) {
    LATHE_TRY_VOID(cursor_.expect("("));
    LATHE_TRY(statement.layer, cursor_.expect_string("the name of a layer"));
    LATHE_TRY_VOID(cursor_.expect(")"));
  }
  return {};
}

// `"net.py":3:5`, or file, kind of thing, name, operation and index of a thing in a model file.
Result<LocationId> GraphParser::parse_place() {
  LATHE_TRY(const std::string path, cursor_.expect_string("the path of a file"));
  auto known = files_.find(path);
  if (known == files_.end()) known = files_.emplace(path, module_.locations.add_file(path)).first;
  ModelLocation place;
  place.file = known->second;
  if (cursor_.accept(":")) {
    LATHE_TRY(const int64_t line, cursor_.expect_integer("a line"));
    LATHE_TRY_VOID(cursor_.expect(":"));
    LATHE_TRY(const int64_t column, cursor_.expect_integer("a column"));
    place.what = "line";
    place.name = fmt::format("{}:{}", line, column);
    return module_.locations.add(std::move(place));
  }
  LATHE_TRY(place.what, cursor_.expect_string("a kind of thing"));
  LATHE_TRY(place.name, cursor_.expect_string("a name"));
  LATHE_TRY(place.op, cursor_.expect_string("an operation"));
  LATHE_TRY(const int64_t index, cursor_.expect_integer("an index"));
  place.index = static_cast<uint32_t>(index);
  return module_.locations.add(std::move(place));
}

}  // namespace lathe
