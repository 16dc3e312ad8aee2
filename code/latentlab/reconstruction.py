"""How close a reconstruction is to its original."""

import math

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

WINDOW = 11  # pixels: the side of the window of SSIM


def psnr(original: Float[Tensor, "..."], other: Float[Tensor, "..."]) -> float:
    """Peak signal-to-noise ratio in dB, for values in [-1, 1], so that the peak is 2.

    Equal tensors give infinity. Raises ValueError when the shapes differ.
    """
    if original.shape != other.shape:
        raise ValueError(f"shapes differ: {tuple(original.shape)} and {tuple(other.shape)}")
    error = torch.mean((original.double() - other.double()) ** 2).item()
    return math.inf if error == 0 else 10 * math.log10(2**2 / error)


def ssim(original: Float[Tensor, "n c h w"], other: Float[Tensor, "..."]) -> float:
    """Mean structural similarity of pictures with values in [-1, 1]; equal ones give 1.

    As in Wang et al. (2004): a Gaussian window of 11 x 11 pixels with standard deviation 1.5,
    where it fits into the picture, averaged over colors and pictures.

    Raises ValueError when the shapes differ or a side is shorter than 11 pixels.
    """
    if original.shape != other.shape:
        raise ValueError(f"shapes differ: {tuple(original.shape)} and {tuple(other.shape)}")
    if min(original.shape[-2:]) < WINDOW:
        raise ValueError(f"SSIM needs {WINDOW} x {WINDOW} pixels, got {tuple(original.shape)}")
    x, y = (picture.double().flatten(0, 1)[:, None] for picture in (original, other))
    mean_x, mean_y = _blur(x), _blur(y)
    variances = _blur(x * x) - mean_x**2 + _blur(y * y) - mean_y**2
    covariance = _blur(x * y) - mean_x * mean_y
    c1, c2 = (0.01 * 2) ** 2, (0.03 * 2) ** 2
    likeness = (2 * mean_x * mean_y + c1) * (2 * covariance + c2)
    return (likeness / ((mean_x**2 + mean_y**2 + c1) * (variances + c2))).mean().item()


def flicker(original: Float[Tensor, "b c t h w"], other: Float[Tensor, "..."]) -> float:
    """By how much another clip changes from frame to frame where its original does not.

    The mean absolute difference between the two changes, in steps of 255 between black and
    white, for values in [-1, 1]. Raises ValueError when the shapes differ or there is one frame.
    """
    if original.shape != other.shape:
        raise ValueError(f"shapes differ: {tuple(original.shape)} and {tuple(other.shape)}")
    if original.shape[2] < 2:
        raise ValueError("there is 1 frame: expected 2 or more")
    return (other.diff(dim=2) - original.diff(dim=2)).abs().mean().item() * 127.5


def _blur(pictures: Float[Tensor, "n 1 h w"]) -> Float[Tensor, "n 1 _ _"]:
    offsets = torch.arange(WINDOW, dtype=pictures.dtype) - WINDOW // 2
    bell = torch.exp(-(offsets**2) / (2 * 1.5**2))
    bell = bell / bell.sum()
    rows = functional.conv2d(pictures, bell[None, None, :, None])
    return functional.conv2d(rows, bell[None, None, None, :])
