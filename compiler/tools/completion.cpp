// Completion scripts for bash, zsh and fish. Each knows the commands, the options of a command, and the values of
// options that take one of a list; everything else is completed as a file.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "compiler/tools/help.h"

namespace lathe::tools {
namespace {

// What lathe takes instead of a command.
constexpr std::string_view kProgramOptions[] = {"--help", "--help-debug", "--version"};

bool is_long(std::string_view name) { return name.starts_with("--"); }

// `text` as one word of a shell whose quoted quote is written `quote`; `slash` is how a backslash is.
std::string quoted(std::string_view text, std::string_view quote, std::string_view slash) {
  std::string result = "'";
  for (const char character : text) {
    if (character == '\'') {
      result += quote;
    } else if (character == '\\') {
      result += slash;
    } else {
      result += character;
    }
  }
  return result + "'";
}

std::string posix_quoted(std::string_view text) { return quoted(text, "'\\''", "\\"); }
std::string fish_quoted(std::string_view text) { return quoted(text, "\\'", "\\\\"); }

// The first line of every script.
constexpr std::string_view kOrigin = "made by `lathe help --format=";

std::string command_names() {
  std::string names;
  for (const Command& command : commands()) names += fmt::format("{}{}", names.empty() ? "" : " ", command.name);
  return names;
}

// zsh's _arguments ends a description at `]` and a message at `:`.
std::string zsh_escaped(std::string_view text) {
  std::string result;
  for (const char character : text) {
    if (character == '[' || character == ']' || character == ':' || character == '\\') result += '\\';
    result += character;
  }
  return result;
}

// The specification of one name of an option: '(-o --output)--output=[help]:OUT:_files'.
std::string zsh_option(const OptionDescription& option, const std::string& name) {
  std::string specification = option.is_repeated ? "*" : fmt::format("({})", fmt::join(option.names, " "));
  specification += name;
  if (!option.placeholder.empty()) specification += is_long(name) ? "=" : "+";
  specification += fmt::format("[{}]", zsh_escaped(option.help));
  if (!option.placeholder.empty()) {
    const std::string values = option.choices.empty() ? "_files" : fmt::format("({})", fmt::join(option.choices, " "));
    specification += fmt::format(":{}:{}", zsh_escaped(option.placeholder), values);
  }
  return specification;
}

std::string fish_option(std::string_view command, const OptionDescription& option) {
  std::string line = fmt::format("complete -c lathe -n '__fish_seen_subcommand_from {}'", command);
  for (const std::string& name : option.names) {
    line += is_long(name) ? fmt::format(" -l {}", name.substr(2)) : fmt::format(" -s {}", name.substr(1));
  }
  if (!option.choices.empty()) {
    line += fmt::format(" -x -a {}", fish_quoted(fmt::format("{}", fmt::join(option.choices, " "))));
  } else if (!option.placeholder.empty()) {
    line += " -r -F";
  }
  return line + fmt::format(" -d {}\n", fish_quoted(option.help));
}

// What does not depend on the tables.
constexpr std::string_view kBashFunction = R"BASH(
_lathe() {
  local word="${COMP_WORDS[COMP_CWORD]}" previous="${COMP_WORDS[COMP_CWORD - 1]}" command="${COMP_WORDS[1]}"
  local words=""
  COMPREPLY=()
  if ((COMP_CWORD == 1)); then
    words="$(_lathe_commands)"
  else
    # `--option=value` arrives as three words.
    if [[ "$word" == "=" ]]; then
      word=""
    elif [[ "$previous" == "=" ]]; then
      previous="${COMP_WORDS[COMP_CWORD - 2]}"
    fi
    words="$(_lathe_values "$command" "$previous")"
    if [[ -z "$words" && "$word" == -* ]]; then words="$(_lathe_options "$command")"; fi
  fi
  if [[ -n "$words" ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
  else
    compopt -o filenames 2>/dev/null
    mapfile -t COMPREPLY < <(compgen -f -- "$word")
  fi
}
complete -F _lathe lathe
)BASH";

constexpr std::string_view kZshFunction = R"ZSH(
_lathe() {
  if ((CURRENT == 2)); then
    _lathe_commands
    return
  fi
  local command=$words[2]
  shift words
  ((CURRENT -= 1))
  _lathe_arguments $command
}
# As a file of $fpath it is called; when it is sourced it registers itself.
if [[ $funcstack[1] == _lathe ]]; then _lathe "$@"; else compdef _lathe lathe; fi
)ZSH";

}  // namespace

std::string bash_completion() {
  std::string options;
  std::string values;
  for (const Command& command : commands()) {
    std::string names;
    for (const OptionDescription& option : describe(command).options) {
      if (option.is_operand) continue;
      for (const std::string& name : option.names) {
        names += (names.empty() ? "" : " ") + name;
        if (option.choices.empty()) continue;
        values += fmt::format("    '{} {}') echo {} ;;\n", command.name, name,
                              posix_quoted(fmt::format("{}", fmt::join(option.choices, " "))));
      }
    }
    options += fmt::format("    {}) echo {} ;;\n", command.name, posix_quoted(names));
  }
  return fmt::format("# bash completion for lathe, {}bash`.\n\n", kOrigin) +
         fmt::format("_lathe_commands() {{ echo '{} {}'; }}\n\n", command_names(), fmt::join(kProgramOptions, " ")) +
         "_lathe_options() {\n  case \"$1\" in\n" + options + "  esac\n}\n\n" +
         "# What the option $2 of the command $1 takes, when there is a list.\n" +
         "_lathe_values() {\n  case \"$1 $2\" in\n" + values + "  esac\n}\n" + std::string(kBashFunction);
}

std::string zsh_completion() {
  std::string rows;
  std::string cases;
  for (const Command& command : commands()) {
    rows += fmt::format("    {}\n", posix_quoted(fmt::format("{}:{}", command.name, zsh_escaped(command.summary))));
    cases += fmt::format("    {})\n      _arguments -S", command.name);
    for (const OptionDescription& option : describe(command).options) {
      if (option.is_operand) continue;
      for (const std::string& name : option.names) cases += " \\\n        " + posix_quoted(zsh_option(option, name));
    }
    cases += " \\\n        '*:file:_files' ;;\n";
  }
  return fmt::format("#compdef lathe\n# zsh completion for lathe, {}zsh`.\n\n", kOrigin) +
         "_lathe_commands() {\n  local -a commands=(\n" + rows + "  )\n  _describe command commands\n}\n\n" +
         "_lathe_arguments() {\n  case $1 in\n" + cases + "    *) _files ;;\n  esac\n}\n" + std::string(kZshFunction);
}

std::string fish_completion() {
  std::string text = fmt::format("# fish completion for lathe, {}fish`.\n\n", kOrigin);
  for (const std::string_view option : kProgramOptions) {
    text += fmt::format("complete -c lathe -f -n __fish_use_subcommand -l {}\n", option.substr(2));
  }
  for (const Command& command : commands()) {
    text += fmt::format("complete -c lathe -f -n __fish_use_subcommand -a {} -d {}\n", command.name,
                        fish_quoted(command.summary));
  }
  for (const Command& command : commands()) {
    text += "\n";
    for (const OptionDescription& option : describe(command).options) {
      if (!option.is_operand) text += fish_option(command.name, option);
    }
  }
  return text;
}

}  // namespace lathe::tools
