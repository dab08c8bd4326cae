import math

import torch
import torch.nn as nn
import torch.nn.functional as F


def data(*shape):
    count = math.prod(shape)
    return ((torch.arange(count) * 37 + 11) % 23 - 11).float().reshape(shape) / 7


out_conv2d = nn.Conv2d(4, 6, 3, stride=2, padding=1, groups=2)(data(2, 4, 7, 6))
out_conv2d_unbatched = nn.Conv2d(2, 3, (3, 2), dilation=(1, 2), bias=False)(data(2, 6, 7))
out_conv1d = nn.Conv1d(3, 2, 4)(data(2, 3, 9))
out_conv3d = nn.Conv3d(1, 2, 2, padding=(1, 0, 1))(data(1, 1, 3, 4, 3))
out_same = nn.Conv2d(2, 2, 4, padding='same', dilation=1)(data(1, 2, 6, 5))
out_valid = nn.Conv1d(2, 2, 3, padding='valid')(data(1, 2, 6))
out_reflect = nn.Conv2d(1, 2, 3, padding=1, padding_mode='reflect')(data(1, 1, 5, 4))
out_circular = nn.Conv1d(1, 2, 3, padding=2, padding_mode='circular')(data(1, 1, 5))
out_replicate = nn.Conv2d(1, 2, 3, padding=(1, 2), padding_mode='replicate')(data(1, 1, 4, 4))
out_transposed = nn.ConvTranspose2d(4, 6, 3, stride=2, padding=1, output_padding=1, groups=2)(data(2, 4, 4, 3))
out_transposed_1d = nn.ConvTranspose1d(2, 3, 4, stride=3)(data(2, 5))
out_transposed_3d = nn.ConvTranspose3d(1, 2, 2, stride=2)(data(1, 1, 2, 3, 2))
out_transposed_size = nn.ConvTranspose2d(1, 1, 3, stride=2, padding=1)(data(1, 1, 4, 4), output_size=(8, 7))
out_lazy = nn.LazyConv2d(3, 3, padding=1)(data(1, 2, 4, 4))
out_lazy_transposed = nn.LazyConvTranspose1d(3, 2, stride=2)(data(1, 2, 4))
out_function = F.conv2d(data(1, 2, 5, 5), data(3, 2, 2, 2), stride=2, padding=1)
out_function_1d = torch.conv1d(data(1, 2, 5), data(3, 2, 2), data(3))
out_function_same = F.conv1d(data(1, 1, 6), data(1, 1, 4), padding='same')
out_function_transposed = F.conv_transpose2d(data(1, 2, 3, 3), data(2, 1, 2, 2), stride=2)
out_unfold = nn.Unfold((2, 3), padding=1, stride=2)(data(1, 2, 5, 6))
out_unfold_function = F.unfold(data(1, 1, 4, 4), 2, dilation=2)
