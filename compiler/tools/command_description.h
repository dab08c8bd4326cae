// What a command says of itself: the options and operands that it declares, as data.
//
// Filled by OptionParser when a session asks for it (session.h), so that manual pages and completion are made from the
// same tables that read the command line.
#pragma once

#include <string>
#include <vector>

namespace lathe::tools {

/// An option, or an operand (an argument without a name on the command line).
struct OptionDescription {
  std::vector<std::string> names;    ///< "-o", "--output"; an operand's only name: "MODEL"
  std::string placeholder;           ///< of its value: "FILE"; empty for flags and operands
  std::vector<std::string> choices;  ///< all values that it takes; empty when there is no list
  std::string help;
  bool is_operand = false;
  bool is_required = false;
  bool is_repeated = false;
};

struct CommandDescription {
  std::string summary;  ///< one sentence
  std::string details;  ///< lines that follow the options in the help; may be empty
  std::vector<OptionDescription> options;
};

}  // namespace lathe::tools
