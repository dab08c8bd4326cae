// Cures.
#include "compiler/frontend/torch/advice/error_families.h"
namespace lathe::torch {
std::span<const ProposerRow> origin_error_proposers() { return {}; }
}  // namespace lathe::torch
