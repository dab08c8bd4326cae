// From the guards of a model called with names to sets of sizes, and the trials of what is recommended.
#include "compiler/advice/input_sizes.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "compiler/advice/size_conditions.h"
#include "compiler/advice/size_notes.h"
#include "compiler/advice/size_text.h"

namespace lathe::advice {
namespace {

// The limits of what is listed; the notes look further.
constexpr int64_t kEqualLimit = 64;
constexpr int64_t kFirstLimit = 40;
constexpr int64_t kSecondLimit = 120;
constexpr int64_t kFurthest = 1024;

class Solver {
 public:
  explicit Solver(const SizeQuestion& question) : question_(question) {
    for (const size_t axis : question.axes) at_.push_back(question.type.dims[axis].constant());
    for (const std::string& symbol : question.symbols) symbols_.push_back(Dim::symbol(symbol));
    if (question.batch) batch_ = question.type.dims.front();
    largest_ = *std::max_element(at_.begin(), at_.end());
    // Beyond the size at hand on both sides.
    limit_ = std::max(2 * kEqualLimit, std::min(4 * largest_, std::max(kFurthest, largest_ + largest_ / 2)));
  }

  SizeAnswer run() {
    // What doesn't fail now is not what failed.
    if (probe(numbers(at_)).verdict != SizeProbe::Verdict::Fails) return {};
    SizeProbe named = named_probe();
    switch (named.verdict) {
      case SizeProbe::Verdict::Fails: return none_fits(named.have, named.wanted);
      case SizeProbe::Verdict::Undecided: return by_trials();
      case SizeProbe::Verdict::Runs: break;
    }
    return by_conditions(std::move(named));
  }

 private:
  // ------------------------------------------------------------------------------------------------------------ probes
  [[nodiscard]] static Shape numbers(const std::vector<int64_t>& sizes) { return {sizes.begin(), sizes.end()}; }

  [[nodiscard]] SizeProbe probe(const Shape& sizes) const { return question_.probe(sizes, batch_); }

  // The batch has a name too, to tell it from other numbers; programs that read it get the number.
  SizeProbe named_probe() {
    if (question_.batch) {
      SizeProbe both = question_.probe(symbols_, Dim::symbol(*question_.batch));
      batch_is_named_ = both.verdict == SizeProbe::Verdict::Runs;
      if (batch_is_named_) return both;
    }
    return probe(symbols_);
  }

  [[nodiscard]] std::optional<SizeProbe> trial(const std::vector<int64_t>& sizes) {
    if (trials_ == question_.most_trials) return std::nullopt;
    ++trials_;
    SizeProbe found = probe(numbers(sizes));
    if (found.verdict != SizeProbe::Verdict::Runs) return std::nullopt;
    return found;
  }

  // -------------------------------------------------------------------------------------------------------- conditions

  // An output whose first size is computed from the batch with a division: images of a batch run into each other unless
  // it comes out as the batch.
  void add_batch_conditions(const SizeProbe& named) {
    if (!question_.batch) return;
    const Dim batch = batch_is_named_ ? Dim::symbol(*question_.batch) : batch_;
    for (const Shape& output : named.outputs) {
      if (output.empty() || output.front().is_constant() || !output.front().valid()) continue;
      const Dim& size = output.front();
      const bool is_multiple = batch_is_named_ && linear_in(size, *question_.batch) && !question_.rows_are_samples;
      if (batch_is_named_ && (!mentions(size, *question_.batch) || is_multiple)) continue;
      if (!batch_is_named_ && std::none_of(size.terms().begin(), size.terms().end(), is_division)) continue;
      if (const std::optional<Guard> whole = undivided(size, batch)) guards_.push_back(*whole);
      guards_.push_back({Guard::Relation::Equal, size, batch, {}, {}});
    }
  }

  static bool is_division(const DimTerm& term) {
    return std::any_of(term.factors.begin(), term.factors.end(),
                       [](const DimAtom& atom) { return !atom.is_symbol() && atom.function == DimFunction::FloorDiv; });
  }

