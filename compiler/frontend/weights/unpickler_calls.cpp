// What the calls and persistent ids of a pickle stand for: torch/_utils.py and torch/serialization.py say what PyTorch
// writes.
#include <fmt/format.h>

#include "compiler/frontend/weights/unpickler_internals.h"
#include "ir/base/display.h"

namespace lathe::weights {
namespace {

constexpr size_t kMaxRank = 64;

bool rebuilds_tensor(GlobalRole role) {
  return role == GlobalRole::RebuildTensor || role == GlobalRole::RebuildTensorV2 ||
         role == GlobalRole::RebuildTensorV3;
}

}  // namespace

Failure Machine::bad_arguments(const GlobalRow& row) {
  return malformed(fmt::format("calls `{}.{}` with arguments that it doesn't take", row.module, row.name));
}

Status Machine::reduce() {
  LATHE_TRY(const PickleId arguments_id, pop());
  LATHE_TRY(const PickleId function_id, pop());
  const auto* function = as<PickleGlobal>(function_id);
  if (function == nullptr) return malformed(fmt::format("calls {}", kind_of(table_.values[function_id])));
  const auto* arguments = as<PickleTuple>(arguments_id);
  if (arguments == nullptr) return malformed("calls with arguments that are no tuple");
  // A copy: the table grows while the call makes its value.
  const std::vector<PickleId> items = arguments->items;
  LATHE_TRY_VOID(spend(items.size()));
  LATHE_TRY(const PickleId result, call(*function->row, items));
  push_id(result);
  return {};
}

Status Machine::build() {
  LATHE_TRY(const PickleId state, pop());
  LATHE_TRY(const PickleId target, top());
  PickleValue& value = table_.values[target];
  if (auto* dict = std::get_if<PickleDict>(&value)) {
    dict->attributes = state;
    return {};
  }
  if (std::holds_alternative<PickleOpaque>(value)) return {};
  return malformed(fmt::format("sets attributes of {}", kind_of(value)));
}

Status Machine::push_storage() {
  LATHE_TRY(const PickleId id, pop());
  const auto* tuple = as<PickleTuple>(id);
  constexpr std::string_view kFault = "has a persistent id that is no storage";
  if (tuple == nullptr || tuple->items.size() < 5) return malformed(kFault);
  const std::vector<PickleId>& items = tuple->items;
  const auto* tag = as<PickleText>(items[0]);
  const auto* type = as<PickleGlobal>(items[1]);
  const auto* key = as<PickleText>(items[2]);
  const auto* count = as<int64_t>(items[4]);
  const bool is_class =
      type != nullptr && (type->row->role == GlobalRole::Storage || type->row->role == GlobalRole::UntypedStorage);
  if (tag == nullptr || tag->text != "storage" || !is_class || key == nullptr || count == nullptr || *count < 0) {
    return malformed(kFault);
  }
  PickleStorage storage;
  if (items.size() > 5 && as<PickleNone>(items[5]) == nullptr) {
    const auto* view = as<PickleTuple>(items[5]);
    const auto* offset = view != nullptr && view->items.size() == 3 ? as<int64_t>(view->items[1]) : nullptr;
    if (offset == nullptr || *offset < 0) return malformed(kFault);
    storage.view_offset = static_cast<uint64_t>(*offset);
  }
  const StorageRow row{.key = key->text,
                       .element = type->row->element,
                       .type_name = type->row->name,
                       .count = static_cast<uint64_t>(*count),
                       .untyped = type->row->role == GlobalRole::UntypedStorage};
  const auto [known, fresh] = storages_.emplace(row.key, table_.storages.next_id());
  if (fresh) {
    table_.storages.push_back(row);
  } else {
    const StorageRow& first = table_.storages[known->second];
    if (first.type_name != row.type_name || first.count != row.count) {
      return malformed(fmt::format("has two descriptions of the storage {}", quoted_name(row.key)));
    }
  }
  storage.storage = known->second;
  return push(storage);
}

Result<PickleId> Machine::call(const GlobalRow& row, const std::vector<PickleId>& arguments) {
  switch (row.role) {
    case GlobalRole::OrderedDict: return ordered_dict(arguments);
    case GlobalRole::Dict:
      // Counter(dict), dict(dict): the value that is given.
      if (arguments.size() == 1 && as<PickleDict>(arguments[0]) != nullptr) return arguments[0];
      return add(PickleDict{});
    case GlobalRole::Set: return add(PickleOpaque{"a set"});
    case GlobalRole::Size:
      if (arguments.size() != 1 || as<PickleTuple>(arguments[0]) == nullptr) return bad_arguments(row);
      return arguments[0];
    case GlobalRole::RebuildTensor:
    case GlobalRole::RebuildTensorV2:
    case GlobalRole::RebuildTensorV3: return rebuild_tensor(row, arguments);
    case GlobalRole::RebuildParameter: {
      const auto* tensor = arguments.empty() ? nullptr : as<PickleTensor>(arguments[0]);
      if (tensor == nullptr) return bad_arguments(row);
      table_.tensors[tensor->position].parameter = true;
      return arguments[0];
    }
    case GlobalRole::RebuildFromType: return rebuild_from_type(arguments);
    case GlobalRole::Opaque: return add(PickleOpaque{row.module.starts_with("numpy") ? "a NumPy value" : "an object"});
    case GlobalRole::Storage:
    case GlobalRole::UntypedStorage:
    case GlobalRole::Dtype:
    case GlobalRole::TensorClass: break;
  }
  return refused(fmt::format("calls `{}.{}`", row.module, row.name),
                 "only tensors and containers are read, and nothing is executed");
}

Result<PickleId> Machine::ordered_dict(const std::vector<PickleId>& arguments) {
  PickleDict dict;
  if (!arguments.empty()) {
    // Python 2 wrote OrderedDict([[key, value], ...]).
    const auto* pairs = as<PickleList>(arguments[0]);
    if (pairs == nullptr) return malformed("makes an OrderedDict of something that is no list");
    LATHE_TRY_VOID(spend(pairs->items.size()));
    for (const PickleId pair : pairs->items) {
      const auto* list = as<PickleList>(pair);
      const auto* tuple = as<PickleTuple>(pair);
      const std::vector<PickleId>* items = list != nullptr ? &list->items : tuple != nullptr ? &tuple->items : nullptr;
      if (items == nullptr || items->size() != 2) return malformed("makes an OrderedDict of something that is no pair");
      dict.items.emplace_back((*items)[0], (*items)[1]);
    }
  }
  return add(std::move(dict));
}

Result<std::vector<int64_t>> Machine::sizes(PickleId id) {
  const auto* tuple = as<PickleTuple>(id);
  const auto* list = as<PickleList>(id);
  if (tuple == nullptr && list == nullptr) return malformed("has a tensor whose sizes or strides are no tuple");
  const std::vector<PickleId>& items = tuple != nullptr ? tuple->items : list->items;
  if (items.size() > kMaxRank) return malformed(fmt::format("has a tensor with more than {} axes", kMaxRank));
  std::vector<int64_t> numbers;
  for (const PickleId item : items) {
    const auto* size = as<int64_t>(item);
    if (size == nullptr || *size < 0) return malformed("has a tensor with a size or stride that is no natural number");
    numbers.push_back(*size);
  }
  return numbers;
}

Result<PickleId> Machine::rebuild_tensor(const GlobalRow& row, const std::vector<PickleId>& arguments) {
  const size_t fewest = row.role == GlobalRole::RebuildTensor ? 4 : row.role == GlobalRole::RebuildTensorV2 ? 6 : 7;
  if (arguments.size() < fewest) return bad_arguments(row);
  const auto* storage = as<PickleStorage>(arguments[0]);
  const auto* offset = as<int64_t>(arguments[1]);
  if (storage == nullptr || offset == nullptr || *offset < 0) return bad_arguments(row);
  const StorageRow& described = table_.storages[storage->storage];
  TensorRow tensor{.storage = storage->storage,
                   .element = described.element,
                   .type_name = described.type_name,
                   .offset = static_cast<uint64_t>(*offset) + storage->view_offset,
                   .sizes = {},
                   .strides = {},
                   .parameter = false};
  if (row.role == GlobalRole::RebuildTensorV3) {
    const auto* type = as<PickleGlobal>(arguments[6]);
    if (type == nullptr || type->row->role != GlobalRole::Dtype) return bad_arguments(row);
    tensor.element = type->row->element;
    tensor.type_name = type->row->name;
  } else if (described.untyped) {
    return malformed("has a tensor without an element type");
  }
  LATHE_TRY(tensor.sizes, sizes(arguments[2]));
  LATHE_TRY(tensor.strides, sizes(arguments[3]));
  if (tensor.sizes.size() != tensor.strides.size()) return malformed("has a tensor with fewer strides than sizes");
  // Small streams can ask for the same tensor many times.
  LATHE_TRY_VOID(spend(16 + 2 * tensor.sizes.size()));
  const PickleTensor made{static_cast<uint32_t>(table_.tensors.size())};
  table_.tensors.push_back(std::move(tensor));
  return add(made);
}

Result<PickleId> Machine::rebuild_from_type(const std::vector<PickleId>& arguments) {
  constexpr std::string_view kFault = "rebuilds a tensor of a class of its own";
  if (arguments.size() < 3) return malformed(kFault);
  const auto* function = as<PickleGlobal>(arguments[0]);
  const auto* type = as<PickleGlobal>(arguments[1]);
  const auto* inner = as<PickleTuple>(arguments[2]);
  if (function == nullptr || type == nullptr || inner == nullptr) return malformed(kFault);
  const bool plain = rebuilds_tensor(function->row->role) || function->row->role == GlobalRole::RebuildParameter;
  if (!plain || type->row->role != GlobalRole::TensorClass) return malformed(kFault);
  const bool parameter = type->row->name == "Parameter";
  const std::vector<PickleId> items = inner->items;
  LATHE_TRY(const PickleId result, call(*function->row, items));
  const auto* tensor = as<PickleTensor>(result);
  if (tensor != nullptr && parameter) table_.tensors[tensor->position].parameter = true;
  return result;
}

}  // namespace lathe::weights
