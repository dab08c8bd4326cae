// The table of passes, the default order, and what happens around each pass: timing, printing, checking, reproducers.
#include "compiler/passes/pipeline.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>

#include <unistd.h>

#include "ir/graph/print.h"
#include "ir/graph/verify.h"

namespace lathe::passes {
namespace {

constexpr std::array kPasses = {
    Pass{"specialize", Stage::Prepare, "replace symbols by the sizes of --dim", "no given symbol is mentioned any more",
         Bits::Preserved, specialize},
    Pass{"canonicalize", Stage::Simplify, "apply the named rewrite rules until none applies",
         "no rule of the table applies (or the limit of rounds was reached)", Bits::ZeroSign, canonicalize},
    Pass{"fold", Stage::Simplify, "compute nodes whose operands are constants, with the graph interpreter",
         "small pure nodes with constant operands, and values whose elements are all known, are constants",
         Bits::Preserved, fold},
    Pass{"common_subexpressions", Stage::Simplify, "merge nodes that compute the same",
         "equal pure nodes of one scope are one node", Bits::Preserved, common_subexpressions},
    Pass{"dead_code", Stage::Simplify, "remove nodes whose results nobody reads", "every pure node is needed",
         Bits::Preserved, dead_code},
    Pass{"decompose", Stage::Simplify, "replace rows of form Decompose by the rows they are made of",
         "no node has the form Decompose", Bits::Preserved, decompose},
    Pass{"fold_batch_norm", Stage::Simplify, "fold scales and shifts of channels into constant weights and biases",
         "no constant per-channel factor follows a contraction with constant weights that only it reads, but for large "
         "weights of convolutions without bias",
         Bits::Rounded, fold_batch_norm},
    Pass{"layout", Stage::Arrange, "turn convolutions and pools to channels last and move the transposes away",
         "every conv and pool has channels_last; inputs and outputs of the graph keep their types", Bits::Rounded,
         layout},
    Pass{"split_padding", Stage::Arrange, "make the padding of contractions a node of its own",
         "no conv pads: pad nodes in front of them do, whose operand may be written into the padded buffer",
         Bits::Preserved, split_padding},
    Pass{
        "fuse", Stage::Group, "group nodes into kernels: elementwise, row and contraction groups",
        "every elementwise node and every reduction stands alone or in one `fused` node, whose region holds no regions",
        Bits::Preserved, fuse},
};

constexpr std::array<std::string_view, 24> kDefaultPipeline = {
    "specialize",
    // Shapes first: their arithmetic folds away and shows what is constant.
    "canonicalize",
    "fold",
    "common_subexpressions",
    "dead_code",
    // The large rows have been seen as a whole; from here on there are only forms.
    "decompose",
    "canonicalize",
    "fold",
    "fold_batch_norm",
    "canonicalize",
    "fold",
    "common_subexpressions",
    "dead_code",
    // Transposes that layout adds meet those that were there; folding turns constants.
    "layout",
    "canonicalize",
    "fold",
    "common_subexpressions",
    "dead_code",
    // Padding becomes visible only now: canonicalize would merge it into the convolutions again.
    "split_padding",
    "fold",
    "common_subexpressions",
    "dead_code",
    // Last: fused regions hide their nodes from the other passes.
    "fuse",
    "dead_code",
};

constexpr bool names_are_known() {
  for (std::string_view name : kDefaultPipeline) {
    bool known = false;
    for (const Pass& pass : kPasses) known |= pass.name == name;
    if (!known) return false;
  }
  return true;
}
static_assert(names_are_known());

// ---- reproducers

// What is needed to write one while a pass runs, also from within a failed LATHE_CHECK: one copy of the module as the
// pipeline found it, and the passes that have run since. Running them again is dearer than a copy before every pass,
// and is only needed when something is broken.
struct Running {
  Module* start = nullptr;
  std::span<const Pass* const> done;
  std::string_view pass;
  const PipelineOptions* options = nullptr;
  InternalErrorHandler previous = nullptr;
};
thread_local Running running;

std::string command_options(const PipelineOptions& options) {
  std::string text;
  for (const auto& [name, size] : options.passes.dims) text += fmt::format(" --dim {}={}", name, size);
  if (options.passes.numerics == Numerics::Exact) text += " --numerics=exact";
  return text;
}

// Folded weights can be large; a reproducer spells them only while they are small.
bool data_is_small(const Module& module) {
  constexpr size_t kMostBytes = size_t{16} << 20;
  size_t bytes = 0;
  for (NodeId id : module.graph.all_nodes()) {
    for (const Attribute& attribute : module.graph.node(id).attributes) {
      const auto* constant = std::get_if<ConstantId>(&attribute);
      if (constant == nullptr || module.constants[*constant].source) continue;
      bytes += module.constants[*constant].bytes.size();
    }
  }
  return bytes <= kMostBytes;
}

// Writes the module as it was before the pass, and uses up `module`, on which `done` run first. Returns the path, or an
// empty one when that can't be done.
std::string write_reproducer(Module& module, std::span<const Pass* const> done, std::string_view pass,
                             std::string_view reason, const PipelineOptions& options) {
  for (const Pass* earlier : done) {
    Diagnostics known;
    PassContext context{known, options.passes, 0};
    // What went well once goes well again; if not, the state that it left is as near as can be had.
    if (!earlier->run(module, context).ok()) break;
  }
  const std::string name = fmt::format("lathe-repro-{}-{}.lathe", pass, ::getpid());
  const std::string path = (std::filesystem::path(options.reproducer_folder) / name).string();
  std::ofstream stream(path, std::ios::binary);
  std::string reason_line(reason);
  std::replace(reason_line.begin(), reason_line.end(), '\n', ' ');
  stream << fmt::format("// {}\n// lathe opt {} --passes={}{}\n", reason_line, name, pass, command_options(options));
  const bool data = data_is_small(module);
  if (!data) stream << "// the weights are too large to be spelled here: rows `= shared` stand for them\n";
  stream << print(module, {.locations = true, .data = data});
  stream.close();
  if (stream) return path;
  std::error_code error;
  std::filesystem::remove(path, error);
  return {};
}

void write_reproducer_and_go_on(const char* condition, const char* file, int line) {
  const Running state = running;
  running = {};
  set_internal_error_handler(state.previous);
  if (state.start != nullptr) {
    const std::string reason =
        fmt::format("pass `{}` broke an invariant: {} ({}:{})", state.pass, condition, file, line);
    const std::string path = write_reproducer(*state.start, state.done, state.pass, reason, *state.options);
    if (!path.empty())
      std::fprintf(stderr, "internal error in pass `%s`; reproducer: %s\n", state.pass.data(), path.c_str());
  }
  if (state.previous != nullptr) state.previous(condition, file, line);
}

// Keeps `running` and the error handler set for the time of one pass.
class ReproducerScope {
 public:
  ReproducerScope(Module* start, std::span<const Pass* const> done, std::string_view pass,
                  const PipelineOptions& options) {
    if (start == nullptr) return;
    running = {start, done, pass, &options, set_internal_error_handler(write_reproducer_and_go_on)};
    set_ = true;
  }
  ~ReproducerScope() {
    if (!set_) return;
    set_internal_error_handler(running.previous);
    running = {};
  }
  ReproducerScope(const ReproducerScope&) = delete;
  ReproducerScope& operator=(const ReproducerScope&) = delete;

