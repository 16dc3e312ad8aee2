"""Two hundred small pictures of clothes that the small VAEs of the course were not trained on.

Example:
    >>> from latentlab import clothes
    >>> tuple(clothes.load(3).shape)
    (3, 1, 32, 32)
"""

import hashlib
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float, UInt8
from PIL import Image
from torch import Tensor
from torch.nn import functional

FOLDER = Path(__file__).parent / "data" / "clothes"
SHA256 = "476218aff3b3c3e0871d4049073f3bdc07b24a79c46560640d3896fd586c6725"
ROWS, COLUMNS = 10, 20  # of pictures on the sheet
STORED = 28  # pixels a side, as Fashion-MNIST has them
SIDE = 32  # with a black border, so that a side halves five times
COUNT = ROWS * COLUMNS
CREDIT = "Clothes: Fashion-MNIST, Zalando SE. License: MIT."


def padded(pictures: UInt8[np.ndarray, "n 28 28"]) -> Float[Tensor, "n 1 32 32"]:
    """Pictures of bytes as values in [-1, 1], with a black border of two pixels."""
    values = torch.tensor(pictures)[:, None].float() / 127.5 - 1
    return functional.pad(values, ((SIDE - STORED) // 2,) * 4, value=-1.0)


def load(count: int = COUNT) -> Float[Tensor, "n 1 32 32"]:
    """The first `count` pictures, B C H W, values in [-1, 1] where -1 is black.

    Raises ValueError when `count` is not in 1..200, and OSError when the file is missing or
    damaged.
    """
    if not 1 <= count <= COUNT:
        raise ValueError(f"count must be in 1..{COUNT}, got {count}")
    path = FOLDER / "clothes.png"
    content = path.read_bytes()
    found = hashlib.sha256(content).hexdigest()
    if found != SHA256:
        raise OSError(
            f"{path} is damaged: its SHA-256 hash should be {SHA256} but is {found}; "
            "restore the file from the course's repository."
        )
    with Image.open(path) as sheet:
        tiles = np.asarray(sheet).reshape(ROWS, STORED, COLUMNS, STORED)
    return padded(tiles.transpose(0, 2, 1, 3).reshape(COUNT, STORED, STORED)[:count])


def shifted(pictures: Float[Tensor, "n c h w"], right: int) -> Float[Tensor, "n c h w"]:
    """The pictures moved to the right by some pixels; what enters is black, what leaves is lost.

    Raises ValueError when `right` is not in 0..width.
    """
    width = pictures.shape[3]
    if not 0 <= right <= width:
        raise ValueError(f"right must be in 0..{width}, got {right}")
    return functional.pad(pictures[..., : width - right], (right, 0), value=-1.0)
