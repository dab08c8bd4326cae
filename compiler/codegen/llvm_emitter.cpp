// Functions, loops, branches and integers of kernels in LLVM IR.
#include "compiler/codegen/llvm_emitter.h"

#include "llvm/IR/Constants.h"
#include "llvm/IR/DerivedTypes.h"
#include "llvm/IR/Function.h"
#include "llvm/IR/Instructions.h"

#include "lathe/runtime.h"

namespace lathe::codegen {

LlvmEmitter::LlvmEmitter(llvm::Module& module, const CpuTarget& target, LlvmEntry entry)
    : module_(module), target_(target), entry_(std::move(entry)), context_(module.getContext()), builder_(context_) {}

llvm::Function* LlvmEmitter::make_function(llvm::FunctionType* type, const std::string& name,
                                           llvm::GlobalValue::LinkageTypes linkage) {
  llvm::Function* function = llvm::Function::Create(type, linkage, name, module_);
  function->addFnAttr("target-cpu", "generic");
  if (module_.getTargetTriple().starts_with("x86_64")) {
    function->addFnAttr("target-cpu", "x86-64");
    function->addFnAttr("tune-cpu", target_.cpu);
  }
  function->addFnAttr("target-features", target_.features);
  function->addFnAttr(llvm::Attribute::NoUnwind);
  return function;
}

llvm::FunctionCallee LlvmEmitter::runtime_function(const std::string& name, llvm::Type* result,
                                                   llvm::ArrayRef<llvm::Type*> parameters) {
  return module_.getOrInsertFunction(name, llvm::FunctionType::get(result, parameters, false));
}

llvm::Value* LlvmEmitter::stack_slot(llvm::Type* type, uint64_t alignment) {
  llvm::BasicBlock& entry = builder_.GetInsertBlock()->getParent()->getEntryBlock();
  llvm::IRBuilder<> at_entry(&entry, entry.begin());
  llvm::AllocaInst* slot = at_entry.CreateAlloca(type);
  if (alignment != 0) slot->setAlignment(llvm::Align(alignment));
  return slot;
}

llvm::Value* LlvmEmitter::local_buffer(const kernel::Buffer& buffer) {
  const uint64_t bytes = storage_bytes(buffer.element, buffer.extent.constant()).value_or(0);
  return stack_slot(llvm::ArrayType::get(builder_.getInt8Ty(), bytes), 64);
}

llvm::BasicBlock* LlvmEmitter::new_block(const char* name) {
  return llvm::BasicBlock::Create(context_, name, builder_.GetInsertBlock()->getParent());
}

void LlvmEmitter::declare_kernel(kernel::KernelId id, const kernel::Kernel& kernel, bool shares_memory,
                                 KernelLinkage linkage) {
  std::vector<llvm::Type*> parameters = {builder_.getPtrTy()};
  const size_t buffers = kernel.parameter_count();
  parameters.insert(parameters.end(), buffers, builder_.getPtrTy());
  parameters.insert(parameters.end(), kernel.sizes.rows().size(), builder_.getInt64Ty());
  const bool fails = can_fail(kernel);
  auto* type = llvm::FunctionType::get(fails ? builder_.getInt32Ty() : builder_.getVoidTy(), parameters, false);
  const bool internal = linkage == KernelLinkage::Internal;
  const std::string suffix = target_.name.empty() ? std::string() : "." + target_.name;
  llvm::Function* function =
      make_function(type, fmt::format("kernel.{}.{}{}", id.index, kernel.name, suffix),
                    internal ? llvm::GlobalValue::InternalLinkage : llvm::GlobalValue::ExternalLinkage);
  if (!internal) function->setVisibility(llvm::GlobalValue::HiddenVisibility);
  function->getArg(0)->setName("execution");
  for (uint32_t i = 0; i < buffers; ++i) {
    const kernel::Buffer& buffer = kernel.buffers[kernel::BufferId(i)];
    llvm::Argument* argument = function->getArg(i + 1);
    argument->setName(buffer.name);
    if (!shares_memory) argument->addAttr(llvm::Attribute::NoAlias);
    argument->addAttr(llvm::Attribute::getWithAlignment(context_, llvm::Align(buffer.alignment)));
    if (buffer.access == kernel::Access::In) argument->addAttr(llvm::Attribute::ReadOnly);
  }
  for (uint32_t i = 0; i < kernel.sizes.rows().size(); ++i) {
    function->getArg(static_cast<uint32_t>(buffers) + 1 + i)->setName(kernel.sizes.rows()[i].name);
  }
  if (kernels_.size() <= id.index) kernels_.resize(id.index + 1);
  kernels_[id.index] = {function, fails};
}

void LlvmEmitter::reuse_kernel(kernel::KernelId id, kernel::KernelId same) {
  if (kernels_.size() <= id.index) kernels_.resize(id.index + 1);
  kernels_[id.index] = kernels_[same.index];
}

void LlvmEmitter::enter_scope(Scope scope) {
  builder_.SetInsertPoint(&scope.function->getEntryBlock());
  for (const kernel::Buffer& buffer : kernel_->buffers) {
    if (buffer.access == kernel::Access::Local) scope.buffers.push_back(local_buffer(buffer));
  }
  scopes_.push_back(std::move(scope));
}

void LlvmEmitter::open_kernel(const kernel::Kernel& kernel) {
  kernel_ = &kernel;
  llvm::Function* function = kernels_[selected_.index].function;
  llvm::BasicBlock::Create(context_, "entry", function);
  Scope scope{.function = function, .execution = function->getArg(0)};
  const auto buffers = static_cast<uint32_t>(kernel.parameter_count());
  for (uint32_t i = 0; i < buffers; ++i) scope.buffers.push_back(function->getArg(1 + i));
  for (uint32_t i = 0; i < kernel.sizes.rows().size(); ++i) scope.sizes.push_back(function->getArg(1 + buffers + i));
  enter_scope(std::move(scope));
  if (!kernels_[selected_.index].can_fail) return;
  scopes_.back().failed = stack_slot(builder_.getInt32Ty(), 4);
  builder_.CreateStore(builder_.getInt32(LATHE_OK), scopes_.back().failed);
}

void LlvmEmitter::close_kernel() {
  if (scopes_.back().failed != nullptr) {
    builder_.CreateRet(builder_.CreateLoad(builder_.getInt32Ty(), scopes_.back().failed));
  } else {
    builder_.CreateRetVoid();
  }
  scopes_.pop_back();
}

LlvmEmitter::Integer LlvmEmitter::integer(int64_t value) { return builder_.getInt64(static_cast<uint64_t>(value)); }

LlvmEmitter::Integer LlvmEmitter::size_symbol(size_t position) { return scopes_.back().sizes[position]; }

LlvmEmitter::Integer LlvmEmitter::add(Integer a, Integer b) { return builder_.CreateNSWAdd(a, b); }

LlvmEmitter::Integer LlvmEmitter::multiply(Integer a, Integer b) { return builder_.CreateNSWMul(a, b); }

namespace {

bool is_power_of_two(const llvm::Value* value) {
  const auto* constant = llvm::dyn_cast<llvm::ConstantInt>(value);
  return constant != nullptr && constant->getValue().isPowerOf2();
}

}  // namespace

/// A divisor that is not constant is at least 1 wherever it counts, but may be computed where it does not.
LlvmEmitter::Integer LlvmEmitter::floor_divide(Integer a, Integer b, Sign sign) {
  if (is_power_of_two(b)) {
    const unsigned distance = llvm::cast<llvm::ConstantInt>(b)->getValue().logBase2();
    return builder_.CreateAShr(a, integer(distance));
  }
  if (!llvm::isa<llvm::ConstantInt>(b)) b = maximum(b, integer(1));
  if (sign == Sign::NonNegative) return builder_.CreateUDiv(a, b);
  llvm::Value* quotient = builder_.CreateSDiv(a, b);
  llvm::Value* rest = builder_.CreateSub(a, builder_.CreateMul(quotient, b));
  llvm::Value* below = builder_.CreateICmpSLT(rest, integer(0));
  return builder_.CreateSub(quotient, builder_.CreateZExt(below, builder_.getInt64Ty()));
}

LlvmEmitter::Integer LlvmEmitter::modulo(Integer a, Integer b, Sign sign) {
  if (is_power_of_two(b)) return builder_.CreateAnd(a, builder_.CreateSub(b, integer(1)));
  if (!llvm::isa<llvm::ConstantInt>(b)) b = maximum(b, integer(1));
  if (sign == Sign::NonNegative) return builder_.CreateURem(a, b);
  llvm::Value* rest = builder_.CreateSRem(a, b);
  llvm::Value* below = builder_.CreateICmpSLT(rest, integer(0));
  return builder_.CreateSelect(below, builder_.CreateAdd(rest, b), rest);
}

LlvmEmitter::Integer LlvmEmitter::minimum(Integer a, Integer b) {
  return builder_.CreateSelect(builder_.CreateICmpSLT(a, b), a, b);
}

LlvmEmitter::Integer LlvmEmitter::maximum(Integer a, Integer b) {
  return builder_.CreateSelect(builder_.CreateICmpSGT(a, b), a, b);
}

LlvmEmitter::Flag LlvmEmitter::compare(kernel::Relation relation, Integer a, Integer b) {
  switch (relation) {
    case kernel::Relation::Equal: return builder_.CreateICmpEQ(a, b);
    case kernel::Relation::Less: return builder_.CreateICmpSLT(a, b);
    case kernel::Relation::LessEqual: return builder_.CreateICmpSLE(a, b);
  }
  internal_error("a relation of no kind", __FILE__, __LINE__);
}

LlvmEmitter::Flag LlvmEmitter::both(Flag a, Flag b) { return builder_.CreateAnd(a, b); }

/// The test is at the end of the body; a test in front skips loops that do not run at all.
EmittedLoop<LlvmEmitter::Integer, LlvmEmitter::Value> LlvmEmitter::open_loop(const std::string& name, Integer begin,
                                                                             Integer end, Integer step,
                                                                             std::span<const Value> initial) {
  llvm::Value* runs = builder_.CreateICmpSLT(begin, end);
  const auto* known = llvm::dyn_cast<llvm::ConstantInt>(runs);
  OpenLoop loop{.before = builder_.GetInsertBlock(),
                .body = new_block("loop"),
                .after = new_block("after"),
                .variable = nullptr,
                .end = end,
                .step = step,
                .always_runs = known != nullptr && known->isOne(),
                .initial = {initial.begin(), initial.end()},
                .arguments = {}};
  if (loop.always_runs) {
    builder_.CreateBr(loop.body);
  } else {
    builder_.CreateCondBr(runs, loop.body, loop.after);
  }
  builder_.SetInsertPoint(loop.body);
  loop.variable = builder_.CreatePHI(builder_.getInt64Ty(), 2, name.substr(1));
  loop.variable->addIncoming(begin, loop.before);
  for (llvm::Value* value : loop.initial) {
    loop.arguments.push_back(builder_.CreatePHI(value->getType(), 2));
    loop.arguments.back()->addIncoming(value, loop.before);
  }
  loops_.push_back(loop);
  return {loop.variable, {loop.arguments.begin(), loop.arguments.end()}};
}

std::vector<LlvmEmitter::Value> LlvmEmitter::close_loop(std::span<const Value> yielded) {
  const OpenLoop loop = std::move(loops_.back());
  loops_.pop_back();
  llvm::Value* next = builder_.CreateNSWAdd(loop.variable, loop.step);
  llvm::BasicBlock* last = builder_.GetInsertBlock();
  builder_.CreateCondBr(builder_.CreateICmpSLT(next, loop.end), loop.body, loop.after);
  loop.variable->addIncoming(next, last);
  for (size_t i = 0; i < yielded.size(); ++i) loop.arguments[i]->addIncoming(yielded[i], last);
  builder_.SetInsertPoint(loop.after);
  std::vector<Value> results;
  for (size_t i = 0; i < yielded.size(); ++i) {
    llvm::PHINode* result = builder_.CreatePHI(yielded[i]->getType(), 2);
    result->addIncoming(yielded[i], last);
    if (!loop.always_runs) result->addIncoming(loop.initial[i], loop.before);
    results.push_back(result);
  }
  return results;
}

void LlvmEmitter::open_if(Flag flag) {
  llvm::BasicBlock* then_block = new_block("then");
  branches_.push_back({new_block("else"), new_block("endif")});
  builder_.CreateCondBr(flag, then_block, branches_.back().else_block);
  builder_.SetInsertPoint(then_block);
}

void LlvmEmitter::open_else() {
  builder_.CreateBr(branches_.back().after);
  builder_.SetInsertPoint(branches_.back().else_block);
  branches_.back().else_block = nullptr;
}

void LlvmEmitter::close_if() {
  const OpenIf branch = branches_.back();
  branches_.pop_back();
  builder_.CreateBr(branch.after);
  if (branch.else_block != nullptr) {
    builder_.SetInsertPoint(branch.else_block);
    builder_.CreateBr(branch.after);
  }
  builder_.SetInsertPoint(branch.after);
}

/// The body becomes a task of its own; its state is a struct on the caller's stack with all parameters and captures.
EmittedRegion<LlvmEmitter::Integer, LlvmEmitter::Value> LlvmEmitter::open_parallel(Integer count, int64_t grain,
                                                                                   std::span<const Integer> integers,
                                                                                   std::span<const Value> values) {
  const Scope& outer = scopes_.back();
  const size_t parameters = kernel_->parameter_count();
  std::vector<llvm::Value*> captured = {outer.execution};
  if (outer.failed != nullptr) captured.push_back(outer.failed);
  captured.insert(captured.end(), outer.buffers.begin(),
                  outer.buffers.begin() + static_cast<std::ptrdiff_t>(parameters));
  captured.insert(captured.end(), outer.sizes.begin(), outer.sizes.end());
  captured.insert(captured.end(), integers.begin(), integers.end());
  captured.insert(captured.end(), values.begin(), values.end());
  std::vector<llvm::Type*> types;
  for (const llvm::Value* value : captured) types.push_back(value->getType());
  llvm::StructType* state_type = llvm::StructType::get(context_, types);

  auto* task_type = llvm::FunctionType::get(builder_.getVoidTy(),
                                            {builder_.getPtrTy(), builder_.getInt64Ty(), builder_.getInt64Ty()}, false);
  llvm::Function* task =
      make_function(task_type, outer.function->getName().str() + ".task", llvm::Function::InternalLinkage);
  llvm::Value* state = stack_slot(state_type, 64);
  for (uint32_t i = 0; i < captured.size(); ++i) {
    builder_.CreateStore(captured[i], builder_.CreateStructGEP(state_type, state, i));
  }
  llvm::Type* pointer = builder_.getPtrTy();
  llvm::Type* i64 = builder_.getInt64Ty();
  builder_.CreateCall(
      runtime_function("lathe_parallel_for", builder_.getVoidTy(), {pointer, i64, i64, pointer, pointer}),
      {outer.execution, count, integer(grain), task, state});

  Scope scope{.function = task, .resume = builder_.saveIP()};
  llvm::BasicBlock::Create(context_, "entry", task);
  builder_.SetInsertPoint(&task->getEntryBlock());
  uint32_t position = 0;
  const auto next = [&] {
    llvm::Value* field = builder_.CreateStructGEP(state_type, task->getArg(0), position);
    return builder_.CreateLoad(types[position++], field);
  };
  scope.execution = next();
  if (outer.failed != nullptr) scope.failed = next();
  for (size_t i = 0; i < parameters; ++i) scope.buffers.push_back(next());
  for (size_t i = 0; i < outer.sizes.size(); ++i) scope.sizes.push_back(next());
  EmittedRegion<Integer, Value> region{task->getArg(1), task->getArg(2), {}, {}};
  for (size_t i = 0; i < integers.size(); ++i) region.integers.push_back(next());
  for (size_t i = 0; i < values.size(); ++i) region.values.push_back(next());
  enter_scope(std::move(scope));
  return region;
}

void LlvmEmitter::close_parallel() {
  builder_.CreateRetVoid();
  builder_.restoreIP(scopes_.back().resume);
  scopes_.pop_back();
}

LlvmEmitter::Integer LlvmEmitter::bind(kernel::ValueType type, Value value, Integer lower, Integer upper,
                                       kernel::BindMode mode) {
  llvm::Type* i64 = builder_.getInt64Ty();
  llvm::Value* wide = is_unsigned(type.element) ? builder_.CreateZExt(value, i64) : builder_.CreateSExt(value, i64);
  llvm::Value* clamped = minimum(maximum(wide, lower), upper);
  // As a signed number, an unsigned one above the signed range is negative.
  if (type.element == ElementType::U64) {
    clamped = builder_.CreateSelect(builder_.CreateICmpSLT(wide, integer(0)), upper, clamped);
  }
  if (mode == kernel::BindMode::Clamp) return clamped;
  llvm::Value* outside = builder_.CreateICmpNE(clamped, wide);
  if (type.element == ElementType::U64) {
    outside = builder_.CreateOr(outside, builder_.CreateICmpSLT(wide, integer(0)));
  }
  llvm::BasicBlock* fails = new_block("outside");
  llvm::BasicBlock* after = new_block("inside");
  builder_.CreateCondBr(outside, fails, after);
  builder_.SetInsertPoint(fails);
  // Several threads may write the same number.
  llvm::StoreInst* store = builder_.CreateStore(builder_.getInt32(LATHE_INVALID_VALUE), scopes_.back().failed);
  store->setAtomic(llvm::AtomicOrdering::Monotonic);
  builder_.CreateBr(after);
  builder_.SetInsertPoint(after);
  return clamped;
}

}  // namespace lathe::codegen