 private:
  bool set_ = false;
};

// ---- checks behind a pass

// What is wrong with the module, in one line; empty when nothing is.
std::string broken_text(Module& module, const PipelineOptions& options) {
  const auto first = [](const Diagnostics& found, std::string_view what) {
    return fmt::format("{}: {}", what, found.all().empty() ? "no message" : found.all().front().message);
  };
  if (options.verify_each) {
    Diagnostics found;
    if (!verify(module, found)) return first(found, "the verifier says");
  }
  if (options.round_trip) {
    Diagnostics found;
    const std::string text = print(module, {.locations = false, .data = false});
    const Result<Module> parsed = parse_module(text, "round-trip", found, {.shared_constants = &module, .folder = {}});
    if (!parsed) return first(found, "its text doesn't parse");
    std::string difference;
    if (!same_module(module, *parsed, &difference))
      return fmt::format("its text reads back as something else: {}", difference);
  }
  return {};
}

bool wants_print(const PipelineOptions& options, std::string_view pass) {
  return std::any_of(options.print_after.begin(), options.print_after.end(),
                     [&](const std::string& name) { return name == "all" || name == pass; });
}

class Runner {
 public:
  Runner(Module& module, Diagnostics& diagnostics, const PipelineOptions& options)
      : module_(module), diagnostics_(diagnostics), options_(options) {
    if (options.print_changed) last_text_ = text_of(module);
    if (!options.reproducer_folder.empty()) start_ = clone_module(module);
  }

