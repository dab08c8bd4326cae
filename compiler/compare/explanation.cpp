// Reasons: what PyTorch does that the author of one of the definitions did not expect.
#include "compiler/compare/explanation.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "compiler/compare/wording.h"

namespace lathe::comparison {
namespace {

// The module whose call made a side's outputs, and the calls inside it.
struct Model {
  const Definition::Layer* root = nullptr;
  std::vector<const Definition::Layer*> layers;  ///< of the library, in order of their calls
};

Model model_of(const Side& side) {
  Model model;
  const auto& layers = side.definition.layers;
  const auto outputs = side.module.graph.outputs();
  size_t last = layers.size();
  for (size_t i = layers.size(); i-- > 0 && last == layers.size();) {
    const auto& values = layers[i].output_values;
    const bool made_it = !outputs.empty() && std::find(values.begin(), values.end(), outputs.front()) != values.end();
    if (layers[i].name == "<model>" || made_it) last = i;
  }
  if (last == layers.size()) return model;
  model.root = &layers[last];
  for (size_t i = 0; i < last; ++i) {
    if (layers[i].first_node >= model.root->first_node && is_library_layer(layers[i]))
      model.layers.push_back(&layers[i]);
  }
  return model;
}

// Numbers of source lines that may have made a side from the modules of another: where `.children()` is called.
struct ChildrenCall {
  std::string text;  ///< `.children()`
  uint32_t line = 0;
};

std::string_view children_method(std::string_view line) {
  for (const std::string_view call : {".children()", ".named_children()"}) {
    if (line.find(call) != std::string_view::npos) return call;
  }
  return {};
}

// The top-level statement that a line belongs to begins where lines have no indentation.
bool begins_statement(std::string_view line) {
  return !line.empty() && line.front() != ' ' && line.front() != '\t' && line.front() != '#' && line.front() != ')';
}

// `name` of `name = ...`; empty for other lines.
std::string_view assigned_name(std::string_view line) {
  const size_t end = line.find_first_of(" =");
  if (end == std::string_view::npos) return {};
  const size_t sign = line.find_first_not_of(' ', end);
  if (sign == std::string_view::npos || line[sign] != '=' || line.substr(sign).starts_with("==")) return {};
  return line.substr(0, end);
}

// Where `.children()` made this side: in the line that built it, in the line that assigns the entry, in its class, or
// in a line whose variable those use.
std::optional<ChildrenCall> children_call(const Side& side, const Model& model) {
  const size_t colon = side.name.find(".py:");
  const std::string entry = colon == std::string::npos ? std::string() : side.name.substr(colon + 4);
  if (const std::string_view call = children_method(entry); !call.empty()) return ChildrenCall{std::string(call), 0};
  const SourceFile* file = nullptr;
  for (const Definition::Layer* layer : model.layers) {
    const Location* origin = side.module.locations.origin(layer->where);
    const auto* span = origin == nullptr ? nullptr : std::get_if<Span>(origin);
    if (span != nullptr) file = &side.module.locations.file(span->file);
  }
  if (file == nullptr || model.root == nullptr) return std::nullopt;
  const uint32_t built = line_of(side.module, model.root->where);
  const std::string class_head = fmt::format("class {}", model.root->type);
  std::optional<ChildrenCall> in_entry;
  std::optional<ChildrenCall> in_class;
  std::optional<ChildrenCall> through_name;
  std::string_view name;  // that a call of `.children()` was assigned to
  ChildrenCall named;
  bool is_class = false;
  bool is_entry = false;
  uint32_t number = 0;
  for (size_t begin = 0; begin < file->text.size();) {
    const size_t end = std::min(file->text.find('\n', begin), file->text.size());
    const std::string_view line = std::string_view(file->text).substr(begin, end - begin);
    ++number;
    begin = end + 1;
    if (begins_statement(line)) {
      is_class = line.starts_with(class_head);
      is_entry = assigned_name(line) == entry && !entry.empty();
    }
    const std::string_view call = children_method(line);
    if (call.empty()) {
      if ((is_entry || number == built) && !name.empty() && line.find(name) != std::string_view::npos)
        through_name = named;
      continue;
    }
    const ChildrenCall here{std::string(call), number};
    if (number == built) return here;
    if (is_entry) in_entry = here;
    if (is_class) in_class = here;
    name = assigned_name(line);
    named = here;
  }
  return in_entry ? in_entry : in_class ? in_class : through_name;
}

std::string call_text(const ChildrenCall& call) {
  return call.line == 0 ? fmt::format("`{}`", call.text) : fmt::format("`{}` on line {}", call.text, call.line);
}

// The layer of the library that does what a functional call does.
std::string_view module_for(std::string_view kind) {
  constexpr std::pair<std::string_view, std::string_view> kModules[] = {
      {"relu", "nn.ReLU()"},
      {"sigmoid", "nn.Sigmoid()"},
      {"tanh", "nn.Tanh()"},
      {"gelu", "nn.GELU()"},
      {"silu", "nn.SiLU()"},
      {"reshape", "nn.Flatten()"},
      {"max_pool", "nn.MaxPool2d(..)"},
      {"average_pool", "nn.AvgPool2d(..)"},
      {"softmax", "nn.Softmax(dim=..)"},
      {"log_softmax", "nn.LogSoftmax(dim=..)"},
      {"leaky_relu", "nn.LeakyReLU(..)"},
      {"elu", "nn.ELU()"},
      {"dropout", "nn.Dropout(..)"},
  };
  for (const auto& [name, module] : kModules) {
    if (name == kind) return module;
  }
  return {};
}

class Explainer {
 public:
  Explainer(const Evidence& evidence, const Difference& difference)
      : evidence_(evidence), difference_(difference), a_(model_of(evidence.a)), b_(model_of(evidence.b)) {}

