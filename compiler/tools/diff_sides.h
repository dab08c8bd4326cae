// Loading of the two sides of `lathe diff`.
//
// Inputs may be given once for both, by name or position. Without any, a PyTorch definition takes the types of the
// other side's inputs, or those with which its own file calls it. Only diff.cpp uses it.
#pragma once

#include <string>
#include <vector>

#include "compiler/compare/compare.h"
#include "compiler/tools/options.h"

namespace lathe::tools {

struct DiffSides {
  std::string paths[2];
  std::vector<std::string> inputs;
  std::string weights;  ///< of both
  std::string own_weights[2];
  bool no_strict = false;
  bool train = false;  ///< both
  bool own_train[2] = {};
  int64_t seed = 0;

  void add_to(OptionParser& parser);
};

/// Loads both. On failure `failed` says which side's locations the diagnostics refer to.
[[nodiscard]] Status load_sides(const DiffSides& arguments, comparison::Side (&sides)[2],
                                std::vector<comparison::GivenInput>& arrays, Diagnostics& diagnostics, size_t& failed);

}  // namespace lathe::tools
