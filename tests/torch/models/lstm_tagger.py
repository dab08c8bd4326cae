"""A bidirectional LSTM that tags words."""
import torch
import torch.nn as nn
import torch.nn.functional as F

EMBEDDING_DIM = 12
HIDDEN_DIM = 10
VOCAB = 40
TAGS = 5


class LSTMTagger(nn.Module):

    def __init__(self, embedding_dim, hidden_dim, vocab_size, tagset_size, num_layers=2):
        super(LSTMTagger, self).__init__()
        self.hidden_dim = hidden_dim
        self.word_embeddings = nn.Embedding(vocab_size, embedding_dim, padding_idx=0)
        self.lstm = nn.LSTM(embedding_dim, hidden_dim // 2, num_layers=num_layers,
                            bidirectional=True, batch_first=True, dropout=0.2)
        self.hidden2tag = nn.Linear(hidden_dim, tagset_size)

    def forward(self, sentence):
        embeds = self.word_embeddings(sentence)
        lstm_out, (h_n, c_n) = self.lstm(embeds)
        tag_space = self.hidden2tag(lstm_out)
        tag_scores = F.log_softmax(tag_space, dim=2)
        return tag_scores


model = LSTMTagger(EMBEDDING_DIM, HIDDEN_DIM, VOCAB, TAGS)
