// The options of commands, read by CLI11. The only file that includes it.
#include "compiler/tools/options.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>

namespace lathe::tools {

struct OptionParser::Implementation {
  CLI::App app;
  CommandDescription description;

  // Keeps what is declared, next to what CLI11 makes of it.
  OptionDescription& describe(std::string_view names, std::string_view placeholder, std::string_view help) {
    OptionDescription& row = description.options.emplace_back();
    while (!names.empty()) {
      const size_t end = std::min(names.find(','), names.size());
      row.names.emplace_back(names.substr(0, end));
      names.remove_prefix(std::min(end + 1, names.size()));
    }
    row.placeholder = placeholder;
    row.help = help;
    row.is_operand = !row.names.front().starts_with('-');
    return row;
  }
};

namespace {

// Without CLI11's notes on types and requirements: the placeholder says enough.
class Formatter : public CLI::Formatter {
 public:
  std::string make_option_opts(const CLI::Option* option) const override {
    return option->get_type_name().empty() ? "" : " " + option->get_type_name();
  }
  std::string make_usage(const CLI::App* app, std::string name) const override {
    std::string usage = "Usage: " + (name.empty() ? app->get_name() : name);
    for (const CLI::Option* option : app->get_options([](const CLI::Option* o) { return o->get_positional(); })) {
      const std::string value = option->get_name(true) + (option->get_expected_max() > 1 ? "..." : "");
      usage += option->get_required() ? " " + value : " [" + value + "]";
    }
    return usage + " [OPTIONS]\n";
  }
};

}  // namespace

OptionParser::OptionParser(std::string_view command, std::string_view summary, std::string_view details)
    : implementation_(std::make_unique<Implementation>()), command_(command) {
  CLI::App& app = implementation_->app;
  app.name(fmt::format("lathe {}", command));
  app.description(std::string(summary));
  app.footer(std::string(details));
  auto formatter = std::make_shared<Formatter>();
  constexpr size_t kColumn = 32;
  formatter->column_width(kColumn);
  app.formatter(formatter);
  constexpr std::string_view kHelpNames = "-h,--help";
  constexpr std::string_view kHelp = "This text";
  app.set_help_flag(std::string(kHelpNames), std::string(kHelp));
  implementation_->description.summary = summary;
  implementation_->description.details = details;
  implementation_->describe(kHelpNames, {}, kHelp);
}

OptionParser::~OptionParser() = default;

void OptionParser::positional(std::string_view name, std::string& value, std::string_view help) {
  implementation_->describe(name, {}, help).is_required = true;
  implementation_->app.add_option(std::string(name), value, std::string(help))->required()->type_name("");
}

void OptionParser::optional_positional(std::string_view name, std::string& value, std::string_view help) {
  implementation_->describe(name, {}, help);
  implementation_->app.add_option(std::string(name), value, std::string(help))->type_name("");
}

void OptionParser::positionals(std::string_view name, std::vector<std::string>& values, std::string_view help) {
  OptionDescription& row = implementation_->describe(name, {}, help);
  row.is_required = true;
  row.is_repeated = true;
  implementation_->app.add_option(std::string(name), values, std::string(help))->required()->type_name("");
}

void OptionParser::flag(std::string_view names, bool& value, std::string_view help) {
  implementation_->describe(names, {}, help);
  implementation_->app.add_flag(std::string(names), value, std::string(help));
}

void OptionParser::text(std::string_view names, std::string& value, std::string_view placeholder,
                        std::string_view help) {
  implementation_->describe(names, placeholder, help);
  implementation_->app.add_option(std::string(names), value, std::string(help))->type_name(std::string(placeholder));
}

void OptionParser::texts(std::string_view names, std::vector<std::string>& values, std::string_view placeholder,
                         std::string_view help) {
  implementation_->describe(names, placeholder, help).is_repeated = true;
  // A function, not the vector: CLI11 would split values at commas and brackets.
  implementation_->app
      .add_option_function<std::string>(
          std::string(names), [&values](const std::string& value) { values.push_back(value); }, std::string(help))
      ->trigger_on_parse()
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast)
      ->type_name(std::string(placeholder));
}

void OptionParser::integer(std::string_view names, int64_t& value, int64_t least, int64_t most, std::string_view help) {
  implementation_->describe(names, "N", help);
  implementation_->app.add_option(std::string(names), value, std::string(help))
      ->check([least, most](const std::string& text) -> std::string {
        int64_t number = 0;
        if (!CLI::detail::lexical_cast(text, number) || number < least || number > most) {
          return fmt::format("`{}` is no whole number from {} to {}", text, least, most);
        }
        return {};
      })
      ->type_name("N");
}

void OptionParser::number(std::string_view names, double& value, std::string_view help) {
  implementation_->describe(names, "X", help);
  implementation_->app.add_option(std::string(names), value, std::string(help))
      ->check([](const std::string& text) -> std::string {
        double number = 0;
        if (!CLI::detail::lexical_cast(text, number) || !(number >= 0)) {
          return fmt::format("`{}` is no number of at least 0", text);
        }
        return {};
      })
      ->type_name("X");
}

void OptionParser::choice(std::string_view names, std::string& value, std::span<const std::string_view> choices,
                          std::string_view help) {
  const std::string list = fmt::format("{}", fmt::join(choices, "|"));
  const std::vector<std::string> allowed(choices.begin(), choices.end());
  implementation_->describe(names, list, help).choices = allowed;
  implementation_->app.add_option(std::string(names), value, std::string(help))
      ->check([allowed](const std::string& text) -> std::string {
        if (std::find(allowed.begin(), allowed.end(), text) != allowed.end()) return {};
        return fmt::format("`{}` is none of {}", text, fmt::join(allowed, ", "));
      })
      ->type_name(list);
}

std::optional<ExitStatus> OptionParser::parse(std::span<const std::string> arguments, const Session& session) {
  if (session.description != nullptr) {
    *session.description = implementation_->description;
    return ExitStatus::Fine;
  }
  // CLI11 takes them in reverse.
  std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());
  try {
    implementation_->app.parse(reversed);
  } catch (const CLI::CallForHelp&) {
    session.out.write(implementation_->app.help());
    return ExitStatus::Fine;
  } catch (const CLI::ExtrasError&) {
    const std::vector<std::string> extra = implementation_->app.remaining();
    return session.usage_error(command_, fmt::format("unexpected `{}`", extra.empty() ? "" : extra.front()));
  } catch (const CLI::RequiredError& error) {
    return session.usage_error(command_, error.what());
  } catch (const CLI::ParseError& error) {
    return session.usage_error(command_, error.what());
  }
  return std::nullopt;
}

}  // namespace lathe::tools
