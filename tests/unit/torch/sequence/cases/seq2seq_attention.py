# Encoder and decoder of GRUs with attention, decoded step by step.
import torch
import torch.nn as nn
import torch.nn.functional as F

class Encoder(nn.Module):
    def __init__(self, vocab, emb, hid, layers):
        super().__init__()
        self.embedding = nn.Embedding(vocab, emb)
        self.rnn = nn.GRU(emb, hid, layers, dropout=0.5, bidirectional=True)
        self.fc = nn.Linear(hid * 2, hid)
    def forward(self, src):
        outputs, hidden = self.rnn(self.embedding(src))
        hidden = torch.tanh(self.fc(torch.cat((hidden[-2, :, :], hidden[-1, :, :]), dim=1)))
        return outputs, hidden

class Attention(nn.Module):
    def __init__(self, hid):
        super().__init__()
        self.attn = nn.Linear(hid * 3, hid)
        self.v = nn.Linear(hid, 1, bias=False)
    def forward(self, hidden, enc):
        n = enc.shape[0]
        hidden = hidden.unsqueeze(1).repeat(1, n, 1)
        enc = enc.permute(1, 0, 2)
        energy = torch.tanh(self.attn(torch.cat((hidden, enc), dim=2)))
        return F.softmax(self.v(energy).squeeze(2), dim=1)

class Decoder(nn.Module):
    def __init__(self, vocab, emb, hid, attention):
        super().__init__()
        self.attention = attention
        self.embedding = nn.Embedding(vocab, emb)
        self.rnn = nn.GRU(hid * 2 + emb, hid)
        self.fc = nn.Linear(hid * 3 + emb, vocab)
    def forward(self, inp, hidden, enc):
        e = self.embedding(inp.unsqueeze(0))
        a = self.attention(hidden, enc).unsqueeze(1)
        w = torch.bmm(a, enc.permute(1, 0, 2)).permute(1, 0, 2)
        out, hidden = self.rnn(torch.cat((e, w), dim=2), hidden.unsqueeze(0))
        e, out, w = e.squeeze(0), out.squeeze(0), w.squeeze(0)
        return self.fc(torch.cat((out, w, e), dim=1)), hidden.squeeze(0)

class Seq2Seq(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = Encoder(20, 6, 8, 2)
        self.decoder = Decoder(20, 6, 8, Attention(8))
    def forward(self, src):
        enc, hidden = self.encoder(src)
        inp = src[0]
        outs = []
        for t in range(3):
            out, hidden = self.decoder(inp, hidden, enc)
            outs.append(out)
            inp = out.argmax(1)
        return torch.stack(outs)

net = Seq2Seq().eval()
out_net = net(torch.tensor([[1, 2, 3], [4, 5, 6], [7, 8, 9], [10, 11, 12], [13, 14, 15]]))
