/* The C ABI between generated code and the runtime's kernels: packing, GEMM, convolution (direct, depthwise,
 * Winograd), and the small services a compiled program needs (parallel loops, failure messages).
 *
 * All element data is f32 and all strides and extents count floats, never bytes. `execution` may be null everywhere:
 * one thread, process allocator, no messages. Kernels do not allocate, read nothing outside the described operands and
 * write nothing outside the described output and scratch memory: the last columns of a row may border on somebody
 * else's data.
 *
 * Order of arithmetic. Each output element starts from +0 and accumulates in increasing order of k (GEMM), of
 * (kernel row, kernel column, input channel) (convolution) or of (kernel row, kernel column) (depthwise), one fused
 * multiply-add a step; targets without FMA (SSE4) round the product and the sum separately. So the bits do not depend
 * on threads, batch, number of rows, blocking, or on which FMA target runs. Winograd convolutions have an order of
 * their own, which keeps to the last sentence as well. */
#ifndef LATHE_KERNELS_H
#define LATHE_KERNELS_H

#include "lathe/runtime.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Columns of one packed panel, on every target. */
#define LATHE_PANEL 16

/* ------------------------------------------------------------------------------------------------------ services */

/* Runs `task` over [0, count) in ranges that begin at multiples of `grain`: on execution->parallel_for when it has more
 * than one thread and there is more than one grain, else as one inline call. `count` 0 calls nothing. */
LATHE_API void lathe_parallel_for(const lathe_execution* execution, int64_t count, int64_t grain, lathe_task task,
                                  void* state);

/* Writes `text` to the message buffer, with each "{}" replaced by the next of `values` in decimal, and returns
 * `status`, so that generated code can say `return lathe_fail(execution, LATHE_SHAPE_GUARD_FAILED, "...", values, 2);`.
 * `values` may be null when `value_count` is 0. */
LATHE_API lathe_status lathe_fail(const lathe_execution* execution, lathe_status status, const char* text,
                                  const int64_t* values, int32_t value_count);

/* ------------------------------------------------------------------------------------------------------ epilogue */

/* Values of lathe_epilogue_f32.activation. NaN stays NaN in all of them; every operation is rounded on its own. */
enum {
  LATHE_ACTIVATION_NONE = 0,
  /* x < 0 ? 0 : x */
  LATHE_ACTIVATION_RELU = 1,
  /* x < alpha ? alpha : x > beta ? beta : x, with alpha <= beta */
  LATHE_ACTIVATION_CLIP = 2,
  /* x < 0 ? alpha * x : x */
  LATHE_ACTIVATION_LEAKY_RELU = 3,
  /* clip(alpha * x + beta, 0, 1) */
  LATHE_ACTIVATION_HARD_SIGMOID = 4,
  /* x * clip(alpha * x + beta, 0, 1); ONNX HardSwish has alpha = 1/6, beta = 0.5 */
  LATHE_ACTIVATION_HARD_SWISH = 5
};

/* Called when rows [row_begin, row_end) of columns [column_begin, column_end) of the output are final, by the thread
 * that wrote them and while they are likely in its cache; over the call every element is reported exactly once.
 * A row is `batch_index * m + i` (GEMM) or `(image * out_h + y) * out_w + x` (convolutions), a column is an output
 * channel; column_begin is a multiple of 16 within its group. In convolutions the rows of one call lie in one output
 * line (same image and y). May run on several threads at once. */
typedef void (*lathe_after_block_fn)(void* state, int64_t row_begin, int64_t row_end, int64_t column_begin,
                                     int64_t column_end);

/* What is done to an accumulated value before it is stored:
 *   v = sum;  if (scale) v = v * scale[column];  if (bias) v = v + bias[column];  if (residual) v = v + residual[..];
 *   output = activation(v)
 * A null `const lathe_epilogue_f32*` means none of it (the residual operand still counts). */
typedef struct lathe_epilogue_f32 {
  uint32_t struct_size;
  int32_t activation; /* LATHE_ACTIVATION_* */
  float alpha;
  float beta;
  const float* scale;               /* n floats, or null */
  const float* bias;                /* n floats, or null */
  lathe_after_block_fn after_block; /* or null */
  void* after_block_state;
} lathe_epilogue_f32;

