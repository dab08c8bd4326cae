// The evaluator's life: construction, the program's main file, expressions in its scope.
#include "compiler/frontend/torch/python/evaluator.h"

#include <fstream>
#include <sstream>
#include <utility>

#include "compiler/frontend/torch/python/evaluator_internals.h"
#include "compiler/frontend/torch/python/parser.h"

namespace lathe::torch {

Evaluator::Evaluator(LocationTable& locations, SymbolTable& symbols, Host& host,
                     std::span<const NativeModuleRow> library, Limits limits)
    : locations_(locations),
      symbols_(symbols),
      host_(host),
      internals_(std::make_unique<Internals>(*this, library, limits)) {
  internals_->make_builtins();
}

Evaluator::~Evaluator() = default;

Unit& Evaluator::Internals::add_unit(Ast ast, std::string path, std::filesystem::path folder) {
  units.push_back(std::make_unique<Unit>());
  Unit& unit = *units.back();
  unit.index = static_cast<uint32_t>(units.size() - 1);
  unit.ast = std::move(ast);
  unit.path = std::move(path);
  unit.folder = std::move(folder);
  unit.scope = heap.add(ScopeObject{});
  std::get<ScopeObject>(heap[unit.scope]).globals = unit.scope;
  for (size_t i = 0; i < unit.ast.expressions.size(); ++i) unit.places.push_back({});
  for (size_t i = 0; i < unit.ast.functions.size(); ++i) unit.functions.push_back({});
  return unit;
}

Status Evaluator::Internals::run_unit(Unit& unit, LocationId where) {
  LATHE_TRY_VOID(check_stack(where));
  evaluator.frames_.push_back({Frame::Kind::Module, unit.path, where, unit.scope, {}, unit.index, {}});
  Activation activation{unit, unit.scope, unit.scope, {}, {}};
  activations.push_back(&activation);
  const uint32_t guards = std::exchange(import_guards, 0);
  const Result<Flow> flow = execute(activation, unit.ast.body);
  import_guards = guards;
  activations.pop_back();
  evaluator.pop_frame();
  if (!flow.ok()) return Failure{};
  return {};
}

std::optional<std::string> Evaluator::Internals::read_source(const std::filesystem::path& path) const {
  if (const auto edited = edited_files.find(path.string()); edited != edited_files.end()) return edited->second;
  std::error_code error;
  std::ifstream stream(path, std::ios::binary);
  if (!stream || !std::filesystem::is_regular_file(path, error)) return std::nullopt;
  std::ostringstream text;
  text << stream.rdbuf();
  return std::move(text).str();
}

Status Evaluator::Internals::run_main(const std::string& path, const std::string& module_name,
                                      Diagnostics& diagnostics) {
  std::error_code error;
  const std::filesystem::path real = std::filesystem::canonical(path, error);
  std::optional<std::string> text;
  if (!error) text = read_source(real);
  if (!text) {
    const std::string why = error ? error.message() : "it is no file that can be opened";
    return diagnostics.report(DiagnosticKind::FileNotReadable, {}, "`{}` can't be read: {}", path, why).emit();
  }
  root = real.parent_path();
  main_folder = std::filesystem::path(path).parent_path();
  const FileId file = evaluator.locations_.add_file(path, std::move(*text));
  Diagnostics syntax;
  Unit& unit = add_unit(parse_file(file, evaluator.names_, evaluator.locations_, syntax), path, root);
  for (const Diagnostic& fault : syntax.all()) diagnostics.add(fault);
  main_scope = unit.scope;
  auto& names = std::get<ScopeObject>(heap[main_scope]).names;
  names.emplace(known.name, heap.new_string(module_name));
  names.emplace(known.file, heap.new_string(path));
  const ObjectId self = heap.add(NamespaceObject{module_name, {}});
  file_scopes.emplace(self, main_scope);
  file_namespaces.emplace(real.string(), self);
  // As in Python, a file with faults of syntax is not executed.
  if (syntax.failed()) return {};
  evaluator.frames_.push_back({Frame::Kind::Module, path, {}, unit.scope, {}, unit.index, {}});
  Activation activation{unit, unit.scope, unit.scope, {}, {}};
  activations.push_back(&activation);
  run_guarded(activation, unit.ast.body, diagnostics);
  activations.pop_back();
  evaluator.frames_.pop_back();
  return {};
}

Result<Value> Evaluator::Internals::run_expression(const std::string& text, Diagnostics& diagnostics) {
  const FileId file = evaluator.locations_.add_file("<expression>", text);
  Diagnostics syntax;
  Unit& unit = add_unit(parse_expression(file, evaluator.names_, evaluator.locations_, syntax), "<expression>", root);
  for (const Diagnostic& fault : syntax.all()) diagnostics.add(fault);
  if (syntax.failed()) return Failure{};
  const auto* statement = unit.ast.body.empty()
                              ? nullptr
                              : std::get_if<ExpressionStatement>(&unit.ast.statements[unit.ast.body.front()].kind);
  if (statement == nullptr) {
    return diagnostics.report(DiagnosticKind::Syntax, {}, "`{}` is no expression", text).emit();
  }
  if (main_scope.valid()) {
    std::get<ScopeObject>(heap[unit.scope]).parent = main_scope;
  }
  evaluator.frames_.push_back({Frame::Kind::Module, unit.path, {}, unit.scope, {}, unit.index, {}});
  Activation activation{unit, unit.scope, unit.scope, {}, {}};
  activations.push_back(&activation);
  Result<Value> value = evaluate(activation, statement->value);
  activations.pop_back();
  evaluator.pop_frame();
  evaluator.move_faults(diagnostics);
  return value;
}

void Evaluator::edit_file(const std::string& path, std::string text) {
  std::error_code error;
  const std::filesystem::path real = std::filesystem::canonical(path, error);
  internals_->edited_files[error ? path : real.string()] = std::move(text);
}

uint64_t Evaluator::steps() const { return internals_->steps; }

Status Evaluator::run_file(const std::string& path, Diagnostics& diagnostics, const std::string& module_name) {
  Status status;
  internals_->run_on_stack([&] { status = internals_->run_main(path, module_name, diagnostics); });
  return status;
}

Result<Value> Evaluator::evaluate_text(const std::string& text, Diagnostics& diagnostics) {
  Result<Value> value = Failure{};
  internals_->run_on_stack([&] { value = internals_->run_expression(text, diagnostics); });
  return value;
}

}  // namespace lathe::torch
