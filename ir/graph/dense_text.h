// The elements of constants as text: `dense<...>` in a node, and what stands behind `=` in a `data` row.
//
// Elements are a flat row-major list whatever the rank; one element without brackets is a splat. A float whose shortest
// text would not give back its bits (a NaN with a payload) is spelled as the hexadecimal pattern of its bits. Internal
// to print and parse.
#pragma once

#include <string>

#include "ir/base/lexer.h"
#include "ir/graph/constant.h"

namespace lathe {

/// `dense<[1.0, 2.0]>` or `dense<0.0>` for a splat; the data must be present.
[[nodiscard]] std::string dense_text(const ConstantData& constant);
/// Parses dense_text up to `>`; the caller fills in the type. The count is checked against it by `finish_dense`.
struct DenseElements {
  std::vector<Token> elements;  ///< numbers, `true`, `false` or strings
  bool splat = false;
};
[[nodiscard]] Result<DenseElements> parse_dense(TokenCursor& cursor);
[[nodiscard]] Result<ConstantData> finish_dense(TokenCursor& cursor, const DenseElements& dense, const TensorType& type,
                                                LocationId location);

/// `file("path", 128)`, `hex"..."`, `dense<...>` (strings) or `absent`.
[[nodiscard]] std::string payload_text(const ConstantData& constant);
/// Parses payload_text; files are read from `folder` unless their path is absolute.
[[nodiscard]] Result<ConstantData> parse_payload(TokenCursor& cursor, const TensorType& type, const std::string& folder,
                                                 LocationId location);

}  // namespace lathe
