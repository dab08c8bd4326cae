// Comparing names and shapes, and the prefixes that wrappers add.
#include "compiler/frontend/weights/comparison.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

namespace lathe::weights {
namespace {

constexpr std::string_view kBatchesTracked = "num_batches_tracked";
/// Wrappers nest, but not much deeper than this.
constexpr size_t kMostPrefixes = 64;

struct PrefixRow {
  std::string_view part;
  std::string_view origin;
};
constexpr PrefixRow kPrefixes[] = {
    {"module.", "`torch.nn.DataParallel` and `DistributedDataParallel` add it; `model.module.state_dict()` has none"},
    {"_orig_mod.", "`torch.compile` adds it; the state dict of the module that was compiled has none"},
    {"_fsdp_wrapped_module.", "`FullyShardedDataParallel` adds it"},
    {"model.", "a wrapper that keeps the network as `self.model` adds it, a LightningModule for instance"},
    {"net.", "a wrapper that keeps the network as `self.net` adds it"},
    {"network.", "a wrapper that keeps the network as `self.network` adds it"},
    {"backbone.", "a wrapper that keeps the network as `self.backbone` adds it"},
    {"encoder.", "a wrapper that keeps the network as `self.encoder` adds it"},
};

std::string_view without(std::string_view name, std::string_view prefix) {
  return name.starts_with(prefix) ? name.substr(prefix.size()) : name;
}

/// PyTorch counts batches since version 2 of its batch norm; older files lack the entry.
bool may_be_missing(const DefinedEntry& entry, const StateDict& file, std::string_view prefix) {
  if (!entry.is_buffer || !entry.name.ends_with(kBatchesTracked)) return false;
  std::string module = entry.name.substr(0, entry.name.size() - kBatchesTracked.size());
  if (!module.empty() && module.back() != '.') return false;
  if (!module.empty()) module.pop_back();
  const auto version = file.versions.find(std::string(prefix) + module);
  return version == file.versions.end() || version->second < 2;
}

/// Scalars of PyTorch 0.3 have one axis.
bool shapes_fit(const Shape& defined, const Shape& given) {
  return defined == given || (defined.empty() && given.size() == 1 && given[0] == Dim(1));
}

/// Prefixes, each ending with a dot, in front of `tail` in any of the names.
template <class Names>
std::vector<std::string> prefixes_before(std::string_view tail, const Names& names) {
  std::vector<std::string> prefixes;
  for (const std::string_view name : names) {
    if (name.size() <= tail.size() || !name.ends_with(tail) || name[name.size() - tail.size() - 1] != '.') continue;
    prefixes.emplace_back(name.substr(0, name.size() - tail.size()));
    if (prefixes.size() == kMostPrefixes) break;
  }
  return prefixes;
}

}  // namespace

Comparison compare(std::span<const DefinedEntry> definition, const StateDict& file, std::string_view prefix) {
  std::unordered_map<std::string_view, size_t> given;
  for (size_t index = 0; index < file.entries().size(); ++index) {
    given.emplace(without(file.entries()[index].data.name, prefix), index);
  }
  std::unordered_map<std::string_view, size_t> others;
  for (size_t index = 0; index < file.others.size(); ++index) {
    others.emplace(without(file.others[index].name, prefix), index);
  }
  Comparison comparison;
  std::vector<bool> used(file.entries().size(), false);
  std::vector<bool> other_used(file.others.size(), false);
  for (size_t index = 0; index < definition.size(); ++index) {
    const DefinedEntry& entry = definition[index];
    if (const auto found = given.find(entry.name); found != given.end()) {
      used[found->second] = true;
      const bool fits = shapes_fit(entry.type.dims, file.entries()[found->second].data.type.dims);
      (fits ? comparison.fitting : comparison.misshaped).emplace_back(index, found->second);
    } else if (const auto other = others.find(entry.name); other != others.end()) {
      other_used[other->second] = true;
      comparison.unreadable.push_back(other->second);
    } else if (!may_be_missing(entry, file, prefix)) {
      comparison.missing.push_back(index);
    }
  }
  for (size_t index = 0; index < used.size(); ++index) {
    if (!used[index]) comparison.unexpected.push_back(index);
  }
  for (size_t index = 0; index < other_used.size(); ++index) {
    if (!other_used[index]) comparison.other_unexpected.push_back(index);
  }
  return comparison;
}

std::string superfluous_prefix(std::span<const DefinedEntry> definition, const StateDict& file,
                               const Comparison& plain) {
  if (plain.missing.empty()) return {};
  std::vector<std::string_view> names;
  for (const size_t index : plain.unexpected) names.push_back(file.entries()[index].data.name);
  for (const std::string& prefix : prefixes_before(definition[plain.missing.front()].name, names)) {
    const Comparison stripped = compare(definition, file, prefix);
    if (stripped.missing.empty() && stripped.unreadable.empty()) return prefix;
  }
  return {};
}

std::string lacking_prefix(std::span<const DefinedEntry> definition, const StateDict& file, const Comparison& plain) {
  if (plain.unexpected.empty()) return {};
  std::vector<std::string_view> names;
  std::unordered_set<std::string_view> defined;
  for (const size_t index : plain.missing) names.push_back(definition[index].name);
  for (const DefinedEntry& entry : definition) defined.insert(entry.name);
  for (const std::string& prefix : prefixes_before(file.entries()[plain.unexpected.front()].data.name, names)) {
    const bool fits = std::all_of(file.entries().begin(), file.entries().end(), [&](const StateEntry& entry) {
      return defined.count(prefix + entry.data.name) != 0;
    });
    if (fits) return prefix;
  }
  return {};
}

std::string origin_of_prefix(std::string_view prefix) {
  std::string origins;
  for (const PrefixRow& row : kPrefixes) {
    const size_t at = prefix.find(row.part);
    if (at == std::string_view::npos || (at > 0 && prefix[at - 1] != '.')) continue;
    const std::string_view what = prefix.size() == row.part.size() ? "" : row.part;
    origins += origins.empty() ? "" : "; ";
    origins += what.empty() ? std::string(row.origin) : fmt::format("`{}`: {}", what, row.origin);
  }
  return origins;
}

}  // namespace lathe::weights
