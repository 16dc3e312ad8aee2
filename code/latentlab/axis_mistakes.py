"""Ten axis mistakes as lines of code: wrong, right, and the assertion that tells them apart.

What is shown to the reader is what is executed: each line is text, evaluated with the arrays of a
scene. `y` is what the line before it made.
"""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from einops import rearrange
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import interpolate

from latentlab import film, photographs

SIDE = 144
NAMES = ("cat", "coast", "tulips", "coffee")


@dataclass(frozen=True)
class Mistake:
    """A line that is wrong, the same line right, and an assertion about its result.

    `meant` says what the right result shows, `sees` what the wrong one looks like, and `proof` is
    an expression that is true of the right `y` and false of the wrong one. `axes` are those of `y`.
    """

    name: str
    meant: str
    sees: str
    wrong: str
    right: str
    proof: str
    axes: Literal["C H W", "T C H W"] = "C H W"

    def caught(self, line: str, scene: dict[str, Any]) -> bool:
        """Whether the assertion fires on what a line makes of the scene."""
        return not evaluate(self.proof, scene | {"y": evaluate(line, scene)})

    def outcome(self, scene: dict[str, Any]) -> str:
        """What the wrong line does: an error, another shape, nothing wrong, or silently harm."""
        right = evaluate(self.right, scene)
        try:
            wrong = evaluate(self.wrong, scene)
        except RuntimeError:
            return "error"
        if wrong.shape != right.shape:
            return "other shape"
        return "harmless" if torch.equal(wrong, right) else "silent"


def evaluate(line: str, scene: dict[str, Any]) -> Any:
    """What a line of a mistake makes of the arrays of a scene."""
    return eval(line, {"rearrange": rearrange, "torch": torch}, scene)


