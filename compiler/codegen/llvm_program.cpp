// The entry of a program in LLVM IR: pointers into inputs, outputs, data and arena; kernel calls; runtime calls;
// guards.
#include <cstring>

#include "llvm/IR/Constants.h"
#include "llvm/IR/DerivedTypes.h"
#include "llvm/IR/Function.h"

#include "compiler/codegen/llvm_emitter.h"
#include "lathe/runtime.h"

namespace lathe::codegen {

void LlvmEmitter::open_program(const kernel::Program& program) {
  llvm::Type* pointer = builder_.getPtrTy();
  auto* type =
      llvm::FunctionType::get(builder_.getInt32Ty(), {pointer, pointer, pointer, pointer, pointer, pointer}, false);
  llvm::Function* entry = make_function(
      type, entry_.name, entry_.is_exported ? llvm::Function::ExternalLinkage : llvm::Function::InternalLinkage);
  llvm::Value** arguments[] = {&entry_inputs_, &entry_outputs_, &entry_data_, &entry_arena_, &entry_symbols_};
  constexpr const char* kNames[] = {"execution", "inputs", "outputs", "data", "arena", "symbols"};
  for (uint32_t i = 0; i < std::size(kNames); ++i) {
    entry->getArg(i)->setName(kNames[i]);
    if (i > 0) *arguments[i - 1] = entry->getArg(i);
  }
  llvm::BasicBlock* block = llvm::BasicBlock::Create(context_, "entry", entry);
  builder_.SetInsertPoint(block);
  scopes_.push_back({.function = entry, .execution = entry->getArg(0)});
  inputs_.assign(program.inputs.size(), nullptr);
  outputs_.assign(program.outputs.size(), nullptr);
  data_.assign(program.data.size(), nullptr);
}

void LlvmEmitter::close_program() {
  builder_.CreateRet(builder_.getInt32(LATHE_OK));
  scopes_.pop_back();
}

LlvmEmitter::Integer LlvmEmitter::program_symbol(size_t position) {
  return builder_.CreateLoad(builder_.getInt64Ty(),
                             builder_.CreateConstInBoundsGEP1_64(builder_.getInt64Ty(), entry_symbols_, position));
}

/// The entry is one straight line (guards only leave it), so a pointer that was read once is known from there on.
llvm::Value* LlvmEmitter::table_entry(llvm::Value* table, std::vector<llvm::Value*>& cache, uint32_t index) {
  if (cache[index] == nullptr) {
    llvm::Type* pointer = builder_.getPtrTy();
    cache[index] = builder_.CreateLoad(pointer, builder_.CreateConstInBoundsGEP1_64(pointer, table, index));
  }
  return cache[index];
}

LlvmEmitter::Pointer LlvmEmitter::input(uint32_t index) { return table_entry(entry_inputs_, inputs_, index); }
LlvmEmitter::Pointer LlvmEmitter::output(uint32_t index) { return table_entry(entry_outputs_, outputs_, index); }
LlvmEmitter::Pointer LlvmEmitter::data(uint32_t index) { return table_entry(entry_data_, data_, index); }
LlvmEmitter::Pointer LlvmEmitter::arena() { return entry_arena_; }

LlvmEmitter::Pointer LlvmEmitter::advance(Pointer pointer, Integer bytes) {
  return builder_.CreateInBoundsGEP(builder_.getInt8Ty(), pointer, bytes);
}

void LlvmEmitter::open_step(const kernel::Step&) {}

void LlvmEmitter::return_if_not_ok(llvm::Value* status) {
  llvm::BasicBlock* leave = new_block("failed");
  llvm::BasicBlock* go_on = new_block("ok");
  builder_.CreateCondBr(builder_.CreateICmpNE(status, builder_.getInt32(LATHE_OK)), leave, go_on);
  builder_.SetInsertPoint(leave);
  builder_.CreateRet(status);
  builder_.SetInsertPoint(go_on);
}

void LlvmEmitter::run(const EmittedRun<Integer, Pointer>& run) {
  const KernelFunction& kernel = kernels_[run.kernel.index];
  std::vector<llvm::Value*> arguments = {scopes_.back().execution};
  arguments.insert(arguments.end(), run.buffers.begin(), run.buffers.end());
  arguments.insert(arguments.end(), run.sizes.begin(), run.sizes.end());
  llvm::Value* status = builder_.CreateCall(kernel.function, arguments);
  if (kernel.can_fail) return_if_not_ok(status);
}

/// The function that the runtime calls back; its state holds the kernel's arguments but the last four.
llvm::Function* LlvmEmitter::make_thunk(const EmittedRun<Integer, Pointer>& run, llvm::StructType* state) {
  const auto here = builder_.saveIP();
  llvm::Type* i64 = builder_.getInt64Ty();
  auto* type = llvm::FunctionType::get(builder_.getVoidTy(), {builder_.getPtrTy(), i64, i64, i64, i64}, false);
  llvm::Function* kernel = kernels_[run.kernel.index].function;
  llvm::Function* thunk = make_function(type, kernel->getName().str() + ".callback", llvm::Function::InternalLinkage);
  builder_.SetInsertPoint(llvm::BasicBlock::Create(context_, "entry", thunk));
  std::vector<llvm::Value*> arguments;
  for (uint32_t i = 0; i < state->getNumElements(); ++i) {
    arguments.push_back(
        builder_.CreateLoad(state->getElementType(i), builder_.CreateStructGEP(state, thunk->getArg(0), i)));
  }
  for (uint32_t i = 1; i <= kernel::kCallbackSizes.size(); ++i) arguments.push_back(thunk->getArg(i));
  builder_.CreateCall(kernel, arguments);
  builder_.CreateRetVoid();
  builder_.restoreIP(here);
  return thunk;
}

void LlvmEmitter::store_callback(llvm::Value* structure, const EmittedField<Integer, Pointer>& field,
                                 const EmittedRun<Integer, Pointer>& run) {
  std::vector<llvm::Value*> captured = {scopes_.back().execution};
  captured.insert(captured.end(), run.buffers.begin(), run.buffers.end());
  captured.insert(captured.end(), run.sizes.begin(), run.sizes.end());
  std::vector<llvm::Type*> types;
  for (const llvm::Value* value : captured) types.push_back(value->getType());
  llvm::StructType* state_type = llvm::StructType::get(context_, types);
  llvm::Value* state = stack_slot(state_type, 8);
  for (uint32_t i = 0; i < captured.size(); ++i) {
    builder_.CreateStore(captured[i], builder_.CreateStructGEP(state_type, state, i));
  }
  const auto& callback = std::get<kernel::CallbackField>(field.field->value);
  llvm::Type* byte = builder_.getInt8Ty();
  builder_.CreateStore(make_thunk(run, state_type),
                       builder_.CreateConstInBoundsGEP1_64(byte, structure, field.field->offset));
  builder_.CreateStore(state, builder_.CreateConstInBoundsGEP1_64(byte, structure, callback.state_offset));
}

namespace {

template <class T>
void put(std::string& bytes, uint32_t offset, T value) {
  LATHE_CHECK(offset + sizeof(T) <= bytes.size());
  std::memcpy(bytes.data() + offset, &value, sizeof(T));
}

}  // namespace

/// What is constant comes from a constant in the module; only the rest is stored, and nothing where all is constant.
llvm::Value* LlvmEmitter::build_struct(const EmittedStruct<Integer, Pointer>& structure) {
  std::string bytes(structure.type->size, '\0');
  std::vector<const EmittedField<Integer, Pointer>*> computed;
  for (const auto& field : structure.fields) {
    const uint32_t offset = field.field->offset;
    const auto* integer_field = std::get_if<EmittedInteger<Integer>>(&field.value);
    const auto* constant = integer_field == nullptr ? nullptr : llvm::dyn_cast<llvm::ConstantInt>(integer_field->value);
    if (constant != nullptr && integer_field->bits == 64) {
      put(bytes, offset, constant->getSExtValue());
    } else if (constant != nullptr) {
      put(bytes, offset, static_cast<int32_t>(constant->getSExtValue()));
    } else if (const auto* number = std::get_if<uint32_t>(&field.value)) {
      put(bytes, offset, *number);
    } else if (const auto* real = std::get_if<float>(&field.value)) {
      put(bytes, offset, *real);
    } else if (!std::holds_alternative<kernel::NullField>(field.value)) {
      computed.push_back(&field);
    }
  }
  llvm::Constant* content = llvm::ConstantDataArray::getString(context_, bytes, false);
  auto* image = new llvm::GlobalVariable(module_, content->getType(), true, llvm::GlobalVariable::PrivateLinkage,
                                         content, structure.type->type);
  image->setAlignment(llvm::Align(8));
  if (computed.empty()) return image;
  llvm::Value* memory = stack_slot(content->getType(), 8);
  builder_.CreateMemCpy(memory, llvm::Align(8), image, llvm::Align(8), bytes.size());
  for (const auto* field : computed) {
    llvm::Value* place = builder_.CreateConstInBoundsGEP1_64(builder_.getInt8Ty(), memory, field->field->offset);
    if (const auto* number = std::get_if<EmittedInteger<Integer>>(&field->value)) {
      builder_.CreateStore(builder_.CreateTrunc(number->value, builder_.getIntNTy(number->bits)), place);
    } else if (const auto* pointer = std::get_if<llvm::Value*>(&field->value)) {
      builder_.CreateStore(*pointer, place);
    } else {
      store_callback(memory, *field, std::get<EmittedRun<Integer, Pointer>>(field->value));
    }
  }
  return memory;
}

std::optional<LlvmEmitter::Integer> LlvmEmitter::call(const kernel::CallStep& call,
                                                      std::span<const EmittedArgument<Integer, Pointer>> arguments) {
  std::vector<llvm::Value*> values;
  std::vector<llvm::Type*> types;
  for (const auto& argument : arguments) {
    values.push_back(std::visit(
        Overloaded{[&](const kernel::ExecutionArgument&) { return scopes_.back().execution; },
                   [&](const kernel::NullArgument&) -> llvm::Value* {
                     return llvm::ConstantPointerNull::get(builder_.getPtrTy());
                   },
                   [](llvm::Value* pointer) { return pointer; },
                   [&](const EmittedInteger<Integer>& number) {
                     return builder_.CreateTrunc(number.value, builder_.getIntNTy(number.bits));
                   },
                   [&](float number) -> llvm::Value* { return llvm::ConstantFP::get(builder_.getFloatTy(), number); },
                   [&](const EmittedStruct<Integer, Pointer>& structure) { return build_struct(structure); }},
        argument));
    types.push_back(values.back()->getType());
  }
  llvm::Type* result =
      std::visit(Overloaded{[&](const kernel::StatusResult&) -> llvm::Type* { return builder_.getInt32Ty(); },
                            [&](const kernel::NoResult&) { return builder_.getVoidTy(); },
                            [&](const kernel::SymbolResult&) -> llvm::Type* { return builder_.getInt64Ty(); }},
                 call.result);
  llvm::Value* returned = builder_.CreateCall(runtime_function(call.function, result, types), values);
  if (std::holds_alternative<kernel::StatusResult>(call.result)) return_if_not_ok(returned);
  if (std::holds_alternative<kernel::SymbolResult>(call.result)) return returned;
  return std::nullopt;
}

void LlvmEmitter::guard(Flag flag, const std::string& message, Integer left, Integer right) {
  llvm::BasicBlock* fails = new_block("guard");
  llvm::BasicBlock* holds = new_block("holds");
  builder_.CreateCondBr(flag, holds, fails);
  builder_.SetInsertPoint(fails);
  llvm::Type* pointer = builder_.getPtrTy();
  llvm::Type* i32 = builder_.getInt32Ty();
  llvm::Type* i64 = builder_.getInt64Ty();
  llvm::Type* pair = llvm::ArrayType::get(i64, 2);
  llvm::Value* numbers = stack_slot(pair, 8);
  builder_.CreateStore(left, numbers);
  builder_.CreateStore(right, builder_.CreateConstInBoundsGEP1_64(i64, numbers, 1));
  llvm::Value* text = builder_.CreateGlobalString(message);
  llvm::Value* status = builder_.CreateCall(
      runtime_function("lathe_fail", i32, {pointer, i32, pointer, pointer, i32}),
      {scopes_.back().execution, builder_.getInt32(LATHE_SHAPE_GUARD_FAILED), text, numbers, builder_.getInt32(2)});
  builder_.CreateRet(status);
  builder_.SetInsertPoint(holds);
}

}  // namespace lathe::codegen
