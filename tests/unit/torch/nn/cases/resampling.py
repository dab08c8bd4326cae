import math

import torch
import torch.nn as nn
import torch.nn.functional as F


def data(*shape):
    count = math.prod(shape)
    return ((torch.arange(count) * 37 + 11) % 23 - 11).float().reshape(shape) / 7


x = data(1, 2, 3, 4)
out_nearest = nn.Upsample(scale_factor=2)(x)
out_nearest_fraction = F.interpolate(x, scale_factor=1.3)
out_nearest_size = F.interpolate(x, size=(4, 7))
out_nearest_down = F.interpolate(x, size=2)
out_exact = F.interpolate(x, size=(5, 6), mode='nearest-exact')
out_bilinear = nn.Upsample(scale_factor=2, mode='bilinear')(x)
out_bilinear_corners = nn.Upsample(scale_factor=(2, 1.5), mode='bilinear', align_corners=True)(x)
out_bilinear_size = F.interpolate(x, size=(5, 3), mode='bilinear', align_corners=False)
out_bilinear_scale = F.interpolate(x, scale_factor=1.7, mode='bilinear')
out_bilinear_recomputed = F.interpolate(x, scale_factor=1.7, mode='bilinear', recompute_scale_factor=True)
out_bicubic = F.interpolate(x, size=(5, 6), mode='bicubic')
out_bicubic_corners = F.interpolate(x, scale_factor=2, mode='bicubic', align_corners=True)
out_linear = F.interpolate(data(1, 2, 5), scale_factor=2, mode='linear')
out_trilinear = F.interpolate(data(1, 1, 2, 3, 2), scale_factor=2, mode='trilinear')
out_area = F.interpolate(x, size=(2, 3), mode='area')
out_nearest2d = nn.UpsamplingNearest2d(scale_factor=2)(x)
out_bilinear2d = nn.UpsamplingBilinear2d(size=(5, 5))(x)
out_shuffle = nn.PixelShuffle(2)(data(1, 8, 2, 3))
out_unshuffle = nn.PixelUnshuffle(2)(data(1, 2, 4, 6))
out_channel_shuffle = nn.ChannelShuffle(2)(data(1, 4, 2, 2))
out_shuffle_function = F.pixel_shuffle(data(4, 2, 3), 2)
out_zero = nn.ZeroPad2d((1, 2, 0, 1))(x)
out_constant = nn.ConstantPad1d(2, 3.5)(data(2, 3))
out_constant_crop = nn.ConstantPad2d((-1, 1, 0, -1), 0.5)(x)
out_reflection = nn.ReflectionPad2d((1, 2, 2, 0))(x)
out_reflection_1d = nn.ReflectionPad1d(2)(data(2, 4))
out_replication = nn.ReplicationPad2d(2)(x)
out_replication_3d = nn.ReplicationPad3d(1)(data(1, 1, 2, 2, 2))
out_pad = F.pad(x, (1, 2))
out_pad_value = F.pad(x, (0, 1, 1, 0, 2, 0), value=-1.0)
out_pad_reflect = F.pad(x, (2, 1, 1, 1), mode='reflect')
out_pad_replicate = F.pad(x, (2, 1, 1, 3), mode='replicate')
out_pad_circular = F.pad(x, (2, 1, 1, 1), mode='circular')
out_pad_crop = F.pad(x, (-1, -1))
out_upsample_nearest = F.upsample_nearest(x, scale_factor=2)
out_upsample_bilinear = F.upsample_bilinear(x, size=(5, 5))
# Positions inside, on the edges and outside of the images.
images = data(2, 3, 4, 5)
grid = data(2, 3, 4, 2) * 1.5
out_grid_bilinear_zeros = F.grid_sample(images, grid, mode='bilinear', padding_mode='zeros', align_corners=False)
out_grid_bilinear_zeros_corners = F.grid_sample(images, grid, mode='bilinear', padding_mode='zeros', align_corners=True)
out_grid_bilinear_border = F.grid_sample(images, grid, mode='bilinear', padding_mode='border', align_corners=False)
out_grid_bilinear_border_corners = F.grid_sample(images, grid, mode='bilinear', padding_mode='border', align_corners=True)
out_grid_bilinear_reflection = F.grid_sample(images, grid, mode='bilinear', padding_mode='reflection', align_corners=False)
out_grid_bilinear_reflection_corners = F.grid_sample(images, grid, mode='bilinear', padding_mode='reflection', align_corners=True)
out_grid_nearest_zeros = F.grid_sample(images, grid, mode='nearest', padding_mode='zeros', align_corners=False)
out_grid_nearest_zeros_corners = F.grid_sample(images, grid, mode='nearest', padding_mode='zeros', align_corners=True)
out_grid_nearest_border = F.grid_sample(images, grid, mode='nearest', padding_mode='border', align_corners=False)
out_grid_nearest_border_corners = F.grid_sample(images, grid, mode='nearest', padding_mode='border', align_corners=True)
out_grid_nearest_reflection = F.grid_sample(images, grid, mode='nearest', padding_mode='reflection', align_corners=False)
out_grid_nearest_reflection_corners = F.grid_sample(images, grid, mode='nearest', padding_mode='reflection', align_corners=True)
out_grid_bicubic_zeros = F.grid_sample(images, grid, mode='bicubic', padding_mode='zeros', align_corners=False)
out_grid_bicubic_zeros_corners = F.grid_sample(images, grid, mode='bicubic', padding_mode='zeros', align_corners=True)
out_grid_bicubic_border = F.grid_sample(images, grid, mode='bicubic', padding_mode='border', align_corners=False)
out_grid_bicubic_border_corners = F.grid_sample(images, grid, mode='bicubic', padding_mode='border', align_corners=True)
out_grid_bicubic_reflection = F.grid_sample(images, grid, mode='bicubic', padding_mode='reflection', align_corners=False)
out_grid_bicubic_reflection_corners = F.grid_sample(images, grid, mode='bicubic', padding_mode='reflection', align_corners=True)
out_grid_default = F.grid_sample(images, grid)
out_grid_volume = F.grid_sample(data(1, 2, 3, 3, 2), data(1, 2, 2, 3, 3), align_corners=False)
# No ties, which versions of PyTorch round differently.
volume_grid = data(1, 2, 2, 3, 3) * 0.9 + 0.01
out_grid_volume_nearest = F.grid_sample(
    data(1, 2, 3, 3, 2), volume_grid, mode='nearest', padding_mode='border', align_corners=True)
out_affine = F.affine_grid(data(2, 2, 3), (2, 3, 4, 5), align_corners=False)
out_affine_corners = F.affine_grid(data(2, 2, 3), [2, 3, 4, 1], align_corners=True)
out_affine_volume = F.affine_grid(data(1, 3, 4), (1, 1, 2, 3, 2), align_corners=False)
