// `lathe diff A B`: do two definitions compute the same function, and where is the first difference.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <filesystem>

#include "compiler/compare/report.h"
#include "compiler/frontend/torch/import.h"
#include "compiler/frontend/weights/atomic_file.h"
#include "compiler/tools/command.h"
#include "compiler/tools/compile_arguments.h"
#include "compiler/tools/diff_sides.h"
#include "compiler/tools/input_values.h"
#include "compiler/tools/model_file.h"
#include "compiler/tools/options.h"
#include "ir/base/display.h"

namespace lathe::tools {
namespace {

struct DiffArguments {
  DiffSides sides;
  std::string format = "text";
  std::string folder;
  CompileArguments compile;
};

// Writes both models or nothing.
Status write_reproducer(const comparison::Reproducer& reproducer, const std::string& folder,
                        std::vector<std::string>& written, Diagnostics& diagnostics) {
  std::error_code fault;
  std::filesystem::create_directories(folder, fault);
  const auto fail = [&](const std::string& path, const std::string& why) {
    return diagnostics.report(DiagnosticKind::FileNotWritable, {}, "{} can't be written: {}", quoted_name(path), why)
        .emit();
  };
  if (fault) return fail(folder, fault.message());
  const std::pair<std::string_view, const std::string*> files[] = {{"a.lathe", &reproducer.a},
                                                                   {"b.lathe", &reproducer.b}};
  for (const auto& [name, text] : files) {
    const std::string path = (std::filesystem::path(folder) / name).string();
    weights::AtomicFile file(path);
    file.write(*text);
    std::string why;
    if (!file.commit(why)) {
      for (const std::string& other : written) std::filesystem::remove(other, fault);
      return fail(path, why);
    }
    written.push_back(path);
  }
  return {};
}

// The diagnostics of a side that can't be compared.
ExitStatus report_failure(const DiffArguments& arguments, size_t side, const comparison::Side& failed,
                          const Diagnostics& diagnostics, const Session& session) {
  const std::string_view letter = side == 0 ? "A" : "B";
  if (arguments.format == "json") {
    const nlohmann::ordered_json report{{"same", false},
                                        {"verdict", "error"},
                                        {"cause", "error"},
                                        {"failed", letter},
                                        {"summary", fmt::format("{} can't be compared", letter)},
                                        {"diagnostics", diagnostics_json(diagnostics, failed.module.locations)}};
    session.out.write(json_text(report) + "\n");
    return status_of(diagnostics);
  }
  session.err.write(fmt::format("{} ({}) can't be compared:\n\n", letter, display_text(failed.name)));
  return session.fail(diagnostics, failed.module.locations);
}

ExitStatus execute(const DiffArguments& arguments, const Session& session) {
  comparison::Side sides[2];
  Diagnostics diagnostics;
  comparison::Options options;
  const Result<CompileOptions> compile = arguments.compile.compile_options(session, diagnostics);
  if (!compile.ok()) return session.fail(diagnostics, sides[0].module.locations);
  options.compile = *compile;
  options.sizes = compile->dims;
  options.compile.dims.clear();
  options.seed = static_cast<uint64_t>(arguments.sides.seed);
  session.progress("loading");
  size_t failed = 0;
  const Status loaded = load_sides(arguments.sides, sides, options.inputs, diagnostics, failed);
  if (!loaded.ok()) {
    session.progress({});
    return report_failure(arguments, failed, sides[failed], diagnostics, session);
  }
  session.progress("comparing");
  const Result<comparison::Comparison> comparison =
      comparison::compare(sides[0], sides[1], options, diagnostics, failed);
  session.progress({});
  if (!comparison.ok()) return report_failure(arguments, failed, sides[failed], diagnostics, session);

  std::vector<std::string> written;
  const comparison::Reproducer& reproducer = comparison->reproducer;
  if (!arguments.folder.empty() && !reproducer.a.empty() &&
      !write_reproducer(reproducer, arguments.folder, written, diagnostics).ok()) {
    return session.fail(diagnostics, sides[0].module.locations);
  }
  if (arguments.format == "json") {
    nlohmann::ordered_json report = as_json(*comparison, sides[0], sides[1]);
    report["reproducer"] = written;
    session.out.write(json_text(report) + "\n");
  } else {
    session.out.write(render_text(*comparison, sides[0], sides[1], session.render_options(session.out)));
    if (!written.empty()) {
      session.out.write(
          fmt::format("  cut down to it: {} and {}\n", display_text(written[0]), display_text(written[1])));
    } else if (!reproducer.a.empty()) {
      session.out.write("  `--repro DIR` writes the first difference as two small .lathe files\n");
    } else if (!arguments.folder.empty()) {
      session.out.write("  no small pair shows this difference: nothing was written\n");
    }
  }
  return comparison->same() ? ExitStatus::Fine : ExitStatus::ModelWrong;
}

}  // namespace

ExitStatus diff_command(Arguments words, const Session& session) {
  constexpr std::string_view kFormats[] = {"text", "json"};
  DiffArguments arguments;
  OptionParser options(
      "diff", "Says whether two definitions compute the same function, and where the first difference is.",
      "Both are run on the same seeded inputs. A PyTorch definition without weights takes those of the other side, so\n"
      "that only the structure is compared. Exit status: 0 the same, 1 different.\n\n"
      "Examples:\n  lathe diff net.py:net net.py:copy\n"
      "  lathe diff 'net.py:Net()' net.onnx --weights-a net.pth\n"
      "  lathe diff 'old.py:Net()' 'new.py:Net()' -i x=f32[2,3,32,32]\n"
      "  lathe diff 'net.py:Net()' 'net.py:Net()' -i x=f32[4,8] --train-b");
  arguments.sides.add_to(options);
  options.choice("--format", arguments.format, kFormats, "How the answer is written");
  options.text("--repro", arguments.folder, "DIR", "Write the first difference as DIR/a.lathe and DIR/b.lathe");
  arguments.compile.add_to(options);
  if (const auto status = options.parse(words, session)) return *status;
  return execute(arguments, session);
}

}  // namespace lathe::tools
