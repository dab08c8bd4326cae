// The mapping of parameters, by the surest sign first.
#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <set>
#include <tuple>

#include "compiler/compare/parameters.h"

namespace lathe::comparison {
namespace {

constexpr size_t kNone = ~size_t{0};

std::string_view leaf(std::string_view name) {
  const size_t dot = name.find_last_of('.');
  return dot == std::string_view::npos ? name : name.substr(dot + 1);
}

const SourceFile* file_of(const Module& module, LocationId where) {
  const Location* origin = module.locations.origin(where);
  const auto* span = origin == nullptr ? nullptr : std::get_if<Span>(origin);
  return span == nullptr ? nullptr : &module.locations.file(span->file);
}

bool same_span(const Module& a, LocationId left, const Module& b, LocationId right) {
  const Location* first = a.locations.origin(left);
  const Location* second = b.locations.origin(right);
  const auto* x = first == nullptr ? nullptr : std::get_if<Span>(first);
  const auto* y = second == nullptr ? nullptr : std::get_if<Span>(second);
  if (x == nullptr || y == nullptr || x->begin != y->begin || x->end != y->end) return false;
  const SourceFile& one = a.locations.file(x->file);
  const SourceFile& other = b.locations.file(y->file);
  return one.path == other.path && one.text == other.text;
}

bool reversed_shape(const TensorType& a, const TensorType& b) {
  return a.rank() == 2 && b.rank() == 2 && a.dims[0] == b.dims[1] && a.dims[1] == b.dims[0];
}

// One operand slot of an operation that reads a parameter.
struct Role {
  std::string kind;
  size_t slot = 0;
  size_t parameter = 0;
  bool transposed = false;  ///< the product reads the matrix by columns
};

class Mapper {
 public:
  Mapper(const Side& a, const Reading& reading_a, const Side& b, const Reading& reading_b)
      : a_(a),
        b_(b),
        left_(reading_a.parameters),
        right_(reading_b.parameters),
        roles_a_(roles(a.module, reading_a, true)),
        uses_a_(roles(a.module, reading_a, false)),
        roles_b_(roles(b.module, reading_b, true)),
        uses_b_(roles(b.module, reading_b, false)),
        of_a_(left_.size(), kNone),
        of_b_(right_.size(), kNone) {}

  ParameterMap run() {
    by_object();
    by_all_names();
    by_value();
    by_construction();
    by_role([](const Role& x, const Role& y) { return x.kind == y.kind && x.slot == y.slot; });
    // Another kind of reader: a matrix is told by its shape, a vector is not.
    by_role([&](const Role& x, const Role& y) {
      return left_[x.parameter].type.rank() > 1 || leaf(left_[x.parameter].name) == leaf(right_[y.parameter].name);
    });
    by_name([](const Parameter&) { return true; });
    by_repetition();
    std::sort(map_.pairs.begin(), map_.pairs.end(), [](const auto& x, const auto& y) {
      return std::tuple(x.a, x.repeated, x.b) < std::tuple(y.a, y.repeated, y.b);
    });
    for (size_t i = 0; i < left_.size(); ++i) {
      if (of_a_[i] == kNone) map_.only_a.push_back(i);
    }
    for (size_t i = 0; i < right_.size(); ++i) {
      if (of_b_[i] == kNone) map_.only_b.push_back(i);
    }
    return std::move(map_);
  }

 private:
  // The parameters of readers in the order of execution; `first` takes each at its first reader only.
  static std::vector<Role> roles(const Module& module, const Reading& reading, bool first) {
    std::vector<Role> result;
    std::set<size_t> seen;
    for (const Operation& operation : reading.operations) {
      for (size_t slot = 0; slot < operation.parameters.size(); ++slot) {
        const size_t parameter = operation.parameters[slot];
        if (!seen.insert(parameter).second && first) continue;
        result.push_back({operation.kind, slot, parameter, is_transposed(module, reading, operation, parameter)});
      }
    }
    return result;
  }

