// The compiler as a library: load or build a model, compile it, run it. The one header a C++ host includes.
//
//   lathe::Diagnostics diagnostics;
//   lathe::Module module;
//   if (!lathe::load_model("net.onnx", {}, module, diagnostics)) { ... render_text(diagnostics, module.locations) ... }
//   lathe::Result<lathe::CompiledModel> model = lathe::compile(std::move(module), {}, diagnostics);
//   lathe::Result<std::vector<lathe::Tensor>> outputs = model->run(inputs, diagnostics);
//
// A CompiledModel never changes: any number of threads may run it at the same time. One compilation serves all sizes of
// the model's symbols. An Instance is the fast path: sizes are bound once, its memory is used again, and a run is the
// call of one native function. Failures have been reported to the Diagnostics given. Nothing here has global state.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "compiler/codegen/cpp_source.h"
#include "compiler/frontend/torch/definition.h"
#include "compiler/passes/pipeline.h"
#include "ir/graph/graph.h"
#include "ir/kernel/program.h"
#include "lathe/runtime.h"

namespace lathe {

// ------------------------------------------------------------------------------------------------------------ loading

struct LoadOptions {
  /// Types that replace the declared ones of inputs, by name; `f32[N, 3, H, W]` may name sizes.
  std::vector<std::pair<std::string, TensorType>> input_types = {};
  /// ONNX: values of inputs that are known now, by the constants' names or by position where that is empty, for
  /// operators that need their operands before the model runs. The inputs stay inputs; the module is right only for
  /// these values.
  std::vector<ConstantData> input_values = {};

  // PyTorch source. `input_types` are then the arguments of `forward`, by name, or by position where the name is empty.
  std::string weights = {};  ///< a file of parameters; without one they are initialised at random
  bool strict = true;        ///< names of the file and of the definition must match
  bool train = false;        ///< training mode: batch statistics, dropout
  uint64_t seed = 0;         ///< of random parameters
  bool types_only = false;   ///< nobody will run the module: parameters need no elements

  /// Paths of source files, and texts that stand for them.
  std::vector<std::pair<std::string, std::string>> edited_files = {};
  /// After faults: look for cures, and check each by loading the model again with it.
  bool advise = true;
};

/// Reads a model: `net.onnx`, `net.lathe` (textual graph IR), or PyTorch source, which is read without Python: `net.py`
/// (a script), `net.py:model` (a name of it), `net.py:Net(10)` (an expression). `module` must be empty; on failure it
/// holds the locations that the diagnostics refer to and nothing else of use. Weights stay in the mapped file.
/// `definition` may be null; what there is to say is there after a failure too.
[[nodiscard]] Status load_model(const std::string& path, const LoadOptions& options, Module& module,
                                Diagnostics& diagnostics, Definition* definition = nullptr);
/// Whether `path` names PyTorch source, with or without an entry.
[[nodiscard]] bool names_python(std::string_view path);

// ---------------------------------------------------------------------------------------------------------- compiling

enum class Backend : uint8_t {
  Jit,                ///< native code, by LLVM; not in builds with LATHE_LLVM=OFF
  Ahead,              ///< the same code as a shared library, linked and loaded: what `lathe compile` ships
  Cpp,                ///< emitted C++, compiled by the C++ compiler of the machine and loaded
  Interpreter,        ///< the graph interpreter: slow, and the definition of what is right
  KernelInterpreter,  ///< everything but code generation, with bounds checks: for tests of Lathe
};
/// `jit`, `aot`, `cpp`, `interp`, `kernel-interp`
[[nodiscard]] std::string_view text(Backend backend);
[[nodiscard]] std::optional<Backend> parse_backend(std::string_view name);
/// Whether this build has it.
[[nodiscard]] bool is_available(Backend backend);
/// Jit where it is built in, else Interpreter.
[[nodiscard]] Backend default_backend();

using passes::Numerics;

/// A size for a symbol: `{"N", 8}`.
using NamedSize = std::pair<std::string, int64_t>;

struct CompileOptions {
  Backend backend = default_backend();
  /// Fast may sum convolutions another way, by shape: see docs/architecture.md, Numerics.
  Numerics numerics = Numerics::Fast;
  std::vector<NamedSize> dims = {};  ///< specialises: these symbols become constants
  /// Threads that work on one run that brings no lathe_execution of its own; 0 is one for each CPU.
  int32_t threads = 1;
  /// The instruction set that generated code is cut down to, by the runtime's name (`AVX2`); empty for the one that the
  /// runtime has selected for its kernels.
  std::string target = {};
  std::string linker = {};  ///< for Ahead; empty for the first that is found
  std::string cxx = {};     ///< for Cpp: the compiler; empty for $CXX, else the first that is found
  /// For Cpp. Vectors of the compiler compile six times faster, and give the same bits.
  codegen::CppSimd cpp_simd = codegen::CppSimd::VectorExtension;

