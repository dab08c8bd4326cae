// The graph IR as text: print, parse, verify.
//
// print(parse(text)) is text for canonical text. Result types are always printed; attributes stand in row order,
// defaults are left out; names of values are their hints made unique; locations are printed with `locations` only.
// Constants of up to kInlineElements elements are spelled; larger ones are references to `data` rows behind the graph.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "ir/graph/graph.h"

namespace lathe {

inline constexpr int64_t kInlineElements = 32;

struct PrintOptions {
  bool locations = false;
  bool data =
      true;  ///< print the rows of large constants: a file reference where there is one, else their bytes in hex
};

[[nodiscard]] std::string print(const Module& module, const PrintOptions& options = {});
/// One line without indentation, as `print` writes it. Uses the unique names of the whole module; slow, for messages.
[[nodiscard]] std::string print_node(const Module& module, NodeId node);

struct NodeText {
  NodeId node;
  std::string text;  ///< its lines as `print` writes them, those of its regions included
};
/// The nodes of the root region in program order, each with its part of what `print` writes.
[[nodiscard]] std::vector<NodeText> print_root_nodes(const Module& module);

struct ParseOptions {
  /// Rows for `data @name ... = shared` are taken from here by name; used by round-trip checks.
  const Module* shared_constants = nullptr;
  /// Folder that relative file references start from.
  std::string folder;
};

/// Parses and infers a whole module; checks the printed types against the inferred ones. All errors are reported.
/// `module` must be empty; on failure it holds the locations that the diagnostics refer to and nothing else of use.
[[nodiscard]] Status parse_module(std::string_view text, std::string path, Module& module, Diagnostics& diagnostics,
                                  const ParseOptions& options = {});
/// The same, for callers that don't show diagnostics: on failure the locations are lost.
[[nodiscard]] Result<Module> parse_module(std::string_view text, std::string path, Diagnostics& diagnostics,
                                          const ParseOptions& options = {});

/// Structural equality up to names, locations and ids; on a difference says in words where.
[[nodiscard]] bool same_module(const Module& a, const Module& b, std::string* difference = nullptr);

}  // namespace lathe