  // floordiv(N*features, k) is N where features is k.
  static std::optional<Guard> undivided(const Dim& size, const Dim& batch) {
    if (size.terms().size() != 1 || size.constant_part() != 0) return std::nullopt;
    const DimTerm& term = size.terms().front();
    if (term.coefficient != 1 || term.factors.size() != 1 || !is_division(term)) return std::nullopt;
    const auto& [elements, features] = *term.factors.front().arguments;
    const std::optional<Dim> each = exact_divide(elements, batch);
    if (!each || !features.is_constant()) return std::nullopt;
    return Guard{Guard::Relation::Equal, *each, features, {}, {}};
  }

  SizeConditions conditions() const {
    std::vector<std::pair<std::string, int64_t>> fixed;
    if (question_.batch && batch_is_named_) fixed.emplace_back(*question_.batch, batch_.constant());
    SizeConditions result(question_.symbols, fixed);
    for (const Guard& guard : guards_) result.add(guard);
    return result;
  }

  SizeAnswer by_conditions(SizeProbe named) {
    guards_ = std::move(named.guards);
    own_guards_ = guards_.size();
    add_batch_conditions(named);
    SizeConditions conditions = this->conditions();
    const std::vector<size_t> broken = conditions.broken(at_);
    // The model checks something here that no guard states.
    if (broken.empty()) return by_trials();

    const int64_t far = std::max({limit_, kFirstLimit, kSecondLimit});
    std::vector<std::vector<bool>> alone;
    for (size_t i = 0; i < at_.size(); ++i) {
      std::vector<bool>& row = alone.emplace_back(static_cast<size_t>(far) + 1, false);
      for (int64_t size = 1; size <= far; ++size) row[static_cast<size_t>(size)] = conditions.hold_for(i, size);
    }
    const auto accepts = [&](int64_t first, int64_t second) {
      const int64_t both[2] = {first, second};
      return alone[0][static_cast<size_t>(first)] && alone[1][static_cast<size_t>(second)] &&
             conditions.hold_together(both);
    };
    SizePhrase phrase;
    AcceptedSizes accepted = empty_answer();
    if (at_.size() == 1) {
      const auto one = [&](int64_t size) { return static_cast<bool>(alone[0][static_cast<size_t>(size)]); };
      accepted.equal = ranges_of(accepted.equal_limit, one);
      const SetText set = describe_set(question_.names, ranges_of(limit_, one), limit_, at_[0]);
      phrase.text = set.text;
      for (const int64_t size : set.shown) phrase.shown.push_back({size});
    } else {
      accepted.equal = ranges_of(accepted.equal_limit, [&](int64_t size) { return accepts(size, size); });
      accepted.pairs = rows(kFirstLimit, kSecondLimit, alone[0], accepts);
      if (conditions.are_coupled()) {
        phrase = describe_pairs(question_.names, rows(limit_, limit_, alone[0], accepts), limit_, at_);
      } else {
        const auto set = [&](size_t i) {
          return ranges_of(limit_,
                           [&](int64_t size) { return static_cast<bool>(alone[i][static_cast<size_t>(size)]); });
        };
        phrase = describe_apart(question_.names, set(0), set(1), limit_, at_);
      }
    }
    std::vector<int64_t> least;
    for (const std::vector<bool>& row : alone) {
      const auto first = std::find(row.begin(), row.end(), true);
      least.push_back(first == row.end() ? 1 : first - row.begin());
    }
    if (phrase.text.empty()) return none_found(broken, least, std::move(accepted));
    const std::string condition = conditions.are_coupled() ? condition_of(broken, least) : std::string();
    return tried(std::move(phrase), condition, std::move(accepted));
  }

  template <class Accepts>
  static std::vector<AcceptedSizes::Row> rows(int64_t first_limit, int64_t second_limit, const std::vector<bool>& first,
                                              const Accepts& accepts) {
    std::vector<AcceptedSizes::Row> result;
    for (int64_t size = 1; size <= first_limit; ++size) {
      if (!first[static_cast<size_t>(size)]) continue;
      std::vector<SizeRange> others = ranges_of(second_limit, [&](int64_t other) { return accepts(size, other); });
      if (!others.empty()) result.push_back({size, std::move(others)});
    }
    return result;
  }

  TensorType shown_type() const {
    TensorType type = question_.type;
    for (size_t i = 0; i < question_.axes.size(); ++i) type.dims[question_.axes[i]] = Dim::symbol(question_.names[i]);
    if (question_.batch_name) type.dims.front() = Dim::symbol(*question_.batch_name);
    return type;
  }

