// The computations that layers and functions share, on graph values. Each checks its operands the way PyTorch does and
// reports in the words of the Operation. An invalid id is an absent optional operand.
#pragma once

#include "compiler/frontend/torch/nn/formula.h"
#include "compiler/frontend/torch/nn/operation.h"

namespace lathe::torch {

// Linear maps.
/// x @ weight^T + bias over the last axis; weight is [out, in].
Result<ValueId> linear(const Operation& operation, ValueId x, ValueId weight, ValueId bias);
/// x1^T A x2 + bias; weight is [out, in1, in2].
Result<ValueId> bilinear(const Operation& operation, ValueId x1, ValueId x2, ValueId weight, ValueId bias);

// Convolutions, with a spatial rank that the weight tells. Unbatched inputs have one axis less.
struct ConvolutionGeometry {
  Integers strides;
  Integers pads;  ///< before each spatial axis, then after each
  Integers dilations;
  int64_t groups = 1;
};
Result<ValueId> convolution(const Operation& operation, ValueId x, ValueId weight, ValueId bias,
                            const ConvolutionGeometry& geometry);
struct TransposedGeometry {
  Integers strides;
  Integers padding;         ///< one number an axis: what is cut off on both sides
  Integers output_padding;  ///< one number an axis
  Integers dilations;
  int64_t groups = 1;
};
Result<ValueId> transposed_convolution(const Operation& operation, ValueId x, ValueId weight, ValueId bias,
                                       const TransposedGeometry& geometry);

// Pools. `row` is max_pool, average_pool or lp_pool.
struct PoolGeometry {
  Integers kernel;
  Integers strides;
  Integers padding;  ///< on both sides
  Integers dilations;
  bool ceil_mode = false;
  bool count_include_pad = true;  ///< of average_pool
  int64_t p = 2;                  ///< of lp_pool
};
Result<ValueId> pool(const Operation& operation, std::string_view row, ValueId x, const PoolGeometry& geometry);
/// Divides sums by `divisor` in place of the size of the window.
Result<ValueId> average_pool_by(const Operation& operation, ValueId x, const PoolGeometry& geometry, int64_t divisor);
/// The sizes of the result, absent ones are those of the input; `row` is reduce_mean or reduce_max.
Result<ValueId> adaptive_pool(const Operation& operation, std::string_view row, ValueId x,
                              const std::vector<std::optional<int64_t>>& sizes);

// Normalisation. Scale and bias may be absent.
Result<ValueId> batch_norm(const Operation& operation, ValueId x, ValueId mean, ValueId variance, ValueId scale,
                           ValueId bias, double epsilon);
/// With the statistics of x itself over all axes but 1; fails with one value a channel.
Result<ValueId> batch_norm_of_batch(const Operation& operation, ValueId x, ValueId scale, ValueId bias, double epsilon);
Result<ValueId> instance_norm(const Operation& operation, ValueId x, ValueId scale, ValueId bias, double epsilon);
Result<ValueId> group_norm(const Operation& operation, ValueId x, int64_t groups, ValueId scale, ValueId bias,
                           double epsilon);
Result<ValueId> layer_norm(const Operation& operation, ValueId x, const Integers& normalized, ValueId scale,
                           ValueId bias, double epsilon);
/// Without an epsilon: that of x's element type.
Result<ValueId> rms_norm(const Operation& operation, ValueId x, const Integers& normalized, ValueId scale,
                         std::optional<double> epsilon);
Result<ValueId> local_response_norm(const Operation& operation, ValueId x, int64_t size, double alpha, double beta,
                                    double k);

// Activations and dropout.
/// softmax or log_softmax; without an axis PyTorch's old rule: 0 for rank 0, 1 and 3, else 1.
Result<ValueId> softmax(const Operation& operation, std::string_view row, ValueId x, std::optional<int64_t> axis);
/// Zeros elements with probability p and scales the others; the choice is an input of the graph. Nothing unless
/// training.
Result<ValueId> dropout(const Operation& operation, ValueId x, double p, bool training);
/// The same for whole channels: the mask has size 1 on the axes behind `axes`.
Result<ValueId> channel_dropout(const Operation& operation, ValueId x, double p, bool training);

// Arrangement.
/// The axis in [0, rank) that PyTorch means with one in [-rank, rank).
Result<size_t> axis_of(const Operation& operation, int64_t axis, size_t rank, std::string_view what = "dim");
Result<ValueId> pixel_shuffle(const Operation& operation, ValueId x, int64_t factor);
Result<ValueId> pixel_unshuffle(const Operation& operation, ValueId x, int64_t factor);
Result<ValueId> channel_shuffle(const Operation& operation, ValueId x, int64_t groups);
/// `amounts` as F.pad takes them: before and after the last axis, then the one before it ...; mode constant, reflect,
/// replicate or circular.
Result<ValueId> pad(const Operation& operation, ValueId x, const std::vector<Dim>& amounts, const std::string& mode,
                    double value);
struct ResizeRequest {
  std::vector<Dim> sizes;  ///< one for each spatial axis; empty with scales
  std::vector<double> scales;
  std::string mode = "nearest";
  bool align_corners = false;
  bool recompute_scale = false;
};
Result<ValueId> interpolate(const Operation& operation, ValueId x, const ResizeRequest& request);
Result<ValueId> unfold(const Operation& operation, ValueId x, const Integers& kernel, const Integers& dilation,
                       const Integers& padding, const Integers& stride);

// Lookup and distances.
Result<ValueId> embedding(const Operation& operation, ValueId indices, ValueId weight);
Result<ValueId> normalize(const Operation& operation, ValueId x, double p, int64_t axis, double epsilon);
Result<ValueId> cosine_similarity(const Operation& operation, ValueId a, ValueId b, int64_t axis, double epsilon);
Result<ValueId> pairwise_distance(const Operation& operation, ValueId a, ValueId b, double p, double epsilon,
                                  bool keep_dim);

}  // namespace lathe::torch
