// Prints a module in the syntax that parse.cpp reads.
#include "ir/graph/print.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <unordered_map>

#include "ir/base/lexer.h"
#include "ir/graph/dense_text.h"
#include "ir/graph/op.h"
#include "ir/graph/text_names.h"

namespace lathe {
namespace {

template <class T, class Text>
std::string bracketed(const std::vector<T>& values, Text text_of) {
  std::string result = "[";
  for (const T& value : values) {
    if (result.size() > 1) result += ", ";
    result += text_of(value);
  }
  return result + "]";
}

class Printer {
 public:
  Printer(const Module& module, const PrintOptions& options)
      : module_(module), graph_(module.graph), options_(options), names_(value_names(module)) {
    data_ = data_constants(module);
    for (const NamedConstant& row : data_) data_names_.emplace(row.constant.index, row.name);
  }

  std::string run() {
    for (const SymbolTable::Row& row : module_.symbols.rows()) print_symbol(row);
    for (const Guard& guard : module_.guards) print_guard(guard);
    put("graph {}({}) -> (", with_sigil('@', module_.name), typed_names(graph_.inputs()));
    std::string results;
    for (ValueId output : graph_.outputs()) {
      if (!results.empty()) results += ", ";
      results += text(graph_.value(output).type);
    }
    out_ += results + ") {\n";
    print_nodes();
    out_ += "}\n";
    for (const NamedConstant& row : data_) {
      const ConstantData& constant = module_.constants[row.constant];
      const std::string payload = constant.absent ? "absent" : options_.data ? payload_text(constant) : "shared";
      put("data {} : {} = {}\n", with_sigil('@', row.name), text(constant.type), payload);
    }
    return std::move(out_);
  }

  std::vector<NodeText> root_nodes() {
    print_nodes();
    std::vector<NodeText> texts;
    for (size_t i = 0; i < root_starts_.size(); ++i) {
      const size_t end = i + 1 < root_starts_.size() ? root_starts_[i + 1].second : out_.size();
      texts.push_back({root_starts_[i].first, out_.substr(root_starts_[i].second, end - root_starts_[i].second)});
    }
    return texts;
  }

  std::string one_node(NodeId id) {
    print_head(id);
    if (!graph_.node(id).regions.empty()) out_ += " region (...)";
    print_tail(id);
    return std::move(out_);
  }

 private:
  template <class... Arguments>
  void put(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
    fmt::format_to(std::back_inserter(out_), format, std::forward<Arguments>(arguments)...);
  }

  [[nodiscard]] std::string name(ValueId id) const {
    return id.valid() && id.index < names_.size() ? with_sigil('%', names_[id.index]) : "_";
  }

  [[nodiscard]] std::string typed_names(std::span<const ValueId> values) const {
    std::string result;
    for (ValueId value : values) {
      if (!result.empty()) result += ", ";
      result += fmt::format("{}: {}", name(value), text(graph_.value(value).type));
    }
    return result;
  }

  void print_symbol(const SymbolTable::Row& row) {
    const bool is_default = row.lower.is_constant(1) && row.upper.is_constant(SymbolTable::kDefaultUpper);
    if (is_default) {
      put("sym {}\n", row.name);
    } else {
      put("sym {} in [{}, {}]\n", row.name, row.lower.text(), row.upper.text());
    }
  }

  void print_guard(const Guard& guard) {
    const std::string_view relation = guard.relation == Guard::Relation::Equal ? "==" : "<=";
    put("guard {} {} {}, \"{}\"\n", guard.left.text(), relation, guard.right.text(), escape(guard.message));
  }

  // The walk keeps its own stack: regions nest as deep as the input says.
  void print_nodes() {
    struct Frame {
      NodeId next;
      NodeId owner;
      size_t region = 0;
    };
    std::vector<Frame> stack{{graph_.region(Graph::root()).first, {}, 0}};
    while (!stack.empty()) {
      Frame& frame = stack.back();
      if (!frame.next.valid()) {
        const Frame done = frame;
        stack.pop_back();
        if (!done.owner.valid()) continue;
        indent(stack.size());
        out_ += "}";
        next_region(stack, done.owner, done.region + 1);
        continue;
      }
      const NodeId id = frame.next;
      frame.next = graph_.node(id).next;
      if (stack.size() == 1) root_starts_.emplace_back(id, out_.size());
      indent(stack.size());
      print_head(id);
      next_region(stack, id, 0);
    }
  }

  template <class Stack>
  void next_region(Stack& stack, NodeId owner, size_t index) {
    const Node& node = graph_.node(owner);
    if (index == node.regions.size()) {
      print_tail(owner);
      out_ += "\n";
      return;
    }
    const Region& region = graph_.region(node.regions[index]);
    put(" region ({}) {{\n", typed_names(region.arguments));
    stack.push_back({region.first, owner, index});
  }

  void indent(size_t depth) { out_.append(2 * depth, ' '); }

