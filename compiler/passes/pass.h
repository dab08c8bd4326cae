// What a pass is: a row with a name and a plain function from a verified module to a verified module.
//
// Rows stand in pipeline.cpp, in the order in which the compiler runs them. A pass may fail only on something that the
// user can see (it has then reported a diagnostic); a broken invariant is LATHE_CHECK. It changes the module through
// Rewriter, gives every new node a location, and says in `ensures` what holds when it is done. Included by the passes
// themselves.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ir/graph/graph.h"

namespace lathe::passes {

/// `Exact` keeps results independent of threads, batch position and machine everywhere, and switches off rewrites that
/// change bits where they can be told apart from rounding (see pass rows); `Fast` may use them, and may sum
/// convolutions another way (docs/architecture.md, Numerics), which keeps that independence.
enum class Numerics : uint8_t { Exact, Fast };

/// What the user may set for passes.
struct PassOptions {
  Numerics numerics = Numerics::Fast;
  std::vector<std::pair<std::string, int64_t>> dims;  ///< `--dim N=8`: sizes for symbols, see specialize
  bool remarks = false;                               ///< report LT0902 for groups that were not fused
};

/// What a pass is given besides the module. `changes` is for the pass to count.
struct PassContext {
  Diagnostics& diagnostics;
  const PassOptions& options;
  size_t changes = 0;
};

/// Where in the compilation a pass stands.
enum class Stage : uint8_t { Prepare, Simplify, Arrange, Group };
[[nodiscard]] std::string_view text(Stage stage);

/// What a pass does to the bits of results, measured with the graph interpreter.
enum class Bits : uint8_t {
  Preserved,  ///< the same bits (NaNs may change their payload)
  ZeroSign,   ///< the same bits with `Numerics::Exact`; else a zero may change its sign
  Rounded,    ///< results change within rounding
};
[[nodiscard]] std::string_view text(Bits bits);

struct Pass {
  std::string_view name;
  Stage stage;
  std::string_view doc;
  std::string_view ensures;  ///< what holds after it, for the passes behind it and for lowering
  Bits bits;
  Status (*run)(Module&, PassContext&);
};

// The passes, one in each file of its name.
Status specialize(Module& module, PassContext& context);
Status canonicalize(Module& module, PassContext& context);
Status fold(Module& module, PassContext& context);
Status common_subexpressions(Module& module, PassContext& context);
Status dead_code(Module& module, PassContext& context);
Status decompose(Module& module, PassContext& context);
Status fold_batch_norm(Module& module, PassContext& context);
Status layout(Module& module, PassContext& context);
Status split_padding(Module& module, PassContext& context);
Status fuse(Module& module, PassContext& context);

}  // namespace lathe::passes
