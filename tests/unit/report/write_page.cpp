// Writes the report of a model to a file, to be looked at: lathe_write_page MODEL OUT [profile]
#include <fmt/format.h>

#include <fstream>

#include "ir/base/render.h"
#include "tests/unit/report/recorded.h"

int main(int count, char** arguments) {
  if (count < 3) return 2;
  lathe::Module module;
  lathe::Definition definition;
  lathe::Diagnostics diagnostics;
  const std::string path = arguments[1];
  if (!lathe::load_model(path, {}, module, diagnostics, &definition).ok()) {
    fmt::print(stderr, "{}", lathe::render_text(diagnostics, module.locations));
    return 1;
  }
  const auto recorded = lathe::test::record(std::move(module), &definition, count > 3, diagnostics);
  if (!recorded.ok()) {
    for (const lathe::Diagnostic& diagnostic : diagnostics.all()) fmt::print(stderr, "{}\n", diagnostic.message);
    return 1;
  }
  lathe::report::ReportInput input = recorded->input();
  input.model = path.substr(path.rfind('/') + 1);
  std::ofstream(arguments[2]) << lathe::report::report_page(input);
  return 0;
}