  std::vector<std::string> run() {
    switch (difference_.cause) {
      case Cause::Missing:
        lost(evidence_.a, evidence_.reading_a, a_, "A", evidence_.b, b_, "B", difference_.a, true);
        break;
      case Cause::Extra:
        lost(evidence_.b, evidence_.reading_b, b_, "B", evidence_.a, a_, "A", difference_.b, false);
        break;
      case Cause::Other:
      case Cause::Order: order(); break;
      case Cause::Mode: mode(); break;
      case Cause::Weights: weights(); break;
      case Cause::None:
      case Cause::Rounding:
      case Cause::Inputs:
      case Cause::Outputs:
      case Cause::Operand:
      case Cause::Attribute:
      case Cause::Unknown: break;
    }
    return std::move(reasons_);
  }

 private:
  void say(std::string text) { reasons_.push_back(std::move(text)); }

  static bool is_sequential(const Model& model) { return model.root != nullptr && model.root->type == "Sequential"; }

  // The library layers of one side that are objects of the other one too.
  static std::vector<const Definition::Layer*> shared(const Side& side, const Model& model, const Side& other,
                                                      const Model& others) {
    std::vector<const Definition::Layer*> result;
    for (const Definition::Layer* layer : model.layers) {
      const bool found = std::any_of(others.layers.begin(), others.layers.end(), [&](const Definition::Layer* row) {
        return row->object == layer->object && row->type == layer->type &&
               side.module.locations.describe(layer->where) == other.module.locations.describe(row->where);
      });
      if (found) result.push_back(layer);
    }
    return result;
  }

  static std::vector<std::string> names_of(const std::vector<const Definition::Layer*>& layers) {
    std::vector<std::string> names;
    for (const Definition::Layer* layer : layers) {
      const std::string name = quoted(layer->name);
      if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
    }
    return names;
  }

  // The names that `full` has for the layers of `wrapped`, in the order of the latter.
  static std::vector<std::string> names_in(const Model& full, const std::vector<const Definition::Layer*>& wrapped) {
    std::vector<std::string> names;
    for (const Definition::Layer* layer : wrapped) {
      for (const Definition::Layer* row : full.layers) {
        if (row->object != layer->object) continue;
        names.push_back(quoted(row->name));
        break;
      }
    }
    return names;
  }

  // ------------------------------------------------------------------------------------------------- a lost operation

