// The families of proposers for errors; one file each.
#pragma once

#include <span>

#include "compiler/frontend/torch/advice/proposals.h"

namespace lathe::torch {

[[nodiscard]] std::span<const ProposerRow> children_error_proposers();     // error_children.cpp
[[nodiscard]] std::span<const ProposerRow> feature_error_proposers();      // error_features.cpp
[[nodiscard]] std::span<const ProposerRow> channel_error_proposers();      // error_channels.cpp
[[nodiscard]] std::span<const ProposerRow> rank_error_proposers();         // error_ranks.cpp
[[nodiscard]] std::span<const ProposerRow> join_error_proposers();         // error_joins.cpp
[[nodiscard]] std::span<const ProposerRow> reshape_error_proposers();      // error_reshapes.cpp
[[nodiscard]] std::span<const ProposerRow> value_error_proposers();        // error_values.cpp
[[nodiscard]] std::span<const ProposerRow> constructor_error_proposers();  // error_constructors.cpp
[[nodiscard]] std::span<const ProposerRow> language_error_proposers();     // error_language.cpp
[[nodiscard]] std::span<const ProposerRow> einops_error_proposers();       // error_einops.cpp
[[nodiscard]] std::span<const ProposerRow> origin_error_proposers();       // error_origins.cpp

}  // namespace lathe::torch
