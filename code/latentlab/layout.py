"""What einops leaves to you: bytes and signed floats without loss, and layouts that are told apart.

Rearranging itself is the business of `einops.rearrange`. Arrays are of numpy or of torch.
"""

import math
from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Float32, Shaped, UInt8
from torch import Tensor

from latentlab import axes as named

Array = np.ndarray | Tensor
KNOWN = (
    *("H W C", "C H W", "B C H W", "B H W C"),
    *("T H W C", "T C H W", "C T H W"),
    *("B C T H W", "B T C H W", "B T H W C"),
    *("B C D H W", "B D H W C"),
)


def to_signed(pixels: Shaped[Array, "..."]) -> Float32[Array, "..."]:
    """Bytes, 0 to 255, as float32 values in [-1, 1], in any layout.

    `to_bytes` gives all 256 of them back. The formula is that of `VaeImageProcessor` in diffusers,
    which divides by 255 first and then takes twice the result minus one.

    Raises TypeError for anything but an array of uint8.
    """
    if (kind := _type(pixels)) != "uint8":
        raise TypeError(
            f"pixels are {kind}: expected uint8, whole numbers from 0 to 255{_advice(pixels)}"
        )
    return _float32(pixels) / 127.5 - 1


def to_bytes(signed: Shaped[Array, "..."]) -> UInt8[Array, "..."]:
    """Values in [-1, 1] as the nearest bytes, 0 to 255, in any layout.

    Raises TypeError for anything but an array of floats, and ValueError for values outside
    [-1, 1], for NaN, and for an array without elements.
    """
    if "float" not in (kind := _type(signed)):
        raise TypeError(f"values are {kind}: expected floats in [-1, 1]")
    if math.prod(signed.shape) == 0:
        raise ValueError(f"an array of shape {tuple(signed.shape)} has no elements to convert")
    floats = _float32(signed)
    low, high = float(floats.min()), float(floats.max())
    if math.isnan(low):
        raise ValueError("some values are NaN, which no byte stands for: expected [-1, 1]")
    if low < -1 or high > 1:
        reached, nearest = (low, -1) if low < -1 else (high, 1)
        raise ValueError(
            f"values reach {reached:.9g}: expected [-1, 1]; the nearest valid is {nearest}, "
            "which x.clip(-1, 1) makes of it"
        )
    rounded = ((floats + 1) * 127.5).round()
    return rounded.to(torch.uint8) if isinstance(rounded, Tensor) else rounded.astype(np.uint8)


def tell(shape: Sequence[int], among: Sequence[str], **sizes: int) -> str:
    """The one layout of several that a shape fits, where `sizes` gives what is known of axes.

    Raises ValueError when none of them fits, and when more than one does: then nothing in the
    array says which it is, and whoever made it has to. Raises TypeError for one string in the
    place of several layouts.

    Example:
        >>> tell((1, 9, 3, 144, 256), ["B C T H W", "B T C H W"], C=3)
        'B T C H W'
    """
    if isinstance(among, str):
        raise TypeError(f"among is the string {among!r}: expected a list of layouts, [{among!r}]")
    if not among:
        raise ValueError("among is empty: expected layouts such as 'B C T H W'")
    if twice := [axes for axes in among if list(among).count(axes) > 1]:
        raise ValueError(f"among has {twice[0]!r} twice: expected each layout once")
    fitting = [axes for axes in among if _fits(shape, axes, sizes)]
    if len(fitting) == 1:
        return fitting[0]
    known = f"{tuple(shape)}{_known(sizes)}"
    if not fitting:
        raise ValueError(f"{known} fits none of {', '.join(among)}")
    raise ValueError(
        f"{known} fits {' and '.join(fitting)}, and nothing in it says which: name its axes"
    )


def expect(shape: Sequence[int], axes: str, **sizes: int) -> None:
    """Nothing, when a shape has these axes with these sizes. A line to put before a model.

    Raises ValueError with the layouts of the same letters that it fits, out of those in use.

    Example:
        >>> expect((1, 3, 9, 144, 256), "B C T H W", C=3)
    """
    if _fits(shape, axes, sizes):
        return
    said = f"{tuple(shape)} is not {axes}{_known(sizes)}"
    letters = axes.split()
    others = [one for one in KNOWN if sorted(one.split()) == sorted(letters)]
    fitting = [one for one in others if _fits(shape, one, sizes)]
    raise ValueError(f"{said}; it fits {' and '.join(fitting)}" if fitting else said)


def _fits(shape: Sequence[object], axes: str, sizes: dict[str, int]) -> bool:
    letters = axes.split()
    named.parse(axes, len(letters))
    if unknown := [letter for letter in sizes if letter not in letters]:
        raise ValueError(f"the size of {unknown[0]} is given, but {axes} has no such axis")
    counts = named.sizes(shape, of=str(tuple(shape)))
    return len(letters) == len(counts) and all(
        sizes.get(letter, size) == size for letter, size in zip(letters, counts, strict=True)
    )


def _known(sizes: dict[str, int]) -> str:
    given = " and ".join(f"{letter} = {size}" for letter, size in sizes.items())
    return f" with {given}" if given else ""


def _float32(array: Array) -> Array:
    return array.detach().float() if isinstance(array, Tensor) else array.astype(np.float32)


def _type(array: object) -> str:
    if not isinstance(array, Array):
        raise TypeError(f"expected an array of numpy or torch, got {type(array).__name__}")
    return str(array.dtype).removeprefix("torch.")


def _advice(pixels: Array) -> str:
    """What makes bytes, or signed floats, of pixels that are no bytes."""
    if _type(pixels) == "uint16":
        return "; 16 bits become 8 when divided by 257 and rounded"
    if "float" not in _type(pixels) or math.prod(pixels.shape) == 0:
        return ""
    if pixels.min() < 0:
        return "; these are below 0 in places, so they look signed already"
    return "; floats in [0, 1] become signed by 2 * x - 1" if pixels.max() <= 1 else ""
