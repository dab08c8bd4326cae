// Changes that may cure errors: the families in the order in which their changes are offered.
#include <vector>

#include "compiler/frontend/torch/advice/error_families.h"

namespace lathe::torch {

std::span<const ProposerRow> error_proposers() {
  static const std::vector<ProposerRow> rows_of_all = [] {
    std::vector<ProposerRow> rows;
    for (const auto& family :
         {children_error_proposers(), einops_error_proposers(), feature_error_proposers(), channel_error_proposers(),
          rank_error_proposers(), join_error_proposers(), reshape_error_proposers(), value_error_proposers(),
          constructor_error_proposers(), language_error_proposers(), origin_error_proposers()}) {
      rows.insert(rows.end(), family.begin(), family.end());
    }
    return rows;
  }();
  return rows_of_all;
}

}  // namespace lathe::torch
