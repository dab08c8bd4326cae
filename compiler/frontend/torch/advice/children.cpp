// Steps of `forward`, read from its source, and Sequentials made of children.
#include "compiler/frontend/torch/advice/children.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <map>

#include "compiler/frontend/torch/advice/forward_steps.h"
#include "compiler/frontend/torch/advice/library_names.h"
#include "compiler/frontend/torch/nn/state.h"

namespace lathe::torch {
namespace {

constexpr uint32_t kDeepest = 48;
constexpr size_t kMostSteps = 400;

/// Methods and functions that give numbers, or the tensor itself.
constexpr std::array<std::string_view, 12> kNumbers = {
    "size", "dim", "numel", "len", "print", "int", "item", "isinstance", "range", "float", "is_floating_point", "type"};
constexpr std::array<std::string_view, 8> kPassing = {"contiguous", "detach", "clone", "to",
                                                      "cuda",       "cpu",    "float", "requires_grad_"};

template <size_t size>
bool has(const std::array<std::string_view, size>& rows, std::string_view name) {
  return std::find(rows.begin(), rows.end(), name) != rows.end();
}

/// Follows the tensor through a forward. A token names what an expression gives: the step that made it, the input, or
/// nothing that is followed.
class Reader {
 public:
  Reader(const SourceView& source, ObjectId module) : source_(source), module_(module) {}

  std::optional<ForwardSteps> read() {
    Evaluator& evaluator = source_.evaluator();
    const Result<std::optional<Value>> found = evaluator.find_attribute(Value(module_), evaluator.name("forward"), {});
    if (!found.ok() || !*found) return std::nullopt;
    const auto* bound = evaluator.heap().as<BoundMethodObject>(**found);
    const auto* function = bound == nullptr ? nullptr : evaluator.heap().as<FunctionObject>(bound->function);
    if (function == nullptr) return steps_of_sequential();
    const Ast& ast = evaluator.tree(function->unit);
    const Function& definition = ast.functions[function->function];
    if (definition.parameters.size() < 2) return std::nullopt;
    result_.head = definition.head_span;
    result_.is_chain = true;
    function_ = &definition;
    self_ = definition.parameters[0].name;
    names_[definition.parameters[1].name] = kInput;
    block(ast, definition.body, 0);
    // The last step must be what is returned.
    if (!returned_ || *returned_ != last()) result_.is_chain = false;
    return std::move(result_);
  }

 private:
  using Token = int64_t;
  static constexpr Token kInput = -1;
  static constexpr Token kOther = -2;

  // A Sequential of the library: its members in order.
  std::optional<ForwardSteps> steps_of_sequential() {
    Evaluator& evaluator = source_.evaluator();
    if (!evaluator.is_instance(Value(module_), evaluator.library_object("torch.nn.Sequential"))) return std::nullopt;
    ForwardSteps steps;
    steps.is_chain = true;
    for (const NamedValue& child : entries(evaluator, module_, Registry::Modules)) {
      const std::string name = first_name(child.name, child.value);
      steps.steps.push_back({name, "self." + name, fmt::format("self[{}]", child.name), {}});
    }
    return steps;
  }

  /// The name under which a child came first: one module may have several.
  [[nodiscard]] std::string first_name(const std::string& name, const Value& child) const {
    for (const NamedValue& other : entries(source_.evaluator(), module_, Registry::Modules)) {
      if (other.value == child) return other.name;
    }
    return name;
  }

  [[nodiscard]] Token last() const {
    return result_.steps.empty() ? kInput : static_cast<Token>(result_.steps.size()) - 1;
  }

  Token add(ForwardStep step, Token input) {
    if (input != last() || step.module.empty()) result_.is_chain = false;
    if (result_.steps.size() >= kMostSteps) {
      result_.is_chain = false;
      return kOther;
    }
    result_.steps.push_back(std::move(step));
    return last();
  }

  void block(const Ast& ast, const Block& body, uint32_t depth) {
    for (const StatementId id : body) {
      if (returned_) return;
      statement(ast, ast.statements[id], depth);
    }
  }

  void assign(const ExpressionView& target, Token token) {
    if (const auto* name = target.as<NameExpression>()) {
      names_[name->name] = token;
      return;
    }
    if (const auto* tuple = target.as<TupleExpression>()) {
      if (token != kOther) result_.is_chain = false;
      for (const ExpressionId item : tuple->items) assign(target.child(item), token);
    }
  }

