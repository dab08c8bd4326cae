// Transforms and packs the weights of Winograd convolutions: U = G g G^T, in double precision and rounded once. Runs at
// compile time; the layout is the same for every target.
#include <cstdint>
#include <cstring>

#include "lathe/kernels.h"
#include "runtime/kernels/winograd.h"

namespace {

constexpr int64_t kTaps = 3;
// Input pixels of the largest tile.
constexpr int64_t kMostSpan = 6;

// One number for each column of a panel.
struct PanelRow {
  double column[LATHE_PANEL];
};

// t = G g along one axis. Row i of G is (1, x, x^2) / N for the point x, with N the product of its distances to the
// other points; that of infinity is (0, 0, 1).
using TransformAxis = void (*)(const PanelRow& g0, const PanelRow& g1, const PanelRow& g2, PanelRow* t, int64_t step);

// N is -1 for 0, 2 for +-1; the sign of the first row goes to B^T.
void transform_axis_2(const PanelRow& g0, const PanelRow& g1, const PanelRow& g2, PanelRow* t, int64_t step) {
  for (int64_t i = 0; i < LATHE_PANEL; ++i) {
    const double even = 0.5 * (g0.column[i] + g2.column[i]);
    const double odd = 0.5 * g1.column[i];
    t[0].column[i] = g0.column[i];
    t[step].column[i] = even + odd;
    t[2 * step].column[i] = even - odd;
    t[3 * step].column[i] = g2.column[i];
  }
}

// N is 1 for 0, -3/2 for +-sqrt(1/2), 6 for +-sqrt(2).
void transform_axis_4(const PanelRow& g0, const PanelRow& g1, const PanelRow& g2, PanelRow* t, int64_t step) {
  constexpr double kPointA = 0.70710678118654752440;
  constexpr double kPointB = 1.41421356237309504880;
  for (int64_t i = 0; i < LATHE_PANEL; ++i) {
    const double even_a = (g0.column[i] + 0.5 * g2.column[i]) / -1.5;
    const double odd_a = kPointA * g1.column[i] / -1.5;
    const double even_b = (g0.column[i] + 2.0 * g2.column[i]) / 6.0;
    const double odd_b = kPointB * g1.column[i] / 6.0;
    t[0].column[i] = g0.column[i];
    t[step].column[i] = even_a + odd_a;
    t[2 * step].column[i] = even_a - odd_a;
    t[3 * step].column[i] = even_b + odd_b;
    t[4 * step].column[i] = even_b - odd_b;
    t[5 * step].column[i] = g2.column[i];
  }
}

// Sixteen filters of one input channel, `out_c_stride` apart. Weights in a mapped file may start at any byte.
void load_filters(const lathe_conv2d_weights& weights, const float* w, PanelRow (&g)[kTaps][kTaps]) {
  for (int64_t i = 0; i < LATHE_PANEL; ++i) {
    for (int64_t y = 0; y < kTaps; ++y) {
      for (int64_t x = 0; x < kTaps; ++x) {
        const float* at = w + i * weights.out_c_stride + y * weights.kernel_h_stride + x * weights.kernel_w_stride;
        float value = 0.0f;
        std::memcpy(&value, reinterpret_cast<const char*>(at), sizeof(value));
        g[y][x].column[i] = static_cast<double>(value);
      }
    }
  }
}

// u[span][span] = G g G^T.
void transform_filters(TransformAxis transform, int64_t span, const PanelRow (&g)[kTaps][kTaps], PanelRow* u) {
  PanelRow columns[kMostSpan][kTaps];
  for (int64_t x = 0; x < kTaps; ++x) transform(g[0][x], g[1][x], g[2][x], &columns[0][x], kTaps);
  for (int64_t y = 0; y < span; ++y) transform(columns[y][0], columns[y][1], columns[y][2], u + y * span, 1);
}

}  // namespace

int64_t lathe_packed_winograd_conv2d_floats(int64_t tile, int64_t in_c, int64_t out_c) {
  return lathe::runtime::winograd_planes(tile) * in_c * out_c;
}

void lathe_pack_winograd_conv2d_f32(int64_t tile, const lathe_conv2d_weights* weights, const float* w, float* packed) {
  const TransformAxis transform = tile == 2 ? transform_axis_2 : transform_axis_4;
  const int64_t planes = lathe::runtime::winograd_planes(tile);
  const int64_t plane = weights->in_c_per_group * weights->out_c;
  PanelRow g[kTaps][kTaps];
  PanelRow u[kMostSpan * kMostSpan];
  for (int64_t column = 0; column < weights->out_c; column += LATHE_PANEL) {
    for (int64_t i = 0; i < weights->in_c_per_group; ++i) {
      load_filters(*weights, w + column * weights->out_c_stride + i * weights->in_c_stride, g);
      transform_filters(transform, tile + 2, g, u);
      for (int64_t p = 0; p < planes; ++p) {
        for (int64_t j = 0; j < LATHE_PANEL; ++j) packed[p * plane + j] = static_cast<float>(u[p].column[j]);
      }
      packed += LATHE_PANEL;
    }
  }
}
