// Kernel IR as C++ source: the primitives of KernelEmitter and ProgramEmitter in the words of lathe/simd.h.
//
// The text is for people as much as for compilers: a function for each kernel, with the layers that use it above, one
// statement a line, names of buffers kept where C++ allows them. Lines are as long as they get; cpp_layout.h breaks
// them. Called by cpp_source.cpp.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "compiler/codegen/emitter.h"
#include "compiler/codegen/interface.h"
#include "compiler/codegen/program_emitter.h"

namespace lathe::codegen {

/// An integer expression. `is_sum` asks for parentheses in products.
struct CppInteger {
  std::string text;
  std::optional<int64_t> constant;
  bool is_sum = false;
};

/// `bytes` behind a base: `arena`, `inputs[2]`.
struct CppPointer {
  std::string base;
  std::string bytes;  ///< empty for 0
};

class CppEmitter {
 public:
  using Integer = CppInteger;
  using Flag = std::string;
  using Value = std::string;
  using Pointer = CppPointer;

  /// `program_name` is that of the function of a program; `describe` gives the comment above a step.
  explicit CppEmitter(std::string program_name = "program",
                      std::function<std::string(const kernel::Step&)> describe = {})
      : program_name_(std::move(program_name)), describe_(std::move(describe)) {}

  /// Names the function of a kernel; `shares_memory` says that its parameters may overlap at some call.
  void declare_kernel(kernel::KernelId id, const kernel::Kernel& kernel, bool shares_memory);
  /// Makes `id` another name of a kernel that is already declared.
  void reuse_kernel(kernel::KernelId id, kernel::KernelId same);
  /// The kernel that emit_kernel() is called for next, and the comment above it.
  void select_kernel(kernel::KernelId id, const std::string& comment);
  /// The name of a kernel's function.
  [[nodiscard]] const std::string& kernel_name(kernel::KernelId id) const { return kernels_[id.index].name; }
  /// A body of statements without a program around it, such as that of a function of sizes.
  void open_body() { ++depth_; }
  /// Everything that was emitted, and the vector types that it uses.
  [[nodiscard]] const std::string& text() const { return text_; }
  [[nodiscard]] const std::set<std::pair<ElementType, uint32_t>>& vector_types() const { return vector_types_; }

  // Primitives of KernelEmitter.
  Integer integer(int64_t value);
  Integer size_symbol(size_t position);
  Integer add(const Integer& a, const Integer& b);
  Integer multiply(const Integer& a, const Integer& b);
  Integer floor_divide(const Integer& a, const Integer& b, Sign sign);
  Integer modulo(const Integer& a, const Integer& b, Sign sign);
  Integer minimum(const Integer& a, const Integer& b);
  Integer maximum(const Integer& a, const Integer& b);
  Flag compare(kernel::Relation relation, const Integer& a, const Integer& b);
  Flag both(const Flag& a, const Flag& b);
  void open_kernel(const kernel::Kernel& kernel);
  void close_kernel();
  EmittedLoop<Integer, Value> open_loop(const std::string& name, const Integer& begin, const Integer& end,
                                        const Integer& step, std::span<const Value> initial);
  std::vector<Value> close_loop(std::span<const Value> yielded);
  EmittedRegion<Integer, Value> open_parallel(const Integer& count, int64_t grain, std::span<const Integer> integers,
                                              std::span<const Value> values);
  void close_parallel();
  void open_if(const Flag& flag);
  void open_else();
  void close_if();
  Value constant(kernel::ValueType type, const ScalarValue& number);
  Value scalar(ScalarOp op, kernel::ValueType type, ElementType operand_type, std::span<const Value> operands);
  Value load(kernel::ValueType type, const EmittedAccess<Integer>& access, const ScalarValue& fill);
  void store(kernel::ValueType type, const EmittedAccess<Integer>& access, const Value& value);
  Value broadcast(kernel::ValueType type, const Value& value);
  Value index_vector(kernel::ValueType type, const Integer& index, const Integer& stride);
  Value shuffle(kernel::ValueType type, kernel::ValueType source, const Value& first, const Value& second,
                std::span<const uint32_t> lanes);
  Integer bind(kernel::ValueType type, const Value& value, const Integer& lower, const Integer& upper,
               kernel::BindMode mode);

