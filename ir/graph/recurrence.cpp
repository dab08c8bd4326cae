// The arithmetic of recurrent cells.
#include "ir/graph/recurrence.h"

#include <algorithm>
#include <vector>

namespace lathe {
namespace {

struct Activation {
  std::string_view name;
  ScalarId (*build)(ScalarBuilder&, ScalarId);
};

constexpr Activation kActivations[] = {
    {"sigmoid", [](ScalarBuilder& b, ScalarId x) { return b.sigmoid(x); }},
    {"tanh", [](ScalarBuilder& b, ScalarId x) { return b.tanh(x); }},
    {"relu", [](ScalarBuilder& b, ScalarId x) { return b.max(x, b.constant_like(x, 0)); }},
    {"affine", [](ScalarBuilder&, ScalarId x) { return x; }},
    {"hard_sigmoid",
     [](ScalarBuilder& b, ScalarId x) {
       const ScalarId line = b.add(b.mul(x, b.constant_like(x, 0.2)), b.constant_like(x, 0.5));
       return b.clamp(line, 0.0, 1.0);
     }},
    {"softsign", [](ScalarBuilder& b, ScalarId x) { return b.div(x, b.add(b.constant_like(x, 1.0), b.abs(x))); }},
};

const Activation* find_activation(std::string_view name) {
  const auto* found =
      std::find_if(std::begin(kActivations), std::end(kActivations), [&](const auto& row) { return row.name == name; });
  return found == std::end(kActivations) ? nullptr : found;
}

std::vector<std::string_view> words(std::string_view text) {
  std::vector<std::string_view> result;
  while (!text.empty()) {
    const size_t end = std::min(text.find(' '), text.size());
    if (end > 0) result.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return result;
}

// Writes the expressions of one cell.
class CellWriter {
 public:
  CellWriter(const NodeView& node, ElementType element) : element_(element) {
    if (node.has("clip")) clip_ = node.number("clip");
    const std::string& cell = node.string("cell");
    const std::string& given = node.string("activations");
    for (const std::string_view name : words(given.empty() ? default_activations(cell) : given)) {
      activations_.push_back(find_activation(name));
      LATHE_CHECK(activations_.back() != nullptr);
    }
  }

  // C = f(sum_f + P_f * c) * c + f(sum_i + P_i * c) * g(sum_g)
  ScalarExpression lstm_cell_state(bool peepholes) {
    ScalarBuilder b;
    const ScalarId c = argument(b, 4);
    const auto watched = [&](uint32_t gate, uint32_t weight) {
      const ScalarId sum = argument(b, gate);
      return peepholes ? b.add(sum, b.mul(argument(b, weight), c)) : sum;
    };
    const ScalarId input = activate(b, 0, watched(0, 5));
    const ScalarId forget = activate(b, 0, watched(2, 7));
    const ScalarId candidate = activate(b, 1, argument(b, 3));
    return b.finish(b.add(b.mul(forget, c), b.mul(input, candidate)));
  }

  // H = f(sum_o + P_o * C) * h(C)
  ScalarExpression lstm_state(bool peepholes) {
    ScalarBuilder b;
    const ScalarId c = argument(b, 1);
    ScalarId sum = argument(b, 0);
    if (peepholes) sum = b.add(sum, b.mul(argument(b, 2), c));
    const ScalarId output = activate(b, 0, sum);
    return b.finish(b.mul(output, activations_[2]->build(b, c)));
  }

  ScalarExpression activated(size_t activation) {
    ScalarBuilder b;
    return b.finish(activate(b, activation, argument(b, 0)));
  }

  // g(projection + r * recurrent sum)
  ScalarExpression gru_candidate() {
    ScalarBuilder b;
    return b.finish(activate(b, 1, b.add(argument(b, 0), b.mul(argument(b, 2), argument(b, 1)))));
  }

  // (1 - z) * n + z * h
  ScalarExpression gru_state() {
    ScalarBuilder b;
    const ScalarId z = argument(b, 0);
    const ScalarId rest = b.sub(b.constant_like(z, 1.0), z);
    return b.finish(b.add(b.mul(rest, argument(b, 1)), b.mul(z, argument(b, 2))));
  }

 private:
  ScalarId argument(ScalarBuilder& b, uint32_t index) const { return b.argument(index, element_); }

  ScalarId activate(ScalarBuilder& b, size_t activation, ScalarId sum) const {
    if (clip_) sum = b.clamp(sum, -*clip_, *clip_);
    return activations_[activation]->build(b, sum);
  }

  ElementType element_;
  std::optional<double> clip_;
  std::vector<const Activation*> activations_;
};

}  // namespace

std::string_view gate_letters(std::string_view cell) { return cell == "lstm" ? "iofg" : cell == "gru" ? "zrn" : "n"; }

size_t gate_count(std::string_view cell) { return gate_letters(cell).size(); }

std::string_view default_activations(std::string_view cell) {
  return cell == "lstm" ? "sigmoid tanh tanh" : cell == "gru" ? "sigmoid tanh" : "tanh";
}

bool are_activations(std::string_view cell, std::string_view activations) {
  const std::vector<std::string_view> names = words(activations);
  return names.size() == words(default_activations(cell)).size() &&
         std::all_of(names.begin(), names.end(),
                     [](std::string_view name) { return find_activation(name) != nullptr; });
}

RecurrenceForm read_recurrence(const NodeView& node) {
  RecurrenceForm form;
  const std::string& cell = node.string("cell");
  const std::string_view letters = gate_letters(cell);
  const std::string& given = node.string("gates");
  form.gates = letters.size();
  for (size_t gate = 0; gate < letters.size(); ++gate) {
    form.positions[gate] = given.empty() ? gate : given.find(letters[gate]);
  }
  form.cell = cell == "lstm" ? RecurrentCell::Lstm : cell == "gru" ? RecurrentCell::Gru : RecurrentCell::Rnn;
  form.reverse = node.boolean("reverse");
  form.linear_before_reset = node.boolean("linear_before_reset");
  form.peepholes = node.has_operand(6);
  form.element = node.tensor(0).element;
  CellWriter writer(node, form.element);
  switch (form.cell) {
    case RecurrentCell::Lstm:
      form.cell_state = writer.lstm_cell_state(form.peepholes);
      form.state = writer.lstm_state(form.peepholes);
      break;
    case RecurrentCell::Gru:
      form.gate = writer.activated(0);
      form.candidate = form.linear_before_reset ? writer.gru_candidate() : writer.activated(1);
      form.state = writer.gru_state();
      break;
    case RecurrentCell::Rnn: form.state = writer.activated(0); break;
  }
  return form;
}

}  // namespace lathe
