"""Recurrent networks that take and give their state."""
import torch
from torch import nn


class CharRNN(nn.Module):
    """A character model that takes its state and gives the next one."""

    def __init__(self, n_chars=32, hidden_size=24, n_layers=2):
        super().__init__()
        self.n_layers = n_layers
        self.hidden_size = hidden_size
        self.encoder = nn.Embedding(n_chars, hidden_size)
        self.gru = nn.GRU(hidden_size, hidden_size, n_layers)
        self.decoder = nn.Linear(hidden_size, n_chars)

    def forward(self, input, hidden):
        batch_size = input.size(0)
        encoded = self.encoder(input)
        output, hidden = self.gru(encoded.view(1, batch_size, -1), hidden)
        output = self.decoder(output.view(batch_size, -1))
        return output, hidden

    def init_hidden(self, batch_size):
        return torch.zeros(self.n_layers, batch_size, self.hidden_size)


class Unrolled(nn.Module):
    """Three steps of a cell with the state in a loop."""

    def __init__(self, size=6):
        super().__init__()
        self.cell = nn.GRUCell(size, size)

    def forward(self, x):
        state = x.new_zeros(x.size(0), x.size(2))
        outputs = []
        for step in x.unbind(1):
            state = self.cell(step, state)
            outputs.append(state)
        return torch.stack(outputs, dim=1), state
