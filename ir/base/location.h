// Where things come from: source files, spans in them, nodes of model files, and the locations that rewrites derive.
//
// A LocationTable owns the source texts and all locations of one module. Locations are named by LocationId, so that a
// node, a dim's origin or a diagnostic carries four bytes. Every rewrite must give its new nodes a location (fused or
// derived); an invalid LocationId means "unknown" and is only right where no input stands behind a thing.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "ir/base/id.h"

namespace lathe {

using FileId = Id<struct FileTag>;
using LocationId = Id<struct LocationTag>;

/// A half-open range of bytes in a source file.
struct Span {
  FileId file;
  uint32_t begin = 0;
  uint32_t end = 0;
  friend bool operator==(const Span&, const Span&) = default;
};

/// Line and column of a byte, both counted from 1; the column counts bytes.
struct LineColumn {
  uint32_t line = 1;
  uint32_t column = 1;
};

/// A node, value or initializer of a binary model file, which has no lines. `what` is the kind of thing in the user's
/// terms ("node", "initializer", "input"); `op` and `index` are set for nodes only.
struct ModelLocation {
  FileId file;
  std::string what;
  std::string name;
  std::string op;
  uint32_t index = 0;
};

/// Several locations that a rewrite made into one thing, in the order of execution.
struct FusedLocation {
  std::vector<LocationId> parents;
};

/// A thing that `pass` made from another one. `pass` is a string literal.
struct DerivedLocation {
  std::string_view pass;
  LocationId from;
};

using Location = std::variant<Span, ModelLocation, FusedLocation, DerivedLocation>;

/// A text with a path. The text is empty for binary files.
struct SourceFile {
  std::string path;
  std::string text;
  std::vector<uint32_t> line_starts;
};

/// Owns sources and locations; ids stay valid as long as the table lives.
class LocationTable {
 public:
  FileId add_file(std::string path, std::string text = {});
  LocationId add(Location location) { return locations_.push_back(std::move(location)); }
  LocationId add_span(FileId file, uint32_t begin, uint32_t end) { return add(Span{file, begin, end}); }
  /// One location for several; returns the only one when there is one, and an invalid id for none.
  LocationId fuse(const std::vector<LocationId>& parents);
  LocationId derive(std::string_view pass, LocationId from) { return add(DerivedLocation{pass, from}); }

  [[nodiscard]] const Location& operator[](LocationId id) const { return locations_[id]; }
  [[nodiscard]] const SourceFile& file(FileId id) const { return files_[id]; }
  [[nodiscard]] size_t file_count() const { return files_.size(); }
  [[nodiscard]] LineColumn line_column(FileId file, uint32_t offset) const;
  /// Text of one line without its line end; `line` counts from 1.
  [[nodiscard]] std::string_view line_text(FileId file, uint32_t line) const;
  /// The first span or model location behind `id`, through fused and derived ones; nullptr when there is none.
  [[nodiscard]] const Location* origin(LocationId id) const;
  /// The same as an id: the place a user would recognise.
  [[nodiscard]] LocationId origin_id(LocationId id) const;
  /// One line for people: `net.py:3:5`, `model.onnx: node 'conv1' (Conv)`, or `unknown location`.
  [[nodiscard]] std::string describe(LocationId id) const;

 private:
  IdVector<FileId, SourceFile> files_;
  IdVector<LocationId, Location> locations_;
};

}  // namespace lathe
