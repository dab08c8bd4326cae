// The transforms of F(4x4, 3x3) and F(2x2, 3x3): filters and input tiles into planes, and planes of products into
// output pixels with the epilogue. A vector of channels at a time; each step is one rounded operation, in an order that
// does not depend on the vector's width. Compiled once per target. Assumes that channels are multiples of 16.
#if defined(LATHE_RUNTIME_KERNELS_WINOGRAD_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef LATHE_RUNTIME_KERNELS_WINOGRAD_INL_H_
#undef LATHE_RUNTIME_KERNELS_WINOGRAD_INL_H_
#else
#define LATHE_RUNTIME_KERNELS_WINOGRAD_INL_H_
#endif

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "hwy/highway.h"

#include "runtime/kernels/epilogue-inl.h"
#include "runtime/kernels/unroll.h"
#include "runtime/kernels/winograd.h"

HWY_BEFORE_NAMESPACE();
namespace lathe::runtime {
namespace HWY_NAMESPACE {
namespace {

// The transforms of one axis, for tiles of kOutput pixels.
template <int kOutput>
struct WinogradAxis;

// Row i of G is (1, x, x^2) for the point x, that of infinity is (0, 0, 1). The factor 1 / N that belongs to it, with N
// the product of the point's distances to the others, is in the columns of A^T, where it costs nothing.

// The points 0, 1, -1, infinity with N = -1, whose sign is in B^T, 2, 2. Rows of B^T: 1 0 -1 0 | 0 1 1 0 | 0 -1 1 0 |
// 0 -1 0 1; of A^T: 1 1/2 1/2 0 | 0 1/2 -1/2 1.
template <>
struct WinogradAxis<2> {
  // t = G g.
  static HWY_INLINE void transform_filter(const VecF32 (&g)[3], VecF32 (&t)[4]) {
    const VecF32 even = hn::Add(g[0], g[2]);
    t[0] = g[0];
    t[1] = hn::Add(even, g[1]);
    t[2] = hn::Sub(even, g[1]);
    t[3] = g[2];
  }

  static HWY_INLINE void transform_input(const VecF32 (&d)[4], VecF32 (&t)[4]) {
    t[0] = hn::Sub(d[0], d[2]);
    t[1] = hn::Add(d[1], d[2]);
    t[2] = hn::Sub(d[2], d[1]);
    t[3] = hn::Sub(d[3], d[1]);
  }

  static HWY_INLINE void transform_output(const VecF32 (&m)[4], VecF32 (&y)[2]) {
    const VecF32 half = hn::Set(F32(), 0.5f);
    y[0] = hn::MulAdd(half, hn::Add(m[1], m[2]), m[0]);
    y[1] = hn::MulAdd(half, hn::Sub(m[1], m[2]), m[3]);
  }
};

// The points 0, a, -a, b, -b, infinity with a = sqrt(1/2), b = sqrt(2) and N = 1, -3/2, -3/2, 6, 6.
template <>
struct WinogradAxis<4> {
  static constexpr float kPointA = 0.70710678118654752f;
  static constexpr float kPointB = 1.41421356237309505f;

  // Element kRow of t = G g.
  template <int kRow>
  static HWY_INLINE VecF32 filter_row(const VecF32 (&g)[3]) {
    const F32 f;
    if constexpr (kRow == 0) return g[0];
    if constexpr (kRow == 5) return g[2];
    const VecF32 even = hn::MulAdd(hn::Set(f, kRow <= 2 ? 0.5f : 2.0f), g[2], g[0]);
    const VecF32 point = hn::Set(f, kRow <= 2 ? kPointA : kPointB);
    return kRow % 2 == 1 ? hn::MulAdd(point, g[1], even) : hn::NegMulAdd(point, g[1], even);
  }

  static HWY_INLINE void transform_filter(const VecF32 (&g)[3], VecF32 (&t)[6]) {
    t[0] = filter_row<0>(g);
    t[1] = filter_row<1>(g);
    t[2] = filter_row<2>(g);
    t[3] = filter_row<3>(g);
    t[4] = filter_row<4>(g);
    t[5] = filter_row<5>(g);
  }

