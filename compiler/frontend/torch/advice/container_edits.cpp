// Where a module is written among the members of its container, and how another one is put in front of it.
#include <fmt/format.h>

#include "compiler/frontend/torch/advice/fault_view.h"

namespace lathe::torch {
namespace {

bool is_inside(const Span& inner, const Span& outer) {
  return inner.file == outer.file && outer.begin <= inner.begin && inner.end <= outer.end;
}

/// The smallest expression around another one.
std::optional<ExpressionView> parent(const ExpressionView& view) {
  std::optional<ExpressionView> best;
  for (size_t i = 0; i < view.ast->expressions.size(); ++i) {
    const ExpressionView outer{view.ast, ExpressionId(i)};
    if (outer.span() == view.span() || !is_inside(view.span(), outer.span())) continue;
    const bool is_smaller = !best || outer.span().end - outer.span().begin < best->span().end - best->span().begin;
    if (is_smaller) best = outer;
  }
  return best;
}

/// An item of a list or of arguments, with another one in front of it: in a line of its own where the item has one.
Edit item_before(const SourceView& source, const ExpressionView& item, const std::string& text) {
  const Span span = item.span();
  if (!source.begins_line(span)) return insert_before(span, text + ", ");
  return insert_before(span, text + ",\n" + source.indentation(span.file, span.begin));
}

/// A statement in a line of its own in front of the statement that holds `view`.
std::optional<Edit> statement_before(const SourceView& source, const ExpressionView& view, const std::string& text) {
  const auto statement = source.statement(view.span());
  if (!statement || !source.begins_line(statement->statement().span)) return std::nullopt;
  const Span span = statement->statement().span;
  return insert_before(span, text + "\n" + source.indentation(span.file, span.begin));
}

const StringExpression* first_string(const ExpressionView& view) {
  const auto* tuple = view.as<TupleExpression>();
  if (tuple == nullptr || tuple->items.size() != 2) return nullptr;
  return view.child(tuple->items[0]).as<StringExpression>();
}

char quote_of(const SourceView& source, const ExpressionView& text) {
  const std::string written = source.text(text);
  return written.starts_with('"') ? '"' : '\'';
}

}  // namespace

std::optional<std::vector<Edit>> FaultView::insert_before_layer(const ExpressionView& built, const std::string& module,
                                                                const std::string& name) const {
  const SourceView& view = source();
  const auto only = [](std::optional<Edit> edit) -> std::optional<std::vector<Edit>> {
    if (!edit) return std::nullopt;
    return std::vector<Edit>{*std::move(edit)};
  };
  const std::optional<ExpressionView> outer = parent(built);
  if (outer) {
    if (const StringExpression* key = first_string(*outer)) {
      const ExpressionView text = outer->child(outer->as<TupleExpression>()->items[0]);
      const char quote = quote_of(view, text);
      const std::string entry = fmt::format("({0}{1}{0}, {2})", quote, name == key->value ? name + "_" : name, module);
      return only(item_before(view, *outer, entry));
    }
    if (outer->as<ListExpression>() != nullptr || outer->as<TupleExpression>() != nullptr) {
      return only(item_before(view, built, module));
    }
    if (const auto* dict = outer->as<DictExpression>()) {
      for (const auto& [key, value] : dict->entries) {
        if (value != built.id || !key.valid()) continue;
        const char quote = quote_of(view, outer->child(key));
        return only(item_before(view, outer->child(key), fmt::format("{0}{1}{0}: {2}", quote, name, module)));
      }
    }
    if (const auto* call = outer->as<CallExpression>()) {
      const ExpressionView callee = outer->child(call->function);
      const auto* attribute = callee.as<AttributeExpression>();
      const std::string method = attribute == nullptr ? std::string() : view.name(attribute->name);
      const std::string object = attribute == nullptr ? std::string() : view.text(callee.child(attribute->object));
      if (method == "append") return only(statement_before(view, built, fmt::format("{}.append({})", object, module)));
      if (method == "add_module" || method == "register_module") {
        return only(statement_before(view, built, fmt::format("{}.{}('{}', {})", object, method, name, module)));
      }
      // Arguments with keywords are no members.
      for (const CallArgument& argument : call->arguments) {
        if (argument.value != built.id || argument.kind != CallArgument::Kind::Positional) continue;
        return only(item_before(view, built, module));
      }
    }
  }
  const auto statement = view.statement(built.span());
  const auto* assigned = statement ? std::get_if<AssignStatement>(&statement->statement().kind) : nullptr;
  if (assigned != nullptr && assigned->targets.size() == 1 && assigned->value == built.id) {
    const ExpressionView target{statement->ast, assigned->targets[0]};
    if (const auto* item = target.as<SubscriptExpression>()) {
      const ExpressionView key = target.child(item->index);
      if (key.as<StringExpression>() != nullptr) {
        const char quote = quote_of(view, key);
        return only(statement_before(
            view, built,
            fmt::format("{0}[{1}{2}{1}] = {3}", view.text(target.child(item->object)), quote, name, module)));
      }
    }
    // A name or attribute that is an argument of the container.
    const std::string written = view.text(target);
    for (size_t i = 0; i < built.ast->expressions.size(); ++i) {
      const ExpressionView other{built.ast, ExpressionId(i)};
      if (other.span().begin <= built.span().end || view.text(other) != written) continue;
      const std::optional<ExpressionView> around = parent(other);
      const auto* call = around ? around->as<CallExpression>() : nullptr;
      const bool is_argument = call != nullptr && call->function != other.id &&
                               view.dotted(around->child(call->function)).ends_with("Sequential");
      if (is_argument || (around && around->as<ListExpression>() != nullptr)) {
        return only(item_before(view, other, module));
      }
    }
  }
  return only(replace(built.span(),
                      fmt::format("{}({}, {})", library(built, "torch.nn.Sequential"), module, view.text(built))));
}

}  // namespace lathe::torch
