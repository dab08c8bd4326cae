// The `lathe` program.
#include <unistd.h>

#include <string>
#include <vector>

#include "compiler/tools/command.h"
#include "compiler/tools/process.h"

int main(int count, char** arguments) {
  const std::vector<std::string> words(arguments + (count > 0 ? 1 : 0), arguments + count);
  lathe::tools::guard_process(words);
  lathe::tools::limit_memory();
  lathe::tools::OutputStream out(STDOUT_FILENO);
  lathe::tools::OutputStream err(STDERR_FILENO);
  return static_cast<int>(lathe::tools::run_tool(words, {out, err}));
}
