// Kernel IR in LLVM's terms: the primitives of KernelEmitter and ProgramEmitter over an IRBuilder.
//
// Values of bool are i1, of 4-bit integers i4; narrow floats are held as f32 that carry the narrow type's numbers, so
// that an operation is one f32 operation and a rounding. No fast-math flag is ever set. Only llvm_*.cpp include this.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/Module.h"

#include "compiler/codegen/emitter.h"
#include "compiler/codegen/llvm_engine.h"
#include "compiler/codegen/program_emitter.h"

namespace lathe::codegen {

/// Whether a kernel is called from its own module only.
enum class KernelLinkage : uint8_t { Internal, BetweenModules };

/// The function that runs the program.
struct LlvmEntry {
  std::string name;
  /// Whether code outside of the module calls it by name.
  bool is_exported = true;
};

/// Emits kernels as functions of a module, and the entry that calls them.
class LlvmEmitter {
 public:
  using Integer = llvm::Value*;
  using Flag = llvm::Value*;
  using Value = llvm::Value*;
  using Pointer = llvm::Value*;

  LlvmEmitter(llvm::Module& module, const CpuTarget& target, LlvmEntry entry);

  /// Declares the function of a kernel; `shares_memory` says that its parameters may overlap at some call.
  void declare_kernel(kernel::KernelId id, const kernel::Kernel& kernel, bool shares_memory, KernelLinkage linkage);
  /// Makes `id` another name of a kernel that is already declared.
  void reuse_kernel(kernel::KernelId id, kernel::KernelId same);
  /// The kernel that emit_kernel() is called for next.
  void select_kernel(kernel::KernelId id) { selected_ = id; }

  // Primitives of KernelEmitter.
  Integer integer(int64_t value);
  Integer size_symbol(size_t position);
  Integer add(Integer a, Integer b);
  Integer multiply(Integer a, Integer b);
  Integer floor_divide(Integer a, Integer b, Sign sign);
  Integer modulo(Integer a, Integer b, Sign sign);
  Integer minimum(Integer a, Integer b);
  Integer maximum(Integer a, Integer b);
  Flag compare(kernel::Relation relation, Integer a, Integer b);
  Flag both(Flag a, Flag b);
  void open_kernel(const kernel::Kernel& kernel);
  void close_kernel();
  EmittedLoop<Integer, Value> open_loop(const std::string& name, Integer begin, Integer end, Integer step,
                                        std::span<const Value> initial);
  std::vector<Value> close_loop(std::span<const Value> yielded);
  EmittedRegion<Integer, Value> open_parallel(Integer count, int64_t grain, std::span<const Integer> integers,
                                              std::span<const Value> values);
  void close_parallel();
  void open_if(Flag flag);
  void open_else();
  void close_if();
  Value constant(kernel::ValueType type, const ScalarValue& number);
  Value scalar(ScalarOp op, kernel::ValueType type, ElementType operand_type, std::span<const Value> operands);
  Value load(kernel::ValueType type, const EmittedAccess<Integer>& access, const ScalarValue& fill);
  void store(kernel::ValueType type, const EmittedAccess<Integer>& access, Value value);
  Value broadcast(kernel::ValueType type, Value value);
  Value index_vector(kernel::ValueType type, Integer index, Integer stride);
  Value shuffle(kernel::ValueType type, kernel::ValueType source, Value first, Value second,
                std::span<const uint32_t> lanes);
  Integer bind(kernel::ValueType type, Value value, Integer lower, Integer upper, kernel::BindMode mode);

  // Primitives of ProgramEmitter.
  void open_program(const kernel::Program& program);
  void close_program();
  Integer program_symbol(size_t position);
  Pointer input(uint32_t index);
  Pointer output(uint32_t index);
  Pointer data(uint32_t index);
  Pointer arena();
  Pointer advance(Pointer pointer, Integer bytes);
  void open_step(const kernel::Step& step);
  void run(const EmittedRun<Integer, Pointer>& run);
  std::optional<Integer> call(const kernel::CallStep& call,
                              std::span<const EmittedArgument<Integer, Pointer>> arguments);
  void guard(Flag flag, const std::string& message, Integer left, Integer right);

 private:
  struct OpenLoop {
    llvm::BasicBlock* before;
    llvm::BasicBlock* body;
    llvm::BasicBlock* after;
    llvm::PHINode* variable;
    llvm::Value* end;
    llvm::Value* step;
    bool always_runs;
    std::vector<llvm::Value*> initial;
    std::vector<llvm::PHINode*> arguments;
  };
  struct OpenIf {
    llvm::BasicBlock* else_block;
    llvm::BasicBlock* after;
  };
  /// What the statements being emitted see: a kernel's function or the task of a parallel region.
  struct Scope {
    llvm::Function* function = nullptr;
    llvm::Value* execution = nullptr;
    llvm::Value* failed = nullptr;  ///< i32*, when the kernel can fail
    std::vector<llvm::Value*> buffers{};
    std::vector<llvm::Value*> sizes{};
    llvm::IRBuilderBase::InsertPoint resume{};  ///< where the surrounding function goes on
  };
  struct KernelFunction {
    llvm::Function* function = nullptr;
    bool can_fail = false;
  };