  // Results, operation, operands and attributes.
  void print_head(NodeId id) {
    const Node& node = graph_.node(id);
    for (size_t i = 0; i < node.results.size(); ++i) out_ += (i == 0 ? "" : ", ") + name(node.results[i]);
    if (!node.results.empty()) out_ += " = ";
    out_ += node.op->name;
    for (size_t i = 0; i < node.operands.size(); ++i) out_ += (i == 0 ? " " : ", ") + name(node.operands[i]);
    const auto* structural = form<Structural>(*node.op);
    if (structural != nullptr && structural->kind == Structural::Kind::Constant) {
      const auto constant = std::get<ConstantId>(node.attributes.at(0));
      const auto row = data_names_.find(constant.index);
      out_ += " " + (row != data_names_.end() ? with_sigil('@', row->second) : dense_text(module_.constants[constant]));
      return;
    }
    std::string attributes;
    for (size_t i = 0; i < node.attributes.size(); ++i) {
      const AttributeDef& def = node.op->attributes[i];
      if (same_attribute(node.attributes[i], default_attribute(def))) continue;
      attributes +=
          fmt::format("{}{} = {}", attributes.empty() ? "" : ", ", def.name, attribute_text(node.attributes[i]));
    }
    if (!attributes.empty()) put(" {{{}}}", attributes);
  }

  // Types, and the location where it is asked for.
  void print_tail(NodeId id) {
    const Node& node = graph_.node(id);
    const std::vector<ValueId>& typed = has(node.op->traits, Trait::Terminator) ? node.operands : node.results;
    for (size_t i = 0; i < typed.size(); ++i) {
      out_ += (i == 0 ? " : " : ", ") + (typed[i].valid() ? text(graph_.value(typed[i]).type) : std::string("_"));
    }
    if (!options_.locations) return;
    const std::string where = location_text(node.location);
    if (!where.empty()) put(" loc({})", where);
    if (!node.name.empty()) put(" layer(\"{}\")", escape(node.name));
  }

  [[nodiscard]] std::string attribute_text(const Attribute& attribute) const {
    struct Visitor {
      const Printer& printer;
      std::string operator()(std::monostate) const { return "none"; }
      std::string operator()(bool value) const { return value ? "true" : "false"; }
      std::string operator()(int64_t value) const { return fmt::format("{}", value); }
      std::string operator()(double value) const { return float_text(value); }
      std::string operator()(const std::string& value) const { return fmt::format("\"{}\"", escape(value)); }
      std::string operator()(const Integers& values) const {
        return bracketed(values, [](int64_t value) { return fmt::format("{}", value); });
      }
      std::string operator()(const Floats& values) const { return bracketed(values, float_text); }
      std::string operator()(ElementType value) const { return std::string(text(value)); }
      std::string operator()(const Dim& value) const { return value.text(); }
      std::string operator()(const Shape& values) const { return text(values); }
      std::string operator()(ConstantId value) const { return with_sigil('@', printer.data_names_.at(value.index)); }
    };
    return std::visit(Visitor{*this}, attribute);
  }

  // The places a user would recognise, without repetition; empty when nothing is known.
  [[nodiscard]] std::string location_text(LocationId id) const {
    constexpr size_t kMostPlaces = 16;
    std::vector<std::string> places;
    std::vector<LocationId> pending{id};
    for (size_t steps = 0; !pending.empty() && places.size() < kMostPlaces && steps < 16 * kMostPlaces; ++steps) {
      const LocationId next = pending.back();
      pending.pop_back();
      if (!next.valid()) continue;
      const Location& location = module_.locations[next];
      if (const auto* derived = std::get_if<DerivedLocation>(&location)) {
        pending.push_back(derived->from);
      } else if (const auto* fused = std::get_if<FusedLocation>(&location)) {
        pending.insert(pending.end(), fused->parents.rbegin(), fused->parents.rend());
      } else {
        std::string place = place_text(location);
        if (std::find(places.begin(), places.end(), place) == places.end()) places.push_back(std::move(place));
      }
    }
    return fmt::format("{}", fmt::join(places, ", "));
  }

  [[nodiscard]] std::string place_text(const Location& location) const {
    if (const auto* span = std::get_if<Span>(&location)) {
      const LineColumn at = module_.locations.line_column(span->file, span->begin);
      return fmt::format("\"{}\":{}:{}", escape(module_.locations.file(span->file).path), at.line, at.column);
    }
    const auto& model = std::get<ModelLocation>(location);
    const std::string& path = module_.locations.file(model.file).path;
    // What the parser makes of a place in a text that it doesn't have.
    if (model.what == "line") return fmt::format("\"{}\":{}", escape(path), model.name);
    return fmt::format("\"{}\" \"{}\" \"{}\" \"{}\" {}", escape(path), escape(model.what), escape(model.name),
                       escape(model.op), model.index);
  }

  const Module& module_;
  const Graph& graph_;
  PrintOptions options_;
  std::vector<std::string> names_;
  std::vector<NamedConstant> data_;
  std::unordered_map<uint32_t, std::string> data_names_;
  std::string out_;
  std::vector<std::pair<NodeId, size_t>> root_starts_;  // where the text of each node of the root region begins
};

}  // namespace

std::string print(const Module& module, const PrintOptions& options) { return Printer(module, options).run(); }

std::vector<NodeText> print_root_nodes(const Module& module) { return Printer(module, {}).root_nodes(); }

std::string print_node(const Module& module, NodeId node) { return Printer(module, {}).one_node(node); }

}  // namespace lathe
