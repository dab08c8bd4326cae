// The descriptor and the entries of an artefact.
#include "compiler/codegen/llvm_interface.h"

#include <fmt/format.h>

#include <vector>

#include "llvm/IR/Constants.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/Intrinsics.h"

#include "compiler/codegen/index_emitter.h"
#include "lathe/model.h"

namespace lathe::codegen {
namespace {

constexpr uint64_t kLargest = static_cast<uint64_t>(std::numeric_limits<int64_t>::max());

/// Integers that stay at the largest number instead of running over it: what IndexEmitter asks of an emitter. Sizes are
/// not negative, so nothing runs over at the other end.
class SaturatingIntegers {
 public:
  using Integer = llvm::Value*;

  explicit SaturatingIntegers(llvm::IRBuilder<>& builder) : builder_(builder) {}

  Integer integer(int64_t value) { return builder_.getInt64(static_cast<uint64_t>(value)); }
  Integer add(Integer a, Integer b) { return builder_.CreateBinaryIntrinsic(llvm::Intrinsic::sadd_sat, a, b); }
  Integer multiply(Integer a, Integer b) {
    llvm::Value* pair = builder_.CreateBinaryIntrinsic(llvm::Intrinsic::smul_with_overflow, a, b);
    llvm::Value* is_negative = builder_.CreateICmpSLT(builder_.CreateXor(a, b), integer(0));
    llvm::Value* limit =
        builder_.CreateSelect(is_negative, integer(std::numeric_limits<int64_t>::min()), builder_.getInt64(kLargest));
    return builder_.CreateSelect(builder_.CreateExtractValue(pair, 1), limit, builder_.CreateExtractValue(pair, 0));
  }
  Integer floor_divide(Integer a, Integer b, Sign) {
    llvm::Value* divisor = maximum(b, integer(1));
    llvm::Value* rest = builder_.CreateSRem(a, divisor);
    llvm::Value* below = builder_.CreateZExt(builder_.CreateICmpSLT(rest, integer(0)), builder_.getInt64Ty());
    return builder_.CreateSub(builder_.CreateSDiv(a, divisor), below);
  }
  Integer modulo(Integer a, Integer b, Sign) {
    llvm::Value* divisor = maximum(b, integer(1));
    llvm::Value* rest = builder_.CreateSRem(a, divisor);
    return builder_.CreateSelect(builder_.CreateICmpSLT(rest, integer(0)), builder_.CreateAdd(rest, divisor), rest);
  }
  Integer minimum(Integer a, Integer b) { return builder_.CreateBinaryIntrinsic(llvm::Intrinsic::smin, a, b); }
  Integer maximum(Integer a, Integer b) { return builder_.CreateBinaryIntrinsic(llvm::Intrinsic::smax, a, b); }

 private:
  llvm::IRBuilder<>& builder_;
};

class InterfaceEmitter {
 public:
  InterfaceEmitter(const kernel::Program& program, const Interface& interface, const CpuTarget& base,
                   std::span<const LlvmVariant> variants, llvm::Module& module)
      : program_(program),
        interface_(interface),
        base_(base),
        variants_(variants),
        module_(module),
        context_(module.getContext()),
        builder_(context_),
        pointer_(builder_.getPtrTy()) {}

  void emit() {
    llvm::Function* sizes = emit_sizes();
    make_model(sizes);
    emit_model_function();
    llvm::Function* run_in = emit_entry(EntryKind::RunIn);
    if (interface_.stack_arena()) {
      emit_run_on_stack(run_in);
    } else {
      emit_entry(EntryKind::Run);
    }
  }

 private:
  // ---------------------------------------------------------------------------------------------------- constants

  llvm::Constant* null() { return llvm::ConstantPointerNull::get(pointer_); }
  llvm::Constant* number(int64_t value) { return builder_.getInt64(static_cast<uint64_t>(value)); }
  llvm::Constant* count(size_t value) { return builder_.getInt32(static_cast<uint32_t>(value)); }

  llvm::GlobalVariable* global(llvm::Constant* value, const std::string& name, bool is_constant, uint64_t alignment) {
    auto* variable =
        new llvm::GlobalVariable(module_, value->getType(), is_constant, llvm::GlobalValue::InternalLinkage, value,
                                 interface_.prefix + "." + name);
    variable->setAlignment(llvm::Align(alignment));
    return variable;
  }

  llvm::Constant* text(const std::string& value) {
    auto* bytes = llvm::ConstantDataArray::getString(context_, value);
    auto* variable = global(bytes, "text", true, 1);
    variable->setUnnamedAddr(llvm::GlobalValue::UnnamedAddr::Global);
    return variable;
  }