  // t = B^T d; the rows of B^T are the coefficients of the products of (x - point) over the other points:
  //   1 0 -5/2 0 1 0 | 0 -b -2 a 1 0 | 0 b -2 -a 1 0 | 0 -a -1/2 b 1 0 | 0 a -1/2 -b 1 0 | 0 1 0 -5/2 0 1
  static HWY_INLINE void transform_input(const VecF32 (&d)[6], VecF32 (&t)[6]) {
    const F32 f;
    const VecF32 a = hn::Set(f, kPointA);
    const VecF32 b = hn::Set(f, kPointB);
    const VecF32 middle = hn::Set(f, -2.5f);
    const VecF32 even_a = hn::MulAdd(hn::Set(f, -2.0f), d[2], d[4]);
    const VecF32 odd_a = hn::NegMulAdd(b, d[1], hn::Mul(a, d[3]));
    const VecF32 even_b = hn::MulAdd(hn::Set(f, -0.5f), d[2], d[4]);
    const VecF32 odd_b = hn::NegMulAdd(a, d[1], hn::Mul(b, d[3]));
    t[0] = hn::MulAdd(middle, d[2], hn::Add(d[0], d[4]));
    t[1] = hn::Add(even_a, odd_a);
    t[2] = hn::Sub(even_a, odd_a);
    t[3] = hn::Add(even_b, odd_b);
    t[4] = hn::Sub(even_b, odd_b);
    t[5] = hn::MulAdd(middle, d[3], hn::Add(d[1], d[5]));
  }

  // y = A^T m; row k of A^T holds the k-th powers of the points, divided by N.
  static HWY_INLINE void transform_output(const VecF32 (&m)[6], VecF32 (&y)[4]) {
    const F32 f;
    constexpr float kA = 1.0f / -1.5f;
    constexpr float kB = 1.0f / 6.0f;
    const VecF32 sum_a = hn::Add(m[1], m[2]);
    const VecF32 difference_a = hn::Sub(m[1], m[2]);
    const VecF32 sum_b = hn::Add(m[3], m[4]);
    const VecF32 difference_b = hn::Sub(m[3], m[4]);
    y[0] = hn::MulAdd(hn::Set(f, kA), sum_a, hn::MulAdd(hn::Set(f, kB), sum_b, m[0]));
    y[1] = hn::MulAdd(hn::Set(f, kB * kPointB), difference_b, hn::Mul(hn::Set(f, kA * kPointA), difference_a));
    y[2] = hn::MulAdd(hn::Set(f, kB * 2.0f), sum_b, hn::Mul(hn::Set(f, kA * 0.5f), sum_a));
    y[3] = hn::MulAdd(hn::Set(f, kA * 0.5f * kPointA), difference_a,
                      hn::MulAdd(hn::Set(f, kB * 2.0f * kPointB), difference_b, m[5]));
  }
};

// A vector of filters of one input channel, whose nine taps lie a panel's width apart at `packed`, to the element of
// each plane at `out`: G g G^T.
template <int kOutput>
HWY_INLINE void transform_filter_vector(const float* HWY_RESTRICT packed, float* HWY_RESTRICT out, int64_t plane) {
  constexpr int kInput = kOutput + 2;
  const F32 f;
  VecF32 columns[kInput][3];
  LATHE_UNROLL
  for (int j = 0; j < 3; ++j) {
    VecF32 g[3];
    LATHE_UNROLL
    for (int i = 0; i < 3; ++i) g[i] = hn::LoadU(f, packed + (i * 3 + j) * LATHE_PANEL);
    VecF32 t[kInput];
    WinogradAxis<kOutput>::transform_filter(g, t);
    LATHE_UNROLL
    for (int i = 0; i < kInput; ++i) columns[i][j] = t[i];
  }
  LATHE_UNROLL
  for (int i = 0; i < kInput; ++i) {
    VecF32 t[kInput];
    WinogradAxis<kOutput>::transform_filter(columns[i], t);
    LATHE_UNROLL
    for (int j = 0; j < kInput; ++j) hn::StoreU(t[j], f, out + (i * kInput + j) * plane);
  }
}

template <int kOutput>
void transform_filters(const FilterRange& range, int64_t begin, int64_t end) {
  if (begin == end) return;
  int64_t panel = begin / range.channels;
  int64_t channel = begin % range.channels;
  float* out = range.transformed + begin * LATHE_PANEL;
  for (int64_t i = begin; i < end; ++i) {
    const float* packed = range.packed + panel * range.packed_panel + channel * kFilterFloats;
    for (int v = 0; v < LATHE_PANEL; v += kLanes) {
      transform_filter_vector<kOutput>(packed + v, out + v, range.plane);
    }
    out += LATHE_PANEL;
    if (++channel == range.channels) {
      channel = 0;
      ++panel;
    }
  }
}

// Where a tile lies, and how much of it exists.
struct TilePlace {
  int64_t image;
  // The first output line and pixel, which are those of the input as well.
  int64_t y;
  int64_t x;
  // Output lines and pixels, at most those of a tile; the input tile has two more each.
  int64_t lines;
  int64_t pixels;

