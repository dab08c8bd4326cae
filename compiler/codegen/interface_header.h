// The headers beside an artefact: P.h in C11, and P.hpp, a thin C++20 class over it.
#pragma once

#include <string>
#include <vector>

#include "compiler/codegen/interface.h"

namespace lathe::codegen {

/// What the comments of the headers tell.
struct HeaderFacts {
  std::string source;             ///< what was compiled: "mlp.onnx"
  std::string version;            ///< of Lathe
  std::vector<std::string> cpus;  ///< the variants, best first; empty when the compiler of the source decides
};

/// Constants for sizes and declarations of the entries, each with shapes, alignment, threads and ownership.
[[nodiscard]] std::string c_header(const Interface& interface, const HeaderFacts& facts);

/// `namespace P { class Session; }`: owns the arena of one run at a time, takes spans.
[[nodiscard]] std::string cpp_header(const Interface& interface, const HeaderFacts& facts);

}  // namespace lathe::codegen
