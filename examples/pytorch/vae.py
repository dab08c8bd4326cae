"""A convolutional variational autoencoder, and its loss as a model."""
import torch
from torch import nn
from torch.nn import functional as F


class VAE(nn.Module):
    """A convolutional variational autoencoder for square images."""

    def __init__(self, in_channels=3, latent_dim=16, hidden_dims=None, image_size=32):
        super().__init__()
        self.latent_dim = latent_dim
        if hidden_dims is None:
            hidden_dims = [16, 32, 64]
        self.hidden_dims = list(hidden_dims)
        self.side = image_size // 2 ** len(hidden_dims)

        modules = []
        channels = in_channels
        for h_dim in hidden_dims:
            modules.append(
                nn.Sequential(
                    nn.Conv2d(channels, out_channels=h_dim, kernel_size=3, stride=2, padding=1),
                    nn.BatchNorm2d(h_dim),
                    nn.LeakyReLU())
            )
            channels = h_dim
        self.encoder = nn.Sequential(*modules)
        self.fc_mu = nn.Linear(hidden_dims[-1] * self.side ** 2, latent_dim)
        self.fc_var = nn.Linear(hidden_dims[-1] * self.side ** 2, latent_dim)

        self.decoder_input = nn.Linear(latent_dim, hidden_dims[-1] * self.side ** 2)
        reversed_dims = hidden_dims[::-1]
        modules = []
        for i in range(len(reversed_dims) - 1):
            modules.append(
                nn.Sequential(
                    nn.ConvTranspose2d(reversed_dims[i], reversed_dims[i + 1], kernel_size=3,
                                       stride=2, padding=1, output_padding=1),
                    nn.BatchNorm2d(reversed_dims[i + 1]),
                    nn.LeakyReLU())
            )
        self.decoder = nn.Sequential(*modules)
        self.final_layer = nn.Sequential(
            nn.ConvTranspose2d(reversed_dims[-1], reversed_dims[-1], kernel_size=3, stride=2,
                               padding=1, output_padding=1),
            nn.BatchNorm2d(reversed_dims[-1]),
            nn.LeakyReLU(),
            nn.Conv2d(reversed_dims[-1], out_channels=in_channels, kernel_size=3, padding=1),
            nn.Tanh())

    def encode(self, input):
        result = self.encoder(input)
        result = torch.flatten(result, start_dim=1)
        return [self.fc_mu(result), self.fc_var(result)]

    def decode(self, z):
        result = self.decoder_input(z)
        result = result.view(-1, self.hidden_dims[-1], self.side, self.side)
        result = self.decoder(result)
        return self.final_layer(result)

    def reparameterize(self, mu, logvar):
        std = torch.exp(0.5 * logvar)
        eps = torch.randn_like(std)
        return eps * std + mu

    def forward(self, input, **kwargs):
        mu, log_var = self.encode(input)
        z = self.reparameterize(mu, log_var)
        return [self.decode(z), input, mu, log_var]


def loss_function(recons, input, mu, log_var, kld_weight=0.00025):
    recons_loss = F.mse_loss(recons, input)
    kld_loss = torch.mean(-0.5 * torch.sum(1 + log_var - mu ** 2 - log_var.exp(), dim=1), dim=0)
    loss = recons_loss + kld_weight * kld_loss
    return {'loss': loss, 'Reconstruction_Loss': recons_loss.detach(), 'KLD': -kld_loss.detach()}


class WithLoss(nn.Module):
    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, image):
        return loss_function(*self.model(image))['loss']
