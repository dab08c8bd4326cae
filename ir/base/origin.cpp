// Turning origins into sentences.
#include "ir/base/origin.h"

#include <fmt/format.h>

#include <unordered_set>

namespace lathe {

Dim OriginTable::declared(const Dim& dim, std::string text, LocationId where) {
  return dim.with_origin(add(Origin{OriginRule::Declared, where, std::move(text), {}}));
}

Dim OriginTable::derived(const Dim& dim, OriginRule rule, std::string text, LocationId where,
                         std::vector<Dim> parents) {
  return dim.with_origin(add(Origin{rule, where, std::move(text), std::move(parents)}));
}

const Origin* OriginTable::behind_copies(const Dim& dim) const {
  OriginId id = dim.origin();
  while (id.valid() && rows_.contains(id)) {
    const Origin& origin = rows_[id];
    if (origin.rule != OriginRule::Copied || origin.parents.empty() || !origin.parents[0].origin().valid()) {
      return &origin;
    }
    id = origin.parents[0].origin();
  }
  return nullptr;
}

std::string OriginTable::explain(const Dim& dim) const {
  const std::string number = dim.python_text();
  const Origin* origin = behind_copies(dim);
  if (origin == nullptr) return number;
  const auto operand = [&](const Dim& parent) {
    const Origin* from = behind_copies(parent);
    if (from == nullptr || from->rule != OriginRule::Declared) return parent.python_text();
    return fmt::format("{} ({})", parent.python_text(), from->text);
  };
  switch (origin->rule) {
    case OriginRule::Declared:
    case OriginRule::Copied: return fmt::format("{} is {}", number, origin->text);
    case OriginRule::Product:
    case OriginRule::Sum: {
      std::string text = number + " =";
      const std::string_view sign = origin->rule == OriginRule::Product ? " x " : " + ";
      for (size_t i = 0; i < origin->parents.size(); ++i) {
        text += i == 0 ? " " : sign;
        text += operand(origin->parents[i]);
      }
      return text;
    }
    case OriginRule::Computed: return fmt::format("{} = {}", number, origin->text);
  }
  return number;
}

std::vector<OriginTable::Step> OriginTable::trace(const Dim& dim, size_t limit) const {
  std::vector<Step> steps;
  std::vector<Dim> queue{dim};
  std::unordered_set<const Origin*> seen;
  for (size_t next = 0; next < queue.size() && steps.size() < limit; ++next) {
    const Dim current = queue[next];
    const Origin* origin = behind_copies(current);
    if (origin == nullptr || !seen.insert(origin).second) continue;
    steps.push_back({origin->where, explain(current)});
    for (const Dim& parent : origin->parents) queue.push_back(parent);
  }
  return steps;
}

}  // namespace lathe