  Status run(const Pass& pass) {
    using Clock = std::chrono::steady_clock;
    PassContext context{diagnostics_, options_.passes, 0};
    Status status;
    const auto start = Clock::now();
    {
      const ReproducerScope scope(start_ ? &*start_ : nullptr, done_, pass.name, options_);
      status = pass.run(module_, context);
    }
    const std::chrono::duration<double, std::milli> elapsed = Clock::now() - start;
    if (options_.reports != nullptr) options_.reports->push_back({pass.name, elapsed.count(), context.changes});
    if (!status.ok()) return status;
    if (const std::string wrong = broken_text(module_, options_); !wrong.empty()) {
      const std::string reason = fmt::format("pass `{}` broke the graph: {}", pass.name, wrong);
      const std::string path = start_ ? write_reproducer(*start_, done_, pass.name, reason, options_) : std::string();
      DiagnosticBuilder error = diagnostics_.report(DiagnosticKind::InternalError, {}, "{}", reason);
      if (!path.empty()) std::move(error).note(fmt::format("reproducer: {}", path));
      return std::move(error).emit();
    }
    done_.push_back(&pass);
    show(pass);
    return {};
  }

 private:
  [[nodiscard]] static std::string text_of(const Module& module) {
    return print(module, {.locations = false, .data = false});
  }

  void show(const Pass& pass) {
    if (!options_.print || (!options_.print_changed && !wants_print(options_, pass.name))) return;
    std::string text = text_of(module_);
    if (options_.print_changed && text == last_text_) {
      options_.print(fmt::format("// after {}: unchanged\n", pass.name));
      return;
    }
    options_.print(fmt::format("// after {}\n{}", pass.name, text));
    last_text_ = std::move(text);
  }

  Module& module_;
  Diagnostics& diagnostics_;
  const PipelineOptions& options_;
  std::string last_text_;
  std::optional<Module> start_;
  std::vector<const Pass*> done_;
};

}  // namespace

std::string_view text(Stage stage) {
  switch (stage) {
    case Stage::Prepare: return "prepare";
    case Stage::Simplify: return "simplify";
    case Stage::Arrange: return "arrange";
    case Stage::Group: return "group";
  }
  return "stage";
}

std::string_view text(Bits bits) {
  switch (bits) {
    case Bits::Preserved: return "same bits";
    case Bits::ZeroSign: return "same bits with --numerics=exact, else up to the sign of zero";
    case Bits::Rounded: return "within rounding";
  }
  return "bits";
}

std::span<const Pass> all_passes() { return kPasses; }

const Pass* find_pass(std::string_view name) {
  const auto found = std::find_if(kPasses.begin(), kPasses.end(), [&](const Pass& pass) { return pass.name == name; });
  return found == kPasses.end() ? nullptr : &*found;
}

std::vector<const Pass*> default_pipeline() {
  std::vector<const Pass*> list;
  for (std::string_view name : kDefaultPipeline) list.push_back(find_pass(name));
  return list;
}

PassList parse_pass_list(std::string_view text) {
  PassList list;
  while (!text.empty()) {
    const size_t comma = std::min(text.find(','), text.size());
    const std::string_view name = text.substr(0, comma);
    text.remove_prefix(std::min(comma + 1, text.size()));
    if (name == "default") {
      const std::vector<const Pass*> all = default_pipeline();
      list.passes.insert(list.passes.end(), all.begin(), all.end());
    } else if (const Pass* pass = find_pass(name); pass != nullptr) {
      list.passes.push_back(pass);
    } else if (!list.unknown) {
      list.unknown = std::string(name);
    }
  }
  return list;
}

Status run_passes(Module& module, Diagnostics& diagnostics, std::span<const Pass* const> list,
                  const PipelineOptions& options) {
  Runner runner(module, diagnostics, options);
  for (const Pass* pass : list) LATHE_TRY_VOID(runner.run(*pass));
  return {};
}

}  // namespace lathe::passes
