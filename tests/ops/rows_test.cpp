// Every row is complete: names, documentation, attributes that the text can spell.
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <set>

#include "ir/graph/op.h"

namespace lathe {
namespace {

bool is_snake_case(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return c == '_' || std::isdigit(static_cast<unsigned char>(c)) != 0 ||
           std::islower(static_cast<unsigned char>(c)) != 0;
  });
}

TEST(Rows, AreSortedAndFoundByName) {
  const auto rows = all_ops();
  EXPECT_GT(rows.size(), 100u);
  for (size_t i = 1; i < rows.size(); ++i) EXPECT_LT(rows[i - 1]->name, rows[i]->name);
  for (const OpDef* row : rows) {
    EXPECT_EQ(find_op(row->name), row);
    EXPECT_EQ(&op_named(row->name), row);
  }
  EXPECT_EQ(find_op("no_such_op"), nullptr);
  EXPECT_EQ(find_op(""), nullptr);
}

TEST(Rows, AreDocumented) {
  for (const OpDef* row : all_ops()) {
    EXPECT_TRUE(is_snake_case(row->name)) << row->name;
    EXPECT_FALSE(row->doc.empty()) << row->name;
    EXPECT_NE(row->doc.back(), '.') << row->name;
    EXPECT_NE(row->infer, nullptr) << row->name;
    EXPECT_FALSE(form_name(row->semantics).empty()) << row->name;
    std::set<std::string_view> names;
    for (const OperandDef& operand : row->operands) {
      EXPECT_TRUE(is_snake_case(operand.name)) << row->name;
      EXPECT_FALSE(operand.doc.empty()) << row->name << " " << operand.name;
      EXPECT_TRUE(names.insert(operand.name).second) << row->name << " " << operand.name;
    }
    for (const AttributeDef& attribute : row->attributes) {
      EXPECT_TRUE(is_snake_case(attribute.name)) << row->name;
      EXPECT_FALSE(attribute.doc.empty()) << row->name << " " << attribute.name;
      EXPECT_TRUE(names.insert(attribute.name).second) << row->name << " " << attribute.name;
    }
  }
}

TEST(Rows, DefaultsHaveTheKindOfTheirAttribute) {
  for (const OpDef* row : all_ops()) {
    for (size_t i = 0; i < row->attributes.size(); ++i) {
      const AttributeDef& def = row->attributes[i];
      EXPECT_EQ(row->attribute_index(def.name), static_cast<int>(i));
      const Attribute value = default_attribute(def);
      const bool none =
          std::holds_alternative<Required>(def.default_value) || std::holds_alternative<None>(def.default_value);
      EXPECT_EQ(std::holds_alternative<std::monostate>(value), none) << row->name << " " << def.name;
      if (!none) {
        EXPECT_TRUE(has_kind(value, def.kind)) << row->name << " " << def.name;
      }
      if (!def.choices.empty()) {
        EXPECT_EQ(def.kind, AttributeKind::String) << row->name << " " << def.name;
        if (const auto* choice = std::get_if<std::string>(&value)) {
          EXPECT_NE(std::find(def.choices.begin(), def.choices.end(), *choice), def.choices.end())
              << row->name << " " << def.name;
        }
      }
    }
    EXPECT_EQ(row->attribute_index("no_such_attribute"), -1);
  }
}

TEST(Rows, OptionalOperandsComeLast) {
  for (const OpDef* row : all_ops()) {
    auto kind = OperandKind::Required;
    for (const OperandDef& operand : row->operands) {
      EXPECT_GE(static_cast<int>(operand.kind), static_cast<int>(kind)) << row->name << " " << operand.name;
      kind = operand.kind;
    }
  }
}

}  // namespace
}  // namespace lathe