  void statement(const Ast& ast, const Statement& row, uint32_t depth) {
    if (depth > kDeepest) {
      result_.is_chain = false;
      return;
    }
    const auto view = [&](ExpressionId id) { return ExpressionView{&ast, id}; };
    if (const auto* plain = std::get_if<ExpressionStatement>(&row.kind)) {
      value(view(plain->value), depth + 1);
    } else if (const auto* assigned = std::get_if<AssignStatement>(&row.kind)) {
      const Token token = value(view(assigned->value), depth + 1);
      for (const ExpressionId target : assigned->targets) assign(view(target), token);
    } else if (const auto* annotated = std::get_if<AnnotatedAssignStatement>(&row.kind)) {
      if (annotated->value.valid()) assign(view(annotated->target), value(view(annotated->value), depth + 1));
    } else if (const auto* augmented = std::get_if<AugmentedAssignStatement>(&row.kind)) {
      const Token left = value(view(augmented->target), depth + 1);
      const Token right = value(view(augmented->value), depth + 1);
      if (left == kOther && right == kOther) return;
      const std::string op = std::string(text(augmented->op)) + "=";
      assign(view(augmented->target), add({{}, op, {}, row.span}, kOther));
    } else if (const auto* returned = std::get_if<ReturnStatement>(&row.kind)) {
      returned_ = returned->value.valid() ? value(view(returned->value), depth + 1) : kOther;
    } else if (const auto* loop = std::get_if<ForStatement>(&row.kind)) {
      for_loop(ast, *loop, row, depth);
    } else if (const auto* branch = std::get_if<IfStatement>(&row.kind)) {
      result_.is_chain = false;
      value(view(branch->test), depth + 1);
      block(ast, branch->then, depth + 1);
      if (!branch->otherwise.empty()) returned_.reset();
      block(ast, branch->otherwise, depth + 1);
    } else if (const auto* with = std::get_if<WithStatement>(&row.kind)) {
      block(ast, with->body, depth + 1);
    } else if (std::get_if<AssertStatement>(&row.kind) == nullptr && std::get_if<PassStatement>(&row.kind) == nullptr) {
      result_.is_chain = false;
    }
  }

  // `for layer in self.layers: x = layer(x)` is a step for each member.
  void for_loop(const Ast& ast, const ForStatement& loop, const Statement& row, uint32_t depth) {
    const auto view = [&](ExpressionId id) { return ExpressionView{&ast, id}; };
    const std::string list = child_of(view(loop.iterable));
    const auto* target = view(loop.target).as<NameExpression>();
    if (!list.empty() && target != nullptr && loop.body.size() == 1) {
      const auto* body = std::get_if<AssignStatement>(&ast.statements[loop.body[0]].kind);
      const auto* call = body == nullptr ? nullptr : view(body->value).as<CallExpression>();
      const auto* callee = call == nullptr ? nullptr : view(call->function).as<NameExpression>();
      if (callee != nullptr && callee->name == target->name && call->arguments.size() == 1) {
        const Token input = value(view(call->arguments[0].value), depth + 1);
        const Token token = add({list, "self." + list, "*self." + list, row.span}, input);
        for (const ExpressionId id : body->targets) assign(view(id), token);
        return;
      }
    }
    result_.is_chain = false;
    value(view(loop.iterable), depth + 1);
    block(ast, loop.body, depth + 1);
  }

  /// The name of a child of the module that `self.name` is.
  std::string child_of(const ExpressionView& view) const {
    const auto* attribute = view.as<AttributeExpression>();
    const auto* base = attribute == nullptr ? nullptr : view.child(attribute->object).as<NameExpression>();
    if (base == nullptr || base->name != self_) return {};
    const std::string& name = source_.name(attribute->name);
    const std::optional<Value> child = registered(source_.evaluator(), module_, Registry::Modules, name);
    return child ? first_name(name, *child) : std::string();
  }

  Token value(const ExpressionView& view, uint32_t depth) {
    if (depth > kDeepest) {
      result_.is_chain = false;
      return kOther;
    }
    if (const auto* name = view.as<NameExpression>()) {
      const auto found = names_.find(name->name);
      return found == names_.end() ? kOther : found->second;
    }
    if (const auto* call = view.as<CallExpression>()) return called(view, *call, depth);
    if (const auto* binary = view.as<BinaryExpression>()) {
      const Token left = value(view.child(binary->left), depth + 1);
      const Token right = value(view.child(binary->right), depth + 1);
      if (left == kOther && right == kOther) return kOther;
      return add({{}, std::string(text(binary->op)), {}, view.span()}, kOther);
    }
    if (const auto* unary = view.as<UnaryExpression>()) {
      if (value(view.child(unary->operand), depth + 1) == kOther) return kOther;
      return add({{}, std::string(text(unary->op)), {}, view.span()}, kOther);
    }
    if (const auto* item = view.as<SubscriptExpression>()) {
      if (value(view.child(item->object), depth + 1) == kOther) return kOther;
      return add({{}, "an index", {}, view.span()}, kOther);
    }
    if (const auto* tuple = view.as<TupleExpression>()) return each(view, tuple->items, depth);
    if (const auto* list = view.as<ListExpression>()) return each(view, list->items, depth);
    if (const auto* choice = view.as<ConditionalExpression>()) {
      const Token then = value(view.child(choice->then), depth + 1);
      const Token otherwise = value(view.child(choice->otherwise), depth + 1);
      if (then == kOther && otherwise == kOther) return kOther;
      result_.is_chain = false;
      return then;
    }
    return kOther;
  }

