// The epilogue of a register tile: scale, bias, residual, activation, store. Compiled once per target; included by the
// tile kernels only. Each step is one rounded operation, in the order that lathe/kernels.h documents.
#if defined(LATHE_RUNTIME_KERNELS_EPILOGUE_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef LATHE_RUNTIME_KERNELS_EPILOGUE_INL_H_
#undef LATHE_RUNTIME_KERNELS_EPILOGUE_INL_H_
#else
#define LATHE_RUNTIME_KERNELS_EPILOGUE_INL_H_
#endif

#include "hwy/highway.h"

#include "lathe/kernels.h"
#include "runtime/kernels/unroll.h"

HWY_BEFORE_NAMESPACE();
namespace lathe::runtime {
namespace HWY_NAMESPACE {
namespace {
namespace hn = hwy::HWY_NAMESPACE;

using F32 = hn::CappedTag<float, LATHE_PANEL>;
using VecF32 = hn::Vec<F32>;
inline constexpr int kLanes = static_cast<int>(hn::MaxLanes(F32()));
// Vectors of one panel row.
inline constexpr int kPanelVectors = LATHE_PANEL / kLanes;

// The epilogue of one tile, with all pointers already at the tile's first column.
struct TileEpilogue {
  const float* scale;
  const float* bias;
  int32_t activation;
  float alpha;
  float beta;
};

// x < low ? low : x, NaN stays NaN.
template <class V>
HWY_INLINE V at_least(V low, V x) {
#if HWY_ARCH_X86
  // maxps returns its second operand when either is NaN or both are equal.
  return hn::Max(low, x);
#else
  return hn::IfThenElse(hn::Lt(x, low), low, x);
#endif
}

// x > high ? high : x, NaN stays NaN.
template <class V>
HWY_INLINE V at_most(V high, V x) {
#if HWY_ARCH_X86
  return hn::Min(high, x);
#else
  return hn::IfThenElse(hn::Gt(x, high), high, x);
#endif
}

template <class D, class V>
HWY_INLINE V hard_sigmoid(D d, V alpha, V beta, V x) {
  const V line = hn::Add(hn::Mul(alpha, x), beta);
  return at_most(hn::Set(d, 1.0f), at_least(hn::Zero(d), line));
}

// v[i] = activation(v[i]), see LATHE_ACTIVATION_*.
template <class D, int kCount>
HWY_INLINE void apply_activation(D d, int32_t activation, float alpha_value, float beta_value,
                                 hn::Vec<D> (&v)[kCount]) {
  using V = hn::Vec<D>;
  switch (activation) {
    case LATHE_ACTIVATION_RELU: {
      const V zero = hn::Zero(d);
      LATHE_UNROLL
      for (int i = 0; i < kCount; ++i) v[i] = at_least(zero, v[i]);
      break;
    }
    case LATHE_ACTIVATION_CLIP: {
      const V low = hn::Set(d, alpha_value);
      const V high = hn::Set(d, beta_value);
      LATHE_UNROLL
      for (int i = 0; i < kCount; ++i) v[i] = at_most(high, at_least(low, v[i]));
      break;
    }
    case LATHE_ACTIVATION_LEAKY_RELU: {
      const V zero = hn::Zero(d);
      const V alpha = hn::Set(d, alpha_value);
      LATHE_UNROLL
      for (int i = 0; i < kCount; ++i) v[i] = hn::IfThenElse(hn::Lt(v[i], zero), hn::Mul(alpha, v[i]), v[i]);
      break;
    }
    case LATHE_ACTIVATION_HARD_SIGMOID: {
      const V alpha = hn::Set(d, alpha_value);
      const V beta = hn::Set(d, beta_value);
      LATHE_UNROLL
      for (int i = 0; i < kCount; ++i) v[i] = hard_sigmoid(d, alpha, beta, v[i]);
      break;
    }
    case LATHE_ACTIVATION_HARD_SWISH: {
      const V alpha = hn::Set(d, alpha_value);
      const V beta = hn::Set(d, beta_value);
      LATHE_UNROLL
      for (int i = 0; i < kCount; ++i) v[i] = hn::Mul(v[i], hard_sigmoid(d, alpha, beta, v[i]));
      break;
    }
    // The entry points have rejected every other number.
    default: break;
  }
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace lathe::runtime
HWY_AFTER_NAMESPACE();

#endif
