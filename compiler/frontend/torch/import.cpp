// The course of an import: the file, the entry, weights, inputs, the trace, outputs.
#include "compiler/frontend/torch/import.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <memory>
#include <type_traits>

#include "compiler/frontend/torch/advice/advice.h"
#include "compiler/frontend/torch/describe.h"
#include "compiler/frontend/torch/lint/lint.h"
#include "compiler/frontend/torch/nn/library.h"
#include "compiler/frontend/torch/nn/module.h"
#include "compiler/frontend/torch/parameters.h"
#include "compiler/frontend/torch/python/library.h"
#include "compiler/frontend/torch/sequence/library.h"
#include "compiler/frontend/torch/tensor/library.h"
#include "compiler/frontend/torch/tensor/tracer.h"
#include "compiler/frontend/weights/matching.h"
#include "compiler/frontend/weights/state_dict.h"

namespace lathe::torch {
namespace {

std::vector<NativeModuleRow> whole_library() {
  std::vector<NativeModuleRow> rows;
  for (const auto& part : {standard_library(), tensor_library(), nn_library(), sequence_library()}) {
    rows.insert(rows.end(), part.begin(), part.end());
  }
  return rows;
}

class Import {
 public:
  Import(const SourceName& name, const ImportOptions& options, Module& module, Diagnostics& diagnostics,
         Definition& definition)
      : name_(name),
        options_(options),
        module_(module),
        diagnostics_(diagnostics),
        definition_(definition),
        parameters_(options.types_only ? ParameterElements::Absent : ParameterElements::Seeded, options.seed),
        tracer_(module, parameters_),
        library_(whole_library()),
        evaluator_(module.locations, module.symbols, tracer_, library_) {
    tracer_.attach(evaluator_);
    for (const auto& [path, text] : options.edited_files) evaluator_.edit_file(path, text);
    definition_.is_definition = true;
    checked_.train = options.train;
  }

  Status run() {
    return on_stack([&] { return name_.entry.empty() ? run_script() : run_entry(); });
  }

  Status run_made(const MakeModel& make) {
    return on_stack([&]() -> Status {
      LATHE_TRY(const Value model, guarded([&] { return make(evaluator_); }));
      if (is_incomplete(model)) return Failure{};
      LATHE_TRY_VOID(prepare_module(std::get<ObjectId>(model)));
      return call_entry(model);
    });
  }

 private:
  template <class Action>
  Status on_stack(Action action) {
    Status status;
    evaluator_.on_stack([&] {
      status = action();
      describe_layers(evaluator_, definition_);
      definition_.steps = evaluator_.steps();
      lint(evaluator_, checked_, diagnostics_);
      if (diagnostics_.failed()) parameters_.leave_out_elements();
      if (options_.advise && !diagnostics_.all().empty()) advise(evaluator_, diagnostics_);
    });
    if (!status.ok() || diagnostics_.failed()) return Failure{};
    return {};
  }

  Status run_script() {
    checked_.is_script = true;
    if (!options_.weights.empty()) return needs_entry("weights are for one model");
    if (!options_.inputs.empty()) return needs_entry("inputs are for one model; a script makes its own");
    LATHE_TRY_VOID(evaluator_.run_file(name_.path, diagnostics_));
    describe_values(evaluator_, definition_);
    describe_script_parameters();
    if (diagnostics_.failed()) return Failure{};
    name_random_inputs();
    // The last tensor of each name is an output.
    std::vector<std::pair<std::string, TensorId>> outputs;
    for (const Evaluator::TopLevelName& top : evaluator_.top_level_names()) {
      if (const auto* tensor = std::get_if<TensorId>(&top.value)) outputs.emplace_back(top.name, *tensor);
    }
    if (outputs.empty() && !options_.types_only) return nothing_to_run();
    return finish(outputs);
  }

  Status needs_entry(std::string_view why) {
    return diagnostics_
        .report(DiagnosticKind::InputMismatch, {}, "{}: name the model in {}, such as `{}:model` or `{}:Net()`", why,
                name_.path, name_.path, name_.path)
        .emit();
  }

  Status nothing_to_run() {
    DiagnosticBuilder fault =
        diagnostics_.report(DiagnosticKind::InputMismatch, {},
                            "there is nothing to run: `{}` makes no tensor at its top level", name_.path);
    for (const std::string& entry : entries_of(evaluator_)) {
      static_cast<void>(std::move(fault).note(fmt::format("a model of the file: `{}:{}`", name_.path, entry)));
    }
    return std::move(fault).emit();
  }

  // Statements of the file that Lathe does not support are of no matter where the entry does not need them.
  Status run_entry() {
    const Status read = evaluator_.run_file(name_.path, file_faults_, module_name());
    const bool is_wrong = file_faults_.count(Severity::Error) != 0;
    if (!read.ok() || is_wrong) return keep_file_faults();
    Result<Value> entry = evaluator_.evaluate_text(name_.entry, diagnostics_);
    if (!entry.ok() || is_incomplete(*entry)) return keep_file_faults();
    if (const auto* tensor = std::get_if<TensorId>(&*entry)) return run_tensor(*tensor);
    if (is_module(evaluator_, *entry)) LATHE_TRY_VOID(prepare_module(std::get<ObjectId>(*entry)));
    const Status status = call_entry(*entry);
    if (!status.ok()) return keep_file_faults();
    return status;
  }

