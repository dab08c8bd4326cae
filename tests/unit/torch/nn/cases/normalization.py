import math

import torch
import torch.nn as nn
import torch.nn.functional as F


def data(*shape):
    count = math.prod(shape)
    return ((torch.arange(count) * 37 + 11) % 23 - 11).float().reshape(shape) / 7


x = data(3, 4, 5, 2)
bn = nn.BatchNorm2d(4)
bn.eval()
out_batch = bn(x)
out_batch_train = nn.BatchNorm2d(4)(x)
out_batch_1d = nn.BatchNorm1d(4).eval()(data(3, 4))
out_batch_1d_train = nn.BatchNorm1d(4, eps=0.01)(data(3, 4, 2))
out_batch_plain = nn.BatchNorm2d(4, affine=False, track_running_stats=False).eval()(x)
out_batch_3d = nn.BatchNorm3d(2).eval()(data(1, 2, 2, 2, 3))
out_lazy = nn.LazyBatchNorm2d().eval()(x)
out_layer = nn.LayerNorm(2)(x)
out_layer_two = nn.LayerNorm((5, 2), eps=0.1)(x)
out_layer_plain = nn.LayerNorm([4, 5, 2], elementwise_affine=False)(x)
out_group = nn.GroupNorm(2, 4)(x)
out_group_plain = nn.GroupNorm(4, 4, affine=False)(x)
out_instance = nn.InstanceNorm2d(4)(x)
out_instance_affine = nn.InstanceNorm2d(4, affine=True)(x)
out_instance_unbatched = nn.InstanceNorm1d(3)(data(3, 6))
out_instance_running = nn.InstanceNorm2d(4, track_running_stats=True).eval()(x)
out_response = nn.LocalResponseNorm(3, alpha=0.5, beta=0.6, k=2.0)(x)
out_response_even = nn.LocalResponseNorm(2)(x * 10)
out_function_layer = F.layer_norm(x, (2,))
out_function_layer_affine = torch.layer_norm(x, (5, 2), data(5, 2), data(5, 2))
out_function_group = F.group_norm(x, 2)
out_function_instance = F.instance_norm(x)
out_function_batch = F.batch_norm(x, data(4), data(4).abs() + 1)
normed = nn.utils.weight_norm(nn.Linear(3, 2))
out_weight_norm = normed(data(2, 3))
normed_conv = nn.utils.weight_norm(nn.Conv1d(2, 3, 2), dim=None)
out_weight_norm_whole = normed_conv(data(1, 2, 4))
