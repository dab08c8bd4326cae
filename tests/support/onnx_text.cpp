// Reads the text form of ONNX models with the lexer of the textual IRs and writes them with onnx_writer.
#include "tests/support/onnx_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <fstream>

#include "ir/base/lexer.h"
#include "ir/base/render.h"
#include "tests/support/onnx_writer.h"

namespace lathe::test {
namespace {

constexpr struct {
  std::string_view name;
  int32_t number;
  size_t bytes;
} kElements[] = {{"float", 1, 4},   {"uint8", 2, 1},   {"int8", 3, 1},    {"uint16", 4, 2},    {"int16", 5, 2},
                 {"int32", 6, 4},   {"int64", 7, 8},   {"string", 8, 0},  {"bool", 9, 1},      {"float16", 10, 2},
                 {"double", 11, 8}, {"uint32", 12, 4}, {"uint64", 13, 8}, {"bfloat16", 16, 2}, {"complex64", 14, 8}};

class Reader {
 public:
  Reader(std::string_view text, const std::filesystem::path& folder, std::string_view name)
      : folder_(folder),
        name_(name),
        cursor_(tokenize(text, locations_.add_file("onnx text", std::string(text))), locations_, diagnostics_) {}

  std::string run() {
    if (read().ok()) return {};
    return render_text(diagnostics_, locations_);
  }

 private:
  Status read() {
    OnnxModel model;
    std::optional<std::string> bytes;
    int64_t truncate = 0;
    while (!cursor_.at_end()) {
      if (cursor_.accept("opset")) {
        if (cursor_.peek().kind == TokenKind::String) {
          LATHE_TRY(const std::string domain, cursor_.expect_string("a domain"));
          LATHE_TRY(const int64_t version, cursor_.expect_integer("a version"));
          model.more_opsets.emplace_back(domain, version);
        } else {
          LATHE_TRY(model.opset, cursor_.expect_integer("a version"));
        }
      } else if (cursor_.accept("ir")) {
        LATHE_TRY(model.ir_version, cursor_.expect_integer("a version"));
      } else if (cursor_.accept("graph")) {
        LATHE_TRY(model.graph, graph());
      } else if (cursor_.accept("truncate")) {
        LATHE_TRY(truncate, cursor_.expect_integer("a number of bytes"));
      } else if (cursor_.accept("bytes")) {
        LATHE_TRY(bytes, cursor_.expect_string("bytes"));
      } else if (cursor_.accept("file")) {
        LATHE_TRY(const std::string path, cursor_.expect_string("a name"));
        LATHE_TRY(const int64_t size, cursor_.expect_integer("a number of bytes"));
        write(path, std::string(static_cast<size_t>(size), '\0'));
      } else if (cursor_.accept("link")) {
        LATHE_TRY(const std::string path, cursor_.expect_string("a name"));
        LATHE_TRY(const std::string target, cursor_.expect_string("where it leads"));
        std::error_code ignored;
        std::filesystem::create_symlink(target, folder_ / path, ignored);
      } else {
        return cursor_.error_expected("`opset`, `ir`, `graph`, `truncate`, `bytes`, `file` or `link`");
      }
    }
    if (!bytes) bytes = to_bytes(model);
    bytes->resize(bytes->size() - std::min(bytes->size(), static_cast<size_t>(truncate)));
    write(name_, *bytes);
    return {};
  }

  void write(const std::string& path, const std::string& bytes) const {
    std::ofstream(folder_ / path, std::ios::binary) << bytes;
  }

  Result<std::string> name(std::string_view what) {
    if (cursor_.peek().kind == TokenKind::String) return cursor_.expect_string(what);
    return cursor_.expect_identifier(what);
  }

  // An element type: its name, or `elem 99`.
  Result<int32_t> element() {
    if (cursor_.accept("elem")) {
      LATHE_TRY(const int64_t number, cursor_.expect_integer("a number"));
      return static_cast<int32_t>(number);
    }
    for (const auto& row : kElements) {
      if (cursor_.accept(row.name)) return row.number;
    }
    return cursor_.error_expected("an ONNX element type");
  }

