// The report of a compilation: one page that leads from layer to fused group to step to kernel to code, and back.
//
// The page needs nothing but itself: its style, its program and its data stand in it, and weights never do. What a
// model is called can't become markup: the data is JSON in which no `<` is left, and the page writes it as text only.
// docs/report.md says what each part shows. Made by `lathe compile --report=FILE`, which follows the model through the
// stages of compile.h with mark_layers() and mark_groups() of source_graph.h.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "compiler/compile.h"
#include "compiler/profile.h"
#include "compiler/report/source_graph.h"

namespace lathe::report {

/// Pointers are borrowed for the length of the call, and are there unless it says otherwise.
struct ReportInput {
  std::string model;                                         ///< as the user named it: `net.onnx`
  std::string version;                                       ///< of Lathe
  std::string target;                                        ///< the CPU that assembly is for; may be empty
  std::vector<std::pair<std::string, std::string>> options;  ///< as the user may write them: `--numerics`, `fast`
  /// Values of symbols, for numbers of operations and bytes; others count with their lower bound.
  std::vector<NamedSize> sizes;
  const Module* module = nullptr;  ///< as lower_module() left it
  const SourceGraph* source = nullptr;
  const FusedGraph* fused = nullptr;
  const kernel::Program* program = nullptr;
  const CompileReport* compilation = nullptr;
  std::string cpp;                       ///< the program as C++ text; may be empty
  std::string assembly;                  ///< the program as assembly text; empty where there is none
  const StepProfile* profile = nullptr;  ///< null unless steps were timed
};

/// The data of the page as JSON.
[[nodiscard]] std::string report_json(const ReportInput& input);

/// The page.
[[nodiscard]] std::string report_page(const ReportInput& input);

}  // namespace lathe::report
