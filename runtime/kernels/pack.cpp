// Packing of constant and computed operands into panels of 16 columns. The layout is the same for every target, so this
// runs at compile time on one machine for another, and needs no dispatch.
#include <algorithm>
#include <cstdint>
#include <cstring>

#include "lathe/kernels.h"

namespace {

constexpr int64_t round_up_to_panel(int64_t columns) { return (columns + LATHE_PANEL - 1) / LATHE_PANEL * LATHE_PANEL; }

// Weights in a mapped file may start at any byte.
void copy(float* to, const float* from, size_t count) {
  std::memcpy(to, reinterpret_cast<const char*>(from), count * sizeof(float));
}

float load(const float* at) {
  float value = 0.0f;
  copy(&value, at, 1);
  return value;
}

// One panel row: `width` elements a column stride apart, zeros up to 16.
void pack_row(const float* source, int64_t column_stride, int64_t width, float* packed) {
  if (width == LATHE_PANEL && column_stride == 1) {
    copy(packed, source, LATHE_PANEL);
    return;
  }
  for (int64_t j = 0; j < width; ++j) packed[j] = load(source + j * column_stride);
  for (int64_t j = width; j < LATHE_PANEL; ++j) packed[j] = 0.0f;
}

// One panel whose rows are adjacent in memory (a transposed B): reads along the rows, 16 columns of 16 at a time.
void pack_transposed_panel(const float* source, int64_t k, int64_t column_stride, int64_t width, float* packed) {
  for (int64_t i = 0; i < k; i += LATHE_PANEL) {
    const int64_t rows = std::min<int64_t>(k - i, LATHE_PANEL);
    for (int64_t j = 0; j < width; ++j) {
      const float* column = source + j * column_stride + i;
      for (int64_t l = 0; l < rows; ++l) packed[(i + l) * LATHE_PANEL + j] = load(column + l);
    }
    for (int64_t l = 0; l < rows; ++l) {
      for (int64_t j = width; j < LATHE_PANEL; ++j) packed[(i + l) * LATHE_PANEL + j] = 0.0f;
    }
  }
}

}  // namespace

int64_t lathe_packed_gemm_b_floats(int64_t k, int64_t n) { return round_up_to_panel(n) * k; }

void lathe_pack_gemm_b_f32(const float* b, int64_t k, int64_t n, int64_t row_stride, int64_t column_stride,
                           float* packed) {
  for (int64_t column = 0; column < n; column += LATHE_PANEL) {
    const float* source = b + column * column_stride;
    const int64_t width = std::min<int64_t>(n - column, LATHE_PANEL);
    if (row_stride == 1 && column_stride != 1) {
      pack_transposed_panel(source, k, column_stride, width, packed);
    } else {
      for (int64_t i = 0; i < k; ++i) pack_row(source + i * row_stride, column_stride, width, packed + i * LATHE_PANEL);
    }
    packed += k * LATHE_PANEL;
  }
}

int64_t lathe_packed_conv2d_floats(const lathe_conv2d_weights* weights) {
  return weights->groups * round_up_to_panel(weights->out_c / weights->groups) * weights->kernel_h * weights->kernel_w *
         weights->in_c_per_group;
}

void lathe_pack_conv2d_f32(const lathe_conv2d_weights* weights, const float* w, float* packed) {
  const int64_t group_columns = weights->out_c / weights->groups;
  const int64_t taps = weights->kernel_h * weights->kernel_w;
  for (int64_t group = 0; group < weights->groups; ++group) {
    for (int64_t column = 0; column < group_columns; column += LATHE_PANEL) {
      const float* panel = w + (group * group_columns + column) * weights->out_c_stride;
      const int64_t width = std::min<int64_t>(group_columns - column, LATHE_PANEL);
      // Channel by channel, though taps come first in the result: so each weight is read while its line is in cache.
      for (int64_t i = 0; i < weights->in_c_per_group; ++i) {
        for (int64_t tap = 0; tap < taps; ++tap) {
          const float* source = panel + i * weights->in_c_stride + tap / weights->kernel_w * weights->kernel_h_stride +
                                tap % weights->kernel_w * weights->kernel_w_stride;
          pack_row(source, weights->out_c_stride, width, packed + (tap * weights->in_c_per_group + i) * LATHE_PANEL);
        }
      }
      packed += taps * weights->in_c_per_group * LATHE_PANEL;
    }
  }
}

int64_t lathe_packed_depthwise_conv2d_floats(int64_t channels, int64_t kernel_h, int64_t kernel_w) {
  return kernel_h * kernel_w * round_up_to_panel(channels);
}

void lathe_pack_depthwise_conv2d_f32(const float* w, int64_t channels, int64_t kernel_h, int64_t kernel_w,
                                     int64_t channel_stride, int64_t kernel_h_stride, int64_t kernel_w_stride,
                                     float* packed) {
  const int64_t padded = round_up_to_panel(channels);
  for (int64_t kh = 0; kh < kernel_h; ++kh) {
    for (int64_t kw = 0; kw < kernel_w; ++kw) {
      const float* source = w + kh * kernel_h_stride + kw * kernel_w_stride;
      for (int64_t c = 0; c < padded; ++c) packed[c] = c < channels ? load(source + c * channel_stride) : 0.0f;
      packed += padded;
    }
  }
}
