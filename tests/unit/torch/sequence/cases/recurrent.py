# Recurrent layers: directions, layers, initial states, unbatched and batch-first inputs, missing biases.
import torch
import torch.nn as nn

x = torch.sin(torch.arange(24.0)).reshape(4, 2, 3)
h = torch.cos(torch.arange(20.0)).reshape(2, 2, 5)

lstm = nn.LSTM(3, 5)
out_lstm, (out_lstm_h, out_lstm_c) = lstm(x)
both = nn.LSTM(3, 5, num_layers=2, batch_first=True, bidirectional=True)
out_both, (out_both_h, out_both_c) = both(x.transpose(0, 1))
states = nn.LSTM(3, 5, num_layers=2, bias=False)
out_states, (out_states_h, out_states_c) = states(x, (h, -h))
out_single, (out_single_h, _) = lstm(x[:, 0])

gru = nn.GRU(3, 5, num_layers=2)
out_gru, out_gru_h = gru(x, h)
gru2 = nn.GRU(input_size=3, hidden_size=17, bidirectional=True, batch_first=True)
out_gru2, out_gru2_h = gru2(x)

rnn = nn.RNN(3, 5)
out_rnn, out_rnn_h = rnn(x, h[:1])
relu = nn.RNN(3, 5, nonlinearity='relu', bias=False)
out_relu, _ = relu(x)