  /// A C struct, laid out as C does it; its size is checked against what the compiler of this file says.
  llvm::Constant* structure(std::vector<llvm::Constant*> fields, size_t bytes) {
    llvm::Constant* value = llvm::ConstantStruct::getAnon(context_, fields);
    LATHE_CHECK(module_.getDataLayout().getTypeAllocSize(value->getType()).getFixedValue() == bytes);
    return value;
  }

  llvm::Constant* table(const std::vector<llvm::Constant*>& rows, const std::string& name) {
    if (rows.empty()) return null();
    return global(llvm::ConstantArray::get(llvm::ArrayType::get(rows[0]->getType(), rows.size()), rows), name, true, 8);
  }

  llvm::Constant* ports(const std::vector<InterfacePort>& ports, const std::string& name) {
    std::vector<llvm::Constant*> rows;
    for (const InterfacePort& port : ports) {
      std::vector<llvm::Constant*> axes;
      for (const InterfaceAxis& axis : port.axes) {
        axes.push_back(structure({number(axis.size.as_constant().value_or(-1)), text(axis.text)}, sizeof(lathe_axis)));
      }
      rows.push_back(structure({text(port.name), table(axes, "axes"), count(port.axes.size()),
                                builder_.getInt32(static_cast<uint32_t>(element_code(port.element)))},
                               sizeof(lathe_port)));
    }
    return table(rows, name);
  }

  llvm::Constant* symbols() {
    std::vector<llvm::Constant*> rows;
    for (const InterfaceSymbol& symbol : interface_.symbols) {
      const auto place = [&](uint32_t kernel::FromInput::* field) {
        return builder_.getInt32(symbol.source ? (*symbol.source).*field : static_cast<uint32_t>(-1));
      };
      rows.push_back(structure({text(symbol.name), number(symbol.least), number(symbol.most),
                                place(&kernel::FromInput::input), place(&kernel::FromInput::axis)},
                               sizeof(lathe_symbol)));
    }
    return table(rows, "symbols");
  }

  llvm::Constant* variants() {
    std::vector<llvm::Constant*> rows;
    for (const LlvmVariant& variant : variants_) {
      rows.push_back(structure({text(variant.cpu), text(variant.isa), variant.entry}, sizeof(lathe_variant)));
    }
    return table(rows, "variants");
  }

  /// The bytes of a row, aligned as it asks.
  llvm::Constant* bytes_of(const kernel::Data& data) {
    const llvm::StringRef bytes(reinterpret_cast<const char*>(data.bytes.data()), data.bytes.size());
    return global(llvm::ConstantDataArray::getRaw(bytes, bytes.size(), builder_.getInt8Ty()), "data", true,
                  std::max<uint32_t>(data.alignment, 1));
  }

  /// The pointers that programs read.
  llvm::Constant* data() {
    if (program_.data.empty()) return null();
    std::vector<llvm::Constant*> rows;
    const bool is_embedded = interface_.weights == WeightsPlace::Embedded;
    for (const kernel::Data& data : program_.data) rows.push_back(is_embedded ? bytes_of(data) : null());
    return global(llvm::ConstantArray::get(llvm::ArrayType::get(pointer_, rows.size()), rows), "pointers", is_embedded,
                  8);
  }

  llvm::Constant* data_rows() {
    if (interface_.weights == WeightsPlace::Embedded) return null();
    std::vector<llvm::Constant*> rows;
    for (const InterfaceData& row : interface_.data) {
      rows.push_back(structure({builder_.getInt64(row.offset), builder_.getInt64(row.bytes)}, sizeof(lathe_data_row)));
    }
    // A table of no rows still says that the weights lie in a file.
    if (rows.empty()) rows.push_back(structure({number(0), number(0)}, sizeof(lathe_data_row)));
    return table(rows, "data_rows");
  }

  void make_model(llvm::Function* sizes) {
    state_ = global(structure({null(), null(), null(), number(0)}, sizeof(lathe_model_state)), "state", false, 8);
    data_ = data();
    model_ = global(
        structure({builder_.getInt32(sizeof(lathe_model)), builder_.getInt32(LATHE_RUNTIME_VERSION),
                   text(interface_.model), ports(interface_.inputs, "inputs"), ports(interface_.outputs, "outputs"),
                   symbols(), variants(), sizes, data_, data_rows(), builder_.getInt64(interface_.fingerprint), state_,
                   count(interface_.inputs.size()), count(interface_.outputs.size()), count(interface_.symbols.size()),
                   count(variants_.size()), count(program_.data.size()), count(interface_.sizes.size())},
                  sizeof(lathe_model)),
        "description", true, 8);
  }

