# MultiheadAttention with its options, and the function.
import torch
import torch.nn as nn
import torch.nn.functional as F

q = torch.sin(torch.arange(48.0)).reshape(3, 2, 8)
k = torch.cos(torch.arange(64.0)).reshape(4, 2, 8)
v = torch.sin(torch.arange(64.0) * 2).reshape(4, 2, 8)
hidden = torch.tensor([[False, False, True, False], [False, True, True, False]])

plain = nn.MultiheadAttention(8, 2)
out_plain, out_plain_w = plain(q, k, v)
out_self, out_self_w = plain(q, q, q, average_attn_weights=False)
out_padded, out_padded_w = plain(q, k, v, key_padding_mask=hidden)
causal = torch.triu(torch.ones(3, 3, dtype=torch.bool), diagonal=1)
out_causal, _ = plain(q, q, q, attn_mask=causal)
out_added, _ = plain(q, k, v, attn_mask=torch.sin(torch.arange(12.0)).reshape(3, 4), key_padding_mask=hidden)
out_heads, _ = plain(q, k, v, attn_mask=torch.sin(torch.arange(48.0)).reshape(4, 3, 4))
out_one, out_one_w = plain(q[:, 0], k[:, 0], v[:, 0])
out_none, none = plain(q, k, v, need_weights=False)

first = nn.MultiheadAttention(8, 4, batch_first=True, bias=False)
out_first, out_first_w = first(q.transpose(0, 1), k.transpose(0, 1), v.transpose(0, 1))
extra = nn.MultiheadAttention(8, 2, add_bias_kv=True, add_zero_attn=True)
out_extra, out_extra_w = extra(q, k, v, key_padding_mask=hidden)
other = nn.MultiheadAttention(8, 2, kdim=5, vdim=6)
out_other, out_other_w = other(q, k[..., :5], v[..., :6])
