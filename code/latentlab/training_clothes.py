"""The clothes that the small VAEs are trained on: Fashion-MNIST, fetched by package name.

    python -m latentlab.training_clothes _build/training/clothes

It needs apt-get and dpkg-deb, and a Debian or Ubuntu registry that they are set up for. The folder
then holds

- `training.npy`: 58,000 pictures of the training split, to train on;
- `validation.npy`: its last 2,000, to choose between variants;
- `held_out.npy`: the 10,000 of the test split, for the report alone;
- the same with `_classes`: the class of each picture, 0 to 9;
- `sources.toml`: package, files, author and license.

`--shipped FOLDER` also writes what the course ships: the first 1,000 pictures of the test split,
and their classes.
"""

import argparse
import gzip
import math
import sys
import tempfile
from pathlib import Path

import numpy as np
from jaxtyping import UInt8
from PIL import Image

from latentlab.clothes import COLUMNS, ROWS, STORED
from latentlab.training_photographs import fetch

PACKAGE = "debian:dataset-fashion-mnist"
FOLDER = "usr/share/datasets/fashion-mnist"
FILES = {"training": "train", "held_out": "t10k"}
# What a file holds, by what its array is called: the middle of its name, and the shape of an item.
KINDS: dict[str, tuple[str, tuple[int, ...]]] = {
    "": ("images-idx3", (STORED, STORED)),
    "_classes": ("labels-idx1", ()),
}
VALIDATION = 2_000  # pictures, the last ones of the training split
MAGIC = 0x800  # IDX: unsigned bytes; how many dimensions they have is added to it

Pictures = UInt8[np.ndarray, "n 28 28"]


def read_idx(path: Path, *item: int) -> UInt8[np.ndarray, "..."]:
    """The bytes of a compressed IDX file of items of this shape, n items: 28, 28 for pictures.

    Raises ValueError when the file holds anything else.
    """
    try:
        content = gzip.decompress(path.read_bytes())
    except (EOFError, gzip.BadGzipFile) as error:
        raise ValueError(f"{path} is damaged: {error}") from error
    count = int.from_bytes(content[4:8], "big")
    words = (MAGIC + 1 + len(item), count, *item)
    head = b"".join(word.to_bytes(4, "big") for word in words)
    if content[: len(head)] != head:
        kind = " × ".join(map(str, item)) or "single"
        raise ValueError(f"{path} is no IDX file of {kind} bytes")
    if len(content) != len(head) + count * math.prod(item):
        raise ValueError(f"{path} should hold {count} items, but ends elsewhere")
    return np.frombuffer(content, np.uint8, offset=len(head)).reshape(count, *item)


def sheet(pictures: Pictures) -> Image.Image:
    """The first pictures side by side, row by row, without loss."""
    rows = pictures[: ROWS * COLUMNS].reshape(ROWS, COLUMNS, STORED, STORED)
    return Image.fromarray(rows.transpose(0, 2, 1, 3).reshape(ROWS * STORED, COLUMNS * STORED))


def ship(data: Path, folder: Path) -> None:
    """Write the pictures that the course ships, and what they show."""
    sheet(np.load(data / "held_out.npy")).save(folder / "clothes.png", optimize=True)
    np.save(folder / "classes.npy", np.load(data / "held_out_classes.npy")[: ROWS * COLUMNS])


def build(folder: Path) -> None:
    """Fetch the package and write its arrays and where they come from."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary:
        unpacked = fetch(PACKAGE, Path(temporary)) / FOLDER
        for ending, (kind, item) in KINDS.items():
            parts = {
                part: read_idx(unpacked / f"{file}-{kind}-ubyte.gz", *item)
                for part, file in FILES.items()
            }
            training = parts.pop("training")
            parts |= {"training": training[:-VALIDATION], "validation": training[-VALIDATION:]}
            for part, array in parts.items():
                np.save(folder / f"{part}{ending}.npy", array)
    lines = [
        "# Fashion-MNIST, https://github.com/zalandoresearch/fashion-mnist",
        f'package = "{PACKAGE}"',
        'author = "Zalando SE, 2017"',
        'license = "MIT"',
        *(f'{part} = "{FOLDER}/{file}-*-ubyte.gz"' for part, file in FILES.items()),
    ]
    (folder / "sources.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(
        description="Fetch the clothes that the small VAEs are trained on, with their license."
    )
    parser.add_argument("folder", type=Path, help="where to write them")
    parser.add_argument(
        "--shipped", type=Path, help="also write the pictures that the course ships"
    )
    given = parser.parse_args()
    try:
        build(given.folder)
    except (RuntimeError, ValueError) as error:
        sys.exit(str(error))
    for part in ("training", "validation", "held_out"):
        print(f"{len(np.load(given.folder / f'{part}.npy')):,} pictures in {part}.npy")
    if given.shipped:
        ship(given.folder, given.shipped)


if __name__ == "__main__":
    main()
