# One step at a time, with and without states and a batch.
import torch
import torch.nn as nn

x = torch.sin(torch.arange(6.0)).reshape(2, 3)
h = torch.cos(torch.arange(8.0)).reshape(2, 4)

lstm = nn.LSTMCell(3, 4)
out_h, out_c = lstm(x)
out_h2, out_c2 = lstm(x, (out_h, out_c))
out_single, _ = lstm(x[0], (h[0], h[1]))
gru = nn.GRUCell(3, 4)
out_gru = gru(x, h)
rnn = nn.RNNCell(3, 4, nonlinearity='relu')
out_rnn = rnn(x)
