// Layers for hosts that define models in C++: the constructors of torch.nn, over the tables that read PyTorch source.
//
//   namespace nn = lathe::nn;
//   const nn::Layer model = nn::Sequential{
//       nn::Conv2d(1, 8, 3, nn::set("padding", 1)), nn::ReLU(), nn::MaxPool2d(2), nn::Flatten(), nn::Linear(1568, 10)};
//   lathe::LoadOptions options{.input_types = {{"", type}}, .weights = "digits.safetensors"};
//   if (!lathe::load_layers(model, options, module, diagnostics)) { ... }
//
// A Layer is a description: a name of torch.nn with positional and keyword arguments. It has PyTorch's defaults,
// names of parameters (`0.weight`) and initial values. What is wrong with arguments or shapes is reported as for a
// program that says the same; the place is the layer's line in the text of the description.
#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "compiler/compile.h"

namespace lathe::nn {

class Argument;
struct Keyword;

/// A layer with its arguments.
class Layer {
 public:
  Layer(std::string_view type, std::vector<Argument> positional, std::vector<Keyword> keywords);
  Layer(const Layer& other);
  Layer(Layer&& other) noexcept;
  Layer& operator=(const Layer& other);
  Layer& operator=(Layer&& other) noexcept;
  ~Layer();

  [[nodiscard]] const std::string& type() const { return type_; }
  [[nodiscard]] const std::vector<Argument>& positional() const { return positional_; }
  [[nodiscard]] const std::vector<Keyword>& keywords() const { return keywords_; }

 private:
  std::string type_;  ///< a class of torch.nn: "Conv2d"
  std::vector<Argument> positional_;
  std::vector<Keyword> keywords_;
};

/// None.
struct None {};

/// An argument of a layer: a number, a text, a tuple, another layer, or None.
class Argument {
 public:
  Argument(None) {}  // NOLINT(google-explicit-constructor)
  template <class T>
    requires std::same_as<T, bool>
  Argument(T value) : value_(value) {}  // NOLINT(google-explicit-constructor)
  template <std::integral T>
    requires(!std::same_as<T, bool>)
  Argument(T value) : value_(static_cast<int64_t>(value)) {}  // NOLINT(google-explicit-constructor)
  template <std::floating_point T>
  Argument(T value) : value_(static_cast<double>(value)) {}            // NOLINT(google-explicit-constructor)
  Argument(const char* text) : value_(std::string(text)) {}            // NOLINT(google-explicit-constructor)
  Argument(std::string text) : value_(std::move(text)) {}              // NOLINT(google-explicit-constructor)
  Argument(std::vector<Argument> items) : value_(std::move(items)) {}  // NOLINT(google-explicit-constructor)
  Argument(Layer layer) : value_(std::move(layer)) {}                  // NOLINT(google-explicit-constructor)

  using Value = std::variant<None, bool, int64_t, double, std::string, std::vector<Argument>, Layer>;
  [[nodiscard]] const Value& value() const { return value_; }

 private:
  Value value_;
};

/// An argument by name: `nn::set("bias", false)`.
struct Keyword {
  std::string name;
  Argument value;
};
inline Layer::Layer(std::string_view type, std::vector<Argument> positional, std::vector<Keyword> keywords)
    : type_(type), positional_(std::move(positional)), keywords_(std::move(keywords)) {}
inline Layer::Layer(const Layer& other) = default;
inline Layer::Layer(Layer&& other) noexcept = default;
inline Layer& Layer::operator=(const Layer& other) = default;
inline Layer& Layer::operator=(Layer&& other) noexcept = default;
inline Layer::~Layer() = default;

[[nodiscard]] inline Keyword set(std::string name, Argument value) { return {std::move(name), std::move(value)}; }
/// A tuple: `nn::tuple(3, 5)` for a kernel of 3 x 5.
template <class... Items>
[[nodiscard]] Argument tuple(Items&&... items) {
  return Argument(std::vector<Argument>{Argument(std::forward<Items>(items))...});
}

/// A class of torch.nn; calls make layers. Those that are not named below are made the same way:
/// `nn::LayerType{"Bilinear"}(2, 3, 4)`.
struct LayerType {
  std::string_view name;

  /// Arguments, keywords behind the positional ones.
  template <class... Arguments>
  [[nodiscard]] Layer operator()(Arguments&&... arguments) const {
    std::vector<Argument> positional;
    std::vector<Keyword> keywords;
    (add(positional, keywords, std::forward<Arguments>(arguments)), ...);
    return {name, std::move(positional), std::move(keywords)};
  }

