// Cures for faults of the language: names, attributes, `super().__init__()`, calls of containers, arguments.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdlib>

#include "compiler/frontend/torch/advice/error_families.h"
#include "compiler/frontend/torch/advice/fault_view.h"
#include "compiler/frontend/torch/advice/outer_calls.h"
#include "ir/graph/closest_name.h"

namespace lathe::torch {
namespace {

// -------------------------------------------------------------------------------------------------- super().__init__

void propose_super(Proposal& proposal) {
  const std::optional<Span> place = proposal.source.span(proposal.diagnostic.where);
  const SourceView& source = proposal.source;
  const Function* function = nullptr;
  const Ast* ast = nullptr;
  if (place) {
    function = source.function(*place);
    ast = source.tree(place->file);
  }
  // A fault at a call: the `__init__` of what is called.
  if (function == nullptr || source.name(function->name) != "__init__") {
    const std::vector<Value>& operands = proposal.facts.operands;
    if (operands.empty()) return;
    Evaluator& evaluator = proposal.evaluator;
    const Result<std::optional<Value>> method = evaluator.find_attribute(operands[0], evaluator.name("__init__"), {});
    const auto* bound = method.ok() && *method ? evaluator.heap().as<BoundMethodObject>(**method) : nullptr;
    const auto* object = bound == nullptr ? nullptr : evaluator.heap().as<FunctionObject>(bound->function);
    if (object == nullptr) return;
    ast = &evaluator.tree(object->unit);
    function = &ast->functions[object->function];
  }
  if (ast == nullptr || function->body.empty()) return;
  // Behind the text that documents it.
  size_t first = 0;
  const auto* text = std::get_if<ExpressionStatement>(&ast->statements[function->body[0]].kind);
  if (text != nullptr && std::holds_alternative<StringExpression>(ast->expressions[text->value].kind)) ++first;
  if (first == function->body.size()) return;
  const Span begin = ast->statements[function->body[first]].span;
  const std::string indentation = source.indentation(begin.file, begin.begin);
  // There may be one that comes too late.
  for (size_t i = first; i < function->body.size(); ++i) {
    const Span statement = ast->statements[function->body[i]].span;
    const std::string written = source.text(statement);
    if (!written.starts_with("super(") || written.find("__init__") == std::string::npos ||
        !source.begins_line(statement))
      continue;
    const Span line{statement.file, source.line_begin(statement.file, statement.begin),
                    source.line_end(statement.file, statement.end)};
    proposal.fix("call `super().__init__()` first",
                 {insert_before(begin, fmt::format("{}\n{}", written, indentation)), replace(line, "")});
    return;
  }
  const std::string line = "super().__init__()";
  if (source.begins_line(begin)) {
    proposal.fix("call `super().__init__()` first", {insert_before(begin, line + "\n" + indentation)});
  } else {
    proposal.fix("call `super().__init__()` first", {insert_before(begin, line + "; ")});
  }
}

// -------------------------------------------------------------------------------------------------------------- names

struct ImportRow {
  std::string_view name;
  std::string_view line;
};
constexpr std::array kImports = {
    ImportRow{"torch", "import torch"},
    ImportRow{"nn", "from torch import nn"},
    ImportRow{"F", "import torch.nn.functional as F"},
    ImportRow{"np", "import numpy as np"},
    ImportRow{"numpy", "import numpy"},
    ImportRow{"math", "import math"},
    ImportRow{"copy", "import copy"},
    ImportRow{"random", "import random"},
    ImportRow{"itertools", "import itertools"},
    ImportRow{"functools", "import functools"},
    ImportRow{"collections", "import collections"},
    ImportRow{"einops", "import einops"},
    ImportRow{"OrderedDict", "from collections import OrderedDict"},
    ImportRow{"namedtuple", "from collections import namedtuple"},
    ImportRow{"defaultdict", "from collections import defaultdict"},
    ImportRow{"partial", "from functools import partial"},
    ImportRow{"reduce", "from functools import reduce"},
    ImportRow{"dataclass", "from dataclasses import dataclass"},
    ImportRow{"Optional", "from typing import Optional"},
    ImportRow{"List", "from typing import List"},
    ImportRow{"Tuple", "from typing import Tuple"},
    ImportRow{"rearrange", "from einops import rearrange"},
    ImportRow{"repeat", "from einops import repeat"},
    ImportRow{"Rearrange", "from einops.layers.torch import Rearrange"},
    ImportRow{"Variable", "from torch.autograd import Variable"},
};

std::string backticked(const std::string& text, std::string_view behind) {
  const size_t at = text.find(behind);
  const size_t begin = at == std::string::npos ? at : text.find('`', at);
  const size_t end = begin == std::string::npos ? begin : text.find('`', begin + 1);
  return end == std::string::npos ? std::string() : text.substr(begin + 1, end - begin - 1);
}

/// The last place within a span where a word stands.
std::optional<Span> word_in(const SourceView& source, const Span& span, const std::string& word) {
  const std::string text = source.text(span);
  const auto is_word = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; };
  for (size_t at = text.rfind(word); at != std::string::npos;
       at = at == 0 ? std::string::npos : text.rfind(word, at - 1)) {
    const bool begins = at == 0 || !is_word(text[at - 1]);
    const bool ends = at + word.size() == text.size() || !is_word(text[at + word.size()]);
    if (!begins || !ends) continue;
    const auto begin = span.begin + static_cast<uint32_t>(at);
    return Span{span.file, begin, begin + static_cast<uint32_t>(word.size())};
  }
  return std::nullopt;
}

void add_import(Proposal& proposal, const Span& place, const std::string& name) {
  const Ast* ast = proposal.source.tree(place.file);
  if (ast == nullptr) return;
  uint32_t at = 0;
  for (const StatementId id : ast->body) {
    const StatementKind& kind = ast->statements[id].kind;
    const bool is_import =
        std::get_if<ImportStatement>(&kind) != nullptr || std::get_if<ImportFromStatement>(&kind) != nullptr;
    if (is_import) at = proposal.source.line_end(place.file, ast->statements[id].span.end);
  }
  for (const ImportRow& row : kImports) {
    if (row.name != name) continue;
    proposal.fix(fmt::format("`{}`", row.line), {{{place.file, at, at}, std::string(row.line) + "\n"}});
    return;
  }
}

void propose_name(Proposal& proposal) {
  const std::optional<Span> place = proposal.source.span(proposal.diagnostic.where);
  if (!place) return;
  const std::string& message = proposal.diagnostic.message;
  std::string wrong = backticked(message, "the name ");
  const bool is_name = !wrong.empty();
  for (const char* behind : {"has no attribute ", "has no name ", "no module ", "has no "}) {
    if (wrong.empty()) wrong = backticked(message, behind);
  }
  std::vector<std::string> meant;
  meant.push_back(backticked(message, "did you mean "));
  for (const std::string& note : proposal.diagnostic.notes) meant.push_back(backticked(note, "did you mean "));
  // Another spelling of capitals, or with the words in another order.
  const size_t fixes = proposal.diagnostic.fixes.size();
  if (is_name) add_import(proposal, *place, wrong);
  if (proposal.diagnostic.fixes.size() > fixes) return;
  if (wrong.empty()) return;
  if (const size_t dot = wrong.rfind('.'); dot != std::string::npos) wrong = wrong.substr(dot + 1);
  const std::optional<Span> word = word_in(proposal.source, *place, wrong);
  for (std::string candidate : meant) {
    if (candidate.empty() || !word) continue;
    if (const size_t dot = candidate.rfind('.'); dot != std::string::npos) candidate = candidate.substr(dot + 1);
    proposal.fix(fmt::format("`{}`", candidate), {replace(*word, candidate)});
  }
  if (is_name && proposal.source.function(*place) != nullptr) {
    // An attribute of the module whose method it is.
    const Function* function = proposal.source.function(*place);
    if (!function->parameters.empty() && proposal.source.name(function->parameters[0].name) == "self") {
      proposal.fix(fmt::format("`self.{}`", wrong), {insert_before(*place, "self.")});
    }
  }
}

// --------------------------------------------------------------------------------------------------------- containers

void propose_container(Proposal& proposal) {
  const FaultView view(proposal);
  const SourceView& source = proposal.source;
  const std::vector<Value>& operands = proposal.facts.operands;
  const auto* module = operands.empty() ? nullptr : std::get_if<ObjectId>(operands.data());
  if (module == nullptr || !is_module(view.evaluator(), operands[0])) return;
  const std::string type = view.type_of(*module);
  const std::optional<ExpressionView> built = view.constructor(*module);
  if (type == "ModuleList" && built) {
    const auto* node = built->as<CallExpression>();
    const ExpressionView callee = built->child(node->function);
    const std::string written = source.dotted(callee);
    const std::string sequential = written.ends_with("nn.ModuleList") || written.find('.') != std::string::npos
                                       ? written.substr(0, written.rfind('.')) + ".Sequential"
                                       : view.library(*built, "torch.nn.Sequential");
    if (node->arguments.size() == 1 && node->arguments[0].kind == CallArgument::Kind::Positional) {
      const ExpressionView list = built->child(node->arguments[0].value);
      const std::string text = source.text(list);
      const bool needs_parentheses =
          list.as<ComprehensionExpression>() != nullptr && !text.starts_with('[') && !text.starts_with('(');
      proposal.fix("an nn.Sequential can be called",
                   {replace(callee.span(), sequential),
                    replace(list.span(), needs_parentheses ? "*(" + text + ")" : "*" + text)});
    } else if (node->arguments.empty()) {
      proposal.fix("an nn.Sequential can be called", {replace(callee.span(), sequential)});
    }
  }
  // `x = self.layers(x)` as a loop.
  const std::optional<ExpressionView> call = view.call();
  if (type == "ModuleList" && call) {
    const auto statement = source.statement(call->span());
    const auto* node = call->as<CallExpression>();
    const bool is_alone = statement && source.begins_line(statement->statement().span);
    if (is_alone && node->arguments.size() == 1) {
      const Span span = statement->statement().span;
      const std::string indentation = source.indentation(span.file, span.begin);
      const std::string list = source.text(call->child(node->function));
      const ExpressionView argument = call->child(node->arguments[0].value);
      const auto* assigned = std::get_if<AssignStatement>(&statement->statement().kind);
      const bool is_plain = assigned != nullptr && assigned->value == call->id && assigned->targets.size() == 1;
      const std::string name = is_plain ? source.text(ExpressionView{statement->ast, assigned->targets[0]})
                               : argument.as<NameExpression>() != nullptr ? source.text(argument)
                                                                          : "x";
      std::string loop;
      if (source.text(argument) != name) loop = fmt::format("{} = {}\n{}", name, source.text(argument), indentation);
      loop += fmt::format("for layer in {}:\n{}    {} = layer({})", list, indentation, name, name);
      if (is_plain) {
        proposal.fix("call the modules one by one", {replace(span, loop)});
      } else {
        proposal.fix("call the modules one by one",
                     {insert_before(span, loop + "\n" + indentation), replace(call->span(), name)});
      }
    }
  }
  // `forward` under another name.
  const auto* instance = view.evaluator().heap().as<InstanceObject>(operands[0]);
  const auto* class_object = view.evaluator().heap().as<ClassObject>(Value(instance->type));
  if (class_object == nullptr || class_object->is_native) return;
  for (const auto& [name, value] : class_object->attributes.rows()) {
    const auto* function = view.evaluator().heap().as<FunctionObject>(value);
    if (function == nullptr) continue;
    const std::array<std::string_view, 1> wanted = {"forward"};
    const std::string& text = source.name(name);
    const bool is_near =
        !closest_name(text, wanted).empty() || text == "call" || text == "__forward__" || text == "fwd";
    if (!is_near) continue;
    const Ast& ast = view.evaluator().tree(function->unit);
    const std::optional<Span> word = word_in(source, ast.functions[function->function].head_span, text);
    if (word) proposal.fix("the method that a call runs is `forward`", {replace(*word, "forward")});
  }
}

// ---------------------------------------------------------------------------------------------------------- arguments

/// One argument too many for a forward.
void propose_fewer(Proposal& proposal) {
  const std::string& message = proposal.diagnostic.message;
  const bool is_count = message.find("takes ") != std::string::npos && message.find("argument") != std::string::npos;
  const std::optional<ExpressionView> call = proposal.source.call(proposal.diagnostic.where);
  if (!is_count || !call) return;
  const auto& arguments = call->as<CallExpression>()->arguments;
  // "takes 2 positional arguments, but 3 are given", of a call that was passed on as a whole
  const size_t but = message.find(", but ");
  const size_t takes = message.find("takes ");
  if (but != std::string::npos && takes != std::string::npos) {
    const int wanted = std::atoi(message.c_str() + takes + 6);
    const int given = std::atoi(message.c_str() + but + 6);
    const auto count = static_cast<int>(arguments.size());
    if (wanted > 0 && given == count && wanted < given) {
      const Span last = call->child(arguments.back().value).span();
      const Span before = call->child(arguments[static_cast<size_t>(wanted) - 1].value).span();
      proposal.fix("leave the rest out", {replace({last.file, before.end, last.end}, "")});
      return;
    }
  }
  const std::optional<Span> place = proposal.source.span(proposal.diagnostic.where);
  for (size_t i = 0; i < arguments.size(); ++i) {
    const Span span = call->child(arguments[i].value).span();
    if (!(span == *place)) continue;
    if (i == 0) {
      // `def forward():` or a method without `self`: nothing to take away here.
      return;
    }
    const Span before = call->child(arguments[i - 1].value).span();
    const Span last = call->child(arguments.back().value).span();
    proposal.fix("leave the rest out", {replace({span.file, before.end, last.end}, "")});
    return;
  }
}

constexpr ProposerRow kRows[] = {
    {DiagnosticKind::MissingSuperInit, propose_super}, {DiagnosticKind::UnknownName, propose_name},
    {DiagnosticKind::UnknownName, propose_super},      {DiagnosticKind::ContainerNotCallable, propose_container},
    {DiagnosticKind::BadArgument, propose_fewer},
};

}  // namespace

std::span<const ProposerRow> language_error_proposers() { return kRows; }

}  // namespace lathe::torch
