"""How close a reconstruction is to its original."""

import math

import torch
from jaxtyping import Float
from torch import Tensor


def psnr(original: Float[Tensor, "..."], other: Float[Tensor, "..."]) -> float:
    """Peak signal-to-noise ratio in dB, for values in [-1, 1], so that the peak is 2.

    Equal tensors give infinity. Raises ValueError when the shapes differ.
    """
    if original.shape != other.shape:
        raise ValueError(f"shapes differ: {tuple(original.shape)} and {tuple(other.shape)}")
    error = torch.mean((original.double() - other.double()) ** 2).item()
    return math.inf if error == 0 else 10 * math.log10(2**2 / error)
