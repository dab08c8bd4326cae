// The table of commands, and the way from a command line to one of them.
#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <new>

#include "compiler/tools/command.h"
#include "compiler/tools/debug.h"
#include "compiler/tools/help.h"
#include "compiler/tools/version.h"

namespace lathe::tools {
namespace {

constexpr Command kCommands[] = {
    {"check", "MODEL", "say what is wrong with a model, and show its layers with their shapes", check_command},
    {"run", "MODEL -i x=FILE.npy", "execute a model on inputs from files, or on random data", run_command},
    {"diff", "A B", "do two definitions compute the same, and where is the first difference", diff_command},
    {"trace", "MODEL -i x=FILE.npy", "show what every layer of a model gives: shape, statistics, NaN, time",
     trace_command},
    {"compile", "MODEL -o OUT", "compile a model ahead of time: object, library, C++, LLVM IR, assembly",
     compile_command},
    {"dump", "MODEL --stage=graph", "print the intermediate representation after a stage", dump_command},
    {"opt", "FILE.lathe --passes=a,b", "run passes over a textual graph", opt_command},
    {"bench", "MODEL", "measure a model: time per call, compile time, memory", bench_command},
    {"verify", "DIR...", "run ONNX test folders and compare with their expected outputs", verify_command},
    {"explain", "CODE", "say what a diagnostic such as LT0203 means and how to cure it", explain_command},
    {"ops", "[NAME]", "list the operations of the graph IR", ops_command},
    {"passes", "", "list the passes in the order in which the compiler runs them", passes_command},
    {"targets", "", "list the instruction sets the runtime was built for", targets_command},
    {"help", "[COMMAND]", "show this text, the options of a command, manual pages, shell completion", help_command},
};

// The number of single-letter edits between two short words.
size_t distance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({replaced, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row[b.size()];
}

ExitStatus unknown_command(const std::string& name, const Session& session) {
  constexpr size_t kLongest = 64;
  std::string message = fmt::format("there is no command `{}`", name);
  const auto near = std::find_if(std::begin(kCommands), std::end(kCommands), [&](const Command& command) {
    return distance(std::string_view(name).substr(0, kLongest), command.name) <= 2;
  });
  if (near != std::end(kCommands)) message += fmt::format("; did you mean `{}`?", near->name);
  return session.usage_error({}, message);
}

ExitStatus dispatch(Arguments arguments, const Session& session) {
  if (arguments.empty()) {
    session.err.write(overview());
    return ExitStatus::CommandLineWrong;
  }
  const std::string& name = arguments.front();
  if (name == "--help" || name == "-h") {
    session.out.write(overview());
    return ExitStatus::Fine;
  }
  if (name == "--version") {
    session.out.write(version_text());
    return ExitStatus::Fine;
  }
  if (name == "--help-debug") {
    session.out.write(debug_help());
    return ExitStatus::Fine;
  }
  const auto command =
      std::find_if(std::begin(kCommands), std::end(kCommands), [&](const Command& row) { return row.name == name; });
  if (command == std::end(kCommands)) return unknown_command(name, session);
  return command->run(arguments.subspan(1), session);
}

}  // namespace

std::span<const Command> commands() { return kCommands; }

ExitStatus run_tool(Arguments arguments, const Session& session) {
  ExitStatus status = ExitStatus::Fine;
  // Our code throws nothing; the standard library does when memory is at an end.
  try {
    status = dispatch(arguments, session);
  } catch (const std::bad_alloc&) {
    session.err.write("error[LT0703]: out of memory\n");
    status = ExitStatus::Failed;
  } catch (const std::length_error&) {
    session.err.write("error[LT0703]: a size is beyond what memory can hold\n");
    status = ExitStatus::Failed;
  } catch (const std::exception& error) {
    session.err.write(fmt::format("internal error[LT0999]: {}\nThis is a defect in Lathe.\n", error.what()));
    status = ExitStatus::InternalError;
  }
  session.progress({});
  session.out.flush();
  if (!session.out.fault().empty()) {
    session.err.write(fmt::format("error[LT0002]: standard output can't be written: {}\n", session.out.fault()));
    if (status == ExitStatus::Fine) status = ExitStatus::Failed;
  }
  session.err.flush();
  return status;
}

}  // namespace lathe::tools