  AcceptedSizes empty_answer() const {
    AcceptedSizes accepted;
    accepted.input = question_.input;
    for (const char c : text(Type(shown_type()))) {
      if (c != ' ') accepted.type += c;
    }
    accepted.axes = question_.names;
    accepted.equal_limit = largest_ <= kEqualLimit ? kEqualLimit : limit_;
    if (at_.size() == 2) {
      accepted.first_limit = kFirstLimit;
      accepted.second_limit = kSecondLimit;
    }
    return accepted;
  }

  // The shortest of the broken conditions that speak of all free sizes and of nothing else, in the names that people
  // see.
  std::string condition_of(const std::vector<size_t>& broken, const std::vector<int64_t>& least) const {
    std::string shortest;
    for (const size_t number : broken) {
      const Guard& guard = guards_[number];
      const auto speaks_of = [&](const std::string& symbol) {
        return mentions(guard.left, symbol) || mentions(guard.right, symbol);
      };
      if (question_.batch && speaks_of(*question_.batch)) continue;
      if (!std::all_of(question_.symbols.begin(), question_.symbols.end(), speaks_of)) continue;
      const std::string text = condition_text(renamed(guard), question_.names, least);
      if (!text.empty() && (shortest.empty() || text.size() < shortest.size())) shortest = text;
    }
    return shortest;
  }

  Guard renamed(Guard guard) const {
    const auto name = [&](const std::string& symbol) -> std::optional<Dim> {
      const auto found = std::find(question_.symbols.begin(), question_.symbols.end(), symbol);
      if (found == question_.symbols.end()) return std::nullopt;
      return Dim::symbol(question_.names[static_cast<size_t>(found - question_.symbols.begin())]);
    };
    guard.left = substitute(guard.left, name);
    guard.right = substitute(guard.right, name);
    return guard;
  }

  // ----------------------------------------------------------------------------------------------------------- answers

  [[nodiscard]] std::string with_input() const {
    const std::string alike =
        question_.alike.empty() ? std::string() : fmt::format(" ({} alike)", listed(question_.alike));
    return input_text(question_.input, shown_type().dims) + alike;
  }

  // Nothing is recommended that doesn't run.
  SizeAnswer tried(SizePhrase phrase, const std::string& condition, AcceptedSizes accepted) {
    constexpr size_t kMostShown = 8;
    // Sizes at which everything degenerates are nobody's cure.
    constexpr int64_t kDegenerate = 2;
    const bool is_degenerate = !accepted.equal.empty() && accepted.equal.back().last <= kDegenerate &&
                               std::all_of(phrase.shown.begin(), phrase.shown.end(), [](const auto& sizes) {
                                 return *std::max_element(sizes.begin(), sizes.end()) <= kDegenerate;
                               });
    if (is_degenerate && largest_ > 2 * kDegenerate) return {};
    phrase.shown.resize(std::min(phrase.shown.size(), kMostShown));
    for (const std::vector<int64_t>& sizes : phrase.shown) {
      if (!trial(sizes)) return {};
    }
    std::string note = fmt::format("with {} the model accepts {}", with_input(), phrase.text);
    if (!condition.empty()) note += fmt::format(": `{}`", condition);
    return {std::move(accepted), {std::move(note)}};
  }

  SizeAnswer none_fits(const std::optional<Dim>& have, const std::optional<Dim>& wanted) {
    if (!have || !wanted) return {};
    const std::string why = indivisible_text(*have, *wanted, question_.names);
    if (why.empty()) return {};
    return {empty_answer(), {why}};
  }

  SizeAnswer none_found(const std::vector<size_t>& broken, const std::vector<int64_t>& least, AcceptedSizes accepted) {
    for (const size_t number : broken) {
      const Guard& guard = guards_[number];
      if (guard.relation != Guard::Relation::Equal) continue;
      const bool swap = guard.left.is_constant();
      const std::string why =
          indivisible_text(swap ? guard.right : guard.left, swap ? guard.left : guard.right, question_.names);
      if (!why.empty()) return {std::move(accepted), {why}};
    }
    // Only what the model itself demands is a reason.
    const std::string condition = condition_of(broken, least);
    if (condition.empty() || broken.back() >= own_guards_) return {};
    return {std::move(accepted),
            {fmt::format("with {} the model accepts no {} up to {}: `{}`", with_input(), listed(question_.names),
                         limit_, condition)}};
  }

