"""Latent diffusion by hand: encode, scale, add noise, unscale, decode.

Arrays are B C H W. The autoencoder is a toy, so that this file runs alone. The class
takes any other.
"""

import numpy as np


# (1) The contract. An encoder returns two arrays, mean and log-variance, and a decoder
#     takes one. Neither of them knows a scale.
def toy_encoder(x):
    """Mean color and brightness of each 8 x 8 pixels, and little doubt about them."""
    batch, _, height, width = x.shape
    if height % 8 or width % 8:
        raise ValueError(f"{height} x {width}: sides must be multiples of 8")
    cells = x.reshape(batch, 3, height // 8, 8, width // 8, 8).mean(axis=(3, 5))
    mean = np.concatenate([cells, cells.mean(axis=1, keepdims=True)], axis=1)
    return mean, np.full_like(mean, -8.0)


def toy_decoder(z):
    """The first three channels as colors, each cell as 8 x 8 pixels."""
    return z[:, :3].repeat(8, axis=2).repeat(8, axis=3)


class LatentDiffusion:
    """What stands between pixels and a denoiser, around any autoencoder."""

    def __init__(self, encoder_fn, decoder_fn, scale_factor=0.18215, *, rng=np.random):
        self.encoder_fn = encoder_fn
        self.decoder_fn = decoder_fn
        self.scale_factor = scale_factor
        self.rng = rng  # np.random obeys np.random.seed; or a np.random.default_rng(0)

    # (2) The draw, and the scale on the way in. Half of the log-variance is the
    #     logarithm of the standard deviation.
    def encode(self, x):
        """From pixels in [-1, 1] to the latent that a denoiser sees."""
        mean, log_variance = self.encoder_fn(x)
        std = np.exp(0.5 * log_variance)
        latent = mean + std * self.rng.standard_normal(mean.shape)
        return latent * self.scale_factor

    # (3) The way out undoes the scale, and only the scale: the draw stays drawn.
    def decode(self, z):
        """From the denoiser's latent to pixels."""
        return self.decoder_fn(z / self.scale_factor)

    # (4) The line an interviewer asks about: any step at once, without those before it.
    #     The two shares of variance, kept and 1 - kept, add up to one.
    def forward_diffusion(self, z, t, alpha_bars):
        """The latent at step t, one for all or one for each picture, and its noise."""
        if np.min(t) < 0:
            raise ValueError(f"t = {t}: steps are counted from 0")
        kept = np.asarray(alpha_bars)[t]
        kept = np.reshape(kept, (-1,) + (1,) * (z.ndim - 1))  # one number a picture
        noise = self.rng.standard_normal(z.shape)
        z_t = np.sqrt(kept) * z + np.sqrt(1 - kept) * noise
        return z_t, noise


# (5) The schedule of Stable Diffusion: what is kept after so many small steps.
betas = np.linspace(0.00085**0.5, 0.012**0.5, 1000) ** 2
alpha_bars = np.cumprod(1 - betas)

# Two pictures of colored squares. The factor is this toy's own, not the default's.
rng = np.random.default_rng(0)
x = rng.uniform(-1, 1, (2, 3, 8, 8)).repeat(8, axis=2).repeat(8, axis=3)
scale_factor = 1 / toy_encoder(x)[0].std()
model = LatentDiffusion(toy_encoder, toy_decoder, scale_factor, rng=rng)

z = model.encode(x)
z_t, noise = model.forward_diffusion(z, np.array([250, 750]), alpha_bars)
pixels = x.shape  # (2, 3, 64, 64)
latent = z.shape  # (2, 4, 8, 8)
noisy = z_t.shape  # (2, 4, 8, 8)
decoded = model.decode(z).shape  # (2, 3, 64, 64)

if __name__ == "__main__":
    print("pixels ", pixels)
    print("latent ", latent, f"with standard deviation {z.std():.2f}")
    print("noisy  ", noisy, "at steps 250 and 750 of", len(alpha_bars))
    print("decoded", decoded)
    print(f"kept of the variance: {alpha_bars[250]:.2f} and {alpha_bars[750]:.2f}")
    print(f"largest error there and back: {abs(model.decode(z) - x).max():.2f}")