  // Primitives of ProgramEmitter.
  void open_program(const kernel::Program& program);
  void close_program();
  Integer program_symbol(size_t position);
  Pointer input(uint32_t index);
  Pointer output(uint32_t index);
  Pointer data(uint32_t index);
  Pointer arena();
  Pointer advance(const Pointer& pointer, const Integer& bytes);
  void open_step(const kernel::Step& step);
  void run(const EmittedRun<Integer, Pointer>& run);
  std::optional<Integer> call(const kernel::CallStep& call,
                              std::span<const EmittedArgument<Integer, Pointer>> arguments);
  void guard(const Flag& flag, const std::string& message, const Integer& left, const Integer& right);

 private:
  struct KernelFunction {
    std::string name;
    std::vector<std::string> parameter_types;  ///< of their elements: `const float`
    bool can_fail = false;
    bool shares_memory = false;
  };
  struct OpenLoop {
    std::vector<std::string> carried;
  };

  // cpp_emitter.cpp
  void line(const std::string& text);
  void comment(const std::string& text);
  void open(const std::string& text);
  void close(const std::string& text = "}");
  [[nodiscard]] std::string unique(const std::string& wanted);
  [[nodiscard]] Integer named(Integer expression);
  [[nodiscard]] static std::string factor(const Integer& integer);
  void declare_locals();
  [[nodiscard]] std::string head(const std::string& body) const;

  // cpp_scalar.cpp
  [[nodiscard]] std::string type_name(kernel::ValueType type);
  [[nodiscard]] Value define(kernel::ValueType type, const std::string& expression);
  [[nodiscard]] std::string number(ElementType element, const ScalarValue& value) const;
  [[nodiscard]] std::string arithmetic(ScalarOp op, kernel::ValueType type, std::span<const Value> operands);
  [[nodiscard]] std::string boolean_arithmetic(ScalarOp op, kernel::ValueType type, std::span<const Value> operands);
  [[nodiscard]] std::string cast(kernel::ValueType type, ElementType from, const Value& value);
  [[nodiscard]] std::string bitcast(kernel::ValueType type, ElementType from, const Value& value);
  [[nodiscard]] std::string wrapped(ElementType element, const std::string& expression) const;

  // cpp_memory.cpp
  [[nodiscard]] std::string place(const EmittedAccess<Integer>& access);

  // cpp_program.cpp
  [[nodiscard]] std::string argument(const EmittedArgument<Integer, Pointer>& argument);
  [[nodiscard]] std::string build_struct(const EmittedStruct<Integer, Pointer>& structure);
  [[nodiscard]] std::string field_value(const EmittedField<Integer, Pointer>& field);
  [[nodiscard]] std::string callback(const EmittedRun<Integer, Pointer>& run);
  [[nodiscard]] std::string arguments_of(const EmittedRun<Integer, Pointer>& run);

  std::string program_name_;
  std::function<std::string(const kernel::Step&)> describe_;
  std::string text_;
  std::string before_;  ///< what comes before the kernel that is being emitted
  size_t depth_ = 0;
  size_t counter_ = 0;
  std::vector<KernelFunction> kernels_;
  kernel::KernelId selected_;
  const kernel::Kernel* kernel_ = nullptr;
  std::set<std::string> names_;
  std::vector<std::string> buffers_;
  std::vector<std::vector<std::string>> outer_buffers_;
  std::vector<std::string> sizes_;
  std::vector<OpenLoop> loops_;
  std::vector<std::pair<std::string, std::string>> parallel_;  ///< task, the call that runs it
  std::map<std::string, kernel::ValueType> value_types_;
  std::set<std::pair<ElementType, uint32_t>> vector_types_;
};

static_assert(KernelEmitter<CppEmitter>);
static_assert(ProgramEmitter<CppEmitter>);

}  // namespace lathe::codegen