  // llvm_emitter.cpp
  llvm::Function* make_function(llvm::FunctionType* type, const std::string& name,
                                llvm::GlobalValue::LinkageTypes linkage);
  llvm::FunctionCallee runtime_function(const std::string& name, llvm::Type* result,
                                        llvm::ArrayRef<llvm::Type*> parameters);
  llvm::Value* stack_slot(llvm::Type* type, uint64_t alignment);
  llvm::Value* local_buffer(const kernel::Buffer& buffer);
  llvm::BasicBlock* new_block(const char* name);
  void enter_scope(Scope scope);

  // llvm_scalar.cpp
  llvm::Type* element_type(ElementType element);
  llvm::Type* value_type(kernel::ValueType type);
  llvm::Value* like(llvm::Value* value, double number);
  llvm::Value* like_integer(llvm::Value* value, int64_t number);
  llvm::Value* arithmetic(ScalarOp op, ElementType element, std::span<const Value> operands);
  llvm::Value* divide(ScalarOp op, ElementType element, llvm::Value* a, llvm::Value* b);
  llvm::Value* float_modulo(ScalarOp op, llvm::Value* a, llvm::Value* b);
  llvm::Value* extremum(ScalarOp op, ElementType element, llvm::Value* a, llvm::Value* b);
  llvm::Value* shift(ScalarOp op, ElementType element, llvm::Value* a, llvm::Value* b);
  llvm::Value* comparison(ScalarOp op, ElementType element, llvm::Value* a, llvm::Value* b);
  llvm::Value* sign(ElementType element, llvm::Value* a);
  llvm::Value* fused_multiply_add(llvm::Value* a, llvm::Value* b, llvm::Value* c);
  llvm::Value* cast(kernel::ValueType type, ElementType from, llvm::Value* a);
  llvm::Value* float_to_integer(kernel::ValueType type, llvm::Value* a);
  llvm::Value* bitcast(kernel::ValueType type, ElementType from, llvm::Value* a);
  llvm::Value* library_call(ScalarOp op, std::span<const Value> operands);

  // llvm_narrow.cpp: f32 numbers to the bits of a narrow format and back.
  llvm::Value* round_to_narrow(ElementType element, llvm::Value* single);
  llvm::Value* narrow_from_double(ElementType element, llvm::Value* value);
  llvm::Value* encode_narrow(ElementType element, llvm::Value* single);
  llvm::Value* decode_narrow(ElementType element, llvm::Value* bits);
  llvm::Value* encode_by_bits(ElementType element, llvm::Value* single);
  llvm::Value* decode_by_bits(ElementType element, llvm::Value* bits);

  // llvm_memory.cpp
  llvm::Type* memory_type(ElementType element, uint32_t lanes);
  llvm::Value* from_memory(ElementType element, llvm::Value* bits);
  llvm::Value* to_memory(ElementType element, llvm::Value* value);
  llvm::Value* address(const EmittedAccess<Integer>& access, ElementType element, uint32_t lane);
  llvm::Value* addresses(const EmittedAccess<Integer>& access, ElementType element, uint32_t lanes);
  llvm::Value* active_mask(llvm::Value* active, uint32_t lanes);
  llvm::Value* load_memory(kernel::ValueType type, const EmittedAccess<Integer>& access, const ScalarValue& fill);
  void store_memory(kernel::ValueType type, const EmittedAccess<Integer>& access, llvm::Value* value);
  llvm::Value* load_packed(kernel::ValueType type, const EmittedAccess<Integer>& access, const ScalarValue& fill);
  void store_packed(kernel::ValueType type, const EmittedAccess<Integer>& access, llvm::Value* value);

  // llvm_program.cpp
  llvm::Value* table_entry(llvm::Value* table, std::vector<llvm::Value*>& cache, uint32_t index);
  llvm::Value* build_struct(const EmittedStruct<Integer, Pointer>& structure);
  void store_callback(llvm::Value* structure, const EmittedField<Integer, Pointer>& field,
                      const EmittedRun<Integer, Pointer>& run);
  llvm::Function* make_thunk(const EmittedRun<Integer, Pointer>& run, llvm::StructType* state);
  void return_if_not_ok(llvm::Value* status);

  llvm::Module& module_;
  const CpuTarget& target_;
  LlvmEntry entry_;
  llvm::LLVMContext& context_;
  llvm::IRBuilder<> builder_;
  std::vector<KernelFunction> kernels_;
  kernel::KernelId selected_;
  const kernel::Kernel* kernel_ = nullptr;
  std::vector<Scope> scopes_;
  std::vector<OpenLoop> loops_;
  std::vector<OpenIf> branches_;
  // The entry's arguments and the pointers already taken from its tables.
  llvm::Value* entry_inputs_ = nullptr;
  llvm::Value* entry_outputs_ = nullptr;
  llvm::Value* entry_data_ = nullptr;
  llvm::Value* entry_arena_ = nullptr;
  llvm::Value* entry_symbols_ = nullptr;
  std::vector<llvm::Value*> inputs_;
  std::vector<llvm::Value*> outputs_;
  std::vector<llvm::Value*> data_;
};

static_assert(KernelEmitter<LlvmEmitter>);
static_assert(ProgramEmitter<LlvmEmitter>);

}  // namespace lathe::codegen