/* ---------------------------------------------------------------------------------------------------------- GEMM */

/* Floats of packed B: ceil(n / 16) * k * 16. */
LATHE_API int64_t lathe_packed_gemm_b_floats(int64_t k, int64_t n);

/* Packs B[k][n], element (i, j) at b[i * row_stride + j * column_stride], into panels [ceil(n / 16)][k][16]; missing
 * columns are zero. A transposed B is packed with swapped strides. `packed` needs no alignment beyond float; 64 bytes
 * is best. Used at compile time for weights and at run time for computed operands; does not use threads. */
LATHE_API void lathe_pack_gemm_b_f32(const float* b, int64_t k, int64_t n, int64_t row_stride, int64_t column_stride,
                                     float* packed);

/* Packs `batch` matrices, the p-th one at b + p * batch_stride, behind each other. Spreads them over the threads of
 * `execution`. For operands that are computed; weights are packed at compile time. */
LATHE_API void lathe_pack_gemm_b_batch_f32(const lathe_execution* execution, const float* b, int64_t batch, int64_t k,
                                           int64_t n, int64_t batch_stride, int64_t row_stride, int64_t column_stride,
                                           float* packed);

/* C[p][i][j] = epilogue(sum over l of A[p][i][l] * B[p][l][j]) for p < batch, i < m, j < n. Elements of a row are
 * adjacent. b_batch_stride is in floats of packed B: 0 when all batches share B. */
typedef struct lathe_gemm_f32_shape {
  uint32_t struct_size;
  uint32_t reserved; /* 0 */
  int64_t batch;
  int64_t m;
  int64_t n;
  int64_t k;
  int64_t a_row_stride;
  int64_t a_batch_stride;
  int64_t b_batch_stride;
  int64_t c_row_stride;
  int64_t c_batch_stride;
  int64_t residual_row_stride;
  int64_t residual_batch_stride;
} lathe_gemm_f32_shape;

/* Runs it. `residual` may be null, and may be `c` itself with the same strides (each element is read before it is
 * written); `c` must not overlap `a` or `packed_b`. Extents may be 0; k = 0 sums to 0. */
LATHE_API lathe_status lathe_gemm_f32(const lathe_execution* execution, const lathe_gemm_f32_shape* shape,
                                      const float* a, const float* packed_b, float* c, const float* residual,
                                      const lathe_epilogue_f32* epilogue);

/* --------------------------------------------------------------------------------------------------- convolution */

/* An NHWC convolution without padding: the input operand already contains its border. Channels of a pixel are adjacent.
 *   out[b][y][x][o] = epilogue(sum over kh, kw, i of
 *       in[b][y * stride_h + kh * dilation_h][x * stride_w + kw * dilation_w][g * in_c / groups + i] * w[o][i][kh][kw])
 * with g = o / (out_c / groups). in_c and out_c count all groups and are multiples of `groups`. The strides of the
 * output may describe the inside of a padded buffer or a channel slice of a concatenation. */
typedef struct lathe_conv2d_f32_shape {
  uint32_t struct_size;
  uint32_t reserved; /* 0 */
  int64_t batch;
  int64_t out_h;
  int64_t out_w;
  int64_t in_c;
  int64_t out_c;
  int64_t kernel_h;
  int64_t kernel_w;
  int64_t stride_h;
  int64_t stride_w;
  int64_t dilation_h;
  int64_t dilation_w;
  int64_t groups;
  int64_t in_image_stride;
  int64_t in_row_stride;
  int64_t in_pixel_stride;
  int64_t out_image_stride;
  int64_t out_row_stride;
  int64_t out_pixel_stride;
  int64_t residual_image_stride;
  int64_t residual_row_stride;
  int64_t residual_pixel_stride;
} lathe_conv2d_f32_shape;

/* Extents of convolution weights and where element (o, i, kh, kw) lies: w[o * out_c_stride + i * in_c_stride +
 * kh * kernel_h_stride + kw * kernel_w_stride]. in_c_per_group is the extent of the weights' channel axis. */
typedef struct lathe_conv2d_weights {
  uint32_t struct_size;
  uint32_t reserved; /* 0 */
  int64_t out_c;
  int64_t in_c_per_group;
  int64_t kernel_h;
  int64_t kernel_w;
  int64_t groups;
  int64_t out_c_stride;
  int64_t in_c_stride;
  int64_t kernel_h_stride;
  int64_t kernel_w_stride;
} lathe_conv2d_weights;