  // For people who look into the compiler.
  bool verify_each = passes::kCheckPassesByDefault;  ///< verify and re-parse after every pass
  std::vector<std::string> print_after = {};         ///< passes after which the graph is printed, or `all`
  bool print_changed = false;                        ///< print after every pass that changed something
  std::function<void(std::string_view)> print = {};  ///< takes the text of the two above
  bool remarks = false;                              ///< report why operations were not fused (LT0902)
  std::string reproducer_folder = {};                ///< where a pass that breaks an invariant leaves its input
};

/// Where the time went.
struct CompileReport {
  struct Stage {
    std::string_view name;
    double milliseconds = 0;
  };
  std::vector<Stage> stages;  ///< passes, lower, expand, verify, codegen
  std::vector<passes::PassReport> passes;
  [[nodiscard]] double milliseconds() const;
};

/// The stages of compile(), for tools that show what lies between them. optimize() runs the default passes in place;
/// lower_module() takes the module after that and gives what the back ends carry out.
[[nodiscard]] Status optimize(Module& module, const CompileOptions& options, Diagnostics& diagnostics,
                              CompileReport* report = nullptr);
[[nodiscard]] Result<kernel::Program> lower_module(Module& module, const CompileOptions& options,
                                                   Diagnostics& diagnostics, CompileReport* report = nullptr);

// ------------------------------------------------------------------------------------------------------------ running

/// A tensor in the host's memory: dense, row-major, aligned to its element type. Borrowed for the length of a call.
struct TensorView {
  ElementType element = ElementType::F32;
  std::span<const int64_t> dims;
  const void* data = nullptr;
  std::span<const std::string> strings = {};  ///< instead of `data` when the elements are strings
};

/// A tensor that owns its memory, which is aligned to 64 bytes. Elements of 4 bits are packed, two to a byte.
class Tensor {
 public:
  Tensor() = default;
  /// Zeroed elements. An empty tensor on sizes that cannot be allocated: see `valid()`.
  Tensor(ElementType element, std::vector<int64_t> dims);
  Tensor(Tensor&&) noexcept = default;
  Tensor& operator=(Tensor&&) noexcept = default;

  [[nodiscard]] bool valid() const { return data_ != nullptr || !strings_.empty(); }
  [[nodiscard]] ElementType element() const { return element_; }
  [[nodiscard]] const std::vector<int64_t>& dims() const { return dims_; }
  [[nodiscard]] size_t element_count() const { return count_; }
  [[nodiscard]] std::span<std::byte> bytes() { return {data_.get(), bytes_}; }
  [[nodiscard]] std::span<const std::byte> bytes() const { return {data_.get(), bytes_}; }
  [[nodiscard]] std::vector<std::string>& strings() { return strings_; }
  [[nodiscard]] const std::vector<std::string>& strings() const { return strings_; }
  /// The elements as T, whose size must be that of the element type.
  template <class T>
  [[nodiscard]] std::span<T> as() {
    LATHE_CHECK(info(element_).bits == 8 * sizeof(T));
    return {reinterpret_cast<T*>(data_.get()), count_};
  }
  template <class T>
  [[nodiscard]] std::span<const T> as() const {
    LATHE_CHECK(info(element_).bits == 8 * sizeof(T));
    return {reinterpret_cast<const T*>(data_.get()), count_};
  }
  [[nodiscard]] TensorView view() const { return {element_, dims_, data_.get(), strings_}; }

