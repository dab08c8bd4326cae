# Patterns of einops.
import torch
import torch.nn as nn
from einops import rearrange, reduce, repeat, pack, unpack, einsum, parse_shape
from einops.layers.torch import Rearrange, Reduce

x = torch.sin(torch.arange(96.0)).reshape(2, 3, 4, 4)

out_patches = rearrange(x, 'b c (h p1) (w p2) -> b (h w) (p1 p2 c)', p1=2, p2=2)
out_last = rearrange(x, 'b c h w -> b h w c')
out_flat = rearrange(x, 'b ... -> b (...)')
out_moved = rearrange(x, 'b ... w -> w b ...')
out_one = rearrange(x, 'b c h w -> b 1 c (h w) 1')
out_squeezed = rearrange(x[:, :1], 'b 1 h w -> b h w')
out_listed = rearrange([x[0], x[1]], 'b c h w -> c b h w')
out_mean = reduce(x, 'b c h w -> b c', 'mean')
out_pool = reduce(x, 'b c (h h2) (w w2) -> b c h w', 'max', h2=2, w2=2)
out_sum = reduce(x, 'b c ... -> c', 'sum')
out_kept = reduce(x, 'b c h w -> b c () ()', 'min')
out_repeat = repeat(x[0], 'c h w -> b c h w', b=2)
out_upscale = repeat(x, 'b c h w -> b c (h 2) (w s)', s=3)
out_token = repeat(torch.arange(3.0).reshape(1, 1, 3), '1 1 d -> b n d', b=2, n=4)
out_einsum = einsum(x[0, 0], x[1, 0], 'row inner, inner column -> row column')
packed, shapes = pack([x[:, 0], x[:, 1, 0]], 'b *')
out_packed = packed
first, second = unpack(packed, shapes, 'b *')
out_first = first
out_second = second
named = parse_shape(x, 'b c _ w')
out_named = torch.tensor(float(named['b'] * 100 + named['c'] * 10 + named['w']))
layer = nn.Sequential(Rearrange('b c (h s) w -> b (c s) h w', s=2), Reduce('b c h w -> b c', 'mean'))
out_layer = layer(x)