  [[nodiscard]] bool at_element() const {
    return cursor_.at("elem") || std::any_of(std::begin(kElements), std::end(kElements),
                                             [&](const auto& row) { return cursor_.at(row.name); });
  }

  Result<OnnxValue> value() {
    OnnxValue result;
    LATHE_TRY(result.element, element());
    result.dims.reset();
    if (cursor_.accept("[")) {
      result.dims.emplace();
      while (!cursor_.accept("]")) {
        if (cursor_.accept("?")) {
          result.dims->emplace_back(std::string());
        } else if (cursor_.peek().kind == TokenKind::Integer) {
          LATHE_TRY(const int64_t size, cursor_.expect_integer("a size"));
          result.dims->emplace_back(size);
        } else {
          LATHE_TRY(const std::string symbol, name("a size"));
          result.dims->emplace_back(symbol);
        }
        cursor_.accept(",");
      }
    }
    LATHE_TRY(result.name, name("the name of a value"));
    return result;
  }

  Result<std::vector<OnnxValue>> values() {
    std::vector<OnnxValue> result;
    LATHE_TRY_VOID(cursor_.expect("("));
    while (!cursor_.accept(")")) {
      LATHE_TRY(OnnxValue row, value());
      result.push_back(std::move(row));
      cursor_.accept(",");
    }
    return result;
  }

  Result<std::vector<int64_t>> integers(std::string_view close) {
    std::vector<int64_t> result;
    while (!cursor_.accept(close)) {
      LATHE_TRY(const int64_t number, cursor_.expect_integer("a whole number"));
      result.push_back(number);
      cursor_.accept(",");
    }
    return result;
  }

  Result<OnnxTensor> tensor(std::string tensor_name) {
    OnnxTensor result{.name = std::move(tensor_name)};
    LATHE_TRY(result.data_type, element());
    LATHE_TRY_VOID(cursor_.expect("["));
    LATHE_TRY(result.dims, integers("]"));
    if (cursor_.accept("raw")) {
      LATHE_TRY(const int64_t size, cursor_.expect_integer("a number of bytes"));
      result.raw_data = std::string(static_cast<size_t>(size), '\0');
    } else if (cursor_.accept("external")) {
      LATHE_TRY(const std::string path, cursor_.expect_string("a path"));
      LATHE_TRY(const int64_t offset, cursor_.expect_integer("an offset"));
      LATHE_TRY(const int64_t length, cursor_.expect_integer("a length"));
      result.external = {{"location", path}, {"offset", std::to_string(offset)}, {"length", std::to_string(length)}};
    } else if (cursor_.accept("{")) {
      while (!cursor_.accept("}")) {
        LATHE_TRY(const double number, cursor_.expect_number("an element"));
        add_element(result, number);
        cursor_.accept(",");
      }
    } else {
      fill(result);
    }
    return result;
  }

  static void add_element(OnnxTensor& result, double number) {
    if (result.data_type == 1) {
      result.float_data.push_back(static_cast<float>(number));
    } else if (result.data_type == 7) {
      result.int64_data.push_back(static_cast<int64_t>(number));
    } else {
      result.int32_data.push_back(static_cast<int32_t>(number));
    }
  }

  // Zeros, where the type has a size and there are not too many.
  static void fill(OnnxTensor& result) {
    constexpr int64_t kMost = 1 << 20;
    int64_t count = 1;
    for (const int64_t dim : result.dims) {
      if (dim < 0 || dim > kMost || count > kMost) return;
      count *= dim;
    }
    for (const auto& row : kElements) {
      if (row.number == result.data_type) result.raw_data = std::string(static_cast<size_t>(count) * row.bytes, '\0');
    }
  }