  Token each(const ExpressionView& view, const std::vector<ExpressionId>& items, uint32_t depth) {
    Token token = kOther;
    for (const ExpressionId item : items) token = std::max(token, value(view.child(item), depth + 1));
    if (token != kOther) result_.is_chain = false;
    return token;
  }

  Token called(const ExpressionView& view, const CallExpression& call, uint32_t depth) {
    const ExpressionView callee = view.child(call.function);
    if (const std::string child = child_of(callee); !child.empty()) {
      const Token input = arguments(view, call, depth);
      if (call.arguments.size() != 1) result_.is_chain = false;
      return add({child, "self." + child, "self." + child, view.span()}, input);
    }
    const auto* attribute = callee.as<AttributeExpression>();
    if (attribute != nullptr) {
      // A method of a tensor, a function of the library, or a method of the module.
      const Token object = value(callee.child(attribute->object), depth + 1);
      const std::string& name = source_.name(attribute->name);
      if (object != kOther) {
        arguments(view, call, depth);
        if (has(kNumbers, name) && name != "float") return kOther;
        if (has(kPassing, name)) return object;
        return functional({.name = name, .call = view, .first_argument = 0}, "." + name, object);
      }
    }
    const std::string dotted = source_.dotted(callee);
    if (dotted.empty()) {
      const Token input = arguments(view, call, depth);
      if (input == kOther) return kOther;
      return add({{}, source_.text(callee), {}, view.span()}, input);
    }
    const std::string path = library_path(source_, view.span().file, dotted);
    const Token input = arguments(view, call, depth);
    if (has(kNumbers, dotted) || input == kOther) return kOther;
    const std::string name = path.starts_with("torch.") ? path.substr(path.rfind('.') + 1) : std::string();
    return functional({.name = name, .call = view, .first_argument = 1}, dotted, input);
  }

  Token functional(const FunctionalCall& call, std::string text, Token input) {
    std::string module = call.name.empty() ? std::string() : as_module(source_, call).value_or("");
    return add({{}, std::move(text), std::move(module), call.call.span()}, input);
  }

  /// The token of the tensor among the arguments.
  Token arguments(const ExpressionView& view, const CallExpression& call, uint32_t depth) {
    Token result = kOther;
    for (const CallArgument& argument : call.arguments) {
      const Token token = value(view.child(argument.value), depth + 1);
      if (token == kOther) continue;
      if (result != kOther) result_.is_chain = false;
      result = token;
    }
    return result;
  }

  const SourceView& source_;
  ObjectId module_;
  const Function* function_ = nullptr;
  NameId self_;
  std::map<NameId, Token> names_;
  std::optional<Token> returned_;
  ForwardSteps result_;
};

/// `X.children()`, also named_children() and modules(), inside of an expression.
std::optional<ExpressionView> children_call_in(const SourceView& source, const ExpressionView& view) {
  std::optional<ExpressionView> found;
  for (size_t i = 0; i < view.ast->expressions.size(); ++i) {
    const ExpressionView inner{view.ast, ExpressionId(i)};
    const auto* call = inner.as<CallExpression>();
    const auto* callee = call == nullptr ? nullptr : inner.child(call->function).as<AttributeExpression>();
    if (callee == nullptr || inner.span().begin < view.span().begin || inner.span().end > view.span().end) continue;
    const std::string& name = source.name(callee->name);
    if (name == "children" || name == "named_children") found = inner;
  }
  return found;
}

/// `self` at the begin of a word becomes the name of the owner.
std::string with_owner(const std::string& text, const std::string& owner) {
  constexpr std::string_view kSelf = "self";
  const auto is_word = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; };
  std::string result;
  for (size_t i = 0; i < text.size();) {
    const bool begins = i == 0 || (!is_word(text[i - 1]) && text[i - 1] != '.');
    const bool ends = i + kSelf.size() >= text.size() || !is_word(text[i + kSelf.size()]);
    if (begins && ends && text.compare(i, kSelf.size(), kSelf) == 0) {
      result += owner;
      i += kSelf.size();
    } else {
      result += text[i++];
    }
  }
  return result;
}

}  // namespace

std::optional<ForwardSteps> forward_steps(const SourceView& source, ObjectId module) {
  return Reader(source, module).read();
}