  TilePlace(const Winograd& problem, int64_t tile)
      : image(tile / problem.tiles_image),
        y(tile % problem.tiles_image / problem.tiles_x * problem.tile),
        x(tile % problem.tiles_image % problem.tiles_x * problem.tile),
        lines(std::min(problem.shape->out_h - y, problem.tile)),
        pixels(std::min(problem.shape->out_w - x, problem.tile)) {}
};

// A vector of channels of an input tile, from `in` to the element of each plane at `out`.
template <int kOutput>
HWY_INLINE void transform_input_vector(const float* HWY_RESTRICT in, int64_t row_step, int64_t pixel_step,
                                       float* HWY_RESTRICT out, int64_t plane) {
  constexpr int kInput = kOutput + 2;
  const F32 f;
  VecF32 columns[kInput][kInput];
  LATHE_UNROLL
  for (int j = 0; j < kInput; ++j) {
    VecF32 d[kInput];
    LATHE_UNROLL
    for (int i = 0; i < kInput; ++i) d[i] = hn::LoadU(f, in + i * row_step + j * pixel_step);
    VecF32 t[kInput];
    WinogradAxis<kOutput>::transform_input(d, t);
    LATHE_UNROLL
    for (int i = 0; i < kInput; ++i) columns[i][j] = t[i];
  }
  LATHE_UNROLL
  for (int i = 0; i < kInput; ++i) {
    VecF32 t[kInput];
    WinogradAxis<kOutput>::transform_input(columns[i], t);
    LATHE_UNROLL
    for (int j = 0; j < kInput; ++j) hn::StoreU(t[j], f, out + (i * kInput + j) * plane);
  }
}

// A panel of channels of a tile at the border: what does not exist is zero.
template <int kOutput>
HWY_NOINLINE void transform_border_panel(const float* in, const lathe_conv2d_f32_shape& shape, const TilePlace& place,
                                         float* out, int64_t plane) {
  constexpr int kInput = kOutput + 2;
  HWY_ALIGN float patch[kInput][kInput][LATHE_PANEL] = {};
  for (int64_t i = 0; i < place.lines + 2; ++i) {
    for (int64_t j = 0; j < place.pixels + 2; ++j) {
      std::memcpy(patch[i][j], in + i * shape.in_row_stride + j * shape.in_pixel_stride, sizeof(patch[i][j]));
    }
  }
  for (int v = 0; v < LATHE_PANEL; v += kLanes) {
    transform_input_vector<kOutput>(&patch[0][0][v], kInput * LATHE_PANEL, LATHE_PANEL, out + v, plane);
  }
}

template <int kOutput>
void transform_input(const Winograd& problem, int64_t begin, int64_t end) {
  const lathe_conv2d_f32_shape& shape = *problem.shape;
  const int64_t plane = problem.blocks.in_plane;
  for (int64_t tile = begin; tile < end; ++tile) {
    const TilePlace place(problem, problem.first_tile + tile);
    const float* in = problem.in + place.image * shape.in_image_stride + place.y * shape.in_row_stride +
                      place.x * shape.in_pixel_stride;
    float* out = problem.in_tiles + tile * shape.in_c;
    if (place.lines == kOutput && place.pixels == kOutput) {
      for (int64_t c = 0; c < shape.in_c; c += kLanes) {
        transform_input_vector<kOutput>(in + c, shape.in_row_stride, shape.in_pixel_stride, out + c, plane);
      }
    } else {
      for (int64_t c = 0; c < shape.in_c; c += LATHE_PANEL) {
        transform_border_panel<kOutput>(in + c, shape, place, out + c, plane);
      }
    }
  }
}

// A line of a tile: pointers to its first pixel; residual may be null.
struct TileLine {
  float* out;
  const float* residual;
};

// Scale, bias, residual and activation of a vector of channels, and the store of the pixels that exist.
template <int kOutput>
HWY_INLINE void finish_line(const Winograd& problem, const TileLine& line, int64_t pixels, int64_t channel,
                            VecF32 (&y)[kOutput]) {
  const F32 f;
  const lathe_epilogue_f32& epilogue = *problem.epilogue;
  if (epilogue.scale != nullptr) {
    const VecF32 scale = hn::LoadU(f, epilogue.scale + channel);
    LATHE_UNROLL
    for (int x = 0; x < kOutput; ++x) y[x] = hn::Mul(y[x], scale);
  }
  if (epilogue.bias != nullptr) {
    const VecF32 bias = hn::LoadU(f, epilogue.bias + channel);
    LATHE_UNROLL
    for (int x = 0; x < kOutput; ++x) y[x] = hn::Add(y[x], bias);
  }
  if (line.residual != nullptr) {
    LATHE_UNROLL
    for (int x = 0; x < kOutput; ++x) {
      if (x >= pixels) break;
      y[x] = hn::Add(y[x], hn::LoadU(f, line.residual + x * problem.shape->residual_pixel_stride + channel));
    }
  }
  apply_activation(f, epilogue.activation, epilogue.alpha, epilogue.beta, y);
  LATHE_UNROLL
  for (int x = 0; x < kOutput; ++x) {
    if (x >= pixels) break;
    hn::StoreU(y[x], f, line.out + x * problem.shape->out_pixel_stride + channel);
  }
}

// A vector of channels of an output tile.
template <int kOutput>
HWY_INLINE void transform_output_vector(const Winograd& problem, const float* HWY_RESTRICT products,
                                        const TilePlace& place, const TileLine& first, int64_t channel) {
  constexpr int kInput = kOutput + 2;
  const F32 f;
  const int64_t plane = problem.blocks.out_plane;
  VecF32 columns[kOutput][kInput];
  LATHE_UNROLL
  for (int j = 0; j < kInput; ++j) {
    VecF32 m[kInput];
    LATHE_UNROLL
    for (int i = 0; i < kInput; ++i) m[i] = hn::LoadU(f, products + (i * kInput + j) * plane + channel);
    VecF32 y[kOutput];
    WinogradAxis<kOutput>::transform_output(m, y);
    LATHE_UNROLL
    for (int i = 0; i < kOutput; ++i) columns[i][j] = y[i];
  }
  TileLine line = first;
  LATHE_UNROLL
  for (int i = 0; i < kOutput; ++i) {
    if (i >= place.lines) break;
    VecF32 y[kOutput];
    WinogradAxis<kOutput>::transform_output(columns[i], y);
    finish_line(problem, line, place.pixels, channel, y);
    line.out += problem.shape->out_row_stride;
    if (line.residual != nullptr) line.residual += problem.shape->residual_row_stride;
  }
}

HWY_INLINE void report_tile(const Winograd& problem, const TilePlace& place) {
  const lathe_epilogue_f32& epilogue = *problem.epilogue;
  if (epilogue.after_block == nullptr) return;
  const lathe_conv2d_f32_shape& shape = *problem.shape;
  for (int64_t i = 0; i < place.lines; ++i) {
    const int64_t row = (place.image * shape.out_h + place.y + i) * shape.out_w + place.x;
    epilogue.after_block(epilogue.after_block_state, row, row + place.pixels, 0, shape.out_c);
  }
}

template <int kOutput>
void transform_output(const Winograd& problem, int64_t begin, int64_t end) {
  const lathe_conv2d_f32_shape& shape = *problem.shape;
  for (int64_t tile = begin; tile < end; ++tile) {
    const TilePlace place(problem, problem.first_tile + tile);
    TileLine line = {.out = problem.out + place.image * shape.out_image_stride + place.y * shape.out_row_stride +
                            place.x * shape.out_pixel_stride,
                     .residual = problem.residual};
    if (line.residual != nullptr) {
      line.residual += place.image * shape.residual_image_stride + place.y * shape.residual_row_stride +
                       place.x * shape.residual_pixel_stride;
    }
    const float* products = problem.out_tiles + tile * shape.out_c;
    for (int64_t c = 0; c < shape.out_c; c += kLanes)
      transform_output_vector<kOutput>(problem, products, place, line, c);
    report_tile(problem, place);
  }
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace lathe::runtime
HWY_AFTER_NAMESPACE();

#endif
