# The Annotated Transformer: copies of layers made with copy.deepcopy, masks from torch.triu.
import copy, math
import torch
import torch.nn as nn
import torch.nn.functional as F

def clones(module, N):
    return nn.ModuleList([copy.deepcopy(module) for _ in range(N)])

def subsequent_mask(size):
    attn_shape = (1, size, size)
    m = torch.triu(torch.ones(attn_shape), diagonal=1).type(torch.uint8)
    return m == 0

def attention(query, key, value, mask=None, dropout=None):
    d_k = query.size(-1)
    scores = torch.matmul(query, key.transpose(-2, -1)) / math.sqrt(d_k)
    if mask is not None:
        scores = scores.masked_fill(mask == 0, -1e9)
    p_attn = scores.softmax(dim=-1)
    if dropout is not None:
        p_attn = dropout(p_attn)
    return torch.matmul(p_attn, value), p_attn

class MultiHeadedAttention(nn.Module):
    def __init__(self, h, d_model, dropout=0.1):
        super(MultiHeadedAttention, self).__init__()
        assert d_model % h == 0
        self.d_k = d_model // h
        self.h = h
        self.linears = clones(nn.Linear(d_model, d_model), 4)
        self.attn = None
        self.dropout = nn.Dropout(p=dropout)
    def forward(self, query, key, value, mask=None):
        if mask is not None:
            mask = mask.unsqueeze(1)
        nbatches = query.size(0)
        query, key, value = [
            lin(x).view(nbatches, -1, self.h, self.d_k).transpose(1, 2)
            for lin, x in zip(self.linears, (query, key, value))]
        x, self.attn = attention(query, key, value, mask=mask, dropout=self.dropout)
        x = x.transpose(1, 2).contiguous().view(nbatches, -1, self.h * self.d_k)
        return self.linears[-1](x)

class Block(nn.Module):
    def __init__(self, d, h):
        super().__init__()
        self.att = MultiHeadedAttention(h, d)
        self.norm = nn.LayerNorm(d)
    def forward(self, x, mask):
        return x + self.att(self.norm(x), self.norm(x), self.norm(x), mask)

class Net(nn.Module):
    def __init__(self, d=8, h=2, n=3):
        super().__init__()
        c = copy.deepcopy
        b = Block(d, h)
        self.blocks = clones(c(b), n)
    def forward(self, x):
        mask = subsequent_mask(x.size(1))
        for b in self.blocks:
            x = b(x, mask)
        return x

net = Net().eval()
out_net = net(torch.sin(torch.arange(80.0)).reshape(2, 5, 8))