std::optional<ChildrenCopy> children_copy(const SourceView& source, ObjectId sequential) {
  Evaluator& evaluator = source.evaluator();
  const auto* instance = evaluator.heap().as<InstanceObject>(Value(sequential));
  if (instance == nullptr || instance->type != evaluator.library_object("torch.nn.Sequential")) return std::nullopt;
  const std::vector<NamedValue> members = entries(evaluator, sequential, Registry::Modules);
  const auto& owners = module_state(evaluator).owners;
  ChildrenCopy copy;
  copy.sequential = sequential;
  for (const NamedValue& member : members) {
    const auto owner = owners.find(std::get<ObjectId>(member.value));
    if (owner == owners.end() || owner->second.owner == sequential) return std::nullopt;
    if (copy.owner.valid() && copy.owner != owner->second.owner) return std::nullopt;
    copy.owner = owner->second.owner;
    copy.members.push_back(owner->second.name);
  }
  if (!copy.owner.valid()) return std::nullopt;
  const std::optional<ExpressionView> call = source.call(instance->created);
  if (!call) return std::nullopt;
  copy.call = *call;
  const std::optional<ExpressionView> children = children_call_in(source, *call);
  bool is_filled_later = false;  // with add_module or append
  if (children) {
    copy.children_call = children->span();
    const auto* callee = children->child(children->as<CallExpression>()->function).as<AttributeExpression>();
    copy.owner_text = source.text(children->child(callee->object));
  } else {
    // A list that was made of them before; the members of other containers are often taken on purpose.
    if (evaluator.is_instance(Value(copy.owner), evaluator.library_object("torch.nn.Sequential"))) return std::nullopt;
    const auto* node = call->as<CallExpression>();
    const bool is_starred = node->arguments.size() == 1 && node->arguments[0].kind == CallArgument::Kind::Star;
    is_filled_later = node->arguments.empty();
    if (!is_starred && !is_filled_later) return std::nullopt;
    for (const Evaluator::TopLevelName& name : evaluator.top_level_names()) {
      if (name.value == Value(copy.owner)) copy.owner_text = name.name;
    }
  }
  const std::optional<ForwardSteps> steps = forward_steps(source, copy.owner);
  if (!steps) return std::nullopt;
  copy.forward = *steps;
  std::vector<ObjectId> seen;
  for (const NamedValue& child : entries(evaluator, copy.owner, Registry::Modules)) {
    const ObjectId id = std::get<ObjectId>(child.value);
    if (std::find(seen.begin(), seen.end(), id) != seen.end()) continue;
    seen.push_back(id);
    copy.registered.push_back(child.name);
  }
  const auto is_member = [&](const ForwardStep& step) {
    return !step.child.empty() && std::find(copy.members.begin(), copy.members.end(), step.child) != copy.members.end();
  };
  const bool is_whole = copy.members.size() == copy.registered.size();
  const auto& rows = copy.forward.steps;
  auto first = std::find_if(rows.begin(), rows.end(), is_member);
  auto end = std::find_if(rows.rbegin(), rows.rend(), is_member).base();
  if (first == rows.end()) return std::nullopt;
  if (is_whole) {
    first = rows.begin();
    end = rows.end();
  }
  copy.is_exact = copy.forward.is_chain && !is_filled_later;
  std::vector<std::string> order;
  for (auto step = first; step != end; ++step) {
    if (!step->child.empty() && !is_member(*step)) {
      copy.is_exact = false;
      continue;
    }
    copy.wanted.push_back(*step);
    if (step->child.empty()) {
      copy.drops_steps = true;
      continue;
    }
    if (std::find(order.begin(), order.end(), step->child) != order.end()) {
      copy.drops_calls = true;
    } else {
      order.push_back(step->child);
    }
  }
  std::vector<std::string> used;
  for (const std::string& member : copy.members) {
    if (std::find(order.begin(), order.end(), member) != order.end()) used.push_back(member);
  }
  copy.other_order = used != order;
  return copy;
}

std::optional<std::string> replacement(const SourceView& source, const ChildrenCopy& copy) {
  if (!copy.is_exact || copy.owner_text.empty()) return std::nullopt;
  const std::string callee = source.text(copy.call.child(copy.call.as<CallExpression>()->function));
  Evaluator& evaluator = source.evaluator();
  if (evaluator.is_instance(Value(copy.owner), evaluator.library_object("torch.nn.Sequential")) &&
      copy.members.size() == copy.registered.size()) {
    return fmt::format("{}(*{})", callee, copy.owner_text);
  }
  std::vector<std::string> parts;
  for (const ForwardStep& step : copy.wanted) parts.push_back(with_owner(step.module, copy.owner_text));
  return fmt::format("{}({})", callee, fmt::join(parts, ", "));
}

}  // namespace lathe::torch
