import math

import torch
import torch.nn as nn
import torch.nn.functional as F


def data(*shape):
    count = math.prod(shape)
    return ((torch.arange(count) * 37 + 11) % 23 - 11).float().reshape(shape) / 7


out_linear = nn.Linear(5, 3)(data(2, 4, 5))
out_vector = nn.Linear(5, 3, bias=False)(data(5))
out_bilinear = nn.Bilinear(3, 4, 2)(data(2, 3), data(2, 4))
out_identity = nn.Identity(3, a=1)(data(2, 2))
out_function = F.linear(data(2, 3), data(4, 3), data(4))
out_lazy = nn.LazyLinear(4)(data(2, 3))
out_flatten = nn.Flatten()(data(2, 3, 2))
out_unflatten = nn.Unflatten(1, (2, -1))(data(2, 6))
out_embedding = nn.Embedding(7, 3)(torch.tensor([[1, 2], [6, 0]]))
out_embedding_function = F.embedding(torch.tensor([2, 1]), data(4, 2))
out_pretrained = nn.Embedding.from_pretrained(data(4, 2))(torch.tensor([3, 0]))
out_one_hot = F.one_hot(torch.tensor([1, 0, 2]), 4)
out_cosine = nn.CosineSimilarity(dim=1)(data(3, 4), data(3, 4) * 2 + 1)
out_cosine_function = F.cosine_similarity(data(2, 3, 4), data(2, 3, 4) + 1, dim=-1)
out_pairwise = nn.PairwiseDistance(p=1)(data(3, 4), data(3, 4) + 1)
out_normalize = F.normalize(data(3, 4))
out_normalize_1 = F.normalize(data(3, 4), p=1, dim=0)
out_bag = nn.EmbeddingBag(7, 3)(torch.tensor([[1, 2], [6, 0]]))
out_bag_sum = nn.EmbeddingBag(7, 3, mode='sum')(torch.tensor([[1, 2], [6, 0]]))
out_bag_max = F.embedding_bag(torch.tensor([[1, 2, 3]]), data(4, 2), mode='max')
