// The kernel of a recurrence: sequences, steps, panels of columns, states.
#include "compiler/lower/recurrence.h"

#include <array>

#include "ir/graph/recurrence.h"

namespace lathe::lower {
namespace {

using KernelValue = kernel::ValueId;

constexpr uint32_t kPanel = kRecurrencePanel;

// Operands of the row.
constexpr size_t kProjected = 0;
constexpr size_t kWeights = 1;
constexpr size_t kInitialState = 2;
constexpr size_t kInitialCell = 3;
constexpr size_t kBias = 4;
constexpr size_t kLengths = 5;
constexpr size_t kPeepholes = 6;

// GRU without linear_before_reset sums reset gate times state, which must be known for all columns first.
bool needs_scaled_state(const NodeView& node) {
  return node.string("cell") == "gru" && !node.boolean("linear_before_reset");
}

class RecurrenceNest {
 public:
  RecurrenceNest(const NodeView& node, const Group& group, NestBuilder& nest)
      : node_(node), form_(read_recurrence(node)), nest_(nest) {
    y_ = group.results[0].second;
    h_ = group.results[1].second;
    if (form_.cell == RecurrentCell::Lstm) c_ = group.results[2].second;
    steps_ = node.dims(kProjected)[0];
    batch_ = node.dims(kProjected)[1];
    hidden_ = node.dims(kWeights)[1];
  }

  void run() {
    kernel::KernelBuilder& b = nest_.builder();
    if (needs_scaled_state(node_)) {
      scaled_ =
          b.buffer({.name = "scaled", .element = form_.element, .extent = hidden_, .access = kernel::Access::Local});
    }
    sequence_ = nest_.open_loop({.name = "n", .end = batch_, .kind = kernel::LoopKind::Parallel});
    nest_.use_sizes_of(steps_);
    start_states();
    Dim length = steps_;
    if (node_.has_operand(kLengths)) {
      length = b.bind("length", nest_.evaluate(node_.operand(kLengths), {sequence_}), 0, steps_);
    }
    const Dim t = nest_.open_loop({.name = "t", .end = steps_});
    if (node_.has_operand(kLengths)) b.open_if({{t, kernel::Relation::Less, length}});
    step_ = form_.reverse ? length - 1 - t : t;
    write_step();
    if (node_.has_operand(kLengths)) {
      b.open_else();
      step_ = t;
      for_panels([&](const Dim&, const Dim& column) { store(y_, {step_, sequence_, column}, zero()); });
      b.close_if();
    }
    nest_.close_loop();
    nest_.close_loop();
  }

 private:
  using Sums = std::vector<KernelValue>;

  [[nodiscard]] uint32_t lanes() const { return kPanel; }
  KernelValue zero() { return nest_.builder().constant(form_.element, 0, lanes()); }

  // Runs `body` for the columns of each panel, in lanes; the last panel may be partly in use.
  template <class Body>
  void for_panels(const Body& body) {
    const Dim whole = nest_.symbols().simplify(floordiv(hidden_, kPanel));
    if (!whole.is_constant(0)) {
      const Dim panel = nest_.open_loop({.name = "p", .end = whole});
      one_panel(panel, std::nullopt, body);
      nest_.close_loop();
    }
    const Dim rest = nest_.symbols().simplify(hidden_ - whole * Dim(kPanel));
    if (rest.is_constant(0)) return;
    const Dim panel = nest_.open_loop({.name = "p", .begin = whole, .end = ceildiv(hidden_, kPanel)});
    one_panel(panel, rest, body);
    nest_.close_loop();
  }

  // Lanes run along a loop of one iteration, so that addresses are linear in its variable.
  template <class Body>
  void one_panel(const Dim& panel, const std::optional<Dim>& active, const Body& body) {
    lane_ = nest_.open_loop({.name = "l", .end = kPanel, .step = kPanel});
    active_ = active;
    use_lanes();
    body(panel, panel * Dim(kPanel) + lane_);
    nest_.set_lanes({});
    nest_.close_loop();
  }

  void use_lanes() { nest_.set_lanes({kPanel, *lane_.as_symbol(), active_}); }

  void store(ValueId result, const IndexVector& index, KernelValue value) { nest_.store(result, index, value); }

  void start_states() {
    for_panels([&](const Dim&, const Dim& column) {
      const IndexVector index{sequence_, column};
      const auto initial = [&](size_t operand) {
        return node_.has_operand(operand) ? nest_.evaluate(node_.operand(operand), index) : zero();
      };
      store(h_, index, initial(kInitialState));
      if (c_.valid()) store(c_, index, initial(kInitialCell));
    });
  }

  void write_step() {
    switch (form_.cell) {
      case RecurrentCell::Lstm: write_lstm(); break;
      case RecurrentCell::Gru: write_gru(); break;
      case RecurrentCell::Rnn:
        for_panels([&](const Dim& panel, const Dim& column) {
          const Sums sums = recurrent_sums({0}, panel, column, false);
          finish(column, evaluate(form_.state, {add_projected(0, column, sums[0])}));
        });
        break;
    }
    // The state of the step before was needed until here.
    for_panels([&](const Dim&, const Dim& column) {
      store(h_, {sequence_, column}, nest_.reload(y_, {step_, sequence_, column}));
    });
  }