  // ------------------------------------------------------------------------------------------------------------ trials

  // Sizes that are all alike, or the only one: all of them when there are few, else those near the one at hand and
  // round numbers.
  SizeAnswer by_trials() {
    const int64_t end = largest_ <= kEqualLimit ? kEqualLimit : 2 * largest_;
    std::vector<int64_t> candidates;
    const bool all = largest_ <= kEqualLimit && trials_ + static_cast<size_t>(kEqualLimit) <= question_.most_trials;
    for (int64_t step = 1; candidates.empty(); step *= 2) {
      std::vector<int64_t> list;
      for (int64_t size = step; size <= end; size += step) list.push_back(size);
      if (list.size() + trials_ <= question_.most_trials) candidates = std::move(list);
      if (step > end) return {};
    }
    AcceptedSizes accepted = empty_answer();
    std::vector<int64_t> found = that_keep_the_batch(candidates);
    if (found.empty()) return {};
    const std::string names = fmt::format("{}", fmt::join(question_.names, " = "));
    if (all) {
      accepted.equal =
          ranges_of(kEqualLimit, [&](int64_t size) { return std::binary_search(found.begin(), found.end(), size); });
      accepted.first_limit = 0;
      accepted.second_limit = 0;
      const SetText set = describe_set({names}, accepted.equal, kEqualLimit, largest_);
      return {std::move(accepted),
              {fmt::format("with {} the model accepts {} (sizes up to {} were tried)", with_input(), set.text,
                           kEqualLimit)}};
    }
    std::sort(found.begin(), found.end(), [&](int64_t a, int64_t b) {
      return std::pair(std::abs(a - largest_), a) < std::pair(std::abs(b - largest_), b);
    });
    constexpr size_t kShown = 3;
    found.resize(std::min(found.size(), kShown));
    std::sort(found.begin(), found.end());
    std::vector<std::string> items;
    for (const int64_t size : found) items.push_back(fmt::format("{}", size));
    return {std::nullopt,
            {fmt::format("with {} the model accepts {} = {} (only multiples of {} up to {} were tried)", with_input(),
                         names, listed(items, "or"), candidates.front(), end)}};
  }

  // The sizes that run. Of outputs that begin with the batch for some size, it is the batch that they count, and sizes
  // with which they don't begin with it are left out.
  std::vector<int64_t> that_keep_the_batch(const std::vector<int64_t>& candidates) {
    std::vector<std::pair<int64_t, std::vector<Shape>>> running;
    std::vector<bool> counts_batch;
    const auto begins_with_batch = [&](const Shape& output) { return !output.empty() && output.front() == batch_; };
    for (const int64_t size : candidates) {
      std::optional<SizeProbe> found = trial(std::vector<int64_t>(at_.size(), size));
      if (!found) continue;
      counts_batch.resize(std::max(counts_batch.size(), found->outputs.size()), false);
      for (size_t i = 0; i < found->outputs.size(); ++i) {
        if (question_.batch && begins_with_batch(found->outputs[i])) counts_batch[i] = true;
      }
      running.emplace_back(size, std::move(found->outputs));
    }
    std::vector<int64_t> sizes;
    for (const auto& [size, outputs] : running) {
      bool keeps = true;
      for (size_t i = 0; i < outputs.size(); ++i) keeps &= !counts_batch[i] || begins_with_batch(outputs[i]);
      if (keeps) sizes.push_back(size);
    }
    return sizes;
  }

  const SizeQuestion& question_;
  std::vector<int64_t> at_;
  Shape symbols_;
  Dim batch_ = 1;
  bool batch_is_named_ = false;
  int64_t largest_ = 1;
  int64_t limit_ = 1;
  size_t trials_ = 0;
  std::vector<Guard> guards_;
  size_t own_guards_ = 0;  ///< those of the model, before those of the batch
};

}  // namespace

SizeAnswer solve_sizes(const SizeQuestion& question) { return Solver(question).run(); }

}  // namespace lathe::advice