  void lost(const Side& full, const Reading& reading, const Model& full_model, std::string_view full_name,
            const Side& wrapped, const Model& wrapped_model, std::string_view wrapped_name,
            const std::optional<size_t>& row, bool lost_in_b) {
    if (!row) return;
    const Operation& operation = reading.operations[*row];
    const bool is_layer = operation.record.has_value();
    const auto common = shared(wrapped, wrapped_model, full, full_model);
    const auto call = children_call(wrapped, wrapped_model);
    if ((is_sequential(wrapped_model) || call) && !common.empty()) {
      const std::string how = call ? call_text(*call) : fmt::format("{}, an nn.Sequential,", wrapped_name);
      if (!is_layer) {
        lost_calls(full, reading, lost_in_b, how, wrapped_name, names_in(full_model, common));
        return;
      }
      const Definition::Layer& layer = full.definition.layers[*operation.record];
      const auto runs = std::count_if(full_model.layers.begin(), full_model.layers.end(),
                                      [&](const auto* other) { return other->object == layer.object; });
      if (runs > 1) {
        say(fmt::format(
            "{} {} is one module that {} runs {} times ({}); {} yields every module once, so its later calls "
            "are lost",
            layer.type, quoted(layer.name), full_name, runs, place_text(full.module, layer.where), how));
        if (is_sequential(full_model))
          say("cure: iterate the Sequential itself, nn.Sequential(*net): that keeps every step");
        return;
      }
      say(fmt::format("{} is not among the modules that {} holds: {}", quoted(layer.name), wrapped_name,
                      listed(names_in(full_model, common))));
      return;
    }
    if (operation.kind == "transpose") {
      say("the elements are the same in another order: a flatten, view or Linear behind it pairs other elements with "
          "its weights");
    }
    if (is_layer || !full.definition.is_definition) return;
    const std::string_view module = module_for(operation.kind);
    if (is_sequential(wrapped_model)) {
      say(fmt::format(
          "an nn.Sequential runs its modules and nothing else: {} is a call in the forward of {} and has no "
          "module in {}",
          called(full.module, operation), full_name, wrapped_name));
      if (!module.empty()) say(fmt::format("cure: put {} there", module));
    }
  }

  // All calls in forward that the other side lacks, and what it has instead.
  void lost_calls(const Side& full, const Reading& reading, bool lost_in_b, const std::string& how,
                  std::string_view wrapped_name, const std::vector<std::string>& registered) {
    std::vector<std::string> calls;
    for (const Column& column : difference_.columns) {
      const auto& mine = lost_in_b ? column.a : column.b;
      const auto& theirs = lost_in_b ? column.b : column.a;
      if (!mine || theirs || reading.operations[*mine].record) continue;
      calls.push_back(called(full.module, reading.operations[*mine]));
    }
    say(
        fmt::format("{} yields the modules that __init__ registered: {}; {} {} in forward, not {}, so {} runs without "
                    "{}",
                    how, listed(registered), listed(calls), calls.size() == 1 ? "is a call" : "are calls",
                    calls.size() == 1 ? "a module" : "modules", wrapped_name, calls.size() == 1 ? "it" : "them"));
    const std::string sequence = as_sequence(full, reading, lost_in_b ? a_ : b_);
    say(sequence.empty() ? std::string("cure: keep the class, whose forward has them")
                         : fmt::format("cure: keep the class, or write {}", sequence));
  }

  // The steps of a definition as one Sequential; empty when they are no chain of modules.
  static std::string as_sequence(const Side& full, const Reading& reading, const Model& model) {
    std::vector<std::string> steps;
    std::set<uint32_t> objects;
    const Operation* last = nullptr;
    for (const Operation& operation : reading.operations) {
      for (const NodeId id : operation.nodes) {
        for (const ValueId operand : full.module.graph.node(id).operands) {
          if (!operand.valid() || !reading.depends[operand.index]) continue;
          const Operation* producer = reading.operation_of(full.module, operand);
          if (producer != last && producer != &operation) return {};
        }
      }
      last = &operation;
      if (operation.record) {
        const Definition::Layer& layer = full.definition.layers[*operation.record];
        const bool is_own = model.root != nullptr && model.root->name == "<model>";
        if (layer.name.find_first_of("0123456789?<") != std::string::npos && layer.name.find('.') != std::string::npos)
          return {};
        objects.insert(layer.object);
        steps.push_back(is_own ? "net." + layer.name : layer.name);
        continue;
      }
      const std::string_view module = module_for(operation.kind);
      if (module.empty() || module.find("..") != std::string_view::npos) return {};
      steps.emplace_back(module);
    }
    // Layers that leave no trace in evaluation mode have a place too.
    for (const Definition::Layer* layer : model.layers) {
      if (!objects.contains(layer->object)) return {};
    }
    return fmt::format("nn.Sequential({})", fmt::join(steps, ", "));
  }

  // ---------------------------------------------------------------------------------------------------- another order

