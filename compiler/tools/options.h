// Declares and reads the options of one command. CLI11 does the reading and stays behind this header.
//
// A command names its options, where their values go and what they mean; parse() fills the values, prints the help, or
// says what is wrong with the command line. Used by every command, in the first lines of its function.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/tools/session.h"

namespace lathe::tools {

class OptionParser {
 public:
  /// `summary` is one sentence; `details` follows the list of options in the help.
  OptionParser(std::string_view command, std::string_view summary, std::string_view details = {});
  OptionParser(const OptionParser&) = delete;
  OptionParser& operator=(const OptionParser&) = delete;
  ~OptionParser();

  // `names` are spelled as on the command line: "-o,--output". Values keep what they hold when the option isn't given.
  void positional(std::string_view name, std::string& value, std::string_view help);
  /// May be left out.
  void optional_positional(std::string_view name, std::string& value, std::string_view help);
  void positionals(std::string_view name, std::vector<std::string>& values, std::string_view help);
  void flag(std::string_view names, bool& value, std::string_view help);
  void text(std::string_view names, std::string& value, std::string_view placeholder, std::string_view help);
  /// May be repeated; every use takes one value.
  void texts(std::string_view names, std::vector<std::string>& values, std::string_view placeholder,
             std::string_view help);
  void integer(std::string_view names, int64_t& value, int64_t least, int64_t most, std::string_view help);
  void number(std::string_view names, double& value, std::string_view help);
  void choice(std::string_view names, std::string& value, std::span<const std::string_view> choices,
              std::string_view help);

  /// Nothing when the command should go on. A session that asks for a description gets it, and the command ends.
  [[nodiscard]] std::optional<ExitStatus> parse(std::span<const std::string> arguments, const Session& session);

 private:
  struct Implementation;
  std::unique_ptr<Implementation> implementation_;
  std::string command_;
};

}  // namespace lathe::tools
