"""What a video autoencoder refuses, in one sentence each."""

import math
from typing import TypeAlias

import torch
from jaxtyping import Shaped
from torch import Tensor

# What is refused in words is not refused by its type before: hence the dots and the free dtype.
Given: TypeAlias = Shaped[Tensor, "..."]


def check_axes(x: Given, name: str, channels: int, factor: int, dtype: torch.dtype) -> None:
    """Raise ValueError unless x is B C T H W with these channels and sides that `factor` divides.

    TypeError for integers, and for another precision unless autocast is on.
    """
    shape = tuple(x.shape)
    if x.ndim == 4 and shape[0] == channels != shape[1]:
        raise ValueError(
            f"the {name} has shape {shape}: expected B C T H W, and B is missing; "
            f"add it with {name}.unsqueeze(0)"
        )
    if x.ndim == 4:
        raise ValueError(
            f"the {name} has shape {shape}: expected B C T H W, and T is missing; "
            f"add it with {name}.unsqueeze(2), for an image is a video of one frame"
        )
    if x.ndim != 5:
        raise ValueError(f"the {name} has shape {shape}: expected five axes, B C T H W")
    if shape[1] != channels:
        swapped = shape[2] == channels
        hint = f"; if its axes are B T C H W, {name}.transpose(1, 2)" if swapped else ""
        raise ValueError(f"the {name} has {shape[1]} channels: expected {channels}{hint}")
    for axis, size in zip("BCTHW", shape, strict=True):
        if size == 0:
            raise ValueError(f"{axis} of the {name} is 0: expected 1 or more")
    for axis, side in zip("HW", shape[3:], strict=True):
        if side % factor:
            raise ValueError(
                f"{axis} is {side}: expected a multiple of {factor}; {nearest(side, factor, 0)}"
            )
    if not x.is_floating_point():
        raise TypeError(f"the {name} is {x.dtype}: expected floats, as x / 127.5 - 1 of bytes")
    if x.dtype != dtype and not torch.is_autocast_enabled(x.device.type):
        raise TypeError(f"the {name} is {x.dtype}: expected {dtype}, as the weights are")


def check_frames(frames: int, rate: int) -> None:
    """Raise ValueError unless the number of frames is 1 more than a multiple of `rate`."""
    if (frames - 1) % rate:
        raise ValueError(
            f"T is {frames}: this model encodes {rate}k+1 frames; {nearest(frames, rate, 1)}"
        )


def check_values(x: Given, name: str, largest: float | int = math.inf) -> None:
    """Raise ValueError for NaN, infinity or what is beyond `largest`, TypeError for integers.

    Values are not looked at where there are none: while torch compiles, and on the meta device.
    """
    if not x.is_floating_point():
        raise TypeError(f"{name} is {x.dtype}: expected floats")
    if torch.compiler.is_compiling() or x.device.type == "meta":
        return
    low, high = (float(value) for value in torch.aminmax(x.detach()))
    if not (math.isfinite(low) and math.isfinite(high)):
        wrong = int((~x.isfinite()).sum())
        raise ValueError(f"{name}: {wrong} values are NaN or infinite; expected numbers")
    if max(-low, high) > largest:
        raise ValueError(f"{name} reaches {max(-low, high):g}: expected values in [-1, 1]")


def nearest(value: int, step: int, offset: int) -> str:
    """The nearest valid values, n * step + offset and at least 1, in words."""
    low = (value - offset) // step * step + offset
    if low < 1:
        return f"the nearest is {low + step}"
    return f"the nearest are {low} and {low + step}"
