import math

import torch
import torch.nn as nn
import torch.nn.functional as F


def data(*shape):
    count = math.prod(shape)
    return ((torch.arange(count) * 37 + 11) % 23 - 11).float().reshape(shape) / 7


x = data(3, 4)
out_0_relu = nn.ReLU()(x)
out_1_relu6 = nn.ReLU6()(x)
out_2_leakyrelu = nn.LeakyReLU(0.2)(x)
out_3_prelu = nn.PReLU()(x)
out_4_elu = nn.ELU(0.7)(x)
out_5_selu = nn.SELU()(x)
out_6_celu = nn.CELU(1.3)(x)
out_7_gelu = nn.GELU()(x)
out_8_gelu = nn.GELU('tanh')(x)
out_9_silu = nn.SiLU()(x)
out_10_mish = nn.Mish()(x)
out_11_hardswish = nn.Hardswish()(x)
out_12_hardsigmoid = nn.Hardsigmoid()(x)
out_13_hardtanh = nn.Hardtanh(-0.5, 0.7)(x)
out_14_hardshrink = nn.Hardshrink(0.3)(x)
out_15_softshrink = nn.Softshrink(0.4)(x)
out_16_tanhshrink = nn.Tanhshrink()(x)
out_17_threshold = nn.Threshold(0.1, 2.0)(x)
out_18_sigmoid = nn.Sigmoid()(x)
out_19_logsigmoid = nn.LogSigmoid()(x)
out_20_tanh = nn.Tanh()(x)
out_21_softplus = nn.Softplus()(x)
out_22_softplus = nn.Softplus(beta=2, threshold=1)(x)
out_23_softsign = nn.Softsign()(x)
out_24_softmax = nn.Softmax(dim=1)(x)
out_25_softmax = nn.Softmax()(x)
out_26_logsoftmax = nn.LogSoftmax(-1)(x)
out_27_softmin = nn.Softmin(dim=0)(x)
out_28_glu = nn.GLU()(x)
out_29_rrelu = nn.RReLU().eval()(x)
out_30_prelu = nn.PReLU(4)(x)
out_31_dropout = nn.Dropout(0.3).eval()(x)
out_32_alphadropout = nn.AlphaDropout().eval()(x)
out_channels = nn.PReLU(3)(data(2, 3, 2, 2))
out_softmax2d = nn.Softmax2d()(data(2, 3, 2, 2))
out_softmax_3 = F.softmax(data(2, 3, 4))
out_f_relu = F.relu(x)
out_f_leaky = F.leaky_relu(x, 0.3)
out_f_gelu = F.gelu(x)
out_f_log_softmax = F.log_softmax(x, dim=1)
out_f_softmin = F.softmin(x, 1)
out_f_elu = F.elu(x, alpha=0.5)
out_f_silu = F.silu(x)
out_f_hardtanh = F.hardtanh(x, -0.2, 0.3)
out_f_glu = F.glu(x, dim=1)
out_f_prelu = F.prelu(x, torch.tensor([0.1]))
out_f_threshold = F.threshold(x, 0.2, -1.0)
out_f_dropout = F.dropout(x, 0.5, training=False)
out_f_sigmoid = F.sigmoid(x)
out_t_selu = torch.selu(x)
y = data(2, 3)
z = nn.ReLU(inplace=True)(y)
out_in_place = y
out_in_place_result = z + y
w = data(2, 3)
F.relu_(w)
out_in_place_function = w