def scene(
    photo: tuple[int, int] = (SIDE, SIDE), frame: tuple[int, int] = (81, 144), frames: int = 3
) -> dict[str, Any]:
    """Photographs and films in the layouts of files and models, values in [-1, 1].

    `photo` and `frame` are heights and widths of a photograph and of a frame, `frames` counts
    those of a clip; the two clips that are folded have twice as many each.

    Raises ValueError when a side of a photograph is odd, below 2 or beyond SIDE, one of a frame
    is below 2, or the film is too short for the clips.
    """
    nearest = [min(max(side // 2 * 2, 2), SIDE) for side in photo]
    if list(photo) != nearest:
        raise ValueError(
            f"a photograph of {photo[0]} × {photo[1]}: expected even sides from 2 to {SIDE}; "
            f"the nearest is {nearest[0]} × {nearest[1]}"
        )
    if min(frame) < 2:
        raise ValueError(f"a frame of {frame[0]} × {frame[1]}: expected at least 2 a side")
    if not 1 <= frames <= film.FRAMES // 8:
        raise ValueError(f"a clip of {frames} frames: expected 1 to {film.FRAMES // 8}")
    pictures = torch.from_numpy(np.stack([photographs.load(name, SIDE) for name in NAMES]))
    pictures = pictures[:, : photo[0], : photo[1]]
    clip = _resized(film.load(4 * frames)[0, :, ::4], frame)
    small = (frame[0] * 2 // 3, frame[1] * 2 // 3)
    longer = _resized(film.load(8 * frames)[0, :, ::4], small)
    return {
        "photo": pictures[0],
        "batch": rearrange(pictures, "b h w c -> b c h w"),
        "ramp": torch.linspace(0, 1, photo[0]),
        "cells": rearrange(pictures[0], "(h p) (w q) c -> (c p q) h w", p=2, q=2),
        "frame": rearrange(clip[:, 0], "c h w -> h w c"),
        "height": frame[0],
        "width": frame[1],
        "short": clip,
        "clip": clip[None],
        "folded": rearrange(
            torch.stack([longer, pan(2 * frames, small)]), "b c t h w -> (b t) c h w"
        ),
    }


def pan(frames: int, size: tuple[int, int]) -> Float[Tensor, "3 frames _ _"]:
    """What a camera sees that moves along a coast: C T H W, values in [-1, 1].

    `size` is the height and width of a frame. Raises ValueError unless there are 1 to 96 frames.
    """
    room = 256 - 160
    if not 1 <= frames <= room:
        raise ValueError(f"a pan of {frames} frames: expected 1 to {room}")
    coast = torch.from_numpy(photographs.load("coast", 256)).permute(2, 0, 1)
    corners = range(0, room // frames * frames, room // frames)
    seen = torch.stack([coast[:, 80:170, at : at + 160] for at in corners], dim=1)
    return _resized(seen, size)


def picture(y: Float[Tensor, "..."], axes: str) -> Float[np.ndarray, "h w 3"]:
    """A result as a reader sees it: a picture, or the frames of a clip in rows of three.

    Raises ValueError for axes other than C H W and T C H W, for a result that has not these axes,
    and for frames that are no multiple of three.
    """
    if axes not in ("C H W", "T C H W"):
        raise ValueError(f"axes {axes!r} cannot be drawn: expected 'C H W' or 'T C H W'")
    if y.ndim != len(axes.split()) or y.shape[-3] != 3:
        raise ValueError(f"a result of shape {tuple(y.shape)}: expected {axes} with C = 3")
    if axes == "C H W":
        return rearrange(y, "c h w -> h w c").clip(-1, 1).numpy()
    if len(y) == 0 or len(y) % 3:
        raise ValueError(f"a clip of {len(y)} frames: expected 3 for each row")
    return rearrange(y, "(r k) c h w -> (r h) (k w) c", k=3).clip(-1, 1).numpy()


def _resized(clip: Float[Tensor, "3 t h w"], size: tuple[int, int]) -> Float[Tensor, "3 t _ _"]:
    frames = rearrange(clip, "c t h w -> t c h w")
    resized = interpolate(frames, size, mode="bilinear", antialias=True).clip(-1, 1)
    return rearrange(resized, "t c h w -> c t h w")


MISTAKES = (
    Mistake(
        "Reshaped instead of permuted",
        "This photograph, unchanged.",
        "Fine stripes in loud colors. Nine pieces of the picture lie over each other as ghosts, "
        "three in each color.",
        "photo.reshape(3, *photo.shape[:2])",
        "photo.permute(2, 0, 1)",
        "torch.equal(y[:, 0, -1], photo[0, -1])",
    ),
    Mistake(
        "Height and width traded",
        "This photograph, unchanged.",
        "The picture lies on its side, mirrored about its diagonal.",
        "photo.permute(2, 1, 0)",
        "photo.permute(2, 0, 1)",
        "torch.equal(y[:, 0, -1], photo[0, -1])",
    ),
    Mistake(
        "Blue read as red",
        "This photograph, unchanged.",
        "The drawing is right and the colors are not: orange fur is blue.",
        "photo[..., [2, 1, 0]].permute(2, 0, 1)",
        "photo.permute(2, 0, 1)",
        "torch.equal(y[0], photo[..., 0])",
    ),
    Mistake(
        "Width given before height",
        "This frame, unchanged.",
        "Slanted stripes: each row begins where the one above was cut off.",
        "frame.reshape(width, height, 3).permute(2, 0, 1)",
        "frame.reshape(height, width, 3).permute(2, 0, 1)",
        "y.shape[-2:] == (height, width)",
    ),
    Mistake(
        "Frames taken for channels",
        "The first frame of a clip.",
        "A gray picture with colored edges wherever something moved.",
        "short[0]",
        "short[:, 0]",
        "torch.equal(y[1], short[1, 0])",
    ),
    Mistake(
        "Frames folded by reshape alone",
        "Three frames of a clip, in their order.",
        "Three gray pictures with colored edges, and nothing moves from one to the next.",
        "clip.reshape(-1, 3, *clip.shape[3:])",
        'rearrange(clip, "b c t h w -> (b t) c h w")',
        "torch.equal(y[1], clip[0, :, 1])",
        "T C H W",
    ),
    Mistake(
        "Frames unfolded with time outside",
        "The first of two clips.",
        "Half way the clip becomes another one, and both skip frames.",
        'rearrange(folded, "(t b) c h w -> b t c h w", b=2)[0]',
        'rearrange(folded, "(b t) c h w -> b t c h w", b=2)[0]',
        "torch.equal(y[1], folded[1])",
        "T C H W",
    ),
    Mistake(
        "Broadcast over the wrong axis",
        "Darker toward the top.",
        "What should grow dark toward the top grows dark toward the left.",
        "(batch[0] + 1) * ramp - 1",
        "(batch[0] + 1) * ramp[:, None] - 1",
        "(y[:, 0] == -1).all()",
    ),
    Mistake(
        "Mean over the batch, not over space",
        "Each picture minus its own mean color; this is the first.",
        "Other pictures shine through, as in a negative.",
        "(batch - batch.mean(0))[0]",
        "(batch - batch.mean((2, 3), keepdim=True))[0]",
        "y.mean((1, 2)).abs().max() < 1e-5",
    ),
    Mistake(
        "Two parts of one axis traded",
        "Each pixel, which has twelve numbers, unpacked into 2 × 2.",
        "Four small copies, two by two, in full color.",
        'rearrange(cells, "(c p q) h w -> c (p h) (q w)", p=2, q=2)',
        'rearrange(cells, "(c p q) h w -> c (h p) (w q)", p=2, q=2)',
        "torch.equal(y[0, 0, 1::2], cells[1, 0])",
    ),
)
