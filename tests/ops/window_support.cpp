// Naive convolutions.
#include "tests/ops/window_support.h"

namespace lathe::ops_test {
namespace {

int64_t entry(const Integers& values, size_t i, int64_t otherwise) { return values.empty() ? otherwise : values[i]; }

}  // namespace

std::vector<NamedAttribute> attributes_of(const ConvCase& conv) {
  return {{"strides", conv.strides}, {"pads", conv.pads}, {"dilations", conv.dilations}, {"groups", conv.groups}};
}

Array naive_conv(const ConvCase& conv, const Array& x, const Array& weight, const Array* bias) {
  const size_t spatial = x.dims.size() - 2;
  Array result{{x.dims[0], weight.dims[0]}, {}, x.element};
  for (size_t i = 0; i < spatial; ++i) {
    const int64_t padded = x.dims[2 + i] + entry(conv.pads, i, 0) + entry(conv.pads, spatial + i, 0);
    const int64_t covered = entry(conv.dilations, i, 1) * (weight.dims[2 + i] - 1) + 1;
    result.dims.push_back((padded - covered) / entry(conv.strides, i, 1) + 1);
  }
  const int64_t out_per_group = weight.dims[0] / conv.groups;
  for_each_position(result.dims, [&](const Dims& at) {
    double sum = bias == nullptr ? 0 : bias->values[static_cast<size_t>(at[1])];
    Dims taps(weight.dims.begin() + 1, weight.dims.end());
    for_each_position(taps, [&](const Dims& tap) {
      Dims from{at[0], at[1] / out_per_group * weight.dims[1] + tap[0]};
      Dims factor{at[1], tap[0]};
      for (size_t i = 0; i < spatial; ++i) {
        const int64_t position =
            at[2 + i] * entry(conv.strides, i, 1) + tap[1 + i] * entry(conv.dilations, i, 1) - entry(conv.pads, i, 0);
        if (position < 0 || position >= x.dims[2 + i]) return;
        from.push_back(position);
        factor.push_back(tap[1 + i]);
      }
      sum += x.values[static_cast<size_t>(flat(x.dims, from))] *
             weight.values[static_cast<size_t>(flat(weight.dims, factor))];
    });
    result.values.push_back(sum);
  });
  return result;
}

Array naive_conv_transpose(const ConvCase& conv, const Array& x, const Array& weight, const Array* bias) {
  const size_t spatial = x.dims.size() - 2;
  const int64_t out_per_group = weight.dims[1];
  const int64_t in_per_group = weight.dims[0] / conv.groups;
  Array result{{x.dims[0], out_per_group * conv.groups}, {}, x.element};
  for (size_t i = 0; i < spatial; ++i) {
    result.dims.push_back((x.dims[2 + i] - 1) * entry(conv.strides, i, 1) - entry(conv.pads, i, 0) -
                          entry(conv.pads, spatial + i, 0) + entry(conv.dilations, i, 1) * (weight.dims[2 + i] - 1) +
                          1 + entry(conv.output_padding, i, 0));
  }
  for_each_position(result.dims, [&](const Dims& at) {
    result.values.push_back(bias == nullptr ? 0 : bias->values[static_cast<size_t>(at[1])]);
  });
  Dims kernel(weight.dims.begin() + 2, weight.dims.end());
  for_each_position(x.dims, [&](const Dims& from) {
    const int64_t group = from[1] / in_per_group;
    for (int64_t out = 0; out < out_per_group; ++out) {
      for_each_position(kernel, [&](const Dims& tap) {
        Dims to{from[0], group * out_per_group + out};
        Dims factor{from[1], out};
        for (size_t i = 0; i < spatial; ++i) {
          const int64_t position =
              from[2 + i] * entry(conv.strides, i, 1) + tap[i] * entry(conv.dilations, i, 1) - entry(conv.pads, i, 0);
          if (position < 0 || position >= result.dims[2 + i]) return;
          to.push_back(position);
          factor.push_back(tap[i]);
        }
        result.values[static_cast<size_t>(flat(result.dims, to))] +=
            x.values[static_cast<size_t>(flat(x.dims, from))] *
            weight.values[static_cast<size_t>(flat(weight.dims, factor))];
      });
    }
  });
  return result;
}

Array channels_last(const Array& x) {
  Array result{{x.dims[0]}, {}, x.element};
  result.dims.insert(result.dims.end(), x.dims.begin() + 2, x.dims.end());
  result.dims.push_back(x.dims[1]);
  for_each_position(result.dims, [&](const Dims& at) {
    Dims from{at[0], at.back()};
    from.insert(from.end(), at.begin() + 1, at.end() - 1);
    result.values.push_back(x.values[static_cast<size_t>(flat(x.dims, from))]);
  });
  return result;
}

}  // namespace lathe::ops_test