/* Floats of packed convolution weights: groups * ceil(out_c / groups / 16) * kernel_h * kernel_w * in_c_per_group * 16.
 */
LATHE_API int64_t lathe_packed_conv2d_floats(const lathe_conv2d_weights* weights);

/* Packs into [groups][ceil(out_c / groups / 16)][kernel_h][kernel_w][in_c_per_group][16], missing channels zero. */
LATHE_API void lathe_pack_conv2d_f32(const lathe_conv2d_weights* weights, const float* w, float* packed);

/* Runs it. Rules for `residual`, overlap and zero extents as for lathe_gemm_f32. */
LATHE_API lathe_status lathe_conv2d_f32(const lathe_execution* execution, const lathe_conv2d_f32_shape* shape,
                                        const float* in, const float* packed, float* out, const float* residual,
                                        const lathe_epilogue_f32* epilogue);

/* Floats of packed depthwise weights: kernel_h * kernel_w * channels rounded up to a multiple of 16. */
LATHE_API int64_t lathe_packed_depthwise_conv2d_floats(int64_t channels, int64_t kernel_h, int64_t kernel_w);

/* Packs w[c * channel_stride + kh * kernel_h_stride + kw * kernel_w_stride] into [kernel_h][kernel_w][channels rounded
 * up to 16], missing channels zero. */
LATHE_API void lathe_pack_depthwise_conv2d_f32(const float* w, int64_t channels, int64_t kernel_h, int64_t kernel_w,
                                               int64_t channel_stride, int64_t kernel_h_stride, int64_t kernel_w_stride,
                                               float* packed);

/* A convolution with one filter a channel: in_c == out_c == groups, otherwise as lathe_conv2d_f32. */
LATHE_API lathe_status lathe_depthwise_conv2d_f32(const lathe_execution* execution, const lathe_conv2d_f32_shape* shape,
                                                  const float* in, const float* packed, float* out,
                                                  const float* residual, const lathe_epilogue_f32* epilogue);

/* -------------------------------------------------------------------------------------------- Winograd convolution */

/* A 3x3 convolution of stride 1 with fewer multiplications, by tiles of `tile` x `tile` output pixels: F(4x4, 3x3)
 * takes a quarter of the direct sum's, over the points 0, +-sqrt(1/2), +-sqrt(2), infinity; F(2x2, 3x3) takes four
 * ninths, over 0, +-1, infinity (A. Lavin and S. Gray, "Fast Algorithms for Convolutional Neural Networks", 2015).
 * `tile` is 2 or 4. The sum is another one than that of lathe_conv2d_f32: relative to the largest output, that of tiles
 * of 4 is off by about twice as much (measured 2e-6 at 256 channels against 1e-6), that of tiles of 2 by half; tests
 * hold 1e-5. It too is the same for every number of threads, place in the batch and target with FMA. A NaN or an
 * infinity in the input makes outputs of all of its tile infinite or NaN, and sums of inputs beyond 1e37 may overflow.
 */

/* Floats of scratch memory for `batch` images of out_h x out_w pixels; as many as any size needs when one of the three
 * is negative. */
LATHE_API int64_t lathe_winograd_conv2d_scratch_floats(int64_t tile, int64_t batch, int64_t out_h, int64_t out_w,
                                                       int64_t in_c, int64_t out_c);

/* Runs it: as lathe_conv2d_f32 for a shape with kernel 3x3, stride, dilation and groups 1, and channels that are
 * multiples of 16. `packed` are weights [out_c][in_c][3][3], packed by lathe_pack_gemm_b_f32 as a matrix of in_c * 9
 * rows and out_c columns: [out_c / 16][in_c][3][3][16]. `scratch` overlaps no other operand and is overwritten. */
LATHE_API lathe_status lathe_winograd_conv2d_f32(const lathe_execution* execution, const lathe_conv2d_f32_shape* shape,
                                                 const float* in, const float* packed, float* out,
                                                 const float* residual, const lathe_epilogue_f32* epilogue,
                                                 float* scratch, int64_t tile);

#ifdef __cplusplus
}
#endif

#endif /* LATHE_KERNELS_H */