  void order() {
    const bool b_is_wrapped = children_call(evidence_.b, b_).has_value() && (is_sequential(b_) || !is_sequential(a_));
    const bool a_is_wrapped = !b_is_wrapped && children_call(evidence_.a, a_).has_value();
    if (!a_is_wrapped && !b_is_wrapped) return;
    const Side& wrapped = b_is_wrapped ? evidence_.b : evidence_.a;
    const Side& full = b_is_wrapped ? evidence_.a : evidence_.b;
    const Model& wrapped_model = b_is_wrapped ? b_ : a_;
    const Model& full_model = b_is_wrapped ? a_ : b_;
    const auto in_wrapped = shared(wrapped, wrapped_model, full, full_model);
    const auto in_full = shared(full, full_model, wrapped, wrapped_model);
    const auto call = children_call(wrapped, wrapped_model);
    if (in_wrapped.empty() || !call) return;
    say(fmt::format("{} yields modules in the order in which __init__ registered them: {}; forward ({}) runs {}",
                    call_text(*call), listed(names_in(full_model, in_wrapped)), forward_lines(full, full_model),
                    listed(names_of(in_full))));
    std::vector<std::string> members;
    for (const Definition::Layer* layer : in_full) members.push_back("net." + layer->name);
    const bool plain = std::all_of(in_full.begin(), in_full.end(), [](const Definition::Layer* layer) {
      return layer->name.find_first_of("0123456789?<.") == std::string::npos;
    });
    if (plain) say(fmt::format("cure: name them in the order of forward: nn.Sequential({})", fmt::join(members, ", ")));
  }

  static std::string forward_lines(const Side& side, const Model& model) {
    std::set<uint32_t> lines;
    for (const Definition::Layer* layer : model.layers) {
      if (const uint32_t line = line_of(side.module, layer->call); line != 0) lines.insert(line);
    }
    if (lines.empty()) return "the call";
    return lines.size() == 1 ? fmt::format("line {}", *lines.begin())
                             : fmt::format("lines {} to {}", *lines.begin(), *lines.rbegin());
  }

  // ------------------------------------------------------------------------------------------------------------- rest

  void mode() {
    const auto functional = [&](const std::optional<size_t>& row, const Reading& reading) {
      return row && reading.operations[*row].is_random && !reading.operations[*row].record;
    };
    const auto asks = [](const Side& side, const Reading& reading, const std::optional<size_t>& row) {
      return row && line_text(side.module, reading.operations[*row].where).find("training") != std::string_view::npos;
    };
    if ((functional(difference_.a, evidence_.reading_a) && !asks(evidence_.a, evidence_.reading_a, difference_.a)) ||
        (functional(difference_.b, evidence_.reading_b) && !asks(evidence_.b, evidence_.reading_b, difference_.b))) {
      say("a functional dropout works in evaluation mode too, unless it is told: F.dropout(x, p, "
          "training=self.training)");
      return;
    }
    if (evidence_.a.train != evidence_.b.train) {
      say(fmt::format("{} was compared in training mode (--train-{}), {} in evaluation mode",
                      evidence_.a.train ? "A" : "B", evidence_.a.train ? "a" : "b", evidence_.a.train ? "B" : "A"));
    } else {
      say("one of the two is in training mode: call .eval() before inference");
    }
  }

  void weights() {
    if (evidence_.a.values == Values::Initial || evidence_.b.values == Values::Initial) return;
    std::vector<std::string> others;
    size_t differing = 0;
    for (const ParameterPair& pair : evidence_.parameters.pairs) {
      if (describe_distance(evidence_, pair).empty()) continue;
      ++differing;
      others.push_back(quoted(evidence_.reading_a.parameters[pair.a].name));
    }
    if (differing > 1) {
      say(fmt::format("{} of {} parameters differ: {}", differing, evidence_.parameters.pairs.size(), listed(others)));
    } else {
      say("nothing else was found to differ: all other parameters are equal");
    }
  }

  const Evidence& evidence_;
  const Difference& difference_;
  Model a_;
  Model b_;
  std::vector<std::string> reasons_;
};

}  // namespace

std::vector<std::string> explain(const Evidence& evidence, const Difference& difference) {
  return Explainer(evidence, difference).run();
}

std::vector<std::string> silent_settings(const Evidence& evidence) {
  const Model a = model_of(evidence.a);
  const Model b = model_of(evidence.b);
  if (a.layers.size() != b.layers.size()) return {};
  std::vector<std::string> result;
  for (size_t i = 0; i < a.layers.size(); ++i) {
    if (a.layers[i]->type != b.layers[i]->type) return {};
    for (const auto& [name, value] : a.layers[i]->settings) {
      const std::string* other = setting(*b.layers[i], name);
      if (other == nullptr || *other == value || name == "inplace" || name == "training" || name.starts_with('_'))
        continue;
      result.push_back(fmt::format("{} {}: {} = {} in A, {} in B; that does not show here", a.layers[i]->type,
                                   quoted(a.layers[i]->name), name, value, *other));
    }
  }
  return result;
}

}  // namespace lathe::comparison
