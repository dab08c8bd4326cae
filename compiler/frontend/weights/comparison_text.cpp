// The difference as notes: lists, and what is recognised in them.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <unordered_set>

#include "compiler/frontend/weights/comparison.h"
#include "ir/base/display.h"
#include "ir/graph/closest_name.h"

namespace lathe::weights {
namespace {

constexpr size_t kMostLines = 10;
constexpr size_t kMostCandidates = 200;

/// Lines of a list, of which the first ten are shown.
class Lines {
 public:
  void add(std::string line) {
    if (count_++ < kMostLines) text_ += "\n" + line;
  }
  [[nodiscard]] std::string text(std::string_view title) const {
    if (count_ == 0) return {};
    const std::string more = count_ > kMostLines ? fmt::format("\nand {} more", count_ - kMostLines) : "";
    return fmt::format("{} ({}):{}{}", title, count_, text_, more);
  }

 private:
  size_t count_ = 0;
  std::string text_;
};

bool is_permutation_of(const Shape& defined, const Shape& given, std::array<size_t, 4> order) {
  if (defined.size() != 4 || given.size() != 4) return false;
  for (size_t axis = 0; axis < 4; ++axis) {
    if (!(defined[axis] == given[order[axis]])) return false;
  }
  return true;
}

/// What the two shapes have to do with each other; empty when nothing is seen.
std::string_view relation(const Shape& defined, const Shape& given) {
  if (defined.size() == 2 && given.size() == 2 && defined[0] == given[1] && defined[1] == given[0]) {
    return "transposed: PyTorch keeps [outputs, inputs], Keras, JAX and `Conv1D` of GPT-2 keep [inputs, outputs]";
  }
  if (is_permutation_of(defined, given, {3, 2, 0, 1})) {
    return "its axes are in TensorFlow's order [height, width, inputs, outputs]";
  }
  if (is_permutation_of(defined, given, {1, 0, 2, 3})) {
    return "the first two axes are swapped: Conv2d keeps [outputs, inputs, ..], ConvTranspose2d [inputs, outputs, ..]";
  }
  return product(defined) == product(given) ? "the number of elements is the same" : "";
}

std::string entry_line(std::string_view name, const TensorType& type) {
  return fmt::format("{}: `{}`", quoted_name(name), text(type));
}

/// An unexpected entry of the file with the shape and nearly the name of a missing one; empty when there is none.
std::string_view misspelling(const DefinedEntry& entry, const StateDict& file, const Comparison& comparison) {
  std::vector<std::string_view> candidates;
  for (const size_t index : comparison.unexpected) {
    const ConstantData& data = file.entries()[index].data;
    if (data.type.dims == entry.type.dims && candidates.size() < kMostCandidates) candidates.push_back(data.name);
  }
  return closest_name(entry.name, candidates);
}

/// A way of storing a weight in parts, recognised by the ends of names.
struct PartsRow {
  std::string_view end;
  std::string_view other_end;
  std::string_view text;
};
constexpr PartsRow kParts[] = {
    {".weight_g", ".weight_v",
     "`weight_g` and `weight_v` are length and direction of a weight under `torch.nn.utils.weight_norm`: weight = g * "
     "v / "
     "|v|; use `weight_norm` in the definition as well, or save after `remove_weight_norm(layer)`"},
    {".parametrizations.weight.original0", ".parametrizations.weight.original1",
     "`parametrizations.weight.original0` and `original1` are length and direction of a weight under "
     "`torch.nn.utils.parametrizations.weight_norm`; save after `remove_parametrizations(layer, \"weight\")`"},
    {".weight_orig", ".weight_u",
     "`weight_orig` and `weight_u` belong to `torch.nn.utils.spectral_norm`; save after `remove_spectral_norm(layer)`"},
    {".weight_orig", ".weight_mask",
     "`weight_orig` and `weight_mask` belong to `torch.nn.utils.prune`; save after `prune.remove(layer, \"weight\")`"},
    {".gamma", ".beta", "`gamma` and `beta` are TensorFlow's names for `weight` and `bias` of a normalisation"},
    {".lora_A.weight", ".lora_B.weight",
     "`lora_A` and `lora_B` are additions to a weight; save after `model.merge_and_unload()`"},
};

void explain_parts(const StateDict& file, const Comparison& comparison, std::vector<std::string>& notes) {
  std::unordered_set<std::string_view> names;
  for (const size_t index : comparison.unexpected) names.insert(file.entries()[index].data.name);
  for (const PartsRow& row : kParts) {
    const bool seen = std::any_of(names.begin(), names.end(), [&](std::string_view name) {
      if (!name.ends_with(row.end)) return false;
      const std::string other = std::string(name.substr(0, name.size() - row.end.size())) + std::string(row.other_end);
      return names.count(other) != 0;
    });
    if (seen) notes.emplace_back(row.text);
  }
}

/// The missing and the unexpected entries pair up in their order.
void explain_renames(std::span<const DefinedEntry> definition, const StateDict& file, const Comparison& comparison,
                     std::vector<std::string>& notes) {
  if (comparison.missing.empty() || comparison.missing.size() != comparison.unexpected.size()) return;
  for (size_t index = 0; index < comparison.missing.size(); ++index) {
    const Shape& defined = definition[comparison.missing[index]].type.dims;
    if (defined != file.entries()[comparison.unexpected[index]].data.type.dims) return;
  }
  notes.push_back(fmt::format(
      "in their order the missing and the unexpected entries have the same shapes: {} may be named {} in the file",
      quoted_name(definition[comparison.missing.front()].name),
      quoted_name(file.entries()[comparison.unexpected.front()].data.name)));
}

/// All mis-shaped entries differ in the first axis, and by the same numbers.
void explain_outputs(std::span<const DefinedEntry> definition, const StateDict& file, const Comparison& comparison,
                     std::vector<std::string>& notes) {
  if (comparison.misshaped.empty()) return;
  std::optional<std::pair<Dim, Dim>> sizes;
  for (const auto& [defined_at, given_at] : comparison.misshaped) {
    const Shape& defined = definition[defined_at].type.dims;
    const Shape& given = file.entries()[given_at].data.type.dims;
    if (defined.empty() || defined.size() != given.size() || defined[0] == given[0]) return;
    if (!std::equal(defined.begin() + 1, defined.end(), given.begin() + 1)) return;
    if (!sizes) sizes = {defined[0], given[0]};
    if (!(sizes->first == defined[0]) || !(sizes->second == given[0])) return;
  }
  notes.push_back(fmt::format("the file was made for {} outputs there, the definition has {}", sizes->second.constant(),
                              sizes->first.constant()));
}

}  // namespace

std::string list_missing(std::span<const DefinedEntry> definition, const StateDict& file,
                         const Comparison& comparison) {
  Lines lines;
  size_t shown = 0;
  for (const size_t index : comparison.missing) {
    const DefinedEntry& entry = definition[index];
    std::string line = entry_line(entry.name, entry.type);
    const std::string_view close = shown++ < kMostLines ? misspelling(entry, file, comparison) : "";
    if (!close.empty()) line += fmt::format(", perhaps {} of the file", quoted_name(close));
    lines.add(std::move(line));
  }
  for (const size_t index : comparison.unreadable) {
    lines.add(fmt::format("{} is {} in the file", quoted_name(file.others[index].name), file.others[index].what));
  }
  return lines.text("missing from the file");
}

std::string list_unexpected(const StateDict& file, const Comparison& comparison) {
  Lines lines;
  for (const size_t index : comparison.unexpected) {
    const ConstantData& data = file.entries()[index].data;
    lines.add(entry_line(data.name, data.type));
  }
  for (const size_t index : comparison.other_unexpected) {
    lines.add(fmt::format("{}: {}", quoted_name(file.others[index].name), file.others[index].what));
  }
  return lines.text("not in the definition");
}

std::string list_misshaped(std::span<const DefinedEntry> definition, const StateDict& file,
                           const Comparison& comparison) {
  Lines lines;
  for (const auto& [defined_at, given_at] : comparison.misshaped) {
    const DefinedEntry& defined = definition[defined_at];
    const Shape& given = file.entries()[given_at].data.type.dims;
    const std::string_view why = relation(defined.type.dims, given);
    lines.add(fmt::format("{} is `{}` in the definition, `{}` in the file{}{}", quoted_name(defined.name),
                          text(defined.type.dims), text(given), why.empty() ? "" : "; ", why));
  }
  return lines.text("of another shape");
}

std::vector<std::string> explanations(std::span<const DefinedEntry> definition, const StateDict& file,
                                      const Comparison& comparison) {
  std::vector<std::string> notes;
  explain_parts(file, comparison, notes);
  if (notes.empty()) explain_renames(definition, file, comparison, notes);
  explain_outputs(definition, file, comparison, notes);
  if (notes.empty()) {
    const std::string prefix = lacking_prefix(definition, file, comparison);
    if (!prefix.empty()) {
      notes.push_back(
          fmt::format("with `{}` in front all names of the file are in the definition: the file is of the part "
                      "of the model that it calls `{}`",
                      display_text(prefix, 200), display_text(prefix.substr(0, prefix.size() - 1), 200)));
    }
  }
  return notes;
}

}  // namespace lathe::weights