  // Through an attribute of the product, or a transpose on the way to it.
  static bool is_transposed(const Module& module, const Reading& reading, const Operation& operation,
                            size_t parameter) {
    const Node& main = module.graph.node(operation.main);
    if (main.op->name != "matmul" || main.operands.size() < 2) return false;
    const int index = main.op->attribute_index("transpose_b");
    bool transposed = index >= 0 && std::get<bool>(main.attributes[static_cast<size_t>(index)]);
    ValueId operand = main.operands[1];
    constexpr int kFarthest = 8;
    for (int step = 0; step < kFarthest && operand != reading.parameters[parameter].value; ++step) {
      const NodeId producer = module.graph.value(operand).producer;
      if (!producer.valid() || module.graph.node(producer).operands.empty()) break;
      if (module.graph.node(producer).op->name == "transpose") transposed = !transposed;
      operand = module.graph.node(producer).operands.front();
    }
    return transposed;
  }

  [[nodiscard]] bool is_free(size_t a, size_t b) const { return of_a_[a] == kNone && of_b_[b] == kNone; }
  [[nodiscard]] bool same_type(size_t a, size_t b) const { return left_[a].type == right_[b].type; }

  void pair(size_t a, size_t b, PairedBy paired, bool transposed = false) {
    of_a_[a] = b;
    of_b_[b] = a;
    map_.pairs.push_back({a, b, paired, transposed, false});
  }

  // Both sides evaluate one program, which made the two at the same step in the same place.
  void by_object() {
    std::map<uint32_t, size_t> objects;
    for (size_t i = 0; i < right_.size(); ++i) {
      if (right_[i].object) objects.emplace(*right_[i].object, i);
    }
    for (size_t i = 0; i < left_.size(); ++i) {
      const auto found = left_[i].object ? objects.find(*left_[i].object) : objects.end();
      if (found == objects.end() || !is_free(i, found->second) || !same_type(i, found->second)) continue;
      if (leaf(left_[i].name) != leaf(right_[found->second].name)) continue;
      if (same_span(a_.module, left_[i].built, b_.module, right_[found->second].built))
        pair(i, found->second, PairedBy::Object);
    }
  }

  template <class Takes>
  void by_name(Takes takes) {
    std::map<std::string_view, size_t> names;
    for (size_t i = 0; i < right_.size(); ++i) names.emplace(right_[i].name, i);
    for (size_t i = 0; i < left_.size(); ++i) {
      const auto found = names.find(left_[i].name);
      if (found == names.end() || !takes(left_[i]) || !is_free(i, found->second) || !same_type(i, found->second))
        continue;
      pair(i, found->second, PairedBy::Name);
    }
  }

  // Names that are equal throughout are what load_state_dict goes by. Where some differ, the numbers of containers mean
  // little (`2.weight` of a Sequential is `1.weight` of a list), and other names still much.
  void by_all_names() {
    std::map<std::string_view, size_t> names;
    for (size_t i = 0; i < right_.size(); ++i) names.emplace(right_[i].name, i);
    size_t equal = 0;
    for (size_t i = 0; i < left_.size(); ++i) {
      const auto found = names.find(left_[i].name);
      equal += found != names.end() && same_type(i, found->second) ? 1 : 0;
    }
    const bool all = equal == std::min(left_.size(), right_.size());
    by_name([&](const Parameter& parameter) { return all || !has_number(parameter.name); });
  }

  static bool has_number(std::string_view name) {
    size_t begin = 0;
    while (begin <= name.size()) {
      const size_t end = std::min(name.find('.', begin), name.size());
      const std::string_view part = name.substr(begin, end - begin);
      if (!part.empty() && part.find_first_not_of("0123456789") == std::string_view::npos) return true;
      begin = end + 1;
    }
    return false;
  }

  // Random numbers are not equal by chance.
  void by_value() {
    std::map<std::pair<size_t, uint64_t>, std::vector<size_t>> rows;
    for (size_t i = 0; i < right_.size(); ++i) {
      if (of_b_[i] != kNone) continue;
      if (const auto key = key_of(b_.module, right_[i])) rows[*key].push_back(i);
    }
    if (rows.empty()) return;
    for (size_t i = 0; i < left_.size(); ++i) {
      if (of_a_[i] != kNone) continue;
      const auto key = key_of(a_.module, left_[i]);
      const auto found = key ? rows.find(*key) : rows.end();
      if (found == rows.end()) continue;
      for (const size_t candidate : found->second) {
        if (!is_free(i, candidate) || !same_type(i, candidate)) continue;
        if (!same_constant(*elements_of(a_.module, left_[i]), *elements_of(b_.module, right_[candidate]))) continue;
        pair(i, candidate, PairedBy::Value);
        break;
      }
    }
  }

