// What commands say of themselves, and what manual pages and completion scripts make of it.
#include "compiler/tools/help.h"

#include <algorithm>
#include <array>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "compiler/tools/options.h"

namespace lathe::tools {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

std::string output_of(Arguments arguments) {
  OutputStream out;
  OutputStream err;
  EXPECT_EQ(run_tool(arguments, {.out = out, .err = err}), ExitStatus::Fine);
  return out.text();
}

const OptionDescription* find(const CommandDescription& description, std::string_view name) {
  const auto found = std::find_if(description.options.begin(), description.options.end(), [&](const auto& option) {
    return std::find(option.names.begin(), option.names.end(), name) != option.names.end();
  });
  return found == description.options.end() ? nullptr : &*found;
}

// A command with everything that roff and shells take for something else.
ExitStatus awkward_command(Arguments arguments, const Session& session) {
  std::string operand;
  std::vector<std::string> values;
  std::string choice;
  constexpr std::array<std::string_view, 2> kChoices = {"one", "two"};
  OptionParser options("awkward", "It's a [test]: 100% \\n.", ".dots at the start\n'quotes too");
  options.optional_positional("THING", operand, "What it is about");
  options.texts("-v,--value", values, "KEY:VALUE", "Don't \"quote\" $HOME, `this` or [that]: it's \\fBroff\\fR");
  options.choice("--choice", choice, kChoices, "One of two");
  if (const auto status = options.parse(arguments, session)) return *status;
  ADD_FAILURE() << "a command that is described does not run";
  return ExitStatus::InternalError;
}
constexpr Command kAwkward = {"awkward", "[THING]", "to be escaped: it's", awkward_command};

TEST(Help, CommandsDescribeWhatTheyDeclare) {
  const CommandDescription description = describe(kAwkward);
  EXPECT_EQ(description.summary, "It's a [test]: 100% \\n.");
  ASSERT_EQ(description.options.size(), 4u);
  EXPECT_THAT(description.options[0].names, ElementsAre("-h", "--help"));
  EXPECT_TRUE(description.options[1].is_operand);
  EXPECT_FALSE(description.options[1].is_required);
  EXPECT_THAT(description.options[2].names, ElementsAre("-v", "--value"));
  EXPECT_EQ(description.options[2].placeholder, "KEY:VALUE");
  EXPECT_TRUE(description.options[2].is_repeated);
  EXPECT_THAT(description.options[3].choices, ElementsAre("one", "two"));
}

// CLI11 writes --help from what it was told; the descriptions are kept beside it. Both must name the same.
TEST(Help, DescriptionsAgreeWithTheHelp) {
  for (const Command& command : commands()) {
    const std::array<std::string, 2> arguments = {std::string(command.name), "--help"};
    const std::string help = output_of(arguments);
    const CommandDescription description = describe(command);
    EXPECT_THAT(help, HasSubstr(description.summary)) << command.name;
    for (const OptionDescription& option : description.options) {
      EXPECT_FALSE(option.help.empty()) << command.name;
      for (const std::string& name : option.names) EXPECT_THAT(help, HasSubstr(name)) << command.name;
    }
    // And nothing else: each option of the list starts a line.
    size_t listed = 0;
    for (size_t at = help.find("\n  -"); at != std::string::npos; at = help.find("\n  -", at + 1)) ++listed;
    const auto is_option = [](const OptionDescription& option) { return !option.is_operand; };
    EXPECT_EQ(listed,
              static_cast<size_t>(std::count_if(description.options.begin(), description.options.end(), is_option)))
        << help;
  }
}

TEST(Help, OfACommand) {
  const std::array<std::string, 2> help = {"help", "run"};
  const std::array<std::string, 2> option = {"run", "--help"};
  EXPECT_EQ(output_of(help), output_of(option));
  const std::array<std::string, 1> alone = {"help"};
  EXPECT_EQ(output_of(alone), overview());
  const std::array<std::string, 2> names = {"help", "--format=names"};
  EXPECT_EQ(output_of(names).substr(0, 10), "check\nrun\n");
}

TEST(Help, WrongCommandLines) {
  OutputStream out;
  OutputStream err;
  const Session session = {.out = out, .err = err};
  const std::array<std::string, 2> unknown = {"help", "nothing"};
  EXPECT_EQ(run_tool(unknown, session), ExitStatus::CommandLineWrong);
  EXPECT_THAT(err.text(), HasSubstr("there is no command `nothing`"));
  const std::array<std::string, 3> one = {"help", "run", "--format=bash"};
  EXPECT_EQ(run_tool(one, session), ExitStatus::CommandLineWrong);
  EXPECT_EQ(out.text(), "");
}

TEST(Manual, TextIsNoMarkup) {
  const std::string page = manual_page(kAwkward);
  EXPECT_THAT(page, HasSubstr(".TH LATHE\\-AWKWARD 1 "));
  EXPECT_THAT(page, HasSubstr("\n\\&.dots at the start\n\\&'quotes too\n"));
  EXPECT_THAT(page, HasSubstr("100% \\en."));
  EXPECT_THAT(page, HasSubstr("it's \\efBroff\\efR"));
  EXPECT_THAT(page, HasSubstr("\\fB\\-v\\fR, \\fB\\-\\-value\\fR \\fIKEY:VALUE\\fR"));
}

TEST(Manual, OfTheProgramNamesAllCommands) {
  const std::string page = manual_page();
  for (const Command& command : commands()) {
    EXPECT_THAT(page, HasSubstr(".BR lathe\\-" + std::string(command.name) + " (1)")) << command.name;
  }
  EXPECT_THAT(page, HasSubstr("LATHE_TARGET"));
}

TEST(Completion, KnowsCommandsOptionsAndChoices) {
  for (const std::string& script : {bash_completion(), zsh_completion(), fish_completion()}) {
    for (const Command& command : commands()) EXPECT_THAT(script, HasSubstr(command.name));
    EXPECT_THAT(script, HasSubstr("interp"));
  }
  EXPECT_NE(find(describe(commands()[1]), "--backend"), nullptr);
  EXPECT_THAT(find(describe(commands()[1]), "--backend")->choices, Contains("interp"));
  EXPECT_THAT(bash_completion(), HasSubstr("'run --backend') echo "));
  EXPECT_THAT(fish_completion(), HasSubstr("'__fish_seen_subcommand_from run' -l backend -x -a '"));
  EXPECT_THAT(zsh_completion(), Not(HasSubstr("[]")));
}

}  // namespace
}  // namespace lathe::tools
