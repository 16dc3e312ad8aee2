"""A thousand small pictures of clothes that no shipped model was trained on.

Example:
    >>> from latentlab import clothes
    >>> tuple(clothes.load(3).shape)
    (3, 1, 32, 32)
"""

import io
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float, Int, UInt8
from PIL import Image
from torch import Tensor
from torch.nn import functional

from latentlab import intact

FOLDER = Path(__file__).parent / "data" / "clothes"
SHA256 = {
    "clothes.png": "f3881af99a00ed391cdc4466e19ee4d94e54fdc20bf403da00934bb448edff8c",
    "classes.npy": "68a2b8420ad32643aeeeec4318005f8764c1eb72c3dedb0f2d590b571e3cf374",
}
ROWS, COLUMNS = 25, 40  # of pictures on the sheet
STORED = 28  # pixels a side, as Fashion-MNIST has them
SIDE = 32  # with a black border, so that a side halves five times
COUNT = ROWS * COLUMNS
NAMES = (
    "T-shirt",
    "trousers",
    "pullover",
    "dress",
    "coat",
    "sandal",
    "shirt",
    "sneaker",
    "bag",
    "ankle boot",
)
CREDIT = "Clothes: Fashion-MNIST, Zalando SE. License: MIT."


def padded(pictures: UInt8[np.ndarray, "n 28 28"]) -> Float[Tensor, "n 1 32 32"]:
    """Pictures of bytes as values in [-1, 1], with a black border of two pixels."""
    values = torch.tensor(pictures)[:, None].float() / 127.5 - 1
    return functional.pad(values, ((SIDE - STORED) // 2,) * 4, value=-1.0)


def load(count: int = COUNT) -> Float[Tensor, "n 1 32 32"]:
    """The first `count` pictures, B C H W, values in [-1, 1] where -1 is black.

    Raises ValueError when `count` is not in 1..1000, and OSError when the file is missing or
    damaged.
    """
    with Image.open(_content("clothes.png", count)) as sheet:
        tiles = np.asarray(sheet).reshape(ROWS, STORED, COLUMNS, STORED)
    return padded(tiles.transpose(0, 2, 1, 3).reshape(COUNT, STORED, STORED)[:count])


def classes(count: int = COUNT) -> Int[Tensor, " n"]:
    """What the first `count` pictures show, as places in `NAMES`. Raises as `load` does."""
    return torch.from_numpy(np.load(_content("classes.npy", count))[:count].astype(np.int64))


def _content(name: str, count: int) -> io.BytesIO:
    """An intact file of the folder, once the count is known to be possible."""
    if not 1 <= count <= COUNT:
        raise ValueError(f"count must be in 1..{COUNT}, got {count}")
    return io.BytesIO(intact.read(FOLDER / name, SHA256[name]))


def shifted(pictures: Float[Tensor, "n c h w"], right: int) -> Float[Tensor, "n c h w"]:
    """The pictures moved to the right by some pixels; what enters is black, what leaves is lost.

    Raises ValueError when `right` is not in 0..width.
    """
    width = pictures.shape[3]
    if not 0 <= right <= width:
        raise ValueError(f"right must be in 0..{width}, got {right}")
    return functional.pad(pictures[..., : width - right], (right, 0), value=-1.0)
