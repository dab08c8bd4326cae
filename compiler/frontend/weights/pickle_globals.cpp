// The table of accepted globals: what torch.load(weights_only=True) takes for tensors and containers, and NumPy's
// scalars, which checkpoints hold beside the state dict.
#include "compiler/frontend/weights/pickle_globals.h"

namespace lathe::weights {
namespace {

constexpr std::string_view kTorch = "torch";
constexpr std::string_view kUtilities = "torch._utils";
constexpr std::string_view kCollections = "collections";

constexpr GlobalRow kGlobals[] = {
    {kCollections, "OrderedDict", GlobalRole::OrderedDict},
    {kCollections, "defaultdict", GlobalRole::Dict},
    {kCollections, "Counter", GlobalRole::Dict},
    {"builtins", "dict", GlobalRole::Dict},
    {"__builtin__", "dict", GlobalRole::Dict},
    {"builtins", "set", GlobalRole::Set},
    {"__builtin__", "set", GlobalRole::Set},
    {"builtins", "frozenset", GlobalRole::Set},
    {"builtins", "list", GlobalRole::Opaque},
    {"builtins", "int", GlobalRole::Opaque},
    {"builtins", "complex", GlobalRole::Opaque},
    {"builtins", "bytearray", GlobalRole::Opaque},
    {"builtins", "slice", GlobalRole::Opaque},
    {kTorch, "Size", GlobalRole::Size},
    {kTorch, "device", GlobalRole::Opaque},
    {"torch.serialization", "_get_layout", GlobalRole::Opaque},

    {kTorch, "DoubleStorage", GlobalRole::Storage, ElementType::F64},
    {kTorch, "FloatStorage", GlobalRole::Storage, ElementType::F32},
    {kTorch, "HalfStorage", GlobalRole::Storage, ElementType::F16},
    {kTorch, "BFloat16Storage", GlobalRole::Storage, ElementType::BF16},
    {kTorch, "LongStorage", GlobalRole::Storage, ElementType::I64},
    {kTorch, "IntStorage", GlobalRole::Storage, ElementType::I32},
    {kTorch, "ShortStorage", GlobalRole::Storage, ElementType::I16},
    {kTorch, "CharStorage", GlobalRole::Storage, ElementType::I8},
    {kTorch, "ByteStorage", GlobalRole::Storage, ElementType::U8},
    {kTorch, "BoolStorage", GlobalRole::Storage, ElementType::Boolean},
    {kTorch, "ComplexFloatStorage", GlobalRole::Storage},
    {kTorch, "ComplexDoubleStorage", GlobalRole::Storage},
    {kTorch, "UntypedStorage", GlobalRole::UntypedStorage},
    {"torch.storage", "UntypedStorage", GlobalRole::UntypedStorage},
    {"torch.storage", "_UntypedStorage", GlobalRole::UntypedStorage},

    {kTorch, "float64", GlobalRole::Dtype, ElementType::F64},
    {kTorch, "float32", GlobalRole::Dtype, ElementType::F32},
    {kTorch, "float16", GlobalRole::Dtype, ElementType::F16},
    {kTorch, "bfloat16", GlobalRole::Dtype, ElementType::BF16},
    {kTorch, "float8_e4m3fn", GlobalRole::Dtype, ElementType::F8E4M3FN},
    {kTorch, "float8_e4m3fnuz", GlobalRole::Dtype, ElementType::F8E4M3FNUZ},
    {kTorch, "float8_e5m2", GlobalRole::Dtype, ElementType::F8E5M2},
    {kTorch, "float8_e5m2fnuz", GlobalRole::Dtype, ElementType::F8E5M2FNUZ},
    {kTorch, "int64", GlobalRole::Dtype, ElementType::I64},
    {kTorch, "int32", GlobalRole::Dtype, ElementType::I32},
    {kTorch, "int16", GlobalRole::Dtype, ElementType::I16},
    {kTorch, "int8", GlobalRole::Dtype, ElementType::I8},
    {kTorch, "uint64", GlobalRole::Dtype, ElementType::U64},
    {kTorch, "uint32", GlobalRole::Dtype, ElementType::U32},
    {kTorch, "uint16", GlobalRole::Dtype, ElementType::U16},
    {kTorch, "uint8", GlobalRole::Dtype, ElementType::U8},
    {kTorch, "bool", GlobalRole::Dtype, ElementType::Boolean},
    {kTorch, "complex32", GlobalRole::Dtype},
    {kTorch, "complex64", GlobalRole::Dtype},
    {kTorch, "complex128", GlobalRole::Dtype},

    {kUtilities, "_rebuild_tensor", GlobalRole::RebuildTensor},
    {kUtilities, "_rebuild_tensor_v2", GlobalRole::RebuildTensorV2},
    {kUtilities, "_rebuild_tensor_v3", GlobalRole::RebuildTensorV3},
    {kUtilities, "_rebuild_parameter", GlobalRole::RebuildParameter},
    {kUtilities, "_rebuild_parameter_with_state", GlobalRole::RebuildParameter},
    {"torch._tensor", "_rebuild_from_type_v2", GlobalRole::RebuildFromType},
    {kTorch, "Tensor", GlobalRole::TensorClass},
    {"torch.nn.parameter", "Parameter", GlobalRole::TensorClass},
    {"torch.nn.parameter", "Buffer", GlobalRole::TensorClass},

    {"numpy", "dtype", GlobalRole::Opaque},
    {"numpy", "ndarray", GlobalRole::Opaque},
    {"numpy.core.multiarray", "scalar", GlobalRole::Opaque},
    {"numpy.core.multiarray", "_reconstruct", GlobalRole::Opaque},
    {"numpy._core.multiarray", "scalar", GlobalRole::Opaque},
    {"numpy._core.multiarray", "_reconstruct", GlobalRole::Opaque},
    {"_codecs", "encode", GlobalRole::Opaque},
};

bool is_module_code(std::string_view module) {
  for (const std::string_view prefix :
       {"torch.nn.", "torchvision.", "timm.", "transformers.", "__main__", "__torch__"}) {
    if (module.starts_with(prefix)) return true;
  }
  for (const std::string_view part : {"model", "net", "arch", "backbone"}) {
    if (module.find(part) != std::string_view::npos) return true;
  }
  return false;
}

}  // namespace

const GlobalRow* find_global(std::string_view module, std::string_view name) {
  for (const GlobalRow& row : kGlobals) {
    if (row.name == name && row.module == module) return &row;
  }
  return nullptr;
}

std::string advice_on_global(std::string_view module, std::string_view name) {
  if (module.starts_with("torch") && (name.find("sparse") != name.npos || name.find("qtensor") != name.npos ||
                                      name.find("nested") != name.npos || name.find("wrapper") != name.npos)) {
    return "sparse, quantised and wrapped tensors are not read; save dense ones: `torch.save({k: v.to_dense() for k, v "
           "in model.state_dict().items()}, file)`";
  }
  if (is_module_code(module)) {
    return "this looks like a whole module saved with `torch.save(model, file)`; save its state dict instead: "
           "`torch.save(model.state_dict(), file)`";
  }
  return "only tensors and containers are read, and nothing is executed; if you trust the file, load it in Python and "
         "save the state dict alone: `torch.save(model.state_dict(), file)`";
}

}  // namespace lathe::weights
