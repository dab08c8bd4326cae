// Loads and stores in LLVM IR: contiguous, strided, masked, and of packed 4-bit elements.
#include <algorithm>

#include "llvm/IR/Constants.h"

#include "compiler/codegen/llvm_emitter.h"

namespace lathe::codegen {
namespace {

using Access = EmittedAccess<LlvmEmitter::Integer>;

/// The number of active lanes when it is known, within [0, lanes].
std::optional<int64_t> known_active(const Access& access, uint32_t lanes) {
  if (!access.active) return lanes;
  const auto* constant = llvm::dyn_cast<llvm::ConstantInt>(*access.active);
  if (constant == nullptr) return std::nullopt;
  return std::clamp<int64_t>(constant->getSExtValue(), 0, lanes);
}

/// The access without its mask where all lanes are known to be active.
Access simplified(const Access& access, uint32_t lanes) {
  Access result = access;
  if (known_active(access, lanes) == int64_t{lanes}) result.active.reset();
  return result;
}

bool is_narrow_float(ElementType element) { return is_float(element) && info(element).bits < 32; }

}  // namespace

llvm::Type* LlvmEmitter::memory_type(ElementType element, uint32_t lanes) {
  llvm::Type* one = builder_.getInt8Ty();
  if (element == ElementType::F32 || element == ElementType::F64) {
    one = element_type(element);
  } else if (element != ElementType::Boolean) {
    one = builder_.getIntNTy(std::max(info(element).bits, 8u));
  }
  return lanes == 1 ? one : llvm::FixedVectorType::get(one, lanes);
}

llvm::Value* LlvmEmitter::from_memory(ElementType element, llvm::Value* bits) {
  if (element == ElementType::Boolean) return builder_.CreateICmpNE(bits, like_integer(bits, 0));
  return is_narrow_float(element) ? decode_narrow(element, bits) : bits;
}

llvm::Value* LlvmEmitter::to_memory(ElementType element, llvm::Value* value) {
  if (element == ElementType::Boolean) {
    llvm::Type* type = value->getType();
    const auto* vector = llvm::dyn_cast<llvm::FixedVectorType>(type);
    return builder_.CreateZExt(value, memory_type(element, vector == nullptr ? 1 : vector->getNumElements()));
  }
  return is_narrow_float(element) ? encode_narrow(element, value) : value;
}

/// Of one lane, in units of the memory type.
llvm::Value* LlvmEmitter::address(const EmittedAccess<Integer>& access, ElementType element, uint32_t lane) {
  llvm::Value* base = scopes_.back().buffers[access.buffer.index];
  llvm::Value* index = access.index;
  if (lane != 0) index = add(index, multiply(access.stride, integer(lane)));
  return builder_.CreateInBoundsGEP(memory_type(element, 1), base, index);
}

llvm::Value* LlvmEmitter::addresses(const EmittedAccess<Integer>& access, ElementType element, uint32_t lanes) {
  llvm::Value* indices = index_vector({ElementType::I64, lanes}, access.index, access.stride);
  if (lanes == 1) indices = builder_.CreateVectorSplat(1, indices);
  return builder_.CreateGEP(memory_type(element, 1), scopes_.back().buffers[access.buffer.index], indices);
}

/// Lane l is set when l < active.
llvm::Value* LlvmEmitter::active_mask(llvm::Value* active, uint32_t lanes) {
  llvm::Value* bounded = minimum(maximum(active, integer(0)), integer(lanes));
  llvm::Value* count = builder_.CreateTrunc(bounded, builder_.getInt32Ty());
  std::vector<llvm::Constant*> numbers;
  for (uint32_t lane = 0; lane < lanes; ++lane) numbers.push_back(builder_.getInt32(lane));
  return builder_.CreateICmpULT(llvm::ConstantVector::get(numbers), builder_.CreateVectorSplat(lanes, count));
}

LlvmEmitter::Value LlvmEmitter::load(kernel::ValueType type, const EmittedAccess<Integer>& given,
                                     const ScalarValue& fill) {
  if (known_active(given, type.lanes) == 0) return constant(type, fill);
  const Access access = simplified(given, type.lanes);
  if (info(type.element).bits == 4) return load_packed(type, access, fill);
  return from_memory(type.element, load_memory(type, access, fill));
}

llvm::Value* LlvmEmitter::load_memory(kernel::ValueType type, const EmittedAccess<Integer>& access,
                                      const ScalarValue& fill) {
  llvm::Type* one = memory_type(type.element, 1);
  const llvm::Align alignment(std::max(info(type.element).bits / 8, 1u));
  if (access.active) {
    // Masked intrinsics want vectors, also of one lane.
    auto* vector = llvm::FixedVectorType::get(one, type.lanes);
    llvm::Value* others = llvm::ConstantInt::get(
        llvm::FixedVectorType::get(builder_.getIntNTy(one->getScalarSizeInBits()), type.lanes), bits_of(fill));
    others = builder_.CreateBitCast(others, vector);
    llvm::Value* mask = active_mask(*access.active, type.lanes);
    llvm::Value* loaded = nullptr;
    if (access.constant_stride == 1) {
      loaded = builder_.CreateMaskedLoad(vector, address(access, type.element, 0), alignment, mask, others);
    } else {
      loaded =
          builder_.CreateMaskedGather(vector, addresses(access, type.element, type.lanes), alignment, mask, others);
    }
    return type.lanes == 1 ? builder_.CreateExtractElement(loaded, uint64_t{0}) : loaded;
  }
  if (type.lanes == 1 || access.constant_stride == 0) {
    llvm::Value* loaded = builder_.CreateAlignedLoad(one, address(access, type.element, 0), alignment);
    return type.lanes == 1 ? loaded : builder_.CreateVectorSplat(type.lanes, loaded);
  }
  llvm::Type* vector = memory_type(type.element, type.lanes);
  if (access.constant_stride == 1)
    return builder_.CreateAlignedLoad(vector, address(access, type.element, 0), alignment);
  llvm::Value* lanes = llvm::PoisonValue::get(vector);
  for (uint32_t lane = 0; lane < type.lanes; ++lane) {
    llvm::Value* loaded = builder_.CreateAlignedLoad(one, address(access, type.element, lane), alignment);
    lanes = builder_.CreateInsertElement(lanes, loaded, uint64_t{lane});
  }
  return lanes;
}

void LlvmEmitter::store(kernel::ValueType type, const EmittedAccess<Integer>& given, Value value) {
  if (known_active(given, type.lanes) == 0) return;
  const Access access = simplified(given, type.lanes);
  if (info(type.element).bits == 4) {
    store_packed(type, access, value);
  } else {
    store_memory(type, access, to_memory(type.element, value));
  }
}

void LlvmEmitter::store_memory(kernel::ValueType type, const EmittedAccess<Integer>& access, llvm::Value* value) {
  const llvm::Align alignment(std::max(info(type.element).bits / 8, 1u));
  if (access.active) {
    llvm::Value* lanes = type.lanes == 1 ? builder_.CreateVectorSplat(1, value) : value;
    llvm::Value* mask = active_mask(*access.active, type.lanes);
    if (access.constant_stride == 1) {
      builder_.CreateMaskedStore(lanes, address(access, type.element, 0), alignment, mask);
    } else {
      builder_.CreateMaskedScatter(lanes, addresses(access, type.element, type.lanes), alignment, mask);
    }
    return;
  }
  if (type.lanes == 1 || access.constant_stride == 1) {
    builder_.CreateAlignedStore(value, address(access, type.element, 0), alignment);
    return;
  }
  for (uint32_t lane = 0; lane < type.lanes; ++lane) {
    llvm::Value* one = builder_.CreateExtractElement(value, uint64_t{lane});
    builder_.CreateAlignedStore(one, address(access, type.element, lane), alignment);
  }
}

/// Two elements a byte, low bits first. The bytes are gathered, then each lane takes its half.
LlvmEmitter::Value LlvmEmitter::load_packed(kernel::ValueType type, const EmittedAccess<Integer>& access,
                                            const ScalarValue& fill) {
  llvm::Value* indices = index_vector({ElementType::I64, type.lanes}, access.index, access.stride);
  if (type.lanes == 1) indices = builder_.CreateVectorSplat(1, indices);
  llvm::Value* places = builder_.CreateGEP(builder_.getInt8Ty(), scopes_.back().buffers[access.buffer.index],
                                           builder_.CreateAShr(indices, like_integer(indices, 1)));
  auto* bytes_type = llvm::FixedVectorType::get(builder_.getInt8Ty(), type.lanes);
  const uint64_t both = bits_of(fill) * 0x11;
  llvm::Value* mask =
      access.active ? active_mask(*access.active, type.lanes)
                    : llvm::Constant::getAllOnesValue(llvm::FixedVectorType::get(builder_.getInt1Ty(), type.lanes));
  llvm::Value* bytes =
      builder_.CreateMaskedGather(bytes_type, places, llvm::Align(1), mask, llvm::ConstantInt::get(bytes_type, both));
  llvm::Value* odd = builder_.CreateTrunc(builder_.CreateAnd(indices, like_integer(indices, 1)), bytes_type);
  llvm::Value* distance = builder_.CreateShl(odd, llvm::ConstantInt::get(bytes_type, 2));
  llvm::Value* halves = builder_.CreateTrunc(builder_.CreateLShr(bytes, distance),
                                             llvm::FixedVectorType::get(builder_.getIntNTy(4), type.lanes));
  return type.lanes == 1 ? builder_.CreateExtractElement(halves, uint64_t{0}) : halves;
}

/// Lane after lane: two lanes may share a byte.
void LlvmEmitter::store_packed(kernel::ValueType type, const EmittedAccess<Integer>& access, llvm::Value* value) {
  for (uint32_t lane = 0; lane < type.lanes; ++lane) {
    llvm::BasicBlock* after = nullptr;
    if (access.active) {
      llvm::BasicBlock* stores = new_block("store");
      after = new_block("stored");
      builder_.CreateCondBr(builder_.CreateICmpSGT(*access.active, integer(lane)), stores, after);
      builder_.SetInsertPoint(stores);
    }
    llvm::Value* index = add(access.index, multiply(access.stride, integer(lane)));
    llvm::Value* place = builder_.CreateInBoundsGEP(builder_.getInt8Ty(), scopes_.back().buffers[access.buffer.index],
                                                    builder_.CreateAShr(index, integer(1)));
    llvm::Value* one = type.lanes == 1 ? value : builder_.CreateExtractElement(value, uint64_t{lane});
    llvm::Value* half = builder_.CreateZExt(one, builder_.getInt8Ty());
    llvm::Value* is_odd = builder_.CreateTrunc(index, builder_.getInt1Ty());
    llvm::Value* old = builder_.CreateLoad(builder_.getInt8Ty(), place);
    llvm::Value* low = builder_.CreateOr(builder_.CreateAnd(old, uint64_t{0xf0}), half);
    llvm::Value* high =
        builder_.CreateOr(builder_.CreateAnd(old, uint64_t{0x0f}), builder_.CreateShl(half, uint64_t{4}));
    builder_.CreateStore(builder_.CreateSelect(is_odd, high, low), place);
    if (after != nullptr) {
      builder_.CreateBr(after);
      builder_.SetInsertPoint(after);
    }
  }
}

}  // namespace lathe::codegen
