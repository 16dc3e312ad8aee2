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

    `sees` says what the wrong result looks like, and `proof` is an expression that is true of the
    right `y` and false of the wrong one. `axes` are those of `y`.
    """

    name: str
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
    """Photographs and a film in the layouts of files and models, values in [-1, 1].

    `photo` and `frame` are heights and widths of a photograph and of a frame, `frames` counts
    those of the short clip; the long one has twice as many. Raises ValueError when a photograph
    would be larger than SIDE, or a clip longer than the film.
    """
    if max(photo) > SIDE:
        raise ValueError(f"a photograph of {photo[0]} × {photo[1]}: expected at most {SIDE} a side")
    pictures = torch.from_numpy(np.stack([photographs.load(name, SIDE) for name in NAMES]))
    pictures = pictures[:, : photo[0], : photo[1]]
    small = (frame[0] * 3 // 5, frame[1] * 3 // 5)
    clip = _resized(film.load(8 * frames)[0, :, ::4], small)
    pan = torch.from_numpy(photographs.load("coast", 256)).permute(2, 0, 1)
    room = (256 - 160) // (2 * frames)
    moved = torch.stack(
        [pan[:, 60:150, room * at : room * at + 160] for at in range(2 * frames)], dim=1
    )
    return {
        "photo": pictures[0],
        "batch": rearrange(pictures, "b h w c -> b c h w"),
        "ramp": torch.linspace(0, 1, photo[0]),
        "cells": rearrange(pictures[0], "(h p) (w q) c -> (c p q) h w", p=2, q=2),
        "frame": rearrange(_resized(film.load(1)[0], frame), "c 1 h w -> h w c"),
        "height": frame[0],
        "width": frame[1],
        "short": _resized(film.load(4 * frames)[0, :, ::4], frame),
        "clip": clip[None],
        "folded": rearrange(
            torch.stack([clip, _resized(moved, small)]), "b c t h w -> (b t) c h w"
        ),
    }


def picture(y: Float[Tensor, "..."], axes: str) -> Float[np.ndarray, "h w 3"]:
    """A result as a reader sees it: a picture, or the frames of a clip in rows of three."""
    pattern = "c h w -> h w c" if axes == "C H W" else "(r k) c h w -> (r h) (k w) c"
    sizes = {} if axes == "C H W" else {"k": 3}
    return rearrange(y, pattern, **sizes).clip(-1, 1).numpy()


def _resized(clip: Float[Tensor, "3 t h w"], size: tuple[int, int]) -> Float[Tensor, "3 t _ _"]:
    frames = rearrange(clip, "c t h w -> t c h w")
    resized = interpolate(frames, size, mode="bilinear", antialias=True).clip(-1, 1)
    return rearrange(resized, "t c h w -> c t h w")


MISTAKES = (
    Mistake(
        "Reshaped instead of permuted",
        "Fine stripes in loud colors. Of the picture only ghosts are left, three over each other.",
        "photo.reshape(3, *photo.shape[:2])",
        "photo.permute(2, 0, 1)",
        "torch.equal(y[:, 0, -1], photo[0, -1])",
    ),
    Mistake(
        "Height and width traded",
        "The picture lies on its side, mirrored about its diagonal.",
        "photo.permute(2, 1, 0)",
        "photo.permute(2, 0, 1)",
        "torch.equal(y[:, 0, -1], photo[0, -1])",
    ),
    Mistake(
        "Blue read as red",
        "The drawing is right and the colors are not: orange fur is blue.",
        "photo[..., [2, 1, 0]].permute(2, 0, 1)",
        "photo.permute(2, 0, 1)",
        "torch.equal(y[0], photo[..., 0])",
    ),
    Mistake(
        "Width given before height",
        "Slanted stripes: each row begins where the one above was cut off.",
        "frame.reshape(width, height, 3).permute(2, 0, 1)",
        "frame.reshape(height, width, 3).permute(2, 0, 1)",
        "y.shape[-2:] == (height, width)",
    ),
    Mistake(
        "Frames taken for channels",
        "A gray picture with colored edges wherever something moved.",
        "short[0]",
        "short[:, 0]",
        "torch.equal(y[1], short[1, 0])",
    ),
    Mistake(
        "Frames folded by reshape alone",
        "In gray with colored edges, and what moved is back at its beginning twice.",
        "clip.reshape(-1, 3, *clip.shape[3:])",
        'rearrange(clip, "b c t h w -> (b t) c h w")',
        "torch.equal(y[1], clip[0, :, 1])",
        "T C H W",
    ),
    Mistake(
        "Frames unfolded with time outside",
        "Half way the clip becomes another clip, and both skip frames.",
        'rearrange(folded, "(t b) c h w -> b t c h w", b=2)[0]',
        'rearrange(folded, "(b t) c h w -> b t c h w", b=2)[0]',
        "torch.equal(y[1], folded[1])",
        "T C H W",
    ),
    Mistake(
        "Broadcast over the wrong axis",
        "What should grow dark toward the top grows dark toward the left.",
        "(batch[0] + 1) * ramp - 1",
        "(batch[0] + 1) * ramp[:, None] - 1",
        "(y[:, 0] == -1).all()",
    ),
    Mistake(
        "Mean over the batch, not over space",
        "Other pictures shine through, as in a negative.",
        "(batch - batch.mean(0))[0]",
        "(batch - batch.mean((2, 3), keepdim=True))[0]",
        "y.mean((1, 2)).abs().max() < 1e-5",
    ),
    Mistake(
        "Two parts of one axis traded",
        "Four small copies, two by two, in full color.",
        'rearrange(cells, "(c p q) h w -> c (p h) (q w)", p=2, q=2)',
        'rearrange(cells, "(c p q) h w -> c (h p) (w q)", p=2, q=2)',
        "torch.equal(y[0, 0, 1::2], cells[1, 0])",
    ),
)