  // What was made of something that Lathe does not support, or that failed: both were reported.
  bool is_incomplete(const Value& entry) {
    const auto* object = std::get_if<ObjectId>(&entry);
    return is_unknown(entry) ||
           (object != nullptr && is_module(evaluator_, entry) && is_unknown_module(evaluator_, *object));
  }

  Failure keep_file_faults() {
    for (const Diagnostic& fault : file_faults_.all()) diagnostics_.add(fault);
    return Failure{};
  }

  [[nodiscard]] std::string module_name() const {
    std::string name = name_.path.substr(name_.path.find_last_of('/') + 1);
    return name.substr(0, name.size() - 3);
  }

  Status run_tensor(TensorId tensor) {
    name_random_inputs();
    return finish({{"", tensor}});
  }

  Status prepare_module(ObjectId root) {
    checked_.root = root;
    LATHE_TRY_VOID(guarded([&] { return name_modules(evaluator_, root); }));
    LATHE_TRY_VOID(guarded([&] { return set_training(evaluator_, root, options_.train); }));
    LATHE_TRY(const std::vector<StateEntry> entries, guarded([&] { return state_entries(evaluator_, root); }));
    describe_parameters(tracer_, entries, definition_);
    return give_weights(entries);
  }

  Status give_weights(const std::vector<StateEntry>& entries) {
    if (options_.weights.empty()) {
      if (!entries.empty() && !options_.types_only) {
        static_cast<void>(diagnostics_
                              .report(DiagnosticKind::WeightsNotGiven, {},
                                      "the {} parameters and buffers of `{}` have random initial values (seed {})",
                                      entries.size(), name_.entry, options_.seed)
                              .note("`--weights FILE` gives them trained ones")
                              .emit());
      }
      return {};
    }
    LATHE_TRY(weights::StateDict file, weights::read_state_dict(options_.weights, diagnostics_));
    std::vector<weights::DefinedEntry> defined;
    for (const StateEntry& entry : entries) {
      defined.push_back({entry.name, tracer_.type(entry.tensor), entry.is_buffer});
    }
    LATHE_TRY(weights::StateDict matched,
              weights::match(defined, std::move(file), {.strict = options_.strict}, diagnostics_));
    parameters_.set_weights(std::move(matched));
    return {};
  }

  // ------------------------------------------------------------------------------------------------------ the call

  Status call_entry(const Value& entry) {
    LATHE_TRY(const Signature signature, guarded([&] { return signature_of(evaluator_, entry); }));
    LATHE_TRY(std::optional<Arguments> arguments, make_arguments(signature));
    if (!arguments) return finish({});
    checked_.first_node = static_cast<uint32_t>(module_.graph.node_table_size());
    LATHE_TRY(const Value result, guarded([&] { return evaluator_.call(entry, std::move(*arguments), {}); }));
    checked_.has_run = true;
    if (diagnostics_.failed()) return Failure{};
    name_random_inputs();
    if (is_unknown(result)) return Failure{};
    std::vector<std::pair<std::string, TensorId>> outputs;
    collect_tensors(evaluator_, result, outputs);
    if (outputs.empty()) {
      return diagnostics_
          .report(DiagnosticKind::NoneNotTensor, {}, "`{}` returns no tensor but {}", name_.entry,
                  evaluator_.describe(result))
          .emit();
    }
    return finish(outputs);
  }

  // Nothing when inputs are missing and nobody wants to run the module.
  Result<std::optional<Arguments>> make_arguments(const Signature& signature) {
    std::map<std::string, TensorId> by_name;
    Arguments arguments;
    std::vector<bool> given(signature.size(), false);
    std::vector<std::pair<size_t, TensorId>> found;
    size_t position = 0;
    for (const auto& [name, type] : options_.inputs) {
      LATHE_TRY(const size_t index, argument_index(signature, name, position));
      if (index < given.size()) given[index] = true;
      const std::string input = !name.empty()              ? name
                                : index < signature.size() ? signature[index].name
                                                           : fmt::format("input.{}", index);
      found.emplace_back(index, tracer_.add(tracer_.builder().input(Type(type), input)));
    }
    std::vector<std::string> missing;
    for (size_t i = 0; i < signature.size(); ++i) {
      if (!given[i] && signature[i].is_required) missing.push_back(signature[i].name);
    }
    if (!missing.empty()) {
      if (options_.inputs.empty() && options_.types_only) {
        definition_.missing_inputs = missing;
        return std::optional<Arguments>();
      }
      return diagnostics_
          .report(DiagnosticKind::InputMismatch, {}, "`forward` needs {} more: {}",
                  missing.size() == 1 ? "one argument" : fmt::format("{} arguments", missing.size()),
                  fmt::join(missing, ", "))
          .note(fmt::format("give its type or a file, such as -i {}=f32[1,3,32,32]", missing.front()))
          .emit();
    }
    std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    size_t next = 0;
    for (const auto& [index, tensor] : found) {
      if (index == next) {
        arguments.positional.emplace_back(tensor);
        ++next;
      } else {
        arguments.keywords.emplace_back(evaluator_.name(signature[index].name), Value(tensor));
      }
    }
    return std::optional<Arguments>(std::move(arguments));
  }