 private:
  struct Release {
    void operator()(std::byte* memory) const;
  };
  ElementType element_ = ElementType::F32;
  std::vector<int64_t> dims_;
  size_t count_ = 0;
  size_t bytes_ = 0;
  std::unique_ptr<std::byte, Release> data_;
  std::vector<std::string> strings_;
};

/// An input or output of a model; sizes are Dims over its symbols.
struct ModelPort {
  std::string name;
  Type type;
  LocationId location;
};

class CompiledModel;

/// A compiled model with bound sizes and memory of its own: the fast path. Runs one call at a time; threads that run at
/// the same time have an Instance each. It keeps what it needs of its CompiledModel alive.
class Instance {
 public:
  struct State;  ///< internal to the compiler library

  Instance(Instance&&) noexcept;
  Instance& operator=(Instance&&) noexcept;
  ~Instance();

  /// The sizes of outputs, in order, as bound.
  [[nodiscard]] std::span<const std::vector<int64_t>> output_dims() const;
  /// Bytes of the inputs and outputs, in order.
  [[nodiscard]] std::span<const size_t> input_bytes() const;
  [[nodiscard]] std::span<const size_t> output_bytes() const;

  /// One run: a pointer for each input and each output, aligned to their element types. Allocates nothing. The
  /// execution is borrowed; without one it is that of the model's options.
  lathe_status run(const void* const* inputs, void* const* outputs) {
    return entry_(state_, inputs, outputs, execution_);
  }
  lathe_status run(const void* const* inputs, void* const* outputs, const lathe_execution& execution) {
    return entry_(state_, inputs, outputs, &execution);
  }
  /// The sentence of the last run() without an execution that failed.
  [[nodiscard]] std::string_view message() const;

 private:
  friend class CompiledModel;
  using Entry = lathe_status (*)(State*, const void* const*, void* const*, const lathe_execution*);
  explicit Instance(std::unique_ptr<State> state);

  Entry entry_ = nullptr;
  State* state_ = nullptr;  ///< owned
  const lathe_execution* execution_ = nullptr;
};

/// A model that can run. Cheap to move; copies share everything.
class CompiledModel {
 public:
  struct State;  ///< internal to the compiler library

  [[nodiscard]] const std::string& name() const;
  [[nodiscard]] Backend backend() const;
  [[nodiscard]] std::span<const ModelPort> inputs() const;
  [[nodiscard]] std::span<const ModelPort> outputs() const;
  /// What sizes may be: a row for each symbol of the inputs' types, and for sizes known only after a run.
  [[nodiscard]] const SymbolTable& symbols() const;
  /// For rendering diagnostics of this model.
  [[nodiscard]] const LocationTable& locations() const;
  [[nodiscard]] const CompileReport& report() const;

  /// Bytes of temporary memory of one run, without inputs, outputs and weights. Nothing for the graph interpreter, or
  /// when a size is missing or out of bounds.
  [[nodiscard]] std::optional<uint64_t> peak_bytes(std::span<const NamedSize> sizes = {}) const;
  /// The same as a formula in the symbols: `802816*N + 1024`. Empty for the graph interpreter.
  [[nodiscard]] std::string peak_bytes_formula() const;

  /// Runs on one tensor for each input; faults in them are LT0701. Many threads may call it at the same time.
  [[nodiscard]] Result<std::vector<Tensor>> run(std::span<const TensorView> inputs, Diagnostics& diagnostics) const;
  [[nodiscard]] Result<std::vector<Tensor>> run(std::span<const TensorView> inputs, const lathe_execution& execution,
                                                Diagnostics& diagnostics) const;

  /// Binds the sizes of the inputs, one list for each input.
  [[nodiscard]] Result<Instance> instance(std::span<const std::vector<int64_t>> input_dims,
                                          Diagnostics& diagnostics) const;
  /// For models whose input types are static.
  [[nodiscard]] Result<Instance> instance(Diagnostics& diagnostics) const;

 private:
  friend class Instance;
  friend Result<CompiledModel> compile(Module&& module, const CompileOptions& options, Diagnostics& diagnostics);
  explicit CompiledModel(std::shared_ptr<const State> state);

  std::shared_ptr<const State> state_;
};

/// Compiles. On failure the locations that the diagnostics refer to are those of `module`, which is left for them.
[[nodiscard]] Result<CompiledModel> compile(Module&& module, const CompileOptions& options, Diagnostics& diagnostics);

}  // namespace lathe