  // ---------------------------------------------------------------------------------------------------- functions

  llvm::Function* function(llvm::Type* result, llvm::ArrayRef<llvm::Type*> parameters, const std::string& name,
                           llvm::GlobalValue::LinkageTypes linkage) {
    auto* made = llvm::Function::Create(llvm::FunctionType::get(result, parameters, false), linkage, name, module_);
    made->addFnAttr(llvm::Attribute::NoUnwind);
    made->addFnAttr("target-features", base_.features);
    builder_.SetInsertPoint(llvm::BasicBlock::Create(context_, "entry", made));
    return made;
  }

  llvm::Value* slot(llvm::Type* type, uint64_t alignment) {
    llvm::AllocaInst* memory = builder_.CreateAlloca(type);
    memory->setAlignment(llvm::Align(alignment));
    return memory;
  }

  /// lathe_sizes_fn
  llvm::Function* emit_sizes() {
    llvm::Function* made = function(builder_.getVoidTy(), {pointer_, pointer_}, interface_.prefix + ".sizes",
                                    llvm::Function::InternalLinkage);
    llvm::Type* i64 = builder_.getInt64Ty();
    SaturatingIntegers integers(builder_);
    IndexEmitter<SaturatingIntegers> index(integers, program_.symbols);
    for (size_t i = 0; i < program_.symbols.rows().size(); ++i) {
      llvm::Value* place = builder_.CreateConstInBoundsGEP1_64(i64, made->getArg(0), i);
      index.define(program_.symbols.rows()[i].name, builder_.CreateLoad(i64, place));
    }
    for (size_t i = 0; i < interface_.sizes.size(); ++i) {
      llvm::Value* place = builder_.CreateConstInBoundsGEP1_64(i64, made->getArg(1), i);
      builder_.CreateStore(index.emit(interface_.sizes[i]), place);
    }
    builder_.CreateRetVoid();
    return made;
  }

  void emit_model_function() {
    function(pointer_, {}, interface_.prefix + "_model", llvm::Function::ExternalLinkage);
    builder_.CreateRet(model_);
  }

  /// An array on the stack that holds the arguments of one role; null for none.
  llvm::Value* gather(llvm::Function* entry, const std::vector<EntryParameter>& parameters, EntryParameter::Role role,
                      size_t rows, llvm::Type* type) {
    if (rows == 0) return null();
    llvm::Value* array = slot(llvm::ArrayType::get(type, rows), 8);
    std::vector<bool> is_given(rows, false);
    for (uint32_t i = 0; i < parameters.size(); ++i) {
      if (parameters[i].role != role) continue;
      builder_.CreateStore(entry->getArg(i), builder_.CreateConstInBoundsGEP1_64(type, array, parameters[i].index));
      is_given[parameters[i].index] = true;
    }
    for (size_t i = 0; i < rows; ++i) {
      if (!is_given[i]) {
        builder_.CreateStore(llvm::Constant::getNullValue(type), builder_.CreateConstInBoundsGEP1_64(type, array, i));
      }
    }
    return array;
  }

  /// The entry as declared, with a block to fill.
  llvm::Function* declare_entry(EntryKind kind) {
    const std::vector<EntryParameter> parameters = entry_parameters(interface_, kind);
    std::vector<llvm::Type*> types;
    for (const EntryParameter& parameter : parameters) {
      const bool is_number = parameter.role == EntryParameter::Role::Symbol;
      types.push_back(is_number ? builder_.getInt64Ty() : static_cast<llvm::Type*>(pointer_));
    }
    llvm::Function* entry =
        function(builder_.getInt32Ty(), types, interface_.prefix + (kind == EntryKind::Run ? "_run" : "_run_in"),
                 llvm::Function::ExternalLinkage);
    for (uint32_t i = 0; i < parameters.size(); ++i) entry->getArg(i)->setName(parameters[i].name);
    return entry;
  }

  /// PREFIX_run with an arena of its own: PREFIX_run_in without an execution.
  void emit_run_on_stack(llvm::Function* run_in) {
    llvm::Function* entry = declare_entry(EntryKind::Run);
    std::vector<llvm::Value*> arguments = {null()};
    for (llvm::Argument& argument : entry->args()) arguments.push_back(&argument);
    const auto bytes = static_cast<uint64_t>(*interface_.stack_arena());
    arguments.push_back(slot(llvm::ArrayType::get(builder_.getInt8Ty(), bytes == 0 ? 64 : bytes), 64));
    builder_.CreateRet(builder_.CreateCall(run_in, arguments));
  }

