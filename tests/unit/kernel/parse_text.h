// Parsing kernel text in tests: the text is registered as a file, and diagnostics are at hand as one string.
#pragma once

#include <string>
#include <string_view>

#include "ir/kernel/text.h"

namespace lathe::kernel {

struct TextFixture {
  LocationTable locations;
  Diagnostics diagnostics;

  Result<Kernel> kernel(std::string_view source) {
    const FileId file = locations.add_file("test.lathe", std::string(source));
    return parse_kernel(locations.file(file).text, file, locations, diagnostics);
  }
  Result<Program> program(std::string_view source) {
    const FileId file = locations.add_file("test.lathe", std::string(source));
    return parse_program(locations.file(file).text, file, locations, diagnostics);
  }
  [[nodiscard]] std::string messages() const {
    std::string all;
    for (const Diagnostic& diagnostic : diagnostics.all()) all += diagnostic.message + "\n";
    return all;
  }
};

}  // namespace lathe::kernel
