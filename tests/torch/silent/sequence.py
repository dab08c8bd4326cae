# Recurrent models, attention, Transformers, text convolutions.
# run: LSTMTagger() x=i64[3,9]
# run: LSTMTagger() x=i64[1,1]
# run: BahdanauDecoder() x=f32[2,5,8] s=f32[2,8]
# run: BahdanauDecoder() x=f32[1,1,8] s=f32[1,8]
# run: SelfAtt() x=f32[4,7,8]
# run: MIL() x=f32[10,1,28,28]
# run: MIL() x=f32[1,1,28,28]
# run: GPT() idx=i64[2,6]
# run: TextCNN() x=i64[4,20]
# run: CharRNN() x=i64[5,3]
# run: Classifier() x=f32[6,3,4]
# run: Transformer() src=i64[5,3]
import math
import torch
import torch.nn as nn
import torch.nn.functional as F
class LSTMTagger(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(20, 8)
        self.lstm = nn.LSTM(8, 6, batch_first=True, bidirectional=True)
        self.fc = nn.Linear(12, 5)
    def forward(self, x):
        out, (h, c) = self.lstm(self.emb(x))
        return F.log_softmax(self.fc(out.reshape(-1, 12)), dim=1).view(x.size(0), x.size(1), -1)
class BahdanauDecoder(nn.Module):
    def __init__(self, d=8):
        super().__init__()
        self.W1 = nn.Linear(d, d)
        self.W2 = nn.Linear(d, d)
        self.V = nn.Linear(d, 1)
    def forward(self, x, s):
        score = self.V(torch.tanh(self.W1(x) + self.W2(s.unsqueeze(1))))
        w = F.softmax(score, dim=1)
        return (w * x).sum(dim=1), w
class SelfAtt(nn.Module):
    def __init__(self):
        super().__init__()
        self.q = nn.Linear(8, 8)
        self.att = nn.Linear(8, 1)
    def forward(self, x):
        a = self.att(torch.tanh(self.q(x))).squeeze(-1)
        a = torch.softmax(a, dim=-1)
        return torch.bmm(a.unsqueeze(1), x).squeeze(1)
class MIL(nn.Module):
    def __init__(self):
        super().__init__()
        self.L, self.D, self.K = 32, 16, 1
        self.part1 = nn.Sequential(nn.Conv2d(1, 20, 5), nn.ReLU(), nn.MaxPool2d(2, stride=2), nn.Conv2d(20, 50, 5), nn.ReLU(), nn.MaxPool2d(2, stride=2))
        self.part2 = nn.Sequential(nn.Linear(50 * 4 * 4, self.L), nn.ReLU())
        self.attention = nn.Sequential(nn.Linear(self.L, self.D), nn.Tanh(), nn.Linear(self.D, self.K))
        self.classifier = nn.Sequential(nn.Linear(self.L * self.K, 1), nn.Sigmoid())
    def forward(self, x):
        H = self.part1(x)
        H = H.view(-1, 50 * 4 * 4)
        H = self.part2(H)
        A = self.attention(H)
        A = torch.transpose(A, 1, 0)
        A = F.softmax(A, dim=1)
        M = torch.mm(A, H)
        return self.classifier(M), A
class GPT(nn.Module):
    def __init__(self, V=20, d=16, h=2, T=8):
        super().__init__()
        self.tok = nn.Embedding(V, d)
        self.pos = nn.Embedding(T, d)
        self.c_attn = nn.Linear(d, 3 * d)
        self.c_proj = nn.Linear(d, d)
        self.ln = nn.LayerNorm(d)
        self.head = nn.Linear(d, V, bias=False)
        self.h = h
        self.register_buffer('bias', torch.tril(torch.ones(T, T)).view(1, 1, T, T))
    def forward(self, idx):
        B, T = idx.size()
        x = self.tok(idx) + self.pos(torch.arange(T))
        C = x.size(2)
        q, k, v = self.c_attn(self.ln(x)).split(C, dim=2)
        k = k.view(B, T, self.h, C // self.h).transpose(1, 2)
        q = q.view(B, T, self.h, C // self.h).transpose(1, 2)
        v = v.view(B, T, self.h, C // self.h).transpose(1, 2)
        att = (q @ k.transpose(-2, -1)) / math.sqrt(k.size(-1))
        att = att.masked_fill(self.bias[:, :, :T, :T] == 0, float('-inf'))
        y = F.softmax(att, dim=-1) @ v
        y = y.transpose(1, 2).contiguous().view(B, T, C)
        x = x + self.c_proj(y)
        logits = self.head(x)
        return logits.view(-1, logits.size(-1))
class TextCNN(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(30, 8)
        self.convs = nn.ModuleList([nn.Conv2d(1, 6, (k, 8)) for k in (2, 3, 4)])
        self.drop = nn.Dropout(0.5)
        self.fc = nn.Linear(18, 2)
    def forward(self, x):
        x = self.emb(x).unsqueeze(1)
        x = [F.relu(c(x)).squeeze(3) for c in self.convs]
        x = [F.max_pool1d(i, i.size(2)).squeeze(2) for i in x]
        return self.fc(self.drop(torch.cat(x, 1)))
class CharRNN(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(30, 8)
        self.gru = nn.GRU(8, 8, 2)
        self.dec = nn.Linear(8, 30)
    def forward(self, x):
        out, h = self.gru(self.emb(x))
        out = self.dec(out.view(-1, 8))
        return out.view(x.size(0), x.size(1), -1), h
class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.RNN(4, 8, batch_first=True)
        self.fc = nn.Linear(8, 1)
    def forward(self, x):
        out, h = self.rnn(x)
        return torch.sigmoid(self.fc(h.squeeze(0))).squeeze(1)
class PositionalEncoding(nn.Module):
    def __init__(self, d, dropout=0.1, max_len=16):
        super().__init__()
        self.dropout = nn.Dropout(p=dropout)
        position = torch.arange(max_len).unsqueeze(1)
        div = torch.exp(torch.arange(0, d, 2) * (-math.log(10000.0) / d))
        pe = torch.zeros(max_len, 1, d)
        pe[:, 0, 0::2] = torch.sin(position * div)
        pe[:, 0, 1::2] = torch.cos(position * div)
        self.register_buffer('pe', pe)
    def forward(self, x):
        return self.dropout(x + self.pe[:x.size(0)])
class Transformer(nn.Module):
    def __init__(self, d=32):
        super().__init__()
        self.emb = nn.Embedding(11, d)
        self.pos = PositionalEncoding(d)
        layer = nn.TransformerEncoderLayer(d, 4, 64, 0.1)
        self.enc = nn.TransformerEncoder(layer, 2)
        self.lin = nn.Linear(d, 11)
        self.d = d
    def forward(self, src):
        return self.lin(self.enc(self.pos(self.emb(src) * math.sqrt(self.d))))
