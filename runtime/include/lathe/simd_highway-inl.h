// The vectors of generated C++ over Highway, once for each target: `lathe compile --cpp-simd=highway`.
//
// The words and their meaning are those of lathe/simd.h. A vector of a fixed number of lanes is a struct of Highway's
// vectors, as many as the target needs; a mask is a struct of Highway's masks for the element type that was compared,
// and is converted where types of another size are selected. What no instruction does is done lane by lane, with the
// scalar functions that both facades share. Everything is local to the file that includes this, per target.
#if defined(LATHE_SIMD_HIGHWAY_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef LATHE_SIMD_HIGHWAY_INL_H
#undef LATHE_SIMD_HIGHWAY_INL_H
#else
#define LATHE_SIMD_HIGHWAY_INL_H
#endif

#include <cmath>
#include <cstdint>
#include <cstring>
#include <type_traits>
#include <utility>

#include "hwy/highway.h"
#include "lathe/simd/scalar.h"
#include "lathe/simd_highway.h"

#ifndef LATHE_SIMD_INLINE
#define LATHE_SIMD_INLINE HWY_INLINE
/// What a lambda of a kernel is declared with.
#define LATHE_SIMD_LAMBDA HWY_ATTR
#endif

HWY_BEFORE_NAMESPACE();
namespace lathe::simd {
namespace {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

#include "lathe/simd_highway/vector-inl.h"
//
#include "lathe/simd_highway/convert-inl.h"
#include "lathe/simd_highway/operations-inl.h"
//
#include "lathe/simd/common-inl.h"

}  // namespace HWY_NAMESPACE
}  // namespace
}  // namespace lathe::simd
HWY_AFTER_NAMESPACE();

#endif  // LATHE_SIMD_HIGHWAY_INL_H
