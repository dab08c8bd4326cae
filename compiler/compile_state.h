// What a CompiledModel holds, by back end. Internal to the compiler library.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "compiler/codegen/entry.h"
#include "compiler/compile.h"
#include "compiler/compile_shapes.h"
#include "ir/graph/op.h"

namespace lathe {

/// What a model takes and gives, with the names and places of its source.
struct Ports {
  std::vector<ModelPort> inputs;
  std::vector<ModelPort> outputs;
};
[[nodiscard]] Ports ports_of(const Graph& graph);
/// Passes may leave a result to another node; its name and place stay, its type is that of the graph now.
void update_types(Ports& ports, const Graph& graph);
/// Whether the kernel-level back ends can carry them: tensors of numbers, and outputs whose sizes the inputs give.
/// LT0901 for each that they can't.
[[nodiscard]] Status check_ports(const Ports& ports, const kernel::Program& program, Diagnostics& diagnostics);

/// Memory aligned to 64 bytes.
class Block {
 public:
  Block() = default;
  /// `data()` is null when the system has no memory.
  explicit Block(size_t bytes);
  [[nodiscard]] std::byte* data() const { return data_.get(); }
  [[nodiscard]] size_t size() const { return size_; }

 private:
  struct Release {
    void operator()(std::byte* memory) const;
  };
  std::unique_ptr<std::byte, Release> data_;
  size_t size_ = 0;
};

/// Arenas that wait for the next run, so that a run does not pay for fresh pages. Used from many threads.
class BlockCache {
 public:
  /// A block of at least `bytes` bytes; its data is null when the system has no memory.
  [[nodiscard]] Block take(size_t bytes);
  void put_back(Block block);

 private:
  static constexpr size_t kMostBlocks = 64;
  std::mutex mutex_;
  std::vector<Block> blocks_;
};

/// Machine code of a program. One of compile_native_llvm.cpp and compile_native_absent.cpp implements it.
class NativeCode {
 public:
  [[nodiscard]] static bool is_available();
  [[nodiscard]] static Result<NativeCode> compile(const kernel::Program& program, const CompileOptions& options,
                                                  Diagnostics& diagnostics);
  NativeCode(NativeCode&&) noexcept;
  NativeCode& operator=(NativeCode&&) noexcept;
  ~NativeCode();
  [[nodiscard]] codegen::ProgramEntry entry() const;

 private:
  struct Implementation;
  explicit NativeCode(std::unique_ptr<Implementation> implementation);
  std::unique_ptr<Implementation> implementation_;
};

/// The program's data rows as pointers, aligned as the rows ask; what was not aligned has been copied.
struct DataTable {
  std::vector<const void*> pointers;
  std::vector<std::shared_ptr<const void>> owners;
  std::vector<Block> copies;
};
[[nodiscard]] DataTable make_data_table(const kernel::Program& program);

struct NativeBackend {
  std::shared_ptr<const void> code;  ///< keeps the entry alive
  codegen::ProgramEntry entry = nullptr;
  DataTable data;
};
struct KernelBackend {
  kernel::Program program;
};
struct GraphBackend {
  Module module;
};

struct ReleasePool {
  void operator()(lathe_thread_pool* pool) const { lathe_thread_pool_destroy(pool); }
};

struct CompiledModel::State {
  std::string name;
  Backend kind = Backend::Interpreter;
  std::vector<ModelPort> inputs;
  std::vector<ModelPort> outputs;
  SymbolTable symbols;
  ShapeBinder binder;
  LocationTable locations;
  CompileReport report;
  std::optional<Dim> arena_bytes;  ///< nothing for the graph interpreter
  std::unique_ptr<lathe_thread_pool, ReleasePool> pool;
  std::variant<std::monostate, NativeBackend, KernelBackend, GraphBackend> backend;
  mutable BlockCache arenas;

  /// LT0701 for inputs that do not fit; values of the symbols.
  [[nodiscard]] Result<std::vector<int64_t>> bind(std::span<const GivenInput> given, Diagnostics& diagnostics) const {
    return binder.bind(inputs, symbols, given, diagnostics);
  }
  /// Bytes of the arena for bound symbols.
  [[nodiscard]] std::optional<uint64_t> arena_size(std::span<const int64_t> symbol_values) const;
};

/// Runs the graph interpreter.
[[nodiscard]] Result<std::vector<Tensor>> interpret(const GraphBackend& backend, std::span<const ModelPort> outputs,
                                                    std::span<const TensorView> inputs, Diagnostics& diagnostics);

/// A copy of a tensor for the graph interpreter.
[[nodiscard]] HostTensor to_host_tensor(const TensorView& view);

/// A failing status of a run as a diagnostic.
Failure report_status(lathe_status status, std::string_view message, Diagnostics& diagnostics);

}  // namespace lathe
