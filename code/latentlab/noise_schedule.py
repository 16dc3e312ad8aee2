"""How much of a latent is left at step t, in closed form: `alphas_cumprod`, as diffusers names it.

z_t = sqrt(alphas_cumprod[t]) * z + sqrt(1 - alphas_cumprod[t]) * noise
"""

import math
from itertools import pairwise

import numpy as np
import torch
from jaxtyping import Float

LARGEST_BETA = 0.999  # of the cosine schedule, which would end with nothing left at all


def alphas_cumprod(
    steps: int = 1000,
    kind: str = "scaled_linear",
    beta_start: float = 0.00085,
    beta_end: float = 0.012,
) -> Float[np.ndarray, " steps"]:
    """The share of variance that the latent keeps at each step, falling from almost 1.

    The default is Stable Diffusion's (scheduler/scheduler_config.json of its pipelines), almost 0
    at the end for its thousand steps. "linear" is the form of Ho and others (arXiv 2006.11239,
    section 4); their betas go from 0.0001 to 0.02 and must be given.
    "squaredcos_cap_v2" is Nichol and Dhariwal's (arXiv 2102.09672, equation 17), which needs no
    betas. In single precision and in the order of `diffusers`, so that both agree to the bit.

    Raises ValueError for fewer than one step, an unknown kind, or betas that are not in order
    between 0 and 1.
    """
    if steps < 1:
        raise ValueError(f"{steps} steps: expected 1 or more")
    if not 0 < beta_start <= beta_end < 1:
        raise ValueError(f"betas go from {beta_start} to {beta_end}: expected 0 < start <= end < 1")
    if kind == "linear":
        betas = torch.linspace(beta_start, beta_end, steps)
    elif kind == "scaled_linear":
        betas = torch.linspace(math.sqrt(beta_start), math.sqrt(beta_end), steps) ** 2
    elif kind == "squaredcos_cap_v2":
        kept = [_cosine(step / steps) for step in range(steps + 1)]
        ratios = [after / before for before, after in pairwise(kept)]
        betas = torch.tensor([min(1 - ratio, LARGEST_BETA) for ratio in ratios])
    else:
        raise ValueError(f"schedule {kind!r}: expected linear, scaled_linear or squaredcos_cap_v2")
    return torch.cumprod(1 - betas, dim=0).numpy()


def _cosine(part: float) -> float:
    return math.cos((part + 0.008) / 1.008 * math.pi / 2) ** 2


def signal_to_noise(
    alphas_cumprod: Float[np.ndarray, " steps"], spread: float = 1.0
) -> Float[np.ndarray, " steps"]:
    """Variance of the latent's part over variance of the noise's, for a latent of this spread.

    `spread` is the standard deviation of the scaled latents; it enters squared.
    """
    if not 0 < spread < math.inf:
        raise ValueError(f"spread is {spread}: expected a standard deviation above 0")
    return spread**2 * alphas_cumprod / (1 - alphas_cumprod)
