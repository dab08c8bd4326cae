# Transformer layers and stacks.
import torch
import torch.nn as nn

src = torch.sin(torch.arange(48.0)).reshape(3, 2, 8)
tgt = torch.cos(torch.arange(64.0)).reshape(4, 2, 8)
mask = nn.Transformer.generate_square_subsequent_mask(4)

layer = nn.TransformerEncoderLayer(8, 2, dim_feedforward=12, dropout=0.1).eval()
out_layer = layer(src)
pre = nn.TransformerEncoderLayer(8, 2, 12, activation='gelu', norm_first=True, batch_first=True).eval()
out_pre = pre(src.transpose(0, 1))
encoder = nn.TransformerEncoder(layer, num_layers=2, norm=nn.LayerNorm(8)).eval()
out_encoder = encoder(src)
decoder_layer = nn.TransformerDecoderLayer(8, 2, 12).eval()
out_decoder = decoder_layer(tgt, src, tgt_mask=mask)
model = nn.Transformer(d_model=8, nhead=2, num_encoder_layers=1, num_decoder_layers=1, dim_feedforward=12).eval()
out_model = model(src, tgt, tgt_mask=mask)
count = sum(p.numel() for p in encoder.parameters())
out_count = torch.tensor(float(count))
