// How a layer of the library is written: the two helpers that its `__init__` and its `forward` get.
//
//   Status make_linear(LayerBuilder& layer);                // checks arguments, sets attributes, adds parameters
//   Result<Value> run_linear(LayerCall& layer);             // reads attributes and parameters, makes nodes
//   constexpr NativeFunctionRow kLinear[] = {
//       {"__init__", "self, in_features, out_features, bias=True, device=None, dtype=None", constructor<make_linear>},
//       {"forward", "self, input", forward<run_linear>},
//       {"extra_repr", "self", layer_text<text_of_linear>}};
//   constexpr NativeClassRow kClasses[] = {{"Linear", "torch.nn.Module", kLinear}};
//
// Everything that forward needs is an attribute of `self`, as in PyTorch: programs may read it and change it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "compiler/frontend/torch/nn/module.h"
#include "compiler/frontend/torch/nn/operation.h"

namespace lathe::torch {

/// PyTorch's default for weights and biases of Linear and convolutions (kaiming_uniform with a = sqrt(5)): uniform
/// below 1 / sqrt(fan_in).
[[nodiscard]] Initialization fan_in_uniform(int64_t fan_in);

/// A layer under construction. Faults have the kind `constructor` and stand at the argument.
class LayerBuilder {
 public:
  LayerBuilder(NativeCall& call, ObjectId self);

  [[nodiscard]] Evaluator& evaluator() const { return call_->evaluator; }
  [[nodiscard]] Tracer& tracer() const { return tracer_of(call_->evaluator); }
  [[nodiscard]] NativeCall& call() const { return *call_; }
  [[nodiscard]] ObjectId self() const { return self_; }
  [[nodiscard]] const std::string& type_name() const { return type_name_; }  ///< "Linear", or the user's subclass

  // --------------------------------------------------------------------------------------------------------- arguments
  [[nodiscard]] const Value& argument(std::string_view parameter) const { return call_->argument(parameter); }
  [[nodiscard]] bool is_none(std::string_view parameter) const { return call_->is_none(parameter); }
  /// A whole number that is known now and at least `least`.
  [[nodiscard]] Result<int64_t> size(std::string_view parameter, int64_t least = 0) const;
  /// One number for all `count` axes, or a tuple with one for each.
  [[nodiscard]] Result<Integers> sizes(std::string_view parameter, size_t count, int64_t least) const;
  /// Python's truth.
  [[nodiscard]] Result<bool> flag(std::string_view parameter) const { return call_->truth(parameter); }
  [[nodiscard]] Result<double> number(std::string_view parameter) const;
  /// One of `choices`.
  [[nodiscard]] Result<std::string> choice(std::string_view parameter,
                                           std::initializer_list<std::string_view> choices) const;
  /// A probability in [0, 1].
  [[nodiscard]] Result<double> probability(std::string_view parameter) const;
  /// The `dtype` argument; float32 without one.
  [[nodiscard]] ElementType element(std::string_view parameter = "dtype") const;
  template <class... Arguments>
  DiagnosticBuilder error(std::string_view parameter, std::string_view exception,
                          fmt::format_string<Arguments...> format, Arguments&&... arguments) const {
    return call_->error_at(call_->place(parameter), DiagnosticKind::Constructor, exception,
                           fmt::format(format, std::forward<Arguments>(arguments)...));
  }