  // Nothing for parameters whose elements say little: one number throughout.
  static std::optional<std::pair<size_t, uint64_t>> key_of(const Module& module, const Parameter& parameter) {
    const ConstantData* data = elements_of(module, parameter);
    if (data == nullptr || data->splat || data->bytes.size() < sizeof(uint64_t) || is_uniform(*data))
      return std::nullopt;
    uint64_t hash = 0xcbf29ce484222325u;
    // A sample is enough for a key: equality is checked on all elements.
    constexpr size_t kSample = 4096;
    for (const std::byte byte : data->bytes.first(std::min(data->bytes.size(), kSample)))
      hash = (hash ^ static_cast<uint64_t>(byte)) * 0x100000001b3u;
    return std::pair(data->bytes.size(), hash);
  }

  // The line that made a layer, copied to another file, is the layer again.
  void by_construction() {
    std::map<std::string, std::vector<size_t>> lines;
    std::map<std::string, size_t> count;
    const auto key_of_line = [](const Module& module, const Parameter& parameter) {
      const SourceFile* file = file_of(module, parameter.built);
      if (file == nullptr || !file->path.ends_with(".py")) return std::string();
      const std::string_view line = line_text(module, parameter.built);
      // Lines without a name of their own (members of a Sequential) say nothing.
      return line.starts_with("self.") ? fmt::format("{}|{}", line, leaf(parameter.name)) : std::string();
    };
    for (size_t i = 0; i < right_.size(); ++i) lines[key_of_line(b_.module, right_[i])].push_back(i);
    for (const Parameter& parameter : left_) ++count[key_of_line(a_.module, parameter)];
    for (size_t i = 0; i < left_.size(); ++i) {
      const std::string key = key_of_line(a_.module, left_[i]);
      const auto found = key.empty() || count[key] != 1 ? lines.end() : lines.find(key);
      if (found == lines.end() || found->second.size() != 1) continue;
      const size_t other = found->second.front();
      if (is_free(i, other) && same_type(i, other)) pair(i, other, PairedBy::Construction);
    }
  }

  [[nodiscard]] bool fits(const Role& x, const Role& y) const {
    const TensorType& one = left_[x.parameter].type;
    const TensorType& other = right_[y.parameter].type;
    if (one.element != other.element) return false;
    if (x.transposed != y.transposed && one.rank() == 2) return reversed_shape(one, other);
    return one == other;
  }

  // The longest common sequence of readers in execution order.
  template <class Alike>
  std::vector<std::pair<const Role*, const Role*>> common(const std::vector<Role>& left, const std::vector<Role>& right,
                                                          Alike alike) const {
    const auto agrees = [&](const Role& x, const Role& y) { return fits(x, y) && alike(x, y); };
    std::vector<std::vector<uint32_t>> longest(left.size() + 1, std::vector<uint32_t>(right.size() + 1, 0));
    for (size_t i = left.size(); i-- > 0;) {
      for (size_t j = right.size(); j-- > 0;) {
        longest[i][j] = std::max(longest[i + 1][j], longest[i][j + 1]);
        if (agrees(left[i], right[j])) longest[i][j] = std::max(longest[i][j], longest[i + 1][j + 1] + 1);
      }
    }
    std::vector<std::pair<const Role*, const Role*>> result;
    for (size_t i = 0, j = 0; i < left.size() && j < right.size();) {
      if (agrees(left[i], right[j]) && longest[i][j] == longest[i + 1][j + 1] + 1) {
        result.emplace_back(&left[i++], &right[j++]);
      } else if (longest[i + 1][j] >= longest[i][j + 1]) {
        ++i;
      } else {
        ++j;
      }
    }
    return result;
  }

  static constexpr size_t kMostRoles = 3000;

  template <class Takes>
  static std::vector<Role> some_of(const std::vector<Role>& roles, Takes takes) {
    std::vector<Role> result;
    for (const Role& role : roles) {
      if (takes(role) && result.size() < kMostRoles) result.push_back(role);
    }
    return result;
  }

  [[nodiscard]] bool is_turned(const Role& x, const Role& y) const {
    return x.transposed != y.transposed && left_[x.parameter].type.rank() == 2;
  }

