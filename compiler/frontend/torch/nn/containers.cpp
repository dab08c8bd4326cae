// Sequential, ModuleList and ModuleDict.
#include <fmt/ranges.h>

#include "compiler/frontend/torch/nn/containers.h"
#include "compiler/frontend/torch/nn/families.h"
#include "compiler/frontend/torch/nn/state.h"

namespace lathe::torch {
namespace {

// --------------------------------------------------------------------------------------------------------- Sequential

/// Whatever a user may have put in place of a module.
Status require_module(const LayerBuilder& layer, std::string_view parameter, const Value& value,
                      std::string_view what) {
  if (is_module(layer.evaluator(), value)) return {};
  const std::string& type = layer.type_name();
  const Heap& heap = layer.evaluator().heap();
  const bool is_list = heap.as<ListObject>(value) != nullptr;
  const bool is_tuple = heap.as<TupleObject>(value) != nullptr;
  if (is_list || is_tuple) {
    return layer.error(parameter, "TypeError", "{} takes modules, not a {}", type, is_list ? "list" : "tuple")
        .note(fmt::format("unpack it: `nn.{}(*[...])`", type))
        .emit();
  }
  auto fault =
      layer.error(parameter, "TypeError", "{} takes modules, {} is {}", type, what, layer.evaluator().describe(value));
  if (const auto* given = heap.as<ClassObject>(value)) {
    return std::move(fault).note(fmt::format("make one: `{}()`", given->name)).emit();
  }
  return std::move(fault).emit();
}

Status make_sequential(LayerBuilder& layer) {
  const auto* arguments = layer.evaluator().heap().as<TupleObject>(layer.argument("args"));
  LATHE_CHECK(arguments != nullptr);
  const std::vector<Value> items = arguments->items;
  const auto* dict = items.size() == 1 ? layer.evaluator().heap().as<DictObject>(items[0]) : nullptr;
  // PyTorch takes an OrderedDict, no other dict.
  const bool is_ordered =
      dict != nullptr && dict->type.valid() &&
      layer.evaluator().is_subclass(dict->type, layer.evaluator().library_object("collections.OrderedDict"));
  if (is_ordered) {
    for (const DictStorage::Entry& entry : dict->entries.entries()) {
      const std::string* name = layer.evaluator().heap().string(entry.key);
      if (name == nullptr || name->empty() || name->find('.') != std::string::npos) {
        return layer
            .error("args", "KeyError", "{} takes names without dots, not {}", layer.type_name(),
                   layer.evaluator().describe(entry.key))
            .emit();
      }
      const std::string copy = *name;
      LATHE_TRY_VOID(require_module(layer, "args", entry.value, fmt::format("`{}`", copy)));
      layer.module(copy, entry.value);
    }
    return {};
  }
  for (size_t index = 0; index < items.size(); ++index) {
    LATHE_TRY_VOID(require_module(layer, "args", items[index], fmt::format("argument {}", index + 1)));
    layer.module(std::to_string(index), items[index]);
  }
  return {};
}

Result<Value> run_sequential(LayerCall& layer) {
  Evaluator& evaluator = layer.evaluator();
  Value value = layer.argument("input");
  for (const NamedValue& child : entries(evaluator, layer.self(), Registry::Modules)) {
    LATHE_TRY(value, call_member(evaluator, layer.self(), std::get<ObjectId>(child.value), value));
  }
  return value;
}

Value sequential_of(Evaluator& evaluator, const std::vector<NamedValue>& members, LocationId where) {
  const ObjectId result = evaluator.new_instance(evaluator.library_object("torch.nn.Sequential"), where);
  initialize_module(evaluator, result);
  for (const NamedValue& member : members) register_module(evaluator, result, member.name, member.value);
  return Value(result);
}

Result<Value> get_sequential_item(NativeCall& call) {
  LATHE_TRY(const ObjectId self, self_of(call));
  const std::vector<NamedValue> members = entries(call.evaluator, self, Registry::Modules);
  if (call.evaluator.heap().as<SliceObject>(call.argument("idx")) != nullptr) {
    LATHE_TRY(const std::vector<size_t> positions, slice_positions(call, "idx", members.size()));
    std::vector<NamedValue> chosen;
    for (const size_t position : positions) chosen.push_back(members[position]);
    return sequential_of(call.evaluator, chosen, call.where);
  }
  LATHE_TRY(const size_t position, list_position(call, "idx", members.size()));
  return members[position].value;
}

Result<Value> set_member(NativeCall& call) {
  LATHE_TRY(const ObjectId self, self_of(call));
  const std::vector<NamedValue> members = entries(call.evaluator, self, Registry::Modules);
  LATHE_TRY(const size_t position, list_position(call, "idx", members.size()));
  LATHE_TRY_VOID(require_member(call, "module", call.argument("module")));
  register_module(call.evaluator, self, members[position].name, call.argument("module"));
  return Value(NoneValue{});
}

/// Renumbers what is left, as PyTorch does.
Result<Value> delete_members(NativeCall& call) {
  LATHE_TRY(const ObjectId self, self_of(call));
  std::vector<Value> members = member_values(call.evaluator, self);
  LATHE_TRY(const std::vector<size_t> positions, chosen_positions(call, "idx", members.size()));
  std::vector<bool> removed(members.size(), false);
  for (const size_t position : positions) removed[position] = true;
  std::vector<Value> kept;
  for (size_t index = 0; index < members.size(); ++index) {
    if (!removed[index]) kept.push_back(members[index]);
  }
  replace_members(call.evaluator, self, kept);
  return Value(NoneValue{});
}

Result<Value> count_members(NativeCall& call) {
  LATHE_TRY(const ObjectId self, self_of(call));
  if (is_unknown_module(call.evaluator, self)) return Value(UnknownValue{});
  return integer(static_cast<int64_t>(entries(call.evaluator, self, Registry::Modules).size()));
}

Result<Value> iterate_members(NativeCall& call) {
  LATHE_TRY(const ObjectId self, self_of(call));
  if (is_unknown_module(call.evaluator, self)) return Failure{};
  IteratorObject iterator;
  iterator.items = member_values(call.evaluator, self);
  return Value(call.evaluator.heap().add(std::move(iterator)));
}

Result<Value> append_member(NativeCall& call) {
  LATHE_TRY(const ObjectId self, self_of(call));
  LATHE_TRY_VOID(require_member(call, "module", call.argument("module")));
  const size_t count = entries(call.evaluator, self, Registry::Modules).size();
  register_module(call.evaluator, self, std::to_string(count), call.argument("module"));
  return Value(self);
}

Result<Value> extend_members(NativeCall& call) {
  LATHE_TRY(const ObjectId self, self_of(call));
  LATHE_TRY(const std::vector<Value> items, call.items("modules"));
  for (const Value& item : items) {
    LATHE_TRY_VOID(require_member(call, "modules", item));
    const size_t count = entries(call.evaluator, self, Registry::Modules).size();
    register_module(call.evaluator, self, std::to_string(count), item);
  }
  return Value(self);
}

Result<Value> insert_member(NativeCall& call) {
  LATHE_TRY(const ObjectId self, self_of(call));
  LATHE_TRY_VOID(require_member(call, "module", call.argument("module")));
  LATHE_TRY(int64_t index, call.known_integer("index"));
  std::vector<Value> members = member_values(call.evaluator, self);
  const auto count = static_cast<int64_t>(members.size());
  if (index < 0) index += count;
  index = std::clamp<int64_t>(index, 0, count);
  members.insert(members.begin() + index, call.argument("module"));
  replace_members(call.evaluator, self, members);
  return Value(self);
}

Result<Value> pop_member(NativeCall& call) {
  LATHE_TRY(const ObjectId self, self_of(call));
  std::vector<Value> members = member_values(call.evaluator, self);
  LATHE_TRY(const size_t position, list_position(call, "key", members.size()));
  const Value result = members[position];
  members.erase(members.begin() + static_cast<std::ptrdiff_t>(position));
  replace_members(call.evaluator, self, members);
  return result;
}

/// A container of the same kind that holds the members of both.
Result<Value> concatenate(NativeCall& call) {
  LATHE_TRY(const ObjectId self, self_of(call));
  LATHE_TRY(const std::vector<Value> more, call.items("other"));
  std::vector<Value> members = member_values(call.evaluator, self);
  for (const Value& item : more) {
    LATHE_TRY_VOID(require_member(call, "other", item));
    members.push_back(item);
  }
  const bool is_sequential =
      call.evaluator.is_instance(Value(self), call.evaluator.library_object("torch.nn.Sequential"));
  const ObjectId type = call.evaluator.library_object(is_sequential ? "torch.nn.Sequential" : "torch.nn.ModuleList");
  const ObjectId result = call.evaluator.new_instance(type, call.where);
  initialize_module(call.evaluator, result);
  replace_members(call.evaluator, result, members);
  return Value(result);
}

constexpr NativeFunctionRow kSequential[] = {
    {"__init__", "self, *args", constructor<make_sequential>},
    {"forward", "self, input", forward<run_sequential>},
    {"__getitem__", "self, idx", get_sequential_item},
    {"__setitem__", "self, idx, module", set_member},
    {"__delitem__", "self, idx", delete_members},
    {"__len__", "self", count_members},
    {"__iter__", "self", iterate_members},
    {"__add__", "self, other", concatenate},
    {"__iadd__", "self, modules", extend_members},
    {"append", "self, module", append_member},
    {"extend", "self, modules", extend_members},
    {"insert", "self, index, module", insert_member},
    {"pop", "self, key=-1", pop_member},
};

// --------------------------------------------------------------------------------------------------------- ModuleList

Status make_module_list(LayerBuilder& layer) {
  if (layer.is_none("modules")) return {};
  LATHE_TRY(const std::vector<Value> items, layer.call().items("modules"));
  for (size_t index = 0; index < items.size(); ++index) {
    if (is_unknown(items[index])) {
      mark_unknown_module(layer.evaluator(), layer.self());
      return {};
    }
    LATHE_TRY_VOID(require_module(layer, "modules", items[index], fmt::format("item {}", index)));
    layer.module(std::to_string(index), items[index]);
  }
  return {};
}

Result<Value> get_list_item(NativeCall& call) {
  LATHE_TRY(const ObjectId self, self_of(call));
  if (is_unknown_module(call.evaluator, self)) return Value(UnknownValue{});
  const std::vector<Value> members = member_values(call.evaluator, self);
  if (call.evaluator.heap().as<SliceObject>(call.argument("idx")) == nullptr) {
    LATHE_TRY(const size_t position, list_position(call, "idx", members.size()));
    return members[position];
  }
  LATHE_TRY(const std::vector<size_t> positions, slice_positions(call, "idx", members.size()));
  std::vector<Value> chosen;
  for (const size_t position : positions) chosen.push_back(members[position]);
  const ObjectId result = call.evaluator.new_instance(call.evaluator.library_object("torch.nn.ModuleList"), call.where);
  initialize_module(call.evaluator, result);
  replace_members(call.evaluator, result, chosen);
  return Value(result);
}

constexpr NativeFunctionRow kModuleList[] = {
    {"__init__", "self, modules=None", constructor<make_module_list>},
    {"__getitem__", "self, idx", get_list_item},
    {"__setitem__", "self, idx, module", set_member},
    {"__delitem__", "self, idx", delete_members},
    {"__len__", "self", count_members},
    {"__iter__", "self", iterate_members},
    {"__add__", "self, other", concatenate},
    {"__iadd__", "self, modules", extend_members},
    {"append", "self, module", append_member},
    {"extend", "self, modules", extend_members},
    {"insert", "self, index, module", insert_member},
    {"pop", "self, key=-1", pop_member},
};

constexpr NativeClassRow kClasses[] = {
    {"Sequential", "torch.nn.Module", kSequential},
    {"ModuleList", "torch.nn.Module", kModuleList},
};

}  // namespace

namespace {

/// A module that the program made as an attribute of a class of its own, and put into the container later.
bool is_borrowed(Evaluator& evaluator, ObjectId container, ObjectId module) {
  const auto& owners = module_state(evaluator).owners;
  const auto found = owners.find(module);
  if (found == owners.end() || found->second.owner == container) return false;
  const auto* owner = evaluator.heap().as<InstanceObject>(Value(found->second.owner));
  const auto* type = owner == nullptr ? nullptr : evaluator.heap().as<ClassObject>(Value(owner->type));
  return type != nullptr && !type->is_native;
}

}  // namespace

Result<Value> call_member(Evaluator& evaluator, ObjectId container, ObjectId module, Value input) {
  const auto* instance = evaluator.heap().as<InstanceObject>(Value(module));
  LATHE_CHECK(instance != nullptr);
  const LocationId where = is_borrowed(evaluator, container, module) ? evaluator.current_location() : instance->created;
  return evaluator.call(Value(module), {.positional = {std::move(input)}, .keywords = {}, .places = {}}, where);
}

std::vector<Value> member_values(Evaluator& evaluator, ObjectId self) {
  std::vector<Value> values;
  for (const NamedValue& entry : entries(evaluator, self, Registry::Modules)) values.push_back(entry.value);
  return values;
}

void replace_members(Evaluator& evaluator, ObjectId self, const std::vector<Value>& members) {
  if (DictObject* old = registry(evaluator, self, Registry::Modules)) old->entries.clear();
  for (size_t index = 0; index < members.size(); ++index) {
    register_module(evaluator, self, std::to_string(index), members[index]);
  }
}

Status require_member(NativeCall& call, std::string_view parameter, const Value& value) {
  if (is_module(call.evaluator, value)) return {};
  if (is_unknown(value)) return Failure{};
  return call
      .error_at(call.place(parameter), DiagnosticKind::BadArgument, "TypeError",
                fmt::format("{} holds modules, not {}", call.evaluator.type_name(call.arguments[0]),
                            call.evaluator.describe(value)))
      .emit();
}

Result<size_t> list_position(NativeCall& call, std::string_view parameter, size_t count) {
  LATHE_TRY(const int64_t given, call.known_integer(parameter));
  const auto size = static_cast<int64_t>(count);
  const int64_t position = given < 0 ? given + size : given;
  if (position >= 0 && position < size) return static_cast<size_t>(position);
  return call
      .error(DiagnosticKind::IndexOutOfRange, "IndexError", "index {} is out of range: the {} holds {} module{}", given,
             call.evaluator.type_name(call.arguments[0]), count, count == 1 ? "" : "s")
      .emit();
}

Result<std::vector<size_t>> slice_positions(NativeCall& call, std::string_view parameter, size_t count) {
  const auto* slice = call.evaluator.heap().as<SliceObject>(call.argument(parameter));
  LATHE_CHECK(slice != nullptr);
  const SliceObject bounds = *slice;
  const auto size = static_cast<int64_t>(count);
  const auto number = [&](const Value& value, int64_t otherwise) -> Result<int64_t> {
    if (is_none(value)) return otherwise;
    const auto* dim = std::get_if<Dim>(&value);
    if (dim != nullptr && dim->is_constant()) return dim->constant();
    return call
        .error(DiagnosticKind::BadArgument, "TypeError", "a slice of modules takes ints, not {}",
               call.evaluator.describe(value))
        .emit();
  };
  LATHE_TRY(const int64_t step, number(bounds.step, 1));
  if (step == 0) return call.error(DiagnosticKind::PythonError, "ValueError", "the step of a slice is 0").emit();
  const bool forwards = step > 0;
  LATHE_TRY(int64_t begin, number(bounds.lower, forwards ? 0 : size - 1));
  LATHE_TRY(int64_t end, number(bounds.upper, forwards ? size : -size - 1));
  if (begin < 0) begin = std::max<int64_t>(begin + size, forwards ? 0 : -1);
  if (end < 0) end = std::max<int64_t>(end + size, -1);
  begin = std::min(begin, forwards ? size : size - 1);
  end = std::min(end, size);
  std::vector<size_t> positions;
  for (int64_t at = begin; forwards ? at < end : at > end; at += step) {
    if (at >= 0 && at < size) positions.push_back(static_cast<size_t>(at));
    if (step > size || step < -size) break;
  }
  return positions;
}

Result<std::vector<size_t>> chosen_positions(NativeCall& call, std::string_view parameter, size_t count) {
  if (call.evaluator.heap().as<SliceObject>(call.argument(parameter)) != nullptr) {
    return slice_positions(call, parameter, count);
  }
  LATHE_TRY(const size_t position, list_position(call, parameter, count));
  return std::vector<size_t>{position};
}

std::span<const NativeClassRow> container_classes() { return kClasses; }

}  // namespace lathe::torch
