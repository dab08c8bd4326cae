// Imports of the shared models and of the conformance suite: what must come through, and how the rest may fail.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include "gtest/gtest.h"
#include "tests/support/shared_data.h"
#include "tests/unit/onnx/import_helper.h"

namespace lathe::onnx {
namespace {

Imported import_file(const std::filesystem::path& path) {
  Imported imported;
  imported.ok = import_model(path.string(), {}, imported.module, imported.diagnostics).ok();
  return imported;
}

/// The dims that index.tsv gives an output, as far as they are numbers: "float32[batch,1000]" -> {"", "1000"}.
std::vector<std::string> listed_dims(const std::string& type) {
  std::vector<std::string> dims;
  const size_t open = type.find('[');
  std::stringstream list(type.substr(open + 1, type.find(']') - open - 1));
  for (std::string dim; std::getline(list, dim, ',');) {
    dims.push_back(dim.find_first_not_of("0123456789") == std::string::npos ? dim : "");
  }
  return dims;
}

/// Rows of a table with a header line, as maps by column.
std::vector<std::map<std::string, std::string>> read_table(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::vector<std::string> header;
  std::vector<std::map<std::string, std::string>> rows;
  for (std::string line; std::getline(file, line);) {
    std::vector<std::string> cells;
    std::stringstream cells_of_line(line);
    for (std::string cell; std::getline(cells_of_line, cell, '\t');) cells.push_back(cell);
    if (header.empty()) {
      header = cells;
      continue;
    }
    auto& row = rows.emplace_back();
    for (size_t column = 0; column < std::min(header.size(), cells.size()); ++column)
      row[header[column]] = cells[column];
  }
  return rows;
}

void check_models(const std::filesystem::path& folder, size_t least) {
  size_t imported_count = 0;
  for (const auto& row : read_table(folder / "index.tsv")) {
    const std::string& name = row.at("name");
    const Imported imported = import_file(folder / (name + ".onnx"));
    // Every file is a valid model: it comes through or asks for something that is not supported.
    EXPECT_EQ(imported.diagnostics.count(Severity::Error), 0u) << name << "\n" << imported.messages();
    if (!imported.ok) continue;
    ++imported_count;
    std::stringstream outputs(row.at("outputs"));
    size_t position = 0;
    for (std::string output; std::getline(outputs, output, ';'); ++position) {
      ASSERT_LT(position, imported.module.graph.outputs().size()) << name;
      const TensorType& type = imported.module.graph.tensor(imported.module.graph.outputs()[position]);
      const std::vector<std::string> dims = listed_dims(output);
      ASSERT_EQ(dims.size(), type.dims.size()) << name << ": " << output;
      for (size_t axis = 0; axis < dims.size(); ++axis) {
        if (dims[axis].empty()) continue;
        EXPECT_EQ(type.dims[axis].text(), dims[axis]) << name << " output " << position << " axis " << axis;
      }
    }
  }
  EXPECT_GE(imported_count, least);
}

TEST(SharedModels, Topologies) {
  LATHE_REQUIRE_SHARED(folder, "models/topologies");
  check_models(folder, 45);
}

TEST(SharedModels, PretrainedModels) {
  LATHE_REQUIRE_SHARED(folder, "models/pretrained");
  check_models(folder, 15);
}

TEST(SharedModels, ConformanceModelsImportOrAreUnsupported) {
  LATHE_REQUIRE_SHARED(folder, "onnx-conformance");
  size_t imported_count = 0;
  for (const auto& row : read_table(folder / "index.tsv")) {
    const std::filesystem::path path = folder / row.at("category") / row.at("name") / "model.onnx";
    if (!std::filesystem::exists(path)) continue;
    const Imported imported = import_file(path);
    if (imported.ok) ++imported_count;
    for (const Diagnostic& diagnostic : imported.diagnostics.all()) {
      const bool allowed =
          info(diagnostic.kind).severity != Severity::Error || diagnostic.kind == DiagnosticKind::UnknownOpset;
      EXPECT_TRUE(allowed) << row.at("name") << "\n" << imported.messages();
    }
  }
  EXPECT_GE(imported_count, 896u);
}

}  // namespace
}  // namespace lathe::onnx