  llvm::Function* emit_entry(EntryKind kind) {
    using Role = EntryParameter::Role;
    llvm::Function* entry = declare_entry(kind);
    const std::vector<EntryParameter> parameters = entry_parameters(interface_, kind);
    llvm::Value* execution = null();
    llvm::Value* arena = null();
    for (uint32_t i = 0; i < parameters.size(); ++i) {
      if (parameters[i].role == Role::Execution) execution = entry->getArg(i);
      if (parameters[i].role == Role::Arena) arena = entry->getArg(i);
    }
    llvm::Value* inputs = gather(entry, parameters, Role::Input, interface_.inputs.size(), pointer_);
    llvm::Value* outputs = gather(entry, parameters, Role::Output, interface_.outputs.size(), pointer_);
    llvm::Value* symbols = gather(entry, parameters, Role::Symbol, interface_.symbols.size(), builder_.getInt64Ty());
    // A model of fixed sizes whose weights are here has nothing to check once its variant is chosen.
    const bool is_ready =
        kind == EntryKind::RunIn && interface_.is_static() && interface_.weights == WeightsPlace::Embedded;
    if (is_ready) {
      emit_direct_call(entry, execution, inputs, outputs, arena, symbols);
    } else {
      emit_checked_call(execution, inputs, outputs, arena, symbols);
    }
    return entry;
  }

  /// Calls the chosen variant; the first call chooses it. Of the runtime this takes the choice only.
  void emit_direct_call(llvm::Function* entry, llvm::Value* execution, llvm::Value* inputs, llvm::Value* outputs,
                        llvm::Value* arena, llvm::Value* symbols) {
    llvm::Value* status = slot(builder_.getInt32Ty(), 4);
    llvm::LoadInst* loaded = builder_.CreateAlignedLoad(pointer_, state_, llvm::Align(8));
    loaded->setAtomic(llvm::AtomicOrdering::Monotonic);
    llvm::BasicBlock* begin = builder_.GetInsertBlock();
    llvm::BasicBlock* is_first = llvm::BasicBlock::Create(context_, "first", entry);
    llvm::BasicBlock* has_none = llvm::BasicBlock::Create(context_, "none", entry);
    llvm::BasicBlock* is_chosen = llvm::BasicBlock::Create(context_, "chosen", entry);
    builder_.CreateCondBr(builder_.CreateIsNull(loaded), is_first, is_chosen);

    builder_.SetInsertPoint(is_first);
    auto* choose = llvm::FunctionType::get(pointer_, std::vector<llvm::Type*>(3, pointer_), false);
    llvm::Value* chosen =
        builder_.CreateCall(module_.getOrInsertFunction("lathe_model_program", choose), {model_, execution, status});
    builder_.CreateCondBr(builder_.CreateIsNull(chosen), has_none, is_chosen);
    builder_.SetInsertPoint(has_none);
    builder_.CreateRet(builder_.CreateLoad(builder_.getInt32Ty(), status));

    builder_.SetInsertPoint(is_chosen);
    llvm::PHINode* run = builder_.CreatePHI(pointer_, 2);
    run->addIncoming(loaded, begin);
    run->addIncoming(chosen, is_first);
    auto* type = llvm::FunctionType::get(builder_.getInt32Ty(), std::vector<llvm::Type*>(6, pointer_), false);
    builder_.CreateRet(builder_.CreateCall(type, run, {execution, inputs, outputs, data_, arena, symbols}));
  }

  void emit_checked_call(llvm::Value* execution, llvm::Value* inputs, llvm::Value* outputs, llvm::Value* arena,
                         llvm::Value* symbols) {
    auto* type = llvm::FunctionType::get(builder_.getInt32Ty(), std::vector<llvm::Type*>(6, pointer_), false);
    builder_.CreateRet(builder_.CreateCall(module_.getOrInsertFunction("lathe_model_run", type),
                                           {model_, execution, inputs, outputs, arena, symbols}));
  }

  const kernel::Program& program_;
  const Interface& interface_;
  const CpuTarget& base_;
  std::span<const LlvmVariant> variants_;
  llvm::Module& module_;
  llvm::LLVMContext& context_;
  llvm::IRBuilder<> builder_;
  llvm::PointerType* pointer_;
  llvm::GlobalVariable* state_ = nullptr;
  llvm::Constant* data_ = nullptr;
  llvm::Constant* model_ = nullptr;
};

}  // namespace

void emit_interface(const kernel::Program& program, const Interface& interface, const CpuTarget& base,
                    std::span<const LlvmVariant> variants, llvm::Module& module) {
  InterfaceEmitter(program, interface, base, variants, module).emit();
}

}  // namespace lathe::codegen