 private:
  template <class T>
  static void add(std::vector<Argument>& positional, std::vector<Keyword>& keywords, T&& argument) {
    if constexpr (std::same_as<std::remove_cvref_t<T>, Keyword>) {
      keywords.push_back(std::forward<T>(argument));
    } else {
      positional.push_back(Argument(std::forward<T>(argument)));
    }
  }
};

/// Layers one after the other.
class Sequential : public Layer {
 public:
  Sequential(std::initializer_list<Layer> layers)
      : Layer("Sequential", std::vector<Argument>(layers.begin(), layers.end()), {}) {}
  explicit Sequential(const std::vector<Layer>& layers)
      : Layer("Sequential", std::vector<Argument>(layers.begin(), layers.end()), {}) {}
};

/// LATHE_NN_LAYER(name): layers that take one tensor, or several, and give one.
#define LATHE_NN_LAYERS(LATHE_NN_LAYER)   \
  LATHE_NN_LAYER(Linear)                  \
  LATHE_NN_LAYER(Identity)                \
  LATHE_NN_LAYER(Conv1d)                  \
  LATHE_NN_LAYER(Conv2d)                  \
  LATHE_NN_LAYER(Conv3d)                  \
  LATHE_NN_LAYER(ConvTranspose1d)         \
  LATHE_NN_LAYER(ConvTranspose2d)         \
  LATHE_NN_LAYER(ConvTranspose3d)         \
  LATHE_NN_LAYER(BatchNorm1d)             \
  LATHE_NN_LAYER(BatchNorm2d)             \
  LATHE_NN_LAYER(BatchNorm3d)             \
  LATHE_NN_LAYER(LayerNorm)               \
  LATHE_NN_LAYER(GroupNorm)               \
  LATHE_NN_LAYER(InstanceNorm2d)          \
  LATHE_NN_LAYER(RMSNorm)                 \
  LATHE_NN_LAYER(MaxPool1d)               \
  LATHE_NN_LAYER(MaxPool2d)               \
  LATHE_NN_LAYER(AvgPool1d)               \
  LATHE_NN_LAYER(AvgPool2d)               \
  LATHE_NN_LAYER(AdaptiveAvgPool1d)       \
  LATHE_NN_LAYER(AdaptiveAvgPool2d)       \
  LATHE_NN_LAYER(AdaptiveMaxPool2d)       \
  LATHE_NN_LAYER(Flatten)                 \
  LATHE_NN_LAYER(Unflatten)               \
  LATHE_NN_LAYER(Dropout)                 \
  LATHE_NN_LAYER(Dropout2d)               \
  LATHE_NN_LAYER(Embedding)               \
  LATHE_NN_LAYER(Upsample)                \
  LATHE_NN_LAYER(PixelShuffle)            \
  LATHE_NN_LAYER(ZeroPad2d)               \
  LATHE_NN_LAYER(ReflectionPad2d)         \
  LATHE_NN_LAYER(ReplicationPad2d)        \
  LATHE_NN_LAYER(ReLU)                    \
  LATHE_NN_LAYER(ReLU6)                   \
  LATHE_NN_LAYER(LeakyReLU)               \
  LATHE_NN_LAYER(PReLU)                   \
  LATHE_NN_LAYER(ELU)                     \
  LATHE_NN_LAYER(SELU)                    \
  LATHE_NN_LAYER(GELU)                    \
  LATHE_NN_LAYER(SiLU)                    \
  LATHE_NN_LAYER(Mish)                    \
  LATHE_NN_LAYER(Hardswish)               \
  LATHE_NN_LAYER(Hardsigmoid)             \
  LATHE_NN_LAYER(Sigmoid)                 \
  LATHE_NN_LAYER(Tanh)                    \
  LATHE_NN_LAYER(Softplus)                \
  LATHE_NN_LAYER(Softmax)                 \
  LATHE_NN_LAYER(LogSoftmax)              \
  LATHE_NN_LAYER(TransformerEncoderLayer) \
  LATHE_NN_LAYER(TransformerEncoder)

#define LATHE_NN_LAYER(name) inline constexpr LayerType name{#name};
LATHE_NN_LAYERS(LATHE_NN_LAYER)
#undef LATHE_NN_LAYER

/// The description as PyTorch source, a layer a line: `nn.Sequential(\n    nn.Linear(784, 128),\n    nn.ReLU(),\n)`.
[[nodiscard]] std::string text(const Layer& layer);

}  // namespace lathe::nn

namespace lathe {

/// Builds the graph of a model into `module`, which must be empty; as load_model() does for PyTorch source.
/// `options.input_types` are the arguments of the model's forward, by position where the name is empty.
[[nodiscard]] Status load_layers(const nn::Layer& model, const LoadOptions& options, Module& module,
                                 Diagnostics& diagnostics, Definition* definition = nullptr);

}  // namespace lathe
