// A bounded walk over the dicts of a checkpoint.
#include "compiler/frontend/weights/checkpoint.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include "ir/base/display.h"

namespace lathe::weights {
namespace {

constexpr size_t kDeepest = 5;
constexpr size_t kMostListed = 10;

struct Candidate {
  std::string key;
  PickleId dict;
  size_t tensors = 0;
  bool shaped = false;    ///< some tensor has an axis
  bool training = false;  ///< of an optimizer, a scheduler or the like
};

const std::string_view* text_of(const PickleTable& table, PickleId id) {
  const auto* text = std::get_if<PickleText>(&table.values[id]);
  return text == nullptr ? nullptr : &text->text;
}

bool is_of_training(std::string_view key) {
  for (const std::string_view part : {"optim", "sched", "scaler", "rng", "callback"}) {
    if (key.find(part) != std::string_view::npos) return true;
  }
  return false;
}

/// All dicts that have tensors under names, from the top down; each dict once.
std::vector<Candidate> find_candidates(const PickleTable& table) {
  struct Visit {
    PickleId dict;
    std::string key;
    size_t depth = 0;
  };
  std::vector<Candidate> candidates;
  std::unordered_set<PickleId> seen;
  std::vector<Visit> queue = {{table.root, "", 0}};
  for (size_t next = 0; next < queue.size(); ++next) {
    const Visit visit = queue[next];
    const auto* dict = std::get_if<PickleDict>(&table.values[visit.dict]);
    if (dict == nullptr || !seen.insert(visit.dict).second) continue;
    Candidate candidate{.key = visit.key, .dict = visit.dict, .training = is_of_training(visit.key)};
    for (const auto& [key_id, value_id] : dict->items) {
      const std::string_view* key = text_of(table, key_id);
      if (key == nullptr) continue;
      const PickleValue& value = table.values[value_id];
      if (const auto* tensor = std::get_if<PickleTensor>(&value)) {
        ++candidate.tensors;
        candidate.shaped = candidate.shaped || !table.tensors[tensor->position].sizes.empty();
      } else if (std::holds_alternative<PickleDict>(value) && visit.depth < kDeepest) {
        queue.push_back(
            {value_id, visit.key.empty() ? std::string(*key) : fmt::format("{}.{}", visit.key, *key), visit.depth + 1});
      }
    }
    if (candidate.tensors > 0) candidates.push_back(std::move(candidate));
  }
  return candidates;
}

/// Leaves out what is no model, as long as something remains.
template <class Predicate>
void keep_if_any(std::vector<Candidate>& candidates, Predicate keep) {
  if (std::none_of(candidates.begin(), candidates.end(), keep)) return;
  candidates.erase(std::remove_if(candidates.begin(), candidates.end(), std::not_fn(keep)), candidates.end());
}

std::string list_of(const std::vector<Candidate>& candidates) {
  std::string text;
  for (size_t index = 0; index < std::min(candidates.size(), kMostListed); ++index) {
    const Candidate& candidate = candidates[index];
    text += fmt::format("{}{} ({} tensor{})", index == 0 ? "" : ", ",
                        candidate.key.empty() ? "the top itself" : quoted_name(candidate.key), candidate.tensors,
                        candidate.tensors == 1 ? "" : "s");
  }
  if (candidates.size() > kMostListed) text += fmt::format(" and {} more", candidates.size() - kMostListed);
  return text;
}

std::map<std::string, int64_t> versions_of(const PickleTable& table, const PickleDict& dict) {
  std::map<std::string, int64_t> versions;
  const auto dict_at = [&](PickleId id) { return id.valid() ? std::get_if<PickleDict>(&table.values[id]) : nullptr; };
  const PickleDict* attributes = dict_at(dict.attributes);
  if (attributes == nullptr) return versions;
  for (const auto& [name, metadata_id] : attributes->items) {
    const std::string_view* text = text_of(table, name);
    const PickleDict* metadata = dict_at(metadata_id);
    if (text == nullptr || *text != "_metadata" || metadata == nullptr) continue;
    for (const auto& [module, fields_id] : metadata->items) {
      const std::string_view* module_name = text_of(table, module);
      const PickleDict* fields = dict_at(fields_id);
      if (module_name == nullptr || fields == nullptr || fields->items.size() > kMostListed) continue;
      for (const auto& [field, value] : fields->items) {
        const std::string_view* field_name = text_of(table, field);
        const auto* version = std::get_if<int64_t>(&table.values[value]);
        if (field_name != nullptr && *field_name == "version" && version != nullptr) {
          versions[std::string(*module_name)] = *version;
        }
      }
    }
  }
  return versions;
}

ChosenDict contents_of(const PickleTable& table, const Candidate& candidate) {
  const PickleDict& dict = std::get<PickleDict>(table.values[candidate.dict]);
  ChosenDict chosen{.key = candidate.key, .entries = {}, .versions = versions_of(table, dict)};
  std::unordered_map<std::string_view, size_t> positions;
  for (const auto& [key_id, value] : dict.items) {
    const std::string_view* key = text_of(table, key_id);
    if (key == nullptr) continue;
    const auto [position, fresh] = positions.emplace(*key, chosen.entries.size());
    if (fresh) {
      chosen.entries.emplace_back(std::string(*key), value);
    } else {
      chosen.entries[position->second].second = value;
    }
  }
  return chosen;
}

}  // namespace

Result<ChosenDict> choose_state_dict(const PickleTable& table, std::string_view wanted, std::string_view path,
                                     Diagnostics& diagnostics) {
  std::vector<Candidate> candidates = find_candidates(table);
  const auto report = [&](std::string_view what) {
    return diagnostics.report(DiagnosticKind::WeightsMismatch, {}, "`{}` {}", path, what);
  };
  if (candidates.empty()) {
    // The state dict of a module without parameters.
    const auto* top = std::get_if<PickleDict>(&table.values[table.root]);
    if (top != nullptr && top->items.empty() && wanted.empty()) return ChosenDict{};
    return report("holds no state dict")
        .note(fmt::format("it holds {}; a state dict is saved with `torch.save(model.state_dict(), file)`",
                          kind_of(table.values[table.root])))
        .emit();
  }
  if (!wanted.empty()) {
    const auto found =
        std::find_if(candidates.begin(), candidates.end(), [&](const Candidate& row) { return row.key == wanted; });
    if (found != candidates.end()) return contents_of(table, *found);
    return report(fmt::format("has no state dict under {}", quoted_name(wanted)))
        .note(fmt::format("tensors are in {}", list_of(candidates)))
        .emit();
  }
  keep_if_any(candidates, [](const Candidate& row) { return !row.training; });
  keep_if_any(candidates, [](const Candidate& row) { return row.shaped; });
  if (candidates.size() == 1) return contents_of(table, candidates.front());
  const auto named =
      std::find_if(candidates.begin(), candidates.end(), [](const Candidate& row) { return !row.key.empty(); });
  return report("holds several state dicts")
      .note(fmt::format("tensors are in {}", list_of(candidates)))
      .note(fmt::format("name the one that is meant behind a colon: `{}:{}`", path, display_text(named->key, 200)))
      .emit();
}

}  // namespace lathe::weights
