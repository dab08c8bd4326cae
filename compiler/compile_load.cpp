// Model files to modules: which front end reads which file.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <memory>

#include "compiler/advice/fix_trial.h"
#include "compiler/compile.h"
#include "compiler/compile_sizes.h"
#include "compiler/frontend/onnx/import.h"
#include "compiler/frontend/torch/import.h"
#include "compiler/frontend/weights/mapped_file.h"
#include "ir/graph/print.h"

namespace lathe {
namespace {

// The sizes that `given` fixes in a declared type; LT0701 where the two contradict each other.
Status match_type(const TensorType& declared, const TensorType& given, const Value& input,
                  std::vector<NamedSize>& sizes, Diagnostics& diagnostics) {
  bool fits = declared.element == given.element && declared.dims.size() == given.dims.size();
  for (size_t axis = 0; fits && axis < declared.dims.size(); ++axis) {
    const Dim& dim = declared.dims[axis];
    if (!given.dims[axis].is_constant()) {
      fits = !dim.is_constant();
    } else if (const std::string* symbol = dim.as_symbol(); symbol != nullptr) {
      const int64_t size = given.dims[axis].constant();
      const auto known =
          std::find_if(sizes.begin(), sizes.end(), [&](const NamedSize& s) { return s.first == *symbol; });
      if (known == sizes.end()) {
        sizes.emplace_back(*symbol, size);
      } else {
        fits = known->second == size;
      }
    } else {
      fits = dim == given.dims[axis];
    }
  }
  if (fits) return {};
  return diagnostics
      .report(DiagnosticKind::InputMismatch, input.location, "input `{}` is declared as `{}`; `{}` was asked for",
              input.name, text(declared), text(given))
      .emit();
}

// Textual IR has its types in it; asking for another type can only give its symbols sizes.
Status apply_input_types(Module& module, const LoadOptions& options, Diagnostics& diagnostics) {
  std::vector<NamedSize> sizes;
  for (const auto& [name, type] : options.input_types) {
    const auto inputs = module.graph.inputs();
    const auto found =
        std::find_if(inputs.begin(), inputs.end(), [&](ValueId id) { return module.graph.value(id).name == name; });
    if (found == inputs.end()) {
      return diagnostics.report(DiagnosticKind::InputMismatch, {}, "the model has no input `{}`", name).emit();
    }
    const Value& input = module.graph.value(*found);
    if (const TensorType* declared = input.type.as_tensor(); declared != nullptr && declared->ranked) {
      LATHE_TRY_VOID(match_type(*declared, type, input, sizes, diagnostics));
    }
  }
  if (sizes.empty()) return {};
  const passes::PassList list = passes::parse_pass_list("specialize");
  passes::PipelineOptions pipeline;
  pipeline.passes.dims = std::move(sizes);
  return passes::run_passes(module, diagnostics, list.passes, pipeline);
}

Status load_text(const std::string& path, const LoadOptions& options, Module& module, Diagnostics& diagnostics) {
  std::string why;
  const std::optional<weights::MappedFile> file = weights::MappedFile::open(path, why);
  if (!file) return diagnostics.report(DiagnosticKind::FileNotReadable, {}, "can't read {}: {}", path, why).emit();
  LATHE_TRY_VOID(parse_module(file->text(), path, module, diagnostics,
                              {.shared_constants = nullptr, .folder = weights::folder_of(path)}));
  return apply_input_types(module, options, diagnostics);
}

Status load_onnx(const std::string& path, const LoadOptions& options, Module& module, Diagnostics& diagnostics) {
  const Status status = onnx::import_model(
      path, {.input_types = options.input_types, .input_values = options.input_values, .advise = options.advise},
      module, diagnostics);
  if (status.ok() || !options.advise) return status;
  advise_sizes(module, diagnostics, [&](const auto& types) {
    onnx::ImportOptions again{
        .input_types = types, .input_values = options.input_values, .any_sizes = true, .advise = false};
    for (const auto& given : options.input_types) {
      const bool is_other =
          std::none_of(types.begin(), types.end(), [&](const auto& type) { return type.first == given.first; });
      if (is_other) again.input_types.push_back(given);
    }
    advice::Outcome outcome{std::make_unique<Module>(), {}};
    static_cast<void>(onnx::import_model(path, again, *outcome.module, outcome.diagnostics));
    return outcome;
  });
  return status;
}

std::string shape_text(const Shape& dims) {
  std::string text;
  for (const Dim& dim : dims) text += (text.empty() ? "" : ", ") + dim.python_text();
  return dims.size() == 1 ? "(" + text + ",)" : "(" + text + ")";
}

std::vector<advice::Outcome::Made> made_by(const Module& module, const Definition& definition, bool is_loaded) {
  std::vector<advice::Outcome::Made> made;
  for (const Definition::NamedTensor& value : definition.values) {
    const Location* origin = module.locations.origin(value.where);
    const Span* span = origin == nullptr ? nullptr : std::get_if<Span>(origin);
    if (span == nullptr) continue;
    made.push_back({module.locations.line_column(span->file, span->begin).line, shape_text(value.type.dims)});
  }
  if (!is_loaded || !made.empty()) return made;
  std::string shapes;
  for (const ValueId output : module.graph.outputs()) {
    const TensorType* type = module.graph.value(output).type.as_tensor();
    if (type != nullptr) shapes += (shapes.empty() ? "" : " and ") + shape_text(type->dims);
  }
  made.push_back({0, shapes});
  return made;
}

// How often a definition may be imported again: about two seconds of work in all, whatever its size.
size_t possible_trials(const Module& module, const Definition& definition) {
  constexpr uint64_t kMostWork = 20'000'000;
  constexpr uint64_t kWorkPerNode = 1000;
  constexpr uint64_t kMost = 96;
  uint64_t work = 1 + definition.steps + kWorkPerNode * module.graph.node_table_size();
  for (size_t i = 0; i < module.locations.file_count(); ++i) work += module.locations.file(FileId(i)).text.size();
  return std::min(kMost, 2 + kMostWork / work);
}

// PyTorch source is text that can be edited: what its front end proposes is tried before it is offered.
Status load_source(const std::string& path, const torch::SourceName& name, const LoadOptions& options, Module& module,
                   Diagnostics& diagnostics, Definition& definition) {
  const Status status = torch::import_definition(name,
                                                 {.inputs = options.input_types,
                                                  .weights = options.weights,
                                                  .strict = options.strict,
                                                  .train = options.train,
                                                  .seed = options.seed,
                                                  .types_only = options.types_only,
                                                  .edited_files = options.edited_files,
                                                  .advise = options.advise},
                                                 module, diagnostics, definition);
  const auto is_open = [](const Diagnostic& row) { return !row.fixes.empty(); };
  if (std::none_of(diagnostics.all().begin(), diagnostics.all().end(), is_open)) return status;
  if (status.ok() && !options.types_only) {
    // Whoever wants to run the model is not kept waiting for cures of warnings.
    for (Diagnostic& row : diagnostics.all()) {
      std::erase_if(row.fixes, [](const FixIt& fix) { return !fix.verified; });
    }
    return status;
  }
  if (!options.advise) return status;
  advice::verify_fixes(
      diagnostics, module.locations,
      [&](const advice::EditedFiles& files) {
        LoadOptions again = options;
        again.advise = false;
        again.types_only = true;
        again.edited_files = files;
        advice::Outcome outcome{std::make_unique<Module>(), {}};
        Definition changed;
        const bool is_loaded = load_model(path, again, *outcome.module, outcome.diagnostics, &changed).ok();
        outcome.made = made_by(*outcome.module, changed, is_loaded);
        return outcome;
      },
      possible_trials(module, definition));
  return status;
}

struct Format {
  std::string_view suffix;
  Status (*load)(const std::string&, const LoadOptions&, Module&, Diagnostics&);
};
constexpr std::array kFormats = {Format{".onnx", load_onnx}, Format{".lathe", load_text}};

}  // namespace

bool names_python(std::string_view path) { return torch::parse_source_name(path).has_value(); }

Status load_model(const std::string& path, const LoadOptions& options, Module& module, Diagnostics& diagnostics,
                  Definition* definition) {
  if (const auto name = torch::parse_source_name(path)) {
    Definition unread;
    return load_source(path, *name, options, module, diagnostics, definition == nullptr ? unread : *definition);
  }
  for (const Format& format : kFormats) {
    if (path.ends_with(format.suffix)) return format.load(path, options, module, diagnostics);
  }
  return diagnostics.report(DiagnosticKind::UnknownModelKind, {}, "{}: Lathe reads .onnx, .py and .lathe files", path)
      .emit();
}

}  // namespace lathe
