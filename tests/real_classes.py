"""The real classes at work, without weights: the `real` that the bank's `executed` know."""

from functools import cache
from typing import Any

from latentlab import real_class
from latentlab.atlas import Shape

shared = cache(real_class.build)


def execute(
    family: str, *, batch: int, frames: int | None, height: int, width: int
) -> tuple[Shape, Shape] | None:
    """Shapes of latent and decoded pixels, or None where the class raises."""
    asked = {"batch": batch, "frames": frames, "height": height, "width": width}
    try:
        return real_class.there_and_back(_unused(family), family, **asked)
    except (RuntimeError, ValueError):
        return None


def latent(family: str, batch: int, frames: int | None, height: int, width: int) -> Shape:
    """The shape of the latent; `frames` is None for images. Raises what the class raises."""
    asked = {"batch": batch, "frames": frames, "height": height, "width": width}
    return tuple(real_class.encode(_unused(family), family, **asked).shape)


def decoded(family: str, batch: int, frames: int | None, height: int, width: int) -> Shape:
    """The shape of what comes back after encoding and decoding. Raises what the class raises."""
    asked = {"batch": batch, "frames": frames, "height": height, "width": width}
    return real_class.there_and_back(_unused(family), family, **asked)[1]


def parameters(family: str) -> int:
    """How many numbers the autoencoder has learned."""
    return sum(values.numel() for values in shared(family).parameters())


def model(family: str) -> Any:
    """The autoencoder on the meta device: a new one, which may be changed."""
    return real_class.build(family)


def _unused(family: str) -> Any:
    # A request that fails leaves frames in EasyAnimate's cache: it needs a new model each time.
    return real_class.build(family) if family == "easyanimate" else shared(family)
