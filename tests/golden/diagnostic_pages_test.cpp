// The pages of docs/diagnostics: every kind has one, its example fails as the page says, and a test knows the kind.
//
// A page's ```lathe block becomes example.lathe, its ```python block example.py, its ```onnx block example.onnx (text
// form of tests/support/onnx_text.h), its ```safetensors block, a line `name = f32[2, 4]` an entry of zeros,
// example.safetensors, its ```pickle block example.pth, byte for byte; the commands behind `$ ` in its ```console
// blocks run, and what they print must be what the page shows. LATHE_BLESS=1 rewrites the output in the pages.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include <fstream>
#include <sstream>

#include "gtest/gtest.h"
#include "compiler/compile.h"
#include "compiler/tools/diagnostic_pages.h"
#include "ir/base/diagnostic.h"
#include "tests/golden/golden_case.h"
#include "tests/support/onnx_text.h"
#include "tests/support/temporary_folder.h"

namespace lathe::test {
namespace {

std::filesystem::path page_path(std::string_view code) {
  return std::filesystem::path(LATHE_SOURCE_DIR) / "docs" / "diagnostics" / fmt::format("{}.md", code);
}

// A fenced block: from behind its first line to its closing fence.
struct Block {
  std::string language;
  size_t begin = 0;
  size_t end = 0;
};

std::vector<Block> blocks_of(std::string_view text) {
  std::vector<Block> blocks;
  size_t at = 0;
  while ((at = text.find("```", at)) != std::string_view::npos) {
    const size_t line_end = text.find('\n', at);
    const size_t close = text.find("\n```", line_end);
    if (line_end == std::string_view::npos || close == std::string_view::npos) break;
    blocks.push_back({std::string(text.substr(at + 3, line_end - at - 3)), line_end + 1, close + 1});
    at = close + 4;
  }
  return blocks;
}

// Runs the commands of a console block and returns the block as it should be.
std::string run_console(std::string_view block, const std::filesystem::path& folder) {
  constexpr std::string_view kPrompt = "$ lathe";
  std::string result;
  for (size_t at = block.find(kPrompt); at != std::string_view::npos;
       at = block.find(std::string("\n") + std::string(kPrompt), at)) {
    if (block[at] == '\n') ++at;
    const size_t end = block.find('\n', at);
    const std::string_view command = block.substr(at + kPrompt.size(), end - at - kPrompt.size());
    const ToolResult run = run_lathe(command, folder);
    result += fmt::format("{}{}\n{}{}", kPrompt, command, run.out, run.err);
    at = end;
  }
  return result;
}

// `name = f32[2, 4]` a line, as the bytes of a safetensors file.
std::string safetensors_of_zeros(std::string_view text) {
  nlohmann::ordered_json header;
  size_t bytes = 0;
  std::istringstream lines{std::string(text)};
  for (std::string line; std::getline(lines, line);) {
    const size_t type = line.find(" = f32[");
    if (type == std::string::npos) continue;
    std::istringstream sizes(line.substr(type + 7));
    std::vector<int64_t> dims;
    size_t size = sizeof(float);
    for (int64_t dim = 0; sizes >> dim; sizes.ignore(2)) {
      dims.push_back(dim);
      size *= static_cast<size_t>(dim);
    }
    header[line.substr(0, type)] = {{"dtype", "F32"}, {"shape", dims}, {"data_offsets", {bytes, bytes + size}}};
    bytes += size;
  }
  const std::string head = header.dump();
  std::string file(8, '\0');
  for (size_t i = 0; i < 8; ++i) file[i] = static_cast<char>(uint64_t{head.size()} >> (8 * i) & 0xffu);
  return file + head + std::string(bytes, '\0');
}

class DiagnosticPage : public ::testing::TestWithParam<DiagnosticInfo> {};

TEST_P(DiagnosticPage, SaysWhatTheProgramSays) {
  const DiagnosticInfo& kind = GetParam();
  const std::filesystem::path path = page_path(kind.code);
  ASSERT_TRUE(std::filesystem::exists(path)) << "docs/diagnostics/" << kind.code << ".md is missing";
  std::string text = read_text(path);
  EXPECT_TRUE(text.starts_with(fmt::format("# {} {}: {}\n", kind.code, kind.name, kind.title))) << text.substr(0, 100);
  EXPECT_NE(text.find("\n## Cause\n"), std::string::npos);
  EXPECT_NE(text.find("\n## Cure\n"), std::string::npos);
  EXPECT_EQ(tools::diagnostic_page(kind.code), text) << "the program was built with another page";

  // This example makes machine code.
  if (kind.kind == DiagnosticKind::LinkFailed && !is_available(Backend::Ahead)) GTEST_SKIP() << "built without LLVM";
  const TemporaryFolder folder;
  std::string shown;
  std::string changed = text;
  std::ptrdiff_t shift = 0;
  for (const Block& block : blocks_of(text)) {
    const std::string content = text.substr(block.begin, block.end - block.begin);
    if (block.language == "lathe") folder.write("example.lathe", content);
    if (block.language == "python") folder.write("example.py", content);
    if (block.language == "pickle") folder.write("example.pth", content.substr(0, content.size() - 1));
    if (block.language == "safetensors") folder.write("example.safetensors", safetensors_of_zeros(content));
    if (block.language == "onnx") ASSERT_EQ(write_onnx_text(content, folder.path(), "example.onnx"), "");
    if (block.language != "console") continue;
    const std::string actual = run_console(content, folder.path());
    if (!blessing()) EXPECT_EQ(actual, content) << "in " << path;
    changed.replace(static_cast<size_t>(static_cast<std::ptrdiff_t>(block.begin) + shift), content.size(), actual);
    shift += static_cast<std::ptrdiff_t>(actual.size()) - static_cast<std::ptrdiff_t>(content.size());
    shown += actual;
  }
  if (blessing() && changed != text) std::ofstream(path, std::ios::binary) << changed;
  if (!shown.empty())
    EXPECT_NE(shown.find(kind.code), std::string::npos) << "the example shows another diagnostic:\n" << shown;
}

INSTANTIATE_TEST_SUITE_P(Kinds, DiagnosticPage, ::testing::ValuesIn(diagnostic_kinds()),
                         [](const auto& info) { return std::string(info.param.code); });

// Kinds that no input of a test can provoke, and why.
constexpr struct {
  DiagnosticKind kind;
  std::string_view reason;
} kUntested[] = {
    {DiagnosticKind::InternalError, "a defect that is known is mended, not tested"},
};

TEST(DiagnosticKinds, AppearInATestEach) {
  const std::filesystem::path source = LATHE_SOURCE_DIR;
  std::string texts;
  for (const std::string_view folder : {"tests", "docs/diagnostics"}) {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(source / folder)) {
      const std::string extension = entry.path().extension().string();
      if (extension == ".cpp" || extension == ".lathe" || extension == ".test" || extension == ".md") {
        texts += read_text(entry.path());
      }
    }
  }
  for (const DiagnosticInfo& kind : diagnostic_kinds()) {
    bool is_excepted = false;
    for (const auto& row : kUntested) is_excepted |= row.kind == kind.kind;
    const bool is_shown = texts.find(fmt::format("[{}]", kind.code)) != std::string::npos;
    EXPECT_TRUE(is_shown || is_excepted) << kind.code << " " << kind.name << " appears in no expected output";
  }
}

}  // namespace
}  // namespace lathe::test
