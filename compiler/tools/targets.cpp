// `lathe targets`: the instruction sets that the runtime's kernels were compiled for, and the machines and CPUs that
// `lathe compile` makes code for.
#include <fmt/format.h>

#include "compiler/codegen/target_cpus.h"
#include "compiler/tools/command.h"
#include "compiler/tools/options.h"
#include "lathe/runtime.h"

namespace lathe::tools {

ExitStatus targets_command(Arguments arguments, const Session& session) {
  OptionParser options("targets",
                       "Lists the instruction sets that the runtime's kernels were compiled for, best first, and the "
                       "machines that `lathe compile` makes code for.",
                       "LATHE_TARGET=NAME makes every command use another one than the best.");
  if (const auto status = options.parse(arguments, session)) return *status;
  const int32_t selected = lathe_target_selected();
  for (int32_t i = 0; i < lathe_target_count(); ++i) {
    const std::string_view state = i == selected                    ? "selected"
                                   : lathe_target_supported(i) != 0 ? "supported"
                                                                    : "not on this machine";
    session.out.write(fmt::format("{:<10} {}\n", lathe_target_name(i), state));
  }
  session.out.write("\nlathe compile --target TRIPLE --cpu CPU,..:\n");
  for (const codegen::Triple& triple : codegen::triples()) {
    session.out.write(fmt::format("{:<18} {}\n", triple.name, codegen::level_names(triple.architecture)));
  }
  if (selected >= 0) return ExitStatus::Fine;
  constexpr size_t kLongest = 512;
  std::string message(kLongest, '\0');
  static_cast<void>(lathe_target_select(nullptr, message.data(), message.size()));
  session.err.write(fmt::format("error: {}\n", message.c_str()));
  return ExitStatus::Failed;
}

}  // namespace lathe::tools