  // A layer of the library that takes one tensor lets it have any name.
  Result<size_t> argument_index(const Signature& signature, const std::string& name, size_t& position) {
    const auto row =
        std::find_if(signature.begin(), signature.end(), [&](const SignatureRow& r) { return r.name == name; });
    if (!name.empty() && row != signature.end()) return static_cast<size_t>(row - signature.begin());
    const bool takes_any = !signature.empty() && signature.back().takes_more;
    const bool is_only = signature.size() == 1 && signature.front().is_native && options_.inputs.size() == 1;
    if (name.empty() || takes_any || is_only) {
      const size_t index = position++;
      if (index < signature.size() || takes_any) return index;
    }
    std::string list;
    for (const SignatureRow& r : signature) list += (list.empty() ? "`" : ", `") + r.name + "`";
    return diagnostics_
        .report(DiagnosticKind::InputMismatch, {}, "{}",
                name.empty() ? fmt::format("`-i` number {} is one too many", position)
                             : fmt::format("`forward` has no argument `{}`", name))
        .note(signature.empty() ? "it takes none" : "its arguments are " + list)
        .emit();
  }

  // ------------------------------------------------------------------------------------------------------- the end

  // Random tensors are inputs; those that a variable was assigned have its name.
  void name_random_inputs() {
    for (const Tracer::RandomInput& input : tracer_.random_inputs()) {
      for (const Evaluator::TopLevelName& top : evaluator_.assignments()) {
        const auto* assigned = std::get_if<TensorId>(&top.value);
        if (assigned == nullptr || *assigned != input.tensor) continue;
        module_.graph.set_value_name(input.value, top.name);
        break;
      }
    }
  }

  Status finish(const std::vector<std::pair<std::string, TensorId>>& outputs) {
    std::vector<ValueId> values;
    for (const auto& [name, tensor] : outputs) {
      LATHE_TRY(ValueId value, guarded([&] { return tracer_.value(tensor); }));
      const bool is_input = !module_.graph.value(value).producer.valid();
      const bool is_taken = is_input || std::find(values.begin(), values.end(), value) != values.end();
      if (is_taken) {
        // An output has a name of its own.
        LATHE_TRY(value, tracer_.builder().reshape(value, module_.graph.tensor(value).dims));
      }
      module_.graph.set_value_name(value, name);
      values.push_back(value);
    }
    LATHE_TRY_VOID(tracer_.builder().output(std::move(values)));
    return {};
  }

  // Scripts may build several models; those at the top level show their parameters under their names.
  void describe_script_parameters() {
    std::vector<ObjectId> seen;
    for (const Evaluator::TopLevelName& top : evaluator_.top_level_names()) {
      if (!is_module(evaluator_, top.value)) continue;
      const ObjectId root = std::get<ObjectId>(top.value);
      if (std::find(seen.begin(), seen.end(), root) != seen.end()) continue;
      seen.push_back(root);
      const auto entries = guarded([&] { return state_entries(evaluator_, root, top.name + "."); });
      if (entries.ok()) describe_parameters(tracer_, *entries, definition_);
    }
  }

  template <class Action>
  std::invoke_result_t<Action> guarded(Action action) {
    return evaluator_.guarded(diagnostics_, std::move(action));
  }

  const SourceName& name_;
  const ImportOptions& options_;
  Module& module_;
  Diagnostics& diagnostics_;
  Definition& definition_;
  Diagnostics file_faults_;  ///< of a file with an entry
  LintOptions checked_;
  GivenParameters parameters_;
  Tracer tracer_;
  std::vector<NativeModuleRow> library_;
  Evaluator evaluator_;
};

}  // namespace

std::optional<SourceName> parse_source_name(std::string_view text) {
  constexpr std::string_view kSuffix = ".py";
  if (text.ends_with(kSuffix)) return SourceName{std::string(text), {}};
  const size_t colon = text.find(".py:");
  if (colon == std::string_view::npos) return std::nullopt;
  return SourceName{std::string(text.substr(0, colon + kSuffix.size())),
                    std::string(text.substr(colon + kSuffix.size() + 1))};
}

Status import_definition(const SourceName& name, const ImportOptions& options, Module& module, Diagnostics& diagnostics,
                         Definition& definition) {
  Import import(name, options, module, diagnostics, definition);
  return import.run();
}

Status import_made(const MakeModel& make, const ImportOptions& options, Module& module, Diagnostics& diagnostics,
                   Definition& definition) {
  const SourceName name{.path = {}, .entry = "model"};
  Import import(name, options, module, diagnostics, definition);
  return import.run_made(make);
}

}  // namespace lathe::torch