  template <class Alike>
  void by_role(Alike alike) {
    const auto left = some_of(roles_a_, [&](const Role& role) { return of_a_[role.parameter] == kNone; });
    const auto right = some_of(roles_b_, [&](const Role& role) { return of_b_[role.parameter] == kNone; });
    for (const auto& [x, y] : common(left, right, alike))
      pair(x->parameter, y->parameter, PairedBy::Role, is_turned(*x, *y));
  }

  static size_t count_uses(const std::vector<Role>& uses, size_t parameter) {
    return static_cast<size_t>(
        std::count_if(uses.begin(), uses.end(), [&](const Role& role) { return role.parameter == parameter; }));
  }

  // A layer that one side runs twice may be two layers of the other side.
  void by_repetition() {
    const auto is_free_b = [&](const Role& role) { return of_b_[role.parameter] == kNone; };
    const auto is_free_a = [&](const Role& role) { return of_a_[role.parameter] == kNone; };
    if (std::none_of(uses_a_.begin(), uses_a_.end(), is_free_a) &&
        std::none_of(uses_b_.begin(), uses_b_.end(), is_free_b))
      return;
    const auto all = [](const Role&) { return true; };
    const auto left = some_of(uses_a_, all);
    const auto right = some_of(uses_b_, all);
    const auto rows = common(left, right, [&](const Role& x, const Role& y) {
      const bool both = of_a_[x.parameter] != kNone && of_b_[y.parameter] != kNone;
      return x.kind == y.kind && x.slot == y.slot && (!both || of_a_[x.parameter] == y.parameter);
    });
    for (const auto& [x, y] : rows) {
      if ((of_a_[x->parameter] == kNone) == (of_b_[y->parameter] == kNone)) continue;
      // Only what is read more than once can stand for another one; names of one framework say what they are.
      const bool repeats_b = of_b_[y->parameter] == kNone;
      if (count_uses(repeats_b ? uses_a_ : uses_b_, repeats_b ? x->parameter : y->parameter) < 2) continue;
      const bool same_framework = a_.definition.is_definition && b_.definition.is_definition;
      if (same_framework && leaf(left_[x->parameter].name) != leaf(right_[y->parameter].name)) continue;
      (of_a_[x->parameter] == kNone ? of_a_[x->parameter] : of_b_[y->parameter]) =
          of_a_[x->parameter] == kNone ? y->parameter : x->parameter;
      map_.pairs.push_back({x->parameter, y->parameter, PairedBy::Role, is_turned(*x, *y), true});
    }
  }

  const Side& a_;
  const Side& b_;
  const std::vector<Parameter>& left_;
  const std::vector<Parameter>& right_;
  std::vector<Role> roles_a_;
  std::vector<Role> uses_a_;
  std::vector<Role> roles_b_;
  std::vector<Role> uses_b_;
  std::vector<size_t> of_a_;
  std::vector<size_t> of_b_;
  ParameterMap map_;
};

}  // namespace

const ParameterPair* ParameterMap::of_a(size_t parameter) const {
  const auto found = std::find_if(pairs.begin(), pairs.end(), [&](const auto& row) { return row.a == parameter; });
  return found == pairs.end() ? nullptr : &*found;
}

const ParameterPair* ParameterMap::of_b(size_t parameter) const {
  const auto found = std::find_if(pairs.begin(), pairs.end(), [&](const auto& row) { return row.b == parameter; });
  return found == pairs.end() ? nullptr : &*found;
}

const ParameterPair* ParameterMap::find(size_t a, size_t b) const {
  const auto found =
      std::find_if(pairs.begin(), pairs.end(), [&](const auto& row) { return row.a == a && row.b == b; });
  return found == pairs.end() ? nullptr : &*found;
}

ParameterMap map_parameters(const Side& a, const Reading& reading_a, const Side& b, const Reading& reading_b) {
  return Mapper(a, reading_a, b, reading_b).run();
}

const ConstantData* elements_of(const Module& module, const Parameter& parameter) {
  const auto id = std::get<ConstantId>(module.graph.node(parameter.node).attributes.front());
  const ConstantData& data = module.constants[id];
  return data.absent ? nullptr : &data;
}

}  // namespace lathe::comparison
