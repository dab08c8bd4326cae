// What of PyTorch and of Python Lathe knows, as a table: made from the rows that the evaluator and the library work by.
//
// `lathe ops --pytorch` prints it, and so does docs/pytorch-support.md.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace lathe::torch {

struct SupportedName {
  enum class Kind : uint8_t { Function, Class, Method, Constant };
  Kind kind = Kind::Function;
  std::string module;      ///< "torch.nn.functional"; of a method the class: "torch.Tensor"
  std::string name;        ///< "conv2d"
  std::string parameters;  ///< as in its signature, without `self`; of a class those of `__init__`
};

/// All names of the library, sorted by module and name, each once.
[[nodiscard]] std::vector<SupportedName> supported_names();

/// A construct of the language and how far it goes.
struct SupportedConstruct {
  std::string_view construct;
  std::string_view note;
};
[[nodiscard]] std::vector<SupportedConstruct> supported_constructs();

}  // namespace lathe::torch
