"""A whole diffusion model in numpy: from noise to a sample, with classes and guidance.

Arrays are B C H W. Nothing here is trained. The denoiser is handed all the latents and
computes the best answer there is, which is the one that training tries to reach.
"""

from itertools import pairwise

import numpy as np

NOTHING = -1  # the class of those who ask for none


# (1) What a network would learn from: a point on the line from a latent to noise, and
#     the direction of that line.
def training_pair(z, sigma, noise):
    sigma = np.reshape(sigma, (-1, 1, 1, 1))  # one number a latent
    return (1 - sigma) * z + sigma * noise, noise - z


# (2) The best denoiser for a finite set of latents. At z it weighs each of them by how
#     likely noise would have led from there to z.
def exact(latents, classes):
    """A denoiser: (z, sigma, asked) to the mean direction of all lines through z."""
    ends = latents.reshape(len(latents), -1)

    def denoise(z, sigma, asked):
        here = z.reshape(len(z), 1, -1)
        needed = (here - (1 - sigma) * ends) / sigma  # the noise that each would need
        scores = -0.5 * (needed**2).sum(2)
        others = (asked[:, None] != classes) & (asked[:, None] != NOTHING)
        scores = np.where(others, -np.inf, scores)
        weights = np.exp(scores - scores.max(1, keepdims=True))
        weights /= weights.sum(1, keepdims=True)
        clean = (weights @ ends).reshape(z.shape)  # what most likely lies at the end
        return (z - clean) / sigma

    return denoise


# (3) Guidance: one call on twice the batch, with the class and without.
def guided(denoise, z, sigma, asked, guidance):
    nothing = np.full_like(asked, NOTHING)
    both = denoise(np.concatenate([z, z]), sigma, np.concatenate([asked, nothing]))
    with_class, without = np.split(both, 2)
    return without + guidance * (with_class - without)


# (4) The line an interviewer asks about: the step is the difference of two sigmas. It
#     is negative, so it leads away from the noise.
def sample(denoise, noise, asked, steps=25, guidance=1.0):
    z = noise
    sigmas = np.linspace(1, 0, steps + 1)
    for sigma, after in pairwise(sigmas):
        z = z + (after - sigma) * guided(denoise, z, sigma, asked, guidance)
    return z


# (5) Two classes of twenty latents each, and six samples.
rng = np.random.default_rng(0)
classes = np.repeat([0, 1], 20)
latents = rng.standard_normal((40, 4, 4, 4)) + classes.reshape(-1, 1, 1, 1)
denoise = exact(latents, classes)

asked = np.array([0, 0, 0, 1, 1, 1])
noise = rng.standard_normal((6, 4, 4, 4))
z_sigma, target = training_pair(latents[:6], np.linspace(0, 1, 6), noise)
point = z_sigma.shape  # (6, 4, 4, 4)
direction = target.shape  # (6, 4, 4, 4)
doubled = np.concatenate([noise, noise]).shape  # (12, 4, 4, 4)
made = sample(denoise, noise, asked)
result = made.shape  # (6, 4, 4, 4)


def nearest(z):
    """How far the nearest of the given latents is, and its class, for each."""
    apart = abs(z[:, None] - latents).max((2, 3, 4))
    return apart.min(1), classes[apart.argmin(1)]


if __name__ == "__main__":
    apart, found = nearest(made)
    print("doubled by guidance", doubled)
    print("made               ", result)
    print("asked", asked, "found", found)
    print(f"farthest from a given latent: {apart.max():.2f}")
    once = sample(denoise, noise, asked, steps=1)
    print(f"the same after one step: {nearest(once)[0].max():.2f}")
    print(f"and two of one class apart: {abs(once[0] - once[1]).max():.2f}")