  // -------------------------------------------------------------------------------------------------------------- self
  void set(std::string_view name, const Value& value) const { set_attribute(evaluator(), self_, name, value); }
  void set(std::string_view name, int64_t value) const { set(name, integer(value)); }
  void set(std::string_view name, double value) const { set(name, Value(value)); }
  void set_flag(std::string_view name, bool value) const { set(name, Value(value)); }
  void set_text(std::string_view name, std::string value) const;
  void set_sizes(std::string_view name, const Integers& values) const;  ///< a tuple
  /// The arguments as they were given, under their own names.
  void keep(std::initializer_list<std::string_view> parameters) const;
  /// A parameter or persistent buffer that weights may give. Fails when its size is beyond what can be addressed.
  Status parameter(std::string_view name, Integers dims, Initialization initialization,
                   ElementType element = ElementType::F32) const;
  Status buffer(std::string_view name, Integers dims, Initialization initialization,
                ElementType element = ElementType::F32) const;
  void absent_parameter(std::string_view name) const;  ///< registered as None, as `bias=False` does
  void absent_buffer(std::string_view name) const;
  void module(std::string_view name, const Value& module) const;
  /// A module of the library as a child: make("torch.nn.Linear", {integer(3), integer(4)}).
  Result<Value> make(std::string_view path, std::vector<Value> positional,
                     std::vector<std::pair<std::string_view, Value>> keywords = {}) const;

 private:
  Result<int64_t> whole_number(std::string_view parameter, const Value& value, int64_t least,
                               std::string_view entry) const;

  NativeCall* call_;
  ObjectId self_;
  std::string type_name_;
};

/// A call of a layer. Faults stand at the call, or where the layer was made when a container of the library calls it.
class LayerCall : public Operation {
 public:
  LayerCall(NativeCall& call, ObjectId self);

  [[nodiscard]] NativeCall& call() const { return *call_; }
  [[nodiscard]] ObjectId self() const { return self_; }

  /// The graph value of a tensor argument of forward. Faults: a tuple, None, or something else is given.
  [[nodiscard]] Result<ValueId> input(std::string_view parameter = "input") const;
  [[nodiscard]] Result<TensorId> input_tensor(std::string_view parameter = "input") const;
  [[nodiscard]] const Value& argument(std::string_view parameter) const { return call_->argument(parameter); }

  // Attributes of self, as the program sees them; a fault when one is absent or has become something else.
  [[nodiscard]] Result<Value> attribute(std::string_view name) const;
  [[nodiscard]] Result<int64_t> integer(std::string_view name) const;
  [[nodiscard]] Result<double> number(std::string_view name) const;
  [[nodiscard]] Result<bool> flag(std::string_view name) const;
  [[nodiscard]] Result<std::string> string(std::string_view name) const;
  /// One number for all `count` axes, or one for each.
  [[nodiscard]] Result<Integers> integers(std::string_view name, size_t count) const;
  [[nodiscard]] Result<bool> is_none(std::string_view name) const;
  [[nodiscard]] Result<bool> training() const { return flag("training"); }
  /// The graph value of a parameter or buffer; an invalid id when it is None.
  [[nodiscard]] Result<ValueId> parameter(std::string_view name) const;

 private:
  NativeCall* call_;
  ObjectId self_;
};

/// The module that a method is called on; a fault when `self` is something else (`nn.Linear.forward(3, x)`).
[[nodiscard]] Result<ObjectId> self_of(NativeCall& call);

/// The arguments `*args, **kwargs` of a method as those of another call.
[[nodiscard]] Result<Arguments> passed_on(NativeCall& call);

using LayerMaker = Status (*)(LayerBuilder& layer);
using LayerRunner = Result<Value> (*)(LayerCall& layer);
/// What stands between the parentheses of repr().
using LayerText = Result<std::string> (*)(LayerCall& layer);

Result<Value> run_constructor(NativeCall& call, LayerMaker make);
Result<Value> run_forward(NativeCall& call, LayerRunner run);
Result<Value> run_layer_text(NativeCall& call, LayerText text);

/// `__init__`: runs nn.Module.__init__, then `make`. With an Unknown argument the layer becomes an unknown module.
template <LayerMaker make>
Result<Value> constructor(NativeCall& call) {
  return run_constructor(call, make);
}
/// `forward`: Unknown when an argument is Unknown, else `run`.
template <LayerRunner run>
Result<Value> forward(NativeCall& call) {
  return run_forward(call, run);
}
template <LayerText text>
Result<Value> layer_text(NativeCall& call) {
  return run_layer_text(call, text);
}

}  // namespace lathe::torch
