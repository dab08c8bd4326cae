import math

import torch
import torch.nn as nn
import torch.nn.functional as F


def data(*shape):
    count = math.prod(shape)
    return ((torch.arange(count) * 37 + 11) % 23 - 11).float().reshape(shape) / 7


x = data(2, 3, 7, 8)
out_max = nn.MaxPool2d(3, stride=2, padding=1)(x)
out_max_ceil = nn.MaxPool2d(2, ceil_mode=True)(x)
out_max_dilated = nn.MaxPool2d((2, 3), stride=1, dilation=2)(x)
out_max_unbatched = nn.MaxPool1d(2)(data(3, 7))
out_max_3d = nn.MaxPool3d(2)(data(1, 1, 4, 4, 5))
out_average = nn.AvgPool2d(3, stride=2, padding=1)(x)
out_average_exclude = nn.AvgPool2d(3, stride=2, padding=1, count_include_pad=False)(x)
out_average_ceil = nn.AvgPool2d(3, stride=2, ceil_mode=True)(x)
out_average_ceil_pad = nn.AvgPool2d((3, 2), stride=(2, 3), padding=1, ceil_mode=True)(x)
out_average_divisor = nn.AvgPool2d(2, divisor_override=3)(x)
out_average_1d = nn.AvgPool1d(2, stride=1)(data(1, 2, 5))
out_average_3d = nn.AvgPool3d((1, 2, 2))(data(1, 1, 2, 4, 4))
out_norm = nn.LPPool2d(2, 3, stride=2)(x)
out_norm_odd = nn.LPPool1d(3, 2)(data(1, 2, 6).abs())
out_norm_ceil = nn.LPPool1d(2, 3, ceil_mode=True)(data(1, 2, 7))
out_adaptive = nn.AdaptiveAvgPool2d((3, 5))(x)
out_adaptive_one = nn.AdaptiveAvgPool2d(1)(x)
out_adaptive_none = nn.AdaptiveAvgPool2d((3, None))(x)
out_adaptive_even = nn.AdaptiveAvgPool1d(4)(data(2, 8))
out_adaptive_grow = nn.AdaptiveAvgPool1d(5)(data(1, 2, 3))
out_adaptive_max = nn.AdaptiveMaxPool2d((2, 3))(x)
out_adaptive_3d = nn.AdaptiveAvgPool3d((2, 1, 2))(data(1, 1, 3, 4, 5))
out_function = F.max_pool2d(x, 2)
out_function_average = F.avg_pool2d(x, 2, stride=1, padding=1)
out_function_adaptive = F.adaptive_avg_pool2d(x, (2, 2))
out_function_adaptive_max = F.adaptive_max_pool1d(data(2, 5), 2)
