"""Two seconds of a film that no model of the course was trained on.

Example:
    >>> from latentlab import film
    >>> tuple(film.load(8).shape)
    (1, 3, 8, 144, 256)
"""

import io
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from PIL import Image, ImageSequence
from torch import Tensor

from latentlab import intact

FILE = Path(__file__).parent / "data" / "film" / "bunny.webp"
SHA256 = "200e3a7d054304330b87ed246bed6c6fa9e8fd9162cb6ad88a763693507a0191"
FRAMES, HEIGHT, WIDTH = 48, 144, 256
RATE = 25  # frames a second
CREDIT = "Big Buck Bunny, © 2008 Blender Foundation, bigbuckbunny.org. License: CC BY 3.0."
ALT = (
    "A big gray rabbit in front of its burrow, between green grass and trees, stretches its "
    "arms and looks up; the camera hardly moves."
)


def load(frames: int = FRAMES, first: int = 0) -> Float[Tensor, "1 3 frames 144 256"]:
    """Successive frames, B C T H W, values in [-1, 1].

    Raises ValueError when the film has not these frames, and OSError when the file is missing or
    damaged.
    """
    if not (0 <= first < FRAMES and 1 <= frames <= FRAMES - first):
        raise ValueError(f"frames {first} to {first + frames - 1}: the film has 0 to {FRAMES - 1}")
    with Image.open(io.BytesIO(intact.read(FILE, SHA256))) as stored:
        shown = [np.asarray(frame.convert("RGB")) for frame in ImageSequence.Iterator(stored)]
    video = torch.from_numpy(np.stack(shown[first : first + frames]))
    return video.permute(3, 0, 1, 2)[None].float() / 127.5 - 1
