"""The clothes that the small VAEs are trained on: Fashion-MNIST, fetched by package name.

    python -m latentlab.training_clothes _build/training/clothes

It needs apt-get and dpkg-deb, and a Debian or Ubuntu registry that they are set up for. The folder
then holds

- `training.npy`: 58,000 pictures of the training split, to train on;
- `validation.npy`: its last 2,000, to choose between variants;
- `held_out.npy`: the 10,000 of the test split, for the report alone;
- `sources.toml`: package, files, author and license.

`--sheet FILE` also writes the pictures that the course ships, the first 200 of the test split.
"""

import argparse
import gzip
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
FILES = {"training": "train-images-idx3-ubyte.gz", "held_out": "t10k-images-idx3-ubyte.gz"}
VALIDATION = 2_000  # pictures, the last ones of the training split
MAGIC = (0x803).to_bytes(4, "big")  # IDX: unsigned bytes in three dimensions

Pictures = UInt8[np.ndarray, "n 28 28"]


def read_idx(path: Path) -> Pictures:
    """The pictures of a compressed IDX file.

    Raises ValueError when it is no IDX file of bytes in three dimensions, 28 x 28 each.
    """
    try:
        content = gzip.decompress(path.read_bytes())
    except (EOFError, gzip.BadGzipFile) as error:
        raise ValueError(f"{path} is damaged: {error}") from error
    count, height, width = (int.from_bytes(content[i : i + 4], "big") for i in (4, 8, 12))
    if content[:4] != MAGIC or (height, width) != (STORED, STORED):
        raise ValueError(f"{path} is no IDX file of pictures of {STORED} × {STORED} bytes")
    if len(content) != 16 + count * height * width:
        raise ValueError(f"{path} should hold {count} pictures, but ends elsewhere")
    return np.frombuffer(content, np.uint8, offset=16).reshape(count, height, width)


def sheet(pictures: Pictures) -> Image.Image:
    """The first pictures side by side, row by row, without loss."""
    rows = pictures[: ROWS * COLUMNS].reshape(ROWS, COLUMNS, STORED, STORED)
    return Image.fromarray(rows.transpose(0, 2, 1, 3).reshape(ROWS * STORED, COLUMNS * STORED))


def build(folder: Path) -> None:
    """Fetch the package and write the three arrays and where they come from."""
    with tempfile.TemporaryDirectory() as temporary:
        unpacked = fetch(PACKAGE, Path(temporary)) / FOLDER
        training, held_out = (read_idx(unpacked / FILES[part]) for part in ("training", "held_out"))
    folder.mkdir(parents=True, exist_ok=True)
    np.save(folder / "training.npy", training[:-VALIDATION])
    np.save(folder / "validation.npy", training[-VALIDATION:])
    np.save(folder / "held_out.npy", held_out)
    lines = [
        "# Fashion-MNIST, https://github.com/zalandoresearch/fashion-mnist",
        f'package = "{PACKAGE}"',
        'author = "Zalando SE, 2017"',
        'license = "MIT"',
        *(f'{part} = "{FOLDER}/{file}"' for part, file in FILES.items()),
    ]
    (folder / "sources.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(
        description="Fetch the clothes that the small VAEs are trained on, with their license."
    )
    parser.add_argument("folder", type=Path, help="where to write them")
    parser.add_argument("--sheet", type=Path, help="also write the pictures that the course ships")
    given = parser.parse_args()
    try:
        build(given.folder)
    except (RuntimeError, ValueError) as error:
        sys.exit(str(error))
    for part in ("training", "validation", "held_out"):
        print(f"{len(np.load(given.folder / f'{part}.npy')):,} pictures in {part}.npy")
    if given.sheet:
        sheet(np.load(given.folder / "held_out.npy")).save(given.sheet, optimize=True)


if __name__ == "__main__":
    main()