  Result<OnnxAttributeValue> attribute_value() {
    if (cursor_.accept("graph")) {
      LATHE_TRY(OnnxGraph inner, graph());
      return OnnxAttributeValue(OnnxSubgraph{{std::move(inner)}});
    }
    if (at_element()) {
      LATHE_TRY(OnnxTensor constant, tensor({}));
      return OnnxAttributeValue(std::move(constant));
    }
    if (cursor_.accept("[")) {
      if (cursor_.peek().kind == TokenKind::Float) {
        std::vector<float> numbers;
        while (!cursor_.accept("]")) {
          LATHE_TRY(const double number, cursor_.expect_number("a number"));
          numbers.push_back(static_cast<float>(number));
          cursor_.accept(",");
        }
        return OnnxAttributeValue(std::move(numbers));
      }
      LATHE_TRY(std::vector<int64_t> numbers, integers("]"));
      return OnnxAttributeValue(std::move(numbers));
    }
    if (cursor_.peek().kind == TokenKind::String) {
      LATHE_TRY(std::string string, cursor_.expect_string("a string"));
      return OnnxAttributeValue(std::move(string));
    }
    if (cursor_.peek().kind == TokenKind::Float) {
      LATHE_TRY(const double number, cursor_.expect_number("a number"));
      return OnnxAttributeValue(static_cast<float>(number));
    }
    LATHE_TRY(const int64_t number, cursor_.expect_integer("the value of an attribute"));
    return OnnxAttributeValue(number);
  }

  Result<OnnxNode> node(std::vector<std::string> outputs) {
    OnnxNode result;
    result.outputs = std::move(outputs);
    LATHE_TRY(result.op_type, cursor_.expect_identifier("an operator"));
    const size_t dot = result.op_type.rfind('.');
    if (dot != std::string::npos) {
      result.domain = result.op_type.substr(0, dot);
      result.op_type = result.op_type.substr(dot + 1);
    }
    if (cursor_.peek().kind == TokenKind::String) {
      LATHE_TRY(result.name, cursor_.expect_string("the name of the node"));
    }
    if (cursor_.accept("<")) {
      while (!cursor_.accept(">")) {
        LATHE_TRY(const std::string attribute, cursor_.expect_identifier("an attribute"));
        LATHE_TRY_VOID(cursor_.expect("="));
        LATHE_TRY(OnnxAttributeValue given, attribute_value());
        result.attributes.push_back({.name = attribute, .value = std::move(given)});
        cursor_.accept(",");
      }
    }
    LATHE_TRY_VOID(cursor_.expect("("));
    while (!cursor_.accept(")")) {
      LATHE_TRY(const std::string input, name("an input"));
      result.inputs.push_back(input);
      cursor_.accept(",");
    }
    return result;
  }

  Result<OnnxGraph> graph() {
    OnnxGraph result;
    LATHE_TRY(result.inputs, values());
    LATHE_TRY_VOID(cursor_.expect("="));
    LATHE_TRY_VOID(cursor_.expect(">"));
    LATHE_TRY(result.outputs, values());
    LATHE_TRY_VOID(cursor_.expect("{"));
    while (!cursor_.accept("}")) {
      std::vector<std::string> outputs;
      do {
        LATHE_TRY(const std::string output, name("the name of a value"));
        outputs.push_back(output);
      } while (cursor_.accept(","));
      LATHE_TRY_VOID(cursor_.expect("="));
      if (at_element()) {
        LATHE_TRY(OnnxTensor initializer, tensor(outputs.front()));
        result.initializers.push_back(std::move(initializer));
      } else {
        LATHE_TRY(OnnxNode row, node(std::move(outputs)));
        result.nodes.push_back(std::move(row));
      }
    }
    return result;
  }

  std::filesystem::path folder_;
  std::string name_;
  LocationTable locations_;
  Diagnostics diagnostics_;
  TokenCursor cursor_;
};

}  // namespace

std::string write_onnx_text(std::string_view text, const std::filesystem::path& folder, std::string_view name) {
  return Reader(text, folder, name).run();
}

}  // namespace lathe::test
