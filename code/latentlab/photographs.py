"""The photographs of the course: load one as an array, or read its credit.

Example:
    >>> from latentlab import photographs
    >>> photographs.load("cat", size=64).shape
    (64, 64, 3)
    >>> print(photographs.credit("cat"))
    Chelsea the cat. Photograph: Stefan van der Walt. License: CC0-1.0.
"""

import difflib
import functools
import io
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float32
from PIL import Image

from latentlab import intact

FOLDER = Path(__file__).parent / "data" / "photographs"
SMALLEST = 8

SquareImage = Float32[np.ndarray, "size size 3"]


@dataclass(frozen=True)
class Photograph:
    """What to say about a photograph wherever it is shown.

    Attributes:
        title: A short name of the subject.
        author: The photographer, as the source states it.
        license: An SPDX identifier, or "public domain" with the reason.
        source: The project, version and file that the photograph was taken from.
        alt: One or two sentences for a reader who cannot see the photograph.
    """

    title: str
    author: str
    license: str
    source: str
    alt: str

    def __str__(self) -> str:
        """Return a credit line: title, author and license."""
        return f"{self.title}. Photograph: {self.author}. License: {self.license}."


def names() -> tuple[str, ...]:
    """Return the names of all photographs, in alphabetical order."""
    return tuple(sorted(_entries()))


def load(name: str, size: int = 256) -> SquareImage:
    """Return a photograph as a new array.

    The picture is read from the files of the course and resized with Pillow's Lanczos filter.

    Args:
        name: One of `names()`.
        size: Height and width in pixels, from 8 up to the size that is stored.

    Returns:
        A float32 array of shape (size, size, 3) with axes height, width, color (red, green,
        blue) and values in [-1, 1], where -1 is black and 1 is full intensity in sRGB.

    Raises:
        ValueError: There is no photograph of this name, or the size is out of range.
        TypeError: The size is not an int.
        OSError: The file is missing or damaged.
    """
    entry = _entry(name)
    _check_size(name, size, stored=entry["size"])
    with Image.open(io.BytesIO(intact.read(FOLDER / f"{name}.webp", entry["sha256"]))) as stored:
        picture = stored.convert("RGB").resize((size, size), Image.Resampling.LANCZOS)
    return np.asarray(picture, dtype=np.float32) / 127.5 - 1


def credit(name: str) -> Photograph:
    """Return the title, author, license, source and alt text of a photograph.

    Args:
        name: One of `names()`.

    Raises:
        ValueError: There is no photograph of this name.
    """
    entry = _entry(name)
    return Photograph(
        title=entry["title"],
        author=entry["author"],
        license=entry["license"],
        source=entry["source"],
        alt=entry["alt"],
    )


@functools.cache
def _entries() -> dict[str, dict[str, Any]]:
    return tomllib.loads((FOLDER / "photographs.toml").read_text(encoding="utf-8"))


def _entry(name: str) -> dict[str, Any]:
    if name in _entries():
        return _entries()[name]
    (nearest,) = difflib.get_close_matches(name, names(), n=1, cutoff=0)
    raise ValueError(
        f"There is no photograph named {name!r}; the nearest name is {nearest!r}, "
        f"out of {', '.join(names())}."
    )


def _check_size(name: str, size: int, stored: int) -> None:
    if isinstance(size, bool) or not isinstance(size, int):
        raise TypeError(f"size must be an int, a number of pixels, but it is {size!r}.")
    if not SMALLEST <= size <= stored:
        nearest = min(max(size, SMALLEST), stored)
        raise ValueError(
            f"size={size} is out of range: {name!r} is stored at {stored} × {stored} pixels and "
            f"can be loaded at {SMALLEST} to {stored}; the nearest size is {nearest}."
        )