  void write_lstm() {
    for_panels([&](const Dim& panel, const Dim& column) {
      Sums sums = recurrent_sums({0, 1, 2, 3}, panel, column, false);
      for (size_t gate = 0; gate < 4; ++gate) sums[gate] = add_projected(gate, column, sums[gate]);
      Sums cell = sums;
      cell.push_back(nest_.reload(c_, {sequence_, column}));
      Sums peepholes;
      for (int64_t gate = 0; gate < 3 && form_.peepholes; ++gate) {
        peepholes.push_back(nest_.evaluate(node_.operand(kPeepholes), {Dim(gate) * hidden_ + column}));
      }
      cell.insert(cell.end(), peepholes.begin(), peepholes.end());
      const KernelValue next = evaluate(form_.cell_state, cell);
      store(c_, {sequence_, column}, next);
      Sums output{sums[1], next};
      if (form_.peepholes) output.push_back(peepholes[1]);
      finish(column, evaluate(form_.state, output));
    });
  }

  void write_gru() {
    if (form_.linear_before_reset) {
      for_panels([&](const Dim& panel, const Dim& column) {
        const Sums sums = recurrent_sums({0, 1, 2}, panel, column, false);
        const KernelValue update = evaluate(form_.gate, {add_projected(0, column, sums[0])});
        const KernelValue reset = evaluate(form_.gate, {add_projected(1, column, sums[1])});
        const KernelValue candidate = evaluate(form_.candidate, {projected(2, column), sums[2], reset});
        finish(column, evaluate(form_.state, {update, candidate, nest_.reload(h_, {sequence_, column})}));
      });
      return;
    }
    // The update gate waits in the place of the result.
    for_panels([&](const Dim& panel, const Dim& column) {
      const Sums sums = recurrent_sums({0, 1}, panel, column, false);
      finish(column, evaluate(form_.gate, {add_projected(0, column, sums[0])}));
      const KernelValue reset = evaluate(form_.gate, {add_projected(1, column, sums[1])});
      const KernelValue state = nest_.reload(h_, {sequence_, column});
      nest_.builder().store(scaled_, column, nest_.builder().mul(reset, state), {.active = active_});
    });
    for_panels([&](const Dim& panel, const Dim& column) {
      const Sums sums = recurrent_sums({2}, panel, column, true);
      const KernelValue candidate = evaluate(form_.candidate, {add_projected(2, column, sums[0])});
      const KernelValue update = nest_.reload(y_, {step_, sequence_, column});
      finish(column, evaluate(form_.state, {update, candidate, nest_.reload(h_, {sequence_, column})}));
    });
  }

  void finish(const Dim& column, KernelValue state) { store(y_, {step_, sequence_, column}, state); }

  KernelValue evaluate(const ScalarExpression& expression, const Sums& arguments) {
    return nest_.builder().evaluate(expression, arguments, lanes());
  }

  [[nodiscard]] Dim gate_column(size_t gate, const Dim& column) const {
    return Dim(static_cast<int64_t>(form_.positions[gate])) * hidden_ + column;
  }
  KernelValue projected(size_t gate, const Dim& column) {
    return nest_.evaluate(node_.operand(kProjected), {step_, sequence_, gate_column(gate, column)});
  }
  KernelValue add_projected(size_t gate, const Dim& column, KernelValue sum) {
    return nest_.builder().add(projected(gate, column), sum);
  }

  // The sums over the state (or the scaled state) for the columns of a panel, and their bias.
  Sums recurrent_sums(const std::vector<size_t>& gates, const Dim& panel, const Dim& column, bool scaled) {
    kernel::KernelBuilder& b = nest_.builder();
    const Sums initial(gates.size(), zero());
    Sums sums;
    const Dim k = nest_.open_loop({.name = "k", .end = hidden_}, initial, sums);
    nest_.set_lanes({});
    const KernelValue state = scaled ? b.load(scaled_, k) : nest_.reload(h_, {sequence_, k});
    const KernelValue spread = b.broadcast(state, lanes());
    // Panels are padded: all lanes are there.
    nest_.set_lanes({kPanel, *lane_.as_symbol(), std::nullopt});
    for (size_t i = 0; i < gates.size(); ++i) {
      const Dim place = static_cast<int64_t>(form_.positions[gates[i]]);
      const KernelValue weight = nest_.evaluate(node_.operand(kWeights), {panel, k, place, lane_});
      sums[i] = b.fma(spread, weight, sums[i]);
    }
    sums = nest_.close_loop(sums);
    use_lanes();
    for (size_t i = 0; i < gates.size() && node_.has_operand(kBias); ++i) {
      sums[i] = b.add(sums[i], nest_.evaluate(node_.operand(kBias), {gate_column(gates[i], column)}));
    }
    return sums;
  }

  const NodeView& node_;
  RecurrenceForm form_;
  NestBuilder& nest_;
  ValueId y_;
  ValueId h_;
  ValueId c_;
  Dim steps_;
  Dim batch_;
  Dim hidden_;
  kernel::BufferId scaled_;
  Dim sequence_;
  Dim step_;
  Dim lane_;
  std::optional<Dim> active_;
};

}  // namespace

std::string recurrence_obstacle(const NodeView& node) {
  if (!needs_scaled_state(node)) return {};
  const auto hidden = node.dims(kWeights)[1].as_constant();
  if (!hidden) return "`gru` without linear_before_reset needs a state of known size";
  const int64_t bytes = *hidden * (info(node.tensor(0).element).bits / 8);
  if (bytes > kernel::kMaxLocalBytes) return "`gru` without linear_before_reset has too large a state";
  return {};
}

LoweredKernel recurrence_kernel(const Module& module, const Placements& placements, const Group& group,
                                std::string name) {
  const ExistingNodeView node(module, group.nodes[0]);
  NestBuilder nest(module, placements, group, std::move(name));
  std::vector<ValueId> results;
  for (const auto& [inner, outer] : group.results) results.push_back(outer);
  nest.declare_results(results);
  RecurrenceNest(node, group, nest).run();
  return std::move(nest).finish();
}

}  // namespace lathe::lower
